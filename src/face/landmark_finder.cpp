#include "face/landmark_finder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <map>
#include <mutex>
#include <new>
#include <stdexcept>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "core/error.h"
#include "face/dlib_room.h"

// The hot loops are compiled twice, for AVX2 and for every x86-64, and the processor chooses when the program starts.
// Without FMA, as in core/row_loop.h: landmarks must not depend on the machine.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define REELSWAP_FAST_LOOP __attribute__((target_clones("avx2", "default"), optimize("O3")))
#else
#define REELSWAP_FAST_LOOP
#endif

namespace reelswap {
namespace {

constexpr int kNumbers = 2 * kLandmarkCount;  // of one shape: x, y, x, y ...
constexpr int kMostPixels = 2048;             // of one level; the usual weights have 500
constexpr float kFarAway = 1e6f;             // px
constexpr size_t kCacheLine = 64, kHugePage = size_t{2} << 20;

/// A split packed into eight bytes. Differences of 8-bit px are whole numbers, so the threshold may be one.
struct Node {
  uint16_t first, second;
  int32_t threshold;  ///< left child where first - second > threshold
};

struct FreeBlock {
  void operator()(int16_t* p) const { std::free(p); }
};
using LeafBlock = std::unique_ptr<int16_t, FreeBlock>;

/// Leaves are read all over 32 MiB: on large pages that does not also miss the table of pages.
LeafBlock AllocateLeaves(size_t numbers) {
  const size_t bytes = (numbers * sizeof(int16_t) + kHugePage - 1) / kHugePage * kHugePage;
  LeafBlock block(static_cast<int16_t*>(std::aligned_alloc(kHugePage, bytes)));
  if (!block) throw std::bad_alloc();
#if defined(__linux__)
  (void)madvise(block.get(), bytes, MADV_HUGEPAGE);  // a hint; ordinary pages do as well
#endif
  return block;
}

struct Level {
  std::vector<uint16_t> anchors;
  std::vector<float> offset_x, offset_y;
  std::vector<Node> nodes;        ///< tree by tree
  const int16_t* leaves = nullptr;  ///< tree by tree, leaf by leaf
  float unit = 0;                   ///< what a leaf's number counts, in box sides
  int trees = 0;
};

/// From the mean shape's coordinates to px: x' = a x - b y and so on, then the box.
struct Turn {
  float a = 1, b = 0;
};

struct Placement {
  float left, top, width, height;
};

/// Offsets of the px in the picture, -1 for those outside.
REELSWAP_FAST_LOOP
void PlacePixels(const float* offset_x, const float* offset_y, const float* anchor_x, const float* anchor_y, int count,
                 Turn turn, Placement at, int columns, int rows, int step, int* place) {
  for (int i = 0; i < count; ++i) {
    const float x = at.left + at.width * (turn.a * offset_x[i] - turn.b * offset_y[i] + anchor_x[i]);
    const float y = at.top + at.height * (turn.b * offset_x[i] + turn.a * offset_y[i] + anchor_y[i]);
    // Rounded by cutting off, which needs numbers above zero; beyond -1 all is outside anyway.
    const int column = static_cast<int>(std::min(std::max(x, -1.0f), kFarAway) + 1.5f) - 1;
    const int row = static_cast<int>(std::min(std::max(y, -1.0f), kFarAway) + 1.5f) - 1;
    const bool inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows);
    place[i] = inside ? row * step + column : -1;
  }
}

/// Which leaf each tree ends in; asks for its memory at once.
void WalkTrees(const Level& level, int depth, const int* brightness, const int16_t** leaves) {
  const int nodes = (1 << depth) - 1;
  const Node* tree = level.nodes.data();
  const int16_t* tree_leaves = level.leaves;
  for (int t = 0; t < level.trees; ++t, tree += nodes, tree_leaves += (nodes + 1) * kNumbers) {
    int at = 0;
    for (int d = 0; d < depth; ++d) {
      const Node& node = tree[at];
      at = 2 * at + 2 - (brightness[node.first] - brightness[node.second] > node.threshold);
    }
    const int16_t* leaf = tree_leaves + (at - nodes) * kNumbers;
    leaves[t] = leaf;
    const char* line = reinterpret_cast<const char*>(leaf);
    for (size_t b = 0; b < kNumbers * sizeof(int16_t) + kCacheLine - 16; b += kCacheLine) __builtin_prefetch(line + b);
  }
}

REELSWAP_FAST_LOOP
void SumLeaves(const int16_t* const* leaves, int count, int* sums) {
  for (int i = 0; i < kNumbers; ++i) sums[i] = 0;
  int t = 0;
  for (; t + 4 <= count; t += 4) {
    const int16_t *a = leaves[t], *b = leaves[t + 1], *c = leaves[t + 2], *d = leaves[t + 3];
    for (int i = 0; i < kNumbers; ++i) sums[i] += a[i] + b[i] + c[i] + d[i];
  }
  for (; t < count; ++t) {
    for (int i = 0; i < kNumbers; ++i) sums[i] += leaves[t][i];
  }
}

using Shape = std::array<cv::Point2f, kLandmarkCount>;

/// Least-squares similarity of one shape onto another (Umeyama 1991, no reflection).
struct Similarity {
  float a = 1, b = 0;  ///< x' = a x - b y, y' = b x + a y, both about the means
  cv::Point2f from, to;
  cv::Point2f operator()(cv::Point2f p) const {
    p -= from;
    return {a * p.x - b * p.y + to.x, b * p.x + a * p.y + to.y};
  }
};

Similarity Fit(const Shape& from, const Shape& to) {
  cv::Point2d from_mean, to_mean;
  for (int i = 0; i < kLandmarkCount; ++i) from_mean += cv::Point2d(from[i]), to_mean += cv::Point2d(to[i]);
  from_mean *= 1.0 / kLandmarkCount;
  to_mean *= 1.0 / kLandmarkCount;
  double dot = 0, cross = 0, square = 0;
  for (int i = 0; i < kLandmarkCount; ++i) {
    const cv::Point2d f = cv::Point2d(from[i]) - from_mean, t = cv::Point2d(to[i]) - to_mean;
    dot += f.dot(t);
    cross += f.cross(t);
    square += f.dot(f);
  }
  return {static_cast<float>(dot / square), static_cast<float>(cross / square), from_mean, to_mean};
}

void Require(bool sound) {
  if (!sound) throw std::invalid_argument("a landmark cascade contradicts itself");
}

}  // namespace

struct LandmarkFinder::Impl {
  Shape mean;
  int depth = 0;
  std::vector<Level> levels;
  LeafBlock leaves;

  explicit Impl(const LandmarkCascade& cascade) : depth(cascade.depth) {
    Require(cascade.mean_shape.size() == kLandmarkCount && depth >= 1 && depth <= 12);
    std::copy(cascade.mean_shape.begin(), cascade.mean_shape.end(), mean.begin());
    size_t numbers = 0;
    for (const auto& level : cascade.levels) numbers += level.leaves.size();
    leaves = AllocateLeaves(std::max<size_t>(numbers, 1));
    int16_t* place = leaves.get();
    for (const auto& level : cascade.levels) {
      levels.push_back(Pack(level, place));
      place += level.leaves.size();
    }
  }

  Level Pack(const LandmarkCascade::Level& level, int16_t* place) const {
    const size_t nodes = (size_t{1} << depth) - 1, pixels = level.anchors.size();
    Level packed;
    packed.trees = static_cast<int>(level.splits.size() / nodes);
    Require(level.splits.size() == packed.trees * nodes && level.offsets.size() == pixels && pixels <= kMostPixels &&
            level.leaves.size() == packed.trees * (nodes + 1) * kNumbers);
    packed.anchors = level.anchors;
    for (const auto anchor : level.anchors) Require(anchor < kLandmarkCount);
    for (const auto& offset : level.offsets) packed.offset_x.push_back(offset.x), packed.offset_y.push_back(offset.y);
    for (const auto& split : level.splits) {
      Require(split.first < pixels && split.second < pixels);
      const float threshold = std::clamp(std::floor(split.threshold), -512.0f, 512.0f);
      packed.nodes.push_back({split.first, split.second, static_cast<int32_t>(threshold)});
    }
    float largest = 1e-9f;
    for (const float v : level.leaves) {
      Require(std::isfinite(v));
      largest = std::max(largest, std::abs(v));
    }
    packed.unit = largest / 32767;
    packed.leaves = place;
    const float units = 1 / packed.unit;
    for (const float v : level.leaves) *place++ = static_cast<int16_t>(v * units + std::copysign(0.5f, v));
    return packed;
  }
};

LandmarkFinder::LandmarkFinder(const LandmarkCascade& cascade) : impl_(std::make_unique<Impl>(cascade)) {}
LandmarkFinder::~LandmarkFinder() = default;

std::shared_ptr<const LandmarkFinder> LandmarkFinder::Load(const std::string& path) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const LandmarkFinder>> loaded;
  const std::lock_guard lock(mutex);
  auto& slot = loaded[path];
  if (slot) return slot;
  try {
    slot = std::make_shared<const LandmarkFinder>(ReadLandmarkCascade(path));
  } catch (const std::invalid_argument& e) {
    throw Error(ErrorKind::kMissingTool,
                fmt::format("cannot use the landmark weights {}: {} (install the package libdlib-data again, or name "
                            "another file in REELSWAP_LANDMARKS)", path, e.what()));
  }
  return slot;
}

Landmarks LandmarkFinder::Find(const cv::Mat& gray, const cv::Rect2f& box) const {
  if (gray.empty() || gray.type() != CV_8UC1) throw std::invalid_argument("a picture of a face must be CV_8UC1 and not empty");
  // As in dlib: the unit square reaches from the centre of the box's first px to the centre of its last.
  const Placement at{box.x, box.y, box.width - 1, box.height - 1};
  Shape shape = impl_->mean;
  float anchor_x[kMostPixels], anchor_y[kMostPixels];
  int place[kMostPixels], brightness[kMostPixels], sums[kNumbers];
  std::vector<const int16_t*> leaves;
  for (const auto& level : impl_->levels) {
    const int pixels = static_cast<int>(level.anchors.size());
    for (int i = 0; i < pixels; ++i) {
      anchor_x[i] = shape[level.anchors[i]].x;
      anchor_y[i] = shape[level.anchors[i]].y;
    }
    const auto fit = Fit(impl_->mean, shape);
    PlacePixels(level.offset_x.data(), level.offset_y.data(), anchor_x, anchor_y, pixels, {fit.a, fit.b}, at, gray.cols,
                gray.rows, static_cast<int>(gray.step), place);
    for (int i = 0; i < pixels; ++i) brightness[i] = place[i] < 0 ? 0 : gray.data[place[i]];
    leaves.resize(level.trees);
    WalkTrees(level, impl_->depth, brightness, leaves.data());
    SumLeaves(leaves.data(), level.trees, sums);
    for (int i = 0; i < kLandmarkCount; ++i) {
      shape[i] += cv::Point2f(sums[2 * i] * level.unit, sums[2 * i + 1] * level.unit);
    }
  }
  Landmarks points;
  for (int i = 0; i < kLandmarkCount; ++i) points[i] = {at.left + at.width * shape[i].x, at.top + at.height * shape[i].y};
  return points;
}

cv::Rect2f LandmarkFinder::BoxAround(const Landmarks& landmarks) const {
  const auto fit = Fit(impl_->mean, landmarks);
  const float side = std::hypot(fit.a, fit.b);
  const cv::Point2f centre = fit({0.5f, 0.5f});
  return {centre.x - side / 2, centre.y - side / 2, side + 1, side + 1};
}

float LandmarkFinder::Roll(const Landmarks& landmarks) const {
  const auto fit = Fit(impl_->mean, landmarks);
  return std::atan2(fit.b, fit.a);
}

float LandmarkFinder::Strangeness(const Landmarks& landmarks) const {
  const auto fit = Fit(impl_->mean, landmarks);
  const float side = std::hypot(fit.a, fit.b);
  double sum = 0;
  for (int i = 0; i < kLandmarkCount; ++i) {
    const cv::Point2f d = fit(impl_->mean[i]) - landmarks[i];
    sum += d.dot(d);
  }
  return side > 0 ? static_cast<float>(std::sqrt(sum / kLandmarkCount)) / side : 1.0f;
}

}  // namespace reelswap
