#include "pipeline/track_follower.h"

namespace reelswap {
namespace {

class FaceFollower final : public TrackFollower {
 public:
  explicit FaceFollower(const MultiTrackerOptions& options) : tracker_(options) {}
  std::vector<FrameFaces> Push(const cv::Mat& luma) override { return tracker_.Push(luma); }
  std::vector<FrameFaces> Finish() override { return tracker_.Finish(); }
  MultiTrackerTally tally() const override { return tracker_.tally(); }

 private:
  MultiFaceTracker tracker_;
};

}  // namespace

VideoAnalysis AnalyseVideo(const AnalysisOptions& options, ProgressSink& progress, std::stop_token stop) {
  MultiTrackerOptions tracker;
  tracker.detector = options.detector;
  return AnalyseVideoWith([&] { return std::make_unique<FaceFollower>(tracker); }, options, progress, stop);
}

}  // namespace reelswap
