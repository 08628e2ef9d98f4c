#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace reelswap {

/// Text that every container and XML can hold: bytes that are not UTF-8 become U+FFFD, control
/// characters become spaces, and what is longer than max_bytes is cut between two characters.
/// Names come from strangers' videos, so nothing about them is taken for granted. Thread-safe.
std::string PlainText(std::string_view text, size_t max_bytes);

}  // namespace reelswap
