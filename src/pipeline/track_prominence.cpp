#include "pipeline/track_prominence.h"

#include <algorithm>
#include <numeric>

namespace reelswap {
namespace {

constexpr double kLikeProminence = 0.6;  // of the more prominent one: nearer than that two faces compete
constexpr int64_t kBriefly = 12;         // frames that a face lost and found elsewhere may seem to be twice in the picture

bool OverlapMatters(const TrackPlace& a, const TrackPlace& b) {
  const int64_t common = CommonFrames(a, b);
  return common > kBriefly || common > std::min(a.frames, b.frames) / 5;
}

std::vector<double> ProminenceOfChains(const std::vector<TrackPlace>& places, const std::vector<int64_t>& next,
                                       const std::vector<int64_t>& previous) {
  std::vector<double> prominence(places.size(), 0);
  for (size_t i = 0; i < places.size(); ++i) {
    if (previous[i] >= 0) continue;
    std::vector<size_t> chain;
    for (auto at = static_cast<int64_t>(i); at >= 0; at = next[static_cast<size_t>(at)]) chain.push_back(static_cast<size_t>(at));
    double sum = 0;
    for (const size_t part : chain) sum += ProminenceOf(places[part]);
    for (const size_t part : chain) prominence[part] = sum;
  }
  return prominence;
}

}  // namespace

std::vector<std::pair<int64_t, int64_t>> CommonStretches(const TrackPlace& a, const TrackPlace& b) {
  if (!Overlap(a, b)) return {};
  std::vector<std::pair<int64_t, int64_t>> holes = a.holes;
  holes.insert(holes.end(), b.holes.begin(), b.holes.end());
  std::sort(holes.begin(), holes.end());
  std::vector<std::pair<int64_t, int64_t>> stretches;
  const int64_t last = std::min(a.last, b.last);
  int64_t start = std::max(a.first, b.first);
  for (const auto& [hole_first, hole_last] : holes) {
    if (hole_first > last) break;
    if (hole_first > start) stretches.emplace_back(start, hole_first - 1);
    start = std::max(start, hole_last + 1);
  }
  if (start <= last) stretches.emplace_back(start, last);
  return stretches;
}

int64_t CommonFrames(const TrackPlace& a, const TrackPlace& b) {
  int64_t frames = 0;
  for (const auto& [first, last] : CommonStretches(a, b)) frames += last - first + 1;
  return frames;
}

ProminentTracks MostProminentTracks(const std::vector<TrackPlace>& places, const std::vector<int64_t>& next,
                                    const std::vector<int64_t>& previous) {
  const std::vector<double> prominence = ProminenceOfChains(places, next, previous);
  std::vector<size_t> order(places.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return prominence[a] > prominence[b]; });
  ProminentTracks result;
  for (const size_t i : order) {
    const auto rival = std::find_if(result.taken.begin(), result.taken.end(),
                                    [&](size_t t) { return OverlapMatters(places[i], places[t]); });
    if (rival == result.taken.end()) {
      result.taken.push_back(i);
    } else if (prominence[i] > kLikeProminence * prominence[*rival] && !result.rivals) {
      result.rivals = {i, *rival};
    }
  }
  return result;
}

}  // namespace reelswap
