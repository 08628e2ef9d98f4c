// Frame::Bgr and Frame::Paste against the formulas of the standards in double precision, over every layout.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>
#include <set>
#include <stdexcept>

#include "core/frame.h"

namespace reelswap {
namespace {

struct Layout {
  const char* name;
  bool gray;
  int shift_x, shift_y;
};
constexpr Layout kLayouts[] = {{"gray", true, 1, 1},
                               {"4:2:0", false, 1, 1},
                               {"4:2:2", false, 1, 0},
                               {"4:4:0", false, 0, 1},
                               {"4:4:4", false, 0, 0}};

/// Every combination of layout, depth, range and matrix, once even and once odd in size.
std::vector<FrameFormat> AllFormats() {
  std::vector<FrameFormat> formats;
  for (const Layout& layout : kLayouts) {
    for (int depth : {8, 10, 12, 16}) {
      for (bool full : {false, true}) {
        for (ColorMatrix matrix : {ColorMatrix::kBt601, ColorMatrix::kBt709, ColorMatrix::kBt2020}) {
          for (cv::Size size : {cv::Size(44, 22), cv::Size(37, 23)}) {
            FrameFormat f;
            f.width = size.width, f.height = size.height, f.bit_depth = depth, f.gray = layout.gray;
            f.chroma_shift_x = layout.shift_x, f.chroma_shift_y = layout.shift_y;
            f.full_range = full, f.matrix = matrix;
            formats.push_back(f);
          }
        }
      }
    }
  }
  return formats;
}

std::string Describe(const FrameFormat& f) {
  return (f.gray ? "gray" : "chroma shifts " + std::to_string(f.chroma_shift_x) + std::to_string(f.chroma_shift_y)) +
         ", " + std::to_string(f.bit_depth) + " bits, " + (f.full_range ? "full" : "limited") + ", matrix " +
         std::to_string(static_cast<int>(f.matrix)) + ", " + std::to_string(f.width) + " x " +
         std::to_string(f.height);
}

int SampleAt(const Frame& frame, int p, int x, int y) {
  const cv::Mat plane = frame.Plane(p);
  return plane.depth() == CV_16U ? plane.at<uint16_t>(y, x) : plane.at<uint8_t>(y, x);
}
void SetSample(Frame& frame, int p, int x, int y, int value) {
  cv::Mat plane = frame.Plane(p);
  if (plane.depth() == CV_16U) {
    plane.at<uint16_t>(y, x) = static_cast<uint16_t>(value);
  } else {
    plane.at<uint8_t>(y, x) = static_cast<uint8_t>(value);
  }
}

/// Legal and illegal samples alike: decoders hand out both.
Frame Noise(const FrameFormat& format, uint32_t seed) {
  Frame frame = Frame::Black(format, 0, 0);
  std::mt19937 random(seed);
  for (int p = 0; p < format.PlaneCount(); ++p) {
    const cv::Size size = format.PlaneSize(p);
    for (int y = 0; y < size.height; ++y) {
      for (int x = 0; x < size.width; ++x) {
        SetSample(frame, p, x, y, static_cast<int>(random() & ((1u << format.bit_depth) - 1)));
      }
    }
  }
  return frame;
}

cv::Mat NoisePicture(cv::Size size, int type, uint32_t seed) {
  cv::Mat picture(size, type);
  cv::RNG random(seed);
  random.fill(picture, cv::RNG::UNIFORM, 0, 256);
  return picture;
}

/// A mask with everything in it: nothing, everything and in between.
cv::Mat NoiseMask(cv::Size size, uint32_t seed) {
  cv::Mat mask = NoisePicture(size, CV_8UC1, seed);
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      uchar& m = mask.at<uchar>(y, x);
      if (x + y < size.width / 2 || m < 40) m = 0;
      if (m > 200) m = 255;
    }
  }
  return mask;
}

/// The standards' formulas (ITU-R BT.601, BT.709, BT.2020; H.273 for the ranges), as slowly as they read.
struct Reference {
  double kr, kg, kb, y_offset, y_scale, c_offset, c_scale;

  explicit Reference(const FrameFormat& f) {
    kr = f.matrix == ColorMatrix::kBt601 ? 0.299 : f.matrix == ColorMatrix::kBt709 ? 0.2126 : 0.2627;
    kb = f.matrix == ColorMatrix::kBt601 ? 0.114 : f.matrix == ColorMatrix::kBt709 ? 0.0722 : 0.0593;
    kg = 1 - kr - kb;
    const double unit = std::ldexp(1, f.bit_depth - 8), max = std::ldexp(1, f.bit_depth) - 1;
    c_offset = 128 * unit;
    y_offset = f.full_range ? 0 : 16 * unit;
    y_scale = f.full_range ? max : 219 * unit;
    c_scale = f.full_range ? max : 224 * unit;
  }

  static double ChromaAt(const Frame& frame, int p, int x, int y) {
    const FrameFormat& f = frame.format();
    const cv::Size size = f.PlaneSize(p);
    const double cx = (x + 0.5) / (1 << f.chroma_shift_x) - 0.5, cy = (y + 0.5) / (1 << f.chroma_shift_y) - 0.5;
    const int left = static_cast<int>(std::floor(cx)), top = static_cast<int>(std::floor(cy));
    double sum = 0;
    for (int dy : {0, 1}) {
      for (int dx : {0, 1}) {
        const double weight = (dx == 1 ? cx - left : 1 - (cx - left)) * (dy == 1 ? cy - top : 1 - (cy - top));
        sum += weight * SampleAt(frame, p, std::clamp(left + dx, 0, size.width - 1),
                                 std::clamp(top + dy, 0, size.height - 1));
      }
    }
    return sum;
  }

  cv::Vec3d BgrAt(const Frame& frame, int x, int y) const {
    const double light = (SampleAt(frame, 0, x, y) - y_offset) / y_scale;
    double pb = 0, pr = 0;
    if (!frame.format().gray) {
      pb = (ChromaAt(frame, 1, x, y) - c_offset) / c_scale;
      pr = (ChromaAt(frame, 2, x, y) - c_offset) / c_scale;
    }
    const double b = light + 2 * (1 - kb) * pb, r = light + 2 * (1 - kr) * pr, g = (light - kb * b - kr * r) / kg;
    const auto level = [](double v) { return 255 * std::clamp(v, 0.0, 1.0); };
    return {level(b), level(g), level(r)};
  }

  double LumaOf(const cv::Vec3b& c) const { return (kb * c[0] + kg * c[1] + kr * c[2]) / 255; }
  /// Of plane p for a colour: the sample that shows it.
  double SampleOf(const cv::Vec3b& c, int p) const {
    const double light = LumaOf(c);
    if (p == 0) return y_offset + y_scale * light;
    return p == 1 ? c_offset + c_scale * (c[0] / 255.0 - light) / (2 * (1 - kb))
                  : c_offset + c_scale * (c[2] / 255.0 - light) / (2 * (1 - kr));
  }
};

TEST(FrameBgr, FollowsTheStandardsInEveryLayout) {
  for (const FrameFormat& format : AllFormats()) {
    SCOPED_TRACE(Describe(format));
    const Frame frame = Noise(format, 7);
    const Reference reference(format);
    const cv::Mat bgr = frame.Bgr();
    double worst = 0;
    for (int y = 0; y < bgr.rows; ++y) {
      for (int x = 0; x < bgr.cols; ++x) {
        const cv::Vec3d expected = reference.BgrAt(frame, x, y);
        for (int c = 0; c < 3; ++c) worst = std::max(worst, std::abs(bgr.at<cv::Vec3b>(y, x)[c] - expected[c]));
      }
    }
    // Levels: half of one is rounding, the rest that of the coefficients, which are coarser for 16-bit samples.
    EXPECT_LE(worst, format.bit_depth > 12 ? 1.0 : 0.6);
  }
}

TEST(FrameBgr, ARegionIsTheSameAsThatPartOfTheWholeOnOddCoordinatesToo) {
  for (const FrameFormat& format : AllFormats()) {
    SCOPED_TRACE(Describe(format));
    const Frame frame = Noise(format, 3);
    const cv::Mat whole = frame.Bgr();
    for (const cv::Rect roi : {cv::Rect(3, 5, 7, 9), cv::Rect(4, 4, 8, 6), cv::Rect(1, 1, 1, 1), cv::Rect(0, 0, 1, 1),
                               cv::Rect(format.width - 4, format.height - 3, 4, 3),
                               cv::Rect(format.width - 1, format.height - 1, 1, 1)}) {
      EXPECT_EQ(cv::norm(frame.Bgr(roi), whole(roi), cv::NORM_INF), 0) << roi;
    }
  }
}

TEST(FramePaste, BlendsEverySampleInItsOwnDepth) {
  for (const FrameFormat& format : AllFormats()) {
    SCOPED_TRACE(Describe(format));
    for (const cv::Rect roi : {cv::Rect(3, 5, 29, 13), cv::Rect(4, 2, 24, 16), cv::Rect({}, cv::Size(format.width, format.height)),
                               cv::Rect(format.width - 9, format.height - 7, 9, 7)}) {
      const Frame before = Noise(format, 11);
      Frame after = before.Clone();
      const cv::Mat bgr = NoisePicture(roi.size(), CV_8UC3, 5), mask = NoiseMask(roi.size(), 9);
      after.Paste(roi, bgr, mask);
      const Reference reference(format);
      const double max = std::ldexp(1, format.bit_depth) - 1;
      double worst = 0;
      int moved_without_mask = 0;
      for (int p = 0; p < format.PlaneCount(); ++p) {
        const int sx = p == 0 ? 0 : format.chroma_shift_x, sy = p == 0 ? 0 : format.chroma_shift_y;
        const cv::Size size = format.PlaneSize(p);
        for (int y = 0; y < size.height; ++y) {
          for (int x = 0; x < size.width; ++x) {
            // Each covered luma sample moves its share of the chroma sample.
            const double old = SampleAt(before, p, x, y);
            double sum = 0, masks = 0;
            int covered = 0;
            for (int ly = y << sy; ly < std::min((y + 1) << sy, format.height); ++ly) {
              for (int lx = x << sx; lx < std::min((x + 1) << sx, format.width); ++lx) {
                ++covered;
                const cv::Point at(lx - roi.x, ly - roi.y);
                const double alpha = roi.contains({lx, ly}) ? mask.at<uchar>(at) / 255.0 : 0.0;
                masks += alpha;
                if (alpha > 0) sum += alpha * (reference.SampleOf(bgr.at<cv::Vec3b>(at), p) - old);
              }
            }
            const double expected = std::clamp(old + sum / covered, 0.0, max);
            const int got = SampleAt(after, p, x, y);
            worst = std::max(worst, std::abs(got - expected) / std::ldexp(1, std::max(0, format.bit_depth - 12)));
            if (masks == 0 && got != SampleAt(before, p, x, y)) ++moved_without_mask;
          }
        }
      }
      EXPECT_EQ(moved_without_mask, 0) << roi;
      // Codes of up to 12 bits: half of one is rounding, the rest that of the coefficients.
      EXPECT_LE(worst, 1.0) << roi;
    }
  }
}

TEST(FramePaste, PuttingBackWhatWasReadChangesAlmostNothing) {
  for (FrameFormat format : AllFormats()) {
    SCOPED_TRACE(Describe(format));
    format.width *= 3, format.height *= 3;
    // A slow gradient of colours: what a subsampled plane holds is what is interpolated and averaged back.
    cv::Mat gradient(format.height, format.width, CV_8UC3);
    for (int y = 0; y < gradient.rows; ++y) {
      for (int x = 0; x < gradient.cols; ++x) {
        gradient.at<cv::Vec3b>(y, x) = cv::Vec3b(cv::saturate_cast<uchar>(60 + x), cv::saturate_cast<uchar>(70 + y),
                                                 cv::saturate_cast<uchar>(200 - x));
      }
    }
    const cv::Rect whole(0, 0, format.width, format.height);
    const Frame before = Frame::FromBgr(gradient, format, 0, 0);
    Frame after = before.Clone();
    after.Paste(whole, after.Bgr(), cv::Mat(whole.size(), CV_8UC1, cv::Scalar(255)));
    // Codes of 8 bits: 8-bit colours round luma by 0.5, chroma by as much and a step of the gradient at the edges.
    for (int p = 0; p < format.PlaneCount(); ++p) {
      EXPECT_LE(cv::norm(before.Plane(p), after.Plane(p), cv::NORM_INF), 2 << (format.bit_depth - 8)) << "plane " << p;
    }
  }
}

TEST(FramePaste, ASoftEdgeKeepsTheFineStepsOfWhatShowsThrough) {
  FrameFormat format;
  format.width = 1024, format.height = 4, format.bit_depth = 10, format.matrix = ColorMatrix::kBt709;
  Frame frame = Frame::Black(format, 0, 0);
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < 1024; ++x) frame.Plane(0).at<uint16_t>(y, x) = static_cast<uint16_t>(64 + x * 876 / 1023);
  }
  frame.Paste({0, 0, 1024, 4}, cv::Mat(4, 1024, CV_8UC3, cv::Scalar(128, 128, 128)),
              cv::Mat(4, 1024, CV_8UC1, cv::Scalar(64)));
  std::set<int> levels;
  for (int x = 0; x < 1024; ++x) levels.insert(frame.Plane(0).at<uint16_t>(2, x));
  EXPECT_GE(levels.size(), 650u);  // three quarters of 877 levels; passed through 8 bits they would be 165
}

TEST(FramePaste, AnEdgeBetweenTwoColoursMakesNoThirdOne) {
  // Chroma samples that the mask's edge runs through lie between what was there and what was pasted. The colours that
  // the patch has outside of its mask (green here) are nowhere to be seen.
  FrameFormat format;
  format.width = 32, format.height = 16;
  Frame frame = Frame::FromBgr(cv::Mat(16, 32, CV_8UC3, cv::Scalar(200, 60, 60)), format, 0, 0);
  cv::Mat patch(16, 32, CV_8UC3, cv::Scalar(0, 255, 0)), mask(16, 32, CV_8UC1, cv::Scalar(0));
  const cv::Rect inside(5, 3, 14, 8);  // odd: through the middle of chroma samples on every side
  patch(inside).setTo(cv::Scalar(60, 60, 200));
  mask(inside).setTo(255);
  const int old_cb = frame.Plane(1).at<uchar>(0, 0), old_cr = frame.Plane(2).at<uchar>(0, 0);
  frame.Paste({0, 0, 32, 16}, patch, mask);
  const int new_cb = frame.Plane(1).at<uchar>(3, 6), new_cr = frame.Plane(2).at<uchar>(3, 6);
  ASSERT_GT(old_cb, new_cb + 50);
  int between = 0;
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 16; ++x) {
      const double along = (old_cb - frame.Plane(1).at<uchar>(y, x)) / static_cast<double>(old_cb - new_cb);
      const double expected_cr = old_cr + along * (new_cr - old_cr);
      EXPECT_NEAR(frame.Plane(2).at<uchar>(y, x), expected_cr, 1.5) << x << "," << y;  // both were rounded
      if (along > 0.1 && along < 0.9) ++between;
    }
  }
  EXPECT_GT(between, 10);
}

TEST(FramePaste, RefusesWhatItCannotRepresent) {
  FrameFormat format;
  format.width = 64, format.height = 16, format.chroma_shift_x = 2, format.chroma_shift_y = 0;
  Frame frame = Frame::Black(format, 0, 0);
  EXPECT_THROW(frame.Bgr(), std::invalid_argument);
  EXPECT_THROW(frame.Paste({0, 0, 4, 4}, cv::Mat(4, 4, CV_8UC3), cv::Mat(4, 4, CV_8UC1)), std::invalid_argument);
}

}  // namespace
}  // namespace reelswap
