#include "pipeline/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files.h"
#include "pipeline/report_text.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

using reelswap::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

const std::filesystem::path kFolder = "/work/p";

ReportItem Item(const std::string& stage, const std::string& name, ItemState state) {
  ReportItem item;
  item.stage = stage;
  item.name = name;
  item.state = state;
  return item;
}

RunReport OvernightRun() {
  RunReport report;
  report.project = "evening show";
  report.tool_version = "9.8.7";
  report.started_utc = "2026-11-20T22:14:05Z";
  report.seconds = 3 * 3600 + 12 * 60;
  report.consents = {{"host", "release form 7"}, {"guest", "https://example.org/consent"}};

  ReportItem source = Item("source", "interview", ItemState::kReused);
  source.person = "host";
  source.location = "https://example.org/i.mp4?x=1&y=2";
  source.tally = {6000, 1000, 1040, 900, {{"blurred", 100}, {"too_small", 40}}, "damaged after 00:41"};
  report.items.push_back(source);

  ReportItem gone = Item("source", "gone", ItemState::kFailed);
  gone.person = "guest";
  gone.location = "https://example.org/gone.mp4";
  gone.error = "cannot download gone.mp4: HTTP 404 (take the line out of the project file)";
  report.items.push_back(gone);

  ReportItem train = Item("train", "host + guest", ItemState::kDone);
  train.numbers = {{"iterations", 120000}, {"images_per_second", 412.7}, {"loss_a", 0.0312}};
  train.pictures = {kFolder / "model/preview.png", kFolder / "faces/host_kept.jpg"};
  train.outputs = {"/work/models/host.safetensors"};
  report.items.push_back(train);

  ReportItem target = Item("target", "walk", ItemState::kDone);
  target.numbers = {{"frames", 1000}, {"frames_per_second", 40}};
  target.stage_seconds = {{"decode", 10}, {"swap", 30}};
  target.outputs = {kFolder / "output/walk 1#.mp4"};
  target.notes = {"face 1 (0.0 s to 9.5 s): host -> guest, nearest to host (0.29, next 0.61)", "face 2 (0.0 s to 4.0 s): left alone, no one of the project (0.66)"};
  report.items.push_back(target);
  return report;
}

size_t CountOfText(const std::string& text, const std::string& what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

TEST(RunReport, KnowsWhetherSomethingFailedOrWasCancelled) {
  RunReport report;
  EXPECT_FALSE(report.AnyFailed());
  report.items = {Item("target", "a", ItemState::kDone), Item("target", "b", ItemState::kCancelled)};
  EXPECT_FALSE(report.AnyFailed());
  EXPECT_TRUE(report.AnyCancelled());
  report.items.push_back(Item("target", "c", ItemState::kFailed));
  EXPECT_TRUE(report.AnyFailed());
}

TEST(SummarySentence, CountsReusedItemsAsDone) {
  EXPECT_EQ(SummarySentence(CountItems(OvernightRun().items)), "3 of 4 done, 1 failed");
  EXPECT_EQ(SummarySentence({.done = 2, .reused = 1}), "all 3 done");
  EXPECT_EQ(SummarySentence({.done = 1, .cancelled = 1, .pending = 2}),
            "1 of 4 done, 1 interrupted, 2 not started");
  EXPECT_EQ(SummarySentence({}), "nothing to do");
}

TEST(ReportAsJson, HoldsEverythingOfTheReport) {
  const Json json = Json::parse(ReportAsJson(OvernightRun(), kFolder));
  EXPECT_EQ(json["project"], "evening show");
  EXPECT_EQ(json["tool_version"], "9.8.7");
  EXPECT_EQ(json["started_utc"], "2026-11-20T22:14:05Z");
  EXPECT_EQ(json["seconds"], 11520.0);
  EXPECT_EQ(json["consents"]["host"], "release form 7");
  EXPECT_EQ(
      json["summary"],
      Json({{"items", 4}, {"done", 2}, {"reused", 1}, {"failed", 1}, {"cancelled", 0}, {"pending", 0}}));
  const Json& source = json["items"][0];
  EXPECT_EQ(source["stage"], "source");
  EXPECT_EQ(source["state"], "reused");
  EXPECT_EQ(source["person"], "host");
  EXPECT_EQ(source["location"], "https://example.org/i.mp4?x=1&y=2");
  EXPECT_EQ(source["tally"]["faces_kept"], 900);
  EXPECT_EQ(source["tally"]["rejected"]["too_small"], 40);
  EXPECT_EQ(source["tally"]["warning"], "damaged after 00:41");
  EXPECT_EQ(json["items"][1]["error"], OvernightRun().items[1].error);
  EXPECT_EQ(json["items"][2]["numbers"]["loss_a"], 0.0312);
  EXPECT_EQ(json["items"][2]["pictures"][0]["relative"], "model/preview.png");
  EXPECT_EQ(json["items"][2]["outputs"][0]["relative"], "../models/host.safetensors");
  EXPECT_EQ(json["items"][3]["outputs"][0]["path"], "/work/p/output/walk 1#.mp4");
  EXPECT_EQ(json["items"][3]["stage_seconds"]["swap"], 30.0);
  EXPECT_EQ(json["items"][3]["notes"], Json(OvernightRun().items[3].notes));
}

TEST(ReportAsJson, KeepsTheSameKeysInAnEmptyItem) {
  RunReport report;
  report.items.resize(1);
  const Json item = Json::parse(ReportAsJson(report, kFolder))["items"][0];
  for (const char* key : {"stage", "name", "location", "person", "state", "error", "warning", "notes", "tally",
                          "numbers", "stage_seconds", "outputs", "pictures"}) {
    EXPECT_TRUE(item.contains(key)) << key;
  }
  EXPECT_TRUE(item["outputs"].is_array());
}

TEST(ReportAsJson, SurvivesInvalidUtf8AndNumbersThatAreNotFinite) {
  RunReport report;
  report.project = "bad \xFF name\n\"quoted\"";
  report.consents["\xFE"] = "\xC3";
  report.items = {Item("target", "\xE2\x82", ItemState::kDone)};
  report.items[0].numbers = {{"frames_per_second", std::nan("")}};
  const Json json = Json::parse(ReportAsJson(report, kFolder));
  EXPECT_EQ(json["project"], "bad \xEF\xBF\xBD name\n\"quoted\"");
  EXPECT_TRUE(json["items"][0]["numbers"]["frames_per_second"].is_null());
}

TEST(ReportAsJson, FitsOnOneLineWhenAsked) {
  EXPECT_THAT(ReportAsJson(OvernightRun(), kFolder, -1), Not(HasSubstr("\n")));
}

TEST(ReportAsHtml, TellsTheResultFirstAndFailuresBeforeOutputs) {
  const std::string html = ReportAsHtml(OvernightRun(), kFolder);
  EXPECT_THAT(html, HasSubstr("3 of 4 done, 1 failed"));
  EXPECT_THAT(html, HasSubstr("20 November 2026, 22:14 UTC"));
  EXPECT_THAT(html, HasSubstr("took 3 h 12 min"));
  EXPECT_THAT(html, HasSubstr("<p>cannot download gone.mp4: HTTP 404</p>"));
  EXPECT_THAT(html, HasSubstr("<p class=\"cure\">take the line out of the project file</p>"));
  const size_t failure = html.find("What failed");
  const size_t output = html.find("<h2>Output</h2>");
  const size_t sources = html.find("<h2>Sources</h2>");
  ASSERT_NE(sources, std::string::npos);
  EXPECT_LT(html.find("3 of 4 done", html.find("<body>")), failure);
  EXPECT_LT(failure, output);
  EXPECT_LT(output, sources);
}

TEST(ReportAsHtml, ShowsSourcesTrainingTargetsPeopleAndVersion) {
  const std::string html = ReportAsHtml(OvernightRun(), kFolder);
  EXPECT_THAT(
      html, AllOf(HasSubstr("6,000"), HasSubstr("900"), HasSubstr("100 blurred"), HasSubstr("40 too small")));
  EXPECT_THAT(html, HasSubstr("damaged after 00:41"));
  EXPECT_THAT(html, AllOf(HasSubstr("120,000"), HasSubstr("413 images/s"), HasSubstr("0.0312")));
  EXPECT_THAT(html,
              AllOf(HasSubstr("<th class=\"n\">Core-ms per frame</th>"), HasSubstr("swap</span></td>"),
                    HasSubstr("75&nbsp;%</td>"), HasSubstr("data-label=\"core-ms/frame\">30</td>"),
                    HasSubstr("data-label=\"core-ms/frame\">40</td>"), HasSubstr("flex:25.00")));
  EXPECT_THAT(html, AllOf(HasSubstr("release form 7"), HasSubstr("href=\"https://example.org/consent\"")));
  EXPECT_THAT(html, AllOf(HasSubstr("reelswap 9.8.7"), HasSubstr("synthetic")));
}

TEST(ReportAsHtml, LinksFilesRelativeToItsFolderAndEmbedsVideosAndPictures) {
  const std::string html = ReportAsHtml(OvernightRun(), kFolder);
  EXPECT_THAT(html, HasSubstr("<video controls preload=\"metadata\" src=\"output/walk%201%23.mp4\">"));
  EXPECT_THAT(html, HasSubstr("<a href=\"output/walk%201%23.mp4\">"));
  EXPECT_THAT(html, HasSubstr("<img src=\"model/preview.png\""));
  EXPECT_THAT(html, HasSubstr("<img src=\"faces/host_kept.jpg\""));
  EXPECT_THAT(html, HasSubstr("<a href=\"../models/host.safetensors\">"));
  EXPECT_EQ(CountOfText(html, "<img src=\"faces/host_kept.jpg\""), 1u);
}

TEST(ReportAsHtml, NeedsNothingButItself) {
  const std::string html = ReportAsHtml(OvernightRun(), kFolder);
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("<link")));
  EXPECT_THAT(html, Not(HasSubstr("@import")));
  EXPECT_THAT(html, Not(HasSubstr("url(")));
  EXPECT_THAT(html, Not(HasSubstr("src=\"http")));
  EXPECT_THAT(html, HasSubstr("prefers-color-scheme: dark"));
}

TEST(ReportAsHtml, EscapesEverythingThatComesFromOutside) {
  const std::string evil = "<script>alert('x')</script>\"&\n😀\xFF";
  RunReport report;
  report.project = report.tool_version = report.started_utc = evil;
  report.consents = {{evil, evil}};
  for (const char* stage : {"source", "train", "target", "<b>other</b>"}) {
    ReportItem item = Item(stage, evil, ItemState::kFailed);
    item.location = "javascript:" + evil;
    item.person = item.error = item.warning = item.tally.warning = evil;
    item.notes = {evil, "left alone: " + evil};
    item.tally.frames_decoded = 1;
    item.tally.rejected = {{evil, 3}};
    item.numbers = {{evil, 1}, {evil + "_per_second", 2}};
    item.stage_seconds = {{evil, 1}};
    item.outputs = {kFolder / ("\"><script>x.mp4"), kFolder / "<script>.bin", kFolder / "'<script>.png"};
    item.pictures = {kFolder / "<script>_kept.png", kFolder / "\"<script>.png",
                     kFolder / "<script>_worst.jpg", kFolder / "<script>_quality.png", kFolder / "<script>_frames.csv"};
    report.items.push_back(item);
  }
  const std::string html = ReportAsHtml(report, kFolder);
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("<b>other")));
  EXPECT_THAT(html, Not(HasSubstr("href=\"javascript")));
  EXPECT_THAT(html, Not(HasSubstr("\xFF")));
  EXPECT_EQ(ValidUtf8(html), html);
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;"));
  EXPECT_THAT(html, HasSubstr("😀"));
}

TEST(ReportAsHtml, LinksALocalSourceOnlyWhereTheFileIs) {
  const TempDir dir;
  std::ofstream(dir / "clip one.mp4") << "x";
  RunReport report;
  report.items = {Item("source", "clip", ItemState::kDone), Item("source", "photos", ItemState::kDone)};
  report.items[0].location = (dir / "clip one.mp4").string();
  report.items[1].location = (dir / "*.jpg").string();
  const std::string html = ReportAsHtml(report, dir.path());
  EXPECT_THAT(html, HasSubstr("<a href=\"clip%20one.mp4\">"));
  EXPECT_EQ(CountOfText(html, "<a "), 2u) << "the clip and report.json, not the pattern";
}

TEST(ReportAsHtml, ShowsTheWorstFramesThePlotAndWhoWasTakenForWhom) {
  RunReport report;
  report.items = {Item("target", "walk", ItemState::kDone)};
  ReportItem& item = report.items[0];
  item.numbers = {{"frames", 100}, {"unswapped", 12}, {"flicker_ratio", 0.31}, {"largest_enlargement", 2.4}};
  item.notes = OvernightRun().items[3].notes;
  item.pictures = {kFolder / "output/walk_worst.jpg", kFolder / "output/walk_quality.png",
                   kFolder / "output/walk_frames.csv"};
  const std::string html = ReportAsHtml(report, kFolder);
  EXPECT_THAT(html, HasSubstr("<img src=\"output/walk_worst.jpg\""));
  EXPECT_THAT(html, HasSubstr("<img src=\"output/walk_quality.png\""));
  EXPECT_THAT(html, HasSubstr("<a href=\"output/walk_frames.csv\"><bdi>walk_frames.csv</bdi></a>"));
  EXPECT_EQ(CountOfText(html, "<img"), 2u) << "a table of numbers is no picture";
  EXPECT_THAT(html, Not(HasSubstr("class=\"pictures\""))) << "sheets need the whole width";
  EXPECT_THAT(html, HasSubstr("<li>face 1 (0.0 s to 9.5 s): host -&gt; guest, nearest to host (0.29, next 0.61)</li>"));
  EXPECT_THAT(html, AllOf(HasSubstr("<dt>unswapped</dt><dd>12</dd>"), HasSubstr("<dt>flicker ratio</dt><dd>0.31</dd>")));
  EXPECT_LT(html.find("<dt>unswapped"), html.find("<dt>largest enlargement"));
  EXPECT_THAT(html, Not(HasSubstr("<details")));
  item.notes.assign(13, "track");
  EXPECT_THAT(ReportAsHtml(report, kFolder), HasSubstr("<summary>Show all 13 notes</summary>"));
}

TEST(ReportAsHtml, SaysSoWhenThereIsNothing) {
  const std::string html = ReportAsHtml(RunReport{}, kFolder);
  EXPECT_THAT(html, AllOf(HasSubstr("Nothing to do"), HasSubstr("Unnamed project"), HasSubstr("</html>")));
  EXPECT_THAT(html, Not(HasSubstr("<h2")));
}

TEST(ReportAsHtml, DrawsNoShareForTimesThatAreNotNumbers) {
  RunReport report;
  report.items = {Item("target", "t", ItemState::kDone)};
  report.items[0].stage_seconds = {{"decode", std::nan("")}, {"swap", 0}, {"encode", -1}};
  EXPECT_THAT(ReportAsHtml(report, kFolder), Not(HasSubstr("class=\"bar\"")));
}

TEST(ReportAsHtml, StaysSmallAndQuickWithFiveHundredSources) {
  RunReport report;
  for (int i = 0; i < 500; ++i) {
    ReportItem item = Item("source", "source " + std::to_string(i), ItemState::kDone);
    item.person = i % 2 == 0 ? "host" : "guest";
    item.location = "https://example.org/watch?v=" + std::to_string(i);
    item.tally = {1000, 200, 210, 180, {{"blurred", 20}, {"too_small", 10}}, ""};
    report.items.push_back(item);
  }
  const auto start = std::chrono::steady_clock::now();
  const std::string html = ReportAsHtml(report, kFolder);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(CountOfText(html, "watch?v="), 1000u) << "a link and its text for each source";
  EXPECT_LT(html.size(), 600u * 1024) << "about 1 KiB a source";
  EXPECT_LT(took.count(), 2.0) << "seconds; it takes a few hundredths, the rest is for a busy machine";
  EXPECT_THAT(html, HasSubstr("Show all 250 sources"));
  EXPECT_THAT(html, HasSubstr("45,000 faces from 250 sources"));
}

TEST(ReportAsHtml, LoadsOnlyTheFirstVideosByItself) {
  RunReport report;
  for (int i = 0; i < 30; ++i) {
    report.items.push_back(Item("target", "t" + std::to_string(i), ItemState::kDone));
    report.items.back().outputs = {kFolder / ("t" + std::to_string(i) + ".mp4")};
  }
  const std::string html = ReportAsHtml(report, kFolder);
  EXPECT_EQ(CountOfText(html, "preload=\"metadata\""), 24u);
  EXPECT_EQ(CountOfText(html, "preload=\"none\""), 6u);
}

TEST(WriteRunReport, WritesBothFilesAndReplacesOldOnes) {
  const TempDir dir;
  RunReport report = OvernightRun();
  WriteRunReport(dir / "run", report);
  report.project = "second";
  WriteRunReport(dir / "run", report);
  EXPECT_EQ(Json::parse(ReadFile(dir / "run/report.json"))["project"], "second");
  EXPECT_THAT(ReadFile(dir / "run/report.html"), HasSubstr("<bdi>second</bdi>"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir / "run"), {}), 2)
      << "no temporary file stays";
}

TEST(WriteRunReport, NamesTheFolderItCannotWriteTo) {
  const TempDir dir;
  std::ofstream(dir / "file") << "x";
  EXPECT_THROW(WriteRunReport(dir / "file", RunReport{}), Error);
}

TEST(FormatReportForTerminal, GivesEveryItemALineAndFailuresTheirCure) {
  const std::string text = FormatReportForTerminal(OvernightRun());
  EXPECT_EQ(text,
            "evening show: 3 of 4 done, 1 failed (3 h 12 min)\n"
            "  source  host   interview     done earlier  900 of 1,040 faces kept, 6,000 frames\n"
            "      note: damaged after 00:41\n"
            "  source  guest  gone          failed\n"
            "      cannot download gone.mp4: HTTP 404\n"
            "      -> take the line out of the project file\n"
            "  train          host + guest  done          120,000 iterations, 413 images/s\n"
            "  target         walk          done          1,000 frames, 40 frames/s\n"
            "      note: face 2 (0.0 s to 4.0 s): left alone, no one of the project (0.66)\n"
            "output\n"
            "  /work/models/host.safetensors\n"
            "  /work/p/output/walk 1#.mp4\n");
}

TEST(FormatReportForTerminal, GivesAVideoOneLineOfQualityAndNamesAFewStrangers) {
  RunReport report;
  report.items = {Item("target", "walk", ItemState::kDone)};
  report.items[0].numbers = {{"unswapped", 1204}, {"filled", 0},        {"repaired", 3},       {"faded", 0},
                             {"occluded", 9},     {"seam", 1.2},        {"flicker_ratio", 0.31}, {"frames", 3000}};
  for (int i = 0; i < 5; ++i) report.items[0].notes.push_back("left alone: track " + std::to_string(i) + "\n\x1b[31m");
  EXPECT_EQ(FormatReportForTerminal(report),
            "1 of 1 done (0.0 s)\n"
            "  target  walk  done  3,000 frames\n"
            "      quality: 1,204 unswapped, 3 repaired, 9 occluded, edge 1.20 levels, flicker 0.31\n"
            "      note: left alone: track 0 [31m\n"
            "      note: left alone: track 1 [31m\n"
            "      note: left alone: track 2 [31m\n"
            "      note: and 2 more left alone, see report.html\n");
}

TEST(FormatReportForTerminal, AlignsWideNamesAndRemovesControlCharacters) {
  RunReport report;
  report.items = {Item("target", "日本\x1b[2J", ItemState::kDone),
                  Item("target", "abcdefg", ItemState::kPending),
                  Item("target", std::string(300, 'x'), ItemState::kCancelled)};
  const std::string text = FormatReportForTerminal(report);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("  target  日本[2J" + std::string(33, ' ') + "  done\n"));
  EXPECT_THAT(text, HasSubstr("  target  abcdefg" + std::string(33, ' ') + "  not started\n"));
  EXPECT_THAT(text, HasSubstr(std::string(39, 'x') + "…  interrupted\n"));
}

}  // namespace
}  // namespace reelswap
