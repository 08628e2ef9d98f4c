#include "compose/side_by_side.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <opencv2/core.hpp>
#include <stdexcept>

namespace reelswap {
namespace {

constexpr float kCaptionOpacity = 0.9f;
constexpr size_t kAlignment = 64;  // bytes: one cache line, and what wide vector loads of encoders like

size_t AlignedUp(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

int RoundedUp(int size, int chroma_shift) {
  const int unit = 1 << chroma_shift;
  return (size + unit - 1) / unit * unit;
}

// Planes without content: every sample is written by the copies that follow, so clearing them
// first would only cost time.
Frame Uninitialised(const FrameFormat& format, int64_t index, int64_t pts) {
  FramePlanes planes;
  size_t total = kAlignment;
  std::array<size_t, 3> offsets{};
  for (int p = 0; p < format.PlaneCount(); ++p) {
    const cv::Size size = format.PlaneSize(p);
    const size_t stride = AlignedUp(static_cast<size_t>(size.width) * format.BytesPerSample());
    planes.stride_bytes[p] = static_cast<int>(stride);
    offsets[p] = total - kAlignment;
    total += stride * size.height;
  }
  std::shared_ptr<uint8_t[]> memory(new uint8_t[total]);
  const size_t start =
      AlignedUp(reinterpret_cast<size_t>(memory.get())) - reinterpret_cast<size_t>(memory.get());
  for (int p = 0; p < format.PlaneCount(); ++p) planes.data[p] = memory.get() + start + offsets[p];
  planes.owner = std::shared_ptr<const void>(memory, memory.get());
  return Frame(format, std::move(planes), index, pts);
}

// Copies a plane to its place; what the place has more (odd sizes) repeats the last column and row.
void CopyPlane(const cv::Mat& from, cv::Mat to) {
  from.copyTo(to(cv::Rect(0, 0, from.cols, from.rows)));
  for (int x = from.cols; x < to.cols; ++x) from.col(from.cols - 1).copyTo(to(cv::Rect(x, 0, 1, from.rows)));
  for (int y = from.rows; y < to.rows; ++y) to.row(from.rows - 1).copyTo(to.row(y));
}

cv::Point SecondAt(const FrameFormat& one, SideBySideLayout layout) {
  if (layout == SideBySideLayout::kHorizontal) {
    return {RoundedUp(one.width, one.gray ? 0 : one.chroma_shift_x), 0};
  }
  return {0, RoundedUp(one.height, one.gray ? 0 : one.chroma_shift_y)};
}

TextPatch Caption(const std::string& text, cv::Size half, Corner corner) {
  return RenderLabel(text, half, corner, kCaptionOpacity);
}

}  // namespace

FrameFormat SideBySideFormat(const FrameFormat& one, SideBySideLayout layout) {
  FrameFormat combined = one;
  const cv::Point second_at = SecondAt(one, layout);
  if (layout == SideBySideLayout::kHorizontal) {
    combined.width = 2 * second_at.x;
  } else {
    combined.height = 2 * second_at.y;
  }
  return combined;
}

SideBySideComposer::SideBySideComposer(const FrameFormat& one, SideBySideLayout layout,
                                       const std::string& first_caption, const std::string& second_caption,
                                       Corner corner)
    : one_(one), combined_(SideBySideFormat(one, layout)), second_at_(SecondAt(one, layout)) {
  if (one.width <= 0 || one.height <= 0) throw std::invalid_argument("side by side: a frame without pixels");
  const cv::Size half(one.width, one.height);
  captions_ = {Caption(first_caption, half, corner), Caption(second_caption, half, corner)};
  captions_[1].roi += second_at_;
  if (captions_[1].bgr.empty()) captions_[1].roi = {};
}

Frame SideBySideComposer::Combine(const Frame& first, const Frame& second) const {
  if (first.empty() || second.empty() || !(first.format() == one_) || !(second.format() == one_)) {
    throw std::invalid_argument("side by side: two frames of the announced format expected");
  }
  Frame combined = Uninitialised(combined_, first.index(), first.pts());
  const bool horizontal = second_at_.x > 0;
  for (int p = 0; p < one_.PlaneCount(); ++p) {
    cv::Mat plane = combined.Plane(p);
    const int middle = (horizontal ? plane.cols : plane.rows) / 2;
    const cv::Rect whole(0, 0, plane.cols, plane.rows);
    const cv::Rect half =
        horizontal ? cv::Rect(0, 0, middle, plane.rows) : cv::Rect(0, 0, plane.cols, middle);
    CopyPlane(first.Plane(p), plane(half));
    CopyPlane(second.Plane(p),
              plane((half + (horizontal ? cv::Point(middle, 0) : cv::Point(0, middle))) & whole));
  }
  for (const TextPatch& caption : captions_) DrawLabel(combined, caption);
  return combined;
}

Frame SideBySide(const Frame& first, const Frame& second, SideBySideLayout layout,
                 const std::string& first_caption, const std::string& second_caption) {
  return SideBySideComposer(first.format(), layout, first_caption, second_caption).Combine(first, second);
}

cv::Mat SideBySidePhotos(const cv::Mat& first, const cv::Mat& second, SideBySideLayout layout,
                         const std::string& first_caption, const std::string& second_caption, Corner corner) {
  if (first.empty() || first.type() != CV_8UC3 || second.type() != CV_8UC3 || first.size() != second.size()) {
    throw std::invalid_argument("side by side: two CV_8UC3 photos of equal size expected");
  }
  cv::Mat left = first.clone(), right = second.clone();
  DrawLabel(left, Caption(first_caption, first.size(), corner));
  DrawLabel(right, Caption(second_caption, second.size(), corner));
  cv::Mat combined;
  if (layout == SideBySideLayout::kHorizontal) {
    cv::hconcat(left, right, combined);
  } else {
    cv::vconcat(left, right, combined);
  }
  return combined;
}

}  // namespace reelswap
