#include "actors/deform.h"

namespace reelswap {
namespace {

/// A canonical point as the muscles see it.
struct FacePoint {
  float x, y;        // x >= 0: distance from the middle
  float side;        // -1 or 1
  float from_mouth;  // y above the mouth line
  float arch;        // 1 in the middle of the mouth, 0 at its corners
  bool lower;        // belongs to the lower jaw
};

FacePoint Locate(const Vertex& vertex, const Anatomy& anatomy) {
  FacePoint at;
  at.x = std::fabs(vertex.canonical.x);
  at.y = vertex.canonical.y;
  at.side = vertex.canonical.x < 0 ? -1.f : 1.f;
  at.from_mouth = at.y - anatomy.mouth_y;
  const float t = Clamp01(at.x / anatomy.mouth_half_width);
  at.arch = std::pow(std::max(0.f, 1 - t * t), 0.7f);
  at.lower = vertex.lower_jaw || at.from_mouth < -1e-4f;
  return at;
}

void Smile(Vec3& p, const FacePoint& at, float amount, const Anatomy& anatomy) {
  const float mouth = anatomy.mouth_half_width, d = at.from_mouth;
  const float band = std::exp(-0.5f * Squared((d + .2f) / 1.5f)) * SmoothStep(7.0f, 3.0f, at.x);
  p.x += at.side * 0.62f * amount * std::min(at.x / mouth, 1.25f) * band;
  const float corner = Bump(at.x - mouth, d, 1.4f, 1.2f);
  p.y += 0.85f * amount * corner;
  p.z -= 0.45f * amount * corner;
  const float cheek = Bump(at.x - 3.9f, at.y + 3.4f, 1.5f, 1.2f);
  p.z += 0.40f * amount * cheek;
  p.y += 0.35f * amount * cheek;
  if (at.lower) {
    p.y -= 0.30f * amount * at.arch * SmoothStep(-2.2f, 0.f, d);
  } else {
    p.y += 0.16f * amount * at.arch * SmoothStep(1.8f, 0.f, d);
  }
  const float fold = DistanceToSegment({at.x, at.y}, {1.75f, anatomy.nose_tip_y - .1f},
                                       {mouth + .9f, anatomy.mouth_y + .2f});
  p.z -= 0.22f * amount * std::exp(-Squared(fold / .38f));
}

void Pucker(Vec3& p, const FacePoint& at, float amount) {
  p.x -= at.side * 0.38f * amount * at.x * Bump(at.x, at.from_mouth, 2.6f, 1.6f);
  p.z += 0.9f * amount * Bump(at.x, at.from_mouth, 1.4f, 1.2f);
}

void MoveBrows(Vec3& p, const FacePoint& at, float raise, float frown, const Anatomy& anatomy) {
  p.y += 0.75f * raise * Bump(at.x - 2.9f, at.y - anatomy.brow_y, 2.4f, 1.0f);
  const float inner = Bump(at.x - 1.7f, at.y - anatomy.brow_y, 1.3f, 0.9f);
  p.y -= 0.45f * frown * inner;
  // Towards the middle, but not over it: there the skin would fold through itself.
  p.x -= at.side * 0.28f * frown * inner * std::min(1.f, at.x);
}

/// The jaw turns up to 17 degrees about a hinge in front of the ears and slides forward 0.9 cm. The
/// weight is discontinuous across the lips alone.
void OpenJaw(Vec3& p, const FacePoint& at, float amount, const Anatomy& anatomy) {
  const float d = at.from_mouth;
  float weight = at.lower ? Mix(.5f + .5f * at.arch, 1, SmoothStep(0, 2.2f, -d))
                          : .5f * (1 - at.arch) * (1 - SmoothStep(0, 2.5f, d));
  weight *= SmoothStep(-2.f, 3.f, p.z);
  const float angle = weight * amount * 17 * kRadiansPerDegree;
  constexpr float kHingeY = -2, kHingeZ = 0.5f;
  const float c = std::cos(angle), s = std::sin(angle), y = p.y - kHingeY, z = p.z - kHingeZ;
  p.y = kHingeY + c * y - s * z;
  p.z = kHingeZ + s * y + c * z + 0.9f * amount * weight;
  p.x -= at.side * 0.24f * amount * Bump(at.x - anatomy.mouth_half_width, d, 1.3f, 1.6f);
}

}  // namespace

HeadMotion::HeadMotion(const Performance& performance)
    : rotation_(RotationFrom(performance.pose.yaw, performance.pose.pitch, performance.pose.roll)),
      translation_{performance.position.x, performance.position.y + 1.0f, performance.position.z} {}

Vec3 Expressed(const Vertex& vertex, const Performance& performance, const Anatomy& anatomy) {
  Vec3 p = vertex.rest;
  if (p.z < -2 && vertex.canonical.y > -7) return p;  // no muscle reaches the back of the head
  const FacePoint at = Locate(vertex, anatomy);
  if (performance.smile != 0) Smile(p, at, performance.smile, anatomy);
  if (performance.pucker != 0) Pucker(p, at, performance.pucker);
  if (performance.brow_raise != 0 || performance.brow_frown != 0) {
    MoveBrows(p, at, performance.brow_raise, performance.brow_frown, anatomy);
  }
  if (performance.jaw_open != 0) OpenJaw(p, at, performance.jaw_open, anatomy);
  return p;
}

PosedMesh Pose(const Mesh& mesh, const Performance& performance, const Anatomy& anatomy) {
  const HeadMotion motion(performance);
  const bool long_hair = mesh.part == Part::kHair && anatomy.identity.head.hair_style == HairStyle::kLong;
  PosedMesh posed;
  posed.head.reserve(mesh.vertices.size());
  posed.world.reserve(mesh.vertices.size());
  for (const Vertex& vertex : mesh.vertices) {
    const Vec3 p = mesh.part == Part::kHead ? Expressed(vertex, performance, anatomy) : vertex.rest;
    float turns = 1;  // 0: stays with the shoulders
    if (mesh.part == Part::kBody) turns = SmoothStep(-15.f, -8.5f, p.y);
    if (long_hair) turns = 1 - .5f * SmoothStep(-9.f, -13.f, p.y);
    posed.head.push_back(p);
    posed.world.push_back(turns == 1 ? motion.ToWorld(p)
                                     : Mix(motion.WithoutTurning(p), motion.ToWorld(p), turns));
  }
  posed.normals = VertexNormals(mesh, posed.world);
  return posed;
}

}  // namespace reelswap
