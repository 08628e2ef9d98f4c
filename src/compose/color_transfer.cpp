#include "compose/color_transfer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

namespace reelswap {
namespace {

constexpr int kKnots = 33;                    // of a histogram's curve, every 8 levels
constexpr double kFullTrustShare = 0.04;      // share of the samples from which a measurement counts fully
constexpr double kLeastLight = 0.0003;        // below one 8-bit level: black is no colour to divide by
constexpr double kLeastGain = 1.0 / 64, kMostGain = 8;

// IEC 61966-2-1 (sRGB), level 0 .. 255 to light 0 .. 1. Video's own curves (BT.1886, BT.709) lie near enough.
double LightOf(double level) {
  const double v = level / 255;
  return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
}

double LevelOf(double light) {
  return 255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * std::pow(light, 1 / 2.4) - 0.055);
}

const std::array<double, 256>& LightTable() {
  static const std::array<double, 256> table = [] {
    std::array<double, 256> made{};
    for (int i = 0; i < 256; ++i) made[static_cast<size_t>(i)] = LightOf(i);
    return made;
  }();
  return table;
}

size_t ValueCount(ColorMode mode) {
  switch (mode) {
    case ColorMode::kNone: return 1;
    case ColorMode::kReinhard: return 7;
    case ColorMode::kHistogram: return 1 + 3 * kKnots;
    case ColorMode::kAuto:
    case ColorMode::kAverage: break;
  }
  return 5;
}

using Histogram = std::array<double, 256>;  // weight per level

std::array<Histogram, 3> HistogramsOf(const cv::Mat& bgr, const cv::Mat& weight) {
  std::array<Histogram, 3> histograms{};
  for (int y = 0; y < bgr.rows; ++y) {
    const uchar* pixel = bgr.ptr<uchar>(y);
    const uchar* w = weight.ptr<uchar>(y);
    for (int x = 0; x < bgr.cols; ++x) {
      if (w[x] == 0) continue;
      for (size_t c = 0; c < 3; ++c) histograms[c][pixel[3 * x + static_cast<int>(c)]] += w[x];
    }
  }
  return histograms;
}

struct Spread {
  cv::Vec3d mean, deviation;
};

// Of 3-channel float samples.
Spread SpreadOf(const cv::Mat& picture, const cv::Mat& weight, double total) {
  cv::Vec3d sum(0, 0, 0), squares(0, 0, 0);
  for (int y = 0; y < picture.rows; ++y) {
    const cv::Vec3f* pixel = picture.ptr<cv::Vec3f>(y);
    const uchar* w = weight.ptr<uchar>(y);
    for (int x = 0; x < picture.cols; ++x) {
      if (w[x] == 0) continue;
      const cv::Vec3d c(pixel[x]);
      sum += w[x] * c;
      squares += w[x] * c.mul(c);
    }
  }
  Spread out;
  out.mean = sum / total;
  for (int i = 0; i < 3; ++i) {
    out.deviation[i] = std::sqrt(std::max(0.0, squares[i] / total - out.mean[i] * out.mean[i]));
  }
  return out;
}

// Spread of the luma's levels as a share of their mean: how contrasty a face is in whatever light. The floor keeps
// noise on a flat picture from counting as contrast.
double Contrast(const cv::Mat& bgr, const cv::Mat& weight, double total) {
  double sum = 0, squares = 0;
  for (int y = 0; y < bgr.rows; ++y) {
    const uchar* pixel = bgr.ptr<uchar>(y);
    const uchar* w = weight.ptr<uchar>(y);
    for (int x = 0; x < bgr.cols; ++x) {
      const double luma = 0.114 * pixel[3 * x] + 0.587 * pixel[3 * x + 1] + 0.299 * pixel[3 * x + 2];
      sum += w[x] * luma;
      squares += w[x] * luma * luma;
    }
  }
  const double mean = std::max(1.0, sum / total);
  const double deviation = std::sqrt(std::max(0.0, squares / total - mean * mean)) / mean;
  return std::hypot(deviation, 0.05);
}

// What is as much darker as the other skin is so in its shades as well: one gain per channel, in light. The spread itself
// says little, since beards, brows and lips are what a swap is to change, and may correct the contrast by a tenth.
std::vector<float> MeasureAverage(const cv::Mat& original, const cv::Mat& swapped, const cv::Mat& weight, double total,
                                  double trust) {
  const double ratio = Contrast(original, weight, total) / Contrast(swapped, weight, total);
  const double k = 1 + trust * (std::clamp(ratio, 0.9, 1.1) - 1);
  const std::array<Histogram, 3> from = HistogramsOf(swapped, weight), to = HistogramsOf(original, weight);
  const std::array<double, 256>& light = LightTable();
  std::array<double, 256> bent{};
  for (size_t i = 0; i < 256; ++i) bent[i] = std::pow(light[i], k);
  std::vector<float> values{0, static_cast<float>(k)};
  for (size_t c = 0; c < 3; ++c) {
    double have = 0, want = 0;
    for (size_t i = 0; i < 256; ++i) {
      have += from[c][i] * bent[i] / total;
      want += to[c][i] * light[i] / total;
    }
    const double gain = std::max(want, kLeastLight) / std::max(have, kLeastLight);
    values.push_back(static_cast<float>(trust * std::log(std::clamp(gain, kLeastGain, kMostGain))));
  }
  return values;
}

cv::Mat LabOf(const cv::Mat& bgr) {
  cv::Mat scaled, lab;
  bgr.convertTo(scaled, CV_32F, 1.0 / 255);
  cv::cvtColor(scaled, lab, cv::COLOR_BGR2Lab);
  return lab;
}

std::vector<float> MeasureReinhard(const cv::Mat& original, const cv::Mat& swapped, const cv::Mat& weight, double total,
                                   double trust) {
  const Spread from = SpreadOf(LabOf(swapped), weight, total), to = SpreadOf(LabOf(original), weight, total);
  std::vector<float> gains, offsets;
  for (int i = 0; i < 3; ++i) {
    const double floor = i == 0 ? 2.0 : 1.0;  // CIE units below which a spread is noise
    const double wanted = std::hypot(to.deviation[i], floor) / std::hypot(from.deviation[i], floor);
    const double gain = 1 + trust * (std::clamp(wanted, 0.6, 1.6) - 1);
    gains.push_back(static_cast<float>(gain));
    offsets.push_back(static_cast<float>(trust * to.mean[i] + (1 - trust) * from.mean[i] - gain * from.mean[i]));
  }
  std::vector<float> values{0};
  values.insert(values.end(), gains.begin(), gains.end());
  values.insert(values.end(), offsets.begin(), offsets.end());
  return values;
}

// Level below which `share` of the histogram's weight lies, between the bins' edges.
double Quantile(const Histogram& histogram, double total, double share) {
  double below = 0;
  for (size_t i = 0; i < 256; ++i) {
    if (below + histogram[i] >= share * total && histogram[i] > 0) {
      return static_cast<double>(i) + (share * total - below) / histogram[i] - 0.5;
    }
    below += histogram[i];
  }
  return 255;
}

// The curve through matching quantiles; beyond the outermost it goes on to black and, in proportion, to white.
std::vector<float> HistogramCurve(const Histogram& from, const Histogram& to, double total, double trust) {
  constexpr int kQuantiles = 25;
  std::vector<cv::Point2d> points{{0, 0}};
  for (int i = 0; i < kQuantiles; ++i) {
    const double share = 0.02 + 0.96 * i / (kQuantiles - 1);
    const cv::Point2d p(Quantile(from, total, share), Quantile(to, total, share));
    if (p.x > points.back().x + 0.5 && p.y >= points.back().y) points.push_back(p);
  }
  const cv::Point2d last = points.back();
  points.push_back({256, last.x > 0 ? last.y + (256 - last.x) * std::clamp(last.y / last.x, 0.25, 4.0) : 256});
  std::array<double, kKnots> at{};
  size_t right = 1;
  for (int i = 0; i < kKnots; ++i) {
    const double x = 8.0 * i;
    while (right + 1 < points.size() && points[right].x < x) ++right;
    const cv::Point2d a = points[right - 1], b = points[right];
    at[static_cast<size_t>(i)] = a.y + (b.y - a.y) * (x - a.x) / std::max(1e-6, b.x - a.x);
  }
  // A slope of more than 2.5 makes steps out of gradients, one of less than 0.3 a mask out of a face.
  std::vector<float> knots;
  const double middle = Quantile(from, total, 0.5);
  const auto anchor = static_cast<size_t>(std::clamp(middle / 8, 0.0, kKnots - 1.0));
  std::array<double, kKnots> bounded = at;
  for (size_t i = anchor + 1; i < kKnots; ++i) bounded[i] = bounded[i - 1] + std::clamp(at[i] - bounded[i - 1], 2.4, 20.0);
  for (size_t i = anchor; i-- > 0;) bounded[i] = bounded[i + 1] - std::clamp(bounded[i + 1] - at[i], 2.4, 20.0);
  for (size_t i = 0; i < kKnots; ++i) {
    const double before = bounded[i == 0 ? 0 : i - 1], after = bounded[std::min<size_t>(i + 1, kKnots - 1)];
    const double smooth = i == 0 || i == kKnots - 1 ? bounded[i] : 0.25 * before + 0.5 * bounded[i] + 0.25 * after;
    knots.push_back(static_cast<float>(8.0 * static_cast<double>(i) * (1 - trust) + trust * smooth));
  }
  return knots;
}

std::vector<float> MeasureHistogram(const cv::Mat& original, const cv::Mat& swapped, const cv::Mat& weight, double total,
                                    double trust) {
  const std::array<Histogram, 3> from = HistogramsOf(swapped, weight), to = HistogramsOf(original, weight);
  std::vector<float> values{0};
  for (size_t c = 0; c < 3; ++c) {
    const std::vector<float> curve = HistogramCurve(from[c], to[c], total, trust);
    values.insert(values.end(), curve.begin(), curve.end());
  }
  return values;
}

// One curve per channel as a table.
cv::Mat TableOf(const FaceColor& color) {
  cv::Mat table(1, 256, CV_8UC3);
  for (int i = 0; i < 256; ++i) {
    for (int c = 0; c < 3; ++c) {
      double level = i;
      if (color.mode == ColorMode::kHistogram) {
        const float* knots = color.values.data() + 1 + c * kKnots;
        const int left = i / 8;
        level = knots[left] + (knots[left + 1] - knots[left]) * (i % 8) / 8.0;
      } else {
        const double gain = std::exp(static_cast<double>(color.values[static_cast<size_t>(2 + c)]));
        level = LevelOf(std::min(1.0, gain * std::pow(LightTable()[static_cast<size_t>(i)], color.values[1])));
      }
      table.at<cv::Vec3b>(0, i)[c] = cv::saturate_cast<uchar>(level);
    }
  }
  return table;
}

cv::Mat ApplyReinhard(const cv::Mat& bgr, const std::vector<float>& values) {
  cv::Mat lab = LabOf(bgr);
  lab.forEach<cv::Vec3f>([&](cv::Vec3f& p, const int*) {
    for (int i = 0; i < 3; ++i) {
      p[i] = values[static_cast<size_t>(1 + i)] * p[i] + values[static_cast<size_t>(4 + i)];
    }
    p[0] = std::clamp(p[0], 0.0f, 100.0f);
  });
  cv::Mat back, out;
  cv::cvtColor(lab, back, cv::COLOR_Lab2BGR);
  back.convertTo(out, CV_8U, 255);
  return out;
}

}  // namespace

FaceColor MeanColor(const std::vector<FaceColor>& colors, const std::vector<float>& weights) {
  if (colors.empty() || colors.size() != weights.size()) {
    throw std::invalid_argument(
        fmt::format("MeanColor: {} colours and {} weights, one weight per colour expected", colors.size(), weights.size()));
  }
  double total = 0;
  std::vector<double> sum(colors[0].values.size());
  for (size_t i = 0; i < colors.size(); ++i) {
    if (colors[i].mode != colors[0].mode || colors[i].values.size() != sum.size()) {
      throw std::invalid_argument("MeanColor: colours of one mode expected");
    }
    if (!(weights[i] > 0)) throw std::invalid_argument(fmt::format("MeanColor: weight {}: above 0 expected", weights[i]));
    total += weights[i];
    for (size_t v = 0; v < sum.size(); ++v) sum[v] += static_cast<double>(weights[i]) * colors[i].values[v];
  }
  FaceColor mean{colors[0].mode, {}};
  for (const double value : sum) mean.values.push_back(static_cast<float>(value / total));
  return mean;
}

FaceColor MeasureColor(ColorMode mode, const cv::Mat& original, const cv::Mat& swapped, const cv::Mat& weight) {
  if (original.type() != CV_8UC3 || swapped.type() != CV_8UC3 || weight.type() != CV_8UC1 ||
      original.size() != swapped.size() || original.size() != weight.size()) {
    throw std::invalid_argument("MeasureColor: two CV_8UC3 pictures and a CV_8UC1 weight of one size expected");
  }
  FaceColor color{mode == ColorMode::kAuto ? ColorMode::kAverage : mode, {0}};
  if (color.mode == ColorMode::kNone) return color;
  const double total = weight.empty() ? 0.0 : cv::sum(weight)[0];
  const double trust =
      weight.empty() ? 0.0 : std::min(1.0, total / 255 / (kFullTrustShare * static_cast<double>(weight.total())));
  if (total <= 0) {
    // No change, in the mode's own values, so that it can be averaged with others.
    color.values.assign(ValueCount(color.mode), 0.0f);
    if (color.mode == ColorMode::kAverage) color.values[1] = 1;
    if (color.mode == ColorMode::kReinhard) std::fill_n(color.values.begin() + 1, 3, 1.0f);
    if (color.mode == ColorMode::kHistogram) {
      for (size_t i = 0; i < 3 * kKnots; ++i) color.values[1 + i] = 8.0f * static_cast<float>(i % kKnots);
    }
    return color;
  }
  switch (color.mode) {
    case ColorMode::kReinhard: color.values = MeasureReinhard(original, swapped, weight, total, trust); break;
    case ColorMode::kHistogram: color.values = MeasureHistogram(original, swapped, weight, total, trust); break;
    default: color.values = MeasureAverage(original, swapped, weight, total, trust); break;
  }
  return color;
}

cv::Mat ApplyColor(const cv::Mat& bgr, const FaceColor& color) {
  if (bgr.type() != CV_8UC3) throw std::invalid_argument("ApplyColor: CV_8UC3 expected");
  if (color.values.empty()) return bgr;
  if (color.values.size() != ValueCount(color.mode)) {
    throw std::invalid_argument(fmt::format("ApplyColor: {} values where the mode has {}", color.values.size(),
                                            ValueCount(color.mode)));
  }
  if (color.mode == ColorMode::kNone) return bgr;
  if (color.mode == ColorMode::kReinhard) return ApplyReinhard(bgr, color.values);
  cv::Mat out;
  cv::LUT(bgr, TableOf(color), out);
  return out;
}

}  // namespace reelswap
