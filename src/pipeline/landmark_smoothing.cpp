#include "pipeline/landmark_smoothing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <span>

#include "pipeline/local_regression.h"
#include "pipeline/track_shape.h"

namespace reelswap {
namespace {

constexpr int kNoiseRadius = 20;  // frames to either side in which noise is measured: some two thirds of a second
// Frames around one that needs a narrow window which get it, too: a head moves in longer strokes than a lid.
constexpr int kNarrowRadius = 1, kNarrowRadiusOfQuick = 2;
constexpr int kEvenRadius = 3;    // frames over which windows are evened out, so that none opens or shuts at once
constexpr double kConfidence = 2.0;  // standard deviations in an interval
// Noise in units of the eyes' distance: detectors jitter by 0.3 to 2 %; above that it is motion that was mistaken.
// Lids and lips open by no more than a tenth and move from frame to frame: their noise is capped lower.
constexpr double kLeastNoise = 0.003, kMostNoise = 0.02, kMostNoiseOfQuick = 0.012;

/// What is moved about how fast.
struct Tempo {
  int narrow_radius;
  double most_noise;
};
constexpr Tempo kHead = {kNarrowRadius, kMostNoise}, kQuick = {kNarrowRadiusOfQuick, kMostNoiseOfQuick};

using Series = std::vector<double>;

/// Standard deviation of white noise around each frame from third differences, which smooth motion hardly shows.
Series NoiseOf(const Series& values, double most) {
  const int n = static_cast<int>(values.size());
  Series noise(n, kLeastNoise);
  if (n < 4) return noise;
  Series thirds(n - 3);
  for (int i = 0; i + 3 < n; ++i) thirds[i] = std::abs(values[i + 3] - 3 * values[i + 2] + 3 * values[i + 1] - values[i]);
  std::vector<double> near;
  for (int t = 0; t < n; ++t) {
    const int from = std::clamp(t - kNoiseRadius, 0, n - 4), to = std::clamp(t + kNoiseRadius - 3, from, n - 4);
    near.assign(thirds.begin() + from, thirds.begin() + to + 1);
    std::nth_element(near.begin(), near.begin() + near.size() / 2, near.end());
    // Median of |N(0,1)| = 0.6745; a third difference of white noise has variance 1 + 9 + 9 + 1.
    noise[t] = std::clamp(near[near.size() / 2] / (0.6745 * std::sqrt(20.0)), kLeastNoise, most);
  }
  return noise;
}

/// Weights by bandwidth and by what there is to either side, made when first needed.
class WeightTable {
 public:
  explicit WeightTable(int reach) : reach_(reach) {}
  const RegressionWeights& At(double bandwidth, int before, int after) {
    const int steps = static_cast<int>(std::lround(bandwidth * 16));
    before = std::min(before, reach_), after = std::min(after, reach_);
    const auto key = std::array<int, 3>{steps, before, after};
    const auto found = table_.find(key);
    return found != table_.end() ? found->second : table_.emplace(key, LocalQuadratic(steps / 16.0, before, after)).first->second;
  }

 private:
  int reach_;
  std::map<std::array<int, 3>, RegressionWeights> table_;
};

double Apply(const RegressionWeights& weights, const Series& values, int t) {
  double sum = 0;
  for (size_t i = 0; i < weights.weight.size(); ++i) sum += weights.weight[i] * values[t - weights.before + static_cast<int>(i)];
  return sum;
}

/// For every frame the widest window over which all of `features` agree with narrower ones.
Series WindowsOf(const std::vector<Series>& features, int reach, const Tempo& tempo, WeightTable& table) {
  const int n = static_cast<int>(features.front().size());
  std::vector<double> bandwidths;
  for (double b = 3; b < reach + 1; b *= 1.35) bandwidths.push_back(b);
  bandwidths.push_back(reach + 1.0);
  Series windows(n, reach + 1.0);
  for (const Series& feature : features) {
    const Series noise = NoiseOf(feature, tempo.most_noise);
    for (int t = 0; t < n; ++t) {
      double low = feature[t] - kConfidence * noise[t], high = feature[t] + kConfidence * noise[t];
      double widest = 2;  // its neighbours only: the value as it is
      for (const double b : bandwidths) {
        if (b > windows[t]) break;
        const RegressionWeights& weights = table.At(b, t, n - 1 - t);
        const double value = Apply(weights, feature, t), spread = kConfidence * noise[t] * weights.gain;
        low = std::max(low, value - spread), high = std::min(high, value + spread);
        if (low > high) break;
        widest = b;
      }
      windows[t] = std::min(windows[t], widest);
    }
  }
  // A window that one frame needs narrow is narrow around it; then even out.
  Series narrow(n), even(n);
  for (int t = 0; t < n; ++t) {
    narrow[t] = *std::min_element(windows.begin() + std::max(0, t - tempo.narrow_radius),
                                  windows.begin() + std::min(n, t + tempo.narrow_radius + 1));
  }
  for (int t = 0; t < n; ++t) {
    double sum = 0, weight = 0;
    for (int k = std::max(0, t - kEvenRadius + 1); k < std::min(n, t + kEvenRadius); ++k) {
      const double w = kEvenRadius - std::abs(k - t);
      sum += w * narrow[k], weight += w;
    }
    even[t] = sum / weight;
  }
  return even;
}

/// Which points move together.
struct Part {
  int first, last;
  bool quick;  ///< lids and lips
};
constexpr std::array<Part, 7> kParts = {{{0, 16, false},
                                         {17, 26, false},
                                         {27, 35, false},
                                         {36, 41, true},
                                         {42, 47, true},
                                         {48, 67, true},
                                         {68, 69, false}}};

/// Two sets of points whose distance opens and shuts: lids, lips, corners of the mouth.
struct Opening {
  int part;  ///< first point of the part it belongs to
  std::array<int, 3> one, other;
  bool across;  ///< left to right instead of up and down
};
constexpr std::array<Opening, 4> kOpenings = {{{36, {37, 38, 38}, {41, 40, 40}, false},
                                               {42, {43, 44, 44}, {47, 46, 46}, false},
                                               {48, {61, 62, 63}, {67, 66, 65}, false},
                                               {48, {48, 48, 60}, {54, 54, 64}, true}}};

/// What tells a part's motion from noise: its centre, width and height and what opens in it. Their noise is less than a
/// point's, and what the part does as a whole shows in them.
std::vector<Series> FeaturesOf(const std::vector<TrackShape>& shapes, const Part& part) {
  std::vector<Series> features(4, Series(shapes.size()));
  const double count = part.last - part.first + 1;
  for (size_t t = 0; t < shapes.size(); ++t) {
    cv::Point2d centre, spread;
    for (int i = part.first; i <= part.last; ++i) centre += shapes[t].points[i] * (1 / count);
    for (int i = part.first; i <= part.last; ++i) {
      const cv::Point2d off = shapes[t].points[i] - centre;
      spread += cv::Point2d(std::abs(off.x), std::abs(off.y)) * (2 / count);
    }
    features[0][t] = centre.x, features[1][t] = centre.y, features[2][t] = spread.x, features[3][t] = spread.y;
  }
  for (const Opening& opening : kOpenings) {
    if (opening.part != part.first) continue;
    Series& feature = features.emplace_back(shapes.size());
    for (size_t t = 0; t < shapes.size(); ++t) {
      for (size_t i = 0; i < opening.one.size(); ++i) {
        const cv::Point2d apart = shapes[t].points[opening.other[i]] - shapes[t].points[opening.one[i]];
        feature[t] += (opening.across ? apart.x : apart.y) / opening.one.size();
      }
    }
  }
  return features;
}

void SmoothPlaces(const std::vector<TrackShape>& found, std::vector<TrackShape>& smooth, int reach, WeightTable& table) {
  const size_t n = found.size();
  Series x(n), y(n), scale(n), angle(n), x_units(n), y_units(n);
  // Of the whole run: px of the place become units of the face, so that noise has one measure. The first face's scale is
  // as good as any, but would depend on where the run begins; so each step is measured in its own unit and summed up.
  for (size_t t = 0; t < n; ++t) {
    x[t] = found[t].centre.x, y[t] = found[t].centre.y, scale[t] = found[t].log_scale;
    angle[t] = t == 0 ? found[t].angle : NearestTurn(found[t].angle, angle[t - 1]);
    if (t == 0) continue;
    const double unit = std::exp(0.5 * (found[t].log_scale + found[t - 1].log_scale));
    x_units[t] = x_units[t - 1] + (x[t] - x[t - 1]) / unit;
    y_units[t] = y_units[t - 1] + (y[t] - y[t - 1]) / unit;
  }
  const Series at_place = WindowsOf({x_units, y_units}, reach, kHead, table);
  const Series at_scale = WindowsOf({scale}, reach, kHead, table);
  const Series at_angle = WindowsOf({angle}, reach, kHead, table);
  for (size_t i = 0; i < n; ++i) {
    const int t = static_cast<int>(i), after = static_cast<int>(n) - 1 - t;
    const RegressionWeights& place = table.At(at_place[i], t, after);
    smooth[i].centre = {Apply(place, x, t), Apply(place, y, t)};
    smooth[i].log_scale = Apply(table.At(at_scale[i], t, after), scale, t);
    smooth[i].angle = Apply(table.At(at_angle[i], t, after), angle, t);
  }
}

void SmoothPart(const std::vector<TrackShape>& found, std::vector<TrackShape>& smooth, const Part& part, int reach,
                WeightTable& table) {
  const int n = static_cast<int>(found.size());
  const Series windows = WindowsOf(FeaturesOf(found, part), reach, part.quick ? kQuick : kHead, table);
  for (int t = 0; t < n; ++t) {
    const RegressionWeights& weights = table.At(windows[t], t, n - 1 - t);
    for (int i = part.first; i <= part.last; ++i) {
      cv::Point2d sum;
      for (size_t k = 0; k < weights.weight.size(); ++k) {
        sum += found[t - weights.before + static_cast<int>(k)].points[i] * weights.weight[k];
      }
      smooth[t].points[i] = sum;
    }
  }
}

}  // namespace

int SmoothingRadius(const SmoothingOptions& options) {
  return options.reach < 2 ? 0 : options.reach + std::max(options.reach, kNoiseRadius) + kNarrowRadiusOfQuick + kEvenRadius;
}

std::vector<DetectedFace> SmoothFaces(const std::vector<DetectedFace>& faces, const SmoothingOptions& options) {
  if (options.reach < 2 || faces.size() < 3) return faces;
  std::vector<TrackShape> found;
  for (const DetectedFace& face : faces) found.push_back(ShapeOf(face));
  std::vector<TrackShape> smooth = found;
  WeightTable table(options.reach);
  SmoothPlaces(found, smooth, options.reach, table);
  for (const Part& part : kParts) SmoothPart(found, smooth, part, options.reach, table);
  std::vector<DetectedFace> result;
  for (size_t t = 0; t < faces.size(); ++t) result.push_back(FaceOf(smooth[t], faces[t]));
  return result;
}

}  // namespace reelswap
