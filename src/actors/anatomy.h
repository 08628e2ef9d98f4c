#pragma once

#include <array>

#include "actors/geometry.h"
#include "actors/identity.h"

namespace reelswap {

/// The lid border above and below one point of an eye.
struct LidOpening {
  float upper = 0, lower = 0;  ///< canonical y, cm
  float across = 0;            ///< -1 inner corner .. 1 outer corner
};

/// One person's measures in cm and the curves that geometry, paint and landmarks share, so that
/// they cannot disagree. Head space: origin between the eyes inside the head, x to the picture's
/// right, y up (eye line at 0), z out of the face. Canonical coordinates (x, y) name a point of the
/// face at rest as seen from the front; they travel with the vertices, so paint follows expression.
/// Immutable after construction.
class Anatomy {
 public:
  /// Control rows of the head surface, from below the chin (0) to the crown (14).
  static constexpr int kRows = 15;
  static constexpr float kMouthRow = 5;  ///< the row that runs between the lips

  explicit Anatomy(const ActorIdentity& identity);

  /// Head surface without features at control row `row` (fractional) and angle about the vertical
  /// axis (radians; 0 = front, > 0 towards +x).
  Vec3 BaseSurface(float row, float angle) const;

  /// Moves a base point to where brows, nose, lips, lids and the rest put it.
  Vec3 WithFeatures(Vec3 base) const;

  /// Lid border of the eye at distance `x` from the face's middle; blink 0 open .. 1 closed.
  LidOpening LidsAt(float x, float blink) const;

  /// Middle line of the brow, canonical y at distance `x` from the face's middle.
  float BrowCentre(float x) const;

  /// Height of the lips' red above and below the mouth line; `t`: 0 middle .. 1 corner.
  float UpperLip(float t) const;
  float LowerLip(float t) const;

  /// Lower border of the hair at an angle about the vertical axis, y in cm.
  float Hairline(float angle) const;

  /// Distance of a canonical point (x >= 0) from the fold between nose and mouth corner.
  float NasolabialDistance(float x, float y) const;

  ActorIdentity identity;

  float eye_x, eye_half_width, eye_upper, eye_lower;  // eye centre and opening
  Vec3 eyeball_radius;
  float eyeball_z;                                        // centre of the eyeball
  float mouth_y, mouth_half_width, upper_lip, lower_lip;  // lip heights
  float nose_tip_y, nose_base_y, chin_y, brow_y;

  float front_z(int row) const { return front_z_[row]; }
  float half_width(int row) const { return half_width_[row]; }
  /// Length of the profile between two control rows, cm.
  float ProfileLength(int row) const;

 private:
  using Column = std::array<float, kRows>;
  void MeasureFace();
  void MeasureSkull();
  float SkullRelief(float x, float y) const;
  float NoseRelief(float x, float y) const;
  float MouthRelief(float x, float y) const;

  Column front_y_, front_z_, side_y_, half_width_, back_depth_;
};

}  // namespace reelswap
