#pragma once

#include <filesystem>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "core/photo.h"

namespace reelswap::testing {

inline cv::Mat FacePicture(const std::string& name) {
  return ReadPhoto(std::filesystem::path(REELSWAP_SOURCE_DIR) / "tests/face/data" / name);
}

inline cv::Mat Gray(const cv::Mat& bgr) {
  cv::Mat gray;
  cv::cvtColor(bgr, gray, cv::COLOR_BGR2GRAY);
  return gray;
}

inline const cv::Rect2f kManBox(268, 76, 76, 82);    // by hand, px of one_man.jpg
inline const cv::Rect2f kLeftBox(62, 78, 70, 72);    // by hand, px of two_people.jpg
inline const cv::Rect2f kRightBox(322, 66, 66, 76);  // by hand, px of two_people.jpg

/// A plain wall with the man's head pasted on it. Centre and height are those of his hand-drawn box.
struct Scene {
  cv::Mat luma;
  explicit Scene(cv::Size size, int wall = 170) : luma(size, CV_8UC1, cv::Scalar(wall)) {}

  /// Returns the box the face now has.
  cv::Rect2f AddFace(cv::Point2f centre, float face_height) {
    static const cv::Mat man = Gray(FacePicture("one_man.jpg"));
    const float scale = face_height / kManBox.height;
    const cv::Rect head(226, 40, 160, 140);
    const cv::Point2f man_centre = 0.5f * (kManBox.tl() + kManBox.br());
    cv::Mat resized;
    cv::resize(man(head), resized, {}, scale, scale, scale < 1 ? cv::INTER_AREA : cv::INTER_CUBIC);
    const cv::Point at(cvRound(centre.x - (man_centre.x - head.x) * scale),
                       cvRound(centre.y - (man_centre.y - head.y) * scale));
    const cv::Rect place = cv::Rect(at, resized.size()) & cv::Rect({}, luma.size());
    if (!place.empty()) resized(place - at).copyTo(luma(place));
    const cv::Size2f size(kManBox.width * scale, kManBox.height * scale);
    return {centre - cv::Point2f(size.width / 2, size.height / 2), size};
  }
};

}  // namespace reelswap::testing
