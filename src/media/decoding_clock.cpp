#include "media/decoding_clock.h"

#include <algorithm>
#include <stdexcept>

namespace reelswap {

int DecodingClock::DepthOf(std::span<const int64_t> pts) {
  std::vector<int64_t> sorted(pts.begin(), pts.end());
  std::sort(sorted.begin(), sorted.end());
  int64_t depth = 0;
  for (size_t i = 0; i < pts.size(); ++i) {
    const auto place = std::lower_bound(sorted.begin(), sorted.end(), pts[i]) - sorted.begin();
    depth = std::max(depth, static_cast<int64_t>(i) - place);
  }
  return static_cast<int>(depth);
}

DecodingClock::DecodingClock(int depth, std::span<const int64_t> head) : depth_(depth) {
  if (static_cast<int64_t>(head.size()) <= depth)
    throw std::invalid_argument("DecodingClock: head is too short");
  head_.assign(head.begin(), head.begin() + depth + 1);
}

void DecodingClock::Add(std::span<const int64_t> sorted_pts) {
  shown_.insert(shown_.end(), sorted_pts.begin(), sorted_pts.end());
}

int64_t DecodingClock::Next() {
  const int64_t number = next_++;
  if (number < depth_) return head_[static_cast<size_t>(number)] - (head_.back() - head_.front());
  if (shown_.empty()) throw std::invalid_argument("DecodingClock: more packets than frames");
  const int64_t time = shown_.front();
  shown_.pop_front();
  return time;
}

}  // namespace reelswap
