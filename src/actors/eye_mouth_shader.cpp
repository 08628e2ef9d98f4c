// The parts of the face behind the skin: rays are followed to an eyeball and to an arch of teeth.
#include <optional>

#include "actors/head_shader.h"
#include "actors/noise.h"

namespace reelswap {
namespace {

/// Distance along a ray to an ellipsoid around the origin; nothing where it misses.
std::optional<float> HitEllipsoid(Vec3 origin, Vec3 direction, Vec3 radius) {
  const Vec3 inverse{1 / radius.x, 1 / radius.y, 1 / radius.z};
  const Vec3 o = origin * inverse, d = direction * inverse;
  const float a = Dot(d, d), b = Dot(o, d), c = Dot(o, o) - 1;
  const float discriminant = b * b - a * c;
  if (discriminant < 0) return std::nullopt;
  return (-b - std::sqrt(discriminant)) / a;
}

/// Cover of a row of teeth between two heights: 1 on a tooth, less in the gaps, 0 outside.
float TeethCover(float along, float y, float bottom, float top, float tooth_width) {
  if (std::fabs(along) > 3.2f) return 0;  // the cheek hides the molars
  const float place = along / tooth_width + .5f;
  const float from_middle = std::fabs(place - std::round(place));
  const float gap = Mix(.35f, 1, SmoothStep(.5f, .40f, from_middle));
  return SmoothStep(bottom - .06f, bottom + .04f, y) * SmoothStep(top + .04f, top - .04f, y) * gap;
}

}  // namespace

Vec3 HeadShader::IrisColour(float x, float y, float radius) const {
  const float fibres = .75f + .45f * Noise(std::atan2(y, x) * 7, radius * 2, anatomy_.identity.seed + 31);
  Vec3 colour = anatomy_.identity.face.iris * fibres;
  const Vec3 inner = colour * 1.5f + Vec3{.03f, .02f, 0};
  colour = Mix(colour, inner, SmoothStep(.75f, .4f, radius) * .6f);
  colour = colour * Mix(1, .25f, SmoothStep(.80f, 1.0f, radius));             // dark ring
  return Mix(colour, {.006f, .006f, .006f}, SmoothStep(.44f, .36f, radius));  // pupil
}

Vec3 HeadShader::Eyeball(const SurfacePoint& point, const LidOpening& lids) const {
  const float side = point.canonical.x < 0 ? -1.f : 1.f;
  const Vec3 centre{side * anatomy_.eye_x, 0, anatomy_.eyeball_z};
  const Vec3 radius = anatomy_.eyeball_radius;
  const Vec3 ray = Normalized(point.head - lights_.camera), view = -ray;
  const Vec3 origin = lights_.camera - centre;
  const std::optional<float> hit = HitEllipsoid(origin, ray, radius);
  if (!hit) {  // the wet flesh of the corner
    return Lit(lights_, {{.35f, .13f, .11f}, {.3f, .2f, .1f}}, view, view, .6f, point.shadow);
  }
  const Vec3 p = origin + ray * *hit;
  Vec3 normal = Normalized({p.x / Squared(radius.x), p.y / Squared(radius.y), p.z / Squared(radius.z)});

  const float iris_radius = 0.60f * (.85f + .15f * anatomy_.identity.face.eye_size);
  const float ix = p.x - performance_.gaze_x * .6f, iy = p.y - performance_.gaze_y * .45f;
  const float r = std::hypot(ix, iy - .02f) / iris_radius;
  Vec3 colour{.62f, .585f, .56f};
  colour = Mix(colour, {.62f, .30f, .26f}, .35f * SmoothStep(.75f, 1.0f, std::fabs(lids.across)));
  colour = Mix(colour, {.55f, .22f, .19f}, SmoothStep(-.80f, -.92f, lids.across));  // tear duct
  const float iris = SmoothStep(1.06f, .96f, r);
  if (iris > 0) {
    colour = Mix(colour, IrisColour(ix, iy, r), iris);
    normal = Normalized(normal + Vec3{ix * .35f, iy * .35f, 0});  // the cornea bulges
  }
  // Lids and lashes shade the ball next to them.
  const float lid_shade = Mix(.38f, 1.f, SmoothStep(0, .42f, lids.upper - point.canonical.y)) *
                          Mix(.75f, 1.f, SmoothStep(0, .2f, point.canonical.y - lids.lower));
  Vec3 light = Lit(lights_, {colour, {.25f, .2f, .2f}}, normal, view, Mix(point.ambient, 1, .3f) * lid_shade,
                   point.shadow * lid_shade);
  const Vec3 half = Normalized(lights_.key + Vec3{0, .15f, .35f} + view);
  light +=
      lights_.key_colour * (1.3f * std::pow(Clamp01(Dot(normal, half)), 300) * (.4f + .6f * point.shadow));
  return light;
}

Vec3 HeadShader::MouthInside(Vec3 head) const {
  const Vec3 camera = lights_.camera, ray = Normalized(head - camera), view = -ray;
  const float mouth = anatomy_.mouth_y, dropped = performance_.jaw_open * 2.6f;
  Vec3 colour{.045f, .008f, .008f};
  float ambient = .5f;
  // The teeth stand on an elliptic cylinder 3.1 cm behind the lips.
  constexpr float kHalfWidth = 2.75f, kDepth = 2.9f;
  const float arch_z = anatomy_.front_z(static_cast<int>(Anatomy::kMouthRow)) - 3.1f;
  const Vec3 cylinder{kHalfWidth, 1e6f, kDepth};
  const Vec3 origin = camera - Vec3{0, 0, arch_z};
  if (const std::optional<float> hit = HitEllipsoid(origin, ray, cylinder)) {
    const Vec3 p = origin + ray * *hit;
    const Vec3 normal = Normalized({p.x / Squared(kHalfWidth), 0, p.z / Squared(kDepth)});
    const float along = std::atan2(p.x, p.z) * 2.8f;  // cm along the arch
    const float upper =
        TeethCover(along, p.y, mouth - .66f + .04f * (1 - std::cos(along * 2)), mouth + .9f, .80f);
    const float lower = TeethCover(along, p.y, mouth - 1.2f - dropped, mouth - .45f - dropped, .55f);
    const float cover = std::max(upper, lower);
    if (cover > 0) {
      const float lip_shade = Mix(.30f, 1.f, SmoothStep(0.0f, .55f, std::min(head.y - p.y + .6f, 1.f)));
      const Vec3 teeth = Vec3{.66f, .60f, .50f} * (lip_shade * std::max(upper, lower * .75f));
      return Lit(lights_, {teeth + colour * (1 - cover), {.3f, .2f, .2f}, .10f, 40}, normal, view, .55f,
                 .55f);
    }
    const float tongue = SmoothStep(mouth - .4f - dropped * .55f, mouth - 1.4f - dropped * .8f, p.y);
    colour = Mix(colour, {.20f, .055f, .05f}, Clamp01(tongue * performance_.jaw_open));
    ambient = .4f;
  }
  return Lit(lights_, {colour, {.3f, .2f, .1f}, .03f, 20}, {0, .2f, .98f}, view, ambient, .6f);
}

}  // namespace reelswap
