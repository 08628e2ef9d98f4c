#include "actors/identity.h"

#include <stdexcept>

#include "actors/dice.h"
#include "fmt/format.h"

namespace reelswap {
namespace {

ActorIdentity Ava() {
  ActorIdentity ava;
  ava.seed = 10;
  FaceShape& face = ava.face;
  HeadShape& head = ava.head;
  face.skin = head.skin = {.66f, .43f, .33f};
  face.lips = {.50f, .13f, .13f};
  face.iris = {.08f, .14f, .07f};
  face.brow = {.09f, .045f, .02f};
  face.nose_width = .85f;
  face.nose_projection = .9f;
  face.nose_length = .95f;
  face.eye_size = 1.10f;
  face.eye_tilt = .06f;
  face.brow_thickness = .85f;
  face.brow_arch = 1.25f;
  face.brow_ridge = .4f;
  face.upper_lip = 1.2f;
  face.lower_lip = 1.2f;
  face.chin = .7f;
  face.age = .05f;
  face.freckles = .6f;
  head.width = .96f;
  head.length = .95f;
  head.jaw = .90f;
  head.hair_style = HairStyle::kLong;
  head.hair = {.16f, .075f, .03f};
  head.cloth = {.35f, .08f, .10f};
  return ava;
}

ActorIdentity Ben() {
  ActorIdentity ben;
  ben.seed = 17;
  FaceShape& face = ben.face;
  HeadShape& head = ben.head;
  face.skin = head.skin = {.20f, .105f, .065f};
  face.lips = {.20f, .075f, .065f};
  face.iris = {.035f, .018f, .01f};
  face.brow = {.010f, .008f, .007f};
  face.nose_width = 1.35f;
  face.nose_projection = .85f;
  face.nose_bridge = .7f;
  face.eye_spacing = 1.05f;
  face.brow_thickness = 1.4f;
  face.upper_lip = 1.45f;
  face.lower_lip = 1.4f;
  face.cheekbone = 1.3f;
  face.beard = .75f;
  head.width = 1.03f;
  head.jaw = 1.08f;
  head.hair_style = HairStyle::kCropped;
  head.hair = {.012f, .01f, .009f};
  head.cloth = {.55f, .45f, .15f};
  return ben;
}

ActorIdentity Carl() {
  ActorIdentity carl;
  carl.seed = 3;
  FaceShape& face = carl.face;
  HeadShape& head = carl.head;
  face.skin = head.skin = {.58f, .34f, .245f};
  face.iris = {.07f, .15f, .24f};
  face.brow_thickness = 1.25f;
  face.age = .35f;
  head.jaw = 1.04f;
  head.hair_style = HairStyle::kShort;
  return carl;
}

ActorIdentity Dana() {
  ActorIdentity dana;
  dana.seed = 24;
  FaceShape& face = dana.face;
  HeadShape& head = dana.head;
  face.skin = head.skin = {.62f, .41f, .28f};
  face.iris = {.045f, .022f, .012f};
  face.brow = {.02f, .015f, .012f};
  face.nose_bridge = .6f;
  face.nose_width = 1.08f;
  face.eye_spacing = 1.06f;
  face.eye_open = .82f;
  face.eye_tilt = .10f;
  face.brow_thickness = .9f;
  face.brow_ridge = .6f;
  face.mouth_width = .92f;
  head.width = 1.05f;
  head.length = .98f;
  head.hair_style = HairStyle::kSideParted;
  head.hair = {.015f, .012f, .011f};
  head.glasses = true;
  head.cloth = {.08f, .25f, .22f};
  return dana;
}

FaceShape RandomFaceForm(Dice& dice) {
  FaceShape face;
  face.nose_length = dice.Between(.9f, 1.08f);
  face.nose_width = dice.Between(.82f, 1.35f);
  face.nose_projection = dice.Between(.8f, 1.15f);
  face.nose_bridge = dice.Between(.6f, 1.2f);
  face.eye_spacing = dice.Between(.95f, 1.07f);
  face.eye_size = dice.Between(.92f, 1.12f);
  face.eye_open = dice.Between(.8f, 1.12f);
  face.eye_tilt = dice.Between(-.04f, .1f);
  face.brow_thickness = dice.Between(.75f, 1.4f);
  face.brow_height = dice.Between(.92f, 1.1f);
  face.brow_arch = dice.Between(.6f, 1.4f);
  face.brow_ridge = dice.Between(.4f, 1.3f);
  face.upper_lip = dice.Between(.7f, 1.4f);
  face.lower_lip = dice.Between(.75f, 1.4f);
  face.mouth_width = dice.Between(.9f, 1.1f);
  face.cheekbone = dice.Between(.6f, 1.4f);
  face.chin = dice.Between(.6f, 1.3f);
  face.age = dice.Between(0, .9f);
  face.freckles = dice.Chance(.25f) ? .6f : 0;
  return face;
}

/// Skin along a line from light to dark; blue and green eyes and fair hair go with lighter skin.
void DrawColours(Dice& dice, FaceShape& face, HeadShape& head) {
  const Vec3 light{.70f, .47f, .37f}, dark{.16f, .08f, .05f};
  const float darkness = dice.Between(0, 1);
  const float red = darkness * dice.Between(.9f, 1.f);
  face.skin = {Mix(light.x, dark.x, red), Mix(light.y, dark.y, darkness), Mix(light.z, dark.z, darkness)};
  head.skin = face.skin;
  face.lips = face.skin * Vec3{.78f, .48f, .55f};
  const bool fair = darkness < .5f;
  const float eyes = fair ? dice.Between(0, 1) : 0;
  const Vec3 blue{.07f, .15f, .24f}, green{.08f, .14f, .07f}, brown{.05f, .025f, .012f};
  face.iris = eyes > .6f ? blue : eyes > .35f ? green : brown;
  const float blond_root = fair ? dice.Between(0, 1) : 0;
  const float blond = fair ? blond_root * dice.Between(0, 1) : 0;
  head.hair = Vec3{.012f, .010f, .009f} + Vec3{.40f, .24f, .10f} * blond;
  face.brow = head.hair * Vec3{.6f, .55f, .5f};
}

}  // namespace

std::vector<std::string> IdentityNames() { return {"ava", "ben", "carl", "dana"}; }

ActorIdentity NamedIdentity(std::string_view name) {
  if (name == "ava") return Ava();
  if (name == "ben") return Ben();
  if (name == "carl") return Carl();
  if (name == "dana") return Dana();
  throw std::invalid_argument(
      fmt::format("no virtual actor is called '{}' (known: ava, ben, carl, dana)", name));
}

ActorIdentity RandomIdentity(uint32_t seed) {
  Dice dice(seed);
  ActorIdentity identity;
  identity.seed = seed;
  identity.face = RandomFaceForm(dice);
  HeadShape& head = identity.head;
  DrawColours(dice, identity.face, head);
  head.width = dice.Between(.94f, 1.06f);
  head.length = dice.Between(.94f, 1.05f);
  head.jaw = dice.Between(.88f, 1.1f);
  head.hair_style = static_cast<HairStyle>(static_cast<int>(dice.Between(0, 3.99f)));
  head.hairline = dice.Between(.93f, 1.08f);
  head.glasses = dice.Chance(.25f);
  if (head.hair_style != HairStyle::kLong && dice.Chance(.35f)) {
    identity.face.beard = dice.Between(.4f, .9f);
  }
  const float red = dice.Between(.05f, .6f), green = dice.Between(.05f, .5f);
  head.cloth = {red, green, dice.Between(.05f, .5f)};
  return identity;
}

ActorIdentity SwappedIdentity(const ActorIdentity& target, const ActorIdentity& source, SkinTone tone) {
  ActorIdentity swapped = target;
  swapped.face = source.face;
  if (tone == SkinTone::kTarget) {
    const Vec3 from = source.face.skin, to = target.face.skin, lips = source.face.lips;
    swapped.face.skin = to;
    swapped.face.lips = {lips.x * to.x / from.x, lips.y * to.y / from.y, lips.z * to.z / from.z};
  }
  return swapped;
}

}  // namespace reelswap
