// What makes a face of the smooth head surface: bumps and hollows added along z, each at its place
// in canonical coordinates. Amounts in cm.
#include "actors/anatomy.h"

namespace reelswap {

float Anatomy::SkullRelief(float x, float y) const {
  const FaceShape& face = identity.face;
  const float ax = std::fabs(x);
  float z = 0;
  z += 0.38f * face.brow_ridge * Bump(ax - 2.7f, y - (brow_y - .45f), 1.7f, 0.65f);
  z -= 0.25f * Bump(x, y - 1.0f, 0.8f, 1.1f);                                         // glabella
  z -= 0.20f * Bump(ax - 5.9f, y - 2.2f, 1.3f, 2.2f);                                 // temple
  z -= (0.95f + .15f * face.brow_ridge) * Bump(ax - eye_x, y - 0.25f, 1.75f, 1.05f);  // socket
  z -= 0.75f * Bump(ax - 1.45f, y - 0.2f, 0.55f, 0.9f);                               // beside the nose
  z -= 0.18f * (0.6f + face.age) * Bump(ax - eye_x + .6f, y + 1.45f, 1.3f, 0.35f);    // tear trough
  z += 0.50f * face.cheekbone * Bump(ax - 4.4f, y + 2.3f, 1.7f, 1.15f);
  z -= 0.35f * face.cheekbone * Bump(ax - 4.7f, y + 6.0f, 1.3f, 1.5f);  // cheek hollow
  z += 0.55f * Bump(x, y - mouth_y, 2.9f, 2.2f);                        // muzzle
  z += 0.55f * face.chin * Bump(x, y - (chin_y + 1.5f), 1.5f, 0.95f);
  const float fold = std::exp(-Squared(NasolabialDistance(ax, y) / .30f));
  return z - (0.10f + .14f * face.age) * fold;
}

float Anatomy::NoseRelief(float x, float y) const {
  const FaceShape& face = identity.face;
  const float ax = std::fabs(x), top = 0.9f, tip = nose_tip_y, base = nose_base_y;
  const float down = Clamp01((top - y) / (top - tip));  // 0 at the root, 1 at the tip
  const float ridge = Mix(0.75f * face.nose_bridge, 2.15f * face.nose_projection, std::pow(down, 1.25f));
  const float root = SmoothStep(top + 1.6f, top - .4f, y);
  const float arched_y = y - 0.16f * std::min(Squared(ax), 2.f);
  const float underside = SmoothStep(base - 0.16f, tip - 0.02f, arched_y);
  const float half_width = Mix(0.62f, 0.86f, down) * Mix(1, face.nose_width, 0.6f);
  float z = ridge * root * underside * std::exp(-0.5f * std::pow(ax / half_width, 2.2f));
  z += 0.42f * face.nose_projection * Bump(x, y - tip - 0.05f, 0.72f * face.nose_width, 0.52f) * underside;
  const float wing_y = y - (tip - 0.18f), wing_x = 1.36f * face.nose_width;
  const float wing = Bump(ax - wing_x * .97f, wing_y, 0.40f, 0.48f);
  z += 1.10f * wing * SmoothStep(base - .02f, tip - .22f, y);
  z -= 0.22f * Bump(ax - wing_x - .62f, wing_y, 0.22f, 0.55f);                       // its crease
  z -= 0.45f * Bump(ax - 0.62f * face.nose_width, y - (base + .28f), 0.28f, 0.16f);  // nostril
  return z;
}

float Anatomy::MouthRelief(float x, float y) const {
  const FaceShape& face = identity.face;
  const float ax = std::fabs(x), t = Clamp01(ax / mouth_half_width);
  const float profile = std::sqrt(std::max(0.f, 1 - t * t));
  const bool on_lips = ax < mouth_half_width;
  const float philtrum_y = y - (nose_base_y + mouth_y + .5f * upper_lip) * .5f;
  float z = -0.12f * Bump(x, philtrum_y, 0.28f, 0.6f);
  z += 0.08f * Bump(ax - .55f, philtrum_y, 0.22f, 0.6f);
  if (on_lips) {
    z += 0.42f * face.upper_lip * Band(y - (mouth_y + .42f * upper_lip), .30f * upper_lip + .08f) * profile;
    z += 0.50f * face.lower_lip * Band(y - (mouth_y - .48f * lower_lip), .36f * lower_lip + .05f) * profile;
  }
  const float past_corner = std::exp(-Squared((ax - mouth_half_width) / .35f));
  z -= 0.32f * Band(y - mouth_y, .17f) * (on_lips ? .5f + .5f * profile : .5f * past_corner);
  z -= 0.30f * Bump(ax - mouth_half_width - .15f, y - mouth_y, .45f, .40f);
  z -= 0.45f * Bump(x, y - (mouth_y - lower_lip - 0.75f), 1.9f, 0.45f);  // fold above the chin
  return z;
}

Vec3 Anatomy::WithFeatures(Vec3 base) const {
  const float ax = std::fabs(base.x), y = base.y;
  Vec3 point = base;
  point.z += SkullRelief(base.x, y) + NoseRelief(base.x, y) + MouthRelief(base.x, y);
  const float cheek = 0.30f * identity.face.cheekbone * Bump(ax - 6.2f, y + 2.0f, 1.4f, 1.3f);
  point.x += base.x > 0 ? cheek : -cheek;

  // The lids: skin 0.12 cm thick lies over the eyeball.
  const float qx = (ax - eye_x) / (eyeball_radius.x + .12f);
  const float qy = y / (eyeball_radius.y + .12f);
  const float q = qx * qx + qy * qy;
  if (q < 4) {
    const float bulge = q < 1 ? std::sqrt(1 - q) : -std::sqrt(q - 1) * 1.2f;
    point.z = SmoothMax(point.z, eyeball_z + (eyeball_radius.z + .12f) * bulge, 0.12f);
  }
  return point;
}

}  // namespace reelswap
