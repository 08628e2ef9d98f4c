#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/face_set.h"

namespace reelswap {

enum class ItemState { kDone, kReused, kFailed, kCancelled, kPending };

/// In every note about somebody who was not swapped.
inline constexpr std::string_view kLeftAlone = "left alone";

/// The word in report.json: "done", "reused", "failed", "cancelled", "pending".
std::string ToString(ItemState state);

/// A source, a training or a target in the report of a run.
struct ReportItem {
  std::string stage;     ///< "source", "train", "target"
  std::string name;      ///< short name shown to people
  std::string location;  ///< URL or path
  std::string person;    ///< for sources
  ItemState state = ItemState::kPending;
  std::string error;  ///< sentence with cure, empty unless failed
  std::string warning;
  /// What else is worth knowing, a sentence each: who was taken for whom. The terminal shows those with kLeftAlone.
  std::vector<std::string> notes;
  SourceTally tally;  ///< for sources
  /// Shown under its key with spaces for underscores. Keys ending in "seconds" are durations, in
  /// "bytes" sizes, in "_per_second" rates. Targets put "frames",
  /// "frames_per_second" and "seconds" first, training "iterations" and "images_per_second".
  std::map<std::string, double> numbers;
  std::map<std::string, double> stage_seconds;  ///< busy seconds per stage: "decode", "detect", ...
  std::vector<std::filesystem::path> outputs;   ///< absolute
  /// Contact sheets, preview, loss curve, worst frames; absolute. Files that are no pictures are linked.
  std::vector<std::filesystem::path> pictures;
};

struct RunReport {
  std::string project;
  std::string tool_version;
  std::string started_utc;
  double seconds = 0;
  bool interrupted = false;                     ///< the user stopped it
  std::map<std::string, std::string> consents;  ///< person -> reference
  std::vector<ReportItem> items;
  bool AnyFailed() const;
  bool AnyCancelled() const;
};

/// How many items are in which state.
struct ReportCounts {
  int done = 0;
  int reused = 0;
  int failed = 0;
  int cancelled = 0;
  int pending = 0;
  int total() const { return done + reused + failed + cancelled + pending; }
};

/// Of all items, or of those of one stage.
ReportCounts CountItems(const std::vector<ReportItem>& items, const std::string& stage = "");

/// "3 of 4 done, 1 failed"; reused items count as done.
std::string SummarySentence(const ReportCounts& counts);

/// The report as JSON text; relative paths count from `folder`. indent = -1 puts it on one line.
/// Numbers that are not finite become null, invalid UTF-8 becomes U+FFFD.
std::string ReportAsJson(const RunReport& report, const std::filesystem::path& folder, int indent = 2);

/// The report as one self-contained page to lie in `folder` (absolute). Pictures whose names end in
/// "_kept" or "_rejected" are shown as contact sheets, the others beside their item, those in "_worst" or "_quality"
/// over its whole width.
std::string ReportAsHtml(const RunReport& report, const std::filesystem::path& folder);

/// report.json and report.html in `folder`, atomically. Everything from outside (titles, paths,
/// URLs, error texts) is escaped; pictures and outputs are linked relative to the folder.
void WriteRunReport(const std::filesystem::path& folder, const RunReport& report);

/// The report as text for the end of a command: one line per item, one more for the quality of a video, failures with
/// their cure.
std::string FormatReportForTerminal(const RunReport& report);

/// Contact sheets of one person's set: kept (up to 60, spread over time) and rejected (up to 60,
/// spread over reasons, captioned). Returns the written paths (absent when there is none).
std::vector<std::filesystem::path> WriteContactSheets(const FaceSet& faces,
                                                      const std::filesystem::path& folder,
                                                      const std::string& person);

}  // namespace reelswap
