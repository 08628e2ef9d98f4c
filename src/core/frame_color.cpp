// Frame::Bgr, Frame::Paste and WhiteLevel: a region of a frame as a network sees it, and back.
#include <algorithm>
#include <cstring>
#include <opencv2/core/hal/hal.hpp>
#include <stdexcept>
#include <vector>

#include "core/color_rows.h"
#include "core/display_mapping.h"
#include "core/frame.h"

namespace reelswap {
namespace {

void RequireRegion(const Frame& frame, const cv::Rect& roi) {
  const cv::Rect whole(0, 0, frame.width(), frame.height());
  if (roi.empty() || (roi & whole) != roi) throw std::invalid_argument("region reaches outside of the frame");
  const FrameFormat& f = frame.format();
  const auto shift_fits = [](int shift) { return shift == 0 || shift == 1; };
  const bool chroma_fits = f.gray || (shift_fits(f.chroma_shift_x) && shift_fits(f.chroma_shift_y));
  if (f.bit_depth < 8 || f.bit_depth > 16 || !chroma_fits) {
    throw std::invalid_argument("colour of a frame: 8 to 16 bits, and chroma of full or half resolution expected");
  }
}

template <typename T>
class RgbScratch {
 public:
  explicit RgbScratch(int width) : width_(width), values_(3 * static_cast<size_t>(width)) {}
  RgbRow<T> row() { return {values_.data(), values_.data() + width_, values_.data() + 2 * width_}; }
  RgbRow<const T> view() const { return {values_.data(), values_.data() + width_, values_.data() + 2 * width_}; }

 private:
  int width_;
  std::vector<T> values_;
};

/// Both chroma planes at luma resolution, row by row.
template <typename Sample>
class ChromaRows {
 public:
  ChromaRows(const Frame& frame, const cv::Rect& roi)
      : gray_(frame.format().gray), shift_y_(gray_ ? 0 : frame.format().chroma_shift_y) {
    const int shift_x = gray_ ? 0 : frame.format().chroma_shift_x;
    source_.first = roi.x >> shift_x;
    source_.count = ((roi.x + roi.width - 1) >> shift_x) + 1 - source_.first;
    source_.halved = shift_x == 1;
    skipped_ = roi.x - (source_.first << shift_x);
    const auto values = static_cast<size_t>(source_.count) << shift_x;
    cb_.assign(values, static_cast<ChromaValue<Sample>>(16 * NeutralSample(frame.format())));
    cr_ = cb_;
    if (gray_) return;
    cb_plane_ = frame.Plane(1);
    cr_plane_ = frame.Plane(2);
    source_.width = cb_plane_.cols;
  }

  void GoTo(int y) {
    if (gray_) return;
    const int near = y >> shift_y_;
    int far = near;
    if (shift_y_ == 1) far = std::clamp(near + ((y & 1) != 0 ? 1 : -1), 0, cb_plane_.rows - 1);
    UpsampleChroma(cb_plane_.ptr<Sample>(near), cb_plane_.ptr<Sample>(far), source_, cb_.data());
    UpsampleChroma(cr_plane_.ptr<Sample>(near), cr_plane_.ptr<Sample>(far), source_, cr_.data());
  }
  const ChromaValue<Sample>* cb() const { return cb_.data() + skipped_; }
  const ChromaValue<Sample>* cr() const { return cr_.data() + skipped_; }

 private:
  bool gray_;
  int shift_y_;
  int skipped_ = 0;  // values before the region's first pixel
  ChromaSource source_;
  cv::Mat cb_plane_, cr_plane_;
  std::vector<ChromaValue<Sample>> cb_, cr_;
};

template <typename Sample>
cv::Mat ReadRegion(const Frame& frame, const cv::Rect& roi) {
  const DisplayMapping* mapping = DisplayMapping::For(frame.format());
  const RgbFromYcc k = MakeRgbFromYcc(frame.format(), mapping != nullptr ? DisplayMapping::kSignalMax : 255);
  ChromaRows<Sample> chroma(frame, roi);
  RgbScratch<uint8_t> screen(roi.width);
  RgbScratch<uint16_t> video(mapping != nullptr ? roi.width : 0);
  const cv::Mat luma = frame.Plane(0)(roi);
  cv::Mat bgr(roi.size(), CV_8UC3);
  for (int row = 0; row < roi.height; ++row) {
    chroma.GoTo(roi.y + row);
    const auto* y = luma.ptr<Sample>(row);
    if (mapping != nullptr) {
      RowToRgb(y, chroma.cb(), chroma.cr(), roi.width, k, video.row());
      mapping->ToScreen(video.view(), roi.width, screen.row());
    } else {
      RowToRgb(y, chroma.cb(), chroma.cr(), roi.width, k, screen.row());
    }
    const RgbRow<const uint8_t> rgb = screen.view();
    const uchar* rows[] = {rgb.b, rgb.g, rgb.r};
    cv::hal::merge8u(rows, bgr.ptr<uchar>(row), roi.width, 3);
  }
  return bgr;
}

/// Columns from the first to the last that is not 0.
struct Span {
  int first = 0;
  int end = 0;
  bool empty() const { return first >= end; }
  int size() const { return end - first; }
  Span Joined(const Span& other) const {
    if (empty()) return other;
    return other.empty() ? *this : Span{std::min(first, other.first), std::max(end, other.end)};
  }
};

Span MaskedColumns(const uchar* mask, int width) {
  const auto eight_are_zero = [&](int from) {
    uint64_t eight = 0;
    std::memcpy(&eight, mask + from, 8);
    return eight == 0;
  };
  Span span{0, width};
  while (span.size() >= 8 && eight_are_zero(span.first)) span.first += 8;
  while (!span.empty() && mask[span.first] == 0) ++span.first;
  while (span.size() >= 8 && eight_are_zero(span.end - 8)) span.end -= 8;
  while (!span.empty() && mask[span.end - 1] == 0) --span.end;
  return span;
}

/// Blends into a frame a row of chroma samples, and the luma above it, at a time.
template <typename Sample>
class RegionWriter {
 public:
  RegionWriter(const Frame& frame, const cv::Rect& roi, const cv::Mat& bgr, const cv::Mat& mask)
      : format_(frame.format()),
        roi_(roi),
        bgr_(bgr),
        mask_(mask),
        mapping_(DisplayMapping::For(format_)),
        k_(MakeYccFromRgb(format_, mapping_ != nullptr ? DisplayMapping::kVideoMax : 255)),
        shift_x_(format_.gray ? 0 : format_.chroma_shift_x),
        shift_y_(format_.gray ? 0 : format_.chroma_shift_y),
        luma_(frame.Plane(0)),
        screen_(roi.width),
        video_(mapping_ != nullptr ? roi.width : 0) {
    if (format_.gray) return;
    cb_ = frame.Plane(1);
    cr_ = frame.Plane(2);
    sums_.resize(4 * SumsWidth());
  }

  void Write() {
    const int last = (roi_.y + roi_.height - 1) >> shift_y_;
    for (int cy = roi_.y >> shift_y_; cy <= last; ++cy) {
      const int top = std::max(cy << shift_y_, roi_.y);
      const int bottom = std::min((cy + 1) << shift_y_, roi_.y + roi_.height);
      Span span;
      for (int y = top; y < bottom; ++y) span = span.Joined(MaskedColumns(MaskRow(y), roi_.width));
      if (!span.empty()) WriteRows(cy, top, bottom, span);
    }
  }

 private:
  size_t SumsWidth() const { return static_cast<size_t>(roi_.width) + 2; }  // an odd region ends inside chroma samples
  const uchar* MaskRow(int y) const { return mask_.ptr<uchar>(y - roi_.y); }
  MaskedSums SumsFrom(int column) {
    int32_t* s = sums_.data() + column;
    const size_t width = SumsWidth();
    return {{s, s + width, s + 2 * width}, s + 3 * width};
  }

  void WriteRows(int cy, int top, int bottom, const Span& span) {
    const int left = roi_.x + span.first;            // px of the frame
    const int first_chroma = left >> shift_x_;
    const int before = left - (first_chroma << shift_x_);  // luma that the first chroma sample covers before the span
    if (!format_.gray) std::fill(sums_.begin(), sums_.end(), 0);
    for (int y = top; y < bottom; ++y) {
      // Below an odd frame's last row there is nothing: that row stands for both.
      const bool twice = shift_y_ == 1 && y == format_.height - 1 && (y & 1) == 0;
      WriteLuma(y, span, before, twice ? 2 : 1);
    }
    if (format_.gray) return;
    const int end = before + span.size();
    const int covered = ((roi_.x + span.end - 1) >> shift_x_) + 1 - first_chroma;
    if (left + span.size() == format_.width && end < covered << shift_x_) {  // nor right of an odd frame's last column
      for (size_t row = 0; row < 4; ++row) {
        int32_t* sums = sums_.data() + row * SumsWidth() + end;
        sums[0] = sums[-1];
      }
    }
    BlendChroma(cb_.ptr<Sample>(cy) + first_chroma, cr_.ptr<Sample>(cy) + first_chroma, SumsFrom(0), shift_x_ == 1,
                covered, k_);
  }

  void WriteLuma(int y, const Span& span, int sums_from, int times) {
    const RgbRow<uint8_t> rgb = screen_.row();
    uchar* rows[] = {rgb.b, rgb.g, rgb.r};
    cv::hal::split8u(bgr_.ptr<uchar>(y - roi_.y) + 3 * span.first, rows, span.size(), 3);
    if (mapping_ == nullptr) return Blend(y, span, screen_.view(), sums_from, times);
    mapping_->FromScreen(screen_.view(), span.size(), video_.row());
    Blend(y, span, video_.view(), sums_from, times);
  }

  template <typename In>
  void Blend(int y, const Span& span, RgbRow<const In> rgb, int sums_from, int times) {
    const uchar* mask = MaskRow(y) + span.first;
    BlendLuma(luma_.ptr<Sample>(y) + roi_.x + span.first, rgb, mask, span.size(), k_);
    if (format_.gray) return;
    for (int i = 0; i < times; ++i) AddMasked(rgb, mask, span.size(), SumsFrom(sums_from));
  }

  const FrameFormat& format_;
  const cv::Rect roi_;
  const cv::Mat& bgr_;
  const cv::Mat& mask_;
  const DisplayMapping* mapping_;
  const YccFromRgb k_;
  const int shift_x_, shift_y_;
  cv::Mat luma_, cb_, cr_;
  RgbScratch<uint8_t> screen_;
  RgbScratch<uint16_t> video_;
  std::vector<int32_t> sums_;  // blue, green, red, mask
};

}  // namespace

cv::Mat Frame::Bgr(const cv::Rect& roi) const {
  RequireRegion(*this, roi);
  return format_.bit_depth > 8 ? ReadRegion<uint16_t>(*this, roi) : ReadRegion<uint8_t>(*this, roi);
}

int Frame::WhiteLevel() const {
  const DisplayMapping* mapping = DisplayMapping::For(format_);
  return mapping == nullptr ? 255 : mapping->white_code();
}

void Frame::Paste(const cv::Rect& roi, const cv::Mat& bgr, const cv::Mat& mask) {
  RequireRegion(*this, roi);
  if (bgr.size() != roi.size() || mask.size() != roi.size() || bgr.type() != CV_8UC3 || mask.type() != CV_8UC1) {
    throw std::invalid_argument("patch and mask must be 8-bit and as large as the region");
  }
  format_.bit_depth > 8 ? RegionWriter<uint16_t>(*this, roi, bgr, mask).Write()
                        : RegionWriter<uint8_t>(*this, roi, bgr, mask).Write();
}

}  // namespace reelswap
