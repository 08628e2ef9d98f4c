#include <nlohmann/json.hpp>

#include "pipeline/report.h"
#include "pipeline/report_text.h"

namespace reelswap {
namespace {

using Json = nlohmann::ordered_json;  // keys in the order a reader wants them

Json FilesAsJson(const std::vector<std::filesystem::path>& files, const std::filesystem::path& folder) {
  Json list = Json::array();
  for (const auto& file : files) {
    const auto relative = file.lexically_normal().lexically_proximate(folder.lexically_normal());
    list.push_back({{"path", file.string()}, {"relative", relative.generic_string()}});
  }
  return list;
}

template <typename Value>
Json MapAsJson(const std::map<std::string, Value>& map) {
  Json object = Json::object();
  for (const auto& [key, value] : map) object[ValidUtf8(key)] = value;
  return object;
}

Json TallyAsJson(const SourceTally& tally) {
  return {{"frames_decoded", tally.frames_decoded}, {"frames_sampled", tally.frames_sampled},
          {"faces_found", tally.faces_found},       {"faces_kept", tally.faces_kept},
          {"rejected", MapAsJson(tally.rejected)},  {"warning", tally.warning}};
}

Json ItemAsJson(const ReportItem& item, const std::filesystem::path& folder) {
  return {{"stage", item.stage},
          {"name", item.name},
          {"location", item.location},
          {"person", item.person},
          {"state", ToString(item.state)},
          {"error", item.error},
          {"warning", item.warning},
          {"notes", item.notes},
          {"tally", TallyAsJson(item.tally)},
          {"numbers", MapAsJson(item.numbers)},
          {"stage_seconds", MapAsJson(item.stage_seconds)},
          {"outputs", FilesAsJson(item.outputs, folder)},
          {"pictures", FilesAsJson(item.pictures, folder)}};
}

}  // namespace

std::string ReportAsJson(const RunReport& report, const std::filesystem::path& folder, int indent) {
  const ReportCounts counts = CountItems(report.items);
  Json json = {{"format", 1},
               {"project", report.project},
               {"tool_version", report.tool_version},
               {"started_utc", report.started_utc},
               {"seconds", report.seconds},
               {"summary",
                {{"items", counts.total()},
                 {"done", counts.done},
                 {"reused", counts.reused},
                 {"failed", counts.failed},
                 {"cancelled", counts.cancelled},
                 {"pending", counts.pending}}},
               {"consents", MapAsJson(report.consents)},
               {"items", Json::array()}};
  for (const auto& item : report.items) json["items"].push_back(ItemAsJson(item, folder));
  // Titles and paths are whatever bytes the world has: repaired, never refused.
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace reelswap
