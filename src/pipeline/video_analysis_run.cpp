#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <regex>
#include <stdexcept>

#include "core/error.h"
#include "pipeline/frame_ahead.h"
#include "pipeline/stage_clock.h"
#include "pipeline/track_follower.h"
#include "pipeline/track_links.h"
#include "pipeline/track_segment.h"
#include "pipeline/video_analysis_file.h"
#include "pipeline/video_analysis_times.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

constexpr const char* kDecodeStage = "analysis decode";

// Decoded ahead of the follower: a dozen frames of 1080p, enough for a search of the whole picture to pass.
constexpr int64_t kAheadBytes = 40 << 20;

void RequireUsable(const AnalysisOptions& options) {
  if (options.segment_frames < 1) throw std::invalid_argument("AnalysisOptions::segment_frames must be at least 1");
  if (options.range.every != 1 || options.range.fps) {
    throw std::invalid_argument("an analysis looks at every frame: ReadOptions::every and fps have no place there");
  }
  if (options.range.first_pts) throw std::invalid_argument("AnalysisOptions::range chooses its start by start_seconds");
  if (options.key.empty() || options.key.size() > 4096) throw std::invalid_argument("AnalysisOptions::key needs 1 to 4096 bytes");
}

class AnalysisRun {
 public:
  AnalysisRun(const MakeFollower& make_follower, const AnalysisOptions& options, ProgressSink& progress,
              std::stop_token stop)
      : make_follower_(make_follower), options_(options), progress_(progress), stop_(stop) {}

  void Run() {
    TakeUp();
    if (!previous_ || !previous_->last) Follow();
    previous_.reset();
    JoinSegments(options_.folder, options_.key, segments_);
  }

 private:
  /// Counts what an earlier run left and removes what does not fit.
  void TakeUp() {
    std::error_code ec;
    fs::create_directories(options_.folder, ec);
    if (ec) throw Error(ErrorKind::kDisk, fmt::format("cannot create {}: {}", options_.folder.string(), ec.message()));
    for (;; ++segments_) {
      auto segment = ReadSegment(options_.folder, options_.key, segments_);
      if (!segment || (!segment->last && segment->frames.empty())) break;
      frames_ += static_cast<int64_t>(segment->frames.size());
      segment->samples.clear();
      previous_ = std::move(segment);
      if (previous_->last) {
        ++segments_;
        break;
      }
    }
    if (segments_ > 0) earlier_seconds_ = ReadStageSeconds(options_.folder);
    RemoveOthers();
  }

  void RemoveOthers() const {
    static const std::regex kOurs(R"(faces_(index|\d+)(\.\d+-\d+\.part)?\.rsf|stage_seconds(\.\d+-\d+\.part)?\.txt)");
    std::error_code ec;
    std::vector<fs::path> others;
    for (const auto& entry : fs::directory_iterator(options_.folder, ec)) {
      std::error_code ignored;
      if (!entry.is_regular_file(ignored) || !std::regex_match(entry.path().filename().string(), kOurs)) continue;
      others.push_back(entry.path());
    }
    if (segments_ > 0) std::erase(others, options_.folder / "stage_seconds.txt");
    for (int64_t s = 0; s < segments_; ++s) std::erase(others, SegmentPath(options_.folder, s));
    for (const fs::path& path : others) fs::remove(path, ec);
  }

  void Follow() {
    ReadOptions range = options_.range;
    range.draft = true;
    int64_t lead = 0;  // frames that the reader yields before those that are new
    if (previous_) {
      lead = std::min<int64_t>(kLeadFrames, static_cast<int64_t>(previous_->frames.size()));
      const AnalysedFrame& first = previous_->frames[previous_->frames.size() - static_cast<size_t>(lead)];
      range.first_pts = first.pts;
      range.first_index = first.index;
      corrupt_before_ = previous_->decode.corrupt_packets;
    }
    VideoReader reader(options_.input, range);
    info_ = reader.info();
    const bool goes_on = previous_.has_value();
    previous_.reset();
    following_.emplace(make_follower_(), segments_, frames_, lead);
    process_start_ = StageClock::ProcessSeconds();  // the first follower of a process reads its weights
    int64_t corrupt_in_lead = 0;
    {
      FrameAhead ahead(reader, kAheadBytes, clock_);
      while (auto read = ahead.Next(stop_)) {
        if (stop_.stop_requested()) break;
        if (following_->frames() < 0) corrupt_in_lead = read->corrupt_packets;
        corrupt_ = corrupt_before_ + read->corrupt_packets - (goes_on ? corrupt_in_lead : 0);
        Push(read->frame);
      }
    }
    if (stop_.stop_requested()) {
      throw Error(ErrorKind::kCancelled,
                  fmt::format("interrupted while looking for faces; the next run goes on at frame {}", frames_));
    }
    DecodeReport decode = reader.report();
    decode.corrupt_packets += corrupt_before_ - (goes_on ? corrupt_in_lead : 0);
    if (decode.message.empty() && decode.corrupt_packets > 0) {
      decode.message = fmt::format("{} damaged packets were passed over", decode.corrupt_packets);
    }
    Commit(true, decode);
  }

  void Push(const Frame& frame) {
    following_->Push(frame);
    if (following_->frames() <= 0) return;  // the lead was counted with the segment before
    recent_.push_back(frame);
    const auto lead_frames = static_cast<size_t>(std::min(kLeadFrames, following_->frames()));
    if (recent_.size() > lead_frames) recent_.pop_front();
    Report();
    if (!SegmentEnds()) return;
    DecodeReport so_far;
    so_far.corrupt_packets = corrupt_;
    Commit(false, so_far);
    const std::deque<Frame> lead = std::move(recent_);
    recent_.clear();
    following_.emplace(make_follower_(), segments_, frames_, static_cast<int64_t>(lead.size()));
    for (const Frame& seen : lead) following_->Push(seen);
  }

  /// After so many frames, or up to twice as many while a face is there that a new follower might not find.
  bool SegmentEnds() const {
    if (following_->frames() < options_.segment_frames) return false;
    return following_->frames() >= 2 * options_.segment_frames || following_->IsGoodPlaceToEnd();
  }

  void Commit(bool last, DecodeReport decode) {
    AnalysisSegment segment = following_->Finish();
    clock_.Add("find face", following_->follow_seconds());
    clock_.Add("sample faces", following_->sample_seconds());
    following_.reset();
    const auto span = clock_.Measure("write analysis");
    frames_ += static_cast<int64_t>(segment.frames.size());
    segment.last = last;
    segment.info = info_;
    decode.frames_decoded = frames_;
    segment.decode = std::move(decode);
    WriteSegment(options_.folder, options_.key, segment);
    ++segments_;
    std::map<std::string, double> seconds = clock_.Seconds();
    // Threads of the decoder are not ours to clock: what the process used beyond the other stages is theirs.
    double others = 0;
    for (const auto& [stage, busy] : seconds) others += stage == kDecodeStage ? 0 : busy;
    double& decoding = seconds[kDecodeStage];
    decoding = std::max(decoding, StageClock::ProcessSeconds() - process_start_ - others);
    for (const auto& [stage, earlier] : earlier_seconds_) seconds[stage] += earlier;
    WriteStageSeconds(options_.folder, seconds);
  }

  void Report() const {
    const double end = std::min(options_.range.end_seconds.value_or(info_.duration_seconds), info_.duration_seconds);
    ProgressEvent event;
    event.stage = "find faces";
    event.item = options_.name;
    event.done = static_cast<double>(frames_ + following_->frames());
    event.total = std::max(0.0, (end - options_.range.start_seconds) * info_.frame_rate.ToDouble());
    event.unit = "frames";
    progress_.Report(event);
  }

  const MakeFollower& make_follower_;
  const AnalysisOptions& options_;
  ProgressSink& progress_;
  std::stop_token stop_;
  StageClock clock_;
  double process_start_ = 0;  ///< processor seconds of the process when the reading began
  std::map<std::string, double> earlier_seconds_;
  std::optional<AnalysisSegment> previous_;  // the last one that an earlier run finished
  std::optional<SegmentFollowing> following_;
  std::deque<Frame> recent_;  // the last of the segment, which the next one's follower sees first
  VideoInfo info_;
  int64_t segments_ = 0, frames_ = 0;  // finished
  int64_t corrupt_before_ = 0, corrupt_ = 0;
};

}  // namespace

VideoAnalysis AnalyseVideoWith(const MakeFollower& make_follower, const AnalysisOptions& options, ProgressSink& progress,
                               std::stop_token stop) {
  RequireUsable(options);
  try {
    return VideoAnalysis(options.folder, options.key);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kMedia) throw;  // not there, unfinished or damaged: made (or gone on with) now
  }
  AnalysisRun(make_follower, options, progress, stop).Run();
  return VideoAnalysis(options.folder, options.key);
}

}  // namespace reelswap
