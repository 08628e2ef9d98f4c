#include "face/align.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <memory>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

namespace reelswap {
namespace {

constexpr int kFirstInner = 17;  // landmarks 0..16 are the jaw
constexpr int kSharpnessSide = 128;
constexpr int kFilterMargin = 3;  // px that a cubic filter reads beyond the crop's corners

void RequireGeometry(const CropGeometry& g) {
  if (g.size < 1 || !(g.coverage > 0) || !std::isfinite(g.coverage) || !std::isfinite(g.shift_y)) {
    throw std::invalid_argument("a crop needs a size of at least 1 px and a coverage above 0");
  }
}

/// Unit square -> crop px: scale, then offsets for x and y.
cv::Vec3d CropFromUnit(const CropGeometry& g) {
  const double scale = g.size / static_cast<double>(g.coverage);
  return {scale, 0.5 * g.size - 0.5 * scale, 0.5 * g.size - (0.5 + g.shift_y) * scale};
}

/// The part of the frame a crop reads, clipped; never empty, so that a face outside gets the border's pixels.
cv::Rect NeededRegion(const cv::Matx23f& face_from_frame, int size, cv::Size frame, int margin) {
  cv::Matx23d frame_from_face;
  cv::invertAffineTransform(cv::Matx23d(face_from_frame), frame_from_face);
  double left = 1e30, top = 1e30, right = -1e30, bottom = -1e30;
  for (const cv::Point2d corner : {cv::Point2d(0, 0), {size - 1.0, 0}, {0, size - 1.0}, {size - 1.0, size - 1.0}}) {
    const auto& m = frame_from_face;
    const double x = m(0, 0) * corner.x + m(0, 1) * corner.y + m(0, 2);
    const double y = m(1, 0) * corner.x + m(1, 1) * corner.y + m(1, 2);
    left = std::min(left, x), right = std::max(right, x), top = std::min(top, y), bottom = std::max(bottom, y);
  }
  const auto inside = [](double v, int count) { return static_cast<int>(std::clamp(v, 0.0, count - 1.0)); };
  const cv::Point first(inside(std::floor(left) - margin, frame.width), inside(std::floor(top) - margin, frame.height));
  const cv::Point last(inside(std::ceil(right) + margin, frame.width), inside(std::ceil(bottom) + margin, frame.height));
  return {first, last + cv::Point(1, 1)};
}

/// A region of a picture as BGR at `reduced` size (at most the region's own), every px averaged where it is smaller.
using RegionReader = std::function<cv::Mat(const cv::Rect& region, cv::Size reduced)>;

cv::Mat Reduced(const cv::Mat& bgr, cv::Size reduced) {
  if (bgr.size() == reduced) return bgr;
  cv::Mat small;
  cv::resize(bgr, small, reduced, 0, 0, cv::INTER_AREA);
  return small;
}

/// Planes are averaged before they become BGR: the way from Y'CbCr is linear, so that the order does not matter, and
/// there is far less to convert. Display-mapped formats are not linear.
cv::Mat ReadReduced(const Frame& frame, const cv::Rect& region, cv::Size reduced) {
  const FrameFormat& format = frame.format();
  const bool linear = format.transfer == Transfer::kSdr && !format.wide_gamut;
  if (region.size() == reduced || !linear) return Reduced(frame.Bgr(region), reduced);
  FrameFormat small = format;
  small.width = reduced.width, small.height = reduced.height;
  small.chroma_shift_x = small.chroma_shift_y = 0;
  const auto planes = std::make_shared<std::array<cv::Mat, 3>>();
  FramePlanes view;
  for (int p = 0; p < format.PlaneCount(); ++p) {
    const int sx = p == 0 ? 0 : format.chroma_shift_x, sy = p == 0 ? 0 : format.chroma_shift_y;
    const cv::Point first(region.x >> sx, region.y >> sy);
    const cv::Point last((region.br().x + (1 << sx) - 1) >> sx, (region.br().y + (1 << sy) - 1) >> sy);
    const bool shrinks = last.x - first.x >= reduced.width && last.y - first.y >= reduced.height;
    cv::resize(frame.Plane(p)(cv::Rect(first, last)), (*planes)[p], reduced, 0, 0,
               shrinks ? cv::INTER_AREA : cv::INTER_LINEAR);
    view.data[p] = (*planes)[p].data;
    view.stride_bytes[p] = static_cast<int>((*planes)[p].step);
  }
  view.owner = planes;
  return Frame(small, view, frame.index(), frame.pts()).Bgr();
}

/// Cuts the crop from `region` of the picture.
cv::Mat CutCrop(const RegionReader& read, const cv::Rect& region, const cv::Matx23f& face_from_frame, int size,
                double scale) {
  cv::Size reduced = region.size();
  if (scale < 0.5) {
    // A bilinear tap reads two px: below half size it would skip some, so every px is averaged first.
    reduced = {std::max(1, cvRound(region.width * scale)), std::max(1, cvRound(region.height * scale))};
  }
  const cv::Mat source = read(region, reduced);
  const cv::Point2d per_px(static_cast<double>(region.width) / reduced.width,
                           static_cast<double>(region.height) / reduced.height);
  // frame px = (source px + 0.5) * per_px - 0.5 + region's corner: indices name px centres.
  const cv::Point2d shift(0.5 * per_px.x - 0.5 + region.x, 0.5 * per_px.y - 0.5 + region.y);
  const auto& m = face_from_frame;
  cv::Matx23d crop_from_source;
  for (int row = 0; row < 2; ++row) {
    crop_from_source(row, 0) = m(row, 0) * per_px.x;
    crop_from_source(row, 1) = m(row, 1) * per_px.y;
    crop_from_source(row, 2) = m(row, 0) * shift.x + m(row, 1) * shift.y + m(row, 2);
  }
  cv::Mat crop;
  cv::warpAffine(source, crop, crop_from_source, {size, size}, scale > 1 ? cv::INTER_CUBIC : cv::INTER_LINEAR,
                 cv::BORDER_REPLICATE);
  return crop;
}

AlignedFace Cut(cv::Size frame, const DetectedFace& face, const CropGeometry& geometry,
                const RegionReader& read) {
  AlignedFace aligned;
  aligned.face = face;
  aligned.face_from_frame = FaceFromFrame(face.landmarks, geometry);
  const double scale = std::hypot(aligned.face_from_frame(0, 0), aligned.face_from_frame(1, 0));
  const int margin = kFilterMargin + (scale < 0.5 ? static_cast<int>(std::min(2 / scale, 1000.0)) : 0);
  const cv::Rect region = NeededRegion(aligned.face_from_frame, geometry.size, frame, margin);
  aligned.image = CutCrop(read, region, aligned.face_from_frame, geometry.size, scale);
  return aligned;
}

AlignedFace Align(cv::Size frame, const DetectedFace& face, const CropGeometry& geometry,
                  const RegionReader& read) {
  AlignedFace aligned = Cut(frame, face, geometry, read);
  aligned.pose = EstimatePose(face.landmarks, frame);
  aligned.sharpness = MeasureSharpness(aligned.image, geometry);
  return aligned;
}

}  // namespace

cv::Matx23f SimilarityTransform(const std::vector<cv::Point2f>& from, const std::vector<cv::Point2f>& to) {
  if (from.size() < 2 || from.size() != to.size()) {
    throw std::invalid_argument("a similarity needs two equally long lists of at least 2 points");
  }
  cv::Point2d from_mean, to_mean;
  for (size_t i = 0; i < from.size(); ++i) from_mean += cv::Point2d(from[i]), to_mean += cv::Point2d(to[i]);
  from_mean *= 1.0 / from.size();
  to_mean *= 1.0 / to.size();
  // In the plane Umeyama's solution without reflection is the complex number that minimises |a * from - to|.
  double along = 0, across = 0, spread = 0;
  for (size_t i = 0; i < from.size(); ++i) {
    const cv::Point2d f = cv::Point2d(from[i]) - from_mean, t = cv::Point2d(to[i]) - to_mean;
    along += f.dot(t);
    across += f.cross(t);
    spread += f.dot(f);
  }
  if (!(spread > 0)) throw std::invalid_argument("a similarity needs points that do not all coincide");
  const double a = along / spread, b = across / spread;
  return {static_cast<float>(a), static_cast<float>(-b), static_cast<float>(to_mean.x - a * from_mean.x + b * from_mean.y),
          static_cast<float>(b), static_cast<float>(a), static_cast<float>(to_mean.y - b * from_mean.x - a * from_mean.y)};
}

cv::Matx23f FaceFromFrame(const Landmarks& landmarks, const CropGeometry& geometry) {
  RequireGeometry(geometry);
  const auto unit = CropFromUnit(geometry);
  std::vector<cv::Point2f> target;
  for (const auto& p : MeanFace()) {
    target.emplace_back(static_cast<float>(unit[0] * p.x + unit[1]), static_cast<float>(unit[0] * p.y + unit[2]));
  }
  return SimilarityTransform({landmarks.begin() + kFirstInner, landmarks.end()}, target);
}

cv::Matx23f CropFromCrop(const CropGeometry& from, const CropGeometry& to) {
  RequireGeometry(from);
  RequireGeometry(to);
  const auto f = CropFromUnit(from), t = CropFromUnit(to);
  const double scale = t[0] / f[0];
  return {static_cast<float>(scale), 0, static_cast<float>(t[1] - scale * f[1]),
          0, static_cast<float>(scale), static_cast<float>(t[2] - scale * f[2])};
}

AlignedFace AlignFace(const Frame& frame, const DetectedFace& face, const CropGeometry& geometry) {
  if (frame.empty()) throw std::invalid_argument("AlignFace needs a frame");
  return Align(frame.size(), face, geometry, [&](const cv::Rect& region, cv::Size reduced) { return ReadReduced(frame, region, reduced); });
}

AlignedFace CutFace(const Frame& frame, const DetectedFace& face, const CropGeometry& geometry) {
  if (frame.empty()) throw std::invalid_argument("CutFace needs a frame");
  return Cut(frame.size(), face, geometry, [&](const cv::Rect& region, cv::Size reduced) { return ReadReduced(frame, region, reduced); });
}

AlignedFace AlignFace(const cv::Mat& bgr, const DetectedFace& face, const CropGeometry& geometry) {
  if (bgr.empty() || bgr.type() != CV_8UC3) throw std::invalid_argument("AlignFace needs a CV_8UC3 picture");
  return Align(bgr.size(), face, geometry, [&](const cv::Rect& region, cv::Size reduced) { return Reduced(bgr(region), reduced); });
}

float MeasureSharpness(const cv::Mat& crop_bgr, const CropGeometry& geometry) {
  RequireGeometry(geometry);
  if (crop_bgr.type() != CV_8UC3 || crop_bgr.cols != geometry.size || crop_bgr.rows != geometry.size) {
    throw std::invalid_argument("MeasureSharpness needs a CV_8UC3 crop of the geometry's size");
  }
  // The mean-face square inside the crop: brows to lower lip, so neither hair nor background counts.
  const auto unit = CropFromUnit(geometry);
  const cv::Rect square = cv::Rect(cvRound(unit[1]), cvRound(unit[2]), cvRound(unit[0]), cvRound(unit[0])) &
                          cv::Rect({}, crop_bgr.size());
  if (square.empty()) throw std::invalid_argument("the crop's geometry leaves the face outside");
  cv::Mat gray, small, laplacian;
  cv::cvtColor(crop_bgr(square), gray, cv::COLOR_BGR2GRAY);
  cv::resize(gray, small, {kSharpnessSide, kSharpnessSide}, 0, 0,
             square.width > kSharpnessSide ? cv::INTER_AREA : cv::INTER_LINEAR);
  cv::Laplacian(small, laplacian, CV_32F);
  cv::Scalar mean, deviation;
  cv::meanStdDev(laplacian, mean, deviation);
  return static_cast<float>(deviation[0] * deviation[0]);
}

}  // namespace reelswap
