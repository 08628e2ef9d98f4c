#include "face/multi_face_tracker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <stdexcept>

#include "face/box_overlap.h"
#include "face/face_fit.h"
#include "face/pictures.h"
#include "media/video_reader.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

using testing::FacePicture;
using testing::Gray;
using testing::Scene;

const cv::Size kFrame(640, 360);

/// A wall with something on it, so that shots differ and there is a picture to follow.
cv::Mat Wall(int number, cv::Size size = kFrame) {
  cv::Mat coarse(6, 10, CV_8UC1), wall;
  cv::RNG random(static_cast<uint64_t>(number) * 131 + 7);
  random.fill(coarse, cv::RNG::UNIFORM, 60, 200);
  cv::resize(coarse, wall, size, 0, 0, cv::INTER_CUBIC);
  return wall;
}

struct Person {
  cv::Mat picture;
  cv::Rect2f box;  // by hand
  cv::Rect head;
};
const Person& Man() {
  static const Person man{Gray(FacePicture("one_man.jpg")), testing::kManBox, {226, 40, 160, 140}};
  return man;
}
const Person& Woman() {
  static const Person woman{Gray(FacePicture("two_people.jpg")), testing::kLeftBox, {34, 40, 126, 140}};
  return woman;
}

/// Puts a head (an oval with a soft rim) on the picture; returns the box the face now has.
cv::Rect2f AddHead(cv::Mat& luma, const Person& person, cv::Point2f centre, float face_height) {
  const float scale = face_height / person.box.height;
  const cv::Point2f in_head = 0.5f * (person.box.tl() + person.box.br()) - cv::Point2f(person.head.tl());
  cv::Mat mask(person.head.size(), CV_8UC1, cv::Scalar(0));
  cv::ellipse(mask, in_head, {cvRound(0.72f * person.box.width), cvRound(0.85f * person.box.height)}, 0, 0, 360, 255, cv::FILLED);
  cv::GaussianBlur(mask, mask, {9, 9}, 0);
  const cv::Matx23f placed(scale, 0, centre.x - scale * in_head.x, 0, scale, centre.y - scale * in_head.y);
  cv::Mat head, share;
  cv::warpAffine(person.picture(person.head), head, placed, luma.size(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  cv::warpAffine(mask, share, placed, luma.size());
  for (int y = 0; y < luma.rows; ++y) {
    for (int x = 0; x < luma.cols; ++x) {
      const int s = share.at<uchar>(y, x);
      auto& px = luma.at<uchar>(y, x);
      px = static_cast<uchar>((px * (255 - s) + head.at<uchar>(y, x) * s + 127) / 255);
    }
  }
  const cv::Size2f size(person.box.width * scale, face_height);
  return {centre - cv::Point2f(size.width / 2, size.height / 2), size};
}

cv::Mat With(const Person& person, cv::Point2f centre, float face_height, int wall = 1) {
  cv::Mat luma = Wall(wall);
  AddHead(luma, person, centre, face_height);
  return luma;
}

/// The usual options but one.
template <typename T>
MultiTrackerOptions But(T MultiTrackerOptions::*field, T value) {
  MultiTrackerOptions options;
  options.*field = value;
  return options;
}

struct Outcome {
  std::vector<FrameFaces> frames;
  MultiTrackerTally tally;
  std::set<int64_t> TracksOf(size_t first, size_t last) const {
    std::set<int64_t> ids;
    for (size_t i = first; i <= last; ++i) {
      for (const auto& f : frames[i].faces) ids.insert(f.track);
    }
    return ids;
  }
};

Outcome Track(const std::vector<cv::Mat>& lumas, const MultiTrackerOptions& options = {}) {
  MultiFaceTracker tracker(options);
  Outcome outcome;
  const auto take = [&](std::vector<FrameFaces> frames) {
    for (auto& f : frames) outcome.frames.push_back(std::move(f));
  };
  for (size_t i = 0; i < lumas.size(); ++i) {
    take(tracker.Push(lumas[i]));
    EXPECT_LE(i + 1 - outcome.frames.size(), static_cast<size_t>(options.look_back)) << "too many frames are held";
  }
  take(tracker.Finish());
  outcome.tally = tracker.tally();
  EXPECT_EQ(outcome.frames.size(), lumas.size());
  for (size_t i = 0; i < outcome.frames.size(); ++i) EXPECT_EQ(outcome.frames[i].number, static_cast<int64_t>(i));
  return outcome;
}

const TrackedFace* FaceAt(const FrameFaces& frame, const cv::Rect2f& truth) {
  for (const auto& f : frame.faces) {
    if (BoxOverlap(f.face.box, truth) > 0.4) return &f;
  }
  return nullptr;
}

TEST(MultiFaceTracker, FollowsAFaceThatMovesAndGrows) {
  std::vector<cv::Mat> frames;
  std::vector<cv::Rect2f> truth;
  for (int i = 0; i < 40; ++i) {
    frames.push_back(Wall(1));
    truth.push_back(AddHead(frames.back(), Man(), {160 + 7.0f * i, 180}, 80 + 2.0f * i));
  }
  const auto outcome = Track(frames);
  for (size_t i = 0; i < frames.size(); ++i) {
    ASSERT_EQ(outcome.frames[i].faces.size(), 1u) << i;
    const auto& face = outcome.frames[i].faces[0];
    EXPECT_EQ(face.track, 0);
    EXPECT_GT(BoxOverlap(face.face.box, truth[i]), 0.4) << i;
    EXPECT_GT(face.certainty, 0.7) << i;
    EXPECT_FALSE(outcome.frames[i].cut);
  }
  EXPECT_EQ(outcome.tally.frames, 40);
  EXPECT_EQ(outcome.tally.tracks, 1);
  EXPECT_EQ(outcome.tally.whole_searches, 1);
  EXPECT_GT(outcome.tally.followed, 25);  // without any search
}

TEST(MultiFaceTracker, FollowsAHeadThatTiltsFurtherThanTheDetectorSees) {
  const cv::Mat upright = With(Man(), {320, 180}, 130);
  std::vector<cv::Mat> frames;
  std::vector<float> tilt;  // degrees, > 0 clockwise
  for (int i = 0; i < 40; ++i) {
    tilt.push_back(1.5f * (i < 25 ? i : 49 - i) + (i < 25 ? 0 : 1.5f));
    cv::Mat frame;
    cv::warpAffine(upright, frame, cv::getRotationMatrix2D({320, 180}, -tilt.back(), 1), kFrame, cv::INTER_LINEAR,
                   cv::BORDER_REPLICATE);
    frames.push_back(frame);
  }
  const auto outcome = Track(frames);
  for (size_t i = 0; i < frames.size(); ++i) {
    ASSERT_EQ(outcome.frames[i].faces.size(), 1u) << i;
    const auto& l = outcome.frames[i].faces[0].face.landmarks;
    const cv::Point2f eyes = l[45] - l[36];
    EXPECT_NEAR(std::atan2(eyes.y, eyes.x) * 180 / CV_PI, tilt[i], 6) << i;  // his eyes are not level by two degrees
    EXPECT_LT(cv::norm(l[30] - cv::Point2f(320, 180)), 30) << i;           // the nose stays about the middle
  }
  EXPECT_EQ(outcome.tally.tracks, 1);
}

TEST(MultiFaceTracker, GivesANewcomerItsFaceFromItsFirstFrameOn) {
  for (const int first : {1, 5, 9, 14}) {
    std::vector<cv::Mat> frames;
    std::vector<cv::Rect2f> truth;
    for (int i = 0; i < 30; ++i) {
      cv::Mat luma = With(Man(), {160, 180}, 110);
      truth.push_back(i < first ? cv::Rect2f() : AddHead(luma, Woman(), {440 + 2.0f * i, 190}, 100));
      frames.push_back(luma);
    }
    const auto outcome = Track(frames);
    for (int i = 0; i < 30; ++i) {
      EXPECT_EQ(outcome.frames[i].faces.size(), i < first ? 1u : 2u) << first << " " << i;
      if (i >= first) {
        const auto* newcomer = FaceAt(outcome.frames[i], truth[i]);
        ASSERT_TRUE(newcomer) << first << " " << i;
        EXPECT_EQ(newcomer->track, 1);
      }
    }
    EXPECT_EQ(outcome.tally.tracks, 2);
  }
}

TEST(MultiFaceTracker, TwoFacesThatCrossKeepTheirTracks) {
  std::vector<cv::Mat> frames;
  std::vector<cv::Rect2f> man, woman;
  for (int i = 0; i < 60; ++i) {
    cv::Mat luma = Wall(1);
    woman.push_back(AddHead(luma, Woman(), {330, 170}, 90));            // stands still
    man.push_back(AddHead(luma, Man(), {110 + 7.5f * i, 185}, 120));    // walks by in front of her
    frames.push_back(luma);
  }
  const auto outcome = Track(frames);
  const auto *his = FaceAt(outcome.frames[0], man[0]), *hers = FaceAt(outcome.frames[0], woman[0]);
  ASSERT_TRUE(his && hers);
  for (int i = 0; i < 60; ++i) {
    const auto* now = FaceAt(outcome.frames[i], man[i]);
    ASSERT_TRUE(now) << i;
    EXPECT_EQ(now->track, his->track) << i;
  }
  const auto* hers_after = FaceAt(outcome.frames[59], woman[59]);
  ASSERT_TRUE(hers_after);
  EXPECT_EQ(hers_after->track, hers->track);
  EXPECT_EQ(outcome.tally.tracks, 2);
}

TEST(MultiFaceTracker, AFaceThatReturnsWithinASecondIsTheSame) {
  for (const int away : {8, 25, 70}) {
    std::vector<cv::Mat> frames;
    for (int i = 0; i < 40 + away; ++i) {
      frames.push_back(i >= 15 && i < 15 + away ? Wall(1) : With(Man(), {300, 180}, 120));
    }
    const auto outcome = Track(frames);
    for (int i = 0; i < 40 + away; ++i) {
      const bool there = i < 15 || i >= 15 + away;
      EXPECT_EQ(outcome.frames[i].faces.size(), there ? 1u : 0u) << away << " " << i;
      EXPECT_FALSE(outcome.frames[i].cut);
    }
    ASSERT_FALSE(outcome.frames.back().faces.empty());
    EXPECT_EQ(outcome.frames.back().faces[0].track, away < 30 ? 0 : 1) << away;
  }
}

TEST(MultiFaceTracker, FollowsAFaceIntoThePictureAndOutOfIt) {
  std::vector<cv::Mat> frames;
  std::vector<cv::Rect2f> truth;
  for (int i = 0; i < 60; ++i) {
    frames.push_back(Wall(1));
    truth.push_back(AddHead(frames.back(), Man(), {-80 + 14.0f * i, 180}, 110));
  }
  const auto outcome = Track(frames);
  for (int i = 0; i < 60; ++i) {
    const bool inside = truth[i].x > 20 && truth[i].br().x < kFrame.width - 20;
    const bool outside = truth[i].br().x < 0 || truth[i].x > kFrame.width;
    if (inside) {
      EXPECT_TRUE(FaceAt(outcome.frames[i], truth[i])) << i;
    }
    if (outside) {
      EXPECT_TRUE(outcome.frames[i].faces.empty()) << i;
    }
  }
  EXPECT_EQ(outcome.tally.tracks, 1);
}

TEST(MultiFaceTracker, ACutEndsAllTracksAndIsToldOnTheFirstFrameOfTheNewShot) {
  std::vector<cv::Mat> frames;
  for (int i = 0; i < 10; ++i) frames.push_back(With(Man(), {200, 180}, 120, 1));
  for (int i = 0; i < 10; ++i) frames.push_back(With(Woman(), {240, 180}, 120, 2));
  const auto outcome = Track(frames);
  for (size_t i = 0; i < frames.size(); ++i) {
    EXPECT_EQ(outcome.frames[i].cut, i == 10) << i;
    ASSERT_EQ(outcome.frames[i].faces.size(), 1u) << i;
    EXPECT_EQ(outcome.frames[i].faces[0].track, i < 10 ? 0 : 1) << i;
  }
  EXPECT_EQ(outcome.tally.cuts, 1);
  EXPECT_EQ(outcome.tally.whole_searches, 2);
}

TEST(MultiFaceTracker, LightsThatGoOnEndNoTrack) {
  std::vector<cv::Mat> frames;
  for (int i = 0; i < 16; ++i) {
    const cv::Mat luma = With(Man(), {250 + 2.0f * i, 180}, 120);
    frames.push_back(i < 8 ? cv::Mat(luma * 0.6) : luma);
  }
  for (const auto& f : Track(frames).frames) {
    EXPECT_FALSE(f.cut) << f.number;
    ASSERT_EQ(f.faces.size(), 1u) << f.number;
    EXPECT_EQ(f.faces[0].track, 0) << f.number;
  }
}

TEST(MultiFaceTracker, AFlashIsNoCutAndNoTrackEndsInIt) {
  for (const int length : {1, 2}) {
    std::vector<cv::Mat> frames;
    for (int i = 0; i < 20; ++i) {
      cv::Mat luma = With(Man(), {200 + 3.0f * i, 180}, 120);
      if (i >= 8 && i < 8 + length) luma = luma * 0.1 + 225;
      frames.push_back(luma);
    }
    const auto outcome = Track(frames);
    for (size_t i = 0; i < frames.size(); ++i) {
      EXPECT_FALSE(outcome.frames[i].cut) << i;
      ASSERT_EQ(outcome.frames[i].faces.size(), 1u) << i;
      EXPECT_EQ(outcome.frames[i].faces[0].track, 0) << i;
    }
  }
}

TEST(MultiFaceTracker, AChangeOfSizeIsACut) {
  std::vector<cv::Mat> frames;
  for (int i = 0; i < 4; ++i) frames.push_back(With(Man(), {300, 180}, 120));
  for (int i = 0; i < 4; ++i) {
    frames.push_back(Wall(1, {961, 541}));
    AddHead(frames.back(), Man(), {700, 300}, 150);
  }
  const auto outcome = Track(frames);
  EXPECT_TRUE(outcome.frames[4].cut);
  for (size_t i = 0; i < frames.size(); ++i) ASSERT_EQ(outcome.frames[i].faces.size(), 1u) << i;
  EXPECT_NE(outcome.frames[3].faces[0].track, outcome.frames[4].faces[0].track);
}

TEST(MultiFaceTracker, CarriesAFaceBehindAHand) {
  std::vector<cv::Mat> frames;
  std::vector<cv::Rect2f> truth;
  for (int i = 0; i < 30; ++i) {
    cv::Mat luma = Wall(1);
    truth.push_back(AddHead(luma, Man(), {250 + 2.0f * i, 180}, 130));
    if (i >= 6 && i < 16) {  // a bar across nose and mouth
      const auto& t = truth.back();
      luma(cv::Rect(cvRound(t.x) - 20, cvRound(t.y + 0.45 * t.height), 150, cvRound(0.45 * t.height))).setTo(120);
    }
    frames.push_back(luma);
  }
  const auto outcome = Track(frames);
  float least = 1;
  for (size_t i = 0; i < frames.size(); ++i) {
    ASSERT_EQ(outcome.frames[i].faces.size(), 1u) << i;
    EXPECT_EQ(outcome.frames[i].faces[0].track, 0) << i;
    EXPECT_GT(BoxOverlap(outcome.frames[i].faces[0].face.box, truth[i]), 0.4) << i;
    if (i >= 6 && i < 16) least = std::min(least, outcome.frames[i].faces[0].certainty);
  }
  EXPECT_LT(least, 0.9);  // and says that it sees less of it
  EXPECT_GT(outcome.frames[25].faces[0].certainty, 0.8);
}

TEST(MultiFaceTracker, GivesUpAFaceThatStaysHidden) {
  std::vector<cv::Mat> frames;
  for (int i = 0; i < 40; ++i) {
    cv::Mat luma = Wall(1);
    const auto truth = AddHead(luma, Man(), {300, 180}, 130);
    if (i >= 5) luma(cv::Rect(truth)).setTo(120);
    frames.push_back(luma);
  }
  const auto outcome = Track(frames);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(outcome.frames[i].faces.size(), 1u) << i;
  for (int i = 22; i < 40; ++i) EXPECT_TRUE(outcome.frames[i].faces.empty()) << i;
}

TEST(MultiFaceTracker, SearchesEverRarerWhereNobodyIs) {
  std::vector<cv::Mat> still, moving;
  for (int i = 0; i < 100; ++i) {
    still.push_back(Wall(1));
    cv::Mat luma = Wall(1);
    cv::circle(luma, {100 + 4 * i, 180}, 50, 30, cv::FILLED);
    moving.push_back(luma);
  }
  for (const auto* frames : {&still, &moving}) {
    const auto outcome = Track(*frames);
    for (const auto& f : outcome.frames) EXPECT_TRUE(f.faces.empty()) << f.number;
    EXPECT_LE(outcome.tally.whole_searches, 3);
    EXPECT_EQ(outcome.tally.tracks, 0);
  }
  EXPECT_EQ(Track(still).tally.part_searches, 0);
}

TEST(MultiFaceTracker, WorksOnOddAndTinyPictures) {
  for (const cv::Size size : {cv::Size(641, 363), {321, 479}}) {
    std::vector<cv::Mat> frames;
    for (int i = 0; i < 6; ++i) {
      frames.push_back(Wall(1, size));
      AddHead(frames.back(), Man(), {160 + 2.0f * i, 200}, 120);
    }
    for (const auto& f : Track(frames).frames) EXPECT_EQ(f.faces.size(), 1u) << size << f.number;
  }
  for (const cv::Size size : {cv::Size(1, 1), {16, 16}, {2, 300}, {300, 3}}) {
    for (const auto& f : Track(std::vector<cv::Mat>(20, cv::Mat(size, CV_8UC1, cv::Scalar(90)))).frames) {
      EXPECT_TRUE(f.faces.empty()) << size;
    }
  }
}

TEST(MultiFaceTracker, AFaceAsLargeAsThePictureIsFollowed) {
  std::vector<cv::Mat> frames;
  for (int i = 0; i < 15; ++i) {
    cv::Mat large;
    cv::resize(Man().picture(cv::Rect(216 + i % 3, 66, 176, 99)), large, kFrame, 0, 0, cv::INTER_CUBIC);
    frames.push_back(large);
  }
  for (const auto& f : Track(frames).frames) EXPECT_EQ(f.faces.size(), 1u) << f.number;
}

TEST(MultiFaceTracker, FollowsAtMostAsManyFacesAsAsked) {
  std::vector<cv::Mat> frames;
  std::vector<cv::Rect2f> large;
  for (int i = 0; i < 15; ++i) {
    cv::Mat luma = Wall(1);
    AddHead(luma, Woman(), {150, 180}, 80);
    large.push_back(AddHead(luma, Man(), {430 + 1.0f * i, 180}, 140));
    frames.push_back(luma);
  }
  const auto outcome = Track(frames, But(&MultiTrackerOptions::most_faces, 1));
  for (size_t i = 0; i < frames.size(); ++i) {
    ASSERT_EQ(outcome.frames[i].faces.size(), 1u) << i;
    EXPECT_TRUE(FaceAt(outcome.frames[i], large[i])) << i;
  }
  const auto both = Track(frames);
  for (const auto& f : both.frames) {
    ASSERT_EQ(f.faces.size(), 2u);
    EXPECT_GT(f.faces[0].face.box.area(), f.faces[1].face.box.area());
  }
}

TEST(MultiFaceTracker, GivesTheSameForTheSame) {
  std::vector<cv::Mat> frames;
  for (int i = 0; i < 25; ++i) {
    cv::Mat luma = With(Man(), {160 + 3.0f * i, 180}, 110);
    if (i > 6) AddHead(luma, Woman(), {500, 190}, 100);
    frames.push_back(luma);
  }
  const auto one = Track(frames), two = Track(frames);
  for (size_t i = 0; i < frames.size(); ++i) {
    ASSERT_EQ(one.frames[i].faces.size(), two.frames[i].faces.size());
    for (size_t k = 0; k < one.frames[i].faces.size(); ++k) {
      EXPECT_EQ(one.frames[i].faces[k].track, two.frames[i].faces[k].track);
      EXPECT_EQ(one.frames[i].faces[k].face.landmarks, two.frames[i].faces[k].face.landmarks);
      EXPECT_EQ(one.frames[i].faces[k].certainty, two.frames[i].faces[k].certainty);
    }
  }
}

TEST(MultiFaceTracker, KeepsItsPromisesWhateverComes) {
  cv::RNG random(5);
  const cv::Size size(320, 240);
  std::vector<cv::Mat> frames;
  cv::Point2f at(160, 120);
  float angle = 0, height = 90;
  int wall = 1;
  for (int i = 0; i < 160; ++i) {
    if (random.uniform(0, 40) == 0) wall = random.uniform(1, 9);
    if (random.uniform(0, 15) == 0) at = {random.uniform(-20.f, 340.f), random.uniform(-20.f, 260.f)};
    at += cv::Point2f(random.uniform(-9.f, 9.f), random.uniform(-9.f, 9.f));
    height = std::clamp(height * random.uniform(0.9f, 1.11f), 30.f, 300.f);
    angle += random.uniform(-12.f, 12.f);
    cv::Mat luma = Wall(wall, size);
    AddHead(luma, i % 70 < 35 ? Man() : Woman(), at, height);
    cv::warpAffine(luma.clone(), luma, cv::getRotationMatrix2D(at, angle, 1), size, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
    if (random.uniform(0, 25) == 0) random.fill(luma, cv::RNG::UNIFORM, 0, 255);
    if (random.uniform(0, 25) == 0) luma.setTo(random.uniform(0, 255));
    frames.push_back(luma);
  }
  const auto outcome = Track(frames);
  std::set<int64_t> before_cut, shot;
  for (const auto& frame : outcome.frames) {
    if (frame.cut) before_cut.merge(shot), shot.clear();
    std::set<int64_t> here;
    for (const auto& f : frame.faces) {
      EXPECT_TRUE(here.insert(f.track).second) << "a track has two faces in frame " << frame.number;
      EXPECT_FALSE(before_cut.contains(f.track)) << "a track reaches over the cut before frame " << frame.number;
      EXPECT_GT((f.face.box & cv::Rect2f({}, cv::Size2f(size))).area(), 0);
      EXPECT_TRUE(f.certainty >= 0 && f.certainty <= 1.0001f) << f.certainty;
      for (const auto& p : f.face.landmarks) EXPECT_TRUE(std::isfinite(p.x) && std::isfinite(p.y));
    }
    shot.insert(here.begin(), here.end());
  }
}

TEST(MultiFaceTracker, NeedsAFrameNoLongerThanItSays) {
  std::vector<cv::Mat> frames;
  for (int i = 0; i < 20; ++i) frames.push_back(With(Man(), {200 + 2.0f * i, 180}, 120));
  for (const int look_back : {0, 1, 2, 4}) {
    MultiFaceTracker tracker(But(&MultiTrackerOptions::look_back, look_back));
    std::vector<cv::Mat> buffers(static_cast<size_t>(look_back) + 1);  // used in turn, as a decoder does
    size_t faces = 0, given = 0;
    const auto count = [&](const std::vector<FrameFaces>& ready) {
      for (const auto& f : ready) faces += f.faces.size();
      given += ready.size();
    };
    for (size_t i = 0; i < frames.size(); ++i) {
      auto& buffer = buffers[i % buffers.size()];
      frames[i].copyTo(buffer);
      count(tracker.Push(buffer));
      buffers[(i + 1) % buffers.size()].setTo(0);  // the oldest is free
      EXPECT_LE(i + 1 - given, static_cast<size_t>(look_back));
    }
    count(tracker.Finish());
    EXPECT_EQ(given, frames.size()) << look_back;
    EXPECT_EQ(faces, frames.size()) << look_back;
  }
}

TEST(MultiFaceTracker, RefusesWhatItCannotFollow) {
  MultiFaceTracker tracker;
  EXPECT_THROW(tracker.Push(cv::Mat()), std::invalid_argument);
  EXPECT_THROW(tracker.Push(cv::Mat(100, 100, CV_8UC3)), std::invalid_argument);
  EXPECT_TRUE(tracker.Finish().empty());
  EXPECT_THROW(tracker.Push(Wall(1)), std::invalid_argument);
  EXPECT_THROW(MultiFaceTracker(But(&MultiTrackerOptions::search_every, 0)), std::invalid_argument);
  EXPECT_THROW(MultiFaceTracker(But(&MultiTrackerOptions::look_back, -1)), std::invalid_argument);
  EXPECT_THROW(MultiFaceTracker(But(&MultiTrackerOptions::most_faces, 0)), std::invalid_argument);
}

TEST(MultiFaceTracker, ASmallFaceThatGaveWayComesBackWhenThereIsRoom) {
  std::vector<cv::Mat> frames;
  std::vector<cv::Rect2f> small, large;
  for (int i = 0; i < 45; ++i) {
    cv::Mat luma = Wall(1);
    small.push_back(AddHead(luma, Woman(), {150, 180}, 80));
    large.push_back(i >= 15 && i < 25 ? AddHead(luma, Man(), {430, 180}, 140) : cv::Rect2f());
    frames.push_back(luma);
  }
  const auto outcome = Track(frames, But(&MultiTrackerOptions::most_faces, 1));
  for (size_t i = 0; i < frames.size(); ++i) EXPECT_LE(outcome.frames[i].faces.size(), 1u) << i;
  ASSERT_TRUE(FaceAt(outcome.frames[10], small[10]));
  EXPECT_TRUE(FaceAt(outcome.frames[24], large[24]));
  const auto* back = FaceAt(outcome.frames.back(), small.back());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->track, FaceAt(outcome.frames[10], small[10])->track);  // was remembered
}

TEST(MultiFaceTracker, AFaceThatReturnsTakesNoPlaceBeyondTheMost) {
  std::vector<cv::Mat> frames;
  for (int i = 0; i < 50; ++i) {
    cv::Mat luma = Wall(1);
    if (i < 15 || i >= 28) AddHead(luma, Man(), {430, 180}, 120);
    if (i >= 16) AddHead(luma, Woman(), {150, 180}, 110);
    frames.push_back(luma);
  }
  for (const auto& f : Track(frames, But(&MultiTrackerOptions::most_faces, 1)).frames) {
    EXPECT_LE(f.faces.size(), 1u) << f.number;
  }
}

TEST(MultiFaceTracker, NoFaceIsCarriedIntoBlackness) {
  const cv::Mat bright = With(Man(), {300, 180}, 120);
  std::vector<cv::Mat> frames;
  for (int i = 0; i < 46; ++i) frames.push_back(bright * std::max(0.0, 1 - i / 30.0));  // fades out, then nothing
  const auto outcome = Track(frames);
  EXPECT_EQ(outcome.tally.cuts, 0);
  for (size_t i = 0; i < 20; ++i) EXPECT_EQ(outcome.frames[i].faces.size(), 1u) << i;
  for (size_t i = 30; i < frames.size(); ++i) EXPECT_TRUE(outcome.frames[i].faces.empty()) << i;
}

/// Whatever may come for a picture, none of which may end a conversion.
cv::Mat OddPicture(cv::RNG& random, cv::Size size) {
  cv::Mat luma(size, CV_8UC1, cv::Scalar(0));
  const auto& person = random.uniform(0, 2) == 0 ? Man() : Woman();
  const float width = static_cast<float>(size.width), height = static_cast<float>(size.height);
  switch (random.uniform(0, 7)) {
    case 0: break;
    case 1: luma.setTo(random.uniform(0, 256)); break;
    case 2: random.fill(luma, cv::RNG::UNIFORM, 0, 256); break;
    case 3:  // fills the picture, or more
      luma = Wall(1, size);
      AddHead(luma, person, {width / 2, height / 2}, height * random.uniform(0.7f, 3.0f));
      break;
    case 4:  // half outside
      luma = Wall(2, size);
      AddHead(luma, person, {random.uniform(0, 2) * width, random.uniform(0.0f, height)}, height * random.uniform(0.3f, 0.9f));
      break;
    default:
      luma = Wall(1, size);
      AddHead(luma, person, {random.uniform(0.2f, 0.8f) * width, random.uniform(0.2f, 0.8f) * height}, height * random.uniform(0.3f, 0.6f));
      cv::warpAffine(luma.clone(), luma, cv::getRotationMatrix2D({width / 2, height / 2}, random.uniform(-60.f, 60.f), 1), size,
                     cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  }
  return luma;
}

TEST(MultiFaceTracker, NoPictureEndsAConversion) {
  const cv::Size sizes[] = {{200, 160}, {96, 96}, {8, 200}, {200, 9}, {64, 240}, {7, 7}};
  for (int seed = 1; seed <= 6; ++seed) {
    cv::RNG random(static_cast<uint64_t>(seed));
    MultiTrackerOptions options;
    options.most_faces = 1 + seed % 3;
    options.look_back = 3 * (seed % 5);
    options.search_every = 1 + seed;
    options.detector.min_size = seed % 2 == 0 ? 0 : 40;
    std::vector<cv::Mat> frames;
    while (frames.size() < 60) {
      const cv::Size size = sizes[random.uniform(0, 3) == 0 ? random.uniform(0, 6) : 0];
      const cv::Mat odd = OddPicture(random, size);
      const int times = random.uniform(1, 8);  // moves, flickers
      for (int i = 0; i < times; ++i) {
        cv::Mat luma;
        const cv::Matx23f moved(1, 0, 5.0f * i, 0, 1, -3.0f * i);
        cv::warpAffine(odd, luma, moved, size, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
        if (random.uniform(0, 6) == 0) luma = luma * 0.1 + 225;
        frames.push_back(luma);
      }
    }
    Outcome outcome;
    ASSERT_NO_THROW(outcome = Track(frames, options)) << seed;
    for (const auto& frame : outcome.frames) {
      const cv::Size size = frames[static_cast<size_t>(frame.number)].size();
      EXPECT_LE(frame.faces.size(), static_cast<size_t>(options.most_faces)) << seed << " " << frame.number;
      for (const auto& f : frame.faces) {
        EXPECT_TRUE(MostlyInside(f.face.box, size, 0.25f)) << seed << " " << frame.number << " " << f.face.box;
        for (const auto& p : f.face.landmarks) ASSERT_TRUE(std::isfinite(p.x) && std::isfinite(p.y)) << seed;
        EXPECT_TRUE(f.certainty >= 0 && f.certainty <= 1) << seed << " " << f.certainty;
      }
    }
  }
}

class TrackerOnFootage : public ::testing::Test {
 protected:
  void SetUp() override {
    if (testing::SharedDir().empty()) GTEST_SKIP() << "the footage is not in the folder `shared` beside the repository";
  }
  static std::vector<cv::Mat> Read(const std::string& name) {
    std::vector<cv::Mat> lumas;
    VideoReader reader(testing::SharedDir() / "footage" / name);
    while (auto frame = reader.Next()) lumas.push_back(frame->Luma8().clone());
    return lumas;
  }
};

TEST_F(TrackerOnFootage, AgreesWithTheDetectorWhereThatSeesTheFace) {
  const auto lumas = Read("man_blond/milk.mkv");  // a hand before the mouth
  const auto outcome = Track(lumas);
  FaceDetector detector;
  std::vector<float> overlaps;
  for (size_t i = 0; i < lumas.size(); i += 4) {
    ASSERT_EQ(outcome.frames[i].faces.size(), 1u) << i;
    for (const auto& seen : detector.Detect(lumas[i])) overlaps.push_back(BoxOverlap(seen.box, outcome.frames[i].faces[0].face.box));
  }
  ASSERT_GT(overlaps.size(), 8u);
  std::sort(overlaps.begin(), overlaps.end());
  EXPECT_GT(overlaps[overlaps.size() / 2], 0.75);  // the detector's own boxes move by steps of 5 % and grow by 20 %
  EXPECT_GT(overlaps.front(), 0.5);
  EXPECT_EQ(outcome.tally.tracks, 1);
}

TEST_F(TrackerOnFootage, ACutToAnotherPersonInTheSameRoomBeginsAnotherTrack) {
  auto lumas = Read("man_blond/sorry.mkv");
  lumas.resize(12);
  for (const auto& luma : Read("woman_hoodie/school.mkv")) {
    lumas.push_back(luma);
    if (lumas.size() == 24) break;
  }
  const auto outcome = Track(lumas);
  for (size_t i = 0; i < lumas.size(); ++i) {
    EXPECT_EQ(outcome.frames[i].cut, i == 12) << i;
    ASSERT_EQ(outcome.frames[i].faces.size(), 1u) << i;
    EXPECT_EQ(outcome.frames[i].faces[0].track, i < 12 ? 0 : 1) << i;
  }
}

TEST_F(TrackerOnFootage, KeepsTwoPeopleApart) {
  const auto lumas = Read("two_people/head-pose-face-detection-female-and-male.gif");
  const auto outcome = Track(lumas);
  std::map<int64_t, std::vector<float>> places;  // of each track
  for (const auto& frame : outcome.frames) {
    for (const auto& f : frame.faces) places[f.track].push_back(f.face.box.x + f.face.box.width / 2);
  }
  for (const auto& [track, x] : places) {
    // They sit side by side: no track jumps from one to the other.
    EXPECT_LT(*std::max_element(x.begin(), x.end()) - *std::min_element(x.begin(), x.end()), 0.3f * lumas[0].cols) << track;
  }
  EXPECT_EQ(places.size(), 2u);
  for (const auto& frame : outcome.frames) EXPECT_EQ(frame.faces.size(), 2u) << frame.number;
}

}  // namespace
}  // namespace reelswap
