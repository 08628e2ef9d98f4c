#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

#include "pipeline/swap_plan.h"

namespace reelswap {
namespace {

constexpr double kBinDegrees = 8;  // poses nearer than that are no news

/// Every few frames of the plan.
struct Glance {
  int64_t number = 0;
  double seconds = 0;
  bool has_face = false;
  std::set<std::pair<int, int>> poses;  // bins of the visible faces
};

std::vector<Glance> LookThrough(const SwapPlan& plan, const VideoInfo& info) {
  const auto step = std::max<int64_t>(1, std::lround(FramesPerSecond(plan, info) / 6));
  std::vector<Glance> glances;
  for (int64_t n = 0; n < plan.frames(); n += step) {
    const PlannedFrame frame = plan.At(n);
    Glance glance{n, static_cast<double>(frame.pts) * info.time_base.ToDouble(), false, {}};
    for (const PlannedFace& face : frame.faces) {
      if (face.opacity < 0.5f) continue;
      glance.has_face = true;
      glance.poses.emplace(std::lround(face.pose.yaw / kBinDegrees), std::lround(face.pose.pitch / kBinDegrees));
    }
    glances.push_back(std::move(glance));
  }
  return glances;
}

/// Poses seen, less what frames without a face take away: a stretch half empty is worth a quarter.
double Worth(const std::vector<Glance>& glances, size_t first, size_t end) {
  std::set<std::pair<int, int>> poses;
  double with_face = 0;
  for (size_t i = first; i < end; ++i) {
    poses.insert(glances[i].poses.begin(), glances[i].poses.end());
    with_face += glances[i].has_face;
  }
  const double share = with_face / static_cast<double>(end - first);
  return static_cast<double>(poses.size()) * share * share;
}

}  // namespace

std::pair<int64_t, int64_t> MostTellingStretch(const SwapPlan& plan, const VideoInfo& info, double seconds) {
  if (!(seconds > 0)) throw std::invalid_argument("a stretch needs a length above 0 s");
  const std::vector<Glance> glances = LookThrough(plan, info);
  if (glances.empty()) return {0, 0};
  double best = -1;
  size_t best_first = 0, best_end = glances.size(), end = 0;
  for (size_t first = 0; first < glances.size(); ++first) {
    while (end < glances.size() && glances[end].seconds - glances[first].seconds < seconds - 1e-6) ++end;
    const double worth = Worth(glances, first, end);
    if (worth > best) best = worth, best_first = first, best_end = end;
    if (end == glances.size()) break;  // what follows is shorter
  }
  // The end to the frame: glances are some frames apart.
  int64_t last = glances[best_first].number;
  const int64_t limit = best_end < glances.size() ? glances[best_end].number : plan.frames();
  if (best_end < glances.size()) {
    const double start = glances[best_first].seconds;
    for (last = glances[best_end - 1].number + 1; last < limit; ++last) {
      if (static_cast<double>(plan.At(last).pts) * info.time_base.ToDouble() - start >= seconds - 1e-6) break;
    }
  } else {
    last = plan.frames();
  }
  return {glances[best_first].number, last};
}

}  // namespace reelswap
