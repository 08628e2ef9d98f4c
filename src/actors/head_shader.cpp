#include "actors/head_shader.h"

#include "actors/noise.h"

namespace reelswap {
namespace {

constexpr Vec3 kSkinWrap{.42f, .22f, .15f};

uint32_t PaintSeed(const ActorIdentity& identity) { return identity.seed * 101; }

}  // namespace

HeadShader::EyePlace HeadShader::EyeAt(Vec2 at) const {
  EyePlace eye{{}, at.x < 0 ? performance_.blink_left : performance_.blink_right, false};
  const float ax = std::fabs(at.x);
  if (std::fabs(at.y) < 2.2f && std::fabs(ax - anatomy_.eye_x) < anatomy_.eye_half_width + .6f) {
    eye.lids = anatomy_.LidsAt(ax, eye.blink);
    eye.near = true;
  }
  return eye;
}

HeadShader::Shade HeadShader::Surface(const SurfacePoint& point, Vec3 normal) const {
  const Vec2 at = point.canonical;
  const bool front = point.head.z > 2;
  const EyePlace eye = front ? EyeAt(at) : EyePlace{{}, 0, false};
  if (eye.near && std::fabs(eye.lids.across) < 1 && at.y < eye.lids.upper - .03f &&
      at.y > eye.lids.lower + .01f) {
    return {Eyeball(point, eye.lids), SurfaceLabel::kEye};
  }
  Paint paint{{anatomy_.identity.face.skin, kSkinWrap, .22f, 14}, point.ambient};
  PaintSkin(paint, at, front);
  if (front) {
    PaintWrinkles(paint, at);
    PaintLips(paint, at);
    if (eye.near) PaintLids(paint, at, eye);
    PaintBrows(paint, at);
    if (anatomy_.identity.face.beard > 0) PaintBeard(paint, at);
  }
  PaintScalp(paint, point.head, at);
  const uint32_t seed = PaintSeed(anatomy_.identity);
  const Vec3 grain{Noise(at.x * 13, at.y * 13, seed + 40), Noise(at.x * 13, at.y * 13, seed + 41), 0};
  const Vec3 view = Normalized(lights_.camera - point.head);
  return {Lit(lights_, paint.material, Normalized(normal + grain * .035f), view, paint.ambient, point.shadow),
          SurfaceLabel::kSkin};
}

void HeadShader::PaintSkin(Paint& paint, Vec2 at, bool front) const {
  const FaceShape& face = anatomy_.identity.face;
  const uint32_t seed = PaintSeed(anatomy_.identity);
  const float ax = std::fabs(at.x), y = at.y;
  const float blotches = FractalNoise(at.x * 1.1f, y * 1.1f, seed);
  const float fine = FractalNoise(at.x * 9, y * 9, seed + 5);
  Vec3& skin = paint.material.albedo;
  // Outside the face the head keeps its own skin: this is the border of a swap.
  const float in_face = front ? SmoothStep(7.2f, 6.0f, ax) * SmoothStep(8.0f, 6.0f, y) : 0.f;
  skin = Mix(anatomy_.identity.head.skin, skin, in_face);

  const float on_tip = Bump(at.x, y - anatomy_.nose_tip_y, 1.0f, .8f);
  const float redness = .55f * Bump(ax - 4.0f, y + 3.0f, 1.7f, 1.4f) + .6f * on_tip +
                        .25f * Bump(ax - anatomy_.mouth_half_width, y - anatomy_.mouth_y, 1, 1) +
                        .15f * blotches;
  skin = skin * (1 + .07f * blotches + .06f * fine);
  skin = Mix(skin, skin * Vec3{1.10f, .84f, .80f}, Clamp01(redness));
  const float under_eye = Bump(ax - anatomy_.eye_x + .3f, y + 1.15f, 1.2f, .5f);
  skin = Mix(skin, skin * Vec3{.80f, .72f, .74f}, (.35f + .4f * face.age) * under_eye);
  if (face.freckles > 0 && front) {
    const float where = Bump(ax - 3, y + 2.6f, 2.6f, 1.6f) + .6f * Bump(at.x, y + 2, 1.5f, 1.5f);
    const float spots = SmoothStep(.45f, .75f, Noise(at.x * 5, y * 5, seed + 9));
    skin = Mix(skin, skin * Vec3{.62f, .48f, .42f}, face.freckles * spots * where);
  }
  float& specular = paint.material.specular;
  specular += .12f * Bump(at.x, y - anatomy_.nose_tip_y, .9f, .8f) + .08f * Bump(at.x, y - 4.5f, 3, 1.5f);
  specular *= 1 + .5f * fine;
}

void HeadShader::PaintWrinkles(Paint& paint, Vec2 at) const {
  const FaceShape& face = anatomy_.identity.face;
  const float ax = std::fabs(at.x);
  Vec3& skin = paint.material.albedo;
  if (face.age > .3f) {
    float depth = 0;
    for (int i = 0; i < 3; ++i) {
      const float n = static_cast<float>(i);
      const float line = 4.2f + n * .95f - .18f * std::sin(at.x * .9f + n * 2);
      depth += std::exp(-Squared((at.y - line) / .07f)) * SmoothStep(4.2f, 2.5f, ax);
    }
    skin = skin * (1 - .28f * (face.age - .3f) * depth);
  }
  const float nostril =
      Bump(ax - .60f * face.nose_width, at.y - (anatomy_.nose_base_y + .26f), .30f * face.nose_width, .15f);
  skin = Mix(skin, skin * Vec3{.12f, .07f, .06f}, Clamp01(nostril * 1.5f));
}

void HeadShader::PaintLips(Paint& paint, Vec2 at) const {
  const float ax = std::fabs(at.x), width = anatomy_.mouth_half_width;
  const float above = at.y - anatomy_.mouth_y;
  if (ax >= width + .3f || std::fabs(above) >= 2.4f) return;
  const uint32_t seed = PaintSeed(anatomy_.identity);
  const float t = ax / width;
  float inside = t >= 1      ? -std::fabs(above)
                 : above > 0 ? anatomy_.UpperLip(t) - above
                             : anatomy_.LowerLip(t) + above;
  inside += .03f * Noise(at.x * 6, at.y * 6, seed + 3);
  const float red = SmoothStep(-.09f, .10f, inside) * SmoothStep(1.02f, .93f, t);
  Vec3 lips = anatomy_.identity.face.lips * (1 + .16f * Noise(at.x * 9, at.y * 1.2f, seed + 4));
  if (above > 0) lips = lips * .82f;  // the upper lip faces down
  Material& material = paint.material;
  material.albedo = Mix(material.albedo, lips, red * .92f);
  material.specular = Mix(material.specular, .42f, red);
  material.gloss = Mix(material.gloss, 30, red);
  const float line = std::exp(-Squared(above / .10f)) * SmoothStep(width + .25f, width - .1f, ax);
  material.albedo = material.albedo * (1 - .72f * line);
  paint.ambient *= 1 - .4f * line;
}

void HeadShader::PaintLids(Paint& paint, Vec2 at, const EyePlace& eye) const {
  const float across = std::fabs(eye.lids.across);
  const float in_eye = SmoothStep(1.12f, .96f, across);
  const float above = at.y - eye.lids.upper, below = eye.lids.lower - at.y;
  Vec3& skin = paint.material.albedo;

  const float lash_height = .13f + .09f * Squared(Clamp01(eye.lids.across));  // longer outside
  const bool at_upper = at.y > eye.lids.lower - .05f && above >= -.04f;
  const float lash = at_upper ? in_eye * SmoothStep(lash_height, lash_height * .35f, above) : 0;
  skin = Mix(skin, {.012f, .009f, .008f}, .93f * lash);
  const float rim = below >= -.02f ? in_eye * SmoothStep(.11f, .02f, below) : 0;
  skin = Mix(skin, skin * Vec3{.42f, .30f, .28f}, .75f * rim);

  const float crease_y = eye.lids.upper + .36f + .30f * eye.blink;
  const float crease =
      std::exp(-Squared((at.y - crease_y) / .09f)) * SmoothStep(1.25f, .85f, across) * (1 - .6f * eye.blink);
  skin = skin * (1 - .45f * crease);
  paint.ambient *= 1 - .25f * crease;
  if (above > 0) skin = skin * (1 - .16f * SmoothStep(.8f, 0, above));
  if (above > 0 && above < .5f) paint.material.specular *= .5f;
}

void HeadShader::PaintBrows(Paint& paint, Vec2 at) const {
  const FaceShape& face = anatomy_.identity.face;
  const float ax = std::fabs(at.x), side = at.x < 0 ? -1.f : 1.f;
  const float t = (ax - 1.05f) / 4.65f;  // 0 inner .. 1 outer end
  const float off = at.y - anatomy_.BrowCentre(ax);
  if (t <= -.15f || t >= 1.15f || std::fabs(off) >= 1.3f) return;
  const float thickness = .40f * face.brow_thickness * (1 - .55f * Squared(Clamp01(t))) *
                              SmoothStep(-.12f, .10f, t) * SmoothStep(1.05f, .75f, t) +
                          .01f;
  const float hairs = Noise((at.x * .5f + off * (1.6f - t * 2.2f) * side) * 11,
                            (off + side * at.x * .35f) * 5, PaintSeed(anatomy_.identity) + 11);
  const float cover = SmoothStep(1.15f, .55f, std::fabs(off) / thickness + .22f * hairs) * face.brow_density *
                      (.84f + .20f * hairs);
  paint.material.albedo = Mix(paint.material.albedo, face.brow, Clamp01(cover * .95f));
  paint.material.specular *= 1 - Clamp01(cover);
}

void HeadShader::PaintBeard(Paint& paint, Vec2 at) const {
  const ActorIdentity& who = anatomy_.identity;
  const float ax = std::fabs(at.x), y = at.y, mouth = anatomy_.mouth_y;
  const float t = std::min(1.f, ax / anatomy_.mouth_half_width);
  const bool on_lips = ax < anatomy_.mouth_half_width && y < mouth + anatomy_.UpperLip(t) + .08f &&
                       y > mouth - anatomy_.LowerLip(t) - .08f;
  if (on_lips) return;
  const float below_mouth = SmoothStep(mouth + 1.2f, mouth - .6f, y);
  const float bare_chin = 1 - .5f * Bump(ax, y - (mouth - anatomy_.lower_lip - .25f), 1.4f, .25f);
  const float whiskers = SmoothStep(4.6f, 5.6f, ax) * SmoothStep(0, -3, y);
  const float moustache = 1.1f * Bump(at.x, y - (mouth + 1.05f), 2.4f, .55f);
  const float grows = std::max({below_mouth * bare_chin, whiskers, moustache}) * SmoothStep(8.f, 6.2f, ax);
  const float strands = Noise(at.x * 14, y * 4, PaintSeed(who) + 21);
  const float cover = Clamp01(Clamp01(grows) * who.face.beard * (.80f + .35f * strands));
  const Vec3 hair = who.head.hair * (1.2f + .4f * strands) + who.face.skin * .04f;
  paint.material.albedo = Mix(paint.material.albedo, hair, cover);
  paint.material.specular *= 1 - .8f * cover;
}

void HeadShader::PaintScalp(Paint& paint, Vec3 head, Vec2 at) const {
  if (at.y <= -3) return;
  const float angle = std::atan2(head.x, head.z);
  const float ragged = .4f * Noise(angle * 30, 1, PaintSeed(anatomy_.identity));
  float cover = SmoothStep(-.35f, .5f, at.y - anatomy_.Hairline(angle) + ragged);
  const bool under_long_hair =
      std::fabs(angle) > 1.2f && anatomy_.identity.head.hair_style == HairStyle::kLong;
  if (under_long_hair) cover = 1;
  paint.material.albedo = Mix(paint.material.albedo, anatomy_.identity.head.hair, cover * .93f);
  paint.material.specular *= 1 - cover;
}

}  // namespace reelswap
