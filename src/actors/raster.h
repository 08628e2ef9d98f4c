#pragma once

#include <span>
#include <vector>

#include "actors/deform.h"
#include "actors/mesh.h"
#include "actors/scene.h"

namespace reelswap {

/// Pinhole camera on the z axis looking along -z.
class Camera {
 public:
  /// `samples`: how many samples a side each pixel is divided into.
  Camera(const ActorScene& scene, int samples);
  /// x right and y down in samples from the picture's upper left corner; z grows towards the camera.
  Vec3 Project(Vec3 world) const {
    const float scale = focal_ / (distance_ - world.z);
    return {centre_.x + world.x * scale, centre_.y - world.y * scale, scale};
  }
  Vec3 position() const { return {0, 0, distance_}; }

 private:
  float focal_, distance_;
  Vec2 centre_;
};

/// What one sample sees.
struct Fragment {
  float depth = -1e30f;  ///< as Camera::Project's z
  float u = 0, v = 0;    ///< barycentric weights of the triangle's b and c
  int triangle = -1;     ///< -1: backdrop
  Part part = Part::kHead;
};

/// Visible surface at every sample, row by row.
struct FragmentGrid {
  int width = 0, height = 0;
  std::vector<Fragment> fragments;
  const Fragment& At(int x, int y) const { return fragments[static_cast<size_t>(y) * width + x]; }
};

/// An actor's meshes in one performance, indexed by Part.
struct PosedActor {
  std::span<const Mesh> meshes;
  std::vector<PosedMesh> posed;
};

/// Z-buffers all parts. Hair ends in a ragged hem made from `hair_seed`.
FragmentGrid Rasterize(const PosedActor& actor, const Camera& camera, int width, int height,
                       uint32_t hair_seed);

/// Distance map from a far light, for head and hair: a square of 34 cm around the head.
class ShadowMap {
 public:
  /// `to_light`: unit; `centre`: of the head, world.
  ShadowMap(const PosedActor& actor, Vec3 to_light, Vec3 centre);
  /// Share of the light that reaches a point, averaged over 3 x 3 places: 0 .. 1.
  float LightAt(Vec3 world) const;

 private:
  static constexpr int kSize = 320;
  static constexpr float kHalfWidth = 17;  // cm
  Vec3 InMap(Vec3 world) const;
  void Draw(const Mesh& mesh, const std::vector<Vec3>& world);

  Vec3 to_light_, across_, up_, centre_;
  std::vector<float> nearest_;  // distance along to_light_ of the surface nearest to the light
};

}  // namespace reelswap
