#pragma once

#include <vector>

#include "actors/mesh.h"
#include "actors/performance.h"

namespace reelswap {

/// Rigid movement of the head: turns about the neck, then moves. World: origin at the head's
/// resting place, y up, camera on the positive z axis; cm.
class HeadMotion {
 public:
  explicit HeadMotion(const Performance& performance);
  Vec3 ToWorld(Vec3 head) const { return rotation_ * (head - kPivot) + translation_; }
  Vec3 ToHead(Vec3 world) const { return rotation_.Inverse(world - translation_) + kPivot; }
  Vec3 DirectionToHead(Vec3 world) const { return rotation_.Inverse(world); }
  /// Of a point that moves with the shoulders, which do not turn.
  Vec3 WithoutTurning(Vec3 head) const { return head - kPivot + translation_; }
  Vec3 translation() const { return translation_; }

 private:
  static constexpr Vec3 kPivot{0, -4, 1};  // top of the neck
  Mat3 rotation_;
  Vec3 translation_;
};

/// Where the muscles put a head vertex: head space, cm.
Vec3 Expressed(const Vertex& vertex, const Performance& performance, const Anatomy& anatomy);

/// One mesh in one performance.
struct PosedMesh {
  std::vector<Vec3> head;     ///< positions in head space, before turning (expression included)
  std::vector<Vec3> world;    ///< positions in the world
  std::vector<Vec3> normals;  ///< unit, world
};

PosedMesh Pose(const Mesh& mesh, const Performance& performance, const Anatomy& anatomy);

}  // namespace reelswap
