#include "core/frame.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

namespace reelswap {
namespace {

/// Y'CbCr <-> R'G'B' of one format; all values in sample units of the format's depth and 8-bit RGB.
/// ITU-R BT.601, BT.709 and BT.2020 luma weights; limited range is 16..235 / 16..240 (scaled).
struct ColorConversion {
  float y_offset, y_scale, c_offset, c_scale;  // sample = offset + scale * [0,1] or [-.5,.5]
  float kr = 0.299f, kg = 0.587f, kb = 0.114f;  // BT.601 unless said otherwise
  int max_sample;

  explicit ColorConversion(const FrameFormat& format) {
    switch (format.matrix) {
      case ColorMatrix::kBt601: break;
      case ColorMatrix::kBt709: kr = 0.2126f, kb = 0.0722f; break;
      case ColorMatrix::kBt2020: kr = 0.2627f, kb = 0.0593f; break;
    }
    kg = 1 - kr - kb;
    const float depth_scale = static_cast<float>(1 << (format.bit_depth - 8));
    max_sample = (1 << format.bit_depth) - 1;
    c_offset = 128 * depth_scale;
    if (format.full_range) {
      y_offset = 0;
      y_scale = c_scale = static_cast<float>(max_sample);
    } else {
      y_offset = 16 * depth_scale;
      y_scale = 219 * depth_scale;
      c_scale = 224 * depth_scale;
    }
  }
};

void RequireInside(const Frame& frame, const cv::Rect& roi) {
  const cv::Rect whole(0, 0, frame.width(), frame.height());
  if (roi.empty() || (roi & whole) != roi) throw std::invalid_argument("region reaches outside of the frame");
}

/// Chroma plane resampled to luma resolution over roi, as 32-bit float.
cv::Mat ChromaAtLuma(const Frame& frame, int plane, const cv::Rect& roi) {
  const FrameFormat& format = frame.format();
  const cv::Mat chroma = frame.Plane(plane);
  const int sx = format.chroma_shift_x, sy = format.chroma_shift_y;
  // One sample of margin so that interpolation at the border of roi sees its true neighbours.
  const int x0 = std::max((roi.x >> sx) - 1, 0), y0 = std::max((roi.y >> sy) - 1, 0);
  const int x1 = std::min(((roi.x + roi.width - 1) >> sx) + 2, chroma.cols);
  const int y1 = std::min(((roi.y + roi.height - 1) >> sy) + 2, chroma.rows);
  cv::Mat samples;
  chroma(cv::Rect(x0, y0, x1 - x0, y1 - y0)).convertTo(samples, CV_32F);
  if (sx == 0 && sy == 0) return samples(cv::Rect(roi.x - x0, roi.y - y0, roi.width, roi.height));
  cv::Mat scaled;
  cv::resize(samples, scaled, {samples.cols << sx, samples.rows << sy}, 0, 0, cv::INTER_LINEAR);
  return scaled(cv::Rect(roi.x - (x0 << sx), roi.y - (y0 << sy), roi.width, roi.height));
}

template <typename Sample>
void ToBgr(const cv::Mat& luma, const cv::Mat* cb, const cv::Mat* cr, const ColorConversion& c, cv::Mat& bgr) {
  const float y_gain = 255.0f / c.y_scale, c_gain = 255.0f / c.c_scale;
  const float r_cr = 2 * (1 - c.kr), b_cb = 2 * (1 - c.kb);
  const float g_cr = -c.kr * r_cr / c.kg, g_cb = -c.kb * b_cb / c.kg;
  for (int row = 0; row < luma.rows; ++row) {
    const Sample* y = luma.ptr<Sample>(row);
    const float* u = cb ? cb->ptr<float>(row) : nullptr;
    const float* v = cr ? cr->ptr<float>(row) : nullptr;
    uchar* out = bgr.ptr<uchar>(row);
    for (int x = 0; x < luma.cols; ++x) {
      const float light = (static_cast<float>(y[x]) - c.y_offset) * y_gain;
      const float pb = u ? (u[x] - c.c_offset) * c_gain : 0.0f;
      const float pr = v ? (v[x] - c.c_offset) * c_gain : 0.0f;
      out[3 * x] = cv::saturate_cast<uchar>(light + b_cb * pb);
      out[3 * x + 1] = cv::saturate_cast<uchar>(light + g_cb * pb + g_cr * pr);
      out[3 * x + 2] = cv::saturate_cast<uchar>(light + r_cr * pr);
    }
  }
}

float ClampSample(float value, int max_sample) {
  return std::clamp(value, 0.0f, static_cast<float>(max_sample));
}

template <typename Sample>
void PasteLuma(cv::Mat luma, const cv::Mat& bgr, const cv::Mat& mask, const ColorConversion& c) {
  const float gain = c.y_scale / 255.0f;
  for (int row = 0; row < luma.rows; ++row) {
    Sample* y = luma.ptr<Sample>(row);
    const uchar* in = bgr.ptr<uchar>(row);
    const uchar* m = mask.ptr<uchar>(row);
    for (int x = 0; x < luma.cols; ++x) {
      if (m[x] == 0) continue;
      const float value =
          c.y_offset + gain * (c.kb * in[3 * x] + c.kg * in[3 * x + 1] + c.kr * in[3 * x + 2]);
      const float old = static_cast<float>(y[x]);
      const float mixed = old + (value - old) * (static_cast<float>(m[x]) / 255.0f);
      y[x] = static_cast<Sample>(ClampSample(mixed, c.max_sample) + 0.5f);
    }
  }
}

/// A chroma sample takes the mask-weighted mean colour of the luma pixels it covers and moves
/// towards it by their mean mask.
template <typename Sample>
void PasteChroma(cv::Mat cb, cv::Mat cr, const cv::Rect& roi, const cv::Mat& bgr, const cv::Mat& mask,
                 const FrameFormat& format, const ColorConversion& c) {
  const int sx = format.chroma_shift_x, sy = format.chroma_shift_y;
  const float b_gain = c.c_scale / (255.0f * 2 * (1 - c.kb)), r_gain = c.c_scale / (255.0f * 2 * (1 - c.kr));
  const int block_w = 1 << sx, block_h = 1 << sy;
  for (int cy = roi.y >> sy; cy <= (roi.y + roi.height - 1) >> sy; ++cy) {
    Sample* u = cb.ptr<Sample>(cy);
    Sample* v = cr.ptr<Sample>(cy);
    const int y0 = std::max((cy << sy) - roi.y, 0), y1 = std::min((cy << sy) - roi.y + block_h, roi.height);
    for (int cx = roi.x >> sx; cx <= (roi.x + roi.width - 1) >> sx; ++cx) {
      const int x0 = std::max((cx << sx) - roi.x, 0), x1 = std::min((cx << sx) - roi.x + block_w, roi.width);
      float weight = 0, blue = 0, green = 0, red = 0;
      for (int y = y0; y < y1; ++y) {
        const uchar* m = mask.ptr<uchar>(y);
        const uchar* in = bgr.ptr<uchar>(y);
        for (int x = x0; x < x1; ++x) {
          const float w = m[x];
          weight += w;
          blue += w * in[3 * x];
          green += w * in[3 * x + 1];
          red += w * in[3 * x + 2];
        }
      }
      if (weight == 0) continue;
      blue /= weight, green /= weight, red /= weight;
      const float light = c.kb * blue + c.kg * green + c.kr * red;
      const int covered = std::min(block_w, format.width - (cx << sx)) * std::min(block_h, format.height - (cy << sy));
      const float alpha = weight / (255.0f * static_cast<float>(covered));
      const auto mix = [&](Sample old, float value) {
        const float mixed = static_cast<float>(old) + (value - static_cast<float>(old)) * alpha;
        return static_cast<Sample>(ClampSample(mixed, c.max_sample) + 0.5f);
      };
      u[cx] = mix(u[cx], c.c_offset + (blue - light) * b_gain);
      v[cx] = mix(v[cx], c.c_offset + (red - light) * r_gain);
    }
  }
}

}  // namespace

cv::Size FrameFormat::PlaneSize(int p) const {
  if (p == 0) return {width, height};
  return {(width + (1 << chroma_shift_x) - 1) >> chroma_shift_x,
          (height + (1 << chroma_shift_y) - 1) >> chroma_shift_y};
}

int64_t FrameFormat::Bytes() const {
  int64_t bytes = 0;
  for (int p = 0; p < PlaneCount(); ++p) bytes += int64_t{PlaneSize(p).area()} * BytesPerSample();
  return bytes;
}

Frame::Frame(FrameFormat format, FramePlanes planes, int64_t index, int64_t pts)
    : format_(format), planes_(std::move(planes)), index_(index), pts_(pts) {}

Frame Frame::Black(const FrameFormat& format, int64_t index, int64_t pts) {
  auto storage = std::make_shared<std::array<cv::Mat, 3>>();
  FramePlanes planes;
  const int type = format.bit_depth > 8 ? CV_16UC1 : CV_8UC1;
  const ColorConversion c(format);
  for (int p = 0; p < format.PlaneCount(); ++p) {
    cv::Mat& plane = (*storage)[static_cast<size_t>(p)];
    plane = cv::Mat(format.PlaneSize(p), type, cv::Scalar(p == 0 ? c.y_offset : c.c_offset));
    planes.data[static_cast<size_t>(p)] = plane.data;
    planes.stride_bytes[static_cast<size_t>(p)] = static_cast<int>(plane.step);
  }
  planes.owner = storage;
  return {format, std::move(planes), index, pts};
}

Frame Frame::FromBgr(const cv::Mat& bgr, const FrameFormat& format, int64_t index, int64_t pts) {
  if (bgr.size() != cv::Size(format.width, format.height) || bgr.type() != CV_8UC3) {
    throw std::invalid_argument("picture and format differ in size, or the picture is not 8-bit BGR");
  }
  Frame frame = Black(format, index, pts);
  frame.Paste(cv::Rect(0, 0, format.width, format.height), bgr, cv::Mat(bgr.size(), CV_8UC1, cv::Scalar(255)));
  return frame;
}

cv::Mat Frame::Plane(int p) const {
  if (p < 0 || p >= format_.PlaneCount()) throw std::invalid_argument("no such plane");
  const cv::Size size = format_.PlaneSize(p);
  return {size, format_.bit_depth > 8 ? CV_16UC1 : CV_8UC1, planes_.data[static_cast<size_t>(p)],
          static_cast<size_t>(planes_.stride_bytes[static_cast<size_t>(p)])};
}

cv::Mat Frame::Luma8(double scale) const {
  cv::Mat luma = Plane(0);
  if (scale != 1.0) {
    cv::Mat scaled;
    cv::resize(luma, scaled, {}, scale, scale, scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
    luma = scaled;
  }
  if (format_.bit_depth > 8) {
    cv::Mat eight_bit;
    luma.convertTo(eight_bit, CV_8U, 1.0 / (1 << (format_.bit_depth - 8)));
    luma = eight_bit;
  }
  return luma;
}

cv::Mat Frame::Bgr(const cv::Rect& roi) const {
  RequireInside(*this, roi);
  const ColorConversion c(format_);
  cv::Mat cb, cr;
  if (!format_.gray) {
    cb = ChromaAtLuma(*this, 1, roi);
    cr = ChromaAtLuma(*this, 2, roi);
  }
  cv::Mat bgr(roi.size(), CV_8UC3);
  const cv::Mat luma = Plane(0)(roi);
  const cv::Mat* cb_or_none = format_.gray ? nullptr : &cb;
  const cv::Mat* cr_or_none = format_.gray ? nullptr : &cr;
  if (format_.bit_depth > 8) {
    ToBgr<uint16_t>(luma, cb_or_none, cr_or_none, c, bgr);
  } else {
    ToBgr<uint8_t>(luma, cb_or_none, cr_or_none, c, bgr);
  }
  return bgr;
}

void Frame::Paste(const cv::Rect& roi, const cv::Mat& bgr, const cv::Mat& mask) {
  RequireInside(*this, roi);
  if (bgr.size() != roi.size() || mask.size() != roi.size() || bgr.type() != CV_8UC3 || mask.type() != CV_8UC1) {
    throw std::invalid_argument("patch and mask must be 8-bit and as large as the region");
  }
  const ColorConversion c(format_);
  if (format_.bit_depth > 8) {
    PasteLuma<uint16_t>(Plane(0)(roi), bgr, mask, c);
    if (!format_.gray) PasteChroma<uint16_t>(Plane(1), Plane(2), roi, bgr, mask, format_, c);
  } else {
    PasteLuma<uint8_t>(Plane(0)(roi), bgr, mask, c);
    if (!format_.gray) PasteChroma<uint8_t>(Plane(1), Plane(2), roi, bgr, mask, format_, c);
  }
}

Frame Frame::Clone() const {
  if (empty()) return {};
  Frame copy = Black(format_, index_, pts_);
  for (int p = 0; p < format_.PlaneCount(); ++p) {
    cv::Mat target = copy.Plane(p);
    Plane(p).copyTo(target);
  }
  return copy;
}

}  // namespace reelswap
