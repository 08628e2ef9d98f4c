// HDR and wide-gamut frames as an SDR screen shows them, and back.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

#include "core/display_mapping.h"
#include "core/frame.h"

namespace reelswap {
namespace {

FrameFormat Format(Transfer transfer, bool wide = true, int depth = 10) {
  FrameFormat format;
  format.width = 64, format.height = 32, format.bit_depth = depth;
  format.matrix = wide ? ColorMatrix::kBt2020 : ColorMatrix::kBt709;
  format.transfer = transfer, format.wide_gamut = wide;
  return format;
}

/// SMPTE ST 2084 / BT.2100 from cd/m2.
double Pq(double cd_m2) {
  const double y = std::pow(cd_m2 / 10000, 0.1593017578125);
  return std::pow((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y), 78.84375);
}
/// ARIB STD-B67 / BT.2100 from the light of a gray on a screen of 1000 cd/m2.
double Hlg(double cd_m2) {
  const double scene = std::pow(cd_m2 / 1000, 1 / 1.2);
  return scene <= 1.0 / 12 ? std::sqrt(3 * scene) : 0.17883277 * std::log(12 * scene - 0.28466892) + 0.55991073;
}
double Signal(Transfer transfer, double cd_m2) {
  return transfer == Transfer::kPq ? Pq(cd_m2) : transfer == Transfer::kHlg ? Hlg(cd_m2) : std::pow(cd_m2 / 203, 1 / 2.4);
}

/// A plain frame whose R'G'B' signals are these (0..1).
Frame Plain(const FrameFormat& f, double r, double g, double b) {
  Frame frame = Frame::Black(f, 0, 0);
  const double kr = f.wide_gamut ? 0.2627 : 0.2126, kb = f.wide_gamut ? 0.0593 : 0.0722;
  const double y = kr * r + (1 - kr - kb) * g + kb * b, unit = std::ldexp(1, f.bit_depth - 8);
  frame.Plane(0).setTo(cv::Scalar(std::lround(unit * (16 + 219 * y))));
  frame.Plane(1).setTo(cv::Scalar(std::lround(unit * (128 + 224 * (b - y) / (2 * (1 - kb))))));
  frame.Plane(2).setTo(cv::Scalar(std::lround(unit * (128 + 224 * (r - y) / (2 * (1 - kr))))));
  return frame;
}
Frame Gray(const FrameFormat& f, double cd_m2) {
  const double signal = Signal(f.transfer, cd_m2);
  return Plain(f, signal, signal, signal);
}
cv::Vec3b Shown(const Frame& frame) { return frame.Bgr().at<cv::Vec3b>(15, 31); }

/// Light in BT.709 (cd/m2) as BT.2020 signals; matrix of ITU-R BT.2087.
Frame FromNarrowLight(const FrameFormat& f, double r, double g, double b) {
  const double wide_r = 0.6274 * r + 0.3293 * g + 0.0433 * b, wide_g = 0.0691 * r + 0.9195 * g + 0.0114 * b,
               wide_b = 0.0164 * r + 0.0880 * g + 0.8956 * b;
  double scale = 1;
  if (f.transfer == Transfer::kHlg) {  // the system gamma acts on luminance, not on each component
    const double luminance = (0.2627 * wide_r + 0.6780 * wide_g + 0.0593 * wide_b) / 1000;
    scale = std::pow(luminance, 1 / 1.2 - 1);
    const auto hlg = [&](double v) { return Hlg(1000 * std::pow(v / 1000 * scale, 1.2)); };
    return Plain(f, hlg(wide_r), hlg(wide_g), hlg(wide_b));
  }
  return Plain(f, Signal(f.transfer, wide_r), Signal(f.transfer, wide_g), Signal(f.transfer, wide_b));
}

TEST(HdrFrame, AGrayCardIsMidGrayAndReferenceWhiteIsBelowTheScreensWhite) {
  for (Transfer transfer : {Transfer::kPq, Transfer::kHlg}) {
    for (bool wide : {true, false}) {
      const FrameFormat format = Format(transfer, wide);
      // BT.2408: an 18 % card is shown at 26 cd/m2 in HDR. (26 / 203) ^ (1 / 2.4) is 108 of 255.
      const cv::Vec3b card = Shown(Gray(format, 26)), white = Shown(Gray(format, 203));
      for (int c = 0; c < 3; ++c) {
        EXPECT_NEAR(card[c], 108, 1);   // a step of 10-bit PQ is half a level here
        EXPECT_NEAR(white[c], 235, 5);  // where the shoulder begins is taste; that there is room above is not
        EXPECT_NEAR(Shown(Gray(format, 1000))[c], 255, wide ? 4 : 1);  // wide: room for pure colours
      }
      EXPECT_EQ(Shown(Frame::Black(format, 0, 0)), cv::Vec3b(0, 0, 0));
      int last = -1;
      for (double light : {0.05, 1.0, 10.0, 50.0, 100.0, 150.0, 203.0, 300.0, 500.0, 800.0, 1000.0}) {
        const int shown = Shown(Gray(format, light))[1];
        EXPECT_GT(shown, last) << light << " cd/m2";
        last = shown;
      }
    }
  }
}

TEST(HdrFrame, TextDrawnAtTheWhiteLevelIsReferenceWhite) {
  EXPECT_EQ(Frame::Black(Format(Transfer::kSdr, false), 0, 0).WhiteLevel(), 255);
  EXPECT_EQ(Frame::Black(Format(Transfer::kSdr, true), 0, 0).WhiteLevel(), 255);
  for (Transfer transfer : {Transfer::kPq, Transfer::kHlg}) {
    for (bool wide : {true, false}) {
      Frame frame = Frame::Black(Format(transfer, wide), 0, 0);
      const double white = frame.WhiteLevel();
      frame.Paste({0, 0, 64, 32}, cv::Mat(32, 64, CV_8UC3, cv::Scalar(white, white, white)),
                  cv::Mat(32, 64, CV_8UC1, cv::Scalar(255)));
      // Codes: half a level of 8 bits is up to 4 % of light in the shoulder.
      EXPECT_NEAR(frame.Plane(0).at<uint16_t>(16, 32), 64 + 876 * Signal(transfer, 203), 5);
    }
  }
}

TEST(HdrFrame, TheSameSceneLooksTheSameInEveryEncoding) {
  // Skin, lips and a blue shirt in BT.709 light, cd/m2.
  const double scenes[][3] = {{60, 38, 28}, {25, 12, 8}, {40, 14, 13}, {12, 20, 45}};
  for (const auto& s : scenes) {
    const cv::Vec3d expected(255 * std::pow(s[2] / 203, 1 / 2.4), 255 * std::pow(s[1] / 203, 1 / 2.4),
                             255 * std::pow(s[0] / 203, 1 / 2.4));
    for (Transfer transfer : {Transfer::kSdr, Transfer::kPq, Transfer::kHlg}) {
      const cv::Vec3b shown = Shown(FromNarrowLight(Format(transfer), s[0], s[1], s[2]));
      for (int c = 0; c < 3; ++c) {
        EXPECT_NEAR(shown[c], expected[c], 2.5) << "transfer " << static_cast<int>(transfer) << ", component " << c;
      }
    }
  }
}

TEST(HdrFrame, ColoursBeyondTheScreenEndInsideAndStayApart) {
  const FrameFormat format = Format(Transfer::kSdr);
  std::set<int> reds;
  for (double other : {0.0, 0.2, 0.4, 0.6}) {
    const cv::Vec3b shown = Shown(Plain(format, 0.8, other, other));  // up to BT.2020's own red
    EXPECT_GT(shown[2], 200);
    reds.insert(shown[1]);
  }
  EXPECT_EQ(reds.size(), 4u);
}

/// Reads a frame and pastes it back whole: the largest change of a plane, in codes of its depth.
double ChangeByRoundTrip(const Frame& before, int plane) {
  Frame after = before.Clone();
  const cv::Rect whole(0, 0, before.width(), before.height());
  after.Paste(whole, after.Bgr(), cv::Mat(whole.size(), CV_8UC1, cv::Scalar(255)));
  return cv::norm(before.Plane(plane), after.Plane(plane), cv::NORM_INF);
}

TEST(HdrFrame, PuttingBackWhatWasReadChangesFewCodes) {
  for (Transfer transfer : {Transfer::kSdr, Transfer::kPq, Transfer::kHlg}) {
    const FrameFormat format = Format(transfer);
    double grays = 0, skin = 0, bright = 0;
    for (double light = 0.5; light < 120; light *= 1.1) {
      for (int p = 0; p < 3; ++p) {
        grays = std::max(grays, ChangeByRoundTrip(Gray(format, light), p));
        skin = std::max(skin, ChangeByRoundTrip(FromNarrowLight(format, light, 0.6 * light, 0.42 * light), p));
      }
    }
    if (transfer != Transfer::kSdr) {
      for (double light = 120; light < 1000; light *= 1.1) bright = std::max(bright, ChangeByRoundTrip(Gray(format, light), 0));
    }
    // Codes of 10 bits. 8-bit colours have 219 / 255 * 4 = 3.4 codes to a level in SDR, half of which is lost in
    // rounding; PQ spends fewer than twice as many on the same steps, HLG fewer still.
    EXPECT_LE(grays, 3) << static_cast<int>(transfer);
    EXPECT_LE(skin, 5) << static_cast<int>(transfer);
    EXPECT_LE(bright, 10) << static_cast<int>(transfer);  // the shoulder packs more light into a level
  }
}

TEST(HdrFrame, PasteKeepsTenBitsOutsideAndUnderASoftEdge) {
  FrameFormat format = Format(Transfer::kPq);
  format.width = 877;
  Frame frame = Frame::Black(format, 0, 0);
  for (int y = 0; y < format.height; ++y) {
    for (int x = 0; x < format.width; ++x) frame.Plane(0).at<uint16_t>(y, x) = static_cast<uint16_t>(64 + x);
  }
  const Frame before = frame.Clone();
  cv::Mat mask(format.height, format.width, CV_8UC1, cv::Scalar(64));
  mask.colRange(0, 100).setTo(0);
  frame.Paste({0, 0, format.width, format.height}, cv::Mat(mask.size(), CV_8UC3, cv::Scalar(108, 108, 108)), mask);
  for (int p = 0; p < 3; ++p) {
    const int columns = p == 0 ? 100 : 50;
    EXPECT_EQ(cv::norm(frame.Plane(p).colRange(0, columns), before.Plane(p).colRange(0, columns), cv::NORM_INF), 0);
  }
  std::set<int> levels;
  for (int x = 100; x < format.width; ++x) levels.insert(frame.Plane(0).at<uint16_t>(3, x));
  EXPECT_GE(levels.size(), 580u);  // three quarters of 777
  // The gray that was pasted is the gray card's: 26 cd/m2, PQ 0.38.
  EXPECT_NEAR(frame.Plane(0).at<uint16_t>(3, 500), 564 + (64 + 876 * Pq(26) - 564) * 64 / 255, 1.5);
}

TEST(DisplayMapping, EveryColourOfTheScreenComesBackAsItself) {
  for (Transfer transfer : {Transfer::kSdr, Transfer::kPq, Transfer::kHlg}) {
    for (bool wide : {true, false}) {
      const FrameFormat format = Format(transfer, wide);
      const DisplayMapping* mapping = DisplayMapping::For(format);
      if (mapping == nullptr) {
        EXPECT_TRUE(transfer == Transfer::kSdr && !wide);
        continue;
      }
      std::mt19937 random(5);
      constexpr int kColours = 1000;
      std::vector<uint8_t> b(kColours), g(kColours), r(kColours), b2(kColours), g2(kColours), r2(kColours);
      std::vector<uint16_t> vb(kColours), vg(kColours), vr(kColours);
      for (size_t i = 0; i < kColours; ++i) {
        // Grays, then colours as strong as lips: what the network paints. Above 250 lies light beyond 1000 cd/m2.
        const auto level = static_cast<uint8_t>(i % 251);
        const auto less = [&] { return static_cast<uint8_t>(level - random() % (level * 11 / 20 + 1)); };
        b[i] = i <= 250 ? level : less(), g[i] = i <= 250 ? level : less(), r[i] = level;
      }
      mapping->FromScreen({b.data(), g.data(), r.data()}, kColours, {vb.data(), vg.data(), vr.data()});
      for (std::vector<uint16_t>* v : {&vb, &vg, &vr}) {
        for (uint16_t& value : *v) value = static_cast<uint16_t>(std::lround(value / 65535.0 * 4095));
      }
      mapping->ToScreen({vb.data(), vg.data(), vr.data()}, kColours, {b2.data(), g2.data(), r2.data()});
      int worst = 0;
      for (size_t i = 0; i < kColours; ++i) {
        worst = std::max({worst, std::abs(b[i] - b2[i]), std::abs(g[i] - g2[i]), std::abs(r[i] - r2[i])});
      }
      EXPECT_LE(worst, 1) << static_cast<int>(transfer) << wide;  // rounding to signals of 12 bits
    }
  }
}

}  // namespace
}  // namespace reelswap
