#include "face/face_detector.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "core/error.h"
#include "face/box_overlap.h"
#include "face/hog_search.h"
#include "face/landmark_finder.h"
#include "face/scaled_region.h"

namespace reelswap {
namespace {

constexpr double kHogWindow = 80;        // px: the smallest face HOG answers to
constexpr double kMostEnlargement = 2;   // beyond, interpolated pixels bring no faces and cost four times the work
constexpr double kNearFace = 100;        // px of a face in a region search: may shrink by a fifth and still be seen
constexpr int kNearLevels = 4;           // of 5/6: the face may also grow by a third in one frame
constexpr float kNearThreshold = -0.4f;  // added near a known place, where false alarms are rare
constexpr float kDuplicateOverlap = 0.5f;
constexpr const char* kInstalledWeights = "/usr/share/dlib/shape_predictor_68_face_landmarks.dat";

std::string NamedWeights() {
  const char* named = std::getenv("REELSWAP_LANDMARKS");
  return named != nullptr && *named != '\0' ? named : kInstalledWeights;
}

std::string RequireWeights() {
  std::string path = LandmarkWeightsPath();
  if (!path.empty()) return path;
  throw Error(ErrorKind::kMissingTool,
              fmt::format("the landmark weights {} are not there: install the package libdlib-data (apt-get install "
                          "libdlib-data), or name another file in REELSWAP_LANDMARKS", NamedWeights()));
}

void RequireLuma(const cv::Mat& luma) {
  if (luma.empty() || luma.type() != CV_8UC1) throw std::invalid_argument("luma must be CV_8UC1 and not empty");
}

/// Of boxes that overlap by more than half only the one with the best score stays.
std::vector<DetectedFace> WithoutDuplicates(const std::vector<HogHit>& hits, const ScaledRegion& region) {
  std::vector<DetectedFace> faces;
  for (const auto& hit : hits) faces.push_back({region.ToPicture(hit.box), hit.score, {}});
  std::stable_sort(faces.begin(), faces.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  std::vector<DetectedFace> kept;
  for (const auto& face : faces) {
    const bool known = std::any_of(kept.begin(), kept.end(),
                                   [&](const auto& k) { return BoxOverlap(k.box, face.box) > kDuplicateOverlap; });
    if (!known) kept.push_back(face);
  }
  return kept;
}

/// Landmarks can be fitted in the box.
bool Fits(const cv::Rect2f& box, cv::Size picture) {
  return box.width >= 1 && box.height >= 1 && !GrownRegion(box, 0, picture).empty();
}

}  // namespace

struct FaceDetector::Impl {
  DetectorOptions options;
  std::shared_ptr<const LandmarkFinder> finder;
  HogSearch whole;
  HogSearch near{kNearLevels};

  Landmarks FindLandmarks(const cv::Mat& luma, const cv::Rect2f& box) const {
    const auto view = LandmarkView(luma, box);
    Landmarks points = finder->Find(view.image, view.FromPicture(box));
    for (auto& p : points) p = view.ToPicture(p);
    return points;
  }
};

FaceDetector::FaceDetector(const DetectorOptions& options) {
  if (options.min_size < 0) throw std::invalid_argument("DetectorOptions.min_size must be 0 (auto) or a size in px");
  impl_.reset(new Impl{options, LandmarkFinder::Load(RequireWeights()), HogSearch()});
}
FaceDetector::~FaceDetector() = default;
FaceDetector::FaceDetector(FaceDetector&&) noexcept = default;
FaceDetector& FaceDetector::operator=(FaceDetector&&) noexcept = default;

std::vector<DetectedFace> FaceDetector::Detect(const cv::Mat& luma) {
  RequireLuma(luma);
  return DetectIn(luma, cv::Rect({}, luma.size()));
}

std::vector<DetectedFace> FaceDetector::DetectIn(const cv::Mat& luma, const cv::Rect& part) {
  RequireLuma(luma);
  if (part.empty() || (part & cv::Rect({}, luma.size())) != part) throw std::invalid_argument("a part to search must lie inside the picture");
  const int min_size = impl_->options.min_size > 0 ? impl_->options.min_size : std::max(48, luma.rows / 10);
  const auto scaled = Scale(luma, part, std::min(kMostEnlargement, kHogWindow / min_size));
  auto faces = WithoutDuplicates(impl_->whole.Search(scaled.image, impl_->options.threshold), scaled);
  std::erase_if(faces, [&](const auto& f) { return !Fits(f.box, luma.size()); });
  for (auto& face : faces) face.landmarks = impl_->FindLandmarks(luma, face.box);
  std::stable_sort(faces.begin(), faces.end(), [](const auto& a, const auto& b) { return a.box.area() > b.box.area(); });
  return faces;
}

std::vector<DetectedFace> FaceDetector::DetectNear(const cv::Mat& luma, const cv::Rect2f& last) {
  RequireLuma(luma);
  if (last.width < 1 || last.height < 1) throw std::invalid_argument("the last place of a face must have an area");
  const cv::Rect region = GrownRegion(last, 0.5f, luma.size());
  if (region.empty()) return {};
  const auto scaled = Scale(luma, region, kNearFace / std::max(last.width, last.height));
  auto faces = WithoutDuplicates(impl_->near.Search(scaled.image, impl_->options.threshold + kNearThreshold), scaled);
  std::erase_if(faces, [&](const auto& f) { return !Fits(f.box, luma.size()); });
  for (auto& face : faces) face.landmarks = impl_->FindLandmarks(luma, face.box);
  std::stable_sort(faces.begin(), faces.end(), [&](const auto& a, const auto& b) {
    return BoxOverlap(a.box, last) > BoxOverlap(b.box, last);
  });
  return faces;
}

Landmarks FaceDetector::FindLandmarks(const cv::Mat& luma, const cv::Rect2f& box) const {
  RequireLuma(luma);
  return impl_->FindLandmarks(luma, box);
}

std::string LandmarkWeightsPath() {
  std::error_code missing;
  const std::string path = NamedWeights();
  return std::filesystem::is_regular_file(path, missing) ? path : std::string();
}

}  // namespace reelswap
