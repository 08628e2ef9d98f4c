#include "pipeline/look_choice.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <opencv2/imgproc.hpp>
#include <string>
#include <utility>
#include <vector>

#include "actors/actor.h"
#include "actors/scripted_performance.h"
#include "compose/occlusion.h"
#include "face/align.h"

namespace reelswap {
namespace {

const CropGeometry kGeometry{128, 1.4f, 0.1f};  // as `light` sees faces

// A moment of a virtual actor as a sample of a track.
struct Moment {
  TrackSample sample;
  AlignedFace crop;
};

Moment Render(const char* actor, double seconds, float light = 1, uint32_t seed = 0) {
  ActorScene scene;
  scene.width = 320;
  scene.height = 240;
  scene.focal = 400;
  scene.noise = 0.5f;
  scene.noise_seed = seed;
  scene.light = light;
  const RenderedFrame frame = Actor(NamedIdentity(actor)).Render(ScriptedPerformance(5, 8, 0.5f).At(seconds), scene);
  Moment moment;
  moment.sample.picture = frame.image;
  moment.sample.landmarks = frame.landmarks;
  DetectedFace face;
  face.landmarks = frame.landmarks;
  moment.crop = AlignFace(frame.image, face, kGeometry);
  return moment;
}

// What a good decoder draws of a crop: softer.
cv::Mat Drawn(const cv::Mat& crop) {
  cv::Mat drawn;
  cv::GaussianBlur(crop, drawn, {}, 1.3);
  return drawn;
}

// A swap of `moment` by the same actor in another light: the truth of shape, colours to be matched.
SampleSwap SwapOf(const Moment& moment, const cv::Mat& image) {
  SampleSwap swap;
  swap.sample = &moment.sample;
  swap.swapped.image = image;
  swap.swapped.face_from_frame = FaceFromFrame(moment.sample.landmarks, kGeometry);
  swap.original = moment.crop.image;
  swap.reconstruction = Drawn(moment.crop.image);
  return swap;
}

ComposeOptions Auto() {
  ComposeOptions options;
  options.color = ColorMode::kAuto;
  options.blend = BlendMode::kAuto;
  return options;
}

TEST(ChooseLook, TakesTheCheapestWhereNothingShows) {
  const Moment moment = Render("ava", 1.0), same = Render("ava", 1.0, 1, 3);
  const std::vector<SampleSwap> samples{SwapOf(moment, same.crop.image)};
  const TrackLook look = ChooseLook(samples, Auto(), false);
  EXPECT_EQ(look.options.color, ColorMode::kAverage);
  EXPECT_EQ(look.options.blend, BlendMode::kFeather);
  EXPECT_EQ(look.options.mask, MaskKind::kHull) << "the model draws no mask";
  EXPECT_EQ(look.tried.size(), 9u);
  EXPECT_DOUBLE_EQ(look.seam, look.tried.at("average, feather"));
  EXPECT_TRUE(look.habit.mean.empty());
}

TEST(ChooseLook, TakesABlendThatHidesAnUnevenLight) {
  const Moment moment = Render("ava", 1.0);
  cv::Mat uneven = moment.crop.image.clone();  // lit from the other side than the frame
  for (int y = 0; y < uneven.rows; ++y) {
    for (int x = 0; x < uneven.cols; ++x) {
      for (int c = 0; c < 3; ++c) uneven.at<cv::Vec3b>(y, x)[c] = cv::saturate_cast<uchar>(uneven.at<cv::Vec3b>(y, x)[c] * (0.6 + x / 160.0));
    }
  }
  const std::vector<SampleSwap> samples{SwapOf(moment, uneven)};
  const TrackLook look = ChooseLook(samples, Auto(), false);
  EXPECT_NE(look.options.blend, BlendMode::kFeather);
  EXPECT_LT(look.seam, 0.7 * look.tried.at("average, feather"));
}

TEST(ChooseLook, KeepsWhatWasAskedFor) {
  const Moment moment = Render("ben", 2.0);
  const std::vector<SampleSwap> samples{SwapOf(moment, moment.crop.image)};
  ComposeOptions wanted;
  wanted.color = ColorMode::kReinhard;
  wanted.blend = BlendMode::kPoisson;
  wanted.opacity = 0.4f;
  wanted.feather = 0.05f;
  const TrackLook look = ChooseLook(samples, wanted, true);
  EXPECT_EQ(look.options.color, ColorMode::kReinhard);
  EXPECT_EQ(look.options.blend, BlendMode::kPoisson);
  EXPECT_EQ(look.options.opacity, 0.4f);
  EXPECT_EQ(look.options.feather, 0.05f);
  EXPECT_EQ(look.tried.size(), 1u);
  EXPECT_FALSE(look.habit.mean.empty());
}

TEST(ChooseLook, HasAnAnswerWithoutSamples) {
  const TrackLook look = ChooseLook({}, Auto(), true);
  EXPECT_EQ(look.options.color, ColorMode::kAverage);
  EXPECT_EQ(look.options.blend, BlendMode::kFeather);
  EXPECT_TRUE(look.habit.mean.empty());
  EXPECT_EQ(look.seam, 0);
  SampleSwap empty;
  EXPECT_EQ(ChooseLook(std::vector<SampleSwap>{empty}, Auto(), true).seam, 0);
}

TEST(ChooseLook, IsDeterministic) {
  const Moment a = Render("ava", 1.0), b = Render("ava", 3.0), lit = Render("ava", 1.0, 0.7f);
  const std::vector<SampleSwap> samples{SwapOf(a, lit.crop.image), SwapOf(b, lit.crop.image)};
  const TrackLook first = ChooseLook(samples, Auto(), true), again = ChooseLook(samples, Auto(), true);
  EXPECT_EQ(first.tried, again.tried);
  EXPECT_EQ(first.options.blend, again.options.blend);
}

// Occluders drawn over crops of virtual actors, with truth.
struct Covered {
  cv::Mat crop;
  cv::Mat truth;  // 255 = something in front
};

Covered Cover(const cv::Mat& crop, const char* what, int number) {
  Covered covered{crop.clone(), cv::Mat::zeros(crop.size(), CV_8UC1)};
  const int shift = 6 * number;
  cv::Mat thing(crop.size(), CV_8UC3);
  if (std::string(what) == "hand") {  // four fingers over cheek and chin, in the skin's own colour, lit a little less
    const cv::Scalar skin = cv::mean(crop(cv::Rect(44, 70, 12, 12))) * 0.82;
    thing.setTo(skin);
    for (int finger = 0; finger < 4; ++finger) {
      const cv::Point tip(30 + shift + 11 * finger, 78 + 4 * std::abs(finger - 1));
      cv::line(covered.truth, tip, tip + cv::Point(8, 70), 255, 10);
      cv::line(thing, tip + cv::Point(5, 0), tip + cv::Point(13, 70), skin * 0.7, 2);
    }
  } else if (std::string(what) == "microphone") {
    thing.setTo(cv::Scalar(32, 30, 30));
    cv::circle(covered.truth, {50 + shift, 92}, 13, 255, -1);
    cv::line(covered.truth, {50 + shift, 92}, {60 + shift, 140}, 255, 8);
  } else {
    thing.setTo(cv::Scalar(228, 230, 231));
    cv::rectangle(covered.truth, cv::Rect(36 + shift, 84, 38, 44), 255, -1);
  }
  thing.copyTo(covered.crop, covered.truth);
  return covered;
}

ReconstructionHabit HabitOf(const char* actor) {
  std::vector<cv::Mat> originals, drawn;
  for (int i = 0; i < 5; ++i) {
    originals.push_back(Render(actor, 0.5 + i, 1, 10 + i).crop.image);
    drawn.push_back(Drawn(Render(actor, 0.5 + i, 0.95f, 20 + i).crop.image));
  }
  return LearnHabit(originals, drawn);
}

TEST(UnoccludedMask, FindsWhatCoversVirtualActorsAndNothingElse) {
  std::map<std::string, std::pair<double, double>> overlap;  // intersection, union
  double holes = 0;
  int free_faces = 0;
  for (const char* actor : {"ava", "carl"}) {
    const ReconstructionHabit habit = HabitOf(actor);
    for (int i = 0; i < 3; ++i) {
      const cv::Mat crop = Render(actor, 0.8 + 1.3 * i, 1, 31 + i).crop.image;
      const cv::Mat drawn = Drawn(Render(actor, 0.8 + 1.3 * i, 0.95f, 41 + i).crop.image);
      holes += cv::countNonZero(UnoccludedMask(crop, drawn, habit) < 250) / static_cast<double>(crop.total());
      ++free_faces;
      for (const char* what : {"hand", "microphone", "cup"}) {
        const Covered covered = Cover(crop, what, i);
        const cv::Mat found = UnoccludedMask(covered.crop, drawn, habit) < 128;
        overlap[what].first += cv::countNonZero(found & covered.truth);
        overlap[what].second += cv::countNonZero(found | covered.truth);
      }
    }
  }
  for (const auto& [what, parts] : overlap) {
    std::printf("%s: intersection over union %.3f\n", what.c_str(), parts.first / parts.second);
    EXPECT_GT(parts.first / parts.second, what == "hand" ? 0.5 : 0.7) << what;
  }
  std::printf("holes in free faces: %.5f of the crop\n", holes / free_faces);
  EXPECT_LT(holes / free_faces, 0.002);  // a false hole shows the original face
}

}  // namespace
}  // namespace reelswap
