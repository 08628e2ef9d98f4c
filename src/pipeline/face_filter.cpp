#include "pipeline/face_filter.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "face/align.h"

namespace reelswap {
namespace {

/// What makes two faces of one source different, each scaled to about unit spread.
using Traits = std::array<float, 5>;

float Distance(cv::Point2f a, cv::Point2f b) { return std::hypot(a.x - b.x, a.y - b.y); }

Traits TraitsOf(const FaceRecord& record) {
  const Landmarks& p = record.face.landmarks;
  const float eyes = std::max(Distance(p[36], p[45]), 1.0f);  // outer corners
  const float mouth = Distance(p[62], p[66]) / eyes;
  const float open = (Distance(p[37], p[41]) + Distance(p[44], p[46])) / (2 * eyes);
  // Spreads of talking heads: 15 degrees of yaw, 8 of pitch and roll, mouth 0.1 and eyes 0.03 of
  // the distance between the eyes.
  return {record.pose.yaw / 15, record.pose.pitch / 8, record.pose.roll / 8, mouth / 0.1f, open / 0.03f};
}

float SquaredDistance(const Traits& a, const Traits& b) {
  float sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

}  // namespace

std::string RejectionOf(const FaceRecord& face, size_t faces_in_picture, const FaceSettings& settings) {
  const cv::Rect2f& box = face.face.box;
  if (faces_in_picture > 1) return "several_faces";
  if (std::max(box.width, box.height) < static_cast<float>(settings.min_size)) return "too_small";
  const cv::Rect2f whole(0, 0, static_cast<float>(face.picture.width), static_cast<float>(face.picture.height));
  if ((box & whole).area() < 0.75f * box.area()) return "outside_picture";
  if (std::abs(face.pose.yaw) > settings.max_yaw) return "turned_away";
  if (face.sharpness < settings.min_sharpness.value_or(kBlurredBelow)) return "blurred";
  return "";
}

void FilterSource(std::vector<FaceRecord>& records, const FaceSettings& settings) {
  std::map<int64_t, size_t> faces_in_picture;
  for (const FaceRecord& record : records) ++faces_in_picture[record.frame_index];
  for (FaceRecord& record : records) {
    record.rejected = RejectionOf(record, faces_in_picture[record.frame_index], settings);
  }
  const auto surplus = LeastDifferentFaces(records, settings.max_per_source);
  const std::set<std::pair<int64_t, int>> left_out(surplus.begin(), surplus.end());
  for (FaceRecord& record : records) {
    if (left_out.contains({record.frame_index, record.face_number})) record.rejected = "over_limit";
  }
}

void CountFaces(const std::vector<FaceRecord>& records, SourceTally& tally) {
  tally.faces_kept = 0;
  tally.rejected.clear();
  for (const FaceRecord& record : records) {
    if (record.kept()) {
      ++tally.faces_kept;
    } else {
      ++tally.rejected[record.rejected];
    }
  }
}

std::vector<std::pair<int64_t, int>> LeastDifferentFaces(const std::vector<FaceRecord>& faces, int64_t most) {
  std::vector<const FaceRecord*> kept;
  for (const FaceRecord& face : faces) {
    if (face.kept()) kept.push_back(&face);
  }
  if (static_cast<int64_t>(kept.size()) <= most) return {};
  std::vector<Traits> traits;
  for (const FaceRecord* face : kept) traits.push_back(TraitsOf(*face));
  std::vector<float> nearest(kept.size(), std::numeric_limits<float>::max());
  std::vector<bool> chosen(kept.size(), false);
  size_t next = 0;
  for (int64_t n = 0; n < most; ++n) {
    chosen[next] = true;
    size_t farthest = 0;
    float distance = -1;
    for (size_t i = 0; i < kept.size(); ++i) {
      if (chosen[i]) continue;
      nearest[i] = std::min(nearest[i], SquaredDistance(traits[i], traits[next]));
      if (nearest[i] > distance) {
        distance = nearest[i];
        farthest = i;
      }
    }
    next = farthest;
  }
  std::vector<std::pair<int64_t, int>> left_out;
  for (size_t i = 0; i < kept.size(); ++i) {
    if (!chosen[i]) left_out.emplace_back(kept[i]->frame_index, kept[i]->face_number);
  }
  return left_out;
}

}  // namespace reelswap
