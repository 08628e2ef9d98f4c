#include "face/face_detector.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <opencv2/imgproc.hpp>
#include <stdexcept>
#include <string>

#include "core/error.h"
#include "face/box_overlap.h"
#include "face/dlib_room.h"
#include "face/hog_search.h"

namespace reelswap {
namespace {

constexpr double kHogWindow = 80;        // px: the smallest face HOG answers to
constexpr double kMostEnlargement = 2;   // beyond, interpolated pixels bring no faces and cost four times the work
constexpr double kNearFace = 100;        // px of a face in a region search: may shrink by a fifth and still be seen
constexpr int kNearLevels = 4;           // of 5/6: the face may also grow by a third in one frame
constexpr float kNearThreshold = -0.4f;  // added near a known place, where false alarms are rare
constexpr double kLandmarkFace = 200;    // px of a face for the predictor: its points are whole px, so 0.25 % of a face
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

/// Part of a picture at another size, and the way back.
struct ScaledRegion {
  cv::Mat image;
  cv::Point2d origin;    // px of the picture
  cv::Point2d per_px{1, 1};  // picture px per px of image

  // A pixel's index names its centre, so a resize moves indices by half a px on either side.
  cv::Point2f ToPicture(cv::Point2f p) const {
    return {static_cast<float>((p.x + 0.5) * per_px.x - 0.5 + origin.x),
            static_cast<float>((p.y + 0.5) * per_px.y - 0.5 + origin.y)};
  }
  cv::Rect2f ToPicture(const cv::Rect2f& r) const {
    return {static_cast<float>(r.x * per_px.x + origin.x), static_cast<float>(r.y * per_px.y + origin.y),
            static_cast<float>(r.width * per_px.x), static_cast<float>(r.height * per_px.y)};
  }
  cv::Rect2f FromPicture(const cv::Rect2f& r) const {
    return {static_cast<float>((r.x - origin.x) / per_px.x), static_cast<float>((r.y - origin.y) / per_px.y),
            static_cast<float>(r.width / per_px.x), static_cast<float>(r.height / per_px.y)};
  }
};

ScaledRegion Scale(const cv::Mat& luma, const cv::Rect& region, double scale) {
  ScaledRegion result;
  const cv::Size size(std::max(1, static_cast<int>(std::lround(region.width * scale))),
                      std::max(1, static_cast<int>(std::lround(region.height * scale))));
  result.origin = region.tl();
  result.per_px = {static_cast<double>(region.width) / size.width, static_cast<double>(region.height) / size.height};
  // Area averaging where the picture shrinks much; below that bilinear is as good for HOG and four times faster.
  if (size == region.size()) {
    result.image = luma(region);
  } else {
    cv::resize(luma(region), result.image, size, 0, 0, scale < 0.6 ? cv::INTER_AREA : cv::INTER_LINEAR);
  }
  return result;
}

/// `box` grown by `share` of its size on every side, clipped to the picture; may be empty.
cv::Rect GrownRegion(const cv::Rect2f& box, float share, cv::Size picture) {
  const cv::Rect2f grown(box.x - share * box.width, box.y - share * box.height, box.width * (1 + 2 * share),
                         box.height * (1 + 2 * share));
  return cv::Rect(cv::Point(cvFloor(grown.x), cvFloor(grown.y)), cv::Point(cvCeil(grown.br().x), cvCeil(grown.br().y))) &
         cv::Rect({}, picture);
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

}  // namespace

struct FaceDetector::Impl {
  DetectorOptions options;
  std::shared_ptr<const LandmarkPredictor> predictor;
  HogSearch whole;
  HogSearch near{kNearLevels};

  Landmarks FindLandmarks(const cv::Mat& luma, const cv::Rect2f& box) const {
    const cv::Rect region = GrownRegion(box, 0.5f, luma.size());
    if (region.empty() || box.width < 1 || box.height < 1) {
      throw std::invalid_argument("a face box must have an area and touch the picture");
    }
    const auto scaled = Scale(luma, region, kLandmarkFace / std::max(box.width, box.height));
    Landmarks points = predictor->Predict(scaled.image, scaled.FromPicture(box));
    for (auto& p : points) p = scaled.ToPicture(p);
    return points;
  }
};

FaceDetector::FaceDetector(const DetectorOptions& options) {
  if (options.min_size < 0) throw std::invalid_argument("DetectorOptions.min_size must be 0 (auto) or a size in px");
  impl_.reset(new Impl{options, LandmarkPredictor::Load(RequireWeights()), HogSearch()});
}
FaceDetector::~FaceDetector() = default;
FaceDetector::FaceDetector(FaceDetector&&) noexcept = default;
FaceDetector& FaceDetector::operator=(FaceDetector&&) noexcept = default;

std::vector<DetectedFace> FaceDetector::Detect(const cv::Mat& luma) {
  RequireLuma(luma);
  const int min_size = impl_->options.min_size > 0 ? impl_->options.min_size : std::max(48, luma.rows / 10);
  const auto scaled = Scale(luma, cv::Rect({}, luma.size()), std::min(kMostEnlargement, kHogWindow / min_size));
  auto faces = WithoutDuplicates(impl_->whole.Search(scaled.image, impl_->options.threshold), scaled);
  std::erase_if(faces, [&](const auto& f) { return GrownRegion(f.box, 0, luma.size()).empty(); });
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
  std::erase_if(faces, [&](const auto& f) { return GrownRegion(f.box, 0, luma.size()).empty(); });
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
