#include "pipeline/track_prominence.h"

#include <algorithm>
#include <numeric>

namespace reelswap {
namespace {

constexpr double kLikeProminence = 0.6;  // of the more prominent one: nearer than that two faces compete
constexpr int64_t kBriefly = 12;         // frames that a face lost and found elsewhere may seem to be twice in the picture

bool OverlapMatters(const TrackPlace& a, const TrackPlace& b) {
  if (!Overlap(a, b)) return false;
  const int64_t common = std::min(a.last, b.last) - std::max(a.first, b.first) + 1;
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
