#include "core/frame_pool.h"

#include <algorithm>
#include <mutex>
#include <new>
#include <stdexcept>
#include <vector>

namespace reelswap {
namespace {

constexpr std::align_val_t kAlignment{64};  // a cache line, and the widest vector

struct Release {
  void operator()(uint8_t* memory) const { ::operator delete[](memory, kAlignment); }
};

struct Buffer {
  std::unique_ptr<uint8_t[], Release> memory;
  size_t bytes = 0;
};

Buffer NewBuffer(size_t bytes) {
  return {std::unique_ptr<uint8_t[], Release>(static_cast<uint8_t*>(::operator new[](bytes, kAlignment))), bytes};
}

size_t RoundedUp(size_t bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace

struct FramePool::Store {
  explicit Store(int64_t most) : most_idle(most) {}

  std::mutex mutex;
  const int64_t most_idle;
  int64_t idle = 0;
  int64_t taken = 0;
  std::vector<Buffer> buffers;  // idle, the latest used last: it may still be in a cache

  Buffer Take(size_t bytes) {
    {
      const std::lock_guard lock(mutex);
      for (size_t i = buffers.size(); i-- > 0;) {
        if (buffers[i].bytes != bytes) continue;
        Buffer found = std::move(buffers[i]);
        buffers.erase(buffers.begin() + static_cast<std::ptrdiff_t>(i));
        idle -= static_cast<int64_t>(bytes);
        return found;
      }
      ++taken;
    }
    return NewBuffer(bytes);
  }

  void Return(Buffer buffer) noexcept {
    const std::lock_guard lock(mutex);
    const auto bytes = static_cast<int64_t>(buffer.bytes);
    if (bytes > most_idle) return;
    try {
      buffers.push_back(std::move(buffer));
    } catch (const std::bad_alloc&) {
      return;  // freed instead of kept: nothing is lost but the time to take another
    }
    idle += bytes;
    while (idle > most_idle) {
      idle -= static_cast<int64_t>(buffers.front().bytes);
      buffers.erase(buffers.begin());
    }
  }
};

FramePool::FramePool(int64_t idle_bytes) : store_(std::make_shared<Store>(idle_bytes)) {
  if (idle_bytes < 0) throw std::invalid_argument("frame pool: a number of bytes of at least 0 expected");
}

Frame FramePool::Uninitialised(const FrameFormat& format, int64_t index, int64_t pts) {
  FramePlanes planes;
  std::array<size_t, 3> offsets{};
  size_t bytes = 0;
  for (int p = 0; p < format.PlaneCount(); ++p) {
    const cv::Size size = format.PlaneSize(p);
    const size_t stride = RoundedUp(static_cast<size_t>(size.width) * static_cast<size_t>(format.BytesPerSample()));
    planes.stride_bytes[static_cast<size_t>(p)] = static_cast<int>(stride);
    offsets[static_cast<size_t>(p)] = bytes;
    bytes += stride * static_cast<size_t>(size.height);
  }
  bytes += 64;  // encoders' vector loops may read a little beyond the last row
  // Gives its buffer back; holds the store, so that a pool may go before its frames.
  struct Lease {
    Lease(std::shared_ptr<Store> s, Buffer b) : store(std::move(s)), buffer(std::move(b)) {}
    ~Lease() { store->Return(std::move(buffer)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    std::shared_ptr<Store> store;
    Buffer buffer;
  };
  const auto lease = std::make_shared<Lease>(store_, store_->Take(bytes));
  for (size_t p = 0; p < static_cast<size_t>(format.PlaneCount()); ++p) {
    planes.data[p] = lease->buffer.memory.get() + offsets[p];
  }
  planes.owner = lease;
  return {format, std::move(planes), index, pts};
}

int64_t FramePool::idle_bytes() const {
  const std::lock_guard lock(store_->mutex);
  return store_->idle;
}

int64_t FramePool::taken() const {
  const std::lock_guard lock(store_->mutex);
  return store_->taken;
}

}  // namespace reelswap
