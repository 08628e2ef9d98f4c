#include "pipeline/face_comparison.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "face/align.h"
#include "measure/swap_scores.h"
#include "pipeline/face_replacement.h"

namespace reelswap {
namespace {

constexpr double kRunSeconds = 0.25;  // neighbours further apart say nothing about restlessness

double Mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Runs of neighbours in time within one source, as [first, last) ranges of at least three.
std::vector<std::pair<size_t, size_t>> NeighbourRuns(const std::vector<FaceBefore>& faces) {
  std::vector<std::pair<size_t, size_t>> runs;
  const auto follows = [&](size_t i) {
    const FaceBefore &before = faces[i - 1], &face = faces[i];
    return before.source == face.source && face.seconds > before.seconds &&
           face.seconds - before.seconds <= kRunSeconds;
  };
  // Neighbours must be equally far apart, or a gap would read as restlessness.
  const auto evenly = [&](size_t i, size_t first) {
    return i < first + 2 || faces[i].frame_index - faces[i - 1].frame_index ==
                                faces[i - 1].frame_index - faces[i - 2].frame_index;
  };
  for (size_t first = 0; first < faces.size();) {
    size_t last = first + 1;
    while (last < faces.size() && follows(last) && evenly(last, first)) ++last;
    if (last - first >= 3) runs.emplace_back(first, last);
    first = last;
  }
  return runs;
}

/// Restlessness of the swapped pictures over that of the source's; nullopt without neighbours or motion.
std::optional<double> RelativeFlicker(const std::vector<FaceBefore>& faces, const std::vector<FaceAfter>& swapped) {
  double of_source = 0, of_swap = 0;
  for (const auto& [first, last] : NeighbourRuns(faces)) {
    std::vector<cv::Mat> before, after, masks;
    for (size_t i = first; i < last; ++i) {
      before.push_back(faces[i].picture);
      after.push_back(swapped[i].picture);
      masks.push_back(faces[i].mask);
    }
    const auto weight = static_cast<double>(last - first - 2);
    of_source += weight * Flicker(before, masks);
    of_swap += weight * Flicker(after, masks);
  }
  return of_source > 0 ? std::optional(of_swap / of_source) : std::nullopt;
}

}  // namespace

FaceBefore LookAtFace(FaceBefore face, const FaceDetector& detector) {
  face.mask = FaceHullMask(face.landmarks, face.picture.size());
  face.found = detector.FindLandmarks(LumaOfPhoto(face.picture), face.box);
  face.pose = EstimatePose(face.found, face.picture.size());
  return face;
}

FaceAfter CompareFace(const FaceBefore& before, cv::Mat picture, const FaceDetector& detector) {
  if (picture.size() != before.picture.size()) {
    throw std::invalid_argument("a face is compared with a picture of its own size");
  }
  const Landmarks found = detector.FindLandmarks(LumaOfPhoto(picture), before.box);
  FaceAfter after;
  after.pose_degrees = PoseError(EstimatePose(found, picture.size()), before.pose);
  after.expression_percent = ExpressionError(found, before.found);
  after.picture = std::move(picture);
  return after;
}

FootageDirection SummariseFaces(const std::string& from, const std::string& to, const std::vector<FaceBefore>& before,
                                const std::vector<FaceAfter>& after) {
  FootageDirection direction;
  direction.from = from;
  direction.to = to;
  direction.frames = static_cast<int64_t>(after.size());
  std::vector<double> pose, expression, identity_to, identity_from, nearer;
  for (const FaceAfter& face : after) {
    pose.push_back(face.pose_degrees);
    expression.push_back(face.expression_percent);
    if (!face.Margin()) continue;
    identity_to.push_back(*face.identity_to);
    identity_from.push_back(*face.identity_from);
    nearer.push_back(*face.Margin() > 0 ? 1 : 0);
  }
  direction.pose_degrees = Median(std::move(pose));
  direction.expression_percent = Median(std::move(expression));
  direction.flicker = RelativeFlicker(before, after);
  if (identity_to.empty()) return direction;
  direction.identity_to = Mean(identity_to);
  direction.identity_from = Mean(identity_from);
  direction.margin = *direction.identity_from - *direction.identity_to;
  direction.retrieval = Mean(nearer);
  return direction;
}

}  // namespace reelswap
