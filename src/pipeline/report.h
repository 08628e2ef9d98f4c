#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/face_set.h"

namespace reelswap {

enum class ItemState { kDone, kReused, kFailed, kCancelled, kPending };

/// A source, a training or a target in the report of a run.
struct ReportItem {
  std::string stage;        ///< "source", "train", "target"
  std::string name;         ///< short name shown to people
  std::string location;     ///< URL or path
  std::string person;       ///< for sources
  ItemState state = ItemState::kPending;
  std::string error;        ///< sentence with cure, empty unless failed
  std::string warning;
  SourceTally tally;        ///< for sources
  std::map<std::string, double> numbers;       ///< "frames", "frames_per_second", "images_per_second", ...
  std::map<std::string, double> stage_seconds; ///< busy seconds per stage: "decode", "detect", ...
  std::vector<std::filesystem::path> outputs;  ///< absolute
  std::vector<std::filesystem::path> pictures; ///< contact sheets, preview, loss curve; absolute
};

struct RunReport {
  std::string project;
  std::string tool_version;
  std::string started_utc;
  double seconds = 0;
  std::map<std::string, std::string> consents;  ///< person -> reference
  std::vector<ReportItem> items;
  bool AnyFailed() const;
  bool AnyCancelled() const;
};

/// report.json and report.html in `folder`, atomically. Everything from outside (titles, paths,
/// URLs, error texts) is escaped; pictures and outputs are linked relative to the folder.
void WriteReport(const std::filesystem::path& folder, const RunReport& report);

/// The report as text for the end of a command: one line per item, failures with their cure.
std::string FormatReportForTerminal(const RunReport& report);

/// Contact sheets of one person's set: kept (up to 60, spread over time) and rejected (up to 60,
/// spread over reasons, captioned). Returns the written paths (absent when there is none).
std::vector<std::filesystem::path> WriteContactSheets(const FaceSet& faces, const std::filesystem::path& folder,
                                                      const std::string& person);

}  // namespace reelswap
