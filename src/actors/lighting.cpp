#include "actors/lighting.h"

namespace reelswap {
namespace {

Vec3 DirectionTo(float azimuth, float elevation) {
  const float a = azimuth * kRadiansPerDegree, e = elevation * kRadiansPerDegree;
  return {std::sin(a) * std::cos(e), std::sin(e), std::cos(a) * std::cos(e)};
}

float Wrapped(float cosine, float wrap) { return std::max(0.f, (cosine + wrap) / (1 + wrap)); }

}  // namespace

Lighting LightingInWorld(const ActorScene& scene) {
  Lighting lights;
  lights.camera = {0, 0, scene.distance};
  lights.key = DirectionTo(scene.key_azimuth, scene.key_elevation);
  lights.fill = DirectionTo(-scene.key_azimuth * .8f, 10);
  lights.key_colour = Vec3{1 + scene.warmth, 1, 1 - scene.warmth} * (1.15f * scene.light);
  lights.fill_colour = Vec3{.9f, 1, 1.1f} * (scene.fill * scene.light);
  lights.sky = Vec3{.30f, .32f, .35f} * scene.light;
  lights.ground = Vec3{.14f, .12f, .11f} * scene.light;
  return lights;
}

Lighting LightingInHead(const Lighting& world, const HeadMotion& motion) {
  Lighting lights = world;
  lights.camera = motion.ToHead(world.camera);
  lights.key = motion.DirectionToHead(world.key);
  lights.fill = motion.DirectionToHead(world.fill);
  return lights;
}

Vec3 Lit(const Lighting& lights, const Material& material, Vec3 normal, Vec3 view, float ambient,
         float shadow) {
  const Vec3 wrap = material.wrap;
  const float to_key = Dot(normal, lights.key), to_fill = Dot(normal, lights.fill);
  const Vec3 diffuse{Wrapped(to_key, wrap.x), Wrapped(to_key, wrap.y), Wrapped(to_key, wrap.z)};
  // Light scattered inside the skin softens the edge of a shadow, red most.
  const Vec3 shaded{Mix(shadow, 1, wrap.x * .35f), Mix(shadow, 1, wrap.y * .3f), shadow};
  const Vec3 arriving = lights.key_colour * diffuse * shaded +
                        lights.fill_colour * (Wrapped(to_fill, .3f) * ambient) +
                        Mix(lights.ground, lights.sky, normal.y * .5f + .5f) * ambient;
  Vec3 leaving = material.albedo * arriving * Mix(1, ambient, .45f);
  if (material.specular > 0) {
    const float grazing = 1 - Clamp01(Dot(normal, view));
    const float strength = material.specular * (.35f + .65f * Squared(Squared(grazing)));
    const auto highlight = [&](Vec3 light) {
      return std::pow(Clamp01(Dot(normal, Normalized(light + view))), material.gloss);
    };
    leaving += lights.key_colour * (strength * shadow * highlight(lights.key));
    leaving += lights.fill_colour * (strength * .6f * ambient * highlight(lights.fill));
  }
  return leaving;
}

}  // namespace reelswap
