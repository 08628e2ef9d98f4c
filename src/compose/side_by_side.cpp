#include "compose/side_by_side.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

namespace reelswap {
namespace {

constexpr float kCaptionOpacity = 0.9f;
constexpr double kWipeSeconds = 6;   // there and back: slow enough to look at both sides
constexpr double kWipeReach = 0.42;  // share of the width that the divider moves from the middle to each side
constexpr int kHeatOpacity = 166;    // of 255: the face stays recognisable below
constexpr int kIdleFrames = 4;       // kept for reuse: what usually waits between composing and encoding

int RoundedUp(int size, int chroma_shift) {
  const int unit = 1 << chroma_shift;
  return (size + unit - 1) / unit * unit;
}

// Copies a plane to its place; what the place has more (odd sizes) repeats the last column and row.
void CopyPlane(const cv::Mat& from, cv::Mat to) {
  from.copyTo(to(cv::Rect(0, 0, from.cols, from.rows)));
  for (int x = from.cols; x < to.cols; ++x) from.col(from.cols - 1).copyTo(to(cv::Rect(x, 0, 1, from.rows)));
  for (int y = from.rows; y < to.rows; ++y) to.row(from.rows - 1).copyTo(to.row(y));
}

cv::Size GridOf(SideBySideLayout layout, int pictures) {
  switch (layout) {
    case SideBySideLayout::kWipe:
      return {1, 1};
    case SideBySideLayout::kVertical:
      return {1, pictures};
    case SideBySideLayout::kHorizontal:
    case SideBySideLayout::kMask:
      return {pictures, 1};
    case SideBySideLayout::kCheckpoints:
      break;
  }
  const int columns = pictures <= 3 ? pictures : static_cast<int>(std::ceil(std::sqrt(pictures)));
  return {columns, (pictures + columns - 1) / columns};
}

/// From the beginning of one picture to the next, luma samples; the size itself where there is but one.
cv::Size StepOf(const FrameFormat& one, cv::Size grid) {
  return {grid.width > 1 ? RoundedUp(one.width, one.gray ? 0 : one.chroma_shift_x) : one.width,
          grid.height > 1 ? RoundedUp(one.height, one.gray ? 0 : one.chroma_shift_y) : one.height};
}

void CheckPictures(SideBySideLayout layout, size_t captions) {
  const bool fits = layout == SideBySideLayout::kCheckpoints ? captions >= 2
                    : layout == SideBySideLayout::kMask      ? captions == 3
                                                             : captions == 2;
  if (!fits) throw std::invalid_argument("side by side: the captions do not fit the layout");
}

Corner Mirrored(Corner corner) {
  switch (corner) {
    case Corner::kTopLeft:
      return Corner::kTopRight;
    case Corner::kTopRight:
      return Corner::kTopLeft;
    case Corner::kBottomLeft:
      return Corner::kBottomRight;
    case Corner::kBottomRight:
      break;
  }
  return Corner::kBottomLeft;
}

Corner OtherEdge(Corner corner) {
  switch (corner) {
    case Corner::kTopLeft:
      return Corner::kBottomLeft;
    case Corner::kTopRight:
      return Corner::kBottomRight;
    case Corner::kBottomLeft:
      return Corner::kTopLeft;
    case Corner::kBottomRight:
      break;
  }
  return Corner::kTopRight;
}

/// A caption for a picture of this size that lies at `at`; away from the label, or empty.
TextPatch Caption(const std::string& text, cv::Size size, cv::Point at, Corner corner, const cv::Rect& label) {
  for (const Corner tried : {corner, OtherEdge(corner)}) {
    TextPatch patch = RenderLabel(text, size, tried, kCaptionOpacity);
    if (patch.bgr.empty()) return {};
    patch.roi += at;
    if ((patch.roi & label).area() == 0) return patch;
  }
  return {};
}

/// The part of a caption inside a region on even coordinates.
TextPatch Clipped(const TextPatch& caption, const cv::Rect& region) {
  const cv::Rect kept = caption.roi & region;
  if (kept.empty()) return {};
  const cv::Rect part = kept - caption.roi.tl();
  return {kept, caption.bgr(part), caption.mask(part)};
}

/// A region of the frame in samples of a plane, outwards to whole samples.
cv::Rect InPlane(const cv::Rect& region, const FrameFormat& format, int plane) {
  const int sx = plane > 0 ? format.chroma_shift_x : 0, sy = plane > 0 ? format.chroma_shift_y : 0;
  const int right = RoundedUp(region.br().x, sx) >> sx, bottom = RoundedUp(region.br().y, sy) >> sy;
  const cv::Point at(region.x >> sx, region.y >> sy);
  return cv::Rect(at, cv::Point(right, bottom)) & cv::Rect(cv::Point(), format.PlaneSize(plane));
}

double Neutral(const FrameFormat& format) { return 1 << (format.bit_depth - 1); }
double BlackLevel(const FrameFormat& format) { return format.full_range ? 0 : 16 << (format.bit_depth - 8); }
double WhiteLevel(const FrameFormat& format) {
  return format.full_range ? (1 << format.bit_depth) - 1 : 235 << (format.bit_depth - 8);
}

void Fill(cv::Mat plane, int p, double luma, const FrameFormat& format) {
  plane.setTo(cv::Scalar(p == 0 ? luma : Neutral(format)));
}

/// Beginning of the divider: an even column. Starts near the left, where the result is seen.
int DividerAt(int width, double seconds) {
  if (!std::isfinite(seconds)) seconds = 0;
  const double swing = std::cos(2 * CV_PI * std::fmod(seconds, kWipeSeconds) / kWipeSeconds);
  return static_cast<int>(width * (0.5 - kWipeReach * swing)) & ~1;
}

int DividerWidth(int width) { return std::max(2, width / 480 & ~1); }

template <typename Sample>
void BlendHeat(cv::Mat plane, const cv::Mat& mask, const std::array<std::array<int, 3>, 256>& heat, int p) {
  for (int y = 0; y < plane.rows; ++y) {
    Sample* row = plane.ptr<Sample>(y);
    const uchar* levels = mask.ptr<uchar>(y);
    for (int x = 0; x < plane.cols; ++x) {
      const int level = levels[x];
      if (level == 0) continue;
      const int weight = level * kHeatOpacity / 255;
      row[x] = static_cast<Sample>((heat[level][p] * weight + row[x] * (255 - weight) + 127) / 255);
    }
  }
}

}  // namespace

FrameFormat SideBySideFormat(const FrameFormat& one, SideBySideLayout layout, int pictures) {
  const cv::Size grid = GridOf(layout, pictures), step = StepOf(one, grid);
  FrameFormat combined = one;
  combined.width = grid.width * step.width;
  combined.height = grid.height * step.height;
  return combined;
}

SideBySideComposer::SideBySideComposer(const FrameFormat& one, SideBySideLayout layout,
                                       const std::vector<std::string>& captions, Corner corner, const cv::Rect& label)
    : one_(one), layout_(layout) {
  if (one.width <= 0 || one.height <= 0) throw std::invalid_argument("side by side: a frame without pixels");
  CheckPictures(layout, captions.size());
  const int pictures = static_cast<int>(captions.size());
  grid_ = GridOf(layout, pictures);
  combined_ = SideBySideFormat(one, layout, pictures);
  pool_ = std::make_shared<FramePool>(kIdleFrames * combined_.Bytes());
  label_ = label & cv::Rect(0, 0, one.width, one.height);
  if (layout == SideBySideLayout::kWipe) {
    const int half = one.width / 2 & ~1;
    const cv::Size side(half, one.height);
    captions_ = {Caption(captions[0], side, {0, 0}, corner, label_),
                 Caption(captions[1], side, {(one.width - half) & ~1, 0}, Mirrored(corner), label_)};
    return;
  }
  for (size_t i = 0; i < captions.size(); ++i) {
    const bool labelled = i > 0 && !(layout == SideBySideLayout::kMask && i == 2);
    const cv::Point at = CellOf(i, 0).tl();
    captions_.push_back(Caption(captions[i], {one.width, one.height}, at, corner,
                                labelled ? label_ + at : cv::Rect()));
  }
  if (layout != SideBySideLayout::kMask) return;
  cv::Mat ramp(1, 256, CV_8UC1), colors;
  for (int level = 0; level < 256; ++level) ramp.at<uchar>(0, level) = static_cast<uchar>(level);
  cv::applyColorMap(ramp, colors, cv::COLORMAP_JET);
  cv::resize(colors, colors, {512, 2}, 0, 0, cv::INTER_NEAREST);  // two by two pixels each: one whole chroma sample
  FrameFormat strip = one;
  strip.width = colors.cols;
  strip.height = colors.rows;
  const Frame samples = Frame::FromBgr(colors, strip, 0, 0);
  for (int p = 0; p < one.PlaneCount(); ++p) {
    const cv::Mat plane = samples.Plane(p);
    for (int level = 0; level < 256; ++level) {
      const int x = 2 * level >> (p > 0 ? one.chroma_shift_x : 0);
      heat_.samples[level][p] = one.BytesPerSample() == 2 ? plane.at<uint16_t>(0, x) : plane.at<uchar>(0, x);
    }
  }
}

SideBySideComposer::SideBySideComposer(const FrameFormat& one, SideBySideLayout layout,
                                       const std::string& first_caption, const std::string& second_caption,
                                       Corner corner)
    : SideBySideComposer(one, layout, std::vector<std::string>{first_caption, second_caption}, corner) {}

/// Where a picture lies in a plane of the combined frame; the last of a row reaches to the end.
cv::Rect SideBySideComposer::CellOf(size_t picture, int plane) const {
  const cv::Size step = StepOf(one_, grid_);
  const int column = static_cast<int>(picture) % grid_.width, row = static_cast<int>(picture) / grid_.width;
  return InPlane({column * step.width, row * step.height, step.width, step.height}, combined_, plane);
}

Frame SideBySideComposer::Combine(std::span<const Frame> frames, const cv::Mat& mask, double seconds) const {
  const auto fits = [&](const Frame& frame) { return !frame.empty() && frame.format() == one_; };
  if (frames.size() != this->frames() || !std::all_of(frames.begin(), frames.end(), fits)) {
    throw std::invalid_argument(
        fmt::format("side by side: {} frames of the announced format expected", this->frames()));
  }
  Frame combined = pool_->Uninitialised(combined_, frames[0].index(), frames[0].pts());
  if (layout_ == SideBySideLayout::kWipe) {
    Wipe(combined, frames, seconds);
    return combined;
  }
  const size_t cells = static_cast<size_t>(grid_.area());
  for (int p = 0; p < one_.PlaneCount(); ++p) {
    cv::Mat plane = combined.Plane(p);
    for (size_t i = 0; i < cells; ++i) {
      if (i < frames.size()) {
        CopyPlane(frames[i].Plane(p), plane(CellOf(i, p)));
      } else if (layout_ != SideBySideLayout::kMask) {
        Fill(plane(CellOf(i, p)), p, BlackLevel(one_), one_);
      }
    }
  }
  if (layout_ == SideBySideLayout::kMask) DrawHeat(combined, frames[0], mask);
  for (const TextPatch& caption : captions_) DrawLabel(combined, caption);
  return combined;
}

Frame SideBySideComposer::Combine(const Frame& first, const Frame& second) const {
  const std::array<Frame, 2> both = {first, second};
  return Combine(both);
}

void SideBySideComposer::Wipe(Frame& combined, std::span<const Frame> frames, double seconds) const {
  const int divider = DividerAt(one_.width, seconds), after = divider + DividerWidth(one_.width);
  const cv::Rect whole(0, 0, one_.width, one_.height);
  const cv::Rect left = cv::Rect(0, 0, divider, one_.height), line(divider, 0, after - divider, one_.height);
  const cv::Rect right(after, 0, std::max(0, one_.width - after), one_.height);
  const auto copy = [&](const Frame& from, const cv::Rect& region, int p) {
    const cv::Rect part = InPlane(region & whole, one_, p);
    if (part.empty()) return;
    cv::Mat plane = combined.Plane(p);
    from.Plane(p)(part).copyTo(plane(part));
  };
  for (int p = 0; p < one_.PlaneCount(); ++p) {
    copy(frames[0], left, p);
    copy(frames[1], right, p);
    cv::Mat plane = combined.Plane(p);
    Fill(plane(InPlane(line & whole, one_, p)), p, WhiteLevel(one_), one_);
    copy(frames[1], label_, p);
  }
  DrawLabel(combined, Clipped(captions_[0], left));
  DrawLabel(combined, Clipped(captions_[1], right));
}

void SideBySideComposer::DrawHeat(Frame& combined, const Frame& original, const cv::Mat& mask) const {
  if (!mask.empty() && (mask.type() != CV_8UC1 || mask.size() != original.size())) {
    throw std::invalid_argument("side by side: a mask of the frame's size, CV_8UC1, expected");
  }
  const cv::Rect touched = mask.empty() ? cv::Rect() : cv::boundingRect(mask);
  for (int p = 0; p < one_.PlaneCount(); ++p) {
    cv::Mat cell = combined.Plane(p)(CellOf(2, p));
    if (p == 0) {
      CopyPlane(original.Plane(0), cell);
    } else {
      Fill(cell, p, 0, one_);
    }
    if (touched.empty()) continue;
    const cv::Rect part = InPlane(touched, one_, p);
    cv::Mat levels = mask(touched);
    if (p > 0) cv::resize(levels, levels, part.size(), 0, 0, cv::INTER_AREA);
    if (one_.BytesPerSample() == 2) {
      BlendHeat<uint16_t>(cell(part), levels, heat_.samples, p);
    } else {
      BlendHeat<uchar>(cell(part), levels, heat_.samples, p);
    }
  }
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
  if (layout != SideBySideLayout::kHorizontal && layout != SideBySideLayout::kVertical) {
    throw std::invalid_argument("side by side: photos lie next to or above each other");
  }
  cv::Mat left = first.clone(), right = second.clone();
  DrawLabel(left, RenderLabel(first_caption, first.size(), corner, kCaptionOpacity));
  DrawLabel(right, RenderLabel(second_caption, second.size(), corner, kCaptionOpacity));
  cv::Mat combined;
  if (layout == SideBySideLayout::kHorizontal) {
    cv::hconcat(left, right, combined);
  } else {
    cv::vconcat(left, right, combined);
  }
  return combined;
}

}  // namespace reelswap
