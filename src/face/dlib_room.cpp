#include "face/dlib_room.h"

#include <dlib/image_processing.h>
#include <dlib/image_processing/frontal_face_detector.h>
#include <dlib/opencv/cv_image.h>
#include <dlib/revision.h>
#include <fmt/format.h>

#include <map>
#include <mutex>
#include <stdexcept>

#include "core/error.h"
#include "face/face_detector.h"

namespace reelswap {
namespace {

using Gray = dlib::cv_image<unsigned char>;

void RequireGray(const cv::Mat& gray) {
  if (gray.empty() || gray.type() != CV_8UC1) throw std::invalid_argument("a picture to search must be CV_8UC1 and not empty");
}

cv::Rect2f ToRect(const dlib::drectangle& r) {
  return {static_cast<float>(r.left()), static_cast<float>(r.top()), static_cast<float>(r.width()),
          static_cast<float>(r.height())};
}

dlib::drectangle ToDlib(const cv::Rect2f& r) {  // dlib's right and bottom are inside the rectangle
  return {r.x, r.y, r.x + r.width - 1.0, r.y + r.height - 1.0};
}

FaceFilters UnpackFilters() {
  const auto detector = dlib::get_frontal_face_detector();
  FaceFilters result;
  result.rows = static_cast<int>(detector.get_scanner().get_fhog_window_height());
  result.columns = static_cast<int>(detector.get_scanner().get_fhog_window_width());
  result.most_overlap = detector.get_overlap_tester().get_iou_thresh();
  result.most_cover = detector.get_overlap_tester().get_percent_covered_thresh();
  for (unsigned long i = 0; i < detector.num_detectors(); ++i) {
    const auto& weights = detector.get_w(i);
    const auto bank = detector.get_scanner().build_fhog_filterbank(weights);
    FaceFilters::View view;
    view.threshold = static_cast<float>(weights(weights.size() - 1));
    for (size_t plane = 0; plane < bank.row_filters.size(); ++plane) {
      for (size_t k = 0; k < bank.row_filters[plane].size(); ++k) {
        const auto& row = bank.row_filters[plane][k];
        const auto& column = bank.col_filters[plane][k];
        view.filters.push_back({static_cast<int>(plane), {row.begin(), row.end()}, {column.begin(), column.end()}});
      }
    }
    result.views.push_back(std::move(view));
  }
  return result;
}

}  // namespace

const FaceFilters& FrontalFaceFilters() {
  static const FaceFilters filters = UnpackFilters();
  return filters;
}

struct LandmarkPredictor::Impl {
  dlib::shape_predictor predictor;
};

LandmarkPredictor::LandmarkPredictor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LandmarkPredictor::~LandmarkPredictor() = default;

std::shared_ptr<const LandmarkPredictor> LandmarkPredictor::Load(const std::string& path) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const LandmarkPredictor>> loaded;
  const std::lock_guard lock(mutex);
  auto& slot = loaded[path];
  if (slot) return slot;
  auto impl = std::make_unique<Impl>();
  try {
    dlib::deserialize(path) >> impl->predictor;
  } catch (const std::exception& e) {
    throw Error(ErrorKind::kMissingTool,
                fmt::format("cannot read the landmark weights {}: {} (install the package libdlib-data again, or name "
                            "another file in REELSWAP_LANDMARKS)", path, e.what()));
  }
  if (impl->predictor.num_parts() != kLandmarkCount) {
    throw Error(ErrorKind::kMissingTool,
                fmt::format("the landmark weights {} give {} points, and {} are needed (the package libdlib-data has "
                            "the right ones)", path, impl->predictor.num_parts(), kLandmarkCount));
  }
  slot.reset(new LandmarkPredictor(std::move(impl)));
  return slot;
}

Landmarks LandmarkPredictor::Predict(const cv::Mat& gray, const cv::Rect2f& box) const {
  RequireGray(gray);
  const dlib::rectangle rect = ToDlib(box);
  const auto shape = impl_->predictor(Gray(gray), rect);
  Landmarks points;
  for (int i = 0; i < kLandmarkCount; ++i) {
    points[i] = {static_cast<float>(shape.part(i).x()), static_cast<float>(shape.part(i).y())};
  }
  return points;
}

struct CorrelationFollower::Impl {
  dlib::correlation_tracker tracker;
};

CorrelationFollower::CorrelationFollower(const cv::Mat& gray, const cv::Rect2f& box) : impl_(new Impl) {
  RequireGray(gray);
  impl_->tracker.start_track(Gray(gray), ToDlib(box));
}
CorrelationFollower::~CorrelationFollower() = default;

CorrelationFollower::Step CorrelationFollower::Follow(const cv::Mat& gray, const cv::Rect2f& guess) {
  RequireGray(gray);
  const double certainty = impl_->tracker.update_noscale(Gray(gray), ToDlib(guess));
  return {ToRect(impl_->tracker.get_position()), certainty};
}

std::string DlibVersion() { return fmt::format("{}.{}", DLIB_MAJOR_VERSION, DLIB_MINOR_VERSION); }

}  // namespace reelswap
