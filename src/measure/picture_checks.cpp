#include "measure/picture_checks.h"

#include <fmt/format.h>

#include <opencv2/imgproc.hpp>
#include <stdexcept>

namespace reelswap {

void RequirePicture(const cv::Mat& picture, cv::Size size, const char* name) {
  if (picture.empty() || picture.type() != CV_8UC3 || picture.size() != size) {
    throw std::invalid_argument(
        fmt::format("{} must be an 8-bit BGR picture of {}x{} px, not {}x{} of type {}", name, size.width,
                    size.height, picture.cols, picture.rows, picture.type()));
  }
}

void RequireMask(const cv::Mat& mask, cv::Size size) {
  if (mask.type() != CV_8UC1 || mask.size() != size) {
    throw std::invalid_argument(fmt::format("the mask must be 8-bit gray of {}x{} px, not {}x{} of type {}",
                                            size.width, size.height, mask.cols, mask.rows, mask.type()));
  }
  if (cv::countNonZero(mask) == 0)
    throw std::invalid_argument("the mask counts no pixel: no face to measure");
}

cv::Rect RegionOf(const cv::Mat& mask, int margin) {
  cv::Rect region = cv::boundingRect(mask);
  region -= cv::Point(margin, margin);
  region += cv::Size(2 * margin, 2 * margin);
  return region & cv::Rect({}, mask.size());
}

}  // namespace reelswap
