#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "pipeline/track_identity.h"
#include "pipeline/track_prominence.h"

namespace reelswap {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Distances = std::map<std::string, double>;

/// Tracks as a test tells them.
class Cast {
 public:
  explicit Cast(std::vector<SwapDirection> directions) {
    input_.directions = std::move(directions);
    input_.frames_per_second = 25;
  }

  /// A face at x px in frames [first, last].
  Cast& Track(int64_t first, int64_t last, double x, const Distances& distances, double width = 100, int64_t shot = 0) {
    TrackPlace place;
    place.track = static_cast<int64_t>(input_.places.size());
    place.first = first, place.last = last, place.frames = last - first + 1;
    place.shot = shot;
    place.first_box = place.last_box = cv::Rect2f(static_cast<float>(x), 100, static_cast<float>(width), static_cast<float>(width));
    place.mean_width = width;
    input_.places.push_back(place);
    likeness_[place.track] = {distances, distances.empty() ? 0 : 6};
    return *this;
  }

  /// Of the track told last.
  Cast& WithHole(int64_t first, int64_t last) {
    TrackPlace& place = input_.places.back();
    place.holes.emplace_back(first, last);
    place.frames -= last - first + 1;
    return *this;
  }

  TrackDecisions Decide() {
    input_.likeness = likeness_;
    return DecideTracks(input_);
  }
  TrackDecisions DecideBlindly() {
    input_.likeness.reset();
    return DecideTracks(input_);
  }

 private:
  DecisionInput input_;
  std::map<int64_t, TrackLikeness> likeness_;
};

std::string ErrorOf(const std::function<void()>& call, ErrorKind kind) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

const std::vector<SwapDirection> kHost = {{"host", "guest"}};
const std::vector<SwapDirection> kBoth = {{"host", "guest"}, {"guest", "host"}};

TEST(DecideTracks, TakesTheNearestPersonAndLeavesStrangersAlone) {
  const auto d = Cast(kBoth)
                     .Track(0, 99, 100, {{"host", 0.25}, {"guest", 0.55}})
                     .Track(0, 99, 400, {{"host", 0.60}, {"guest", 0.30}})
                     .Track(0, 99, 700, {{"host", 0.66}, {"guest", 0.71}})
                     .Decide();
  EXPECT_EQ(d.verdicts[0].direction, 0);
  EXPECT_EQ(d.verdicts[0].reason, "nearest to host (0.25, next guest 0.55)");
  EXPECT_EQ(d.verdicts[1].direction, 1);
  EXPECT_EQ(d.verdicts[2].direction, -1);
  EXPECT_EQ(d.verdicts[2].person, "");
  EXPECT_EQ(d.verdicts[2].reason, "no one of the project (nearest host 0.66)");
  EXPECT_THAT(d.warnings, IsEmpty());
}

TEST(DecideTracks, LeavesAPersonWithoutADirectionAlone) {
  const auto d = Cast(kHost)
                     .Track(0, 99, 100, {{"host", 0.25}, {"guest", 0.55}})
                     .Track(0, 99, 400, {{"host", 0.60}, {"guest", 0.30}})
                     .Decide();
  EXPECT_EQ(d.verdicts[1].person, "guest");
  EXPECT_EQ(d.verdicts[1].direction, -1);
  EXPECT_THAT(d.verdicts[1].reason, HasSubstr("not replaced"));
}

TEST(DecideTracks, AFaceBetweenTwoPeopleIsNeither) {
  const auto d = Cast(kBoth)
                     .Track(0, 99, 100, {{"host", 0.25}, {"guest", 0.55}})
                     .Track(0, 99, 500, {{"host", 0.36}, {"guest", 0.34}})
                     .Decide();
  EXPECT_EQ(d.verdicts[1].direction, -1);
  EXPECT_EQ(d.verdicts[1].reason, "cannot be told from guest and host (0.34 and 0.36)");
  ASSERT_EQ(d.warnings.size(), 1u);
  EXPECT_THAT(d.warnings[0], HasSubstr("100 frames"));
}

TEST(DecideTracks, AFaceLostAndFoundAgainIsWhoItWas) {
  const auto d = Cast(kHost)
                     .Track(0, 99, 100, {{"host", 0.25}, {"guest", 0.55}})
                     .Track(104, 106, 110, {{"host", 0.52}, {"guest", 0.50}})  // three frames, half turned away
                     .Track(112, 200, 120, {{"host", 0.28}, {"guest", 0.60}})
                     .Decide();
  EXPECT_EQ(d.verdicts[1].direction, 0);
  EXPECT_THAT(d.verdicts[1].reason, HasSubstr("goes on where the face of host was"));
  ASSERT_EQ(d.chains.size(), 1u);
  EXPECT_EQ(d.chains[0].tracks, (std::vector<int64_t>{0, 1, 2}));
}

TEST(DecideTracks, NothingGoesOnOverACutOrFarAwayOrMuchLater) {
  Cast cast(kHost);
  cast.Track(0, 99, 100, {{"host", 0.25}, {"guest", 0.55}})
      .Track(101, 103, 110, {{"host", 0.52}, {"guest", 0.60}}, 100, 1)
      .Track(101, 103, 600, {{"host", 0.52}, {"guest", 0.60}});
  const auto d = cast.Decide();
  EXPECT_EQ(d.verdicts[1].direction, -1);
  EXPECT_EQ(d.verdicts[2].direction, -1);
  EXPECT_EQ(d.chains.size(), 3u);
}

TEST(DecideTracks, AShortTrackGoesByWhoStoodThere) {
  const auto d = Cast(kHost)
                     .Track(0, 99, 100, {{"host", 0.25}, {"guest", 0.55}})
                     .Track(190, 193, 120, {{"host", 0.49}, {"guest", 0.55}})
                     .Decide();
  EXPECT_EQ(d.verdicts[1].direction, 0);
  EXPECT_THAT(d.verdicts[1].reason, HasSubstr("stands where host stands"));
}

TEST(DecideTracks, OfTwoFacesAtATimeTheNearerOneIsThePerson) {
  const auto d = Cast(kHost)
                     .Track(0, 99, 100, {{"host", 0.41}, {"guest", 0.55}})
                     .Track(0, 99, 500, {{"host", 0.27}, {"guest", 0.60}})
                     .Decide();
  EXPECT_EQ(d.verdicts[0].direction, -1);
  EXPECT_EQ(d.verdicts[0].reason, "looks like host (0.41), but a nearer face (0.27) is in the picture at the same time");
  EXPECT_EQ(d.verdicts[1].direction, 0);
  ASSERT_EQ(d.warnings.size(), 1u);
  EXPECT_THAT(d.warnings[0], HasSubstr("two faces look like host"));
}

TEST(DecideTracks, AMirrorShowsThePersonTwice) {
  const auto d = Cast(kHost)
                     .Track(0, 99, 100, {{"host", 0.30}, {"guest", 0.55}})
                     .Track(0, 99, 500, {{"host", 0.27}, {"guest", 0.60}})
                     .Decide();
  EXPECT_EQ(d.verdicts[0].direction, 0);
  EXPECT_EQ(d.verdicts[1].direction, 0);
  EXPECT_THAT(d.yielding, IsEmpty());
}

TEST(DecideTracks, ABriefDoubleTakesOnlyItsFrames) {
  const auto d = Cast(kHost)
                     .Track(0, 999, 100, {{"host", 0.40}, {"guest", 0.60}})
                     .Track(500, 520, 500, {{"host", 0.30}, {"guest", 0.60}})
                     .Decide();
  EXPECT_EQ(d.verdicts[0].direction, 0);
  ASSERT_EQ(d.yielding.size(), 1u);
  EXPECT_EQ(d.yielding[0].track, 0);
  EXPECT_EQ(d.yielding[0].first, 500);
  EXPECT_EQ(d.yielding[0].last, 520);
}

TEST(DecideTracks, AFaceInAnothersHoleIsNoDouble) {
  const auto d = Cast(kHost)
                     .Track(0, 199, 100, {{"host", 0.25}, {"guest", 0.60}})
                     .WithHole(100, 124)
                     .Track(102, 122, 500, {{"host", 0.40}, {"guest", 0.60}})
                     .Decide();
  EXPECT_EQ(d.verdicts[0].direction, 0);
  EXPECT_EQ(d.verdicts[1].direction, 0) << d.verdicts[1].reason;
  EXPECT_THAT(d.yielding, IsEmpty());
  EXPECT_THAT(d.warnings, IsEmpty());
}

TEST(DecideTracks, AFaceYieldsOnlyWhereTheNearerOneIsInThePicture) {
  const auto d = Cast(kHost)
                     .Track(0, 199, 100, {{"host", 0.25}, {"guest", 0.60}})
                     .WithHole(100, 129)
                     .Track(95, 132, 500, {{"host", 0.40}, {"guest", 0.60}})
                     .Decide();
  EXPECT_EQ(d.verdicts[1].direction, 0);
  ASSERT_EQ(d.yielding.size(), 2u);
  EXPECT_EQ(d.yielding[0].track, 1);
  EXPECT_EQ(d.yielding[0].to, 0);
  EXPECT_EQ(d.yielding[0].first, 95);
  EXPECT_EQ(d.yielding[0].last, 99);
  EXPECT_EQ(d.yielding[1].first, 130);
  EXPECT_EQ(d.yielding[1].last, 132);
}

TEST(CommonStretches, LeavesOutTheHolesOfBoth) {
  TrackPlace a, b;
  a.first = 0, a.last = 99, b.first = 50, b.last = 150;
  EXPECT_EQ(CommonFrames(a, b), 50);
  a.holes = {{10, 20}, {60, 69}, {90, 95}};
  b.holes = {{65, 74}, {96, 120}};
  using Stretches = std::vector<std::pair<int64_t, int64_t>>;
  EXPECT_EQ(CommonStretches(a, b), (Stretches{{50, 59}, {75, 89}}));
  EXPECT_EQ(CommonStretches(b, a), CommonStretches(a, b));
  EXPECT_EQ(CommonFrames(a, b), 25);
  a.last = 49;
  EXPECT_EQ(CommonFrames(a, b), 0);
}

TEST(DecideTracks, AFaceMuchFurtherThanTheVideosBestIsAnothers) {
  const auto d = Cast(kHost).Track(0, 99, 100, {{"host", 0.20}}).Track(200, 299, 100, {{"host", 0.43}}, 100, 1).Decide();
  EXPECT_EQ(d.verdicts[0].direction, 0);
  EXPECT_EQ(d.verdicts[1].direction, -1);
}

TEST(DecideTracks, NeverTakesADoubtfulFaceForLackOfABetterOne) {
  const std::string sentence =
      ErrorOf([] { Cast(kHost).Track(0, 99, 100, {{"host", 0.48}, {"guest", 0.58}}).Decide(); }, ErrorKind::kFaces);
  EXPECT_THAT(sentence, HasSubstr("host is nowhere to be seen"));
  EXPECT_THAT(sentence, HasSubstr("0.48"));
}

TEST(DecideTracks, SaysWhoWasThereInstead) {
  const std::string sentence = ErrorOf(
      [] {
        Cast(kHost)
            .Track(0, 99, 100, {{"host", 0.61}, {"guest", 0.22}})
            .Track(0, 49, 500, {{"host", 0.58}, {"guest", 0.63}})
            .Decide();
      },
      ErrorKind::kFaces);
  EXPECT_THAT(sentence, HasSubstr("host is nowhere to be seen"));
  EXPECT_THAT(sentence, HasSubstr("guest is in 100 frames"));
  EXPECT_THAT(sentence, HasSubstr("50 frames show faces of nobody in the project (the nearest is 0.58 from host"));
  EXPECT_THAT(ErrorOf([] { Cast(kHost).Decide(); }, ErrorKind::kFaces), HasSubstr("no face was found"));
}

TEST(DecideTracksBlindly, TakesTheMostProminentFaceOfEveryMomentAndWarns) {
  const auto d = Cast(kHost)
                     .Track(0, 99, 100, {}, 200)
                     .Track(10, 60, 500, {}, 90)
                     .Track(100, 180, 300, {}, 60, 1)
                     .DecideBlindly();
  EXPECT_EQ(d.verdicts[0].direction, 0);
  EXPECT_EQ(d.verdicts[1].direction, -1);
  EXPECT_EQ(d.verdicts[2].direction, 0);
  ASSERT_EQ(d.warnings.size(), 1u);
  EXPECT_THAT(d.warnings[0], HasSubstr("reelswap weights pull"));
}

TEST(DecideTracksBlindly, RefusesToGuessBetweenEquals) {
  EXPECT_THAT(ErrorOf([] { Cast(kHost).Track(0, 99, 100, {}, 200).Track(0, 99, 500, {}, 180).DecideBlindly(); },
                      ErrorKind::kMissingTool),
              HasSubstr("reelswap weights pull"));
}

TEST(DecideTracksBlindly, AnOverlapAsShortAsAFaceLostAndFoundIsNoRival) {
  const auto d = Cast(kHost).Track(0, 99, 100, {}, 200).Track(96, 199, 500, {}, 180).DecideBlindly();
  EXPECT_EQ(d.verdicts[0].direction, 0);
  EXPECT_EQ(d.verdicts[1].direction, 0);
  ASSERT_EQ(d.yielding.size(), 1u) << "never two of one person at a time";
  EXPECT_EQ(d.yielding[0].first, 96);
  EXPECT_EQ(d.yielding[0].last, 99);
}

TEST(DecideTracksBlindly, AFaceInAnothersHoleIsNoRival) {
  const auto d = Cast(kHost).Track(0, 99, 100, {}, 200).WithHole(40, 69).Track(41, 68, 500, {}, 180).DecideBlindly();
  EXPECT_EQ(d.verdicts[0].direction, 0);
  EXPECT_EQ(d.verdicts[1].direction, 0);
  EXPECT_THAT(d.yielding, IsEmpty());
}

TEST(DecideTracksBlindly, RefusesSeveralDirections) {
  EXPECT_THAT(ErrorOf([] { Cast(kBoth).Track(0, 99, 100, {}).DecideBlindly(); }, ErrorKind::kMissingTool),
              HasSubstr("reelswap weights pull"));
}

}  // namespace
}  // namespace reelswap
