#include "pipeline/training_record.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/files.h"
#include "core/log.h"

namespace reelswap {
namespace fs = std::filesystem;
using nlohmann::json;

TrainingRecord LoadTrainingRecord(const fs::path& folder) {
  const fs::path path = folder / "training.json";
  if (!fs::exists(path)) return {};
  try {
    const json j = json::parse(ReadFile(path, 1 << 20));
    TrainingRecord record;
    record.key = j.value("key", "");
    record.base_request = j.value("base_request", "");
    record.base = j.value("base", "");
    record.stored = j.value("stored", "");
    record.batch = j.value("batch", 0);
    record.stop_reason = j.value("stop_reason", "");
    record.until_minute = j.value("until_minute", -1);
    record.training_faces = j.value("training_faces", record.training_faces);
    return record;
  } catch (const json::exception& e) {
    LogWarning(fmt::format("{} is damaged and what it said is not known: {}", path.string(), e.what()));
    return {};
  }
}

void SaveTrainingRecord(const fs::path& folder, const TrainingRecord& record) {
  const json j = {{"key", record.key},
                  {"base_request", record.base_request},
                  {"base", record.base},
                  {"stored", record.stored},
                  {"batch", record.batch},
                  {"stop_reason", record.stop_reason},
                  {"until_minute", record.until_minute},
                  {"training_faces", record.training_faces}};
  WriteFileAtomically(folder / "training.json", j.dump(2) + "\n");
}

}  // namespace reelswap
