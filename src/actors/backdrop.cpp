#include "actors/geometry.h"
#include "actors/noise.h"
#include "actors/scene.h"

namespace reelswap {
namespace {

cv::Vec3f ToVec(Vec3 v) { return {v.x, v.y, v.z}; }
Vec3 FromVec(const cv::Vec3f& v) { return {v[0], v[1], v[2]}; }

/// Calls `colour(u, v)` for every pixel; u and v run from 0 to 1 over the picture.
template <typename Colour>
void FillBy(cv::Mat& picture, Colour colour) {
  for (int y = 0; y < picture.rows; ++y) {
    const float v = (static_cast<float>(y) + .5f) / static_cast<float>(picture.rows);
    for (int x = 0; x < picture.cols; ++x) {
      const float u = (static_cast<float>(x) + .5f) / static_cast<float>(picture.cols);
      picture.at<cv::Vec3f>(y, x) = ToVec(colour(u, v));
    }
  }
}

struct Discs {
  int count;
  float smallest, largest;  // radius in picture heights
  uint32_t seed;
  float strength;
  Vec3 tint;
};

/// Out-of-focus lights: flat discs over what is there. The picture counts as 1.33 wide, 1 high.
void DrawDiscs(cv::Mat& picture, const Discs& discs) {
  const auto width = static_cast<float>(picture.cols), height = static_cast<float>(picture.rows);
  for (int i = 0; i < discs.count; ++i) {
    const uint32_t seed = discs.seed;
    const float cu = CellRandom(i, 1, seed) * 1.4f - .2f, cv_ = CellRandom(i, 2, seed);
    const float radius = Mix(discs.smallest, discs.largest, CellRandom(i, 3, seed));
    const Vec3 random{CellRandom(i, 4, seed), CellRandom(i, 5, seed), CellRandom(i, 6, seed)};
    const Vec3 colour = Mix(random * .7f, discs.tint, .55f);
    const int x0 = std::max(0, static_cast<int>((cu - radius / 1.33f) * width) - 1);
    const int x1 = std::min(picture.cols - 1, static_cast<int>((cu + radius / 1.33f) * width) + 1);
    const int y0 = std::max(0, static_cast<int>((cv_ - radius) * height) - 1);
    const int y1 = std::min(picture.rows - 1, static_cast<int>((cv_ + radius) * height) + 1);
    for (int y = y0; y <= y1; ++y) {
      for (int x = x0; x <= x1; ++x) {
        const float u = (static_cast<float>(x) + .5f) / width;
        const float v = (static_cast<float>(y) + .5f) / height;
        const float distance = std::hypot((u - cu) * 1.33f, v - cv_);
        const float cover = discs.strength * SmoothStep(radius, radius * .8f, distance);
        cv::Vec3f& pixel = picture.at<cv::Vec3f>(y, x);
        pixel = ToVec(Mix(FromVec(pixel), colour, cover));
      }
    }
  }
}

Vec3 StudioWall(float u, float v) {
  const float from_light = SmoothStep(.1f, 1.1f, std::hypot(u - .45f, v - .4f));
  return Mix({.30f, .33f, .36f}, {.12f, .13f, .15f}, from_light) *
         (1 + .06f * FractalNoise(u * 6, v * 6, 77));
}

Vec3 Bookshelf(float u, float v) {
  const float board = SmoothStep(.02f, .005f, std::fabs(v - .33f * std::round(v / .33f)));
  const int book = static_cast<int>(std::floor(u * 34 + 3 * Noise(0, std::floor(v * 3), 9)));
  const float shelf = v * 3.03f;
  const int row = static_cast<int>(shelf);
  const float height = .5f + .45f * CellRandom(book, row, 4);
  Vec3 colour{.24f, .19f, .14f};
  if (shelf - static_cast<float>(row) > 1 - height) {
    const Vec3 spine{CellRandom(book, row, 1), CellRandom(book, row, 2), CellRandom(book, row, 3)};
    colour = spine * .30f + Vec3{.04f, .04f, .04f};
  }
  return Mix(colour, {.30f, .22f, .15f}, board);
}

}  // namespace

cv::Mat PaintBackdrop(Backdrop backdrop, cv::Size size) {
  cv::Mat picture(size, CV_32FC3);
  switch (backdrop) {
    case Backdrop::kStudio:
      FillBy(picture, StudioWall);
      break;
    case Backdrop::kGarden:
      FillBy(picture, [](float, float v) { return Mix({.20f, .28f, .18f}, {.08f, .13f, .07f}, v); });
      DrawDiscs(picture, {26, .03f, .11f, 5, .5f, {.5f, .6f, .3f}});
      break;
    case Backdrop::kBookshelf:
      FillBy(picture, Bookshelf);
      break;
    case Backdrop::kNight:
      FillBy(picture, [](float, float v) { return Mix({.10f, .08f, .16f}, {.03f, .03f, .06f}, v); });
      DrawDiscs(picture, {30, .02f, .08f, 15, .6f, {.9f, .6f, .3f}});
      break;
  }
  return picture;
}

}  // namespace reelswap
