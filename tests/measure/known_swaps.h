#pragma once

#include <opencv2/imgproc.hpp>
#include <vector>

#include "actors/actor.h"
#include "actors/scripted_performance.h"
#include "compose/compose_face.h"
#include "measure/swap_scores.h"

// Moments of virtual actors with everything that is known of their swap, and swaps of known quality.

namespace reelswap::testing {

/// One moment of a target: before the swap, after a perfect one, and pictures of the source to paste.
struct KnownSwap {
  RenderedFrame target, truth;
  RenderedFrame other_noise;     ///< the truth with other sensor noise
  RenderedFrame source_frontal;  ///< the source at rest, as on a passport
  RenderedFrame source_matched;  ///< the source in the target's pose, expression and light
  cv::Mat face;                  ///< mask of the truth's face
  double face_width = 0;         ///< px

  TruthScore Score(const cv::Mat& result) const {
    return ScoreAgainstTruth(result, target.image, truth.image, face, face_width);
  }
};

inline KnownSwap MakeKnownSwap(const char* target_name, const char* source_name, int number) {
  const ActorIdentity target = NamedIdentity(target_name), source = NamedIdentity(source_name);
  const Actor before(target), after(SwappedIdentity(target, source)), giver(source);
  const Performance performance = ScriptedPerformance(77, 6, 0.75f).At(0.7 + 1.4 * number);
  ActorScene scene;
  scene.width = 320;
  scene.height = 240;
  scene.focal = 338;
  scene.key_azimuth = static_cast<float>(-30 + 20 * number);
  scene.backdrop = static_cast<Backdrop>(number % kBackdropCount);
  scene.noise = 0.25f;  // as the demo's clips
  KnownSwap swap;
  swap.target = before.Render(performance, scene);
  swap.truth = after.Render(performance, scene);
  swap.source_matched = giver.Render(performance, scene);
  swap.source_frontal = giver.Render({}, scene);
  scene.noise_seed = 1;
  swap.other_noise = after.Render(performance, scene);
  swap.face = FaceHullMask(swap.truth.landmarks, swap.truth.image.size());
  swap.face_width = std::sqrt(cv::countNonZero(swap.face));
  return swap;
}

/// Six moments of three pairs: light and dark, bearded, older, with glasses.
inline std::vector<KnownSwap> KnownSwaps() {
  std::vector<KnownSwap> swaps;
  const char* pairs[][2] = {{"ava", "ben"}, {"ben", "carl"}, {"carl", "dana"}};
  for (int i = 0; i < 6; ++i) swaps.push_back(MakeKnownSwap(pairs[i / 2][0], pairs[i / 2][1], i % 4));
  return swaps;
}

inline cv::Mat Blend(const KnownSwap& swap, double share) {
  cv::Mat blend;
  cv::addWeighted(swap.truth.image, share, swap.target.image, 1 - share, 0, blend);
  return blend;
}

/// sigma: px
inline cv::Mat Blurred(const cv::Mat& picture, double sigma) {
  cv::Mat blurred;
  cv::GaussianBlur(picture, blurred, {}, sigma);
  return blurred;
}

inline cv::Mat Shifted(const cv::Mat& picture, double right) {
  cv::Mat shifted;
  const cv::Matx23d by(1, 0, right, 0, 1, 0);
  cv::warpAffine(picture, shifted, by, picture.size(), cv::INTER_CUBIC, cv::BORDER_REPLICATE);
  return shifted;
}

/// Other light and skin tone: brighter on one side of the picture, bluish, features as they are.
inline cv::Mat Tinted(const cv::Mat& picture) {
  cv::Mat tinted = picture.clone();
  for (int y = 0; y < picture.rows; ++y) {
    for (int x = 0; x < picture.cols; ++x) {
      const int light = 30 * x / picture.cols;
      auto& pixel = tinted.at<cv::Vec3b>(y, x);
      const int add[3] = {light + 20, light + 5, light - 10};
      for (int c = 0; c < 3; ++c) pixel[c] = cv::saturate_cast<uchar>(pixel[c] + add[c]);
    }
  }
  return tinted;
}

/// The similarity that brings the inner landmarks of `from` nearest to those of `to`.
inline cv::Matx23f Similarity(const Landmarks& from, const Landmarks& to) {
  cv::Point2d from_mean, to_mean;
  for (int i = 17; i < kLandmarkCount; ++i) {
    from_mean += cv::Point2d(from[i]) / 51.0;
    to_mean += cv::Point2d(to[i]) / 51.0;
  }
  double along = 0, across = 0, spread = 0;
  for (int i = 17; i < kLandmarkCount; ++i) {
    const cv::Point2d p = cv::Point2d(from[i]) - from_mean, q = cv::Point2d(to[i]) - to_mean;
    along += p.dot(q);
    across += p.cross(q);
    spread += p.dot(p);
  }
  const double c = along / spread, s = across / spread;
  return cv::Matx23d(c, -s, to_mean.x - c * from_mean.x + s * from_mean.y,  //
                     s, c, to_mean.y - s * from_mean.x - c * from_mean.y);
}

/// Pastes the face of `source` into the target's picture, feathered and matched in colour.
inline cv::Mat Pasted(const KnownSwap& swap, const RenderedFrame& source) {
  const cv::Rect box =
      cv::boundingRect(std::vector<cv::Point2f>(source.landmarks.begin(), source.landmarks.end()));
  const float side = 1.3f * static_cast<float>(std::max(box.width, box.height)), scale = 256 / side;
  const cv::Point2f centre(box.x + 0.5f * box.width, box.y + 0.5f * box.height);
  const cv::Matx23f crop(scale, 0, 128 - scale * centre.x, 0, scale, 128 - scale * centre.y);
  Landmarks in_crop;
  for (int i = 0; i < kLandmarkCount; ++i)
    in_crop[i] = scale * (source.landmarks[i] - centre) + cv::Point2f(128, 128);
  SwappedFace face;
  cv::warpAffine(source.image, face.image, crop, {256, 256}, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  face.face_from_frame = Similarity(swap.target.landmarks, in_crop);
  cv::Mat result = swap.target.image.clone();
  const cv::Rect roi = FaceRegion(face, swap.target.landmarks, result.size());
  const FacePatch patch = ComposeFace(result(roi), roi, face, swap.target.landmarks);
  for (int y = 0; y < roi.height; ++y) {
    for (int x = 0; x < roi.width; ++x) {
      const double alpha = patch.mask.at<uchar>(y, x) / 255.0;
      auto& pixel = result.at<cv::Vec3b>(roi.y + y, roi.x + x);
      pixel = cv::Vec3d(patch.bgr.at<cv::Vec3b>(y, x)) * alpha + cv::Vec3d(pixel) * (1 - alpha);
    }
  }
  return result;
}

}  // namespace reelswap::testing
