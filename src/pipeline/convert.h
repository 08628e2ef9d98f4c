#pragma once

#include <string>
#include <vector>

#include "fetch/fetch.h"
#include "library/model_library.h"
#include "pipeline/media_store.h"
#include "pipeline/run_context.h"
#include "pipeline/swap_direction.h"

namespace reelswap {

/// One conversion: a target of the project and where its results go.
struct ConvertJob {
  const Target* target = nullptr;
  std::vector<SwapDirection> swaps;       ///< at least one
  std::string location;                   ///< URL or absolute path
  bool photos = false;                    ///< a picture or a folder of pictures
  std::string name;                       ///< for people: "clip: host -> guest"
  std::filesystem::path output;           ///< video file, or folder for photos
  std::filesystem::path side_by_side;     ///< empty when not wanted
  std::string error;                      ///< non-empty: it cannot be started, and why
};

/// The conversions of a project in file order (globs and folders of videos expanded), with output names
/// that never collide and never hold anything but letters, digits, '-' and '_'.
std::vector<ConvertJob> PlanConversions(const RunContext& context);

/// Converts one target with a stored model and adds its item to the report. An output that was made
/// from the same input, model and settings is not made again. Never throws for what the report can
/// say. Returns true when the output is there.
bool Convert(const RunContext& context, const ConvertJob& job, const StoredModel& model, MediaStore& media,
             ReportBuilder& report);

/// "host -> guest" or "host -> guest, guest -> host".
std::string DescribeSwaps(const std::vector<SwapDirection>& swaps);
/// "host" or "host, guest": whose faces are replaced.
std::string ReplacedPeople(const std::vector<SwapDirection>& swaps);
/// Whether a person has a part in any of them.
bool HasPart(const std::vector<SwapDirection>& swaps, const std::string& person);

/// The reason for what an interruption kept from starting.
inline constexpr const char* kInterrupted = "interrupted";

/// Adds the item of a conversion that was not started; why: "the training failed", or kInterrupted.
void ReportSkippedConversion(const ConvertJob& job, const std::string& why, ReportBuilder& report);

}  // namespace reelswap
