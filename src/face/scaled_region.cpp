#include "face/scaled_region.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

namespace reelswap {
namespace {

constexpr double kLandmarkFace = 200;  // px: the network was taught on faces of about this size
constexpr float kLandmarkMargin = 0.4f;

}  // namespace

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

cv::Rect GrownRegion(const cv::Rect2f& box, float share, cv::Size picture) {
  const cv::Rect2f grown(box.x - share * box.width, box.y - share * box.height, box.width * (1 + 2 * share),
                         box.height * (1 + 2 * share));
  return cv::Rect(cv::Point(cvFloor(grown.x), cvFloor(grown.y)), cv::Point(cvCeil(grown.br().x), cvCeil(grown.br().y))) &
         cv::Rect({}, picture);
}

ScaledRegion LandmarkView(const cv::Mat& luma, const cv::Rect2f& box) {
  const cv::Rect region = GrownRegion(box, kLandmarkMargin, luma.size());
  if (region.empty() || box.width < 1 || box.height < 1) {
    throw std::invalid_argument("a face box must have an area and touch the picture");
  }
  return Scale(luma, region, kLandmarkFace / std::max(box.width, box.height));
}

cv::Rect2f UprightView::ToPicture(const cv::Rect2f& r) const {
  const cv::Point2f centre = ToPicture(0.5f * (r.tl() + r.br() - cv::Point2f(1, 1))) + cv::Point2f(0.5f, 0.5f);
  const float scale = std::hypot(picture_from_image(0, 0), picture_from_image(1, 0));
  const cv::Size2f size(r.width * scale, r.height * scale);
  return {centre - cv::Point2f(size.width / 2, size.height / 2), size};
}

UprightView TurnUpright(const cv::Mat& luma, const cv::Rect2f& box, float roll) {
  constexpr float kTurnMargin = 1.0f;  // of the box: the corners of the turned view lie that far out
  const cv::Rect region = GrownRegion(box, kTurnMargin, luma.size());
  if (region.empty() || box.width < 1 || box.height < 1) {
    throw std::invalid_argument("a face box must have an area and touch the picture");
  }
  const float face = static_cast<float>(kLandmarkFace);
  const auto scaled = Scale(luma, region, face / std::max(box.width, box.height));
  const auto place = scaled.FromPicture(box);
  const cv::Point2f centre = 0.5f * (place.tl() + place.br() - cv::Point2f(1, 1));
  const int side = cvRound(face * (1 + 2 * kLandmarkMargin));
  const float middle = 0.5f * (side - 1), c = std::cos(roll), s = std::sin(roll);
  const cv::Matx23f scaled_from_image(c, -s, centre.x - c * middle + s * middle, s, c, centre.y - s * middle - c * middle);
  UprightView view;
  cv::warpAffine(scaled.image, view.image, scaled_from_image, {side, side}, cv::INTER_LINEAR | cv::WARP_INVERSE_MAP,
                 cv::BORDER_CONSTANT, cv::Scalar(0));
  view.box = {middle + 0.5f - place.width / 2, middle + 0.5f - place.height / 2, place.width, place.height};
  const auto corner = scaled.ToPicture(cv::Point2f(scaled_from_image(0, 2), scaled_from_image(1, 2)));
  const float px = static_cast<float>(scaled.per_px.x), py = static_cast<float>(scaled.per_px.y);
  view.picture_from_image = {px * c, -px * s, corner.x, py * s, py * c, corner.y};
  return view;
}

}  // namespace reelswap
