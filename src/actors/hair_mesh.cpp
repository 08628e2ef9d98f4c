// The hair: a shell over the skull whose ragged hem the rasteriser cuts with noise.
#include "actors/mesh.h"
#include "actors/noise.h"

namespace reelswap {
namespace {

constexpr int kColumns = 181;
constexpr int kScalpRows = 91;    // from the mouth's height (control row 5) to the crown
constexpr int kHangingRows = 40;  // more, for hair that falls to the shoulders

/// Long hair hangs from above the ears (control row 9.6) down to y = -15.5.
Vec3 HangingPoint(const Anatomy& anatomy, float angle, float down, float drop) {
  const Vec3 from = anatomy.BaseSurface(9.6f, angle);
  const float y = Mix(from.y, -15.5f, down);
  const float flare = 1.0f + .26f * SmoothStep(4, -5, y) - .12f * SmoothStep(-8, -15, y);
  const float depth = from.z > 0 ? Mix(1, 1.25f, SmoothStep(4, -3, y)) : Mix(1, .82f, SmoothStep(0, -8, y));
  return {from.x * Mix(1, flare, drop), y, from.z * depth};
}

/// Thickness of the hair over the skin, cm. `above_hem`: height over its lower border.
float Thickness(const Anatomy& anatomy, float angle, float y, float above_hem) {
  const HairStyle style = anatomy.identity.head.hair_style;
  const uint32_t seed = anatomy.identity.seed + 7;
  const float side = std::fabs(angle) / kRadiansPerDegree;
  float full = style == HairStyle::kCropped ? .18f
               : style == HairStyle::kShort ? .85f
               : style == HairStyle::kLong  ? .95f
                                            : 1.3f;
  const bool over_ear = side > 60 && side < 120 && style != HairStyle::kLong;
  full *= 0.10f + 0.90f * SmoothStep(0, 3.0f, above_hem) * (over_ear ? SmoothStep(-1.f, 5.f, y) : 1);
  if (style == HairStyle::kShort) full += .35f * SmoothStep(6, 10, y);
  if (style == HairStyle::kSideParted) {
    full += .8f * SmoothStep(5, 9, y) * (0.7f + .3f * std::sin(angle + .6f));
  }
  const float rough = style == HairStyle::kCropped ? .02f : .10f;
  return full + rough * FractalNoise(angle * 7, y * .6f, seed);
}

Vertex HairVertex(const Anatomy& anatomy, int row, int hanging_rows, float angle) {
  const bool is_long = hanging_rows > 0;
  const float control =
      Mix(5.0f, 14.f, static_cast<float>(std::max(0, row - hanging_rows)) / (kScalpRows - 1));
  const float side = std::fabs(angle) / kRadiansPerDegree;
  Vec3 base = anatomy.BaseSurface(control, angle);
  float hem = anatomy.Hairline(angle);
  if (is_long) {
    const float drop = SmoothStep(52, 64, side);  // only beside and behind the face
    if (control < 9.6f && drop > 1e-3f) {
      const float up = static_cast<float>(row) / static_cast<float>(hanging_rows + 46);
      base = HangingPoint(anatomy, angle, Clamp01(1 - up), drop);
    }
    if (side > 54) {
      hem = Mix(hem, -16.f + 1.2f * Noise(angle * 9, 3, anatomy.identity.seed), drop);
    }
  }
  const float y = base.y;
  // Outwards: the normal of an ellipsoid of the skull's proportions.
  const Vec3 out = Normalized({base.x / 49, (y - 2) / 90 * (y > 2 ? 1 : .1f), base.z / 81});
  Vertex vertex;
  vertex.rest = base + out * Thickness(anatomy, angle, y, y - hem);
  vertex.canonical = {angle * 7.0f, y - hem};  // cm around the head, height over the hem
  vertex.light = Mix(.45f, 1.f, SmoothStep(0, 3, y - hem));
  return vertex;
}

}  // namespace

Mesh BuildHair(const Anatomy& anatomy) {
  const int hanging = anatomy.identity.head.hair_style == HairStyle::kLong ? kHangingRows : 0;
  Mesh hair;
  hair.part = Part::kHair;
  hair.columns = kColumns;
  hair.rows = kScalpRows + hanging;
  for (int r = 0; r < hair.rows; ++r) {
    for (int c = 0; c < kColumns; ++c) {
      const float angle = kPi * (2.f * static_cast<float>(c) / (kColumns - 1) - 1);
      hair.vertices.push_back(HairVertex(anatomy, r, hanging, angle));
    }
  }
  AppendGrid(hair, 0, hair.rows, kColumns);
  return hair;
}

}  // namespace reelswap
