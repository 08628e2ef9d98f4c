#pragma once

#include "actors/anatomy.h"
#include "actors/lighting.h"
#include "actors/performance.h"
#include "actors/rendered_frame.h"

namespace reelswap {

/// Paints the face. There are no textures and no holes in the mesh: paint is computed from canonical
/// coordinates, and where the lids or lips are open a ray is followed to the eyeball, teeth and
/// tongue behind them. Cheap to make, one for each picture; const calls are thread-safe.
class HeadShader {
 public:
  /// `lights` in head space. Keeps references to all three.
  HeadShader(const Anatomy& anatomy, const Performance& performance, const Lighting& lights)
      : anatomy_(anatomy), performance_(performance), lights_(lights) {}

  struct Shade {
    Vec3 colour;  ///< linear RGB
    SurfaceLabel label;
  };
  /// `normal`: in head space.
  Shade Surface(const SurfacePoint& point, Vec3 normal) const;
  /// Of the strip between the lips.
  Vec3 MouthInside(Vec3 head) const;

 private:
  /// What the layers of paint add up to.
  struct Paint {
    Material material;
    float ambient;
  };
  struct EyePlace {
    LidOpening lids;
    float blink;
    bool near;  ///< close enough for lid paint
  };

  EyePlace EyeAt(Vec2 canonical) const;
  Vec3 Eyeball(const SurfacePoint& point, const LidOpening& lids) const;
  Vec3 IrisColour(float x, float y, float radius) const;
  void PaintSkin(Paint& paint, Vec2 at, bool front) const;
  void PaintWrinkles(Paint& paint, Vec2 at) const;
  void PaintLips(Paint& paint, Vec2 at) const;
  void PaintLids(Paint& paint, Vec2 at, const EyePlace& eye) const;
  void PaintBrows(Paint& paint, Vec2 at) const;
  void PaintBeard(Paint& paint, Vec2 at) const;
  void PaintScalp(Paint& paint, Vec3 head, Vec2 at) const;

  const Anatomy& anatomy_;
  const Performance& performance_;
  const Lighting& lights_;
};

}  // namespace reelswap
