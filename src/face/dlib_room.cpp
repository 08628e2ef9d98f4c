#include "face/dlib_room.h"

#include <dlib/image_processing.h>
#include <dlib/image_processing/frontal_face_detector.h>
#include <dlib/opencv/cv_image.h>
#include <dlib/revision.h>
#include <fmt/format.h>

#include <bit>
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

LandmarkCascade::Level UnpackLevel(const std::vector<dlib::impl::regression_tree>& forest,
                                   const std::vector<unsigned long>& anchors,
                                   const std::vector<dlib::vector<float, 2>>& offsets) {
  LandmarkCascade::Level level;
  level.anchors.assign(anchors.begin(), anchors.end());
  for (const auto& offset : offsets) level.offsets.emplace_back(offset.x(), offset.y());
  size_t numbers = 0;
  for (const auto& tree : forest) {
    for (const auto& leaf : tree.leaf_values) numbers += leaf.size();
  }
  level.leaves.reserve(numbers);
  for (const auto& tree : forest) {
    for (const auto& split : tree.splits) {
      level.splits.push_back({static_cast<uint16_t>(split.idx1), static_cast<uint16_t>(split.idx2), split.thresh});
    }
    for (const auto& leaf : tree.leaf_values) level.leaves.insert(level.leaves.end(), leaf.begin(), leaf.end());
  }
  return level;
}

}  // namespace

const FaceFilters& FrontalFaceFilters() {
  static const FaceFilters filters = UnpackFilters();
  return filters;
}

LandmarkCascade ReadLandmarkCascade(const std::string& path) {
  // What dlib::shape_predictor writes, read part by part, since it does not show its trees.
  int version = 0;
  dlib::matrix<float, 0, 1> mean;
  std::vector<std::vector<dlib::impl::regression_tree>> forests;
  std::vector<std::vector<unsigned long>> anchors;
  std::vector<std::vector<dlib::vector<float, 2>>> offsets;
  try {
    dlib::deserialize(path) >> version >> mean >> forests >> anchors >> offsets;
    if (version != 1) throw std::runtime_error(fmt::format("version {} of the format is unknown", version));
    if (forests.size() != anchors.size() || forests.size() != offsets.size()) throw std::runtime_error("it is damaged");
  } catch (const std::exception& e) {
    throw Error(ErrorKind::kMissingTool,
                fmt::format("cannot read the landmark weights {}: {} (install the package libdlib-data again, or name "
                            "another file in REELSWAP_LANDMARKS)", path, e.what()));
  }
  if (mean.size() != 2 * kLandmarkCount) {
    throw Error(ErrorKind::kMissingTool,
                fmt::format("the landmark weights {} give {} points, and {} are needed (the package libdlib-data has "
                            "the right ones)", path, mean.size() / 2, kLandmarkCount));
  }
  LandmarkCascade cascade;
  for (int i = 0; i < kLandmarkCount; ++i) cascade.mean_shape.emplace_back(mean(2 * i), mean(2 * i + 1));
  for (size_t i = 0; i < forests.size(); ++i) {
    cascade.levels.push_back(UnpackLevel(forests[i], anchors[i], offsets[i]));
    if (cascade.depth == 0 && !forests[i].empty()) cascade.depth = std::bit_width(forests[i].front().num_leaves()) - 1;
    forests[i] = {};  // 65 MB in small pieces
  }
  return cascade;
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
