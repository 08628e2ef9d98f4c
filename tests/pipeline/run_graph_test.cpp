#include "pipeline/run_graph.h"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <mutex>

namespace reelswap {
namespace {

StageTask Task(std::string name, std::vector<size_t> after, std::function<bool()> work,
               std::function<void(const std::string&)> skipped = [](const std::string&) {}) {
  return {std::move(name), std::move(after), false, std::move(work), std::move(skipped)};
}

TEST(RunGraph, ATaskStartsAfterAllThatItWaitsFor) {
  std::mutex mutex;
  std::vector<std::string> order;
  const auto note = [&](const std::string& name) {
    return [&, name] {
      std::lock_guard lock(mutex);
      order.push_back(name);
      return true;
    };
  };
  RunStageGraph({Task("faces", {}, note("faces")), Task("download", {}, note("download")),
                 Task("train", {0}, note("train")), Task("convert", {1, 2}, note("convert"))});
  ASSERT_EQ(order.size(), 4u);
  EXPECT_EQ(order[3], "convert");
  EXPECT_LT(std::find(order.begin(), order.end(), "faces"), std::find(order.begin(), order.end(), "train"));
}

TEST(RunGraph, IndependentTasksRunAtTheSameTime) {
  std::barrier both(2);  // would hang if one waited for the other
  const auto meet = [&] { return both.arrive_and_wait(), true; };
  RunStageGraph({Task("a", {}, meet), Task("b", {}, meet)});
}

TEST(RunGraph, AFailureTakesOnlyWhatStandsOnIt) {
  std::string cause;
  bool other = false;
  RunStageGraph({Task("bad", {}, [] { return false; }), Task("good", {}, [] { return true; }),
                 Task("on bad", {0}, [] { return true; }, [&](const std::string& c) { cause = c; }),
                 Task("on good", {1}, [&] { return other = true; })});
  EXPECT_EQ(cause, "bad");
  EXPECT_TRUE(other);
}

TEST(RunGraph, ExclusiveTasksNeverOverlap) {
  std::atomic<int> running{0}, most{0};
  std::vector<StageTask> tasks;
  for (int i = 0; i < 8; ++i) {
    tasks.push_back(Task("t", {}, [&] {
      most = std::max(most.load(), ++running);
      std::this_thread::yield();
      --running;
      return true;
    }));
    tasks.back().exclusive = true;
  }
  RunStageGraph(tasks);
  EXPECT_EQ(most.load(), 1);
}

TEST(RunGraph, ForwardReferencesAreRefused) {
  EXPECT_THROW(RunStageGraph({Task("a", {0}, [] { return true; })}), std::invalid_argument);
}

}  // namespace
}  // namespace reelswap
