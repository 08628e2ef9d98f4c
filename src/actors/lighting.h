#pragma once

#include "actors/deform.h"
#include "actors/geometry.h"
#include "actors/scene.h"

namespace reelswap {

/// Lights and camera in one space (world or head).
struct Lighting {
  Vec3 camera;     ///< position
  Vec3 key, fill;  ///< unit directions towards the two lights
  Vec3 key_colour, fill_colour;
  Vec3 sky, ground;  ///< light from all around, above and below
};

Lighting LightingInWorld(const ActorScene& scene);
Lighting LightingInHead(const Lighting& world, const HeadMotion& motion);

/// How a surface answers light. All light that enters skin is spread; red travels furthest, so
/// `wrap` (how far diffuse light reaches past the terminator, 0 .. 1) differs by colour.
struct Material {
  Vec3 albedo;
  Vec3 wrap{.1f, .1f, .1f};
  float specular = 0;
  float gloss = 1;  ///< Blinn-Phong exponent
};

/// One point of a surface as the shaders see it.
struct SurfacePoint {
  Vec3 head;          ///< position in head space
  Vec3 world;         ///< position in the world
  Vec3 normal;        ///< unit, world
  Vec2 canonical;     ///< see Vertex::canonical
  float ambient = 1;  ///< share of the surrounding light that arrives
  float shadow = 1;   ///< share of the key light that arrives
};

/// Light leaving the surface towards `view` (unit, from the surface to the camera), linear RGB.
/// `normal` and `view` are in the space of `lights`.
Vec3 Lit(const Lighting& lights, const Material& material, Vec3 normal, Vec3 view, float ambient,
         float shadow);

}  // namespace reelswap
