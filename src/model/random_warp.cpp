#include "model/random_warp.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>

namespace reelswap {
namespace {

/// SplitMix64's finaliser (Steele, Lea, Flood 2014).
uint64_t Scramble(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

constexpr uint64_t kGolden = 0x9e3779b97f4a7c15ULL;

cv::Matx33d Square(const cv::Matx23d& m) {
  return {m(0, 0), m(0, 1), m(0, 2), m(1, 0), m(1, 1), m(1, 2), 0, 0, 1};
}
cv::Matx23d Affine(const cv::Matx33d& m) { return m.get_minor<2, 3>(0, 0); }
cv::Matx23d Compose(const cv::Matx23d& outer, const cv::Matx23d& inner) {
  return Affine(Square(outer) * Square(inner));
}

/// Position in the changed picture -> position in the picture as stored, both in face units.
cv::Matx23d StoredFromChanged(const WarpDraw& draw, const CropGeometry& geometry) {
  const double scale = 1.0 / draw.zoom;
  const double c = std::cos(-draw.angle) * scale;
  const double s = std::sin(-draw.angle) * scale;
  const double cy = geometry.shift_y;  // turns about the middle of the crop
  const double tx = draw.shift.x;
  const double ty = cy + draw.shift.y;
  cv::Matx23d m(c, -s, -c * tx + s * ty, s, c, -s * tx - c * ty + cy);
  if (draw.flip) {  // the mean face is symmetric about x = 0
    for (int i = 0; i < 3; ++i) m(0, i) = -m(0, i);
  }
  return m;
}

/// Sides of the crop ([0,1]) -> face units.
cv::Matx23d UnitFromSides(const CropGeometry& g) {
  return {g.coverage, 0, -0.5 * g.coverage, 0, g.coverage, -0.5 * g.coverage + g.shift_y};
}

cv::Point2d Apply(const cv::Matx23d& m, const cv::Point2d& p) {
  return {m(0, 0) * p.x + m(0, 1) * p.y + m(0, 2), m(1, 0) * p.x + m(1, 1) * p.y + m(1, 2)};
}

}  // namespace

uint64_t MixKey(uint64_t seed, uint64_t a, uint64_t b, uint64_t c) {
  uint64_t key = Scramble(seed + kGolden);
  key = Scramble(key ^ (a + 2 * kGolden));
  key = Scramble(key ^ (b + 3 * kGolden));
  return Scramble(key ^ (c + 4 * kGolden));
}

SampleRandom::SampleRandom(uint64_t seed, uint64_t person, uint64_t iteration, uint64_t sample)
    : state_(MixKey(seed, person, iteration, sample)) {}

uint64_t SampleRandom::Next() {
  state_ += kGolden;
  return Scramble(state_);
}

double SampleRandom::Uniform(double low, double high) {
  return low + (high - low) * (static_cast<double>(Next() >> 11) * 0x1.0p-53);
}

double SampleRandom::Normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - Uniform(0, 1)));  // 1 - u is never 0
  return radius * std::cos(2.0 * std::numbers::pi * Uniform(0, 1));
}

WarpDraw DrawWarp(SampleRandom& random, const WarpSettings& settings) {
  WarpDraw draw;
  draw.angle =
      random.Uniform(-settings.rotation_degrees, settings.rotation_degrees) * std::numbers::pi / 180.0;
  draw.zoom = 1.0 + random.Uniform(-settings.zoom, settings.zoom);
  draw.shift.x = random.Uniform(-settings.shift, settings.shift);
  draw.shift.y = random.Uniform(-settings.shift, settings.shift);
  draw.flip = random.Uniform(0, 1) < settings.flip_probability;
  for (cv::Point2d& node : draw.jitter) {
    node.x = settings.jitter * random.Normal();
    node.y = settings.jitter * random.Normal();
  }
  return draw;
}

cv::Matx23d WarpedFromTarget(const WarpDraw& draw) {
  constexpr int n = kWarpNodes * kWarpNodes;
  std::array<cv::Point2d, n> jittered, regular;
  cv::Point2d jittered_mean, regular_mean;
  for (int i = 0; i < n; ++i) {
    regular[i] = {static_cast<double>(i % kWarpNodes) / (kWarpNodes - 1),
                  static_cast<double>(i / kWarpNodes) / (kWarpNodes - 1)};
    jittered[i] = regular[i] + draw.jitter[i];
    jittered_mean += jittered[i] * (1.0 / n);
    regular_mean += regular[i] * (1.0 / n);
  }
  // In two dimensions the least-squares similarity (a, -b; b, a) has this closed form.
  double a = 0, b = 0, variance = 0;
  for (int i = 0; i < n; ++i) {
    const cv::Point2d p = jittered[i] - jittered_mean;
    const cv::Point2d q = regular[i] - regular_mean;
    a += p.dot(q);
    b += p.cross(q);
    variance += p.dot(p);
  }
  a /= variance;
  b /= variance;
  const double d = a * a + b * b;
  const double ia = a / d, ib = -b / d;  // the inverse: regular -> jittered
  return {ia, -ib, jittered_mean.x - ia * regular_mean.x + ib * regular_mean.y,
          ib, ia,  jittered_mean.y - ib * regular_mean.x - ia * regular_mean.y};
}

cv::Matx23d CropFromUnit(const CropGeometry& g) {
  const double scale = g.size / static_cast<double>(g.coverage);
  return {scale, 0, 0.5 * g.size, 0, scale, 0.5 * g.size - scale * g.shift_y};
}

cv::Matx23d ResizedFromUnit(const CropGeometry& stored, int size) {
  // cv::resize aligns the outer edges of the pixels, half a pixel outside their centres.
  const double f = static_cast<double>(size) / stored.size;
  const cv::Matx23d resized_from_stored(f, 0, 0.5 * f - 0.5, 0, f, 0.5 * f - 0.5);
  return Compose(resized_from_stored, CropFromUnit(stored));
}

cv::Mat CutWarped(const cv::Mat& picture, const cv::Matx23d& picture_from_unit, const CropGeometry& geometry,
                  const WarpDraw& draw) {
  const int n = geometry.size;
  const cv::Matx23d picture_from_sides =
      Compose(picture_from_unit, Compose(StoredFromChanged(draw, geometry), UnitFromSides(geometry)));
  cv::Mat map(n, n, CV_32FC2);
  for (int y = 0; y < n; ++y) {
    const double ny = (y + 0.5) * (kWarpNodes - 1) / n;  // bilinear position among the nodes
    const int row = std::min(static_cast<int>(ny), kWarpNodes - 2);
    const double fy = ny - row;
    std::array<cv::Point2d, kWarpNodes> across;  // this row's jitter at the node columns
    for (int i = 0; i < kWarpNodes; ++i) {
      across[i] = draw.jitter[row * kWarpNodes + i] * (1 - fy) + draw.jitter[(row + 1) * kWarpNodes + i] * fy;
    }
    auto* line = map.ptr<cv::Point2f>(y);
    for (int x = 0; x < n; ++x) {
      const double nx = (x + 0.5) * (kWarpNodes - 1) / n;
      const int column = std::min(static_cast<int>(nx), kWarpNodes - 2);
      const double fx = nx - column;
      const cv::Point2d jitter = across[column] * (1 - fx) + across[column + 1] * fx;
      const cv::Point2d sides(static_cast<double>(x) / n + jitter.x, static_cast<double>(y) / n + jitter.y);
      line[x] = Apply(picture_from_sides, sides);
    }
  }
  cv::Mat crop;
  cv::remap(picture, crop, map, cv::noArray(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  return crop;
}

cv::Mat CutTarget(const cv::Mat& picture, const cv::Matx23d& picture_from_unit, const CropGeometry& geometry,
                  const WarpDraw& draw) {
  const int n = geometry.size;
  const cv::Matx23d sides_from_crop(1.0 / n, 0, 0, 0, 1.0 / n, 0);
  const cv::Matx23d picture_from_crop =
      Compose(picture_from_unit,
              Compose(StoredFromChanged(draw, geometry),
                      Compose(UnitFromSides(geometry), Compose(WarpedFromTarget(draw), sides_from_crop))));
  cv::Mat crop;
  cv::warpAffine(picture, crop, picture_from_crop, {n, n}, cv::INTER_LINEAR | cv::WARP_INVERSE_MAP,
                 cv::BORDER_REPLICATE);
  return crop;
}

void JitterColors(SampleRandom& random, double strength, cv::Mat& picture) {
  if (strength <= 0) return;
  const double gamma = 1 + random.Uniform(-2 * strength, 2 * strength);
  cv::Mat table(1, 256, CV_8UC3);
  std::array<double, 3> gains{};
  for (double& gain : gains) gain = 1 + random.Uniform(-strength, strength);
  for (int i = 0; i < 256; ++i) {
    const double bent = 255 * std::pow(i / 255.0, gamma);
    for (int c = 0; c < 3; ++c) table.at<cv::Vec3b>(i)[c] = cv::saturate_cast<uint8_t>(bent * gains[c]);
  }
  cv::LUT(picture, table, picture);
}

}  // namespace reelswap
