#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/files.h"
#include "core/photo.h"
#include "face/align.h"
#include "face/face_detector.h"
#include "pipeline/crop_places.h"
#include "pipeline/swap_plan.h"
#include "pipeline/track_shape.h"
#include "pipeline/workspace.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::SharedDir;
using testing::TempDir;

/// Real footage through the real tracker.
class FootagePlanSlow : public ::testing::Test {
 protected:
  void SetUp() override {
    if (SharedDir().empty()) GTEST_SKIP() << "the footage is not here";
    if (LandmarkWeightsPath().empty()) GTEST_SKIP() << "the landmark weights are not installed";
  }

  fs::path Clip(const std::string& name) const { return SharedDir() / "footage" / name; }
  static fs::path Weights() { return SharedDir() / "weights/face_recognition_densenet_model_v1.dat"; }

  VideoAnalysis Analyse(const std::string& clip, int64_t segment_frames = 3000, std::stop_token stop = {},
                        ProgressSink* progress = nullptr) {
    AnalysisOptions options;
    options.input = Clip(clip);
    options.folder = folder_ / SafeName(clip);
    options.key = clip;
    options.segment_frames = segment_frames;
    options.range.threads = 1;
    NullProgress quiet;
    return AnalyseVideo(options, progress ? *progress : quiet, stop);
  }

  /// Training faces of whoever is in the clip.
  TrainingFaces Person(const std::string& name, const std::string& clip, int every) {
    TrainingFaces person;
    person.person = name;
    ReadOptions options;
    options.every = every;
    VideoReader reader(Clip(clip), options);
    FaceDetector detector;
    while (const auto frame = reader.Next()) {
      const auto faces = detector.Detect(frame->Luma8());
      if (faces.empty()) continue;
      const AlignedFace aligned = AlignFace(*frame, faces.front(), kStoredCrop);
      person.images.push_back(folder_ / (name + std::to_string(person.images.size()) + ".png"));
      WritePhoto(person.images.back(), aligned.image);
      person.landmarks.push_back(Moved(aligned.face_from_frame, faces.front().landmarks));
      person.poses.push_back(aligned.pose);
    }
    return person;
  }

  TempDir folder_;
};

TEST_F(FootagePlanSlow, TellsTwoPeopleApartAndSwapsBothWays) {
  if (!fs::exists(Weights())) GTEST_SKIP() << "the identity weights are not here";
  const VideoAnalysis analysis = Analyse("two_people/head-pose-face-detection-female-and-male.gif");
  PlanSettings settings;
  settings.identity_weights = Weights();
  settings.people = {Person("she", "two_people/head-pose-face-detection-female.gif", 1),
                     Person("he", "two_people/head-pose-face-detection-male.gif", 2)};
  settings.directions = {{"she", "he"}, {"he", "she"}};
  settings.fade_from_yaw = 90;
  const SwapPlan plan = PlanSwaps(analysis, settings, folder_ / "plan", "p");
  EXPECT_GT(plan.tally().frames_with_swap, plan.frames() * 9 / 10);
  int64_t both = 0;
  for (int64_t n = 0; n < plan.frames(); ++n) {
    const PlannedFrame frame = plan.At(n);
    if (frame.faces.size() != 2) continue;
    ++both;
    EXPECT_NE(frame.faces[0].from, frame.faces[1].from) << n;
    // Neither leaves their place.
    const bool she_first = frame.faces[0].from == 0;
    const auto& she = frame.faces[she_first ? 0 : 1].face.box;
    const auto& he = frame.faces[she_first ? 1 : 0].face.box;
    EXPECT_LT(she.x, he.x) << n;
  }
  EXPECT_GT(both, plan.frames() * 8 / 10);
}

TEST_F(FootagePlanSlow, SaysThatSomebodyElseIsThere) {
  if (!fs::exists(Weights())) GTEST_SKIP() << "the identity weights are not here";
  const VideoAnalysis analysis = Analyse("man_glasses/hungry.mkv");
  PlanSettings settings;
  settings.identity_weights = Weights();
  settings.people = {Person("hoodie", "man_hoodie/again.mkv", 4), Person("blond", "man_blond/please.mkv", 4)};
  settings.directions = {{"hoodie", "blond"}};
  try {
    PlanSwaps(analysis, settings, folder_ / "plan", "p");
    FAIL() << "a stranger was taken for him";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kFaces);
    EXPECT_THAT(error.what(), HasSubstr("hoodie is nowhere to be seen"));
  }
}

double SecondDifference(const Landmarks& a, const Landmarks& b, const Landmarks& c) {
  double sum = 0;
  for (int i = 0; i < kLandmarkCount; ++i) sum += cv::norm(a[i] - 2 * b[i] + c[i]) / kLandmarkCount;
  return sum / EyeDistance(b);
}

TEST_F(FootagePlanSlow, FlickersAtLeastThreeTimesLessThanADetectorOnEveryFrame) {
  double planned = 0, detected = 0;
  for (const std::string name : {"again", "brother", "help", "no", "student"}) {
    const std::string clip = "man_hoodie/" + name + ".mkv";
    PlanSettings settings;
    settings.directions = {{"he", "other"}};
    const SwapPlan plan = PlanSwaps(Analyse(clip), settings, folder_ / ("plan " + SafeName(clip)), "p");
    VideoReader reader(Clip(clip), {});
    FaceDetector detector;
    std::vector<std::optional<Landmarks>> every;
    while (const auto frame = reader.Next()) {
      const auto faces = detector.Detect(frame->Luma8());
      every.push_back(faces.empty() ? std::nullopt : std::optional(faces.front().landmarks));
    }
    ASSERT_EQ(static_cast<int64_t>(every.size()), plan.frames());
    for (int64_t n = 1; n + 1 < plan.frames(); ++n) {
      const PlannedFrame a = plan.At(n - 1), b = plan.At(n), c = plan.At(n + 1);
      if (a.faces.size() != 1 || b.faces.size() != 1 || c.faces.size() != 1 || !every[n - 1] || !every[n] || !every[n + 1]) continue;
      planned += SecondDifference(a.faces[0].face.landmarks, b.faces[0].face.landmarks, c.faces[0].face.landmarks);
      detected += SecondDifference(*every[n - 1], *every[n], *every[n + 1]);
    }
  }
  ASSERT_GT(planned, 0);
  EXPECT_GT(detected / planned, 3) << "over all clips; those in which the detector never errs come to 2 to 3";
}

/// Asks to stop when the analysis has come that far.
class StopAt final : public ProgressSink {
 public:
  explicit StopAt(double frames) : frames_(frames) {}
  void Report(const ProgressEvent& event) override {
    if (event.done >= frames_) source_.request_stop();
  }
  std::stop_token token() const { return source_.get_token(); }

 private:
  double frames_;
  std::stop_source source_;
};

TEST_F(FootagePlanSlow, AnInterruptedAnalysisGivesTheSameBytes) {
  const std::string clip = "man_hoodie/brother.mkv";
  const auto results = [&] {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(folder_ / SafeName(clip))) {
      if (entry.path().extension() == ".rsf") files[entry.path().filename()] = ReadFile(entry.path());
    }
    return files;
  };
  Analyse(clip, 20);
  const auto whole = results();
  fs::remove_all(folder_ / SafeName(clip));
  for (const double at : {30.0, 55.0}) {
    StopAt stop(at);
    EXPECT_THROW(Analyse(clip, 20, stop.token(), &stop), Error);
  }
  Analyse(clip, 20);
  EXPECT_EQ(results(), whole);
  EXPECT_GE(whole.size(), 3u) << "an index and two segments";
}

}  // namespace
}  // namespace reelswap
