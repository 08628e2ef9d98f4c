#include "compose/label.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

namespace reelswap {
namespace {

constexpr int kFont = cv::FONT_HERSHEY_DUPLEX;
constexpr int kSupersampling = 4;       // letters are drawn this much larger, then averaged down
constexpr double kLetterHeight = 0.72;  // a capital's share of the line's height
constexpr double kPlateOpacity = 0.6;   // of the label's opacity
constexpr double kSmallestLine = 8;     // px; smaller letters cannot be read in any video
constexpr uchar kWhite = 245, kDim = 24;

// One '?' per character that the font lacks (not per byte of its UTF-8 sequence).
std::string Printable(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == '\n' || byte == '\t' || byte == '\r') {
      out += ' ';
    } else if (byte >= 32 && byte < 127) {
      out += c;
    } else if ((byte & 0xC0) != 0x80) {
      out += '?';
    }
  }
  return out;
}

int Even(double value) { return std::max(0, static_cast<int>(std::lround(value / 2)) * 2); }
int EvenDown(int value) { return std::max(0, value) & ~1; }

// Where things lie in a plate with lines of this height.
struct Layout {
  double line = 0;   // px
  double scale = 0;  // of the font, without supersampling
  double pad_x = 0, pad_y = 0;
  int thickness = 1;  // of the supersampled stroke, px
};

Layout LayoutFor(double line) {
  Layout layout;
  layout.line = line;
  // Duplex capitals are 22 px high at scale 1.
  layout.scale = line * kLetterHeight / 22.0;
  layout.thickness = std::max(1, static_cast<int>(std::lround(line * kSupersampling / 13.0)));
  layout.pad_x = 0.45 * line;
  layout.pad_y = 0.22 * line;
  return layout;
}

double TextWidth(const std::string& text, const Layout& layout) {
  int baseline = 0;
  const cv::Size size =
      cv::getTextSize(text, kFont, layout.scale * kSupersampling, layout.thickness, &baseline);
  return static_cast<double>(size.width) / kSupersampling;
}

double PlateWidth(const std::string& text, const Layout& layout) {
  return TextWidth(text, layout) + 2 * layout.pad_x;
}

// Cuts the text until its plate is no wider than this; empty when not even a letter fits.
std::string CutTo(const std::string& text, const Layout& layout, double width) {
  if (PlateWidth(text, layout) <= width) return text;
  for (size_t kept = std::min<size_t>(text.size(), 2048); kept > 0; --kept) {
    const std::string cut = text.substr(0, kept) + "...";
    if (PlateWidth(cut, layout) <= width) return cut;
  }
  const std::string letter = text.substr(0, 1);
  return PlateWidth(letter, layout) <= width ? letter : std::string();
}

// Coverage of the letters (CV_8UC1) on a plate of this size.
cv::Mat Letters(const std::string& text, const Layout& layout, cv::Size plate) {
  cv::Mat large(plate * kSupersampling, CV_8UC1, cv::Scalar(0));
  const double capital = layout.line * kLetterHeight;
  const double top = (plate.height - capital) / 2;
  const double left = (plate.width - TextWidth(text, layout)) / 2;
  const cv::Point origin(static_cast<int>(std::lround(left * kSupersampling)),
                         static_cast<int>(std::lround((top + capital) * kSupersampling)));
  cv::putText(large, text, origin, kFont, layout.scale * kSupersampling, cv::Scalar(255), layout.thickness,
              cv::LINE_AA);
  cv::Mat letters;
  cv::resize(large, letters, plate, 0, 0, cv::INTER_AREA);
  return letters;
}

cv::Point CornerOf(cv::Size frame, cv::Size plate, Corner corner, int margin) {
  const int far_x = EvenDown(frame.width - plate.width - margin);
  const int far_y = EvenDown(frame.height - plate.height - margin);
  const bool right = corner == Corner::kTopRight || corner == Corner::kBottomRight;
  const bool bottom = corner == Corner::kBottomLeft || corner == Corner::kBottomRight;
  return {right ? far_x : std::min(margin, far_x), bottom ? far_y : std::min(margin, far_y)};
}

// White letters over a dim plate, as one picture with one mask.
void Fill(TextPatch& patch, const cv::Mat& letters, float opacity) {
  patch.bgr.create(letters.size(), CV_8UC3);
  patch.mask.create(letters.size(), CV_8UC1);
  for (int y = 0; y < letters.rows; ++y) {
    for (int x = 0; x < letters.cols; ++x) {
      const double letter = letters.at<uchar>(y, x) / 255.0;
      const double covered = letter + (1 - letter) * kPlateOpacity;
      const double level = (letter * kWhite + (1 - letter) * kPlateOpacity * kDim) / covered;
      patch.bgr.at<cv::Vec3b>(y, x) = cv::Vec3b::all(cv::saturate_cast<uchar>(level));
      patch.mask.at<uchar>(y, x) = cv::saturate_cast<uchar>(255 * covered * opacity);
    }
  }
}

}  // namespace

TextPatch RenderLabel(const std::string& text, cv::Size frame_size, Corner corner, float opacity) {
  if (!(opacity > 0 && opacity <= 1)) {
    throw std::invalid_argument(fmt::format("label opacity {}: above 0 and at most 1 expected", opacity));
  }
  std::string printable = Printable(text);
  if (printable.find_first_not_of(' ') == std::string::npos) return {};
  const int shorter = std::min(frame_size.width, frame_size.height);
  const int margin = Even(shorter / 60.0);
  const double widest = EvenDown(frame_size.width - 2 * margin);

  double line = std::max(10.0, shorter / 28.0);
  if (const double wanted = PlateWidth(printable, LayoutFor(line)); wanted > widest) {
    line = std::max(kSmallestLine, line * widest / wanted * 0.99);  // strokes round up a little
  }
  const Layout layout = LayoutFor(line);
  printable = CutTo(printable, layout, widest);
  if (printable.empty()) return {};

  const cv::Size plate(std::min(Even(PlateWidth(printable, layout) + 1), EvenDown(frame_size.width)),
                       Even(line + 2 * layout.pad_y));
  if (plate.height > frame_size.height) return {};
  TextPatch patch;
  patch.roi = cv::Rect(CornerOf(frame_size, plate, corner, margin), plate);
  Fill(patch, Letters(printable, layout, plate), opacity);
  return patch;
}

void DrawLabel(Frame& frame, const TextPatch& label) {
  if (label.roi.empty()) return;
  // White letters in all the light of an HDR screen would glare.
  const int white = frame.WhiteLevel();
  frame.Paste(label.roi, white == 255 ? label.bgr : cv::Mat(label.bgr * (white / 255.0)), label.mask);
}

void DrawLabel(cv::Mat& bgr, const TextPatch& label) {
  if (label.roi.empty()) return;
  if (bgr.type() != CV_8UC3 || (label.roi & cv::Rect(0, 0, bgr.cols, bgr.rows)) != label.roi) {
    throw std::invalid_argument("DrawLabel: a CV_8UC3 picture that holds the label's region expected");
  }
  cv::Mat below = bgr(label.roi);
  for (int y = 0; y < below.rows; ++y) {
    for (int x = 0; x < below.cols; ++x) {
      const int weight = label.mask.at<uchar>(y, x);
      cv::Vec3b& pixel = below.at<cv::Vec3b>(y, x);
      const cv::Vec3b& over = label.bgr.at<cv::Vec3b>(y, x);
      for (int c = 0; c < 3; ++c) {
        pixel[c] = static_cast<uchar>((over[c] * weight + pixel[c] * (255 - weight) + 127) / 255);
      }
    }
  }
}

}  // namespace reelswap
