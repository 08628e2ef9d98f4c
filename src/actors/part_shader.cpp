#include "actors/part_shader.h"

#include "actors/noise.h"

namespace reelswap {
namespace {

Vec3 ViewFrom(const SurfacePoint& point, const Lighting& lights) {
  return Normalized(lights.camera - point.world);
}

}  // namespace

float HairStrands(Vec2 at, uint32_t seed) {
  return Noise(at.x * 9, at.y * .35f, seed + 50) * .6f + Noise(at.x * 26, at.y * .5f, seed + 51) * .4f;
}

Vec3 ShadeHair(const SurfacePoint& point, float strands, const ActorIdentity& who, const Lighting& lights) {
  const Vec3 view = ViewFrom(point, lights);
  Vec3 n = point.normal;
  float ambient = point.ambient;
  if (Dot(n, view) < 0) {  // the inside of the shell
    n = -n;
    ambient *= .45f;
  }
  // Kajiya-Kay: the highlight runs across the strands, which hang down along the surface.
  const Vec3 down_the_strand = Normalized(Vec3{-n.x * n.y + strands * .2f, 1 - n.y * n.y, -n.z * n.y});
  const float along = Dot(down_the_strand, Normalized(lights.key + view));
  const float sheen = std::pow(std::max(0.f, 1 - along * along), 30.f);
  const Vec3 hair = who.head.hair;
  Vec3 light =
      Lit(lights, {hair * (1 + .55f * strands), {.2f, .2f, .2f}}, n, view, ambient, point.shadow * ambient);
  light += lights.key_colour * (hair + Vec3{.02f, .02f, .02f}) *
           (sheen * .9f * point.shadow * Clamp01(Dot(n, lights.key) + .3f) * (1 + strands));
  return light;
}

Vec3 ShadeBody(const SurfacePoint& point, const ActorIdentity& who, const Lighting& lights) {
  const Vec2 at = point.canonical;
  const Vec3 view = ViewFrom(point, lights);
  const float collar = -17.2f + 2.9f * SmoothStep(5.f, -5.f, point.head.z);
  if (at.y >= collar) {
    const Vec3 skin = who.head.skin * (1 + .06f * FractalNoise(at.x, at.y, 3));
    return Lit(lights, {skin, {.42f, .22f, .15f}, .12f, 12}, point.normal, view, point.ambient, point.shadow);
  }
  const float weave = .15f * FractalNoise(at.x * 2, at.y * .7f, 8) + .08f * Noise(at.x * 9, at.y * 9, 2);
  const float hem = SmoothStep(.5f, .1f, collar - at.y);
  const Vec3 cloth = who.head.cloth * ((1 + weave) * (1 - .3f * hem));
  return Lit(lights, {cloth, {.1f, .1f, .1f}, .02f, 12}, point.normal, view, point.ambient, point.shadow);
}

Vec3 ShadeEar(const SurfacePoint& point, const ActorIdentity& who, const Lighting& lights) {
  const Material skin{who.head.skin * Vec3{1.08f, .84f, .80f}, {.55f, .25f, .15f}, .15f, 14};
  return Lit(lights, skin, point.normal, ViewFrom(point, lights), point.ambient, point.shadow);
}

Vec3 ShadeGlasses(const SurfacePoint& point, const Lighting& lights) {
  const Vec3 view = ViewFrom(point, lights);
  const Vec3 n = Dot(point.normal, view) < 0 ? -point.normal : point.normal;
  return Lit(lights, {{.015f, .014f, .014f}, {.1f, .1f, .1f}, .6f, 60}, n, view, 1, 1);
}

}  // namespace reelswap
