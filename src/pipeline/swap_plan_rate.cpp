#include "pipeline/swap_plan_rate.h"

#include "pipeline/swap_plan.h"

namespace reelswap {
namespace {

constexpr double kUsual = 25;
constexpr double kAbsurd = 1000;  // containers declare ticks of their clock, 90000 say, where they do not know

bool IsSane(double rate) { return rate > 0 && rate < kAbsurd; }

}  // namespace

double FramesPerSecond(int64_t frames, int64_t first_pts, int64_t last_pts, const VideoInfo& info) {
  const double seconds = static_cast<double>(last_pts - first_pts) * info.time_base.ToDouble();
  if (frames > 1 && seconds > 0) {
    const double rate = static_cast<double>(frames - 1) / seconds;
    if (IsSane(rate)) return rate;
  }
  const double declared = info.frame_rate.ToDouble();
  return IsSane(declared) ? declared : kUsual;
}

double FramesPerSecond(const SwapPlan& plan, const VideoInfo& info) {
  const int64_t frames = plan.frames();
  return frames < 2 ? FramesPerSecond(frames, 0, 0, info)
                    : FramesPerSecond(frames, plan.At(0).pts, plan.At(frames - 1).pts, info);
}

}  // namespace reelswap
