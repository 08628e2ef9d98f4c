#include "actors/landmark_points.h"

#include <cstdlib>

namespace reelswap {
namespace {

// First index of each group in the iBUG 300-W scheme of 68 points.
constexpr int kBrows = 17, kNose = 27, kEyes = 36, kMouth = 48;

/// Points from the middle of the chin along the jaw line and up before the ear, one side.
std::vector<Vec3> JawLine(const Anatomy& anatomy) {
  constexpr int kSteps = 80;
  std::vector<Vec3> line;
  for (int i = 0; i <= kSteps; ++i) {
    const float q = 2 * static_cast<float>(i) / kSteps;
    const bool under = q < 1;
    const float row = under ? Mix(2.0f, 2.6f, q) : Mix(2.6f, 8.1f, q - 1);
    const float degrees = under ? Mix(0, 74, q) : Mix(74, 84, SmoothStep(0, 1, q - 1));
    line.push_back(anatomy.BaseSurface(row, degrees * kRadiansPerDegree));
  }
  return line;
}

/// The point at `share` of the line's length as seen from the front.
Vec3 AtShare(const std::vector<Vec3>& line, float share) {
  std::vector<float> length(1, 0.f);
  for (size_t i = 1; i < line.size(); ++i) {
    length.push_back(length.back() + std::hypot(line[i].x - line[i - 1].x, line[i].y - line[i - 1].y));
  }
  const float wanted = share * length.back();
  size_t i = 0;
  while (i + 2 < length.size() && length[i + 1] < wanted) ++i;
  return Mix(line[i], line[i + 1], Clamp01((wanted - length[i]) / (length[i + 1] - length[i])));
}

}  // namespace

LandmarkPoints::LandmarkPoints(const Anatomy& anatomy, const Mesh& head) : anatomy_(anatomy), head_(head) {
  AnchorJaw();
  AnchorBrowsAndNose();
  AnchorMouth();
}

Vec3 LandmarkPoints::Anchor::On(const std::vector<Vec3>& posed) const {
  const Vec3 p = posed[vertex];
  return p + (posed[beside] - p) * to_beside + (posed[above] - p) * to_above;
}

int LandmarkPoints::NearestVertex(float x, float y, Lip lip) const {
  int best = 0;
  float best_distance = 1e9f;
  for (size_t i = 0; i < head_.vertices.size(); ++i) {
    const Vertex& vertex = head_.vertices[i];
    if (vertex.rest.z < 0) continue;
    if (lip != Lip::kAny && vertex.lower_jaw != (lip == Lip::kLower)) continue;
    const float distance = Squared(vertex.canonical.x - x) + Squared(vertex.canonical.y - y);
    if (distance < best_distance) {
      best_distance = distance;
      best = static_cast<int>(i);
    }
  }
  return best;
}

LandmarkPoints::Anchor LandmarkPoints::Find(float x, float y, Lip lip) const {
  Anchor anchor;
  anchor.vertex = anchor.beside = anchor.above = NearestVertex(x, y, lip);
  const Vec2 at = head_.vertices[anchor.vertex].canonical;
  const int row = anchor.vertex / head_.columns, column = anchor.vertex % head_.columns;

  const int next_column = std::clamp(column + (x > at.x ? 1 : -1), 0, head_.columns - 1);
  anchor.beside = row * head_.columns + next_column;
  const float dx = head_.vertices[anchor.beside].canonical.x - at.x;
  if (std::fabs(dx) > 1e-5f) anchor.to_beside = Clamp01((x - at.x) / dx);

  const int next_row = row + (y > at.y ? 1 : -1);
  if (next_row < 0 || next_row >= head_.rows) return anchor;
  const int above = next_row * head_.columns + column;
  const Vertex& vertex = head_.vertices[above];
  if (lip != Lip::kAny && vertex.lower_jaw != (lip == Lip::kLower)) return anchor;
  anchor.above = above;
  const float dy = vertex.canonical.y - at.y;
  if (std::fabs(dy) > 1e-5f) anchor.to_above = Clamp01((y - at.y) / dy);
  return anchor;
}

void LandmarkPoints::AnchorJaw() {
  const std::vector<Vec3> line = JawLine(anatomy_);
  for (int i = 0; i <= 16; ++i) {
    const Vec3 p = AtShare(line, static_cast<float>(std::abs(i - 8)) / 8);
    anchors_[i] = Find(i < 8 ? -p.x : p.x, p.y);
  }
}

void LandmarkPoints::AnchorBrowsAndNose() {
  constexpr float kBrowX[] = {5.5f, 4.75f, 3.6f, 2.4f, 1.2f};  // from the outer end
  for (int i = 0; i < 5; ++i) {
    const float x = kBrowX[i], y = anatomy_.BrowCentre(x) + .25f;  // its upper border
    anchors_[kBrows + i] = Find(-x, y);
    anchors_[kBrows + 9 - i] = Find(x, y);
  }
  for (int i = 0; i < 4; ++i) {
    anchors_[kNose + i] = Find(0, Mix(0.3f, anatomy_.nose_tip_y, static_cast<float>(i) / 3));
  }
  constexpr float kBaseX[] = {-1.35f, -.68f, 0, .68f, 1.35f};
  for (int i = 0; i < 5; ++i) {
    const float y = anatomy_.nose_base_y + .1f + (std::fabs(kBaseX[i]) > 1 ? .15f : 0);
    anchors_[kNose + 4 + i] = Find(kBaseX[i] * anatomy_.identity.face.nose_width, y);
  }
}

void LandmarkPoints::AnchorMouth() {
  const float width = anatomy_.mouth_half_width, line = anatomy_.mouth_y;
  int next = kMouth;
  for (const float t : {-1.f, -.62f, -.2f, 0.f, .2f, .62f, 1.f}) {  // upper border, left to right
    const float above = std::fabs(t) == 1 ? 0 : anatomy_.UpperLip(std::fabs(t));
    anchors_[next++] = Find(t * width, line + above, Lip::kUpper);
  }
  for (const float t : {.62f, .28f, 0.f, -.28f, -.62f}) {  // lower border, right to left
    anchors_[next++] = Find(t * width, line - anatomy_.LowerLip(std::fabs(t)), Lip::kLower);
  }
  for (const float t : {-.92f, -.4f, 0.f, .4f, .92f}) {
    anchors_[next++] = Find(t * width, line, Lip::kUpper);
  }
  for (const float t : {.4f, 0.f, -.4f}) anchors_[next++] = Find(t * width, line, Lip::kLower);
}

std::array<Vec3, kLandmarkCount> LandmarkPoints::On(const std::vector<Vec3>& posed,
                                                    const Performance& performance) const {
  std::array<Vec3, kLandmarkCount> points;
  for (int i = 0; i < kLandmarkCount; ++i) {
    if (i < kEyes || i >= kMouth) points[i] = anchors_[i].On(posed);
  }
  // Of one eye from its outer corner along the upper lid; the other's order starts inside.
  constexpr float kAcross[6] = {1.f, .38f, -.38f, -1.f, -.38f, .38f};
  constexpr int kLeft[6] = {0, 1, 2, 3, 4, 5}, kRight[6] = {3, 2, 1, 0, 5, 4};
  for (int i = 0; i < 6; ++i) {
    for (const bool left : {true, false}) {
      const int k = (left ? kLeft : kRight)[i];
      const float x = anatomy_.eye_x + kAcross[k] * anatomy_.eye_half_width * .985f;
      const LidOpening lids = anatomy_.LidsAt(x, left ? performance.blink_left : performance.blink_right);
      const bool corner = std::fabs(kAcross[k]) == 1, upper = k < 3;
      const float y = corner ? (lids.upper + lids.lower) / 2 : upper ? lids.upper : lids.lower;
      points[kEyes + (left ? 0 : 6) + i] = Find(left ? -x : x, y).On(posed);
    }
  }
  return points;
}

}  // namespace reelswap
