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
  int64_t first = 0;
  int64_t next = 0;
  std::vector<int64_t> read, written;
  std::vector<std::vector<int64_t>> batches;
  std::vector<std::pair<int64_t, std::vector<int64_t>>> windows;  ///< middle, all of the window
  std::mutex mutex;

  ConvertStages Stages() {
    next = first;
    ConvertStages stages;
    stages.read = [this](ConvertItem& item) {
      if (next == total) return false;
      EXPECT_EQ(item.number, next);
      item.frame = SmallFrame(next++);
      read.push_back(item.number);
      if (item.number % 3 != 0) item.faces.emplace_back();
      return true;
    };
    stages.align = [](ConvertItem& item) {
      if (item.number % 7 == 0) std::this_thread::yield();  // shuffles the order a little
    };
    stages.swap = [this](const std::vector<ConvertItem*>& items) {
      std::lock_guard lock(mutex);
      batches.emplace_back();
      for (ConvertItem* item : items) batches.back().push_back(item->number);
    };
    stages.measure = [](ConvertItem&) {};
    stages.steady = [this](const std::deque<std::shared_ptr<ConvertItem>>& items, size_t middle) {
      windows.emplace_back(items[middle]->number, std::vector<int64_t>{});
      for (const auto& item : items) windows.back().second.push_back(item->number);
    };
    stages.compose = [](ConvertItem& item) { item.result = item.frame; };
    stages.write = [this](ConvertItem& item) { written.push_back(item.result.pts()); };
    return stages;
  }
};

ConvertLimits Limits(int in_flight, int batch, int workers, int neighbours = 0, int64_t first = 0) {
  return {in_flight, batch, workers, neighbours, first};
}

TEST(ConvertGraph, EveryFrameIsWrittenOnceInOrder) {
  for (int workers : {1, 2, 4}) {
    for (int neighbours : {0, 3}) {
      for (int64_t total : {0, 1, 7, 8, 9, 100}) {
        Recorder recorder;
        recorder.total = total;
        const auto stages = recorder.Stages();
        EXPECT_EQ(RunConvertGraph(stages, Limits(16, 8, workers, neighbours), {}), total);
        ASSERT_EQ(static_cast<int64_t>(recorder.written.size()), total);
        for (int64_t i = 0; i < total; ++i) EXPECT_EQ(recorder.written[i], i * 40);
        EXPECT_TRUE(std::is_sorted(recorder.read.begin(), recorder.read.end()));
      }
    }
  }
}

TEST(ConvertGraph, BatchesAreTheSameWhateverTheNumberOfWorkersAndWhereverItBegins) {
  std::vector<std::vector<int64_t>> first;
  for (int workers : {1, 2, 6}) {
    Recorder recorder;
    const auto stages = recorder.Stages();
    RunConvertGraph(stages, Limits(32, 8, workers), {});
    std::sort(recorder.batches.begin(), recorder.batches.end());
    if (first.empty()) first = recorder.batches;
    EXPECT_EQ(recorder.batches, first);
    for (const auto& batch : recorder.batches) {
      for (int64_t number : batch) EXPECT_NE(number % 3, 0) << "a frame without a face was swapped";
    }
  }
  Recorder later;
  later.first = 40;
  const auto stages = later.Stages();
  RunConvertGraph(stages, Limits(32, 8, 2, 0, 40), {});
  std::sort(later.batches.begin(), later.batches.end());
  EXPECT_TRUE(std::equal(later.batches.begin(), later.batches.end(), first.end() - static_cast<long>(later.batches.size())));
}

TEST(ConvertGraph, EveryFrameIsSteadiedOnceAmongItsNeighbours) {
  Recorder recorder;
  recorder.total = 30;
  const auto stages = recorder.Stages();
  RunConvertGraph(stages, Limits(16, 4, 3, 2), {});
  ASSERT_EQ(recorder.windows.size(), 30u);
  for (int64_t i = 0; i < 30; ++i) {
    std::vector<int64_t> wanted;
    for (int64_t k = std::max<int64_t>(0, i - 2); k <= std::min<int64_t>(29, i + 2); ++k) wanted.push_back(k);
    EXPECT_EQ(recorder.windows[i].first, i);
    EXPECT_EQ(recorder.windows[i].second, wanted);
  }
}

TEST(ConvertGraph, FramesOnlyForTheirNeighboursAreNeitherComposedNorWritten) {
  Recorder recorder;
  auto stages = recorder.Stages();
  stages.read = [read = stages.read](ConvertItem& item) {
    item.warm_up = item.number < 10 || item.number >= 90;
    return read(item);
  };
  stages.compose = [](ConvertItem& item) {
    EXPECT_FALSE(item.warm_up);
    item.result = item.frame;
  };
  EXPECT_EQ(RunConvertGraph(stages, Limits(16, 8, 2, 3), {}), 80);
  ASSERT_EQ(recorder.written.size(), 80u);
  EXPECT_EQ(recorder.written.front(), 10 * 40);
  EXPECT_EQ(recorder.windows.size(), 100u);
}

TEST(ConvertGraph, NeverHoldsMoreFramesThanAllowed) {
  Recorder recorder;
  recorder.total = 500;
  auto stages = recorder.Stages();
  std::atomic<int> alive{0}, most{0};
  stages.read = [&, read = stages.read](ConvertItem& item) {
    const bool there = read(item);
    if (there) most = std::max(most.load(), ++alive);
    return there;
  };
  stages.write = [&, write = stages.write](ConvertItem& item) {
    --alive;
    write(item);
  };
  RunConvertGraph(stages, Limits(16, 4, 3), {});
  // The limit, one frame read ahead in the input node, and one place kept for the closing message.
  EXPECT_LE(most.load(), 16 + 2);
  EXPECT_EQ(recorder.written.size(), 500u);
}

TEST(ConvertGraph, AFailingStageEndsTheConversionWithItsError) {
  for (const std::string where : {"read", "align", "swap", "measure", "steady", "compose", "write"}) {
    Recorder recorder;
    auto stages = recorder.Stages();
    const auto fail = [where](const std::string& here, int64_t number) {
      if (here == where && number >= 40) throw Error(ErrorKind::kMedia, "broken in " + here);
    };
    stages.read = [&, read = stages.read](ConvertItem& i) { return fail("read", i.number), read(i); };
    stages.align = [&](ConvertItem& i) { fail("align", i.number); };
    stages.swap = [&](const std::vector<ConvertItem*>& items) { fail("swap", items[0]->number); };
    stages.measure = [&](ConvertItem& i) { fail("measure", i.number); };
    stages.steady = [&](const auto& items, size_t middle) { fail("steady", items[middle]->number); };
    stages.compose = [&, compose = stages.compose](ConvertItem& i) { fail("compose", i.number), compose(i); };
    stages.write = [&, write = stages.write](ConvertItem& i) { fail("write", i.number), write(i); };
    try {
      RunConvertGraph(stages, Limits(16, 8, 2, 2), {});
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
  const int64_t written = RunConvertGraph(stages, Limits(16, 8, 2), stop.get_token());
  EXPECT_GE(written, 51);
  EXPECT_LT(written, 51 + 32);
}

TEST(ConvertGraph, FramesInFlightFollowTheirSize) {
  EXPECT_EQ(FramesInFlight(640 * 480 * 3 / 2, 8, 0), 64);
  EXPECT_EQ(FramesInFlight(int64_t{1920} * 1080 * 3 / 2, 8, 0, int64_t{96} << 20), 32);
  EXPECT_EQ(FramesInFlight(int64_t{1} << 30, 8, 6), 28);  // always room for two batches and the neighbours
}

}  // namespace
}  // namespace reelswap
