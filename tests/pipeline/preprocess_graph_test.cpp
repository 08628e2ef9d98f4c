#include "pipeline/preprocess_graph.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "core/error.h"

namespace reelswap {
namespace {

Frame SmallFrame(int64_t index) {
  FrameFormat format;
  format.width = 64, format.height = 64;
  return Frame::Black(format, index, index);
}

/// A graph over made-up sources that counts what passes.
struct Recorder {
  std::mutex mutex;
  std::map<size_t, std::set<int64_t>> saved;
  std::map<size_t, int> finished;
  std::map<size_t, std::string> errors;
  std::map<size_t, bool> sampled;
  int frames_per_source = 50;

  PreprocessStages Stages() {
    PreprocessStages stages;
    stages.fetch = [](size_t) { return true; };
    stages.sample = [this](size_t, const EmitPicture& emit) {
      for (int64_t i = 0; i < frames_per_source; ++i) {
        SampledPicture picture;
        picture.index = i;
        picture.frame = SmallFrame(i);
        if (!emit(std::move(picture))) return;
      }
    };
    stages.detect = [](const SampledPicture& picture) {
      PictureFaces faces;
      faces.index = picture.index;
      return faces;
    };
    stages.filter = [](PictureFaces&) {};
    stages.save = [this](const PictureFaces& faces) { saved[faces.source].insert(faces.index); };
    stages.finish = [this](size_t source, bool was_sampled, std::exception_ptr error) {
      ++finished[source];
      sampled[source] = was_sampled;
      try {
        if (error) std::rethrow_exception(error);
      } catch (const std::exception& e) {
        errors[source] = e.what();
      }
    };
    return stages;
  }
};

TEST(PreprocessGraph, EveryPictureOfEverySourceIsSavedAndEachSourceFinishesOnce) {
  Recorder recorder;
  const auto stages = recorder.Stages();
  RunPreprocessGraph(7, stages, {}, {});
  ASSERT_EQ(recorder.finished.size(), 7u);
  for (size_t s = 0; s < 7; ++s) {
    EXPECT_EQ(recorder.finished[s], 1);
    EXPECT_EQ(recorder.saved[s].size(), 50u);
    EXPECT_TRUE(recorder.sampled[s]);
  }
  EXPECT_TRUE(recorder.errors.empty());
}

TEST(PreprocessGraph, OneFailingSourceLeavesTheOthersAlone) {
  for (const std::string where : {"fetch", "sample", "detect", "filter", "save"}) {
    Recorder recorder;
    auto stages = recorder.Stages();
    const auto fail = [&](const std::string& here, size_t source) {
      if (here == where && source == 2) throw Error(ErrorKind::kMedia, "broken in " + here);
    };
    stages.fetch = [&](size_t s) { return fail("fetch", s), true; };
    stages.sample = [&, sample = stages.sample](size_t s, const EmitPicture& emit) { fail("sample", s), sample(s, emit); };
    stages.detect = [&, detect = stages.detect](const SampledPicture& p) { return fail("detect", p.source), detect(p); };
    stages.filter = [&](PictureFaces& f) { fail("filter", f.source); };
    stages.save = [&, save = stages.save](const PictureFaces& f) { fail("save", f.source), save(f); };
    RunPreprocessGraph(4, stages, {}, {});
    EXPECT_EQ(recorder.errors.size(), 1u) << where;
    EXPECT_EQ(recorder.errors[2], "broken in " + where);
    for (size_t s : {0, 1, 3}) EXPECT_EQ(recorder.saved[s].size(), 50u) << where;
    EXPECT_EQ(recorder.finished.size(), 4u) << where;
  }
}

TEST(PreprocessGraph, ASourceThatNeedsNothingFinishesWithoutSampling) {
  Recorder recorder;
  auto stages = recorder.Stages();
  stages.fetch = [](size_t source) { return source != 0; };
  RunPreprocessGraph(2, stages, {}, {});
  EXPECT_FALSE(recorder.sampled[0]);
  EXPECT_TRUE(recorder.saved[0].empty());
  EXPECT_EQ(recorder.saved[1].size(), 50u);
}

TEST(PreprocessGraph, NeverHoldsMoreBytesThanAllowed) {
  Recorder recorder;
  recorder.frames_per_source = 200;
  auto stages = recorder.Stages();
  std::atomic<int> alive{0}, most{0};
  stages.sample = [&](size_t, const EmitPicture& emit) {
    for (int64_t i = 0; i < 200; ++i) {
      SampledPicture picture;
      picture.index = i;
      picture.frame = SmallFrame(i);
      if (!emit(std::move(picture))) return;
      // Counted after the budget let it in; detect takes it off again.
      most = std::max(most.load(), ++alive);
    }
  };
  stages.detect = [&](const SampledPicture& picture) {
    --alive;
    PictureFaces faces;
    faces.index = picture.index;
    return faces;
  };
  PreprocessLimits limits;
  limits.bytes_in_flight = 5 * SmallFrame(0).format().Bytes();
  RunPreprocessGraph(3, stages, limits, {});
  // 5 in the budget, and each of the two decoder threads may be between Take and the count.
  EXPECT_LE(most.load(), 5 + 2);
  EXPECT_EQ(recorder.saved[2].size(), 200u);
}

TEST(PreprocessGraph, AStopRequestEndsSamplingAndStillFinishesEverySource) {
  Recorder recorder;
  recorder.frames_per_source = 1'000'000;
  auto stages = recorder.Stages();
  std::stop_source stop;
  stages.save = [&](const PictureFaces& faces) {
    if (faces.index == 20) stop.request_stop();
  };
  RunPreprocessGraph(2, stages, {}, stop.get_token());
  EXPECT_EQ(recorder.finished.size(), 2u);
}

TEST(PreprocessGraph, TheSameFacesAreSavedWhateverTheNumberOfWorkers) {
  std::map<size_t, std::set<int64_t>> first;
  for (int workers : {1, 2, 5}) {
    Recorder recorder;
    const auto stages = recorder.Stages();
    PreprocessLimits limits;
    limits.workers = workers;
    RunPreprocessGraph(3, stages, limits, {});
    if (first.empty()) first = recorder.saved;
    EXPECT_EQ(recorder.saved, first);
  }
}

}  // namespace
}  // namespace reelswap
