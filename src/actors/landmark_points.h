#pragma once

#include <array>
#include <vector>

#include "actors/mesh.h"
#include "actors/performance.h"
#include "core/faces.h"

namespace reelswap {

/// Finds canonical points on the posed head mesh, in iBUG 300-W order. Points of brows, nose, jaw
/// and lips are fixed to vertices and looked up once; those on the lids move with the blink.
/// Immutable after construction.
class LandmarkPoints {
 public:
  LandmarkPoints(const Anatomy& anatomy, const Mesh& head);

  /// Positions in the space of `posed` (one entry a head vertex).
  std::array<Vec3, kLandmarkCount> On(const std::vector<Vec3>& posed, const Performance& performance) const;

 private:
  enum class Lip { kAny, kUpper, kLower };
  /// A place between vertices of one grid cell.
  struct Anchor {
    int vertex = 0, beside = 0, above = 0;
    float to_beside = 0, to_above = 0;
    Vec3 On(const std::vector<Vec3>& posed) const;
  };
  Anchor Find(float x, float y, Lip lip = Lip::kAny) const;
  int NearestVertex(float x, float y, Lip lip) const;
  void AnchorJaw();
  void AnchorBrowsAndNose();
  void AnchorMouth();

  const Anatomy& anatomy_;
  const Mesh& head_;
  std::array<Anchor, kLandmarkCount> anchors_;
};

}  // namespace reelswap
