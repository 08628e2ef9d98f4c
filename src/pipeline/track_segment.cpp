#include "pipeline/track_segment.h"

#include <time.h>

#include <algorithm>
#include <stdexcept>

#include "pipeline/track_links.h"

namespace reelswap {
namespace {

constexpr size_t kOfLate = 24;         // frames
constexpr float kFoundForSure = 0.3f;  // detector's score that a search of the whole, shrunk picture reaches, too

double ThreadSeconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

}  // namespace

SegmentFollowing::SegmentFollowing(std::unique_ptr<TrackFollower> follower, int64_t number, int64_t first_frame,
                                   int64_t lead_frames)
    : follower_(std::move(follower)), first_frame_(first_frame), lead_frames_(lead_frames) {
  segment_.number = number;
}

void SegmentFollowing::Push(const Frame& frame) {
  const double start = ThreadSeconds();
  waiting_.push_back({frame, frame.Luma8()});
  recent_.push_back(waiting_.back());
  if (recent_.size() > static_cast<size_t>(kLeadFrames) + 1) recent_.pop_front();
  ++pushed_;
  std::vector<FrameFaces> done = follower_->Push(waiting_.back().luma);
  follow_seconds_ += ThreadSeconds() - start;
  Take(std::move(done));
}

void SegmentFollowing::Take(std::vector<FrameFaces> done) {
  const double start = ThreadSeconds();
  for (FrameFaces& faces : done) {
    if (faces.number != taken_ || waiting_.empty()) throw std::logic_error("the follower returned frames out of order");
    const Frame frame = std::move(waiting_.front().frame);
    waiting_.pop_front();
    AnalysedFrame analysed;
    analysed.number = first_frame_ - lead_frames_ + taken_;
    analysed.index = frame.index();
    analysed.pts = frame.pts();
    analysed.cut = faces.cut && analysed.number > 0;
    const bool is_lead = taken_++ < lead_frames_;
    analysed.faces = std::move(faces.faces);
    if (!is_lead) {
      for (const TrackedFace& face : analysed.faces) samples_.Consider(frame, analysed.number, face);
    }
    (is_lead ? segment_.lead : segment_.frames).push_back(std::move(analysed));
  }
  sample_seconds_ += ThreadSeconds() - start;
}

bool SegmentFollowing::IsGoodPlaceToEnd() const {
  const auto& frames = segment_.frames;
  if (frames.empty()) return true;
  const size_t first = frames.size() - std::min(frames.size(), kOfLate);
  return std::all_of(frames.back().faces.begin(), frames.back().faces.end(), [&](const TrackedFace& now) {
    return std::any_of(frames.begin() + static_cast<std::ptrdiff_t>(first), frames.end(), [&](const AnalysedFrame& frame) {
      return std::any_of(frame.faces.begin(), frame.faces.end(), [&](const TrackedFace& face) {
        return face.track == now.track && face.face.score >= kFoundForSure;
      });
    });
  });
}

AnalysisSegment SegmentFollowing::Finish() {
  const double start = ThreadSeconds();
  std::vector<FrameFaces> done = follower_->Finish();
  segment_.tally = follower_->tally();
  follow_seconds_ += ThreadSeconds() - start;
  Take(std::move(done));
  if (!waiting_.empty()) throw std::logic_error("the follower kept frames to itself");
  const double finish = ThreadSeconds();
  segment_.samples = samples_.Finish();
  sample_seconds_ += ThreadSeconds() - finish;
  return std::move(segment_);
}

}  // namespace reelswap
