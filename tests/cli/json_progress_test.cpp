#include "cli/json_progress.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <vector>

namespace reelswap {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;
using State = ProgressEvent::State;

struct JsonProgressTest : ::testing::Test {
  ProgressTime now{};
  std::ostringstream out;
  JsonProgress progress{out, [this] { return now; }};

  std::vector<Json> Lines() const {
    std::istringstream in(out.str());
    std::vector<Json> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
    return lines;
  }
  static ProgressEvent Frames(State state, double done, const std::string& item = "walk") {
    return {"convert", item, state, done, 430, "frames", ""};
  }
};

TEST_F(JsonProgressTest, WritesEveryKeyOfAnEvent) {
  progress.Report({"convert", "walk", State::kRunning, 10, 430, "frames", "loss 0.03"});
  EXPECT_EQ(Lines().at(0), Json({{"event", "progress"},
                                 {"stage", "convert"},
                                 {"item", "walk"},
                                 {"state", "running"},
                                 {"done", 10},
                                 {"total", 430},
                                 {"unit", "frames"},
                                 {"note", "loss 0.03"},
                                 {"rate", nullptr},
                                 {"eta_seconds", nullptr}}));
  EXPECT_NE(out.str().find("\"done\":10,"), std::string::npos) << "whole counts are integers: " << out.str();
}

TEST_F(JsonProgressTest, TellsRateAndRemainingTimeOnceTheyAreKnown) {
  progress.Report(Frames(State::kRunning, 0));
  now += 2s;
  progress.Report(Frames(State::kRunning, 30));
  const Json line = Lines().at(1);
  EXPECT_NEAR(line["rate"], 15, 1e-9);
  EXPECT_NEAR(line["eta_seconds"], 400 / 15.0, 1e-9);
}

TEST_F(JsonProgressTest, WritesFirstAndLastAndAtMostFiveASecondBetween) {
  for (int i = 0; i < 1000; ++i) {
    progress.Report(Frames(State::kRunning, i));
    now += 10ms;
  }
  progress.Report(Frames(State::kDone, 430));
  const auto lines = Lines();
  EXPECT_EQ(lines.size(), 51u) << "ten seconds at five a second, and the end";
  EXPECT_EQ(lines.front()["done"], 0);
  EXPECT_EQ(lines.back()["state"], "done");
  EXPECT_EQ(lines.back()["done"], 430);
}

TEST_F(JsonProgressTest, ThrottlesEachItemByItself) {
  progress.Report(Frames(State::kRunning, 1, "a"));
  progress.Report(Frames(State::kRunning, 1, "b"));
  progress.Report(Frames(State::kRunning, 2, "a"));
  EXPECT_EQ(Lines().size(), 2u);
}

TEST_F(JsonProgressTest, WritesAnEndOnceAndNothingRunningAfterIt) {
  progress.Report(Frames(State::kFailed, 3));
  progress.Report(Frames(State::kFailed, 3));
  progress.Report(Frames(State::kDone, 430, "b"));
  now += 5s;
  progress.Report(Frames(State::kRunning, 430, "b"));
  EXPECT_EQ(Lines().size(), 2u);
}

TEST_F(JsonProgressTest, EscapesTextAndRepairsInvalidUtf8) {
  progress.Report({"fetch", "a\"b\\\n😀\xFF", State::kSkipped, 0, 0, "bytes", "<script>\t"});
  const Json line = Lines().at(0);
  EXPECT_EQ(line["item"], "a\"b\\\n😀\xEF\xBF\xBD");
  EXPECT_EQ(line["note"], "<script>\t");
  EXPECT_EQ(line["state"], "skipped");
  EXPECT_EQ(line["total"], 0);
}

TEST_F(JsonProgressTest, KeepsLinesWholeWithManyThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        progress.Report({"fetch", "item " + std::to_string(t * 100 + i), State::kDone, 1, 1, "bytes", ""});
        progress.Println("{\"event\":\"other\"}");
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(Lines().size(), 800u) << "Lines() parses every one";
}

}  // namespace
}  // namespace reelswap
