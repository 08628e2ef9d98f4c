#include "core/frame_pool.h"

#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace reelswap {
namespace {

FrameFormat Format(int width, int height, int depth = 8) {
  FrameFormat format;
  format.width = width, format.height = height, format.bit_depth = depth;
  return format;
}

TEST(FramePool, AFrameThatIsGoneLeavesItsMemoryToTheNext) {
  FramePool pool(1 << 20);
  const uint8_t* first = nullptr;
  {
    const Frame frame = pool.Uninitialised(Format(64, 48), 3, 99);
    EXPECT_EQ(frame.index(), 3);
    EXPECT_EQ(frame.pts(), 99);
    first = frame.planes().data[0];
    const Frame shared = frame;  // the same planes: still in use
    EXPECT_EQ(pool.idle_bytes(), 0);
  }
  EXPECT_GT(pool.idle_bytes(), 64 * 48 * 3 / 2 - 1);
  for (int i = 0; i < 10; ++i) {
    const Frame again = pool.Uninitialised(Format(64, 48), i, i);
    EXPECT_EQ(again.planes().data[0], first);
  }
  EXPECT_EQ(pool.taken(), 1);
}

TEST(FramePool, FramesInUseAtTheSameTimeShareNothing) {
  FramePool pool(1 << 20);
  std::vector<Frame> frames;
  std::set<const uint8_t*> starts;
  for (int i = 0; i < 8; ++i) {
    frames.push_back(pool.Uninitialised(Format(65, 49, 10), i, i));
    for (int p = 0; p < 3; ++p) {
      frames.back().Plane(p).setTo(cv::Scalar(100 * p + i));
      starts.insert(frames.back().planes().data[static_cast<size_t>(p)]);
    }
  }
  EXPECT_EQ(starts.size(), 24u);
  for (int i = 0; i < 8; ++i) {
    for (int p = 0; p < 3; ++p) {
      double low = 0, high = 0;
      cv::minMaxLoc(frames[static_cast<size_t>(i)].Plane(p), &low, &high);
      EXPECT_EQ(low, 100 * p + i);
      EXPECT_EQ(high, 100 * p + i);
    }
  }
}

TEST(FramePool, RowsBeginAtMultiplesOf64Bytes) {
  FramePool pool(0);
  for (int width : {1, 31, 64, 65, 641}) {
    const Frame frame = pool.Uninitialised(Format(width, 5), 0, 0);
    for (size_t p = 0; p < 3; ++p) {
      EXPECT_EQ(reinterpret_cast<uintptr_t>(frame.planes().data[p]) % 64, 0u);
      EXPECT_EQ(frame.planes().stride_bytes[p] % 64, 0);
      EXPECT_GE(frame.planes().stride_bytes[p], frame.format().PlaneSize(static_cast<int>(p)).width);
    }
  }
}

TEST(FramePool, KeepsNoMoreThanItMay) {
  FramePool pool(10000);
  {
    std::vector<Frame> frames;
    for (int i = 0; i < 10; ++i) frames.push_back(pool.Uninitialised(Format(64, 48), i, i));
  }
  EXPECT_LE(pool.idle_bytes(), 10000);
  EXPECT_GT(pool.idle_bytes(), 0);
  FramePool none(0);
  { const Frame frame = none.Uninitialised(Format(64, 48), 0, 0); }
  EXPECT_EQ(none.idle_bytes(), 0);
  EXPECT_THROW(FramePool(-1), std::invalid_argument);
}

TEST(FramePool, AFormatNobodyUsesAnyMoreIsGivenUpForTheOneInUse) {
  FramePool pool(12000);
  { const Frame other = pool.Uninitialised(Format(128, 48), 0, 0); }
  for (int i = 0; i < 3; ++i) const Frame frame = pool.Uninitialised(Format(64, 48), i, i);
  EXPECT_LE(pool.idle_bytes(), 12000);
  EXPECT_EQ(pool.taken(), 2);
}

TEST(FramePool, AFrameOutlivesItsPool) {
  Frame frame;
  {
    FramePool pool(1 << 20);
    frame = Frame::Black(Format(64, 48), 1, 2).Clone(pool);
  }
  EXPECT_EQ(frame.Plane(0).at<uchar>(47, 63), 16);
  EXPECT_EQ(frame.Plane(2).at<uchar>(23, 31), 128);
}

TEST(FramePool, ManyThreadsTakeAndGiveBack) {
  FramePool pool(1 << 20);
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&pool, &wrong, t] {
      for (int i = 0; i < 200; ++i) {
        const Frame frame = pool.Uninitialised(Format(64, 48), i, i);
        frame.Plane(0).setTo(cv::Scalar(t + 1));
        if (cv::countNonZero(frame.Plane(0) != t + 1) != 0) ++wrong[static_cast<size_t>(t)];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
  EXPECT_LE(pool.taken(), 4);
}

TEST(FrameClone, HasTheSameSamplesAndItsOwnMemory) {
  FramePool pool(1 << 20);
  for (int depth : {8, 10}) {
    Frame frame = Frame::Black(Format(37, 23, depth), 5, 6);
    cv::randu(frame.Plane(0), 0, 200);
    for (const Frame& copy : {frame.Clone(), frame.Clone(pool)}) {
      EXPECT_EQ(copy.format(), frame.format());
      EXPECT_EQ(copy.index(), 5);
      EXPECT_EQ(copy.pts(), 6);
      for (int p = 0; p < 3; ++p) {
        EXPECT_EQ(cv::norm(copy.Plane(p), frame.Plane(p), cv::NORM_INF), 0);
        EXPECT_NE(copy.planes().data[static_cast<size_t>(p)], frame.planes().data[static_cast<size_t>(p)]);
      }
    }
  }
  EXPECT_TRUE(Frame().Clone(pool).empty());
}

}  // namespace
}  // namespace reelswap
