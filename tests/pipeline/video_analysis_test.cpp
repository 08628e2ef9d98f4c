#include "pipeline/video_analysis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <fstream>
#include <opencv2/imgcodecs.hpp>
#include <thread>

#include "core/error.h"
#include "core/files.h"
#include "pipeline/fake_tracks.h"
#include "pipeline/track_follower.h"
#include "pipeline/track_links.h"
#include "pipeline/video_analysis_file.h"
#include "testing/synthetic_video.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;
using testing::FakePose;
using testing::FakeScene;
using testing::MakeFace;
using testing::TempDir;
using testing::TestVideo;
using testing::Tracked;

constexpr int64_t kDelay = 12;  // frames that a follower keeps back, as MultiFaceTracker does

/// The number that TestFrame wrote into the picture.
int64_t NumberOf(const cv::Mat& luma) {
  int64_t number = 0;
  const int width = luma.cols / 16;
  for (int bit = 0; bit < 16; ++bit) {
    if (luma.at<uchar>(8, bit * width + width / 2) > 125) number |= int64_t{1} << bit;
  }
  return number;
}

/// Sees the scene's faces in the pictures' numbers, and numbers tracks by itself as they come, as a real one would.
class SceneFollower final : public TrackFollower {
 public:
  SceneFollower(FakeScene scene, std::set<int64_t> cuts) : scene_(std::move(scene)), cuts_(std::move(cuts)) {}

  std::vector<FrameFaces> Push(const cv::Mat& luma) override {
    const int64_t number = NumberOf(luma);
    FrameFaces faces;
    faces.number = pushed_++;
    faces.cut = cuts_.contains(number);
    for (TrackedFace face : scene_(number)) {
      face.track = mine_.try_emplace(face.track, static_cast<int64_t>(mine_.size())).first->second;
      faces.faces.push_back(face);
    }
    waiting_.push_back(std::move(faces));
    std::vector<FrameFaces> done;
    if (waiting_.size() > static_cast<size_t>(kDelay)) {
      done.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    return done;
  }
  std::vector<FrameFaces> Finish() override { return {waiting_.begin(), waiting_.end()}; }
  MultiTrackerTally tally() const override {
    MultiTrackerTally tally;
    tally.frames = pushed_;
    tally.followed = pushed_;
    return tally;
  }

 private:
  FakeScene scene_;
  std::set<int64_t> cuts_;
  std::deque<FrameFaces> waiting_;
  std::map<int64_t, int64_t> mine_;
  int64_t pushed_ = 0;
};

/// Two people: one throughout, one from frame 35 to 69 who is in again from 80; a cut at 60 changes the first's place.
std::vector<TrackedFace> TwoPeople(int64_t n) {
  std::vector<TrackedFace> faces;
  if (n < 60) faces.push_back(Tracked(10, MakeFace({100 + 0.5 * n, 80, 40})));
  if (n >= 60) faces.push_back(Tracked(11, MakeFace({220, 80, 40})));
  if (n >= 35 && n < 60) faces.push_back(Tracked(12, MakeFace({240, 60, 24})));
  if (n >= 80) faces.push_back(Tracked(13, MakeFace({60, 60, 24})));
  return faces;
}

class VideoAnalysisTest : public ::testing::Test {
 protected:
  void SetUp() override {
    TestVideo video;
    video.frames = kFrames;
    video.pts.clear();
    for (int i = 0; i < kFrames; ++i) video.pts.push_back(3 * i + i % 3);  // a variable rate
    video.time_base = {1, 60};
    WriteTestVideo(input_, video);
  }

  AnalysisOptions Options(const fs::path& folder, int64_t segment_frames = 25) const {
    AnalysisOptions options;
    options.input = input_;
    options.folder = folder;
    options.key = "key 1";
    options.segment_frames = segment_frames;
    options.range.threads = 1;
    options.name = "clip";
    return options;
  }

  VideoAnalysis Analyse(const AnalysisOptions& options, const FakeScene& scene = TwoPeople, std::stop_token stop = {}) {
    return AnalyseVideoWith(
        [&] {
          ++followers_;
          return std::make_unique<SceneFollower>(scene, std::set<int64_t>{60});
        },
        options, progress_, stop);
  }

  static std::vector<AnalysedFrame> All(const VideoAnalysis& analysis) {
    std::vector<AnalysedFrame> frames;
    analysis.ForEach(0, analysis.frames(), [&](const AnalysedFrame& f) { frames.push_back(f); });
    return frames;
  }

  /// Content of the results by name; how long it took is no result.
  static std::map<std::string, std::string> Results(const fs::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() == ".rsf") files[entry.path().filename()] = ReadFile(entry.path());
    }
    return files;
  }

  static constexpr int kFrames = 110;
  TempDir folder_;
  fs::path input_ = folder_ / "in.mp4";
  NullProgress progress_;
  int followers_ = 0;
};

TEST_F(VideoAnalysisTest, TellsEveryFrameOnceWithItsTimeAndItsFaces) {
  const VideoAnalysis analysis = Analyse(Options(folder_ / "a"));
  ASSERT_EQ(analysis.frames(), kFrames);
  EXPECT_EQ(analysis.decode_report().frames_decoded, kFrames);
  EXPECT_EQ(analysis.info().format.width, 320);
  const auto frames = All(analysis);
  ASSERT_EQ(frames.size(), static_cast<size_t>(kFrames));
  VideoReader reader(input_, {});
  for (int n = 0; n < kFrames; ++n) {
    const auto frame = reader.Next();
    EXPECT_EQ(frames[n].number, n);
    EXPECT_EQ(frames[n].index, frame->index());
    EXPECT_EQ(frames[n].pts, frame->pts());
    EXPECT_EQ(frames[n].cut, n == 60);
    const auto truth = TwoPeople(n);
    ASSERT_EQ(frames[n].faces.size(), truth.size()) << n;
    for (size_t f = 0; f < truth.size(); ++f) EXPECT_EQ(frames[n].faces[f].face.landmarks, truth[f].face.landmarks) << n;
  }
  EXPECT_EQ(analysis.tally().cuts, 1);
  EXPECT_EQ(analysis.tally().frames, kFrames);
  EXPECT_GT(analysis.stage_seconds().at("analysis decode"), 0);
}

TEST_F(VideoAnalysisTest, TracksGoOnOverSegmentsAndEndAtCuts) {
  const VideoAnalysis analysis = Analyse(Options(folder_ / "a"));
  EXPECT_EQ(followers_, 5);  // of 110 frames, 25 each
  const auto& tracks = analysis.tracks();
  ASSERT_EQ(tracks.size(), 4u);
  const std::vector<std::array<int64_t, 3>> expected = {{0, 59, 60}, {35, 59, 25}, {60, 109, 50}, {80, 109, 30}};
  for (size_t t = 0; t < 4; ++t) {
    EXPECT_EQ(tracks[t].id, static_cast<int64_t>(t));
    EXPECT_EQ(tracks[t].first, expected[t][0]) << t;
    EXPECT_EQ(tracks[t].last, expected[t][1]) << t;
    EXPECT_EQ(tracks[t].frames, expected[t][2]) << t;
  }
  for (const AnalysedFrame& frame : All(analysis)) {
    for (const TrackedFace& face : frame.faces) {
      EXPECT_GE(frame.number, tracks[face.track].first);
      EXPECT_LE(frame.number, tracks[face.track].last);
    }
  }
  EXPECT_EQ(analysis.tally().tracks, 4);
}

TEST_F(VideoAnalysisTest, EveryTrackHasSamplesThatShowIt) {
  const VideoAnalysis analysis = Analyse(Options(folder_ / "a"));
  const auto frames = All(analysis);
  for (const AnalysedTrack& track : analysis.tracks()) {
    const std::vector<TrackSample> samples = analysis.Samples(track.id);
    ASSERT_GE(samples.size(), 3u) << track.id;
    EXPECT_LE(samples.size(), 6u);
    ASSERT_EQ(track.samples.size(), samples.size());
    int64_t first = track.last, last = track.first;
    for (size_t s = 0; s < samples.size(); ++s) {
      const TrackSample& sample = samples[s];
      EXPECT_TRUE(track.samples[s].picture.empty()) << "no picture is held";
      EXPECT_EQ(track.samples[s].frame, sample.frame);
      EXPECT_EQ(track.samples[s].landmarks, sample.landmarks);
      first = std::min(first, sample.frame), last = std::max(last, sample.frame);
      ASSERT_FALSE(sample.picture.empty());
      EXPECT_LE(std::max(sample.picture.cols, sample.picture.rows), 384);
      const auto& faces = frames[sample.frame].faces;
      const auto face = std::find_if(faces.begin(), faces.end(), [&](const auto& f) { return f.track == track.id; });
      ASSERT_NE(face, faces.end());
      const auto& m = sample.picture_from_frame;
      for (int i = 0; i < kLandmarkCount; ++i) {
        const cv::Point2f p = face->face.landmarks[i];
        const cv::Point2f q(m(0, 0) * p.x + m(0, 1) * p.y + m(0, 2), m(1, 0) * p.x + m(1, 1) * p.y + m(1, 2));
        EXPECT_LT(cv::norm(q - sample.landmarks[i]), 0.01) << "px";
      }
    }
    EXPECT_GE(last - first, (track.last - track.first) / 2) << "spread over the life of track " << track.id;
  }
}

TEST_F(VideoAnalysisTest, SamplesAreTheVideosPixelsWhicheverSegmentTheyLieIn) {
  const VideoAnalysis analysis = Analyse(Options(folder_ / "a"));
  VideoReader reader(input_, {});
  std::vector<cv::Mat> pictures;
  while (auto frame = reader.Next()) pictures.push_back(frame->Bgr());
  int64_t compared = 0;
  for (const AnalysedTrack& track : analysis.tracks()) {
    for (const TrackSample& sample : analysis.Samples(track.id)) {
      const auto& m = sample.picture_from_frame;  // these faces are small: cut out, not scaled
      ASSERT_NEAR(m(0, 0), 1, 1e-6);
      const cv::Rect part(-cvRound(m(0, 2)), -cvRound(m(1, 2)), sample.picture.cols, sample.picture.rows);
      EXPECT_LT(cv::norm(pictures[static_cast<size_t>(sample.frame)](part), sample.picture, cv::NORM_INF), 24)
          << "levels; drafts are decoded roughly; track " << track.id << " frame " << sample.frame;
      ++compared;
    }
  }
  EXPECT_GE(compared, 12);
}

TEST_F(VideoAnalysisTest, SamplesAreReadFromManyThreadsAndRefusedWhenTheyAreGone) {
  const VideoAnalysis analysis = Analyse(Options(folder_ / "a"));
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  const std::vector<TrackSample> expected = analysis.Samples(2);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int round = 0; round < 5; ++round) {
        const std::vector<TrackSample> samples = analysis.Samples(2);
        for (size_t s = 0; s < samples.size(); ++s) {
          wrong += cv::norm(samples[s].picture, expected.at(s).picture, cv::NORM_INF) > 0;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_THROW(analysis.Samples(99), std::out_of_range);
  EXPECT_THROW(analysis.Samples(-1), std::out_of_range);
  for (int64_t segment = 0; segment < 5; ++segment) {
    std::string bytes = ReadFile(SegmentPath(folder_ / "a", segment));
    std::ofstream(SegmentPath(folder_ / "a", segment), std::ios::binary) << std::string(bytes.size(), '\0');
  }
  EXPECT_THROW(analysis.Samples(2), Error) << "no picture";
  fs::remove_all(folder_ / "a");
  EXPECT_THROW(analysis.Samples(2), Error) << "gone";
}

TEST_F(VideoAnalysisTest, SegmentsLeaveNoTrace) {
  const VideoAnalysis whole = Analyse(Options(folder_ / "whole", 3000)), cut = Analyse(Options(folder_ / "cut", 7));
  const auto a = All(whole), b = All(cut);
  ASSERT_EQ(a.size(), b.size());
  for (size_t n = 0; n < a.size(); ++n) {
    EXPECT_EQ(a[n].pts, b[n].pts);
    EXPECT_EQ(a[n].cut, b[n].cut);
    ASSERT_EQ(a[n].faces.size(), b[n].faces.size());
    for (size_t f = 0; f < a[n].faces.size(); ++f) EXPECT_EQ(a[n].faces[f].track, b[n].faces[f].track) << n;
  }
}

TEST_F(VideoAnalysisTest, AnInterruptedOneGoesOnAndGivesTheSameBytes) {
  Analyse(Options(folder_ / "whole"));
  for (const int64_t stop_at : {3, 30, 52, 90, 109}) {
    const fs::path folder = folder_ / ("stopped " + std::to_string(stop_at));
    std::stop_source source;
    const FakeScene stopping = [&](int64_t n) {
      if (n == stop_at) source.request_stop();
      return TwoPeople(n);
    };
    try {
      Analyse(Options(folder), stopping, source.get_token());
      FAIL() << "it went on";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCancelled);
    }
    EXPECT_EQ(Results(folder).size(), static_cast<size_t>(stop_at / 25));
    std::ofstream(folder / "faces_000004.77-3.part.rsf") << "what a killed run leaves";
    followers_ = 0;
    Analyse(Options(folder));
    EXPECT_EQ(followers_, 5 - stop_at / 25) << "finished segments are not looked at again";
    EXPECT_EQ(Results(folder), Results(folder_ / "whole"));
  }
}

TEST_F(VideoAnalysisTest, AFinishedOneIsReturnedAtOnce) {
  Analyse(Options(folder_ / "a"));
  followers_ = 0;
  EXPECT_EQ(Analyse(Options(folder_ / "a")).frames(), kFrames);
  EXPECT_EQ(followers_, 0);
}

TEST_F(VideoAnalysisTest, AnotherKeyStartsAnew) {
  Analyse(Options(folder_ / "a"));
  AnalysisOptions other = Options(folder_ / "a");
  other.key = "key 2";
  followers_ = 0;
  Analyse(other);
  EXPECT_EQ(followers_, 5);
  EXPECT_THROW(VideoAnalysis(folder_ / "a", "key 1"), Error);
}

TEST_F(VideoAnalysisTest, ATornOrDamagedSegmentIsMadeAgain) {
  Analyse(Options(folder_ / "a"));
  const auto good = Results(folder_ / "a");
  const fs::path segment = SegmentPath(folder_ / "a", 2);
  for (const bool torn : {true, false}) {
    std::string bytes = ReadFile(segment);
    if (torn) {
      bytes.resize(bytes.size() / 2);
    } else {
      bytes[bytes.size() / 3] ^= 0x10;
    }
    std::ofstream(segment, std::ios::binary) << bytes;
    EXPECT_THROW(VideoAnalysis(folder_ / "a", "key 1"), Error);
    followers_ = 0;
    Analyse(Options(folder_ / "a"));
    EXPECT_EQ(followers_, 3) << "segments 2 to 4; what lies before stays";
    EXPECT_EQ(Results(folder_ / "a"), good);
  }
}

TEST_F(VideoAnalysisTest, OtherFilesInTheFolderStay) {
  fs::create_directories(folder_ / "a");
  std::ofstream(folder_ / "a" / "notes.txt") << "mine";
  Analyse(Options(folder_ / "a"));
  EXPECT_TRUE(fs::exists(folder_ / "a" / "notes.txt"));
}

TEST_F(VideoAnalysisTest, ARangeIsAnalysedAlone) {
  AnalysisOptions options = Options(folder_ / "a");
  options.range.start_seconds = 1;
  options.range.end_seconds = 2;
  const VideoAnalysis analysis = Analyse(options);
  const auto frames = All(analysis);
  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(frames.front().number, 0);
  EXPECT_GE(frames.front().pts, 60);
  EXPECT_LT(frames.back().pts, 120);
}

TEST_F(VideoAnalysisTest, WhatTheFollowerThrowsComesOut) {
  EXPECT_THROW(Analyse(Options(folder_ / "a"),
                       [](int64_t n) -> std::vector<TrackedFace> {
                         if (n == 20) throw Error(ErrorKind::kMissingTool, "no landmark weights");
                         return {};
                       }),
               Error);
}

TEST_F(VideoAnalysisTest, AVideoWithoutFacesHasNoTracks) {
  const VideoAnalysis analysis = Analyse(Options(folder_ / "a"), [](int64_t) { return std::vector<TrackedFace>(); });
  EXPECT_EQ(analysis.frames(), kFrames);
  EXPECT_TRUE(analysis.tracks().empty());
}

TEST(LinkTracks, JoinsByPlaceEachTrackOnce) {
  const auto frame = [](int64_t n, std::vector<TrackedFace> faces) {
    AnalysedFrame f;
    f.number = n;
    f.faces = std::move(faces);
    return f;
  };
  std::vector<AnalysedFrame> before, lead;
  for (int64_t n = 0; n < 4; ++n) {
    before.push_back(frame(n, {Tracked(3, MakeFace({100, 100, 40})), Tracked(5, MakeFace({300, 100, 40}))}));
    lead.push_back(frame(n, {Tracked(0, MakeFace({302, 101, 40})), Tracked(1, MakeFace({100, 99, 41})),
                             Tracked(2, MakeFace({500, 99, 41}))}));
  }
  EXPECT_EQ(LinkTracks(before, lead), (std::map<int64_t, int64_t>{{0, 5}, {1, 3}}));
}

TEST(JoinSegments, ANewcomerFoundAfterTheBorderGetsItsFacesFromBeforeIt) {
  const TempDir folder;
  const auto frame = [](int64_t n, bool seen) {
    AnalysedFrame f;
    f.number = n;
    if (seen) f.faces.push_back(Tracked(0, MakeFace({100, 100, 40})));
    return f;
  };
  AnalysisSegment first, second;
  first.info.format.width = second.info.format.width = 640;
  for (int64_t n = 0; n < 20; ++n) first.frames.push_back(frame(n, false));
  for (int64_t n = 8; n < 20; ++n) second.lead.push_back(frame(n, n >= 15));
  for (int64_t n = 20; n < 30; ++n) second.frames.push_back(frame(n, true));
  second.number = 1;
  second.last = true;
  WriteSegment(folder.path(), "k", first);
  WriteSegment(folder.path(), "k", second);
  JoinSegments(folder.path(), "k", 2);
  const VideoAnalysis analysis(folder.path(), "k");
  ASSERT_EQ(analysis.tracks().size(), 1u);
  EXPECT_EQ(analysis.tracks()[0].first, 15);
  EXPECT_EQ(analysis.tracks()[0].frames, 15);
  int64_t faces = 0;
  analysis.ForEach(10, 22, [&](const AnalysedFrame& f) { faces += static_cast<int64_t>(f.faces.size()); });
  EXPECT_EQ(faces, 7);
}

TEST(VideoAnalysisSlow, MemoryDoesNotGrowWithTheTracksPictures) {
  const TempDir folder;
  // A film of short shots: 40 tracks a segment with six pictures of 384 px each, 106 MB a segment when decoded.
  std::vector<uchar> png;
  cv::imencode(".png", cv::Mat(384, 384, CV_8UC3, cv::Scalar(30, 60, 90)), png);
  const auto make = [&](const fs::path& where, int64_t segments) {
    for (int64_t s = 0; s < segments; ++s) {
      AnalysisSegment segment;
      segment.number = s;
      segment.last = s + 1 == segments;
      segment.info.format.width = 640;
      for (int64_t t = 0; t < 40; ++t) {
        AnalysedFrame frame;
        frame.number = 40 * s + t;
        frame.cut = true;
        frame.faces = {Tracked(t, MakeFace({}))};
        segment.frames.push_back(frame);
        for (int k = 0; k < 6; ++k) {
          StoredSample sample;
          sample.track = t;
          sample.sample.frame = frame.number;
          sample.png.assign(png.begin(), png.end());
          segment.samples.push_back(sample);
        }
      }
      WriteSegment(where, "k", segment);
    }
    JoinSegments(where, "k", segments);
  };
  const auto resident = [] {  // MB
    std::ifstream in("/proc/self/statm");
    int64_t size = 0, pages = 0;
    in >> size >> pages;
    return static_cast<double>(pages * 4096) / 1e6;
  };
  make(folder / "long", 50);
  const double before = resident();
  const VideoAnalysis analysis(folder / "long", "k");
  ASSERT_EQ(analysis.tracks().size(), 2000u);
  EXPECT_LT(resident() - before, 20) << "MB; 12000 samples of some 700 bytes without their pictures, 5300 MB with them";
  EXPECT_EQ(analysis.Samples(1999).size(), 6u);
  EXPECT_EQ(analysis.Samples(1999)[0].picture.at<cv::Vec3b>(5, 5), cv::Vec3b(30, 60, 90));
}

TEST(RemoveUnusedAnalyses, RemovesFoldersOfAnalysesThatNothingNeedsAndNothingElse) {
  const TempDir folder;
  const fs::path root = folder / "convert", outside = folder / "video_0e0e0e0e0e0e";
  const auto make = [](const fs::path& path) {
    fs::create_directories(path / "deeper");
    std::ofstream(path / "deeper" / "faces_000000.rsf") << "x";
  };
  const std::vector<std::string> stay = {"video_0123456789ab", "video_ava.0123456789ab", "video_feed.0123456789ab",
                                         "video_", "sequences", "clip.0123456789ab", "video_holiday"};
  for (const std::string& name : stay) make(root / name);
  make(root / "video_ba9876543210");
  make(root / "video_00000000000a");
  make(outside);
  fs::create_directory_symlink(outside, root / "video_cccccccccccc");
  fs::create_directory_symlink(outside, root / "video_00000000000a" / "link");
  std::ofstream(root / "video_dddddddddddd") << "a file";
  RemoveUnusedAnalyses(root, {"video_0123456789ab", "video_eeeeeeeeeeee"});
  for (const std::string& name : stay) EXPECT_TRUE(fs::exists(root / name / "deeper" / "faces_000000.rsf")) << name;
  EXPECT_FALSE(fs::exists(root / "video_ba9876543210"));
  EXPECT_FALSE(fs::exists(root / "video_00000000000a"));
  EXPECT_TRUE(fs::is_symlink(root / "video_cccccccccccc"));
  EXPECT_TRUE(fs::is_regular_file(root / "video_dddddddddddd"));
  EXPECT_TRUE(fs::exists(outside / "deeper" / "faces_000000.rsf")) << "links are not followed";
  EXPECT_NO_THROW(RemoveUnusedAnalyses(folder / "nowhere", {}));
}

TEST(AnalysisFile, KeepsAllThatIsKnownOfTheVideo) {
  const TempDir folder;
  AnalysisIndex index;
  VideoInfo& info = index.info;
  info.format = {1920, 1080, 10, 1, 1, false, true, ColorMatrix::kBt2020, Transfer::kPq, true};
  info.frame_rate = {30000, 1001}, info.time_base = {1, 90000}, info.sample_aspect = {4, 3};
  info.duration_seconds = 12.5, info.start_seconds = -0.04, info.declared_frames = 375, info.rotation_degrees = 90;
  info.color_primaries = 9, info.color_transfer = 16, info.color_space = 9, info.chroma_location = 3;
  info.interlaced = info.mirrored = true;
  info.audio_streams = 2, info.subtitle_streams = 3, info.codec = "hevc", info.container = "matroska,webm";
  info.mastering_display.emplace();
  info.mastering_display->primaries[2][1] = {3000, 50000};
  info.mastering_display->max_luminance = {10000000, 10000};
  info.mastering_display->has_luminance = true;
  info.content_light = ContentLight{1000, 400};
  WriteIndex(folder.path(), "k", index);
  const auto read = ReadIndex(folder.path(), "k");
  ASSERT_TRUE(read);
  const VideoInfo& r = read->info;
  EXPECT_EQ(r.format, info.format);
  EXPECT_EQ(r.frame_rate, info.frame_rate);
  EXPECT_EQ(r.time_base, info.time_base);
  EXPECT_EQ(r.sample_aspect, info.sample_aspect);
  EXPECT_EQ(r.duration_seconds, 12.5);
  EXPECT_EQ(r.start_seconds, -0.04);
  EXPECT_EQ(r.declared_frames, 375);
  EXPECT_EQ(r.rotation_degrees, 90);
  EXPECT_EQ(r.color_primaries, 9);
  EXPECT_EQ(r.color_transfer, 16);
  EXPECT_EQ(r.color_space, 9);
  EXPECT_EQ(r.chroma_location, 3);
  EXPECT_TRUE(r.interlaced);
  EXPECT_TRUE(r.mirrored);
  EXPECT_EQ(r.audio_streams, 2);
  EXPECT_EQ(r.subtitle_streams, 3);
  EXPECT_EQ(r.codec, "hevc");
  EXPECT_EQ(r.container, "matroska,webm");
  EXPECT_EQ(r.mastering_display, info.mastering_display);
  EXPECT_EQ(r.content_light, info.content_light);
  EXPECT_FALSE(ReadIndex(folder.path(), "another")) << "of another key";
}

}  // namespace
}  // namespace reelswap
