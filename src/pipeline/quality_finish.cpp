// What the chunks' quality files say together.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/photo.h"
#include "pipeline/landmark_motion.h"
#include "pipeline/quality_book.h"
#include "pipeline/quality_chart.h"
#include "pipeline/quality_sheet.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;

constexpr float kNotSwapped = 0.05f;     // opacity, see PlanTally::unswapped
constexpr float kOccluded = 0.05f;       // share of a face from which it counts as occluded
constexpr size_t kCandidates = 240;      // for the sheet: enough that rarer faults are among them
constexpr double kPercent = 100;

/// The median of any number of values in bounded memory, to 0.01.
class Median {
 public:
  void Add(double value) {
    const double at = std::clamp(value / kStep, 0.0, static_cast<double>(counts_.size() - 1));
    ++counts_[static_cast<size_t>(at)];
    ++total_;
  }
  double Value() const {
    int64_t seen = 0;
    for (size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (2 * seen >= total_ && total_ > 0) return (static_cast<double>(i) + 0.5) * kStep;
    }
    return 0;
  }

 private:
  static constexpr double kStep = 0.01;  // levels
  std::vector<int64_t> counts_ = std::vector<int64_t>(25501);
  int64_t total_ = 0;
};

/// Fills restless_found of a chunk's rows. Which of a frame's faces a row speaks of is told by its place, since tracks
/// may have been joined in between.
class FoundMotion {
 public:
  FoundMotion(const FramesAsFound& found, const std::vector<QualityRow>& rows) {
    if (!found || rows.empty()) return;
    found(rows.front().frame, rows.back().frame + 1,
          [&](const AnalysedFrame& frame) { frames_[frame.number] = frame.faces; });
  }

  float At(const QualityRow& row) const {
    if (row.track < 0 || row.restless_planned < 0) return -1;
    const TrackedFace* now = Face(row.frame, {row.x, row.y}, row.width, nullptr);
    if (now == nullptr) return -1;
    const TrackedFace* before = Face(row.frame - 1, {row.x, row.y}, row.width, now);
    const TrackedFace* after = Face(row.frame + 1, {row.x, row.y}, row.width, now);
    if (before == nullptr || after == nullptr) return -1;
    return Restlessness(before->face.landmarks, now->face.landmarks, after->face.landmarks);
  }

 private:
  /// The face whose middle is nearest, at most half a face away; of the same track as `like`.
  const TrackedFace* Face(int64_t number, cv::Point2f middle, float width, const TrackedFace* like) const {
    const auto frame = frames_.find(number);
    if (frame == frames_.end()) return nullptr;
    const TrackedFace* nearest = nullptr;
    double least = width / 2;
    for (const TrackedFace& face : frame->second) {
      if (like != nullptr && face.track != like->track) continue;
      const cv::Rect2f box = BoxOf(face.face.landmarks);
      const double distance = std::hypot(box.x + box.width / 2 - middle.x, box.y + box.height / 2 - middle.y);
      if (distance < least) {
        nearest = &face;
        least = distance;
      }
    }
    return nearest;
  }

  std::map<int64_t, std::vector<TrackedFace>> frames_;
};

/// Takes rows in order and keeps what the report needs of them; memory does not grow with their number.
class Collection {
 public:
  void Add(const QualityRow& row) {
    if (row.frame != frame_) {
      frame_ = row.frame;
      frame_has_swap_ = false;
      ++summary_.frames;
    }
    seconds_ = std::max(seconds_, row.seconds);
    if (row.track < 0) return;
    Count(row);
    if (row.seam > 0) seam_.Add(row.seconds, row.seam);
    opacity_.Add(row.seconds, kPercent * row.opacity);
    occluded_.Add(row.seconds, kPercent * row.occluded);
    if (row.identity > 0) identity_.Add(row.seconds, row.identity);
    if (row.restless_planned >= 0) planned_.Add(row.seconds, row.restless_planned);
    if (row.restless_found >= 0) found_.Add(row.seconds, row.restless_found);
  }

  QualitySummary Summary() {
    summary_.seam_median = median_.Value();
    summary_.flicker_ratio = found_sum_ > 0 ? planned_sum_ / found_sum_ : 0;
    return summary_;
  }

  cv::Mat Chart(const std::string& title) const {
    const cv::Scalar blue(168, 110, 40), orange(40, 120, 225), gray(170, 170, 170), green(90, 150, 60), red(60, 60, 200);
    const std::vector<QualityPanel> panels = {
        {"edge of the paste (levels)", 0, 0, {{"mean, tinted up to the largest", &seam_, blue, true}}},
        {"distance to the person shown (embedding)", 0, 0, {{"mean, tinted up to the largest", &identity_, green, true}}},
        {"restlessness of the landmarks (thousandths of the face)", 0, 0,
         {{"as found", &found_, gray, false}, {"as swapped", &planned_, orange, false}}},
        {"opacity of the face, and its share behind something (%)", 0, 105,
         {{"opacity, tinted down to the smallest", &opacity_, blue, true}, {"behind something", &occluded_, red, false}}}};
    return DrawQualityChart(title, seconds_, panels);
  }

 private:
  void Count(const QualityRow& row) {
    if (!frame_has_swap_ && row.opacity >= kNotSwapped) {
      frame_has_swap_ = true;
      ++summary_.frames_with_swap;
    }
    summary_.filled += row.filled ? 1 : 0;
    summary_.repaired += row.repaired || row.flash_repaired ? 1 : 0;
    summary_.faded += row.faded ? 1 : 0;
    summary_.occluded += row.occluded >= kOccluded ? 1 : 0;
    summary_.largest_enlargement = std::max(summary_.largest_enlargement, static_cast<double>(row.enlargement));
    if (row.seam > 0) median_.Add(row.seam);
    if (row.restless_planned >= 0 && row.restless_found >= 0) {
      planned_sum_ += row.restless_planned;
      found_sum_ += row.restless_found;
    }
  }

  QualitySummary summary_;
  int64_t frame_ = -1;
  bool frame_has_swap_ = false;
  double seconds_ = 0, planned_sum_ = 0, found_sum_ = 0;
  Median median_;
  TimeSeries seam_, identity_, planned_, found_, occluded_, opacity_{true};
};

/// A file that grows under a temporary name.
class GrowingFile {
 public:
  explicit GrowingFile(const fs::path& path) : path_(path), temporary_(TemporaryPathFor(path)) {
    std::error_code ignored;
    fs::create_directories(path.parent_path(), ignored);  // a failure shows when the file is opened
    out_.open(temporary_, std::ios::binary);
    Check();
  }
  ~GrowingFile() {
    if (temporary_.empty()) return;
    out_.close();
    std::error_code ignored;
    fs::remove(temporary_, ignored);
  }
  GrowingFile(const GrowingFile&) = delete;
  GrowingFile& operator=(const GrowingFile&) = delete;

  void Append(std::string_view text) {
    out_.write(text.data(), static_cast<std::streamsize>(text.size()));
    Check();
  }
  void Commit() {
    out_.close();
    Check();
    CommitFile(temporary_, path_);
    temporary_.clear();
  }

 private:
  void Check() {
    if (out_) return;
    throw Error(ErrorKind::kDisk, fmt::format("cannot write {} (is the disk full, or the folder read-only?)", path_.string()));
  }

  fs::path path_, temporary_;
  std::ofstream out_;
};

fs::path WithEnd(const fs::path& prefix, const char* end) { return prefix.string() + end; }

void WriteSheet(const fs::path& folder, std::vector<WorstFrame> worst, const fs::path& path) {
  for (WorstFrame& frame : worst) frame.picture = ReadThumbnail(folder, frame);
  WritePhoto(path, DrawWorstSheet(worst));
}

}  // namespace

QualitySummary QualityBook::Finish(int64_t chunks, const fs::path& prefix, std::vector<fs::path>& pictures,
                                   const FramesAsFound& found) {
  Collection collection;
  WorstList worst(kCandidates);
  int64_t missing = 0;
  const fs::path table_path = WithEnd(prefix, "_frames.csv");
  GrowingFile table(table_path);
  table.Append(QualityHeader());
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    auto quality = ReadQualityChunk(folder_, chunk);
    if (!quality) {
      LogWarning(fmt::format("the quality of chunk {} was not recorded; the report goes without it", chunk));
      ++missing;
      continue;
    }
    const FoundMotion motion(found, quality->rows);
    for (QualityRow& row : quality->rows) {
      row.restless_found = motion.At(row);
      table.Append(FormatRow(row));
      collection.Add(row);
    }
    for (const WorstFrame& frame : quality->worst) worst.Add(frame);
  }
  table.Commit();
  QualitySummary summary = collection.Summary();
  summary.missing_chunks = missing;
  const std::vector<WorstFrame> sorted = ChooseVaried(worst.Sorted(), kWorstFrames);
  const fs::path sheet_path = WithEnd(prefix, "_worst.jpg"), chart_path = WithEnd(prefix, "_quality.png");
  std::error_code ignored;
  fs::remove(sheet_path, ignored);  // of an earlier conversion: none may be written now
  if (!sorted.empty()) {
    WriteSheet(folder_, sorted, sheet_path);
    pictures.push_back(sheet_path);
  }
  WritePhoto(chart_path, collection.Chart(fmt::format("{}: quality over time", prefix.filename().string())));
  pictures.push_back(chart_path);
  pictures.push_back(table_path);
  return summary;
}

}  // namespace reelswap
