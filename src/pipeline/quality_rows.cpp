#include "pipeline/quality_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/photo.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHeader =
    "frame,seconds,track,direction,x,y,width,opacity,filled,repaired,faded,flash_repaired,seam,enlargement,occluded,"
    "flash,yaw,identity,restless_planned,restless_found,badness,reason\n";
constexpr std::string_view kWorstMark = "#worst";
constexpr std::string_view kEndMark = "#end";
constexpr double kMoment = 0.5;  // seconds: what is closer together is one incident

fs::path PathOf(const fs::path& folder, int64_t chunk, const char* extension) {
  return folder / fmt::format("quality_{:05}.{}", chunk, extension);
}

/// Takes fields off the front of a line.
class Fields {
 public:
  explicit Fields(std::string_view line) : rest_(line) {}

  template <typename Number>
  void Read(Number& value) {
    const std::string_view text = Next();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    ok_ = ok_ && error == std::errc{} && end == text.data() + text.size();
  }
  void Read(bool& value) {
    int number = 0;
    Read(number);
    value = number == 1;
    ok_ = ok_ && (number == 0 || number == 1);
  }
  /// All that is left: a reason may hold commas.
  std::string Rest() { return std::string(rest_); }
  bool ok() const { return ok_; }

 private:
  std::string_view Next() {
    const size_t comma = rest_.find(',');
    if (comma == std::string_view::npos) {
      ok_ = false;
      return {};
    }
    const std::string_view field = rest_.substr(0, comma);
    rest_.remove_prefix(comma + 1);
    return field;
  }

  std::string_view rest_;
  bool ok_ = true;
};

/// On one line, and quoted as spreadsheets expect it.
std::string QuoteReason(const std::string& reason) {
  std::string quoted = "\"";
  for (const char c : reason) {
    if (c == '"') quoted += '"';
    quoted += c == '\n' || c == '\r' ? ' ' : c;
  }
  return quoted + "\"";
}

std::optional<std::string> UnquoteReason(std::string_view quoted) {
  if (quoted.size() < 2 || quoted.front() != '"' || quoted.back() != '"') return std::nullopt;
  quoted = quoted.substr(1, quoted.size() - 2);
  std::string reason;
  for (size_t i = 0; i < quoted.size(); ++i) {
    reason += quoted[i];
    if (quoted[i] == '"') ++i;
  }
  return reason;
}

std::string KindOf(const std::string& reason) { return reason.substr(0, reason.find('(')); }

std::string FormatWorst(const WorstFrame& worst, size_t tile) {
  return fmt::format("{},{},{},{:.6f},{:.6g},{}\n", kWorstMark, tile, worst.frame, worst.seconds, worst.badness,
                     QuoteReason(worst.reason));
}

std::optional<WorstFrame> ParseWorst(std::string_view line, int64_t chunk) {
  line.remove_prefix(std::min(line.size(), kWorstMark.size() + 1));
  WorstFrame worst;
  worst.chunk = chunk;
  Fields fields(line);
  fields.Read(worst.tile);
  fields.Read(worst.frame);
  fields.Read(worst.seconds);
  fields.Read(worst.badness);
  const auto reason = UnquoteReason(fields.Rest());
  if (!fields.ok() || !reason) return std::nullopt;
  worst.reason = *reason;
  return worst;
}

/// Every line must be one that we wrote, and the last one must be there.
std::optional<QualityChunk> ParseChunk(std::string_view text, int64_t chunk) {
  if (!text.starts_with(kHeader)) return std::nullopt;
  text.remove_prefix(kHeader.size());
  QualityChunk parsed;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = text.substr(0, end);
    if (line == kEndMark) return end + 1 == text.size() ? std::optional(std::move(parsed)) : std::nullopt;
    if (line.starts_with(kWorstMark)) {
      auto worst = ParseWorst(line, chunk);
      if (!worst) return std::nullopt;
      parsed.worst.push_back(std::move(*worst));
    } else {
      auto row = ParseRow(line);
      if (!row) return std::nullopt;
      parsed.rows.push_back(std::move(*row));
    }
    text.remove_prefix(end + 1);
  }
  return std::nullopt;
}

}  // namespace

std::string_view QualityHeader() { return kHeader; }

std::string FormatRow(const QualityRow& row) {
  return fmt::format("{},{:.6f},{},{},{:.1f},{:.1f},{:.1f},{:.4g},{:d},{:d},{:d},{:d},{:.4g},{:.4g},{:.4g},{:.4g},{:.4g},"
                     "{:.4g},{:.4g},{:.4g},{:.4g},{}\n",
                     row.frame, row.seconds, row.track, row.direction, row.x, row.y, row.width, row.opacity, row.filled,
                     row.repaired, row.faded, row.flash_repaired, row.seam, row.enlargement, row.occluded, row.flash,
                     row.yaw, row.identity, row.restless_planned, row.restless_found, row.badness,
                     QuoteReason(row.reason));
}

std::optional<QualityRow> ParseRow(std::string_view line) {
  QualityRow row;
  Fields fields(line);
  fields.Read(row.frame);
  fields.Read(row.seconds);
  fields.Read(row.track);
  fields.Read(row.direction);
  for (float* value : {&row.x, &row.y, &row.width, &row.opacity}) fields.Read(*value);
  for (bool* value : {&row.filled, &row.repaired, &row.faded, &row.flash_repaired}) fields.Read(*value);
  for (float* value : {&row.seam, &row.enlargement, &row.occluded, &row.flash, &row.yaw, &row.identity,
                       &row.restless_planned, &row.restless_found, &row.badness}) {
    fields.Read(*value);
  }
  const auto reason = UnquoteReason(fields.Rest());
  if (!fields.ok() || !reason) return std::nullopt;
  row.reason = *reason;
  return row;
}

int64_t WorstList::Moment(double seconds) { return static_cast<int64_t>(std::floor(seconds / kMoment)); }

bool WorstList::Wants(double seconds, double badness) const {
  const int64_t moment = Moment(seconds);
  if (const auto there = by_moment_.find(moment); there != by_moment_.end()) return badness > there->second.badness;
  if (by_moment_.size() < most_) return true;
  return std::any_of(by_moment_.begin(), by_moment_.end(),
                     [&](const auto& entry) { return badness > entry.second.badness; });
}

void WorstList::Add(WorstFrame frame) {
  if (!Wants(frame.seconds, frame.badness)) return;
  const int64_t moment = Moment(frame.seconds);
  by_moment_.insert_or_assign(moment, std::move(frame));
  if (by_moment_.size() <= most_) return;
  // Of equal ones the later goes.
  const auto least = std::min_element(by_moment_.rbegin(), by_moment_.rend(), [](const auto& a, const auto& b) {
    return a.second.badness < b.second.badness;
  });
  by_moment_.erase(least->first);
}

std::vector<WorstFrame> WorstList::Sorted() const {
  std::vector<WorstFrame> sorted;
  for (const auto& [moment, frame] : by_moment_) sorted.push_back(frame);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const WorstFrame& a, const WorstFrame& b) { return a.badness > b.badness; });
  return sorted;
}

std::vector<WorstFrame> ChooseVaried(std::vector<WorstFrame> frames, size_t count) {
  constexpr double kRepeated = 0.85;
  std::map<std::string, double> weights;
  std::vector<WorstFrame> chosen;
  while (chosen.size() < count && !frames.empty()) {
    size_t best = 0;
    double most = -1;
    for (size_t i = 0; i < frames.size(); ++i) {
      const double weighed = frames[i].badness * weights.try_emplace(KindOf(frames[i].reason), 1).first->second;
      if (weighed > most) {
        most = weighed;
        best = i;
      }
    }
    weights[KindOf(frames[best].reason)] *= kRepeated;
    chosen.push_back(std::move(frames[best]));
    frames.erase(frames.begin() + static_cast<std::ptrdiff_t>(best));
  }
  std::stable_sort(chosen.begin(), chosen.end(),
                   [](const WorstFrame& a, const WorstFrame& b) { return a.badness > b.badness; });
  return chosen;
}

void WriteQualityChunk(const fs::path& folder, int64_t chunk, const std::vector<QualityRow>& rows,
                       const std::vector<WorstFrame>& worst) {
  std::error_code ignored;
  fs::create_directories(folder, ignored);  // WriteFileAtomically says what is wrong
  if (!worst.empty()) {
    cv::Mat strip(kThumbnail.height * static_cast<int>(worst.size()), kThumbnail.width, CV_8UC3);
    for (size_t i = 0; i < worst.size(); ++i) {
      worst[i].picture.copyTo(strip(cv::Rect({0, kThumbnail.height * static_cast<int>(i)}, kThumbnail)));
    }
    WritePhoto(PathOf(folder, chunk, "jpg"), strip);
  }
  std::string text(kHeader);
  for (const QualityRow& row : rows) text += FormatRow(row);
  for (size_t i = 0; i < worst.size(); ++i) text += FormatWorst(worst[i], i);
  text += fmt::format("{}\n", kEndMark);
  WriteFileAtomically(PathOf(folder, chunk, "csv"), text);
}

std::optional<QualityChunk> ReadQualityChunk(const fs::path& folder, int64_t chunk) {
  try {
    return ParseChunk(ReadFile(PathOf(folder, chunk, "csv")), chunk);
  } catch (const Error&) {
    return std::nullopt;  // the caller counts it as missing and says so
  }
}

bool HasQualityChunk(const fs::path& folder, int64_t chunk) { return ReadQualityChunk(folder, chunk).has_value(); }

cv::Mat ReadThumbnail(const fs::path& folder, const WorstFrame& frame) {
  cv::Mat strip;
  try {
    strip = ReadPhoto(PathOf(folder, frame.chunk, "jpg"));
  } catch (const Error& error) {
    LogWarning(fmt::format("quality report: {}", error.what()));
  }
  const cv::Rect tile({0, kThumbnail.height * frame.tile}, kThumbnail);
  if ((cv::Rect(0, 0, strip.cols, strip.rows) & tile) != tile) return cv::Mat(kThumbnail, CV_8UC3, cv::Scalar::all(30));
  return strip(tile).clone();
}

}  // namespace reelswap
