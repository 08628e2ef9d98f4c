#include "pipeline/swap_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>

#include "core/error.h"
#include "core/files.h"
#include "pipeline/fake_tracks.h"
#include "pipeline/swap_plan_file.h"
#include "pipeline/track_links.h"
#include "pipeline/track_smoothing.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using testing::FakePose;
using testing::FakeScene;
using testing::Jitter;
using testing::MakeFace;
using testing::TempDir;
using testing::Tracked;

/// An analysis of a 640 x 480 video of 30 frames a second whose faces are made up.
VideoAnalysis MakeAnalysis(const std::filesystem::path& folder, int64_t frames, const FakeScene& scene,
                           const std::set<int64_t>& cuts = {}, int64_t segment_frames = 3000) {
  int64_t segments = 0;
  for (int64_t start = 0; start < frames; start += segment_frames) {
    AnalysisSegment segment;
    segment.number = segments++;
    segment.info.format.width = 640, segment.info.format.height = 480;
    segment.info.frame_rate = {30, 1}, segment.info.time_base = {1, 30};
    const auto frame = [&](int64_t n) { return AnalysedFrame{n, n + 5, n, cuts.contains(n), scene(n)}; };
    for (int64_t n = std::max<int64_t>(0, start - kLeadFrames); n < start; ++n) segment.lead.push_back(frame(n));
    for (int64_t n = start; n < std::min(frames, start + segment_frames); ++n) segment.frames.push_back(frame(n));
    segment.last = start + segment_frames >= frames;
    WriteSegment(folder, "a", segment);
  }
  JoinSegments(folder, "a", segments);
  return VideoAnalysis(folder, "a");
}

PlanSettings OneDirection() {
  PlanSettings settings;
  settings.directions = {{"host", "guest"}};
  return settings;
}

FakePose Swaying(int64_t n) { return {300 + 60 * std::sin(0.05 * static_cast<double>(n)), 200, 60}; }

/// One person with a detector's noise.
FakeScene OnePerson(std::function<bool(int64_t)> there = [](int64_t) { return true; }) {
  return [there](int64_t n) {
    std::vector<TrackedFace> faces;
    if (there(n)) faces.push_back(Tracked(0, Jitter(static_cast<uint32_t>(n)).Add(MakeFace(Swaying(n)), 0.01)));
    return faces;
  };
}

double Off(const PlannedFace& face, const DetectedFace& truth) {
  double sum = 0;
  for (int i = 0; i < kLandmarkCount; ++i) sum += cv::norm(face.face.landmarks[i] - truth.landmarks[i]) / kLandmarkCount;
  return sum / EyeDistance(truth.landmarks);
}

TEST(PlanSwaps, PlansEveryFrameNearerToTheTruthThanItWasFound) {
  const TempDir folder;
  const VideoAnalysis analysis = MakeAnalysis(folder.path(), 200, OnePerson());
  const SwapPlan plan = PlanSwaps(analysis, OneDirection(), folder.path(), "p");
  ASSERT_EQ(plan.frames(), 200);
  double planned = 0, found = 0;
  for (int64_t n = 0; n < 200; ++n) {
    const PlannedFrame frame = plan.At(n);
    EXPECT_EQ(frame.number, n);
    EXPECT_EQ(frame.index, n + 5);
    EXPECT_EQ(frame.pts, n);
    ASSERT_THAT(frame.faces, SizeIs(1));
    EXPECT_EQ(frame.faces[0].opacity, 1);
    EXPECT_EQ(frame.faces[0].from, 0);
    planned += Off(frame.faces[0], MakeFace(Swaying(n)));
    PlannedFace raw;
    raw.face = OnePerson()(n)[0].face;
    found += Off(raw, MakeFace(Swaying(n)));
    EXPECT_GT((frame.faces[0].face.box & raw.face.box).area(), 0.85 * raw.face.box.area()) << "the box follows";
  }
  EXPECT_LT(planned, 0.6 * found);
  EXPECT_EQ(plan.tally().frames, 200);
  EXPECT_EQ(plan.tally().frames_with_swap, 200);
  EXPECT_EQ(plan.tally().filled + plan.tally().repaired + plan.tally().faded + plan.tally().unswapped, 0);
  EXPECT_THAT(plan.warnings(), SizeIs(1)) << "that nobody looked at who it is";
  EXPECT_EQ(plan.directions()[0].to, "guest");
  ASSERT_THAT(plan.verdicts(), SizeIs(1));
  EXPECT_EQ(plan.verdicts()[0].person, "host");
}

TEST(PlanSwaps, FillsShortGapsMendsJumpsAndCountsThem) {
  const TempDir folder;
  const auto scene = [](int64_t n) {
    auto faces = OnePerson([](int64_t k) { return k < 50 || k >= 56; })(n);
    if (n == 120 || n == 121) {
      for (cv::Point2f& p : faces[0].face.landmarks) p += cv::Point2f(0, 40);
    }
    return faces;
  };
  const SwapPlan plan = PlanSwaps(MakeAnalysis(folder.path(), 200, scene), OneDirection(), folder.path(), "p");
  EXPECT_EQ(plan.tally().frames_with_swap, 200);
  EXPECT_EQ(plan.tally().filled, 6);
  EXPECT_EQ(plan.tally().repaired, 2);
  EXPECT_EQ(plan.tally().unswapped, 0);
  for (const int64_t n : {50, 53, 55, 120, 121}) {
    const PlannedFrame frame = plan.At(n);
    ASSERT_THAT(frame.faces, SizeIs(1));
    EXPECT_EQ(frame.faces[0].filled, n < 60) << n;
    EXPECT_EQ(frame.faces[0].repaired, n > 60) << n;
    EXPECT_LT(Off(frame.faces[0], MakeFace(Swaying(n))), 0.05) << "eye distances, frame " << n;
  }
}

TEST(PlanSwaps, LongGapsStayOpenFadeAndAreCounted) {
  const TempDir folder;
  const SwapPlan plan = PlanSwaps(MakeAnalysis(folder.path(), 200, OnePerson([](int64_t n) { return n < 60 || n >= 80; })),
                                  OneDirection(), folder.path(), "p");
  EXPECT_EQ(plan.tally().unswapped, 20);
  EXPECT_EQ(plan.tally().frames_with_swap, 180);
  EXPECT_EQ(plan.tally().faded, 6);
  EXPECT_FLOAT_EQ(plan.At(59).faces[0].opacity, 0.25f);
  EXPECT_FLOAT_EQ(plan.At(80).faces[0].opacity, 0.25f);
  EXPECT_TRUE(plan.At(81).faces[0].faded);
  EXPECT_EQ(plan.At(0).faces[0].opacity, 1) << "the video begins with it";
}

TEST(PlanSwaps, WhereATrackHasNoFaceAnotherOfItsPersonIsSwapped) {
  const TempDir folder;
  const auto scene = [](int64_t n) {  // lost for 28 frames, its number kept; found elsewhere meanwhile, and a little longer
    std::vector<TrackedFace> faces;
    if (n < 80 || n >= 108) faces.push_back(Tracked(0, MakeFace({150, 200, 60})));
    if (n >= 78 && n < 111) faces.push_back(Tracked(1, MakeFace({450, 200, 50})));
    return faces;
  };
  const VideoAnalysis analysis = MakeAnalysis(folder.path(), 200, scene);
  const SwapPlan plan = PlanSwaps(analysis, OneDirection(), folder.path(), "p");
  for (int64_t n = 0; n < 200; ++n) {
    const PlannedFrame frame = plan.At(n);
    ASSERT_THAT(frame.faces, SizeIs(1)) << "frame " << n << ": somebody, and never two of one person";
    EXPECT_EQ(frame.faces[0].track, n >= 80 && n < 108 ? 1 : 0) << n;
  }
  EXPECT_EQ(plan.tally().frames_with_swap, 200);
}

TEST(PlanSwaps, TellsTheTallyOfAnyStretch) {
  const TempDir folder;
  const auto scene = [](int64_t n) {
    auto faces = OnePerson([](int64_t k) { return (k < 50 || k >= 54) && (k < 100 || k >= 120); })(n);
    if (n >= 112 && !faces.empty()) faces[0].track = 1;  // found again under another number: one life, and its gap counts
    return faces;
  };
  const SwapPlan plan = PlanSwaps(MakeAnalysis(folder.path(), 200, scene), OneDirection(), folder.path(), "p");
  const auto same = [](const PlanTally& a, const PlanTally& b) {
    return a.frames == b.frames && a.frames_with_swap == b.frames_with_swap && a.filled == b.filled &&
           a.repaired == b.repaired && a.faded == b.faded && a.unswapped == b.unswapped;
  };
  EXPECT_EQ(plan.tally().unswapped, 20);
  EXPECT_TRUE(same(plan.TallyOf(0, 200), plan.tally()));
  EXPECT_EQ(plan.TallyOf(0, 100).unswapped, 0);
  EXPECT_EQ(plan.TallyOf(0, 100).filled, 4);
  EXPECT_EQ(plan.TallyOf(0, 100).faded, 3);
  EXPECT_EQ(plan.TallyOf(95, 110).unswapped, 10);
  EXPECT_EQ(plan.TallyOf(95, 110).frames, 15);
  EXPECT_EQ(plan.TallyOf(95, 110).frames_with_swap, 5);
  EXPECT_EQ(plan.TallyOf(7, 7).frames, 0);
  EXPECT_TRUE(plan.At(100).unswapped);
  EXPECT_FALSE(plan.At(99).unswapped);
  EXPECT_THROW(plan.TallyOf(-1, 5), std::out_of_range);
  EXPECT_THROW(plan.TallyOf(5, 4), std::out_of_range);
  EXPECT_THROW(plan.TallyOf(0, 201), std::out_of_range);
}

TEST(PlanSwaps, IsInterruptedWithoutLeavingAPlan) {
  const TempDir folder;
  const VideoAnalysis analysis = MakeAnalysis(folder.path(), 60, OnePerson());
  std::stop_source source;
  source.request_stop();
  try {
    PlanSwaps(analysis, OneDirection(), folder.path(), "p", source.get_token());
    FAIL() << "it went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCancelled);
  }
  EXPECT_FALSE(std::filesystem::exists(PlanPath(folder.path())));
  EXPECT_EQ(PlanSwaps(analysis, OneDirection(), folder.path(), "p", std::stop_token()).frames(), 60);
}

TEST(PlanSwaps, NothingReachesOverACut) {
  const TempDir folder;
  const auto scene = [](int64_t n) {  // the same place before and after, but another shot; then elsewhere at once
    if (n >= 94 && n < 100) return std::vector<TrackedFace>();
    const FakePose pose = n < 150 ? FakePose{200, 200, 60} : FakePose{420, 250, 90};
    return std::vector<TrackedFace>{Tracked(n < 100 ? 0 : n < 150 ? 1 : 2, MakeFace(pose))};
  };
  const SwapPlan plan = PlanSwaps(MakeAnalysis(folder.path(), 200, scene, {100, 150}), OneDirection(), folder.path(), "p");
  EXPECT_EQ(plan.tally().filled, 0);
  for (const int64_t n : {149, 150}) {
    const PlannedFrame frame = plan.At(n);
    EXPECT_EQ(frame.faces[0].opacity, 1) << "no fade at a cut";
    EXPECT_LT(Off(frame.faces[0], scene(n)[0].face), 1e-3);
  }
  EXPECT_TRUE(plan.At(150).cut);
}

TEST(PlanSwaps, PiecesAreThoseOfTheWhole) {
  const TempDir folder;
  const int64_t frames = 1400;  // three stretches
  const VideoAnalysis analysis =
      MakeAnalysis(folder.path(), frames, OnePerson([](int64_t n) { return n % 97 > 4; }), {700}, 333);
  const SwapPlan plan = PlanSwaps(analysis, OneDirection(), folder.path(), "p");
  std::vector<AnalysedFrame> all;
  analysis.ForEach(0, frames, [&](const AnalysedFrame& f) { all.push_back(f); });
  PlanRules rules;
  rules.limits = {{}};
  rules.frame_size = {640, 480};
  std::vector<TrackChain> chains(1);
  chains[0].direction = 0;
  for (const AnalysedTrack& track : analysis.tracks()) chains[0].tracks.push_back(track.id);
  const auto whole = PlanStretch(all, 0, frames, chains, rules);
  for (int64_t n = 0; n < frames; ++n) {
    const PlannedFrame frame = plan.At(n);
    ASSERT_EQ(frame.faces.size(), whole[n].faces.size()) << n;
    for (size_t f = 0; f < frame.faces.size(); ++f) {
      EXPECT_LT(cv::norm(frame.faces[f].face.landmarks[8] - whole[n].faces[f].face.landmarks[8]), 1e-3) << "px, frame " << n;
      EXPECT_NEAR(frame.faces[f].opacity, whole[n].faces[f].opacity, 1e-4);
      EXPECT_EQ(frame.faces[f].filled, whole[n].faces[f].filled);
    }
  }
}

TEST(PlanSwaps, FadesWhereThePoseLeavesTheTraining) {
  const TempDir folder;
  const auto scene = [](int64_t n) {
    FakePose pose;
    pose.yaw = n < 100 ? 0 : std::min(70.0, (static_cast<double>(n) - 100) * 1.5);
    return std::vector<TrackedFace>{Tracked(0, MakeFace(pose))};
  };
  PlanSettings settings = OneDirection();
  TrainingFaces guest;
  guest.person = "guest";
  for (int i = 0; i < 100; ++i) guest.poses.push_back({static_cast<float>(i % 21), 0, 0});
  settings.people = {guest};
  const SwapPlan plan = PlanSwaps(MakeAnalysis(folder.path(), 200, scene), settings, folder.path(), "p");
  EXPECT_EQ(plan.At(50).faces[0].opacity, 1);
  EXPECT_THAT(plan.At(190).faces, SizeIs(0)) << "wholly faded faces are not swapped";
  EXPECT_GT(plan.tally().faded, 5);
  EXPECT_GT(plan.tally().unswapped, 20);
  float before = 1;
  for (int64_t n = 0; n < 200; ++n) {
    const PlannedFrame frame = plan.At(n);
    const float opacity = frame.faces.empty() ? 0 : frame.faces[0].opacity;
    EXPECT_LE(opacity, before + 0.02f) << n;
    EXPECT_LT(before - opacity, 0.2f) << "no pop at frame " << n;
    before = opacity;
  }
}

TEST(PlanSwaps, SmoothingCanBeOff) {
  const TempDir folder;
  PlanSettings settings = OneDirection();
  settings.smoothing_seconds = 0;
  const SwapPlan plan = PlanSwaps(MakeAnalysis(folder.path(), 60, OnePerson()), settings, folder.path(), "p");
  EXPECT_EQ(plan.At(30).faces[0].face.landmarks, OnePerson()(30)[0].face.landmarks);
}

TEST(PlanSwaps, CrossingPeopleWithoutIdentityAreRefused) {
  const TempDir folder;
  const auto scene = [](int64_t n) {
    return std::vector<TrackedFace>{Tracked(0, MakeFace({100 + 4.0 * n, 200, 60})), Tracked(1, MakeFace({500 - 4.0 * n, 240, 55}))};
  };
  const VideoAnalysis analysis = MakeAnalysis(folder.path(), 100, scene);
  try {
    PlanSwaps(analysis, OneDirection(), folder.path(), "p");
    FAIL() << "it guessed";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kMissingTool);
    EXPECT_THAT(error.what(), HasSubstr("reelswap weights pull"));
  }
}

TEST(PlanSwaps, NoFaceAtAllIsSaid) {
  const TempDir folder;
  const VideoAnalysis analysis = MakeAnalysis(folder.path(), 40, [](int64_t) { return std::vector<TrackedFace>(); });
  EXPECT_THROW(PlanSwaps(analysis, OneDirection(), folder.path(), "p"), Error);
}

TEST(SwapPlanFile, IsMadeOnceReadAgainAndRefusedWhenDamagedOrOfAnotherKey) {
  const TempDir folder;
  const VideoAnalysis analysis = MakeAnalysis(folder.path(), 60, OnePerson());
  PlanSwaps(analysis, OneDirection(), folder.path(), "p");
  const std::string bytes = ReadFile(PlanPath(folder.path()));
  const auto written = std::filesystem::last_write_time(PlanPath(folder.path()));
  PlanSwaps(analysis, OneDirection(), folder.path(), "p");
  EXPECT_EQ(std::filesystem::last_write_time(PlanPath(folder.path())), written);
  EXPECT_THROW(SwapPlan(folder.path(), "other"), Error);
  for (const size_t at : {bytes.size() / 2, bytes.size() - 100, bytes.size() - 5}) {
    std::string damaged = bytes;
    damaged[at] ^= 1;
    std::ofstream(PlanPath(folder.path()), std::ios::binary) << damaged;
    EXPECT_THROW(SwapPlan(folder.path(), "p"), Error) << at;
  }
  std::ofstream(PlanPath(folder.path()), std::ios::binary) << bytes.substr(0, bytes.size() - 1000);
  EXPECT_THROW(SwapPlan(folder.path(), "p"), Error);
  PlanSwaps(analysis, OneDirection(), folder.path(), "p");
  EXPECT_EQ(ReadFile(PlanPath(folder.path())), bytes) << "made again, the same";
  EXPECT_THROW(SwapPlan(folder.path(), "p").At(60), std::out_of_range);
}

TEST(SwapPlanSlow, MemoryDoesNotGrowWithTheLength) {
  const TempDir folder;
  const int64_t frames = 60000;  // records of two faces a frame: 68 MB
  const auto scene = [](int64_t n) {
    return std::vector<TrackedFace>{Tracked(0, MakeFace(Swaying(n))), Tracked(1, MakeFace({500, 300, 30}))};
  };
  const auto peak = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;  // kB
  };
  MakeAnalysis(folder.path(), 3000, scene);
  PlanSwaps(VideoAnalysis(folder.path(), "a"), OneDirection(), folder.path(), "short");
  const long before = peak();
  const VideoAnalysis analysis = MakeAnalysis(folder.path(), frames, scene);
  const SwapPlan plan = PlanSwaps(analysis, OneDirection(), folder.path(), "long");
  EXPECT_EQ(plan.tally().frames_with_swap, frames);
  EXPECT_LT(peak() - before, 12000) << "kB; what allocators keep";
}

TEST(FramesPerSecond, GoesByTheFramesTimesAndDistrustsWhatIsDeclared) {
  const TempDir folder;
  const VideoAnalysis analysis = MakeAnalysis(folder.path(), 120, OnePerson());  // 30 a second by their times
  const SwapPlan plan = PlanSwaps(analysis, OneDirection(), folder.path(), "p");
  VideoInfo info = analysis.info();
  for (const Rational declared : {Rational{30, 1}, Rational{90000, 1}, Rational{0, 1}, Rational{5, 0}, Rational{-1, 1}}) {
    info.frame_rate = declared;
    EXPECT_NEAR(FramesPerSecond(plan, info), 30, 1e-9) << declared.num << "/" << declared.den;
  }
  info.time_base = {0, 1};  // the times say nothing
  info.frame_rate = {24, 1};
  EXPECT_EQ(FramesPerSecond(plan, info), 24);
  info.frame_rate = {90000, 1};
  EXPECT_EQ(FramesPerSecond(plan, info), 25);
  info.time_base = {1, 1000000};  // as absurd as the declared rate
  EXPECT_EQ(FramesPerSecond(plan, info), 25);
  info.time_base = {2, 1};
  EXPECT_NEAR(FramesPerSecond(plan, info), 0.5, 1e-9) << "pictures of a slow camera";
}

TEST(FramesPerSecond, OneFrameHasTheDeclaredRate) {
  const TempDir folder;
  const VideoAnalysis analysis = MakeAnalysis(folder.path(), 1, OnePerson());
  const SwapPlan plan = PlanSwaps(analysis, OneDirection(), folder.path(), "p");
  EXPECT_EQ(FramesPerSecond(plan, analysis.info()), 30);
}

TEST(MostTellingStretch, LooksAsCloselyWhateverRateIsDeclared) {
  const TempDir folder;
  const auto scene = [](int64_t n) {
    FakePose pose;
    if (n >= 600 && n < 900) pose.yaw = 30 * std::sin((static_cast<double>(n) - 600) / 40.0);
    return std::vector<TrackedFace>{Tracked(0, MakeFace(pose))};
  };
  const VideoAnalysis analysis = MakeAnalysis(folder.path(), 1200, scene);
  const SwapPlan plan = PlanSwaps(analysis, OneDirection(), folder.path(), "p");
  VideoInfo absurd = analysis.info();
  absurd.frame_rate = {90000, 1};
  EXPECT_EQ(MostTellingStretch(plan, absurd, 8), MostTellingStretch(plan, analysis.info(), 8));
}

TEST(MostTellingStretch, FindsWhereTheHeadTurnsAndNotWhereNobodyIs) {
  const TempDir folder;
  const auto scene = [](int64_t n) {
    FakePose pose;
    if (n >= 600 && n < 900) pose.yaw = 30 * std::sin((static_cast<double>(n) - 600) / 40.0);
    return n >= 1000 && n < 1100 ? std::vector<TrackedFace>() : std::vector<TrackedFace>{Tracked(0, MakeFace(pose))};
  };
  const VideoAnalysis analysis = MakeAnalysis(folder.path(), 1200, scene);
  const SwapPlan plan = PlanSwaps(analysis, OneDirection(), folder.path(), "p");
  const auto [first, last] = MostTellingStretch(plan, analysis.info(), 8);
  EXPECT_EQ(last - first, 240);
  EXPECT_GE(first, 500);
  EXPECT_LE(last, 1000);
  EXPECT_EQ(MostTellingStretch(plan, analysis.info(), 1000), (std::pair<int64_t, int64_t>(0, 1200)));
}

}  // namespace
}  // namespace reelswap
