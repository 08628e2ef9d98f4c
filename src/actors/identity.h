#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actors/geometry.h"

namespace reelswap {

/// The part of a virtual person that a face swap transfers. Numbers are factors (1 = average)
/// unless a unit is named; colours are linear RGB reflectances in [0, 1].
struct FaceShape {
  float nose_length = 1, nose_width = 1, nose_projection = 1, nose_bridge = 1;
  float eye_spacing = 1, eye_size = 1, eye_open = 1;
  float eye_tilt = 0;  ///< slope dy/dx; > 0: the outer corner is the higher one
  float brow_thickness = 1, brow_height = 1, brow_arch = 1, brow_density = 1, brow_ridge = 1;
  float upper_lip = 1, lower_lip = 1, mouth_width = 1, mouth_height = 1;
  float cheekbone = 1, chin = 1;
  float age = 0.2f;    ///< 0 smooth .. 1 wrinkled
  float freckles = 0;  ///< 0 none .. 1 many
  float beard = 0;     ///< 0 none .. 1 full
  Vec3 skin{0.60f, 0.36f, 0.25f};
  Vec3 lips{0.46f, 0.17f, 0.15f};
  Vec3 iris{0.10f, 0.20f, 0.30f};
  Vec3 brow{0.05f, 0.03f, 0.02f};
};

enum class HairStyle { kCropped, kShort, kLong, kSideParted };

/// The part of a virtual person that a face swap keeps.
struct HeadShape {
  float width = 1, length = 1, jaw = 1;
  HairStyle hair_style = HairStyle::kShort;
  float hairline = 1;  ///< height of the hairline, factor
  bool glasses = false;
  Vec3 hair{0.05f, 0.03f, 0.02f};
  Vec3 cloth{0.1f, 0.15f, 0.3f};
  Vec3 skin{0.60f, 0.36f, 0.25f};  ///< of ears, neck and what lies outside the face
};

/// Who a virtual person is; constant over a clip.
struct ActorIdentity {
  FaceShape face;
  HeadShape head;
  uint32_t seed = 1;  ///< of skin grain, freckles and strands of hair
};

/// The built-in people: "ava" (light skin, freckles, long brown hair), "ben" (dark skin, beard,
/// cropped hair), "carl" (short hair, older), "dana" (side-parted black hair, glasses).
/// Throws std::invalid_argument for another name. Thread-safe.
ActorIdentity NamedIdentity(std::string_view name);

/// The names that NamedIdentity knows.
std::vector<std::string> IdentityNames();

/// A plausible person drawn from `seed`; the same seed gives the same person. Thread-safe.
ActorIdentity RandomIdentity(uint32_t seed);

/// Whether the truth of a swap shows the target's or the source's skin tone.
enum class SkinTone { kTarget, kSource };

/// The right answer of a face swap: `target`'s head with `source`'s face. Played with the target's
/// performance and scene it is what a perfect swap of that picture looks like. With
/// SkinTone::kTarget the source's lips are scaled to the target's skin as well.
ActorIdentity SwappedIdentity(const ActorIdentity& target, const ActorIdentity& source,
                              SkinTone tone = SkinTone::kTarget);

}  // namespace reelswap
