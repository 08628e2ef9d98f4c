#include "model/face_swapper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <limits>
#include <opencv2/imgproc.hpp>
#include <thread>

#include "core/error.h"
#include "model/safetensors.h"
#include "testing/drawn_faces.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

using ::testing::HasSubstr;
using testing::TempDir;
namespace fs = std::filesystem;

class FaceSwapperTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = new TempDir;
    TrainOptions options;
    options.architecture = "light";
    options.batch = 2;
    options.iterations = 120;
    options.device = "cpu";
    options.threads = 1;  // tests share the machine with others
    NullProgress progress;
    TrainModel(*shared_ / "model",
               {{"anna", testing::WriteDrawnFaces(*shared_ / "a", 0, 8, 128), {}, {}},
                {"bert", testing::WriteDrawnFaces(*shared_ / "b", 1, 8, 128), {}, {}}},
               {128, 1.8f, 0.1f}, options, std::nullopt, progress, {});
    ExportWeights(*shared_ / "model" / "checkpoint.safetensors", Weights());
  }
  static void TearDownTestSuite() {
    delete shared_;
    shared_ = nullptr;
  }
  static fs::path Weights() { return *shared_ / "weights.safetensors"; }
  static std::vector<cv::Mat> Faces(int count) {
    std::vector<cv::Mat> faces;
    for (int i = 0; i < count; ++i) faces.push_back(testing::DrawFace(0, i, 64));
    return faces;
  }
  /// A drawn face as `light` sees it: coverage 1.4 of the stored 1.8, `size` px.
  static cv::Mat Crop(int person, int number, int size) {
    const cv::Mat face = testing::DrawFace(person, number, 256);
    cv::Mat crop;
    cv::resize(face(cv::Rect(28, 28, 200, 200)), crop, {size, size}, 0, 0, cv::INTER_AREA);
    return crop;
  }
  static TempDir* shared_;
};
TempDir* FaceSwapperTest::shared_ = nullptr;

std::string SentenceOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kModel);
    return e.what();
  }
  return "no error";
}

/// Mean absolute difference of two pictures, levels of 255.
double MeanDifference(const cv::Mat& a, const cv::Mat& b) {
  return cv::norm(a, b, cv::NORM_L1) / static_cast<double>(a.total() * a.channels());
}

TEST_F(FaceSwapperTest, SaysWhatItsFileIs) {
  const WeightsInfo info = ReadWeightsInfo(Weights());
  EXPECT_EQ(info.architecture, "light");
  EXPECT_EQ(info.iterations, 120);
  EXPECT_THAT(info.people, ::testing::ElementsAre("anna", "bert"));
  EXPECT_EQ(info.output, (CropGeometry{128, 1.4f, 0.10f}));
  EXPECT_EQ(FaceSwapper(Weights(), "cpu").info().input, (CropGeometry{64, 1.4f, 0.10f}));
}

TEST_F(FaceSwapperTest, LightSeesTheSameFaceInAnotherLight) {
  const FaceSwapper swapper(Weights(), "cpu", 1);
  const cv::Mat face = Faces(1).front();
  cv::Mat dimmer, other;
  face.convertTo(dimmer, CV_8U, 0.75, 20);  // no value clips
  cv::flip(face, other, 0);
  const std::vector<cv::Mat> faces = {face, dimmer, other};
  const auto swapped = swapper.Swap(faces, "bert");
  const double relit = MeanDifference(swapped[0], swapped[1]);
  const double turned = MeanDifference(swapped[0], swapped[2]);
  // Levels of 255: rounding of the dimmer picture and bf16 against a face that really is another one.
  EXPECT_LT(relit, 1.0);
  EXPECT_GT(turned, 3 * relit);
}

TEST_F(FaceSwapperTest, GivesEveryPersonTheirOwnFaceBack) {
  const FaceSwapper swapper(Weights(), "cpu", 1);
  const std::vector<std::string> people = {"anna", "bert"};
  for (int p = 0; p < 2; ++p) {
    const std::vector<cv::Mat> input = {Crop(p, 3, 64)};
    const cv::Mat wanted = Crop(p, 3, 128);
    const double own = MeanDifference(swapper.Swap(input, people[p])[0], wanted);
    const double other = MeanDifference(swapper.Swap(input, people[1 - p])[0], wanted);
    // Their skins differ by some 90 levels, and after so few steps their own decoder is already three times
    // nearer: decoders exchanged on the way from training to swapping would turn the ratio round.
    EXPECT_LT(own, 0.7 * other) << people[p];
  }
}

TEST_F(FaceSwapperTest, LightGivesAPictureForAFlatOneOfAnyLevel) {
  const FaceSwapper swapper(Weights(), "cpu", 1);
  std::vector<cv::Mat> flat;
  for (const int level : {0, 128, 255}) flat.emplace_back(64, 64, CV_8UC3, cv::Scalar::all(level));
  const auto swapped = swapper.Swap(flat, "anna");
  double low = 0, high = 0;
  cv::minMaxLoc(swapped[0].reshape(1), &low, &high);
  EXPECT_GT(high, low);  // NaN would become the same byte everywhere
  // Nothing is left of a flat picture but what the decoder knows of its person.
  EXPECT_EQ(cv::norm(swapped[0], swapped[1], cv::NORM_INF), 0);
  EXPECT_EQ(cv::norm(swapped[0], swapped[2], cv::NORM_INF), 0);
}

TEST_F(FaceSwapperTest, ExportsWeightsWithoutTheOptimiser) {
  EXPECT_EQ(SafetensorsFile(Weights()).Find("adam.steps"), nullptr);
  EXPECT_LT(fs::file_size(Weights()), fs::file_size(*shared_ / "model" / "checkpoint.safetensors") / 2);
}

TEST_F(FaceSwapperTest, GivesCropsOfTheOutputGeometryPerPerson) {
  const FaceSwapper swapper(Weights(), "cpu", 1);
  const auto faces = Faces(2);
  const auto anna = swapper.Swap(faces, "anna"), bert = swapper.Swap(faces, "bert");
  ASSERT_EQ(anna.size(), 2u);
  EXPECT_EQ(anna[0].size(), cv::Size(128, 128));
  EXPECT_EQ(anna[0].type(), CV_8UC3);
  EXPECT_GT(MeanDifference(anna[0], bert[0]), 2.0);  // grey levels: two decoders
  EXPECT_TRUE(swapper.Swap({}, "anna").empty());
}

TEST_F(FaceSwapperTest, GivesTheSameAloneAndInABatchOfTwenty) {
  const FaceSwapper swapper(Weights(), "cpu", 1);
  const auto faces = Faces(20);
  const auto together = swapper.Swap(faces, "bert");
  ASSERT_EQ(together.size(), 20u);
  for (const size_t i : {0u, 15u, 16u, 19u}) {
    const auto alone = swapper.Swap(std::span(&faces[i], 1), "bert");
    // bf16 keeps 8 bits: another order of the sums may move a pixel by a few grey levels.
    EXPECT_LE(cv::norm(alone[0], together[i], cv::NORM_INF), 4) << i;
  }
}

TEST_F(FaceSwapperTest, ServesSeveralThreadsAtOnce) {
  const FaceSwapper swapper(Weights(), "cpu", 1);
  const auto faces = Faces(3);
  const auto expected = swapper.Swap(faces, "bert");
  std::vector<std::jthread> threads;
  std::vector<double> worst(2, 1e9);
  for (size_t t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      worst[t] = 0;
      for (int i = 0; i < 5; ++i) {
        const auto swapped = swapper.Swap(faces, "bert");
        for (size_t k = 0; k < 3; ++k)
          worst[t] = std::max(worst[t], cv::norm(swapped[k], expected[k], cv::NORM_INF));
      }
    });
  }
  threads.clear();
  EXPECT_EQ(worst[0], 0);  // one thread each: the same order of sums
  EXPECT_EQ(worst[1], 0);
}

TEST_F(FaceSwapperTest, RefusesWrongCropsAndUnknownPeople) {
  const FaceSwapper swapper(Weights(), "cpu", 1);
  EXPECT_THROW(swapper.Swap(std::vector{cv::Mat(32, 32, CV_8UC3)}, "anna"), std::invalid_argument);
  EXPECT_THROW(swapper.Swap(std::vector{cv::Mat(64, 64, CV_8UC1)}, "anna"), std::invalid_argument);
  EXPECT_THAT(SentenceOf([&] { swapper.Swap(Faces(1), "zoe"); }),
              HasSubstr("no person \"zoe\" (it has: anna, bert)"));
  EXPECT_THAT(SentenceOf([&] { FaceSwapper(Weights(), "tpu"); }), HasSubstr("unknown device"));
}

TEST_F(FaceSwapperTest, RefusesRubbishAndStrangersFiles) {
  TempDir dir;
  std::ofstream(dir / "rubbish") << std::string(1000, 'x');
  EXPECT_THAT(SentenceOf([&] { ReadWeightsInfo(dir / "rubbish"); }), HasSubstr("not a safetensors file"));
  EXPECT_THAT(SentenceOf([&] { ReadWeightsInfo(dir / "absent"); }), HasSubstr("no such model file"));
  WriteSafetensors(dir / "other", {{"format", "pt"}}, {});
  EXPECT_THAT(SentenceOf([&] { ReadWeightsInfo(dir / "other"); }), HasSubstr("not a reelswap model"));
  auto metadata = SafetensorsFile(Weights()).metadata();
  metadata["people"] = "[\"a\",\"a\"]";
  WriteSafetensors(dir / "twins", metadata, {});
  EXPECT_THAT(SentenceOf([&] { ReadWeightsInfo(dir / "twins"); }), HasSubstr("\"people\""));
  metadata = SafetensorsFile(Weights()).metadata();
  metadata["architecture"] = "huge";
  WriteSafetensors(dir / "huge", metadata, {});
  EXPECT_THAT(SentenceOf([&] { FaceSwapper(dir / "huge", "cpu"); }), HasSubstr("unknown architecture"));
  metadata = SafetensorsFile(Weights()).metadata();
  WriteSafetensors(dir / "empty", metadata, {});
  EXPECT_THAT(SentenceOf([&] { FaceSwapper(dir / "empty", "cpu"); }), HasSubstr("is missing"));
}

TEST_F(FaceSwapperTest, RefusesWeightsThatAreNoNumbers) {
  TempDir dir;
  fs::copy_file(Weights(), dir / "nan");
  const SafetensorsFile file(dir / "nan");
  const SafetensorsEntry* entry = file.Find("decoders.bert.0.bias");
  ASSERT_NE(entry, nullptr);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::fstream(dir / "nan", std::ios::in | std::ios::out | std::ios::binary)
      .seekp(static_cast<std::streamoff>(entry->offset))
      .write(reinterpret_cast<const char*>(&nan), 4);
  EXPECT_THAT(SentenceOf([&] { FaceSwapper(dir / "nan", "cpu"); }), HasSubstr("checksum differs"));
}

TEST(DescribeTorch, NamesVersionDeviceAndBlas) {
  const TorchInfo info = DescribeTorch();
  EXPECT_FALSE(info.version.empty());
  EXPECT_THAT(info.device, ::testing::AnyOf(HasSubstr("cpu"), HasSubstr("cuda")));
  EXPECT_FALSE(info.blas.empty());
  EXPECT_EQ(info.blas_is_reference, info.blas == "reference BLAS");
}

}  // namespace
}  // namespace reelswap
