#include "pipeline/held_out.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

namespace reelswap {
namespace {

constexpr double kShare = 0.10;      // of the faces; what is held out cannot be learned from
constexpr double kNearShare = 0.03;  // a draw this near to it is good enough
constexpr double kMostShare = 0.25;
constexpr int64_t kTrainingFaces = 300;    // a training wants at least so many
constexpr int64_t kFewestForClips = 80;  // below that every face is needed to learn
constexpr int64_t kFewestForClipEnd = 200;
constexpr int64_t kFewestHeldOut = 8;      // fewer judge nothing

/// Faces by clip.
using Clips = std::map<std::string, std::vector<size_t>>;

HeldOutSplit WithSources(const std::vector<FaceRecord>& records, const std::set<std::string>& held_out) {
  HeldOutSplit split;
  for (size_t i = 0; i < records.size(); ++i) {
    (held_out.contains(records[i].source) ? split.held_out : split.training).push_back(i);
  }
  return split;
}

Clips GroupByClip(const std::vector<FaceRecord>& records, const std::map<std::string, std::string>& clip_of) {
  Clips clips;
  for (size_t i = 0; i < records.size(); ++i) {
    const auto known = clip_of.find(records[i].source);
    clips[known == clip_of.end() ? records[i].source : known->second].push_back(i);
  }
  return clips;
}

HeldOutSplit WithClips(const std::vector<FaceRecord>& records, const Clips& clips, const std::set<std::string>& chosen) {
  std::set<std::string> sources;
  for (const std::string& clip : chosen) {
    for (const size_t i : clips.at(clip)) sources.insert(records[i].source);
  }
  return WithSources(records, sources);
}

/// In the order of the ids, each that still fits under the share.
std::set<std::string> DrawClips(const Clips& clips, int64_t most) {
  std::set<std::string> drawn;
  int64_t sum = 0;
  for (const auto& [id, faces] : clips) {
    const auto count = static_cast<int64_t>(faces.size());
    if (sum + count > most) continue;
    sum += count;
    drawn.insert(id);
  }
  return drawn;
}

/// The set whose number of faces is nearest to `wanted` and at most `most` (subset sum; ties: fewer faces).
std::set<std::string> NearestClips(const Clips& clips, int64_t wanted, int64_t most) {
  // from[s]: the clip that completed the sum s, the first time it was reached.
  std::vector<std::optional<std::pair<std::string, int64_t>>> from(static_cast<size_t>(most) + 1);
  for (const auto& [id, faces] : clips) {
    const auto count = static_cast<int64_t>(faces.size());
    for (int64_t sum = most; sum >= count; --sum) {
      const bool reachable = sum == count || from[static_cast<size_t>(sum - count)].has_value();
      auto& entry = from[static_cast<size_t>(sum)];
      if (reachable && !entry) entry = {id, sum - count};
    }
  }
  int64_t best = 0;
  for (int64_t sum = 1; sum <= most; ++sum) {
    if (from[static_cast<size_t>(sum)] && std::abs(sum - wanted) < std::abs(best - wanted)) best = sum;
  }
  std::set<std::string> chosen;
  for (int64_t sum = best; sum > 0; sum = from[static_cast<size_t>(sum)]->second) {
    chosen.insert(from[static_cast<size_t>(sum)]->first);
  }
  return chosen;
}

int64_t CountOfClips(const Clips& clips, const std::set<std::string>& ids) {
  int64_t count = 0;
  for (const std::string& id : ids) count += static_cast<int64_t>(clips.at(id).size());
  return count;
}

/// Clips to hold out, or none where no set fits.
std::set<std::string> ChooseClips(const Clips& clips, int64_t total, int64_t wanted, int64_t most) {
  if (clips.size() < 2 || total < kFewestForClips || most < kFewestHeldOut) return {};
  const auto near = static_cast<int64_t>(kNearShare * static_cast<double>(total));
  std::set<std::string> chosen = DrawClips(clips, std::min(most, wanted + near));
  if (CountOfClips(clips, chosen) < wanted - near) chosen = NearestClips(clips, wanted, most);
  return CountOfClips(clips, chosen) >= kFewestHeldOut ? chosen : std::set<std::string>{};
}

/// The end of one clip's time; nullopt where too few faces would be left on either side.
std::optional<HeldOutSplit> WithClipEnd(const std::vector<FaceRecord>& records, const std::vector<size_t>& clip,
                                        int64_t fewest_training) {
  const auto by_time = [&](size_t a, size_t b) { return records[a].seconds < records[b].seconds; };
  const auto [earliest, latest] = std::minmax_element(clip.begin(), clip.end(), by_time);  // of all its ranges
  const double first = records[*earliest].seconds, last = records[*latest].seconds;
  const double tenth = kShare * (last - first), cut = last - tenth;
  const double gap = std::min(kHeldOutGapSeconds, tenth);  // a short clip cannot spare 2 s
  const std::set<size_t> of_clip(clip.begin(), clip.end());
  HeldOutSplit split;
  split.same_clip = true;
  for (size_t i = 0; i < records.size(); ++i) {
    const double seconds = records[i].seconds;
    if (!of_clip.contains(i) || seconds < cut - gap) {
      split.training.push_back(i);
    } else if (seconds >= cut) {
      split.held_out.push_back(i);
    }
  }
  const auto held_out = static_cast<int64_t>(split.held_out.size());
  const bool fits = held_out >= kFewestHeldOut && static_cast<int64_t>(split.training.size()) >= fewest_training &&
                    static_cast<double>(held_out) <= kMostShare * static_cast<double>(records.size());
  return fits ? std::optional(std::move(split)) : std::nullopt;
}

}  // namespace

HeldOutSplit SplitHeldOut(const std::vector<FaceRecord>& records, const HeldOutRules& rules) {
  const Clips clips = GroupByClip(records, rules.clip_of);
  if (!rules.marked.empty()) {
    HeldOutSplit split = WithSources(records, rules.marked);
    split.same_clip = std::any_of(clips.begin(), clips.end(), [&](const auto& clip) {
      const auto held_out = [&](size_t i) { return rules.marked.contains(records[i].source); };
      const auto count = std::count_if(clip.second.begin(), clip.second.end(), held_out);
      return count > 0 && static_cast<size_t>(count) < clip.second.size();
    });
    return split;
  }
  if (!rules.automatic || records.empty()) return WithSources(records, {});
  const auto total = static_cast<int64_t>(records.size());
  const int64_t fewest_training = std::max(rules.fewest_training, std::min(kTrainingFaces, total / 2));
  const int64_t most =
      std::min(static_cast<int64_t>(kMostShare * static_cast<double>(total)), total - fewest_training);
  const auto wanted = static_cast<int64_t>(std::lround(kShare * static_cast<double>(total)));
  const std::set<std::string> chosen = ChooseClips(clips, total, wanted, most);
  // A handful of faces of one short clip says less than a tenth of a long one.
  if (2 * CountOfClips(clips, chosen) < wanted && total >= kFewestForClipEnd) {
    const auto longest = std::max_element(clips.begin(), clips.end(), [](const auto& a, const auto& b) {
      return a.second.size() < b.second.size();
    });
    if (auto split = WithClipEnd(records, longest->second, fewest_training)) return std::move(*split);
  }
  return WithClips(records, clips, chosen);
}

}  // namespace reelswap
