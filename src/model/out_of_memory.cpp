#include "model/out_of_memory.h"

#include <new>
#include <string>

namespace reelswap {

bool IsOutOfMemory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
  const std::string text = error.what();
  for (const char* sign : {"out of memory", "not enough memory", "DefaultCPUAllocator", "can't allocate memory",
                           "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED"}) {
    if (text.find(sign) != std::string::npos) return true;
  }
  return false;
}

}  // namespace reelswap
