#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <opencv2/core.hpp>

namespace reelswap {

/// An exact fraction: frame rates and time bases are never floats.
struct Rational {
  int num = 0;
  int den = 1;
  double ToDouble() const { return den == 0 ? 0.0 : static_cast<double>(num) / den; }
  bool operator==(const Rational&) const = default;
};

enum class ColorMatrix { kBt601, kBt709, kBt2020 };
/// How samples stand for light: kSdr any of the gamma curves, kPq SMPTE ST 2084 (HDR10), kHlg ARIB STD-B67.
enum class Transfer { kSdr, kPq, kHlg };

/// Memory layout and colour meaning of a planar Y'CbCr (or gray) picture.
struct FrameFormat {
  int width = 0;            ///< px
  int height = 0;           ///< px
  int bit_depth = 8;        ///< 8: one byte a sample; 9..16: two bytes, little endian, low bits used
  int chroma_shift_x = 1;   ///< log2 of horizontal chroma subsampling: 1 for 4:2:0 and 4:2:2, 0 for 4:4:4
  int chroma_shift_y = 1;   ///< log2 of vertical chroma subsampling: 1 for 4:2:0
  bool gray = false;        ///< true: plane 0 only
  bool full_range = false;  ///< true: 0..max, false: 16..235/240 scaled to bit_depth
  ColorMatrix matrix = ColorMatrix::kBt601;
  Transfer transfer = Transfer::kSdr;
  bool wide_gamut = false;  ///< BT.2020 primaries; false: BT.709 or near it

  int PlaneCount() const { return gray ? 1 : 3; }
  /// Width and height of plane p in samples, odd sizes rounded up.
  cv::Size PlaneSize(int p) const;
  int BytesPerSample() const { return bit_depth > 8 ? 2 : 1; }
  int64_t Bytes() const;
  bool operator==(const FrameFormat&) const = default;
};

/// Reference-counted planes; media wraps decoder memory in one, tests and side-by-side own theirs.
struct FramePlanes {
  std::array<uint8_t*, 3> data{};
  std::array<int, 3> stride_bytes{};
  std::shared_ptr<const void> owner;  ///< keeps `data` alive
};

class FramePool;

/// A decoded picture in the decoder's own planar pixel format, upright, with its exact time.
/// Copying a Frame shares the planes. Reading is thread-safe; Paste writes and needs the only
/// reference that is still in use (call Clone() first where the planes belong to a decoder).
class Frame {
 public:
  Frame() = default;
  Frame(FrameFormat format, FramePlanes planes, int64_t index, int64_t pts);

  /// A frame that owns its planes: luma black, chroma neutral.
  static Frame Black(const FrameFormat& format, int64_t index, int64_t pts);
  /// Converts an 8-bit BGR picture (CV_8UC3, format's size) into a frame that owns its planes.
  static Frame FromBgr(const cv::Mat& bgr, const FrameFormat& format, int64_t index, int64_t pts);

  bool empty() const { return planes_.data[0] == nullptr; }
  const FrameFormat& format() const { return format_; }
  const FramePlanes& planes() const { return planes_; }
  int width() const { return format_.width; }
  int height() const { return format_.height; }
  cv::Size size() const { return {format_.width, format_.height}; }
  /// 0-based number of the decoded frame in its video, counted before sampling.
  int64_t index() const { return index_; }
  /// Presentation time in ticks of the video's time base.
  int64_t pts() const { return pts_; }
  void set_pts(int64_t pts) { pts_ = pts; }

  /// View (no copy) of a plane: CV_8UC1 or CV_16UC1.
  cv::Mat Plane(int p) const;
  cv::Mat Luma() const { return Plane(0); }
  /// 8-bit luma of the whole frame, resized by `scale` > 0 (1 = a view where the depth is 8 bits).
  /// Range is the source's own (limited range is not stretched). For finding faces: shrinking is by halves, averaged,
  /// and bilinear for what is left.
  cv::Mat Luma8(double scale = 1.0) const;

  /// Region as CV_8UC3 BGR, full range, colour matrix and range honoured; chroma is interpolated
  /// bilinearly. HDR and wide gamut are brought to what an SDR screen would show (BT.709, 203 cd/m2 as white, soft
  /// shoulder), because that is what networks were trained on; Paste takes it back the same way. roi must lie inside
  /// the frame, of 8 to 16 bits with chroma shifts of 0 or 1 (std::invalid_argument). The same bytes for a region as
  /// for that part of the whole, and on every x86-64 machine.
  cv::Mat Bgr(const cv::Rect& roi) const;
  cv::Mat Bgr() const { return Bgr(cv::Rect(0, 0, width(), height())); }

  /// Blends bgr (CV_8UC3, roi's size) over the region with mask (CV_8UC1, 0 = keep, 255 = replace), each plane in its
  /// own depth: what shows through a soft edge keeps all its bits. A chroma sample moves by what each luma sample that
  /// it covers would move it alone. Samples whose mask is 0 (chroma: all covered ones) stay bit for bit what they were.
  /// In HDR, 255 is the brightest light that Bgr tells apart (1000 cd/m2): draw text with WhiteLevel.
  void Paste(const cv::Rect& roi, const cv::Mat& bgr, const cv::Mat& mask);

  /// The level of Bgr and Paste that stands for a white page: 255, in HDR about 235 (203 cd/m2, ITU-R BT.2408).
  int WhiteLevel() const;

  /// Deep copy that owns its planes.
  Frame Clone() const;
  /// The same in memory that the pool takes back afterwards: for one frame after another.
  Frame Clone(FramePool& pool) const;

 private:
  FrameFormat format_;
  FramePlanes planes_;
  int64_t index_ = 0;
  int64_t pts_ = 0;
};

}  // namespace reelswap
