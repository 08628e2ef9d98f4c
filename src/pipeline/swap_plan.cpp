#include "pipeline/swap_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "core/error.h"
#include "pipeline/swap_plan_file.h"
#include "pipeline/swap_plan_rate.h"
#include "pipeline/track_identity.h"
#include "pipeline/track_smoothing.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kStretchFrames = 512;    // planned at a time
constexpr float kHardlyVisible = 0.05f;    // opacity under which a face is not swapped at all
constexpr double kReachPerSmoothing = 8 / 3.0;  // a tricube parabola over +-8 frames weighs half at +-3
constexpr int kMostReach = 16;             // frames

double FrameRateOf(const VideoAnalysis& analysis) {
  const int64_t frames = analysis.frames();
  int64_t first_pts = 0, last_pts = 0;
  analysis.ForEach(0, 1, [&](const AnalysedFrame& frame) { first_pts = frame.pts; });
  analysis.ForEach(frames - 1, frames, [&](const AnalysedFrame& frame) { last_pts = frame.pts; });
  return FramesPerSecond(frames, first_pts, last_pts, analysis.info());
}

void RequireGoOn(const std::stop_token& stop) {
  if (!stop.stop_requested()) return;
  throw Error(ErrorKind::kCancelled, "interrupted while the swap was planned; the same command plans it again");
}

void CountFrame(const PlannedFrame& frame, PlanTally& tally) {
  ++tally.frames;
  tally.frames_with_swap += !frame.faces.empty();
  tally.unswapped += frame.unswapped;
  for (const PlannedFace& face : frame.faces) {
    tally.filled += face.filled, tally.repaired += face.repaired, tally.faded += face.faded;
  }
}

std::vector<FadeLimits> LimitsOfAll(const PlanSettings& settings) {
  std::vector<FadeLimits> limits;
  for (const SwapDirection& direction : settings.directions) {
    const auto person = std::find_if(settings.people.begin(), settings.people.end(),
                                     [&](const TrainingFaces& p) { return p.person == direction.to; });
    const bool known = person != settings.people.end();
    limits.push_back(known ? LimitsOf(person->poses, settings.fade_from_yaw, settings.fade_over_yaw) : FadeLimits{});
  }
  return limits;
}

PlanRules RulesOf(const VideoInfo& info, double frames_per_second, const PlanSettings& settings) {
  PlanRules rules;
  const double reach = settings.smoothing_seconds * frames_per_second * kReachPerSmoothing;
  rules.smoothing_reach = std::clamp(static_cast<int>(std::lround(reach)), 0, kMostReach);
  rules.fill_gap_frames = std::max(0, settings.fill_gap_frames);
  rules.limits = LimitsOfAll(settings);
  rules.frame_size = {info.format.width, info.format.height};
  return rules;
}

/// Drops what is not swapped after all and counts.
class FrameFinisher {
 public:
  FrameFinisher(const TrackDecisions& decisions, const std::vector<TrackPlace>& places) {
    for (const auto& yielding : decisions.yielding) yielding_[yielding.track].push_back(yielding);
    std::map<int64_t, const TrackPlace*> place_of;
    for (const TrackPlace& place : places) place_of[place.track] = &place;
    for (const TrackChain& chain : decisions.chains) {
      if (chain.direction < 0) continue;
      for (const int64_t track : chain.tracks) life_of_[track] = lives_.size();
      lives_.push_back({place_of.at(chain.tracks.front())->first, place_of.at(chain.tracks.back())->last});
    }
    by_start_.resize(lives_.size());
    for (size_t i = 0; i < by_start_.size(); ++i) by_start_[i] = i;
    std::stable_sort(by_start_.begin(), by_start_.end(), [&](size_t a, size_t b) { return lives_[a].first < lives_[b].first; });
  }

  /// Frames in order.
  void Finish(PlannedFrame& frame) {
    std::vector<size_t> here;  // lives that have a face in this frame, however faded
    for (const PlannedFace& face : frame.faces) here.push_back(life_of_.at(face.track));
    std::erase_if(frame.faces, [&](const PlannedFace& face) {
      return face.opacity < kHardlyVisible || Yields(face, frame.number, here);
    });
    std::stable_sort(frame.faces.begin(), frame.faces.end(), [](const PlannedFace& a, const PlannedFace& b) {
      return a.face.box.area() < b.face.box.area();
    });
    frame.unswapped = MissesALife(frame);
    CountFrame(frame, tally_);
  }

  const PlanTally& tally() const { return tally_; }

 private:
  struct Life {
    int64_t first, last;
  };

  /// Whether a nearer face of its person is meant in this frame and really in it.
  bool Yields(const PlannedFace& face, int64_t number, const std::vector<size_t>& here) const {
    const auto found = yielding_.find(face.track);
    return found != yielding_.end() && std::any_of(found->second.begin(), found->second.end(), [&](const auto& y) {
      return number >= y.first && number <= y.last &&
             std::find(here.begin(), here.end(), life_of_.at(y.to)) != here.end();
    });
  }

  bool MissesALife(const PlannedFrame& frame) {
    while (next_ < by_start_.size() && lives_[by_start_[next_]].first <= frame.number) living_.push_back(by_start_[next_++]);
    std::erase_if(living_, [&](size_t life) { return lives_[life].last < frame.number; });
    return std::any_of(living_.begin(), living_.end(), [&](size_t life) {
      return std::none_of(frame.faces.begin(), frame.faces.end(),
                          [&](const PlannedFace& f) { return life_of_.at(f.track) == life; });
    });
  }

  std::map<int64_t, std::vector<TrackDecisions::Yielding>> yielding_;
  std::vector<Life> lives_;             // of swapped chains
  std::map<int64_t, size_t> life_of_;   // by track
  std::vector<size_t> by_start_, living_;
  size_t next_ = 0;
  PlanTally tally_;
};

void RequireUsable(const PlanSettings& settings) {
  if (settings.directions.empty()) throw std::invalid_argument("PlanSettings::directions is empty");
  if (!(settings.smoothing_seconds >= 0)) throw std::invalid_argument("PlanSettings::smoothing_seconds must not be negative");
  for (size_t a = 0; a < settings.directions.size(); ++a) {
    for (size_t b = 0; b < a; ++b) {
      if (settings.directions[a].from == settings.directions[b].from) {
        throw std::invalid_argument("PlanSettings::directions replaces one person twice");
      }
    }
  }
}

std::vector<AnalysedFrame> Load(const VideoAnalysis& analysis, int64_t first, int64_t last) {
  std::vector<AnalysedFrame> frames;
  analysis.ForEach(first, last, [&](const AnalysedFrame& frame) { frames.push_back(frame); });
  return frames;
}

void WritePlan(const VideoAnalysis& analysis, const PlanSettings& settings, const fs::path& folder, const std::string& key,
               const std::stop_token& stop) {
  RequireGoOn(stop);
  DecisionInput input;
  input.places = FindPlaces(analysis, std::max(0, settings.fill_gap_frames));
  input.likeness = MeasureLikeness(analysis, settings, stop);
  if (!input.likeness && settings.identity_weights) {
    input.blind_because = "not everybody who is to be replaced has training faces to be known by; run preprocess first";
  }
  input.directions = settings.directions;
  input.frames_per_second = FrameRateOf(analysis);
  const TrackDecisions decisions = DecideTracks(input);

  const PlanRules rules = RulesOf(analysis.info(), input.frames_per_second, settings);
  const int64_t radius = PlanRadius(rules);
  FrameFinisher finisher(decisions, input.places);
  SwapPlanWriter writer(folder, key);
  for (int64_t first = 0; first < analysis.frames(); first += kStretchFrames) {
    RequireGoOn(stop);
    const int64_t last = std::min(first + kStretchFrames, analysis.frames());
    for (PlannedFrame& frame : PlanStretch(Load(analysis, first - radius, last + radius), first, last, decisions.chains, rules)) {
      finisher.Finish(frame);
      writer.Add(frame);
    }
  }
  writer.Commit({settings.directions, decisions.verdicts, finisher.tally(), decisions.warnings});
}

}  // namespace

struct SwapPlan::Impl {
  SwapPlanReader reader;
  Impl(const fs::path& folder, const std::string& key) : reader(folder, key) {}
};

SwapPlan::SwapPlan(const fs::path& folder, const std::string& key) : impl_(std::make_unique<Impl>(folder, key)) {}
SwapPlan::~SwapPlan() = default;
SwapPlan::SwapPlan(SwapPlan&&) noexcept = default;
SwapPlan& SwapPlan::operator=(SwapPlan&&) noexcept = default;

int64_t SwapPlan::frames() const { return impl_->reader.frames(); }
PlannedFrame SwapPlan::At(int64_t number) const { return impl_->reader.At(number); }
const std::vector<SwapDirection>& SwapPlan::directions() const { return impl_->reader.summary().directions; }
const std::vector<TrackVerdict>& SwapPlan::verdicts() const { return impl_->reader.summary().verdicts; }
const PlanTally& SwapPlan::tally() const { return impl_->reader.summary().tally; }
const std::vector<std::string>& SwapPlan::warnings() const { return impl_->reader.summary().warnings; }

PlanTally SwapPlan::TallyOf(int64_t first, int64_t last) const {
  if (first < 0 || first > last || last > frames()) {
    throw std::out_of_range(fmt::format("the plan has no frames {} to {}", first, last));
  }
  PlanTally tally;
  for (int64_t number = first; number < last; ++number) CountFrame(At(number), tally);
  return tally;
}

SwapPlan PlanSwaps(const VideoAnalysis& analysis, const PlanSettings& settings, const fs::path& folder, const std::string& key,
                   std::stop_token stop) {
  RequireUsable(settings);
  try {
    return SwapPlan(folder, key);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kMedia) throw;  // not there, damaged or of other settings: made now
  }
  WritePlan(analysis, settings, folder, key, stop);
  return SwapPlan(folder, key);
}

}  // namespace reelswap
