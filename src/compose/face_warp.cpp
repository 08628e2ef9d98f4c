#include "compose/face_warp.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <opencv2/core/hal/intrin.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "compose/face_outline.h"

namespace reelswap {
namespace {

// The crop as four bytes a pixel, so that a pixel and its right neighbour are one load.
cv::Mat WithAlpha(const cv::Mat& bgr, const cv::Mat& alpha) {
  cv::Mat four;
  if (alpha.empty()) {
    cv::cvtColor(bgr, four, cv::COLOR_BGR2BGRA);
  } else {
    const cv::Mat planes[] = {bgr, alpha};
    const int pairs[] = {0, 0, 1, 1, 2, 2, 3, 3};
    four.create(bgr.size(), CV_8UC4);
    cv::mixChannels(planes, 2, &four, 1, pairs, 4);
  }
  return four;
}

// Catmull-Rom a quarter of a pixel from `near` towards `far`, in 1/64; `before` and `after` lie one further on either
// side. Eight samples of -1000 .. 1000.
cv::v_int16x8 Quarter(const cv::v_int16x8& before, const cv::v_int16x8& near, const cv::v_int16x8& far,
                      const cv::v_int16x8& after) {
  const cv::v_int16x8 gain = cv::v_add_wrap(cv::v_mul_wrap(near, cv::v_setall_s16(55)),
                                            cv::v_mul_wrap(far, cv::v_setall_s16(14)));
  const cv::v_int16x8 loss = cv::v_add_wrap(cv::v_shl<2>(before), after);
  return cv::v_add_wrap(cv::v_sub_wrap(gain, loss), cv::v_setall_s16(32)) >> 6;
}

// Twice as large, cubically; four channels, an even number of pixels a row.
cv::Mat Doubled(const cv::Mat& four) {
  const int rows = four.rows, samples = 4 * four.cols;
  cv::Mat out(2 * rows, 2 * four.cols, CV_8UC4);
  std::vector<short> line(static_cast<size_t>(samples) + 16);  // two pixels of border on either side
  short* middle = line.data() + 8;
  const auto row_at = [&](int y) { return four.ptr<uchar>(std::clamp(y, 0, rows - 1)); };
  for (int y = 0; y < 2 * rows; ++y) {
    const int near = y / 2, way = y % 2 == 0 ? -1 : 1;
    const uchar *a = row_at(near - way), *b = row_at(near), *c = row_at(near + way), *d = row_at(near + 2 * way);
    const auto wide = [](const uchar* p) { return cv::v_reinterpret_as_s16(cv::v_load_expand(p)); };
    for (int x = 0; x < samples; x += 8) cv::v_store(middle + x, Quarter(wide(a + x), wide(b + x), wide(c + x), wide(d + x)));
    for (int i = 0; i < 8; ++i) {
      line[static_cast<size_t>(i)] = middle[i % 4];
      middle[samples + i] = middle[samples - 4 + i % 4];
    }
    uchar* target = out.ptr<uchar>(y);
    for (int x = 0; x < samples; x += 8) {
      const auto at = [&](int pixels) { return cv::v_load(middle + x + 4 * pixels); };
      const cv::v_int16x8 left = at(-1), here = at(0), right = at(1);
      const cv::v_int16x8 even = Quarter(right, here, left, at(-2)), odd = Quarter(left, here, right, at(2));
      cv::v_store(target + 2 * x, cv::v_pack_u(cv::v_combine_low(even, odd), cv::v_combine_high(even, odd)));
    }
  }
  return out;
}

cv::Mat ScaledForWarp(const cv::Mat& crop, float crop_px_per_frame_px) {
  cv::Mat source = crop;
  if (crop_px_per_frame_px > 1.25f) {
    const int shrunk =
        std::max(4, static_cast<int>(std::lround(static_cast<float>(crop.cols) / crop_px_per_frame_px)));
    cv::resize(crop, source, cv::Size(shrunk, shrunk), 0, 0, cv::INTER_AREA);
  } else if (crop_px_per_frame_px < 0.8f && crop.cols % 2 == 0) {
    source = Doubled(crop);
    if (crop_px_per_frame_px < 0.25f) source = Doubled(source);
  }
  return source;
}

// Weights of a pixel (four lanes) and its right neighbour (four lanes), in 1/65536, by the fraction between them.
using PairWeights = std::array<std::array<ushort, 8>, 256>;
const PairWeights& HorizontalWeights() {
  static const PairWeights table = [] {
    PairWeights made{};
    for (size_t f = 0; f < 256; ++f) {
      const int right = static_cast<int>(f) * 256;
      for (size_t lane = 0; lane < 8; ++lane) {
        made[f][lane] = static_cast<ushort>(lane < 4 ? 65535 - right : right);
      }
    }
    return made;
  }();
  return table;
}

// Where a row's mask begins and ends to be above 0.
std::pair<int, int> Covered(const uchar* mask, int width) {
  int first = 0, last = width;
  while (first < width && mask[first] == 0) ++first;
  while (last > first && mask[last - 1] == 0) --last;
  return {first, last};
}

struct RowStart {
  double u, v;  // px of the source
};

// One row of bilinear samples. The source has at least 2 x 2 pixels; coordinates are held inside it. kAlpha: the fourth
// channel multiplies the mask.
template <bool kAlpha>
void WarpRow(const cv::Mat& source, RowStart start, double step_u, double step_v, int count, uchar* bgr, uchar* mask) {
  // 8 bits below the point are enough for 8-bit samples; 16 keep the steps exact over thousands of pixels.
  constexpr double kFar = 30000;  // px: what lies further is held inside anyway, and must fit
  const auto fixed = [=](double value) { return static_cast<int>(std::lround(std::clamp(value, -kFar, kFar) * 65536)); };
  const int limit_u = ((source.cols - 1) << 16) - 1, limit_v = ((source.rows - 1) << 16) - 1;
  const int du = fixed(step_u), dv = fixed(step_v);
  int64_t u = fixed(start.u), v = fixed(start.v);
  const uchar* data = source.data;
  const size_t step = source.step;
  const ushort* weights = HorizontalWeights()[0].data();
  const cv::v_uint16x8 half = cv::v_setall_u16(128);
  for (int x = 0; x < count; ++x, u += du, v += dv) {
    const auto iu = static_cast<unsigned>(std::clamp<int64_t>(u, 0, limit_u));
    const auto iv = static_cast<unsigned>(std::clamp<int64_t>(v, 0, limit_v));
    const uchar* above = data + (iv >> 16) * step + (iu >> 16) * 4;
    const cv::v_uint16x8 top = cv::v_load_expand(above), bottom = cv::v_load_expand(above + step);
    const cv::v_uint16x8 share = cv::v_setall_u16(static_cast<ushort>((iv >> 8) & 255));
    const cv::v_uint16x8 column =
        cv::v_add_wrap(cv::v_shl<8>(top), cv::v_mul_wrap(cv::v_sub_wrap(bottom, top), share));
    const cv::v_uint16x8 parts = cv::v_mul_hi(column, cv::v_load(weights + 8 * ((iu >> 8) & 255)));
    const cv::v_uint16x8 sum = cv::v_add_wrap(cv::v_add_wrap(parts, cv::v_rotate_right<4>(parts)), half) >> 8;
    const uint32_t pixel = cv::v_reinterpret_as_u32(cv::v_pack(sum, sum)).get0();
    if (kAlpha) {
      mask[x] = static_cast<uchar>((mask[x] * (pixel >> 24) + 127) / 255);
      if (mask[x] == 0) continue;  // the original stays
    }
    bgr[3 * x] = static_cast<uchar>(pixel);
    bgr[3 * x + 1] = static_cast<uchar>(pixel >> 8);
    bgr[3 * x + 2] = static_cast<uchar>(pixel >> 16);
  }
}

}  // namespace

cv::Matx23f ScaledFromGrid(float scale) {
  const float shift = 0.5f * scale - 0.5f;
  return {scale, 0, shift, 0, scale, shift};
}

float CropPxPerFramePx(const cv::Matx23f& m) { return std::sqrt(std::abs(m(0, 0) * m(1, 1) - m(0, 1) * m(1, 0))); }

WarpedFace WarpUnderMask(const cv::Mat& bgr, const cv::Mat& alpha, const cv::Matx23f& face_from_frame,
                         const cv::Rect& roi, const cv::Mat& original_bgr, cv::Mat mask) {
  const cv::Mat source = ScaledForWarp(WithAlpha(bgr, alpha), CropPxPerFramePx(face_from_frame));
  const cv::Matx23f source_from_crop = ScaledFromGrid(static_cast<float>(source.cols) / static_cast<float>(bgr.cols));
  const cv::Matx23f frame_from_roi(1, 0, static_cast<float>(roi.x), 0, 1, static_cast<float>(roi.y));
  const cv::Matx23f m = Chain(source_from_crop, Chain(face_from_frame, frame_from_roi));
  WarpedFace out{original_bgr.clone(), std::move(mask)};
  for (int y = 0; y < roi.height; ++y) {
    uchar* row = out.mask.ptr<uchar>(y);
    const auto [first, last] = Covered(row, roi.width);
    if (first == last) continue;
    const RowStart start{static_cast<double>(m(0, 0)) * first + static_cast<double>(m(0, 1)) * y + m(0, 2),
                         static_cast<double>(m(1, 0)) * first + static_cast<double>(m(1, 1)) * y + m(1, 2)};
    uchar* bgr_row = out.bgr.ptr<uchar>(y) + 3 * first;
    if (alpha.empty()) {
      WarpRow<false>(source, start, m(0, 0), m(1, 0), last - first, bgr_row, row + first);
    } else {
      WarpRow<true>(source, start, m(0, 0), m(1, 0), last - first, bgr_row, row + first);
    }
  }
  return out;
}

}  // namespace reelswap
