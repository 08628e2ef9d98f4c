#include "testing/drawn_faces.h"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

namespace reelswap::testing {

cv::Mat DrawFace(int person, int number, int size) {
  const double s = size / 256.0;
  const int light = (number * 37) % 40 - 20;
  const cv::Scalar background = person == 0 ? cv::Scalar(90, 70, 50) : cv::Scalar(60, 90, 60);
  const cv::Scalar skin = person == 0 ? cv::Scalar(150 + light, 180 + light, 225 + light)
                                      : cv::Scalar(60 + light, 90 + light, 140 + light);
  cv::Mat face(size, size, CV_8UC3, background);
  const auto at = [&](double x, double y) { return cv::Point(cvRound(x * s), cvRound(y * s)); };
  const double look = (number % 7 - 3) * 2.0, open = number % 5 * 3.0;
  const int width = person == 0 ? 70 : 85;
  cv::ellipse(face, at(128, 138), cv::Size(cvRound(width * s), cvRound(95 * s)), 0, 0, 360, skin, -1,
              cv::LINE_AA);
  for (const double x : {98.0, 158.0}) {
    cv::ellipse(face, at(x, 112), cv::Size(cvRound(15 * s), cvRound(9 * s)), 0, 0, 360, {245, 245, 245}, -1,
                cv::LINE_AA);
    cv::circle(face, at(x + look, 112), cvRound(6 * s), {40, 30, 20}, -1, cv::LINE_AA);
    cv::line(face, at(x - 18, 92), at(x + 18, 92), {30, 30, 30}, cvRound((person == 0 ? 3 : 7) * s),
             cv::LINE_AA);
  }
  cv::ellipse(face, at(128, 188), cv::Size(cvRound(28 * s), cvRound((5 + open) * s)), 0, 0, 360,
              person == 0 ? cv::Scalar(90, 80, 200) : cv::Scalar(50, 40, 120), -1, cv::LINE_AA);
  return face;
}

std::filesystem::path WritePlainPicture(const std::filesystem::path& path, const cv::Mat& bgr) {
  if (!cv::imwrite(path.string(), bgr)) throw std::runtime_error("cannot write " + path.string());
  return path;
}

std::vector<std::filesystem::path> WriteDrawnFaces(const std::filesystem::path& folder, int person, int count,
                                                   int size) {
  std::filesystem::create_directories(folder);
  std::vector<std::filesystem::path> paths;
  for (int i = 0; i < count; ++i) {
    const std::string number = std::to_string(1000 + i).substr(1);
    paths.push_back(WritePlainPicture(folder / ("face_" + number + ".png"), DrawFace(person, i, size)));
  }
  return paths;
}

}  // namespace reelswap::testing
