#include "config/look_words.h"

namespace reelswap {

const Words<MaskKind>& MaskWords() {
  static const Words<MaskKind> words = {{"auto", MaskKind::kAuto},
                                        {"hull", MaskKind::kHull},
                                        {"components", MaskKind::kComponents},
                                        {"learned", MaskKind::kLearned}};
  return words;
}

const Words<ColorMode>& ColorWords() {
  static const Words<ColorMode> words = {{"auto", ColorMode::kAuto},
                                         {"none", ColorMode::kNone},
                                         {"average", ColorMode::kAverage},
                                         {"reinhard", ColorMode::kReinhard},
                                         {"histogram", ColorMode::kHistogram}};
  return words;
}

const Words<BlendMode>& BlendWords() {
  static const Words<BlendMode> words = {{"auto", BlendMode::kAuto},
                                         {"feather", BlendMode::kFeather},
                                         {"multiband", BlendMode::kMultiBand},
                                         {"poisson", BlendMode::kPoisson}};
  return words;
}

const Words<Target::SideBySide>& SideBySideWords() {
  using SideBySide = Target::SideBySide;
  static const Words<SideBySide> words = {{"horizontal", SideBySide::kHorizontal}, {"vertical", SideBySide::kVertical},
                                          {"wipe", SideBySide::kWipe},             {"mask", SideBySide::kMask},
                                          {"checkpoints", SideBySide::kCheckpoints}, {"off", SideBySide::kOff}};
  return words;
}

}  // namespace reelswap
