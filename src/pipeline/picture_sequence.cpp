#include "pipeline/picture_sequence.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <numeric>
#include <optional>

#include "core/error.h"
#include "core/files.h"
#include "core/photo.h"
#include "media/video_writer.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

/// "shot_%05d.png" taken apart.
struct NumberedName {
  std::string before, after;
  size_t digits = 1;  ///< at least

  std::optional<int64_t> NumberOf(const std::string& name) const {
    if (name.size() < before.size() + digits + after.size() || !name.starts_with(before) || !name.ends_with(after)) {
      return std::nullopt;
    }
    const std::string_view number =
        std::string_view(name).substr(before.size(), name.size() - before.size() - after.size());
    int64_t value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    const bool whole = error == std::errc{} && end == number.data() + number.size() && number[0] != '-';
    // printf fills up with zeros to the width, and never beyond.
    const bool canonical = number.size() == digits || number[0] != '0';
    return whole && canonical ? std::optional(value) : std::nullopt;
  }
};

std::optional<NumberedName> TakeApart(const std::string& name) {
  const size_t percent = name.find('%');
  if (percent == std::string::npos) return std::nullopt;
  const size_t letter = name.find_first_not_of("0123456789", percent + 1);
  if (letter == std::string::npos || name[letter] != 'd') return std::nullopt;
  NumberedName numbered{name.substr(0, percent), name.substr(letter + 1)};
  const std::string_view width = std::string_view(name).substr(percent + 1, letter - percent - 1);
  size_t digits = 1;
  if (!width.empty()) std::from_chars(width.data(), width.data() + width.size(), digits);
  numbered.digits = std::clamp<size_t>(digits, 1, 18);
  return numbered;
}

FrameFormat FormatFor(cv::Size size) {
  FrameFormat format;
  format.width = size.width;
  format.height = size.height;
  format.matrix = ColorMatrix::kBt709;
  if (size.width % 2 != 0 || size.height % 2 != 0) format.chroma_shift_x = format.chroma_shift_y = 0;
  return format;
}

WriteOptions LosslessOptions(const FrameFormat& format, double fps) {
  constexpr int kBt709 = 1;  // ITU-T H.273
  WriteOptions options;
  options.video.format = format;
  options.video.frame_rate = SequenceRate(fps);
  options.video.time_base = {options.video.frame_rate.den, options.video.frame_rate.num};
  options.video.color_primaries = options.video.color_transfer = options.video.color_space = kBt709;
  options.encoder.codec = "h264";
  options.encoder.crf = 0;  // lossless; mp4 keeps times exactly, where Matroska rounds to milliseconds
  options.encoder.preset = "ultrafast";
  return options;
}

std::string KeyOf(const std::vector<fs::path>& pictures, double fps, const std::stop_token& stop) {
  std::string all = fmt::format("{}\n", fps);
  for (const fs::path& picture : pictures) {
    if (stop.stop_requested()) throw Error(ErrorKind::kCancelled, "interrupted while pictures were read");
    all += Sha256OfFile(picture) + "\n";
  }
  return Sha256OfBytes(all);
}

cv::Mat ReadSized(const fs::path& path, cv::Size size) {
  cv::Mat bgr = ReadPhoto(path);
  if (size.empty() || bgr.size() == size) return bgr;
  throw Error(ErrorKind::kMedia,
              fmt::format("{} has {} x {} px, the first picture of the sequence {} x {}: a video has one size (take it "
                          "out, or convert the folder as pictures, without fps)",
                          path.string(), bgr.cols, bgr.rows, size.width, size.height));
}

}  // namespace

std::vector<fs::path> SequencePictures(const std::string& location) {
  const fs::path path(location);
  std::error_code ignored;
  std::vector<fs::path> pictures;
  if (fs::is_directory(path, ignored)) {
    pictures = ListPhotos(path);
  } else if (const auto numbered = TakeApart(path.filename().string())) {
    std::vector<std::pair<int64_t, fs::path>> by_number;
    for (const fs::path& file : ListPhotos(path.parent_path())) {
      if (const auto number = numbered->NumberOf(file.filename().string())) by_number.emplace_back(*number, file);
    }
    std::sort(by_number.begin(), by_number.end());
    for (auto& [number, file] : by_number) pictures.push_back(std::move(file));
  }
  if (pictures.empty()) {
    throw Error(ErrorKind::kMedia, fmt::format("no picture belongs to the sequence {} (write the folder, or the name "
                                               "with %05d for a number of five digits)", location));
  }
  return pictures;
}

Rational SequenceRate(double fps) {
  constexpr double kNear = 0.005;
  for (const int whole : {24, 30, 48, 60, 120}) {
    if (std::abs(fps - whole * 1000 / 1001.0) < kNear && std::abs(fps - whole) > kNear) return {whole * 1000, 1001};
  }
  const int num = std::max(1, static_cast<int>(std::lround(fps * 1000))), common = std::gcd(num, 1000);
  return {num / common, 1000 / common};
}

SequenceVideo SequenceAsVideo(const std::vector<fs::path>& pictures, double fps, const fs::path& folder,
                              const std::string& name, ProgressSink& progress, std::stop_token stop) {
  if (pictures.empty()) throw Error(ErrorKind::kMedia, "a sequence without pictures");
  SequenceVideo video;
  video.sha256 = KeyOf(pictures, fps, stop);
  video.path = folder / fmt::format("sequence_{}.mp4", video.sha256.substr(0, 16));
  std::error_code ignored;
  if (fs::exists(video.path, ignored)) return video;
  fs::create_directories(folder, ignored);  // the writer says what is wrong
  const cv::Mat first = ReadSized(pictures[0], {});
  const FrameFormat format = FormatFor(first.size());
  VideoWriter writer(video.path, LosslessOptions(format, fps));
  for (size_t i = 0; i < pictures.size(); ++i) {
    if (stop.stop_requested()) throw Error(ErrorKind::kCancelled, "interrupted while pictures were read");
    const auto number = static_cast<int64_t>(i);
    writer.Write(Frame::FromBgr(i == 0 ? first : ReadSized(pictures[i], first.size()), format, number, number));
    progress.Report({"convert", name, ProgressEvent::State::kRunning, static_cast<double>(i + 1),
                     static_cast<double>(pictures.size()), "pictures", ""});
  }
  writer.Commit();
  return video;
}

}  // namespace reelswap
