#include "cli/terminal_progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <condition_variable>
#include <limits>
#include <memory>
#include <mutex>
#include <sstream>
#include <streambuf>
#include <thread>

#include "cli/progress_line.h"
#include "pipeline/report_text.h"

namespace reelswap {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
using State = ProgressEvent::State;

/// Does to a screen what the written bytes ask for; knows only what the sink may write, and fails
/// the test on anything else. Never scrolls, so the whole history can be looked at.
class Screen {
 public:
  void Feed(const std::string& bytes) {
    for (size_t i = 0; i < bytes.size(); ++i) {
      const char c = bytes[i];
      if (c == '\n') {
        NextRow();
      } else if (c == '\r') {
        column_ = 0;
      } else if (c == '\x1b') {
        i = Command(bytes, i + 1);
      } else {
        rows_[row_].resize(std::max(rows_[row_].size(), column_));
        rows_[row_].replace(column_++, 1, 1, c);
      }
    }
  }
  /// The rows from the top, without trailing spaces and without the empty rows at the end.
  std::vector<std::string> Rows() const {
    std::vector<std::string> rows;
    for (const auto& row : rows_) rows.push_back(row.substr(0, row.find_last_not_of(' ') + 1));
    while (!rows.empty() && rows.back().empty()) rows.pop_back();
    return rows;
  }
  size_t row() const { return row_; }
  size_t column() const { return column_; }

 private:
  void NextRow() {
    column_ = 0;
    if (++row_ == rows_.size()) rows_.emplace_back();
  }
  size_t Command(const std::string& bytes, size_t i) {
    size_t number = 0;
    for (++i; i < bytes.size() && std::isdigit(static_cast<unsigned char>(bytes[i])); ++i)
      number = number * 10 + (bytes[i] - '0');
    if (bytes[i] == 'A') {
      EXPECT_LE(number, row_) << "above the top of the screen";
      row_ -= std::min(row_, number);
    } else if (bytes[i] == 'K') {
      rows_[row_].resize(std::min(rows_[row_].size(), column_));
    } else if (bytes[i] == 'J') {
      rows_[row_].resize(std::min(rows_[row_].size(), column_));
      rows_.resize(row_ + 1);
    } else {
      ADD_FAILURE() << "unknown command ESC[" << number << bytes[i];
    }
    return i;
  }
  std::vector<std::string> rows_ = {""};
  size_t row_ = 0;
  size_t column_ = 0;  // bytes, enough for what the tests compare
};

struct TerminalProgressTest : ::testing::Test {
  ProgressTime now{};
  TerminalSize size{100, 24};
  std::ostringstream out;
  std::unique_ptr<TerminalProgress> progress = Make(true, false);

  std::unique_ptr<TerminalProgress> Make(bool is_tty, bool quiet) {
    return std::make_unique<TerminalProgress>(
        out, is_tty, quiet, [this] { return now; }, [this] { return size; });
  }
  std::vector<std::string> Rows() const {
    Screen screen;
    screen.Feed(out.str());
    return screen.Rows();
  }
  void Send(const std::string& item, State state, double done, double total = 430,
            const std::string& note = "") {
    progress->Report({"convert", item, state, done, total, "frames", note});
  }
};

TEST_F(TerminalProgressTest, ShowsALiveLineWithEverythingThatIsKnown) {
  Send("walk", State::kRunning, 0);
  now += 3s;
  Send("walk", State::kRunning, 183, 430, "1 face");
  EXPECT_THAT(
      Rows(),
      ElementsAre(
          "convert  walk  [████████▌           ]  42 %  183/430 frames  61 frames/s  0:04 left  1 face"));
}

TEST_F(TerminalProgressTest, ShowsOnlyCountAndRateWithoutATotal) {
  Send("walk", State::kRunning, 0, 0);
  now += 2s;
  Send("walk", State::kRunning, 50, 0);
  EXPECT_THAT(Rows(), ElementsAre("convert  walk  50 frames  25 frames/s"));
}

TEST_F(TerminalProgressTest, ShowsBytesInMegabytes) {
  progress->Report({"fetch", "clip", State::kRunning, 0, 88e6, "bytes", ""});
  now += 2s;
  progress->Report({"fetch", "clip", State::kRunning, 22e6, 88e6, "bytes", ""});
  EXPECT_THAT(
      Rows(),
      ElementsAre("fetch  clip  [█████               ]  25 %  22.0 MB/88.0 MB  11.0 MB/s  0:06 left"));
}

TEST_F(TerminalProgressTest, AlignsSeveralItemsInTheOrderOfTheirStart) {
  Send("zebra crossing", State::kRunning, 43);
  now += 100ms;
  Send("a", State::kRunning, 215);
  EXPECT_THAT(Rows(), ElementsAre("convert  zebra crossing  [██                  ]  10 %  43/430 frames",
                                  "convert  a               [██████████          ]  50 %  215/430 frames"));
}

TEST_F(TerminalProgressTest, GivesAllItemsBarsOfOneLength) {
  size.columns = 51;
  Send("a", State::kRunning, 20, 40);
  now += 100ms;
  Send("b", State::kRunning, 200000, 400000);
  EXPECT_THAT(Rows(), ElementsAre("convert  a  [███   ]  50 %  20/40 frames",
                                  "convert  b  [███   ]  50 %  200,000/400,000 frames"));
}

TEST_F(TerminalProgressTest, ScrollsFinishedItemsAboveTheLiveOnes) {
  Send("a", State::kRunning, 0);
  Send("b", State::kRunning, 43);
  now += 10s;
  Send("a", State::kDone, 430);
  now += 100ms;
  Send("c", State::kFailed, 0, 0, "cannot open c.mp4");
  now += 100ms;
  Send("d", State::kSkipped, 0, 0, "already there");
  const auto rows = Rows();
  ASSERT_THAT(rows, SizeIs(4));
  EXPECT_EQ(rows[0], "✓ convert a: done, 430 frames in 0:10, 43 frames/s");
  EXPECT_EQ(rows[1], "✗ convert c: failed: cannot open c.mp4");
  EXPECT_EQ(rows[2], "- convert d: skipped: already there");
  EXPECT_THAT(rows[3], StartsWith("convert  b  ["));
}

TEST_F(TerminalProgressTest, RedrawsAtMostTenTimesASecond) {
  size_t draws = 0;
  size_t before = 0;
  for (int i = 0; i < 1000; ++i) {
    Send("walk", State::kRunning, i, 1000);
    draws += out.str().size() != before ? 1 : 0;
    before = out.str().size();
    now += 1ms;
  }
  EXPECT_EQ(draws, 10u);
}

TEST_F(TerminalProgressTest, DrawsWhatWasHeldBackWhenItIsDue) {
  Send("a", State::kRunning, 1);
  Send("b", State::kRunning, 1);
  EXPECT_THAT(Rows(), SizeIs(1));
  progress->Tick();
  EXPECT_THAT(Rows(), SizeIs(1)) << "not yet";
  now += 100ms;
  progress->Tick();
  EXPECT_THAT(Rows(), SizeIs(2));
}

TEST_F(TerminalProgressTest, LetsRateAndRemainingTimeMoveWhileNothingArrives) {
  Send("walk", State::kRunning, 0);
  now += 1s;
  Send("walk", State::kRunning, 10);
  EXPECT_THAT(Rows().at(0), HasSubstr("10 frames/s"));
  now += 4s;
  progress->Tick();
  EXPECT_THAT(Rows().at(0), HasSubstr("2 frames/s"));
}

TEST_F(TerminalProgressTest, SummarisesWhatDoesNotFitTheHeight) {
  size.rows = 6;
  for (int i = 0; i < 10; ++i) Send("item " + std::to_string(i), State::kRunning, 1);
  now += 1s;
  progress->Tick();
  const auto rows = Rows();
  ASSERT_THAT(rows, SizeIs(4)) << "height less two";
  EXPECT_THAT(rows[2], HasSubstr("item 2"));
  EXPECT_EQ(rows[3], "and 7 more under way");
}

TEST_F(TerminalProgressTest, NeverWritesALiveLineAsWideAsTheTerminal) {
  for (int columns = 5; columns <= 130; ++columns) {
    ProgressItem item;
    item.Accept({"preprocess", "日本語 a rather long title 😀", State::kRunning, 0, 88e6, "bytes", ""}, now);
    item.Accept({"preprocess", "日本語 a rather long title 😀", State::kRunning, 44e6, 88e6, "bytes",
                 "412 faces found"},
                now + 2s);
    const std::string line = LiveLine(item, {10, 20, 20}, columns, now + 2s);
    EXPECT_LE(DisplayWidth(line), columns);
    EXPECT_EQ(ValidUtf8(line), line);
  }
}

TEST_F(TerminalProgressTest, DropsTheLeastMissedFirstWhenItGetsNarrow) {
  ProgressItem item;
  item.Accept({"convert", "walk", State::kRunning, 0, 400, "frames", ""}, now);
  item.Accept({"convert", "walk", State::kRunning, 200, 400, "frames", "a note that is rather long"},
              now + 2s);
  const auto line = [&](int width) { return LiveLine(item, {7, 4, 20}, width, now + 2s); };
  EXPECT_EQ(
      line(100),
      "convert  walk  [██████████          ]  50 %  200/400 frames  100 frames/s  0:02 left  a note that i…");
  EXPECT_EQ(line(70), "convert  walk  [███   ]  50 %  200/400 frames  100 frames/s  0:02 left");
  EXPECT_EQ(line(50), "convert  walk   50 %  200/400 frames  0:02 left");
  EXPECT_EQ(line(32), "convert  walk   50 %  0:02 left");
}

TEST_F(TerminalProgressTest, ReturnsToTheRightRowAfterTheTerminalBecameNarrower) {
  size.columns = 60;
  Send("walk", State::kRunning, 100);
  const size_t before = out.str().size();
  size.columns = 30;  // the terminal wraps the old line into two rows
  now += 1s;
  progress->Tick();
  EXPECT_THAT(out.str().substr(before), StartsWith("\r\x1b[2A"));
}

TEST_F(TerminalProgressTest, KeepsLogLinesApartFromTheLiveArea) {
  Send("walk", State::kRunning, 215);
  progress->Println("warning: the disk is nearly full\nsecond line \x1b[2J");
  progress->Println("");
  EXPECT_THAT(Rows(), ElementsAre("warning: the disk is nearly full", "second line [2J", "",
                                  "convert  walk  [██████████          ]  50 %  215/430 frames"));
}

TEST_F(TerminalProgressTest, RemovesCommandsFromNamesAndNotes) {
  progress->Report({"fetch", "\x1b]0;title\x07\x1b[2Jname\n", State::kRunning, 1, 0, "\x1b[A",
                    "\xC2\x9B"
                    "2J\r"});
  now += 1s;
  progress->Report({"fetch", "\x1b]0;title\x07\x1b[2Jname\n", State::kFailed, 1, 0, "", "bad\x1b[H"});
  EXPECT_THAT(Rows(), ElementsAre("✗ fetch ]0;title[2Jname: failed: bad[H"));
}

TEST_F(TerminalProgressTest, LeavesTheCursorOnAFreshLine) {
  Send("a", State::kRunning, 1);
  Send("b", State::kDone, 430);  // held back by the ten a second
  progress.reset();
  Screen screen;
  screen.Feed(out.str());
  EXPECT_THAT(screen.Rows(), ElementsAre("✓ convert b: done, 430 frames", StartsWith("convert  a")));
  EXPECT_EQ(screen.column(), 0u);
  EXPECT_EQ(screen.row(), 2u);
}

TEST_F(TerminalProgressTest, WritesPlainLinesNowAndThenWhereThereIsNoTerminal) {
  progress = Make(false, false);
  for (int i = 0; i <= 250; ++i) {
    Send("walk", State::kRunning, i);
    now += 100ms;
  }
  Send("walk", State::kDone, 430, 430, "12 frames without a face");
  EXPECT_EQ(out.str(),
            "convert walk: 0 %, 0/430 frames\n"
            "convert walk: 23 %, 100/430 frames, 10 frames/s, 0:33 left\n"
            "convert walk: 46 %, 200/430 frames, 10 frames/s, 0:23 left\n"
            "convert walk: done, 430 frames in 0:25, 17.1 frames/s, 12 frames without a face\n");
}

TEST_F(TerminalProgressTest, SaysOnlyWhatFailedWhenQuiet) {
  for (const bool is_tty : {true, false}) {
    out.str("");
    progress = Make(is_tty, true);
    Send("a", State::kRunning, 1);
    Send("a", State::kDone, 430);
    Send("b", State::kFailed, 0, 0, "cannot open b.mp4");
    progress->Println("said anyway");
    progress.reset();
    EXPECT_EQ(out.str(), "convert b: failed: cannot open b.mp4\nsaid anyway\n");
  }
}

TEST_F(TerminalProgressTest, ShowsNoZombieAfterTheEnd) {
  Send("walk", State::kDone, 430);
  now += 1s;
  Send("walk", State::kRunning, 429);
  Send("walk", State::kDone, 430);
  now += 1s;
  progress->Tick();
  Send("walk", State::kRunning, 430);
  now += 1s;
  progress->Tick();
  for (const auto& row : Rows()) EXPECT_THAT(row, StartsWith("✓"));
}

TEST_F(TerminalProgressTest, SurvivesCountersThatMakeNoSense) {
  for (const double odd : {-5.0, 1e300, std::numeric_limits<double>::infinity(), std::nan("")}) {
    progress->Report({"convert", "walk", State::kRunning, odd, 10, "frames", ""});
    progress->Report({"convert", "other", State::kRunning, 1, odd, "bytes", ""});
    now += 1s;
  }
  EXPECT_THAT(Rows(), SizeIs(2));
}

TEST_F(TerminalProgressTest, IsThreadSafe) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        Send(std::to_string(t), State::kRunning, i);
        if (i % 50 == 0) progress->Println("line");
      }
      Send(std::to_string(t), State::kDone, 430);
    });
  }
  for (auto& thread : threads) thread.join();
  progress.reset();
  const auto rows = Rows();
  EXPECT_EQ(std::count(rows.begin(), rows.end(), "line"), 16);
  EXPECT_EQ(std::count_if(rows.begin(), rows.end(), [](const auto& row) { return row.rfind("✓", 0) == 0; }),
            4);
  EXPECT_EQ(rows.size(), 20u);
}

/// A stream buffer that can be waited on.
class WaitableBuffer : public std::streambuf {
 public:
  bool WaitFor(const std::string& text) {
    std::unique_lock lock(mutex_);
    return grew_.wait_for(lock, 20s, [&] { return text_.find(text) != std::string::npos; });
  }

 protected:
  std::streamsize xsputn(const char* bytes, std::streamsize count) override {
    const std::lock_guard lock(mutex_);
    text_.append(bytes, static_cast<size_t>(count));
    grew_.notify_all();
    return count;
  }

 private:
  std::mutex mutex_;
  std::condition_variable grew_;
  std::string text_;
};

TEST(TerminalProgress, DrawsByItselfWithTheRealClock) {
  WaitableBuffer buffer;
  std::ostream out(&buffer);
  TerminalProgress progress(out, true, false, nullptr, [] { return TerminalSize{80, 24}; });
  progress.Report({"convert", "first", State::kRunning, 1, 2, "frames", ""});
  progress.Report({"convert", "second", State::kRunning, 1, 2, "frames", ""});
  EXPECT_TRUE(buffer.WaitFor("second")) << "no further event comes, so its own thread must draw it";
}

}  // namespace
}  // namespace reelswap
