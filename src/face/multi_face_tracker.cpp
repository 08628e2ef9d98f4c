#include "face/multi_face_tracker.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <stdexcept>

#include "face/box_overlap.h"
#include "face/face_track.h"
#include "face/luma_grid.h"
#include "face/newcomer_watch.h"
#include "face/shot_change.h"

namespace reelswap {
namespace {

constexpr int kLookAhead = 2;           // frames; a flash lasts one or two
constexpr float kSamePlace = 0.4f;      // overlap of two tracks that have landed on one face
constexpr float kClaimed = 0.3f;        // overlap with a known face that makes a detection no newcomer
constexpr float kBetterLikeness = 0.2f;  // of two tracks on one face the older one goes on unless the face is this much more the younger's
constexpr int kRemember = 30;           // frames; a face that returns to its place within these is the same
constexpr int kSearchAlways = 5;        // frames after a face was lost in which its place is searched
constexpr int kSearchEvery = 3;         // then every third
constexpr int kNobodySoon = 3;          // frames between searches while nobody is there, for the first half second
constexpr int kNobodyPatience = 15;     // frames
constexpr int kWholeEvery = 16;         // of the searches for newcomers one looks everywhere, not only at what changed
constexpr int kBlip = 2;                // frames; a track that lived no longer was a false alarm
constexpr float kMuchLarger = 1.3f;     // area of a newcomer that takes another's place among the most

/// A frame that is still to be given away.
struct Pending {
  cv::Mat luma;
  LumaGrid grid;
  FrameFaces faces;
  bool flash = false;
  bool processed = false;
};

struct Followed {
  FaceTrack track;
  int64_t first = 0;  ///< frame
};

struct Lost {
  Followed who;
  int64_t last = 0;  ///< frame it was last seen in
};

template <typename T>
void EraseAt(std::vector<T>& items, size_t index) {
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(index));
}

}  // namespace

struct MultiFaceTracker::Impl {
  MultiTrackerOptions options;
  TrackTools tools;
  NewcomerWatch watch;
  std::deque<Pending> pending;
  std::vector<LumaGrid> past;     // up to two frames before the current one, of its shot
  std::vector<Followed> tracks;   // by id, so the oldest first
  std::vector<Lost> lost;
  int64_t pushed = 0;
  int64_t next_track = 0;
  int64_t nobody_since = 0;    // first frame without a track
  int64_t next_search = 0;     // frame of the next search for newcomers
  int64_t searches = 0;        // for newcomers, since a cut or a loss
  bool finished = false;

  explicit Impl(const MultiTrackerOptions& o)
      : options(o), tools{FaceDetector(o.detector), LandmarkFinder::Load(LandmarkWeightsPath()), {}} {}

  size_t LookAhead() const { return static_cast<size_t>(std::clamp(options.look_back - 1, 0, kLookAhead)); }
  int SmallestFace(const cv::Mat& luma) const {
    return options.detector.min_size > 0 ? options.detector.min_size : std::max(48, luma.rows / 10);
  }
  /// No longer than frames are kept, so that a newcomer is followed back to its first frame.
  int64_t SearchEvery() const {
    return std::clamp(options.look_back - static_cast<int>(LookAhead()), 1, options.search_every);
  }

  std::vector<FrameFaces> Push(const cv::Mat& luma) {
    // The correlation follower begins with a frame up to three back.
    const cv::Mat kept = options.look_back > kLookAhead ? luma : luma.clone();
    Pending frame{kept, MakeLumaGrid(luma, SmallestFace(luma)), {}, false, false};
    frame.faces.number = pushed++;
    pending.push_back(std::move(frame));
    ++tools.tally.frames;
    return ProcessUpTo(pending.size() > LookAhead() ? pending.size() - LookAhead() : 0, static_cast<size_t>(options.look_back));
  }

  /// Processes the first `end` of the pending frames and gives away what nothing can change any more, but `keep`.
  std::vector<FrameFaces> ProcessUpTo(size_t end, size_t keep) {
    size_t final = 0;
    for (size_t i = 0; i < end; ++i) {
      if (pending[i].processed) continue;
      Process(i);
      if (pending[i].faces.cut) final = i;
    }
    if (pending.size() > keep) final = std::max(final, std::min(end, pending.size() - keep));
    std::vector<FrameFaces> result;
    for (; final > 0; --final) {
      auto& faces = pending.front().faces;
      std::stable_sort(faces.faces.begin(), faces.faces.end(),
                       [](const auto& a, const auto& b) { return a.face.box.area() > b.face.box.area(); });
      result.push_back(std::move(faces));
      pending.pop_front();
    }
    return result;
  }

  void Process(size_t at) {
    Pending& frame = pending[at];
    const int64_t number = frame.faces.number;
    frame.processed = true;
    const auto change = ChangeAt(at);
    frame.flash = change == ShotChange::Kind::kFlash;
    if (change == ShotChange::Kind::kCut) BeginShot(frame);
    auto sure = PredictAll(frame);
    const bool none_goes_on = std::none_of(sure.begin(), sure.end(), [](char s) { return s != 0; });
    if (change == ShotChange::Kind::kJump && !tracks.empty() && none_goes_on) {
      BeginShot(frame);
    } else {
      FollowAll(frame, sure);
      Merge(frame);
    }
    ReturnOfTheLost(at);
    if (number >= next_search && !frame.flash) SearchNewcomers(at);
    for (const auto& t : tracks) frame.faces.faces.push_back(t.track.Face());
    if (!tracks.empty()) nobody_since = number + 1;
    past.push_back(frame.grid);
    if (past.size() > 2) past.erase(past.begin());
  }

  ShotChange::Kind ChangeAt(size_t at) const {
    std::vector<const LumaGrid*> grids;
    for (const auto& grid : past) grids.push_back(&grid);
    for (size_t i = at; i < pending.size() && i <= at + LookAhead(); ++i) grids.push_back(&pending[i].grid);
    return ShotChange::Of(grids, past.size());
  }

  void BeginShot(Pending& frame) {
    frame.faces.cut = true;
    ++tools.tally.cuts;
    tracks.clear();
    lost.clear();
    past.clear();
    nobody_since = next_search = frame.faces.number;
    searches = 0;
  }

  // --- known faces -------------------------------------------------------------------------------------------------

  /// Of the current frame: a place where a track other than `self` surely is.
  IsTaken TakenByOthers(size_t self, const std::vector<char>& sure) const {
    return [this, self, &sure](const cv::Rect2f& box) {
      for (size_t i = 0; i < tracks.size(); ++i) {
        if (i != self && sure[i] && BoxOverlap(tracks[i].track.box(), box) > kSamePlace) return true;
      }
      return false;
    };
  }

  /// For every track whether its face is where it should be.
  std::vector<char> PredictAll(const Pending& frame) {
    std::vector<char> sure;
    for (auto& t : tracks) sure.push_back(t.track.Predict(tools, frame.luma));
    return sure;
  }

  void FollowAll(const Pending& frame, std::vector<char>& sure) {
    std::vector<char> gone(tracks.size(), 0);
    for (size_t i = 0; i < tracks.size(); ++i) {
      auto& track = tracks[i].track;
      const auto taken = TakenByOthers(i, sure);
      if (sure[i]) {
        if (!track.DueForCheck() || !track.Search(tools, frame.luma, taken)) ++tools.tally.followed;
      } else if (track.Search(tools, frame.luma, taken)) {
        sure[i] = 1;
      } else if (frame.flash) {
        track.Hold();
      } else if (track.CarryOn(tools, frame.luma)) {
        ++tools.tally.followed;
      } else {
        gone[i] = 1;
      }
    }
    for (size_t i = tracks.size(); i-- > 0;) {
      if (gone[i]) Lose(i, frame.faces.number);
    }
  }

  /// From frame `number` on the track has no face.
  void Lose(size_t index, int64_t number) {
    Followed who = std::move(tracks[index]);
    EraseAt(tracks, index);
    if (number - who.first <= kBlip && who.first >= pending.front().faces.number) return Forget(who.track.id());
    lost.push_back({std::move(who), number - 1});
    next_search = number;  // it may be anywhere
    searches = 0;
  }

  /// Takes back a false alarm.
  void Forget(int64_t id) {
    for (auto& frame : pending) std::erase_if(frame.faces.faces, [id](const auto& f) { return f.track == id; });
    --tools.tally.tracks;
  }

  /// Of two tracks that have landed on one face the older one goes on, unless the face looks much more like the other.
  void Merge(const Pending& frame) {
    for (size_t i = 0; i < tracks.size(); ++i) {
      for (size_t j = tracks.size(); j-- > i + 1;) {
        const auto &older = tracks[i].track, &younger = tracks[j].track;
        if (BoxOverlap(older.box(), younger.box()) <= kSamePlace) continue;
        const bool usurped = younger.certainty() > older.certainty() + kBetterLikeness;
        Lose(usurped ? i : j, frame.faces.number);
        if (usurped) return Merge(frame);
      }
    }
  }

  bool Known(const cv::Rect2f& box) const {
    return std::any_of(tracks.begin(), tracks.end(), [&](const auto& t) { return BoxOverlap(t.track.box(), box) > kClaimed; });
  }

  /// Looks for faces that were lost a moment ago where they were.
  void ReturnOfTheLost(size_t at) {
    const Pending& frame = pending[at];
    const int64_t number = frame.faces.number;
    std::erase_if(lost, [&](const Lost& l) { return number - l.last > kRemember; });
    for (size_t i = 0; i < lost.size();) {
      const int64_t gap = number - lost[i].last;
      const bool look = gap >= 2 && (gap <= kSearchAlways || gap % kSearchEvery == 0);
      const cv::Rect2f box = lost[i].who.track.box();
      if (!look || !MostlyInside(box, frame.luma.size(), 0.25f) || !PlaceFor(box)) {
        ++i;
        continue;
      }
      ++tools.tally.region_searches;
      bool back = false;
      for (const auto& found : tools.detector.DetectNear(frame.luma, box)) {
        back = !Known(found.box) && TakeUp(i, found, at);
        if (back) break;
      }
      if (!back) ++i;
    }
  }

  /// Continues lost track `index` with `found`, if that could be its face.
  bool TakeUp(size_t index, const DetectedFace& found, size_t at) {
    const auto& luma = pending[at].luma;
    const int64_t last = lost[index].last;
    const auto place = PlaceFor(found.box);
    if (!place || !lost[index].who.track.CouldBe(tools, luma, found, pending[at].faces.number - last)) return false;
    Followed who{lost[index].who.track.Resumed(tools, luma, found), lost[index].who.first};
    if (!who.track.LooksLikeAFace() || Known(who.track.box())) return false;
    EraseAt(lost, index);
    MakeRoom(*place, pending[at].faces.number);
    FollowBack(who, at, last + 1);
    Enter(std::move(who));
    return true;
  }

  void Enter(Followed who) {
    const auto place = std::find_if(tracks.begin(), tracks.end(), [&](const auto& t) { return t.track.id() > who.track.id(); });
    tracks.insert(place, std::move(who));
  }

  // --- newcomers ---------------------------------------------------------------------------------------------------

  void SearchNewcomers(size_t at) {
    const Pending& frame = pending[at];
    const int64_t number = frame.faces.number;
    std::vector<cv::Rect2f> explained;
    for (const auto& t : tracks) explained.push_back(t.track.box());
    std::vector<cv::Rect> parts{cv::Rect({}, frame.luma.size())};
    if (searches % kWholeEvery != 0) parts = watch.Changed(frame.grid, explained, SmallestFace(frame.luma));
    for (const auto& part : parts) {
      ++(part.size() == frame.luma.size() ? tools.tally.whole_searches : tools.tally.part_searches);
      for (const auto& found : tools.detector.DetectIn(frame.luma, part)) Welcome(found, at);
    }
    watch.Searched(frame.grid, parts);
    ++searches;
    const bool soon = tracks.empty() && number - nobody_since < kNobodyPatience;
    next_search = number + (soon ? std::min<int64_t>(kNobodySoon, SearchEvery()) : SearchEvery());
  }

  void Welcome(const DetectedFace& found, size_t at) {
    if (Known(found.box) || !MostlyInside(found.box, pending[at].luma.size(), 0.25f)) return;
    for (size_t i = 0; i < lost.size(); ++i) {
      if (TakeUp(i, found, at)) return;
    }
    const auto place = PlaceFor(found.box);
    if (!place) return;
    Followed who{FaceTrack(next_track, tools, pending[at].luma, found), pending[at].faces.number};
    if (!who.track.LooksLikeAFace() || Known(who.track.box())) return;
    ++next_track;
    ++tools.tally.tracks;
    MakeRoom(*place, pending[at].faces.number);
    FollowBack(who, at, pending.front().faces.number);
    Enter(std::move(who));
  }

  bool Full(size_t faces) const { return faces >= static_cast<size_t>(options.most_faces); }

  /// Index of the track whose place a face in `box` would take: behind the last while there is room, and of the most
  /// that are followed the smallest if the face is much larger. None if it is not.
  std::optional<size_t> PlaceFor(const cv::Rect2f& box) const {
    if (!Full(tracks.size())) return tracks.size();
    const auto smallest = std::min_element(tracks.begin(), tracks.end(), [](const auto& a, const auto& b) {
      return a.track.box().area() < b.track.box().area();
    });
    if (box.area() < kMuchLarger * smallest->track.box().area()) return std::nullopt;
    return static_cast<size_t>(smallest - tracks.begin());
  }

  void MakeRoom(size_t place, int64_t number) {
    if (place < tracks.size()) Lose(place, number);
  }

  /// Gives the face to the frames before `at`, down to `first`, as far as it can be followed.
  void FollowBack(Followed& who, size_t at, int64_t first) {
    FaceTrack past_face = who.track.Backwards();
    cv::Point2f next_middle = who.track.Middle();
    for (size_t i = at; i-- > 0 && !pending[i + 1].faces.cut && pending[i].faces.number >= first;) {
      Pending& frame = pending[i];
      const IsTaken taken = [&](const cv::Rect2f& box) {
        return std::any_of(frame.faces.faces.begin(), frame.faces.faces.end(),
                           [&](const auto& f) { return BoxOverlap(f.face.box, box) > kClaimed; });
      };
      const bool there = past_face.Predict(tools, frame.luma) || past_face.Search(tools, frame.luma, taken);
      if (!there && !frame.flash) return;
      if (!there) past_face.Hold();
      if (taken(past_face.box()) || Full(frame.faces.faces.size())) return;
      frame.faces.faces.push_back(past_face.Face());
      ++tools.tally.followed;
      if (i + 1 == at) who.track.SetSpeed(next_middle - past_face.Middle());
      who.first = std::min(who.first, frame.faces.number);
    }
  }
};

MultiFaceTracker::MultiFaceTracker(const MultiTrackerOptions& options) {
  if (options.search_every < 1) throw std::invalid_argument("MultiTrackerOptions.search_every must be at least 1");
  if (options.look_back < 0) throw std::invalid_argument("MultiTrackerOptions.look_back must not be negative");
  if (options.most_faces < 1) throw std::invalid_argument("MultiTrackerOptions.most_faces must be at least 1");
  impl_ = std::make_unique<Impl>(options);
}
MultiFaceTracker::~MultiFaceTracker() = default;
MultiFaceTracker::MultiFaceTracker(MultiFaceTracker&&) noexcept = default;
MultiFaceTracker& MultiFaceTracker::operator=(MultiFaceTracker&&) noexcept = default;

std::vector<FrameFaces> MultiFaceTracker::Push(const cv::Mat& luma) {
  if (luma.empty() || luma.type() != CV_8UC1) throw std::invalid_argument("luma must be CV_8UC1 and not empty");
  if (impl_->finished) throw std::invalid_argument("nothing may be pushed after Finish()");
  return impl_->Push(luma);
}

std::vector<FrameFaces> MultiFaceTracker::Finish() {
  impl_->finished = true;
  return impl_->ProcessUpTo(impl_->pending.size(), 0);
}

const MultiTrackerTally& MultiFaceTracker::tally() const { return impl_->tools.tally; }

}  // namespace reelswap
