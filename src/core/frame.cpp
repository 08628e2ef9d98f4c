#include "core/frame.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "core/color_rows.h"
#include "core/frame_pool.h"

namespace reelswap {
namespace {

/// Memory that goes back to the system at once.
FramePool& Unpooled() {
  static FramePool pool(0);
  return pool;
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
  Frame frame = Unpooled().Uninitialised(format, index, pts);
  for (int p = 0; p < format.PlaneCount(); ++p) {
    frame.Plane(p).setTo(cv::Scalar(p == 0 ? BlackSample(format) : NeutralSample(format)));
  }
  return frame;
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
  if (!(scale > 0)) throw std::invalid_argument("luma of a frame: a scale above 0 expected");
  cv::Mat luma = Plane(0);
  const cv::Size wanted(std::max(1, cvRound(luma.cols * scale)), std::max(1, cvRound(luma.rows * scale)));
  // Halving averages and is vectorised; the general averaging is ten times slower than what it would gain here.
  while (luma.cols >= 2 * wanted.width && luma.rows >= 2 * wanted.height && luma.cols % 2 == 0 && luma.rows % 2 == 0) {
    cv::Mat half;
    cv::resize(luma, half, {luma.cols / 2, luma.rows / 2}, 0, 0, cv::INTER_AREA);
    luma = half;
  }
  if (luma.size() != wanted) {
    const bool far = luma.cols >= 2 * wanted.width || luma.rows >= 2 * wanted.height;  // an odd size
    cv::Mat scaled;
    cv::resize(luma, scaled, wanted, 0, 0, far ? cv::INTER_AREA : cv::INTER_LINEAR);
    luma = scaled;
  }
  if (format_.bit_depth > 8) {
    cv::Mat eight_bit;
    luma.convertTo(eight_bit, CV_8U, 1.0 / (1 << (format_.bit_depth - 8)));
    luma = eight_bit;
  }
  return luma;
}

Frame Frame::Clone() const { return Clone(Unpooled()); }

Frame Frame::Clone(FramePool& pool) const {
  if (empty()) return {};
  Frame copy = pool.Uninitialised(format_, index_, pts_);
  for (int p = 0; p < format_.PlaneCount(); ++p) {
    cv::Mat target = copy.Plane(p);
    Plane(p).copyTo(target);
  }
  return copy;
}

}  // namespace reelswap
