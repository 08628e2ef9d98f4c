#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "pipeline/track_identity.h"
#include "pipeline/track_prominence.h"

namespace reelswap {
namespace {

// Distances are lower quartiles over a track's samples. Measured on webcam footage of six people, galleries of 8 to 40
// faces from another clip: the same person 0.18 to 0.34 and once 0.40, the nearest other one 0.41 to 0.58.
constexpr double kSamePerson = 0.45;     // further away is nobody of the project
constexpr double kSurely = 0.38;         // up to here nearness alone decides; beyond, others must be well apart
constexpr double kMargin = 0.05;         // nearer than that to two people is neither for certain
constexpr double kWideMargin = 0.08;     // ... beyond kSurely
constexpr double kBeyondBest = 0.18;     // a face that much further than the video's best of that person is another's
constexpr double kClearly = 0.36;        // at most this, and kClearMargin to the next: a second face of a moment is that
constexpr double kClearMargin = 0.12;    // person, too (a mirror, a screen)
constexpr double kOnTheirOwn = 0.36;     // what a track too short or too small for certainty needs to be believed alone
constexpr int64_t kShortTrack = 5;       // frames
constexpr double kSmallFace = 28;        // px of its box
constexpr double kGoesOnSeconds = 1.0;   // a face that was lost is the same when one comes up there that soon
constexpr double kMostlyHidden = 0.5;    // share of a track that others of its person take away before it is left alone

enum class Certainty { kDecided, kUnsure };

struct Opinion {
  Certainty certainty = Certainty::kUnsure;
  std::string person;
};

cv::Point2f Centre(const cv::Rect2f& box) { return 0.5f * (box.tl() + box.br()); }

/// In widths of the larger box, infinite when their sizes differ too much to be one face.
double PlaceDistance(const cv::Rect2f& a, const cv::Rect2f& b) {
  const double larger = std::max({a.width, b.width, 1.0f}), smaller = std::max(std::min(a.width, b.width), 1.0f);
  return larger > 1.6 * smaller ? 1e9 : cv::norm(Centre(a) - Centre(b)) / larger;
}

class Decider {
 public:
  explicit Decider(const DecisionInput& input) : input_(input), opinions_(input.places.size()) {
    for (const TrackPlace& place : input.places) {
      TrackVerdict verdict;
      verdict.track = place.track;
      decisions_.verdicts.push_back(std::move(verdict));
    }
    for (size_t d = 0; d < input.directions.size(); ++d) direction_of_.emplace(input.directions[d].from, static_cast<int>(d));
  }

  TrackDecisions Decide() {
    if (input_.likeness) {
      FindBest();
      for (size_t i = 0; i < input_.places.size(); ++i) Judge(i);
      Link();
      Inherit();
      GoByPlace();
      JudgeTheRest();
    } else {
      RequireOneDirection();
      Link();
      TakeMostProminent();
    }
    SettleConflicts();
    RequireSomeone();
    BuildChains();
    return std::move(decisions_);
  }

 private:
  const TrackPlace& Place(size_t i) const { return input_.places[i]; }
  TrackVerdict& Verdict(size_t i) { return decisions_.verdicts[i]; }

  static std::string Nearest(const TrackVerdict& verdict, const std::string& person, const std::string& second) {
    std::string text = fmt::format("nearest to {} ({:.2f}", person, verdict.distance);
    if (!second.empty()) text += fmt::format(", next {} {:.2f}", second, verdict.second_distance);
    return text + ")";
  }

  /// The nearest that any track comes to each person, short and small ones aside.
  void FindBest() {
    for (size_t i = 0; i < input_.places.size(); ++i) {
      const auto found = input_.likeness->find(Place(i).track);
      if (found == input_.likeness->end()) continue;
      for (const auto& [person, distance] : found->second.distances) {
        const auto [it, is_new] = best_of_.try_emplace(person, 1.0);
        if (!IsWeak(i)) it->second = std::min(it->second, distance);
      }
    }
  }

  /// What of a track counts where amounts are told: frames, in a picture the face.
  int64_t AmountOf(size_t i) const { return input_.still ? 1 : Place(i).frames; }

  bool IsWeak(size_t i) const { return Place(i).frames < kShortTrack || Place(i).mean_width < kSmallFace; }

  /// What the track says by itself.
  void Judge(size_t i) {
    TrackVerdict& verdict = Verdict(i);
    const auto found = input_.likeness->find(verdict.track);
    if (found == input_.likeness->end() || found->second.distances.empty()) {
      verdict.reason = "no picture of it was good enough to tell who it is";
      return;
    }
    std::vector<std::pair<double, std::string>> by_distance;
    for (const auto& [person, distance] : found->second.distances) by_distance.emplace_back(distance, person);
    std::sort(by_distance.begin(), by_distance.end());
    const std::string& person = by_distance[0].second;
    const std::string second = by_distance.size() > 1 ? by_distance[1].second : "";
    verdict.distance = by_distance[0].first;
    verdict.second_distance = by_distance.size() > 1 ? by_distance[1].first : 0;
    const bool weak = IsWeak(i);
    const double margin = verdict.distance > kSurely ? kWideMargin : kMargin;
    const bool close = !second.empty() && verdict.second_distance - verdict.distance < margin;
    guess_[i] = person;
    if (verdict.distance > std::min(kSamePerson, best_of_[person] + kBeyondBest)) {
      verdict.reason = fmt::format("no one of the project (nearest {} {:.2f})", person, verdict.distance);
      opinions_[i].certainty = weak ? Certainty::kUnsure : Certainty::kDecided;
    } else if (close) {
      verdict.reason = fmt::format("cannot be told from {} and {} ({:.2f} and {:.2f})", person, second, verdict.distance,
                                   verdict.second_distance);
    } else if (weak) {
      verdict.reason = fmt::format("too {} to be sure, {}", Place(i).frames < kShortTrack ? "short" : "small",
                                   Nearest(verdict, person, second));
    } else {
      opinions_[i] = {Certainty::kDecided, person};
      Take(i, person, Nearest(verdict, person, second));
    }
  }

  void Take(size_t i, const std::string& person, const std::string& reason) {
    TrackVerdict& verdict = Verdict(i);
    verdict.person = person;
    const auto direction = direction_of_.find(person);
    verdict.direction = direction == direction_of_.end() ? -1 : direction->second;
    verdict.reason = verdict.direction >= 0 ? reason : reason + ", who is not replaced";
  }

  bool Differ(size_t a, size_t b) const {
    return opinions_[a].certainty == Certainty::kDecided && opinions_[b].certainty == Certainty::kDecided &&
           opinions_[a].person != opinions_[b].person;
  }

  /// Which track goes on with which: same shot, soon after, same place and size, nothing against it.
  void Link() {
    const size_t n = input_.places.size();
    next_.assign(n, -1);
    previous_.assign(n, -1);
    std::vector<size_t> by_start(n);
    std::iota(by_start.begin(), by_start.end(), size_t{0});
    std::stable_sort(by_start.begin(), by_start.end(), [&](size_t a, size_t b) { return Place(a).first < Place(b).first; });
    const auto longest = static_cast<int64_t>(std::lround(kGoesOnSeconds * input_.frames_per_second));
    std::vector<std::tuple<double, size_t, size_t>> links;
    for (size_t a = 0; a < n; ++a) {
      const auto after = std::upper_bound(by_start.begin(), by_start.end(), Place(a).last,
                                          [&](int64_t last, size_t b) { return last < Place(b).first; });
      for (auto b = after; b != by_start.end() && Place(*b).first - Place(a).last <= longest; ++b) {
        if (Place(*b).shot != Place(a).shot || Differ(a, *b)) continue;
        const double away = PlaceDistance(Place(a).last_box, Place(*b).first_box);
        const double wait = static_cast<double>(Place(*b).first - Place(a).last) / static_cast<double>(longest);
        if (away < 0.5 + 0.5 * wait) links.emplace_back(away + wait, a, *b);
      }
    }
    std::sort(links.begin(), links.end());
    for (const auto& [cost, a, b] : links) {
      if (next_[a] >= 0 || previous_[b] >= 0) continue;
      if (input_.likeness && ChainsDiffer(a, b)) continue;
      next_[a] = static_cast<int64_t>(b);
      previous_[b] = static_cast<int64_t>(a);
    }
  }

  /// The person of the chain that i is in, looking to one side; nullptr where nothing is decided there.
  const Opinion* OpinionAlong(size_t i, const std::vector<int64_t>& step) const {
    for (auto at = static_cast<int64_t>(i); at >= 0; at = step[static_cast<size_t>(at)]) {
      if (opinions_[static_cast<size_t>(at)].certainty == Certainty::kDecided) return &opinions_[static_cast<size_t>(at)];
    }
    return nullptr;
  }

  bool ChainsDiffer(size_t a, size_t b) const {
    const Opinion *before = OpinionAlong(a, previous_), *after = OpinionAlong(b, next_);
    return before && after && before->person != after->person;
  }

  void Inherit() {
    for (size_t i = 0; i < input_.places.size(); ++i) {
      if (opinions_[i].certainty == Certainty::kDecided) continue;
      const Opinion* before = OpinionAlong(i, previous_);
      const Opinion* opinion = before ? before : OpinionAlong(i, next_);
      if (opinion) settled_[i] = {opinion->person, before ? "goes on where the face of {} was just before"
                                                          : "the face of {} goes on from it"};
    }
    ApplySettled();
  }

  /// Somebody who was decided stood there in the same shot.
  void GoByPlace() {
    for (size_t i = 0; i < input_.places.size(); ++i) {
      if (opinions_[i].certainty == Certainty::kDecided) continue;
      double best = 0.6;  // widths
      for (size_t k = 0; k < input_.places.size(); ++k) {
        if (opinions_[k].certainty != Certainty::kDecided || Place(k).shot != Place(i).shot || Overlap(Place(i), Place(k))) {
          continue;
        }
        const double away = Place(k).last < Place(i).first ? PlaceDistance(Place(k).last_box, Place(i).first_box)
                                                           : PlaceDistance(Place(i).last_box, Place(k).first_box);
        if (away >= best) continue;
        best = away;
        settled_[i] = {opinions_[k].person, "stands where {} stands in this shot"};
      }
    }
    ApplySettled();
  }

  void ApplySettled() {
    for (const auto& [i, why] : settled_) {
      const auto& [person, sentence] = why;
      opinions_[i] = {Certainty::kDecided, person};
      const std::string before = Verdict(i).reason;
      if (person.empty()) {
        Verdict(i).reason = fmt::format("{}; {}", fmt::format(fmt::runtime(sentence), "a stranger"), before);
      } else {
        Take(i, person, fmt::format("{}; by itself: {}", fmt::format(fmt::runtime(sentence), person), before));
      }
    }
    settled_.clear();
  }

  /// Short or small, and nobody near to go by: believed only when it is plain.
  void JudgeTheRest() {
    int64_t left = 0;
    for (size_t i = 0; i < input_.places.size(); ++i) {
      if (opinions_[i].certainty == Certainty::kDecided) continue;
      const TrackVerdict& verdict = Verdict(i);
      const bool apart = verdict.second_distance == 0 || verdict.second_distance - verdict.distance >= kMargin;
      if (guess_.contains(i) && verdict.distance <= kOnTheirOwn && apart) {
        Take(i, guess_[i], verdict.reason);
      } else if (guess_.contains(i) && direction_of_.contains(guess_[i]) && verdict.distance <= kSamePerson) {
        left += AmountOf(i);
      }
      opinions_[i] = {Certainty::kDecided, Verdict(i).person};
    }
    if (left > 0) {
      decisions_.warnings.push_back(fmt::format("{} could not be told for certain and were left alone",
                                                input_.still ? "faces" : fmt::format("faces in {} frames", left)));
    }
  }

  void RequireOneDirection() const {
    if (input_.directions.size() <= 1) return;
    throw Error(ErrorKind::kMissingTool, fmt::format("several people are to be replaced, and who is who cannot be told: {}; "
                                                     "or swap one person at a time", input_.blind_because));
  }

  void TakeMostProminent() {
    const std::string& person = input_.directions.front().from;
    const ProminentTracks found = MostProminentTracks(input_.places, next_, previous_);
    if (found.rivals) {
      const auto [a, b] = *found.rivals;
      throw Error(ErrorKind::kMissingTool,
                  fmt::format("two faces of like size are in the picture{}, and which one is {} cannot be told: {}",
                              input_.still ? "" : fmt::format(" at a time (from frame {} on)",
                                                              std::max(Place(a).first, Place(b).first)),
                              person, input_.blind_because));
    }
    for (TrackVerdict& verdict : decisions_.verdicts) {
      verdict.reason = "a more prominent face is in the picture at the same time";
    }
    for (const size_t i : found.taken) {
      Take(i, person, "the most prominent face of its moments; who it is was not looked at");
    }
    if (found.taken.empty()) return;
    decisions_.warnings.push_back(fmt::format("the most prominent face was taken for {} without a look at who it is: {}",
                                              person, input_.blind_because));
  }

  bool Clearly(const TrackVerdict& v) const {
    return v.distance > 0 && v.distance <= kClearly &&
           (v.second_distance == 0 || v.second_distance - v.distance >= kClearMargin);
  }

  /// Of two faces at a time only the nearer one is that person, unless both clearly are.
  void SettleConflicts() {
    std::vector<size_t> order;
    for (size_t i = 0; i < input_.places.size(); ++i) {
      if (Verdict(i).direction >= 0) order.push_back(i);
    }
    const auto strength = [&](size_t i) {  // a track that inherited stands back behind one that was seen to be it
      return Verdict(i).distance > 0 ? Verdict(i).distance : 1 - 1e-6 * ProminenceOf(Place(i));
    };
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return strength(a) < strength(b); });
    std::vector<size_t> kept;
    for (const size_t i : order) {
      std::vector<TrackDecisions::Yielding> yields;
      int64_t hidden = 0;
      size_t nearer = 0;
      for (const size_t k : kept) {
        if (Verdict(k).direction != Verdict(i).direction) continue;
        if (Clearly(Verdict(i)) && Clearly(Verdict(k))) continue;
        for (const auto& [first, last] : CommonStretches(Place(i), Place(k))) {
          hidden += last - first + 1;
          yields.push_back({Place(i).track, first, last, Place(k).track});
          nearer = k;
        }
      }
      const int64_t there = CommonFrames(Place(i), Place(i));  // its own holes aside
      if (static_cast<double>(hidden) > kMostlyHidden * static_cast<double>(there)) {
        LeaveAlone(i, nearer);
        continue;
      }
      kept.push_back(i);
      decisions_.yielding.insert(decisions_.yielding.end(), yields.begin(), yields.end());
    }
  }

  void LeaveAlone(size_t i, size_t nearer) {
    TrackVerdict& verdict = Verdict(i);
    const std::string person = verdict.person;
    verdict.person.clear();
    verdict.direction = -1;
    verdict.reason = verdict.distance > 0 && Verdict(nearer).distance > 0
                         ? fmt::format("looks like {} ({:.2f}), but a nearer face ({:.2f}) is in the picture at the same time",
                                       person, verdict.distance, Verdict(nearer).distance)
                         : fmt::format("could be {}, but that face is in the picture at the same time", person);
    if (input_.likeness && Place(i).frames >= kShortTrack) {
      decisions_.warnings.push_back(fmt::format("two faces look like {}{}: the nearer one is replaced, the other left alone", person,
                                                input_.still ? "" : fmt::format(" at a time (frames {} to {})", Place(i).first,
                                                                                Place(i).last)));
    }
  }

  void RequireSomeone() const {
    const auto& verdicts = decisions_.verdicts;
    if (std::any_of(verdicts.begin(), verdicts.end(), [](const TrackVerdict& v) { return v.direction >= 0; })) return;
    std::set<std::string> wanted;
    for (const SwapDirection& direction : input_.directions) wanted.insert(direction.from);
    std::string people;
    for (const std::string& person : wanted) people += (people.empty() ? "" : " or ") + person;
    if (verdicts.empty()) {
      throw Error(ErrorKind::kFaces, fmt::format("no face was found in the whole video: there is nothing to swap; does it show "
                                                 "{}? Small faces need a smaller faces.min_size", people));
    }
    throw Error(ErrorKind::kFaces, fmt::format("{} is nowhere to be seen: {}; is it the right {}, and do the faces of {} "
                                               "show that person alone, and often enough? More varied sources help", people, WhoWasThere(),
                                               input_.still ? "picture" : "video", people));
  }

  std::string WhoWasThere() const {
    std::map<std::string, int64_t> frames;
    size_t nearest = decisions_.verdicts.size();
    int64_t strangers = 0;
    for (size_t i = 0; i < decisions_.verdicts.size(); ++i) {
      const TrackVerdict& v = decisions_.verdicts[i];
      if (!v.person.empty()) {
        frames[v.person] += AmountOf(i);
        continue;
      }
      strangers += AmountOf(i);
      const bool measured = v.distance > 0 && guess_.contains(i);
      if (measured && (nearest == decisions_.verdicts.size() || v.distance < decisions_.verdicts[nearest].distance)) nearest = i;
    }
    std::vector<std::string> parts;
    for (const auto& [person, count] : frames) {
      parts.push_back(input_.still ? person + " is there" : fmt::format("{} is in {} frames", person, count));
    }
    if (strangers > 0) {
      parts.push_back(fmt::format("{} {} of nobody in the project", strangers,
                                  !input_.still    ? "frames show faces"
                                  : strangers == 1 ? "face is that"
                                                   : "faces are those"));
    }
    std::string text = fmt::format("{}", fmt::join(parts, ", "));
    if (nearest < decisions_.verdicts.size()) {
      text += fmt::format(" (the nearest is {:.2f} from {}; {:.2f} and less would be taken)",
                          decisions_.verdicts[nearest].distance, guess_.at(nearest), kSamePerson);
    }
    return text;
  }

  void BuildChains() {
    for (size_t i = 0; i < input_.places.size(); ++i) {
      const bool starts = previous_[i] < 0 || !SameFate(static_cast<size_t>(previous_[i]), i);
      if (!starts) continue;
      TrackChain chain;
      chain.direction = Verdict(i).direction;
      for (auto at = i;;) {
        chain.tracks.push_back(Place(at).track);
        if (next_[at] < 0 || !SameFate(at, static_cast<size_t>(next_[at]))) break;
        at = static_cast<size_t>(next_[at]);
      }
      decisions_.chains.push_back(std::move(chain));
    }
  }

  bool SameFate(size_t a, size_t b) { return Verdict(a).direction == Verdict(b).direction; }

  const DecisionInput& input_;
  TrackDecisions decisions_;
  std::vector<Opinion> opinions_;                 // by index of the track
  std::map<std::string, double> best_of_;         // by person
  std::map<size_t, std::string> guess_;           // nearest person, believed or not
  std::map<size_t, std::pair<std::string, const char*>> settled_;
  std::vector<int64_t> next_, previous_;          // links, indices of tracks, -1: none
  std::map<std::string, int> direction_of_;
};

}  // namespace

TrackDecisions DecideTracks(const DecisionInput& input) { return Decider(input).Decide(); }

}  // namespace reelswap
