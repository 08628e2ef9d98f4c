#include "model/torch/tensor_memory.h"

#include <c10/core/CPUAllocator.h>
#include <malloc.h>
#include <sys/mman.h>
#include <torch/version.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>
#include <unordered_map>
#include <vector>

namespace reelswap {
namespace {

constexpr size_t kSmall = size_t{64} << 10;     // below it malloc is as good
constexpr size_t kHugePage = size_t{2} << 20;   // of x86-64 and most others
constexpr size_t kHeader = 64;                  // bytes in front of a block; keeps the alignment vectors want

/// In front of every block: the deleter gets nothing but an address.
struct Header {
  size_t mapped = 0;  ///< bytes of the mapping, 0 for a block of malloc
};
static_assert(sizeof(Header) <= kHeader);

/// Rounded up to eighths of a power of two: batches of nearly the same size share blocks.
size_t Rounded(size_t bytes) {
  const size_t step = std::max(std::bit_floor(bytes) / 8, size_t{4096});
  return (bytes + step - 1) / step * step;
}

/// Freed blocks by size. Never destroyed: tensors of static lifetime may come back late.
class FreeBlocks {
 public:
  void* Take(size_t mapped) {
    const std::lock_guard lock(mutex_);
    const auto found = blocks_.find(mapped);
    if (found == blocks_.end() || found->second.empty()) return nullptr;
    void* block = found->second.back();
    found->second.pop_back();
    return block;
  }
  void Keep(void* block, size_t mapped) noexcept {
    const std::lock_guard lock(mutex_);
    try {
      blocks_[mapped].push_back(block);
    } catch (const std::bad_alloc&) {  // no room even for the list: then not kept
      munmap(block, mapped);
    }
  }
  void ReleaseAll() {
    const std::lock_guard lock(mutex_);
    for (auto& [mapped, list] : blocks_) {
      for (void* block : list) munmap(block, mapped);
    }
    blocks_.clear();
  }

 private:
  std::mutex mutex_;
  std::unordered_map<size_t, std::vector<void*>> blocks_;
};

FreeBlocks& Free() {
  static FreeBlocks* blocks = new FreeBlocks;
  return *blocks;
}

void* Map(size_t bytes) {
  void* block = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) return nullptr;
  if (bytes >= kHugePage) madvise(block, bytes, MADV_HUGEPAGE);  // a wish: failure changes nothing but speed
  return block;
}

void Delete(void* data) {
  if (data == nullptr) return;
  void* block = static_cast<char*>(data) - kHeader;
  const size_t mapped = static_cast<const Header*>(block)->mapped;
  if (mapped == 0) {
    std::free(block);
  } else {
    Free().Keep(block, mapped);
  }
}

class KeepingAllocator final : public c10::Allocator {
 public:
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 3)
  c10::DataPtr allocate(size_t bytes) override { return Allocate(bytes); }
  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }
#else
  c10::DataPtr allocate(size_t bytes) const override { return Allocate(bytes); }
#endif
  c10::DeleterFnPtr raw_deleter() const override { return &Delete; }

 private:
  static c10::DataPtr Allocate(size_t bytes) {
    if (bytes == 0) return {nullptr, nullptr, &Delete, c10::Device(c10::DeviceType::CPU)};
    void* block = nullptr;
    size_t mapped = 0;
    if (bytes < kSmall) {
      block = std::aligned_alloc(kHeader, (bytes + 2 * kHeader - 1) / kHeader * kHeader);
    } else {
      mapped = Rounded(bytes + kHeader);
      block = Free().Take(mapped);
      if (block == nullptr) block = Map(mapped);
      if (block == nullptr) {  // perhaps blocks of other sizes are what is in the way
        Free().ReleaseAll();
        block = Map(mapped);
      }
    }
    if (block == nullptr) throw std::bad_alloc();  // what a training answers by cutting its batch
    new (block) Header{mapped};
    void* data = static_cast<char*>(block) + kHeader;
    return {data, data, &Delete, c10::Device(c10::DeviceType::CPU)};
  }
};

}  // namespace

void ReleaseTensorMemory() {
  Free().ReleaseAll();
  malloc_trim(0);
}

void KeepTensorMemory() {
  static const bool kOnce = [] {
    static KeepingAllocator* allocator = new KeepingAllocator;
    c10::SetCPUAllocator(allocator);
    // What oneDNN and OpenMP take by malloc stays with the process as well (32 MiB is the largest value glibc takes).
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 512 << 20);
    mallopt(M_TOP_PAD, 64 << 20);
    return true;
  }();
  (void)kOnce;
}

}  // namespace reelswap
