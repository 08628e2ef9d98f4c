#include "compose/face_grid.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace reelswap {
namespace {

// Nearest pixels spread evenly over a cell: a mean of 16 needs no interpolation.
constexpr int kMostTaps = 4;

struct CellSampler {
  const cv::Mat& picture;
  const cv::Rect& roi;
  cv::Matx23f m;  // frame_from_grid
  int taps;

  CellSampler(const cv::Mat& original, const cv::Rect& region, const cv::Matx23f& frame_from_grid)
      : picture(original), roi(region), m(frame_from_grid) {
    taps = std::clamp(static_cast<int>(std::ceil(std::hypot(m(0, 0), m(1, 0)) / 1.5f)), 1, kMostTaps);
  }

  cv::Point2f FramePoint(float x, float y) const {
    return {m(0, 0) * x + m(0, 1) * y + m(0, 2), m(1, 0) * x + m(1, 1) * y + m(1, 2)};
  }

  bool Sees(const cv::Point2f& p) const {
    return p.x >= static_cast<float>(roi.x) && p.y >= static_cast<float>(roi.y) &&
           p.x <= static_cast<float>(roi.x + roi.width - 1) && p.y <= static_cast<float>(roi.y + roi.height - 1);
  }

  cv::Vec3b Mean(int x, int y) const {
    std::array<int, 3> sum{};
    for (int j = 0; j < taps; ++j) {
      for (int i = 0; i < taps; ++i) {
        const float share = 1.0f / static_cast<float>(taps);
        const cv::Point2f p = FramePoint(static_cast<float>(x) + (static_cast<float>(i) + 0.5f) * share - 0.5f,
                                         static_cast<float>(y) + (static_cast<float>(j) + 0.5f) * share - 0.5f);
        // Clamped before the conversion: coordinates may be far outside of what an int holds.
        const float fx = std::clamp(p.x - static_cast<float>(roi.x), 0.0f, static_cast<float>(roi.width - 1));
        const float fy = std::clamp(p.y - static_cast<float>(roi.y), 0.0f, static_cast<float>(roi.height - 1));
        const uchar* pixel = picture.ptr<uchar>(static_cast<int>(fy + 0.5f)) + 3 * static_cast<int>(fx + 0.5f);
        for (size_t c = 0; c < 3; ++c) sum[c] += pixel[c];
      }
    }
    const int count = taps * taps;
    return {static_cast<uchar>((sum[0] + count / 2) / count), static_cast<uchar>((sum[1] + count / 2) / count),
            static_cast<uchar>((sum[2] + count / 2) / count)};
  }
};

}  // namespace

FaceGrid PutOnGrid(const cv::Mat& original_bgr, const cv::Rect& roi, const cv::Matx23f& face_from_frame, int crop_size,
                   const FaceOutline& outline, int cells, float margin_px) {
  const float scale = static_cast<float>(crop_size) / static_cast<float>(cells);
  const float shift = 0.5f * scale - 0.5f;
  const cv::Matx23f frame_from_grid =
      Chain(Inverted(face_from_frame), cv::Matx23f(scale, 0, shift, 0, scale, shift));
  FaceGrid grid;
  grid.cell_px = std::hypot(frame_from_grid(0, 0), frame_from_grid(1, 0));
  grid.original = cv::Mat::zeros(cells, cells, CV_8UC3);
  grid.seen = cv::Mat::zeros(cells, cells, CV_8UC1);
  grid.distance = DistanceInside(outline.corners, frame_from_grid, {cells, cells});
  const CellSampler sampler(original_bgr, roi, frame_from_grid);
  for (int y = 0; y < cells; ++y) {
    const float* distance = grid.distance.ptr<float>(y);
    for (int x = 0; x < cells; ++x) {
      if (!sampler.Sees(sampler.FramePoint(static_cast<float>(x), static_cast<float>(y)))) continue;
      grid.seen.at<uchar>(y, x) = 255;
      if (distance[x] >= -margin_px) grid.original.at<cv::Vec3b>(y, x) = sampler.Mean(x, y);
    }
  }
  return grid;
}

cv::Mat SampleInCrop(const cv::Mat& original_bgr, const cv::Rect& roi, const cv::Matx23f& face_from_frame,
                     cv::Point2f first, float cell_px_crop, int cells) {
  const cv::Matx23f crop_from_grid(cell_px_crop, 0, first.x, 0, cell_px_crop, first.y);
  const CellSampler sampler(original_bgr, roi, Chain(Inverted(face_from_frame), crop_from_grid));
  cv::Mat samples(cells, cells, CV_8UC3);
  for (int y = 0; y < cells; ++y) {
    for (int x = 0; x < cells; ++x) samples.at<cv::Vec3b>(y, x) = sampler.Mean(x, y);
  }
  return samples;
}

}  // namespace reelswap
