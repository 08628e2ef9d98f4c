#pragma once

#include "actors/anatomy.h"
#include "actors/lighting.h"

namespace reelswap {

// Paint of everything but the face. `lights` in the world; all return linear RGB. Thread-safe.

/// How light or dark the strands are at a place of the hair mesh, about -1 .. 1.
float HairStrands(Vec2 canonical, uint32_t seed);

/// `strands`: from HairStrands, averaged over the samples of a pixel.
Vec3 ShadeHair(const SurfacePoint& point, float strands, const ActorIdentity& who, const Lighting& lights);
Vec3 ShadeBody(const SurfacePoint& point, const ActorIdentity& who, const Lighting& lights);
Vec3 ShadeEar(const SurfacePoint& point, const ActorIdentity& who, const Lighting& lights);
Vec3 ShadeGlasses(const SurfacePoint& point, const Lighting& lights);

}  // namespace reelswap
