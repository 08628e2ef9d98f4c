#include "pipeline/convert_graph.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "core/error.h"

namespace reelswap {
namespace {

Frame SmallFrame(int64_t index) {
  FrameFormat format;
  format.width = 16, format.height = 16;
  return Frame::Black(format, index, index * 40);
}

struct Recorder {
  int64_t total = 100;
  int64_t next = 0;
  std::vector<int64_t> tracked, written;
  std::vector<std::vector<int64_t>> batches;
  std::mutex mutex;

  ConvertStages Stages() {
    ConvertStages stages;
    stages.read = [this]() -> std::optional<Frame> {
      if (next == total) return std::nullopt;
      return SmallFrame(next++);
    };
    stages.track = [this](ConvertItem& item) {
      tracked.push_back(item.number);
      if (item.number % 3 != 0) item.face = DetectedFace{};
    };
    stages.align = [](ConvertItem& item) {
      if (item.number % 7 == 0) std::this_thread::yield();  // shuffles the order a little
    };
    stages.swap = [this](const std::vector<ConvertItem*>& items) {
      std::lock_guard lock(mutex);
      batches.emplace_back();
      for (ConvertItem* item : items) batches.back().push_back(item->number);
    };
    stages.compose = [](ConvertItem& item) { item.result = item.frame; };
    stages.write = [this](ConvertItem& item) { written.push_back(item.result.pts()); };
    return stages;
  }
};

TEST(ConvertGraph, EveryFrameIsWrittenOnceInOrder) {
  for (int workers : {1, 2, 4}) {
    for (int64_t total : {0, 1, 7, 8, 9, 100}) {
      Recorder recorder;
      recorder.total = total;
      const auto stages = recorder.Stages();
      EXPECT_EQ(RunConvertGraph(stages, {16, 8, workers}, {}), total);
      ASSERT_EQ(static_cast<int64_t>(recorder.written.size()), total);
      for (int64_t i = 0; i < total; ++i) EXPECT_EQ(recorder.written[i], i * 40);
      EXPECT_TRUE(std::is_sorted(recorder.tracked.begin(), recorder.tracked.end()));
    }
  }
}

TEST(ConvertGraph, BatchesAreTheSameWhateverTheNumberOfWorkers) {
  std::vector<std::vector<int64_t>> first;
  for (int workers : {1, 2, 6}) {
    Recorder recorder;
    const auto stages = recorder.Stages();
    RunConvertGraph(stages, {32, 8, workers}, {});
    std::sort(recorder.batches.begin(), recorder.batches.end());
    if (first.empty()) first = recorder.batches;
    EXPECT_EQ(recorder.batches, first);
    for (const auto& batch : recorder.batches) {
      for (int64_t number : batch) EXPECT_NE(number % 3, 0) << "a frame without a face was swapped";
    }
  }
}

TEST(ConvertGraph, NeverHoldsMoreFramesThanAllowed) {
  Recorder recorder;
  recorder.total = 500;
  auto stages = recorder.Stages();
  std::atomic<int> alive{0}, most{0};
  stages.read = [&, read = stages.read] {
    auto frame = read();
    if (frame) most = std::max(most.load(), ++alive);
    return frame;
  };
  stages.write = [&, write = stages.write](ConvertItem& item) {
    --alive;
    write(item);
  };
  RunConvertGraph(stages, {16, 4, 3}, {});
  // The limit, one frame read ahead in the input node, and one place kept for the closing message.
  EXPECT_LE(most.load(), 16 + 2);
  EXPECT_EQ(recorder.written.size(), 500u);
}

TEST(ConvertGraph, AFailingStageEndsTheConversionWithItsError) {
  for (const std::string where : {"read", "track", "align", "swap", "compose", "write"}) {
    Recorder recorder;
    auto stages = recorder.Stages();
    const auto fail = [where](const std::string& here, int64_t number) {
      if (here == where && number >= 40) throw Error(ErrorKind::kMedia, "broken in " + here);
    };
    stages.read = [&, read = stages.read] { return fail("read", recorder.next), read(); };
    stages.track = [&, track = stages.track](ConvertItem& i) { fail("track", i.number), track(i); };
    stages.align = [&](ConvertItem& i) { fail("align", i.number); };
    stages.swap = [&](const std::vector<ConvertItem*>& items) { fail("swap", items[0]->number); };
    stages.compose = [&, compose = stages.compose](ConvertItem& i) { fail("compose", i.number), compose(i); };
    stages.write = [&, write = stages.write](ConvertItem& i) { fail("write", i.number), write(i); };
    try {
      RunConvertGraph(stages, {16, 8, 2}, {});
      FAIL() << where;
    } catch (const Error& e) {
      EXPECT_EQ(e.what(), "broken in " + where);
    }
    EXPECT_LT(recorder.written.size(), 100u) << where;
  }
}

TEST(ConvertGraph, AStopRequestWritesWhatIsInFlightAndEnds) {
  Recorder recorder;
  recorder.total = 1'000'000;
  std::stop_source stop;
  auto stages = recorder.Stages();
  stages.write = [&, write = stages.write](ConvertItem& item) {
    write(item);
    if (item.number == 50) stop.request_stop();
  };
  const int64_t written = RunConvertGraph(stages, {16, 8, 2}, stop.get_token());
  EXPECT_GE(written, 51);
  EXPECT_LT(written, 51 + 32);
}

TEST(ConvertGraph, FramesInFlightFollowTheirSize) {
  EXPECT_EQ(FramesInFlight(640 * 480 * 3 / 2, 8), 64);
  EXPECT_EQ(FramesInFlight(int64_t{1920} * 1080 * 3 / 2, 8, int64_t{96} << 20), 32);
  EXPECT_EQ(FramesInFlight(int64_t{1} << 30, 8), 16);  // always room for two batches
}

}  // namespace
}  // namespace reelswap
