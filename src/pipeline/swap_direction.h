#pragma once

#include <string>

namespace reelswap {

struct SwapDirection {
  std::string from;  ///< whose face is replaced
  std::string to;    ///< whose face it gets
  bool operator==(const SwapDirection&) const = default;
};

}  // namespace reelswap
