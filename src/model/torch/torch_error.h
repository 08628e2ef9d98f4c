#pragma once

#include <c10/util/Exception.h>

#include <string>
#include <utility>

#include "core/error.h"

namespace reelswap {

/// Runs `work` and turns LibTorch's own exceptions (out of memory, CUDA faults), whose text is a page of
/// addresses, into one sentence.
template <typename Work>
auto WithTorchErrors(const std::string& what, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const c10::Error& e) {
    const std::string text = e.what_without_backtrace();
    throw Error(ErrorKind::kModel, what + " failed in LibTorch: " + text.substr(0, text.find('\n')) +
                                       " (if memory ran out, lower train.batch)");
  }
}

}  // namespace reelswap
