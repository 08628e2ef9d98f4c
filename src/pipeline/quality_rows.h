#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <opencv2/core.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reelswap {

/// One face of one frame, as the quality files hold it; a frame without a swapped face has one row with track -1.
struct QualityRow {
  int64_t frame = 0;
  double seconds = 0;
  int64_t track = -1;
  int direction = 0;
  float x = 0, y = 0, width = 0;  ///< middle and width of the landmarks' box, px
  float opacity = 0;
  bool filled = false, repaired = false, faded = false, flash_repaired = false;
  float seam = 0, enlargement = 0, occluded = 0, flash = 0, yaw = 0, identity = 0;  ///< see FaceQuality
  /// Second differences of the landmarks in time, thousandths of the face's size; negative = not measured.
  float restless_planned = -1, restless_found = -1;
  float badness = 0;
  std::string reason;
};

/// The columns of frames.csv.
std::string_view QualityHeader();
/// One line of frames.csv, with its newline.
std::string FormatRow(const QualityRow& row);
/// nullopt for a line that FormatRow did not write (without its newline).
std::optional<QualityRow> ParseRow(std::string_view line);

/// A frame that is among the worst.
struct WorstFrame {
  int64_t frame = 0;
  double seconds = 0;
  double badness = 0;
  std::string reason;
  cv::Mat picture;    ///< kThumbnail, CV_8UC3; empty while it lies in a file
  int64_t chunk = 0;  ///< whose file holds the picture ...
  int tile = 0;       ///< ... and where in it
};

inline constexpr size_t kWorstFrames = 20;
inline const cv::Size kThumbnail{288, 192};

/// The worst frame of each half second, at most `most` of them. The same frames in the same order give the same list.
class WorstList {
 public:
  explicit WorstList(size_t most = kWorstFrames) : most_(most) {}
  /// Number of the half second.
  static int64_t Moment(double seconds);
  /// Whether Add would take it: lets the caller draw the picture only then.
  bool Wants(double seconds, double badness) const;
  void Add(WorstFrame frame);
  /// Worst first; of equal ones the earlier.
  std::vector<WorstFrame> Sorted() const;
  void Clear() { by_moment_.clear(); }

 private:
  size_t most_;
  std::map<int64_t, WorstFrame> by_moment_;  // half seconds
};

/// At most `count` of them, worst first, chosen so that one kind of fault does not keep all others off the sheet: each
/// frame of a kind weighs 15 % less than the one before it. A kind is a reason up to its first parenthesis.
std::vector<WorstFrame> ChooseVaried(std::vector<WorstFrame> frames, size_t count);

/// What one chunk of a video was like.
struct QualityChunk {
  std::vector<QualityRow> rows;
  std::vector<WorstFrame> worst;   ///< without pictures, `chunk` and `tile` set
};

/// Writes quality_<chunk>.jpg and .csv into the folder, each atomically, the .csv last. Throws Error(kDisk).
void WriteQualityChunk(const std::filesystem::path& folder, int64_t chunk, const std::vector<QualityRow>& rows,
                       const std::vector<WorstFrame>& worst);
/// nullopt when it is missing or damaged. Never throws for that.
std::optional<QualityChunk> ReadQualityChunk(const std::filesystem::path& folder, int64_t chunk);
bool HasQualityChunk(const std::filesystem::path& folder, int64_t chunk);
/// The picture of a frame of ReadQualityChunk; a dark one where the file is missing or damaged.
cv::Mat ReadThumbnail(const std::filesystem::path& folder, const WorstFrame& frame);

}  // namespace reelswap
