#include "media/orientation.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace reelswap {
namespace {

constexpr int32_t kOne = 1 << 16;

// Nine numbers for x' = a x + c y, y' = b x + d y.
std::array<int32_t, 9> Matrix(int a, int b, int c, int d) {
  return {a * kOne, b * kOne, 0, c * kOne, d * kOne, 0, 0, 0, 1 << 30};
}

// The plane 1 2 3 / 4 5 6 after being turned.
template <typename Sample>
std::vector<Sample> Turned(Orientation orientation) {
  const std::vector<Sample> plane = {1, 2, 3, 4, 5, 6};
  std::vector<Sample> out(6);
  const int row = orientation.transpose ? 2 : 3;
  CopyUpright({reinterpret_cast<const uint8_t*>(plane.data()), 3 * sizeof(Sample), 3, 2, sizeof(Sample)},
              orientation, reinterpret_cast<uint8_t*>(out.data()),
              row * static_cast<ptrdiff_t>(sizeof(Sample)));
  return out;
}

TEST(OrientationFromMatrix, KnowsTheFourTurns) {
  EXPECT_EQ(OrientationFromMatrix(Matrix(1, 0, 0, 1)).Degrees(), 0);
  EXPECT_EQ(OrientationFromMatrix(Matrix(0, 1, -1, 0)).Degrees(), 90);
  EXPECT_EQ(OrientationFromMatrix(Matrix(-1, 0, 0, -1)).Degrees(), 180);
  EXPECT_EQ(OrientationFromMatrix(Matrix(0, -1, 1, 0)).Degrees(), 270);
  EXPECT_TRUE(OrientationFromMatrix(Matrix(1, 0, 0, 1)).IsUpright());
}

TEST(OrientationFromMatrix, SeesMirrorImages) {
  EXPECT_FALSE(OrientationFromMatrix(Matrix(0, 1, -1, 0)).Mirrored());
  EXPECT_FALSE(OrientationFromMatrix(Matrix(-1, 0, 0, -1)).Mirrored());
  EXPECT_TRUE(OrientationFromMatrix(Matrix(-1, 0, 0, 1)).Mirrored());
  EXPECT_TRUE(OrientationFromMatrix(Matrix(1, 0, 0, -1)).Mirrored());
  EXPECT_TRUE(OrientationFromMatrix(Matrix(0, 1, 1, 0)).Mirrored());
}

TEST(OrientationFromMatrix, TakesNonsenseAsUpright) {
  EXPECT_TRUE(OrientationFromMatrix(std::array<int32_t, 9>{}).IsUpright());
  // INT32_MIN has no absolute value in 32 bits.
  const std::array<int32_t, 9> extreme = {0, INT32_MIN, 0, INT32_MIN, 0, 0, 0, 0, 0};
  EXPECT_TRUE(OrientationFromMatrix(extreme).transpose);
}

TEST(CopyUpright, TurnsClockwise) {
  EXPECT_EQ(Turned<uint8_t>(OrientationFromMatrix(Matrix(0, 1, -1, 0))),
            (std::vector<uint8_t>{4, 1, 5, 2, 6, 3}));
  EXPECT_EQ(Turned<uint8_t>(OrientationFromMatrix(Matrix(-1, 0, 0, -1))),
            (std::vector<uint8_t>{6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(Turned<uint8_t>(OrientationFromMatrix(Matrix(0, -1, 1, 0))),
            (std::vector<uint8_t>{3, 6, 2, 5, 1, 4}));
}

TEST(CopyUpright, MirrorsAndTurnsSixteenBitSamples) {
  EXPECT_EQ(Turned<uint16_t>(OrientationFromMatrix(Matrix(-1, 0, 0, 1))),
            (std::vector<uint16_t>{3, 2, 1, 6, 5, 4}));
  EXPECT_EQ(Turned<uint16_t>(OrientationFromMatrix(Matrix(0, 1, 1, 0))),
            (std::vector<uint16_t>{1, 4, 2, 5, 3, 6}));
}

TEST(CopyUpright, TurnsPlanesLargerThanATile) {
  constexpr int kWidth = 75;
  constexpr int kHeight = 41;
  std::vector<uint16_t> plane(kWidth * kHeight);
  for (size_t i = 0; i < plane.size(); ++i) plane[i] = static_cast<uint16_t>(i);
  std::vector<uint16_t> out(plane.size());
  const PlaneView view{reinterpret_cast<const uint8_t*>(plane.data()), kWidth * 2, kWidth, kHeight, 2};
  CopyUpright(view, OrientationFromMatrix(Matrix(0, 1, -1, 0)), reinterpret_cast<uint8_t*>(out.data()),
              kHeight * 2);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) EXPECT_EQ(out[x * kHeight + (kHeight - 1 - y)], plane[y * kWidth + x]);
  }
}

TEST(CopyUpright, ReadsBottomUpPlanes) {
  const std::vector<uint8_t> plane = {1, 2, 3, 4, 5, 6};
  std::vector<uint8_t> out(6);
  CopyUpright({plane.data() + 3, -3, 3, 2, 1}, Orientation{}, out.data(), 3);
  EXPECT_EQ(out, (std::vector<uint8_t>{4, 5, 6, 1, 2, 3}));
}

}  // namespace
}  // namespace reelswap
