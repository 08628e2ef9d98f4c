#pragma once

#include <cstdint>
#include <vector>

#include "core/color_rows.h"
#include "core/frame.h"

namespace reelswap {

/// A function of a positive number, tabulated at steps that grow with it (so many to a doubling) and interpolated
/// linearly between them: light spans twenty doublings, and every curve of video is smooth in its logarithm.
class LogTable {
 public:
  template <typename Function>
  LogTable(int lowest_exponent, int highest_exponent, int log2_steps, const Function& function);
  /// Of n numbers. x below 2^lowest_exponent gives the value there, above 2^highest_exponent the value there.
  void Apply(const float* x, float* values, int n) const;

 private:
  float lowest_, highest_;
  int shift_;
  int32_t base_;
  std::vector<float> values_;
};

/// Between the R'G'B' of HDR or wide-gamut video and what an SDR screen (BT.1886 gamma 2.4, BT.709 primaries) shows of
/// it. Steps, each of which has an exact inverse:
///   light      PQ, HLG (system gamma 1.2, 1000 cd/m2; both ITU-R BT.2100-2) or gamma 2.4 (BT.1886);
///              HDR is counted from reference white, 203 cd/m2 (ITU-R BT.2408)
///   primaries  BT.2020 to BT.709 (matrix of ITU-R BT.2087)
///   gamut      the distance from gray of colours that BT.709 cannot show is compressed, beyond 4/5 of what it can, so
///              that they end inside (as the ACES reference gamut compression does)
///   shoulder   HDR only: above 3/5 of reference white light is compressed until 1000 cd/m2 is the screen's white.
///              Brighter is clipped. White itself comes out as about 235 of 255.
/// Immutable, thread-safe.
class DisplayMapping {
 public:
  static constexpr int kSignalMax = 4095;   ///< of the R'G'B' that ToScreen takes
  static constexpr int kVideoMax = 65535;   ///< of the R'G'B' that FromScreen makes

  /// nullptr where the video is what an SDR screen shows: kSdr without wide gamut. Lives as long as the program.
  static const DisplayMapping* For(const FrameFormat& format);
  DisplayMapping(Transfer transfer, bool wide_gamut);

  /// Code of the screen, 0..255, that stands for reference white.
  int white_code() const { return white_code_; }

  /// n pixels: R'G'B' of the video, 0..kSignalMax, to the screen's, 0..255.
  void ToScreen(RgbRow<const uint16_t> video, int n, RgbRow<uint8_t> screen) const;
  /// n pixels: R'G'B' of the screen, 0..255, to the video's, 0..kVideoMax.
  void FromScreen(RgbRow<const uint8_t> screen, int n, RgbRow<uint16_t> video) const;

 private:
  Transfer transfer_;
  bool wide_gamut_;
  float gain_ = 1;           // light of the table in units of reference white
  float shoulder_bend_ = 0;  // 0: no shoulder
  int white_code_ = 255;
  std::vector<float> light_from_signal_;   // kSignalMax + 1
  std::vector<uint8_t> code_from_screen_;  // see ScreenIndex in the .cpp
  std::vector<float> light_from_code_;     // 256, shoulder taken back
  std::vector<LogTable> tables_;           // signal from light; for HLG also both directions of its system gamma
};

}  // namespace reelswap
