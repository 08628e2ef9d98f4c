#include "pipeline/quality_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "core/files.h"
#include "core/photo.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testing::TempDir;

constexpr double kFps = 25;

Landmarks LandmarksAt(double x, double y, double size) {
  Landmarks landmarks;
  for (int i = 0; i < kLandmarkCount; ++i) {
    landmarks[i] = {static_cast<float>(x + size * (i % 9 / 8.0 - 0.5)), static_cast<float>(y + size * (i / 9 / 7.0 - 0.5))};
  }
  return landmarks;
}

FaceQuality FaceOn(int64_t track, double x, double y, double size = 40) {
  FaceQuality face;
  face.planned.track = track;
  face.planned.face.landmarks = LandmarksAt(x, y, size);
  face.seam = 1;
  return face;
}

const Frame& Gray() {
  static const Frame frame = [] {
    FrameFormat format;
    format.width = 160;
    format.height = 120;
    return Frame::FromBgr(cv::Mat(120, 160, CV_8UC3, cv::Scalar(90, 120, 150)), format, 0, 0);
  }();
  return frame;
}

FrameQuality FrameWith(int64_t number, std::vector<FaceQuality> faces) {
  return {number, static_cast<double>(number) / kFps, std::move(faces)};
}

/// A video of 200 frames in chunks of 50 with a little of everything.
void AddChunk(QualityBook& book, int64_t chunk) {
  for (int64_t n = chunk * 50; n < chunk * 50 + 50; ++n) {
    const double wobble = n % 2 == 0 ? 0.4 : -0.4;
    FaceQuality face = FaceOn(chunk / 2, 60 + 0.1 * static_cast<double>(n), 60 + wobble / 4);
    face.seam = 1 + 0.01 * static_cast<double>(n % 7);
    face.yaw = 10;
    if (n % 5 == 0) face.identity = 0.3 + 0.0005 * static_cast<double>(n);
    if (n % 2 == 1) face.seam = 0;  // measured in every other frame only
    if (n == 30) face.planned.filled = true;
    if (n == 31) face.planned.repaired = true;
    if (n == 77) face.flash = 20;
    if (n == 120) face.occluded = 0.4;
    if (n >= 190) {
      face.planned.faded = true;
      face.planned.opacity = static_cast<float>(199 - n) / 10;
      face.yaw = 80;
    }
    book.Add(FrameWith(n, {face}), Gray());
  }
  book.CommitChunk(chunk);
}

std::string BytesOf(const fs::path& path) { return ReadFile(path); }

struct Finished {
  QualitySummary summary;
  std::vector<fs::path> pictures;
};

/// The faces of AddChunk as they were found, under track numbers of their own, with a stranger far away.
void FramesFound(int64_t first, int64_t last, const std::function<void(const AnalysedFrame&)>& visit) {
  for (int64_t n = first; n < last; ++n) {
    AnalysedFrame frame;
    frame.number = n;
    TrackedFace face, stranger;
    stranger.track = 900;
    stranger.face.landmarks = LandmarksAt(140, 20, 20);
    face.track = 500;
    face.face.landmarks = LandmarksAt(60 + 0.1 * static_cast<double>(n), 60 + (n % 2 == 0 ? 0.4 : -0.4), 40);
    frame.faces = {stranger, face};
    if (n == 30) frame.faces.pop_back();  // filled: not found
    visit(frame);
  }
}

Finished FinishIn(const fs::path& folder, int64_t chunks, const fs::path& prefix, const FramesAsFound& found = {}) {
  Finished finished;
  QualityBook book(folder);
  finished.summary = book.Finish(chunks, prefix, finished.pictures, found);
  return finished;
}

TEST(QualityBook, CountsWhatAViewerWouldMeet) {
  const TempDir dir;
  QualityBook book(dir / "q");
  for (int64_t chunk = 0; chunk < 4; ++chunk) AddChunk(book, chunk);
  const QualitySummary summary = FinishIn(dir / "q", 4, dir / "clip", FramesFound).summary;
  EXPECT_EQ(summary.frames, 200);
  EXPECT_EQ(summary.frames_with_swap, 199) << "the last one is transparent";
  EXPECT_EQ(summary.filled, 1);
  EXPECT_EQ(summary.repaired, 1);
  EXPECT_EQ(summary.faded, 10);
  EXPECT_EQ(summary.occluded, 1);
  EXPECT_NEAR(summary.seam_median, 1.03, 0.011) << "levels, to the histogram's step";
  EXPECT_NEAR(summary.flicker_ratio, 0.25, 0.001) << "the planned face trembles a quarter as far";
  EXPECT_EQ(summary.missing_chunks, 0);
  EXPECT_EQ(FinishIn(dir / "q", 4, dir / "clip").summary.flicker_ratio, 0) << "not measured without the faces found";
  const auto numbers = summary.Numbers();
  for (const char* key : {"filled", "repaired", "faded", "occluded", "seam", "flicker_ratio"}) {
    EXPECT_TRUE(numbers.contains(key)) << key;
  }
  EXPECT_FALSE(numbers.contains("chunks_without_quality"));
  EXPECT_FALSE(numbers.contains("unswapped")) << "rows know nothing of frames that the plan left out";
}

TEST(QualityBook, GivesTheSameFilesAfterAnInterruption) {
  const TempDir dir;
  {
    QualityBook whole(dir / "whole");
    for (int64_t chunk = 0; chunk < 4; ++chunk) AddChunk(whole, chunk);
  }
  {
    QualityBook first(dir / "parts");
    AddChunk(first, 0);
    AddChunk(first, 1);
    first.Add(FrameWith(100, {FaceOn(9, 10, 10)}), Gray());  // killed within the chunk
  }
  {
    QualityBook second(dir / "parts");
    EXPECT_TRUE(second.HasChunk(1));
    EXPECT_FALSE(second.HasChunk(2));
    AddChunk(second, 2);
    AddChunk(second, 2);  // killed between the chunk and what says so: done again
    AddChunk(second, 3);
  }
  FinishIn(dir / "whole", 4, dir / "a/clip", FramesFound);
  FinishIn(dir / "parts", 4, dir / "b/clip", FramesFound);
  for (const char* name : {"clip_frames.csv", "clip_worst.jpg", "clip_quality.png"}) {
    EXPECT_EQ(BytesOf(dir / "a" / name), BytesOf(dir / "b" / name)) << name;
  }
}

TEST(QualityBook, WritesOneLinePerFrameAndFace) {
  const TempDir dir;
  QualityBook book(dir / "q");
  book.Add(FrameWith(0, {}), Gray());
  book.Add(FrameWith(1, {FaceOn(0, 50, 50), FaceOn(1, 100, 50)}), Gray());
  book.CommitChunk(0);
  const Finished finished = FinishIn(dir / "q", 1, dir / "clip");
  EXPECT_THAT(finished.pictures,
              ElementsAre(dir / "clip_worst.jpg", dir / "clip_quality.png", dir / "clip_frames.csv"));
  const std::string table = BytesOf(dir / "clip_frames.csv");
  EXPECT_THAT(table, StartsWith("frame,seconds,track,direction,"));
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 4);
  EXPECT_THAT(table, HasSubstr("\n0,0.000000,-1,0,"));
  EXPECT_THAT(table, HasSubstr("\n1,0.040000,1,0,100.0,50.0,40.0,1,0,0,0,0,1,"));
  EXPECT_THAT(table, HasSubstr(",\"nothing conspicuous\"\n"));
  EXPECT_EQ(finished.summary.frames, 2);
  EXPECT_EQ(finished.summary.frames_with_swap, 1);
}

TEST(QualityBook, ASteadyFaceHasNoRestlessnessAndAMissingFrameBreaksTheChain) {
  const TempDir dir;
  QualityBook book(dir / "q");
  for (int64_t n : {0, 1, 2, 4, 5, 6}) {
    book.Add(FrameWith(n, {FaceOn(0, 50.0 + 3.0 * static_cast<double>(n), 50)}), Gray());
  }
  book.CommitChunk(0);
  const auto chunk = ReadQualityChunk(dir / "q", 0);
  ASSERT_TRUE(chunk);
  ASSERT_EQ(chunk->rows.size(), 6u);
  for (const size_t row : {0u, 2u, 3u, 5u}) EXPECT_EQ(chunk->rows[row].restless_planned, -1) << row;
  EXPECT_NEAR(chunk->rows[1].restless_planned, 0, 1e-3) << "even motion, to the rounding of floats";
  EXPECT_NEAR(chunk->rows[4].restless_planned, 0, 1e-3);
  EXPECT_EQ(FinishIn(dir / "q", 1, dir / "clip").summary.flicker_ratio, 0) << "nothing trembles: no ratio";
}

TEST(QualityBook, SaysWhenAChunksQualityIsMissingOrDamaged) {
  const TempDir dir;
  QualityBook book(dir / "q");
  for (int64_t chunk = 0; chunk < 4; ++chunk) AddChunk(book, chunk);
  fs::remove(dir / "q/quality_00001.csv");
  const std::string text = BytesOf(dir / "q/quality_00002.csv");
  std::ofstream(dir / "q/quality_00002.csv", std::ios::binary) << text.substr(0, text.size() / 2);
  fs::remove(dir / "q/quality_00003.jpg");  // its pictures are dark then, its numbers count
  EXPECT_FALSE(book.HasChunk(1));
  EXPECT_FALSE(book.HasChunk(2));
  const Finished finished = FinishIn(dir / "q", 4, dir / "clip");
  EXPECT_EQ(finished.summary.missing_chunks, 2);
  EXPECT_EQ(finished.summary.frames, 100);
  EXPECT_EQ(finished.summary.Numbers().at("chunks_without_quality"), 2);
  EXPECT_EQ(finished.pictures.size(), 3u);
}

TEST(QualityBook, AVideoWithoutASwappedFaceHasNoSheetAndAnOldOneGoes) {
  const TempDir dir;
  std::ofstream(dir / "clip_worst.jpg") << "of an earlier conversion";
  QualityBook book(dir / "q");
  for (int64_t n = 0; n < 3; ++n) book.Add(FrameWith(n, {}), Gray());
  book.CommitChunk(0);
  const Finished finished = FinishIn(dir / "q", 1, dir / "clip");
  EXPECT_THAT(finished.pictures, ElementsAre(dir / "clip_quality.png", dir / "clip_frames.csv"));
  EXPECT_FALSE(fs::exists(dir / "clip_worst.jpg"));
  EXPECT_EQ(finished.summary.frames_with_swap, 0);
  EXPECT_EQ(FinishIn(dir / "none", 0, dir / "empty").summary.frames, 0);
}

TEST(QualityBook, NumbersThatAreNotFiniteCountAsNotMeasured) {
  const TempDir dir;
  const double nan = std::nan(""), infinite = std::numeric_limits<double>::infinity();
  QualityBook book(dir / "q");
  for (int64_t n = 0; n < 4; ++n) {
    FaceQuality face = FaceOn(0, 50, 50);
    face.seam = face.flash = nan;
    face.enlargement = face.identity = infinite;
    face.occluded = -infinite;
    face.yaw = nan;
    face.planned.opacity = std::nanf("");
    face.planned.face.landmarks[n % kLandmarkCount] = {std::nanf(""), std::numeric_limits<float>::infinity()};
    book.Add({n, n == 2 ? nan : 0.04 * static_cast<double>(n), {face}}, Gray());
  }
  book.CommitChunk(0);
  EXPECT_TRUE(book.HasChunk(0));
  EXPECT_THAT(BytesOf(dir / "q/quality_00000.csv"), Not(HasSubstr("nan")));
  const Finished finished = FinishIn(dir / "q", 1, dir / "clip");
  EXPECT_EQ(finished.summary.frames, 4);
  for (const auto& [key, value] : finished.summary.Numbers()) EXPECT_TRUE(std::isfinite(value)) << key;
}

TEST(QualityBook, NamesTheFileItCannotWrite) {
  const TempDir dir;
  std::ofstream(dir / "file") << "x";
  QualityBook book(dir / "file");
  book.Add(FrameWith(0, {FaceOn(0, 50, 50)}), Gray());
  EXPECT_THROW(book.CommitChunk(0), Error);
  std::vector<fs::path> pictures;
  EXPECT_THROW(book.Finish(0, dir / "file/clip", pictures), Error);
}

TEST(QualityBook, ShowsTheFaceOfTheWorstFrameOfEachHalfSecondWorstFirst) {
  const TempDir dir;
  FrameFormat format;
  format.width = 400;
  format.height = 300;
  QualityBook book(dir / "q");
  for (int64_t n = 0; n < 1000; ++n) {  // 40 s
    cv::Mat bgr(300, 400, CV_8UC3, cv::Scalar(60, 60, 60));
    FaceQuality face = FaceOn(0, 200, 150);
    face.seam = 1;
    const bool bad = n % 25 == 7;
    if (bad) {
      face.seam = 6 + 0.1 * static_cast<double>(n / 25);
      cv::rectangle(bgr, cv::Rect(180, 130, 40, 40), cv::Scalar(0, 0, 255), -1);
    }
    book.Add(FrameWith(n, {face}), n % 100 < 12 ? Frame::FromBgr(bgr, format, 0, 0) : Gray());
    if (n % 250 == 249) book.CommitChunk(n / 250);
  }
  WorstList all;
  for (int64_t chunk = 0; chunk < 4; ++chunk) {
    const auto quality = ReadQualityChunk(dir / "q", chunk);
    ASSERT_TRUE(quality);
    for (const WorstFrame& frame : quality->worst) all.Add(frame);
  }
  const auto sorted = all.Sorted();
  ASSERT_EQ(sorted.size(), 20u);
  EXPECT_EQ(sorted[0].frame, 982);
  EXPECT_EQ(sorted[19].frame, 507);
  EXPECT_THAT(sorted[0].reason, StartsWith("visible edge (9.9 levels)"));
  const cv::Mat thumbnail = ReadThumbnail(dir / "q", sorted[3]);  // frame 907: one that was drawn
  ASSERT_EQ(sorted[3].frame, 907);
  const cv::Vec3b middle = thumbnail.at<cv::Vec3b>(thumbnail.rows / 2, thumbnail.cols / 2);
  EXPECT_GT(middle[2], 180) << "the red face fills the middle";
  EXPECT_LT(middle[0], 60);
}

TEST(QualityBadness, NamesTheWorstFirstAndAddsTheOthersALittle) {
  std::string reason;
  FaceQuality face;
  EXPECT_EQ(QualityBook::Badness(face, reason), 0);
  EXPECT_EQ(reason, "nothing conspicuous");
  face.seam = 2;
  const double edge = QualityBook::Badness(face, reason);
  EXPECT_GT(edge, 0);
  EXPECT_EQ(reason, "nothing conspicuous") << "an edge that nobody sees";
  face.enlargement = 2.6;
  const double larger = QualityBook::Badness(face, reason);
  EXPECT_GT(larger, edge);
  EXPECT_EQ(reason, "larger than the model draws (2.6 times)");
  face.planned.filled = true;
  EXPECT_GT(QualityBook::Badness(face, reason), larger);
  EXPECT_EQ(reason, "larger than the model draws (2.6 times); found only between its neighbours");
  face.planned.faded = true;
  face.planned.opacity = 0.01f;
  face.yaw = 62.4;
  QualityBook::Badness(face, reason);
  EXPECT_THAT(reason, StartsWith("not swapped: the pose leaves what the training saw (yaw 62)"));
}

TEST(QualityBadness, KnowsEveryReason) {
  const auto reason_of = [](const std::function<void(FaceQuality&)>& spoil) {
    FaceQuality face;
    spoil(face);
    std::string reason;
    EXPECT_GT(QualityBook::Badness(face, reason), 0.49);
    return reason;
  };
  EXPECT_EQ(reason_of([](FaceQuality& f) { f.occluded = 0.34; }), "something stands in front (34 %)");
  EXPECT_EQ(reason_of([](FaceQuality& f) { f.seam = 9.24; }), "visible edge (9.2 levels)");
  EXPECT_EQ(reason_of([](FaceQuality& f) { f.flash = 13; }), "flashes for a frame (13 levels)");
  EXPECT_EQ(reason_of([](FaceQuality& f) { f.flash = 13, f.flash_repaired = true; }), "a flash was taken out (13 levels)");
  EXPECT_EQ(reason_of([](FaceQuality& f) { f.planned.repaired = true; }), "jumped away: put between its neighbours");
  EXPECT_EQ(reason_of([](FaceQuality& f) { f.identity = 0.71; }), "looks like someone else (0.71)");
  EXPECT_EQ(reason_of([](FaceQuality& f) { f.planned.opacity = 0.6f, f.planned.faded = true, f.yaw = -58; }),
            "the pose leaves what the training saw (yaw -58)");
}

TEST(QualityRows, ComeBackFromTheirLine) {
  QualityRow row;
  row.frame = 9007199254740993;
  row.seconds = 7200.033367;
  row.track = 12;
  row.direction = 2;
  row.x = -3.5f;
  row.opacity = 0.25f;
  row.filled = row.flash_repaired = true;
  row.restless_planned = 1.5f;
  row.badness = 2.25f;
  row.reason = "a \"quoted\", with commas,\nand a line <script>";
  std::string line = FormatRow(row);
  ASSERT_EQ(line.back(), '\n');
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  line.pop_back();
  const auto read = ParseRow(line);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->frame, row.frame);
  EXPECT_DOUBLE_EQ(read->seconds, row.seconds);
  EXPECT_EQ(read->track, 12);
  EXPECT_EQ(read->direction, 2);
  EXPECT_FLOAT_EQ(read->x, -3.5f);
  EXPECT_TRUE(read->filled);
  EXPECT_FALSE(read->repaired);
  EXPECT_TRUE(read->flash_repaired);
  EXPECT_FLOAT_EQ(read->restless_planned, 1.5f);
  EXPECT_FLOAT_EQ(read->restless_found, -1);
  EXPECT_EQ(read->reason, "a \"quoted\", with commas, and a line <script>");
}

TEST(QualityRows, OtherLinesAreRefused) {
  const std::string good = FormatRow({});
  EXPECT_TRUE(ParseRow(good.substr(0, good.size() - 1)));
  for (const std::string& bad : {std::string(""), std::string("frame,seconds"), std::string(","), good.substr(2),
                                good.substr(0, good.size() - 2), "x" + good, std::string(300, ',')}) {
    EXPECT_FALSE(ParseRow(bad)) << bad;
  }
}

TEST(WorstList, KeepsTheWorstOfEachHalfSecondWhateverTheOrder) {
  WorstList up, down;
  const auto frame = [](int n) {
    WorstFrame worst;
    worst.frame = n;
    worst.seconds = n / 25.0;
    worst.badness = n * 7919 % 1000;
    return worst;
  };
  for (int n = 0; n < 1000; ++n) up.Add(frame(n));
  for (int n = 999; n >= 0; --n) down.Add(frame(n));
  const auto a = up.Sorted(), b = down.Sorted();
  ASSERT_EQ(a.size(), 20u);
  ASSERT_EQ(b.size(), 20u);
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].frame, b[i].frame);
    if (i > 0) {
      EXPECT_GE(a[i - 1].badness, a[i].badness);
    }
    for (size_t j = 0; j < i; ++j) EXPECT_NE(std::floor(a[i].seconds * 2), std::floor(a[j].seconds * 2));
  }
}

TEST(ChooseVaried, LetsRarerFaultsOntoTheSheet) {
  std::vector<WorstFrame> frames(60);
  for (size_t i = 0; i < frames.size(); ++i) {
    frames[i].frame = static_cast<int64_t>(i);
    frames[i].badness = i < 50 ? 3 : 1;
    frames[i].reason = i < 50 ? "not swapped: the pose leaves what the training saw (yaw " + std::to_string(i) + ")"
                              : "visible edge (9 levels)";
  }
  const auto chosen = ChooseVaried(frames, 20);
  ASSERT_EQ(chosen.size(), 20u);
  const auto edges = std::count_if(chosen.begin(), chosen.end(),
                                   [](const WorstFrame& frame) { return frame.reason.starts_with("visible edge"); });
  EXPECT_GE(edges, 4);
  EXPECT_LE(edges, 10);
  EXPECT_TRUE(std::is_sorted(chosen.begin(), chosen.end(),
                             [](const WorstFrame& a, const WorstFrame& b) { return a.badness > b.badness; }));
  EXPECT_EQ(chosen[0].frame, 0) << "of equal ones the earlier";
  EXPECT_EQ(ChooseVaried(frames, 100).size(), 60u);
  EXPECT_TRUE(ChooseVaried({}, 20).empty());
}

}  // namespace
}  // namespace reelswap
