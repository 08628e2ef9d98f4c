#include "pipeline/track_samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "face/align.h"

namespace reelswap {
namespace {

constexpr int kMostSide = 384;        // px of a sample's picture
constexpr int kLeastSide = 8;         // px; less shows nobody
constexpr size_t kMostCandidates = 16, kThinnedTo = 8;
constexpr int64_t kGoneAfter = 120;   // frames without the face after which its pictures are packed away
constexpr float kNewTurn = 0.06f;     // of the eyes' distance: about 6 degrees of yaw
constexpr CropGeometry kSharpnessCrop{160, 1.25f, 0.0f};  // the mean-face square at 128 px, as MeasureSharpness wants it

/// How far the nose tip lies from between the eyes, along them, in units of their distance: yaw without a solver.
float TurnOf(const Landmarks& landmarks) {
  const cv::Point2f eyes = landmarks[45] - landmarks[36];
  const float squared = std::max(eyes.dot(eyes), 1e-6f);
  return (landmarks[30] - 0.5f * (landmarks[36] + landmarks[45])).dot(eyes) / squared;
}

/// 0 = the same moment and pose. A sixth of the life, 15 degrees of yaw or 12 of pitch each count 1.
double Apart(const TrackSample& a, const TrackSample& b, double life) {
  const double time = 6 * static_cast<double>(std::abs(a.frame - b.frame)) / std::max(life, 1.0);
  return std::min(time, 2.0) + std::min(std::abs(a.pose.yaw - b.pose.yaw) / 15.0, 3.0) +
         std::min(std::abs(a.pose.pitch - b.pose.pitch) / 12.0, 3.0);
}

std::string AsPng(const cv::Mat& picture) {
  std::vector<uchar> bytes;
  if (!cv::imencode(".png", picture, bytes, {cv::IMWRITE_PNG_COMPRESSION, 1})) {
    throw Error(ErrorKind::kDisk, "a picture of a face could not be encoded as PNG: is OpenCV built with PNG?");
  }
  return {bytes.begin(), bytes.end()};
}

}  // namespace

std::vector<size_t> MostTellingSamples(const std::vector<const TrackSample*>& candidates, size_t count) {
  if (candidates.empty()) return {};
  std::vector<size_t> by_sharpness(candidates.size());
  for (size_t i = 0; i < by_sharpness.size(); ++i) by_sharpness[i] = i;
  std::stable_sort(by_sharpness.begin(), by_sharpness.end(),
                   [&](size_t a, size_t b) { return candidates[a]->sharpness > candidates[b]->sharpness; });
  std::vector<double> share(candidates.size());  // 1 = the sharpest, 0 = the least sharp
  int64_t first = candidates[0]->frame, last = first;
  for (size_t i = 0; i < by_sharpness.size(); ++i) {
    share[by_sharpness[i]] = 1 - static_cast<double>(i) / static_cast<double>(by_sharpness.size());
    first = std::min(first, candidates[i]->frame), last = std::max(last, candidates[i]->frame);
  }
  std::vector<size_t> chosen = {by_sharpness.front()};
  while (chosen.size() < std::min(count, candidates.size())) {
    double best = -1;
    size_t best_index = 0;
    for (size_t i = 0; i < candidates.size(); ++i) {
      if (std::find(chosen.begin(), chosen.end(), i) != chosen.end()) continue;
      double nearest = 1e9;
      for (const size_t c : chosen) {
        nearest = std::min(nearest, Apart(*candidates[i], *candidates[c], static_cast<double>(last - first)));
      }
      const double value = (nearest + 0.05) * (0.4 + share[i]);
      if (value > best) best = value, best_index = i;
    }
    chosen.push_back(best_index);
  }
  std::sort(chosen.begin(), chosen.end(), [&](size_t a, size_t b) { return share[a] > share[b]; });
  return chosen;
}

TrackSample TakeSample(const Frame& frame, int64_t number, const DetectedFace& face) {
  TrackSample sample;
  sample.frame = number;
  const float side = 2 * std::max(face.box.width, face.box.height);
  const cv::Point2f centre = 0.5f * (face.box.tl() + face.box.br());
  const cv::Rect wanted(cvFloor(centre.x - side / 2), cvFloor(centre.y - side / 2), cvCeil(side), cvCeil(side));
  const cv::Rect roi = wanted & cv::Rect({}, frame.size());
  if (roi.width < kLeastSide || roi.height < kLeastSide) return sample;
  const cv::Mat bgr = frame.Bgr(roi);
  const double scale = std::min(1.0, static_cast<double>(kMostSide) / std::max(roi.width, roi.height));
  const cv::Size size(std::max(1, cvRound(roi.width * scale)), std::max(1, cvRound(roi.height * scale)));
  if (scale < 1) {
    cv::resize(bgr, sample.picture, size, 0, 0, cv::INTER_AREA);
  } else {
    sample.picture = bgr.isContinuous() ? bgr : bgr.clone();
  }
  // Indices name px centres: picture + 0.5 = scale * (frame - corner + 0.5).
  const float sx = static_cast<float>(size.width) / roi.width, sy = static_cast<float>(size.height) / roi.height;
  sample.picture_from_frame = {sx, 0, sx * (0.5f - roi.x) - 0.5f, 0, sy, sy * (0.5f - roi.y) - 0.5f};
  for (size_t i = 0; i < face.landmarks.size(); ++i) {
    const cv::Point2f& p = face.landmarks[i];
    sample.landmarks[i] = {sx * (p.x - roi.x + 0.5f) - 0.5f, sy * (p.y - roi.y + 0.5f) - 0.5f};
  }
  sample.pose = EstimatePose(face.landmarks, frame.size());
  DetectedFace in_picture;
  in_picture.landmarks = sample.landmarks;
  sample.sharpness = AlignFace(sample.picture, in_picture, kSharpnessCrop).sharpness;
  return sample;
}

void SampleCollector::Consider(const Frame& frame, int64_t number, const TrackedFace& face) {
  if (number % kGoneAfter == 0) CloseThoseGone(number);
  auto [it, is_new] = tracks_.try_emplace(face.track);
  Candidates& track = it->second;
  if (track.closed) return;
  track.last_seen = number;
  const float turn = TurnOf(face.face.landmarks);
  const bool new_pose = turn < track.least_turn - kNewTurn || turn > track.most_turn + kNewTurn;
  if (!is_new && !new_pose && number - track.last_taken < track.stride) return;
  TrackSample sample = TakeSample(frame, number, face.face);
  if (sample.picture.empty()) return;
  track.least_turn = track.samples.empty() ? turn : std::min(track.least_turn, turn);
  track.most_turn = track.samples.empty() ? turn : std::max(track.most_turn, turn);
  track.last_taken = number;
  track.samples.push_back(std::move(sample));
  if (track.samples.size() < kMostCandidates) return;
  std::vector<const TrackSample*> candidates;
  for (const TrackSample& s : track.samples) candidates.push_back(&s);
  std::vector<size_t> kept = MostTellingSamples(candidates, kThinnedTo);
  std::sort(kept.begin(), kept.end());
  std::vector<TrackSample> thinned;
  for (const size_t i : kept) thinned.push_back(std::move(track.samples[i]));
  track.samples = std::move(thinned);
  track.stride *= 2;
}

void SampleCollector::CloseThoseGone(int64_t number) {
  for (auto& [id, track] : tracks_) {
    if (!track.closed && number - track.last_seen > kGoneAfter) Close(id, track);
  }
}

void SampleCollector::Close(int64_t track, Candidates& candidates) {
  candidates.closed = true;
  std::vector<const TrackSample*> all;
  for (const TrackSample& s : candidates.samples) all.push_back(&s);
  for (const size_t i : MostTellingSamples(all, kSamplesPerTrack)) {
    StoredSample stored;
    stored.track = track;
    stored.sample = candidates.samples[i];
    stored.png = AsPng(stored.sample.picture);
    stored.sample.picture.release();
    finished_.push_back(std::move(stored));
  }
  candidates.samples.clear();
}

std::vector<StoredSample> SampleCollector::Finish() {
  for (auto& [id, track] : tracks_) {
    if (!track.closed) Close(id, track);
  }
  std::stable_sort(finished_.begin(), finished_.end(),
                   [](const StoredSample& a, const StoredSample& b) { return a.track < b.track; });
  return std::move(finished_);
}

}  // namespace reelswap
