#include "pipeline/look_choice.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>

namespace reelswap {
namespace {

// By cost: of two that look alike the earlier one is taken.
const std::vector<ColorMode> kColors = {ColorMode::kAverage, ColorMode::kHistogram, ColorMode::kReinhard};
const std::vector<BlendMode> kBlends = {BlendMode::kFeather, BlendMode::kMultiBand, BlendMode::kPoisson};

constexpr double kNearTie = 1.05;   // a seam this much more visible is no worse
constexpr double kUnseen = 1.5;     // levels: no eye finds a seam below, so nothing is to be gained there
constexpr int kLongestSide = 192;   // px of a sample's picture that is composed: seams show at this size

const char* NameOf(ColorMode mode) {
  switch (mode) {
    case ColorMode::kAuto: return "auto";
    case ColorMode::kNone: return "none";
    case ColorMode::kAverage: return "average";
    case ColorMode::kReinhard: return "reinhard";
    case ColorMode::kHistogram: return "histogram";
  }
  return "";
}

const char* NameOf(BlendMode mode) {
  switch (mode) {
    case BlendMode::kAuto: return "auto";
    case BlendMode::kFeather: return "feather";
    case BlendMode::kMultiBand: return "multiband";
    case BlendMode::kPoisson: return "poisson";
  }
  return "";
}

// A sample, small enough that trying all looks is quick.
struct Trial {
  cv::Mat picture;
  Landmarks landmarks;
  SwappedFace swapped;
};

Trial TrialOf(const SampleSwap& sample, const cv::Mat& unoccluded) {
  Trial trial{sample.sample->picture, sample.sample->landmarks, sample.swapped};
  if (!unoccluded.empty()) trial.swapped.unoccluded = unoccluded;
  const double scale = std::min(1.0, kLongestSide / static_cast<double>(std::max(trial.picture.cols, trial.picture.rows)));
  if (scale == 1.0) return trial;
  cv::resize(trial.picture, trial.picture, {}, scale, scale, cv::INTER_AREA);
  const auto s = static_cast<float>(scale);
  const float shift = 0.5f * s - 0.5f;  // pixels' centres lie on halves
  for (cv::Point2f& p : trial.landmarks) p = s * p + cv::Point2f(shift, shift);
  cv::Matx23f& m = trial.swapped.face_from_frame;
  for (int r = 0; r < 2; ++r) {
    m(r, 2) -= (m(r, 0) + m(r, 1)) * shift / s;
    m(r, 0) /= s;
    m(r, 1) /= s;
  }
  return trial;
}

cv::Mat Pasted(const cv::Mat& original, const FacePatch& patch) {
  cv::Mat result = original.clone();
  for (int y = 0; y < result.rows; ++y) {
    const uchar* mask = patch.mask.ptr<uchar>(y);
    const uchar* face = patch.bgr.ptr<uchar>(y);
    uchar* out = result.ptr<uchar>(y);
    for (int x = 0; x < result.cols; ++x) {
      for (int c = 3 * x; c < 3 * x + 3; ++c) {
        out[c] = static_cast<uchar>((face[c] * mask[x] + out[c] * (255 - mask[x]) + 127) / 255);
      }
    }
  }
  return result;
}

// Seam of every sample whose face can be seen.
std::vector<double> SeamsOf(const std::vector<Trial>& trials, const ComposeOptions& options) {
  std::vector<double> seams;
  for (const Trial& trial : trials) {
    const cv::Rect roi = FaceRegion(trial.swapped, trial.landmarks, trial.picture.size(), options);
    if (roi.empty()) continue;
    const cv::Mat original = trial.picture(roi);
    const FacePatch patch = ComposeFace(original, roi, trial.swapped, trial.landmarks, options);
    seams.push_back(SeamScore(original, Pasted(original, patch), patch.mask));
  }
  return seams;
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

ReconstructionHabit HabitOf(std::span<const SampleSwap> samples) {
  std::vector<cv::Mat> originals, reconstructions;
  for (const SampleSwap& sample : samples) {
    if (sample.original.empty() || sample.reconstruction.empty()) continue;
    originals.push_back(sample.original);
    reconstructions.push_back(sample.reconstruction);
  }
  return originals.empty() ? ReconstructionHabit{} : LearnHabit(originals, reconstructions);
}

}  // namespace

TrackLook ChooseLook(std::span<const SampleSwap> samples, const ComposeOptions& wanted, bool occlusion) {
  TrackLook look;
  look.options = wanted;
  const bool masks = std::any_of(samples.begin(), samples.end(), [](const SampleSwap& s) { return !s.swapped.mask.empty(); });
  if (wanted.mask == MaskKind::kAuto && !masks) look.options.mask = MaskKind::kHull;
  if (occlusion) look.habit = HabitOf(samples);

  std::vector<Trial> trials;
  for (const SampleSwap& sample : samples) {
    if (sample.sample == nullptr || sample.sample->picture.empty() || sample.swapped.image.empty()) continue;
    const bool behind = !look.habit.mean.empty() && !sample.original.empty() && !sample.reconstruction.empty();
    cv::Mat unoccluded;
    if (behind) {
      unoccluded = UnoccludedMask(sample.original, sample.reconstruction, look.habit);
      cv::resize(unoccluded, unoccluded, sample.swapped.image.size(), 0, 0, cv::INTER_LINEAR);
    }
    trials.push_back(TrialOf(sample, unoccluded));
  }
  const std::vector<ColorMode> colors = wanted.color == ColorMode::kAuto ? kColors : std::vector{wanted.color};
  const std::vector<BlendMode> blends = wanted.blend == BlendMode::kAuto ? kBlends : std::vector{wanted.blend};
  bool first = true;
  for (const BlendMode blend : blends) {  // blends outside: colours are cheaper to change than blends
    for (const ColorMode color : colors) {
      ComposeOptions options = look.options;
      options.color = color;
      options.blend = blend;
      options.opacity = 1;
      options.sharpen = false;  // says nothing of a seam
      const double seam = Median(SeamsOf(trials, options));
      look.tried[std::string(NameOf(color)) + ", " + NameOf(blend)] = seam;
      if (!first && std::max(seam, kUnseen) * kNearTie >= std::max(look.seam, kUnseen)) continue;
      look.options.color = color;
      look.options.blend = blend;
      look.seam = seam;
      first = false;
    }
  }
  return look;
}

}  // namespace reelswap
