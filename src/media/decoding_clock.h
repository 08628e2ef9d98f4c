#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace reelswap {

/// Gives the packets of a video decoding times that strictly increase and never lie after the presentation
/// time, when all that is known are presentation times: packet i is decoded when frame i - depth is shown,
/// and the first ones as much before the first frame as frame `depth` comes after it.
class DecodingClock {
 public:
  /// How far packets of one closed run of frames come before their place in presentation order, at most.
  /// pts: in decoding order.
  static int DepthOf(std::span<const int64_t> pts);

  /// depth: the largest DepthOf of all runs. head: the first depth + 1 presentation times of the video or
  /// more, sorted.
  DecodingClock(int depth, std::span<const int64_t> head);
  /// The next run's presentation times, sorted. Before its packets' Next().
  void Add(std::span<const int64_t> sorted_pts);
  /// Decoding time of the next packet.
  int64_t Next();

 private:
  int depth_;
  std::vector<int64_t> head_;
  std::deque<int64_t> shown_;  // presentation times not yet used
  int64_t next_ = 0;           // number of the next packet
};

}  // namespace reelswap
