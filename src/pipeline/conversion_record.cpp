#include "pipeline/conversion_record.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "config/look_words.h"
#include "core/files.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

std::map<std::string, std::string> SettingsOf(const ConvertJob& job, const Project& project) {
  const Target& target = *job.target;
  const ComposeOptions& look = target.look;
  const DisclosureSettings& label = project.disclosure;
  return {{"start_seconds", fmt::format("{}", target.start_seconds)},
          {"duration_seconds", target.duration_seconds ? fmt::format("{}", *target.duration_seconds) : "to the end"},
          {"side_by_side", WordOf(SideBySideWords(), target.side_by_side)},
          {"codec", target.encoder.codec},
          {"crf", fmt::format("{}", target.encoder.crf)},
          {"preset", target.encoder.preset},
          {"container", job.photos ? "pictures" : target.container},
          {"min_size", project.faces.min_size > 0 ? fmt::format("{}", project.faces.min_size) : "auto"},
          {"swap", DescribeSwaps(job.swaps)},
          {"look", fmt::format("mask {}, color {}, blend {}, erosion {}, feather {}, sharpen {}",
                               WordOf(MaskWords(), look.mask), WordOf(ColorWords(), look.color),
                               WordOf(BlendWords(), look.blend), look.erosion, look.feather, look.sharpen)},
          {"occlusion", target.occlusion ? "auto" : "off"},
          {"smoothing_seconds", fmt::format("{}", target.smoothing_seconds)},
          {"chunk_seconds", fmt::format("{}", target.chunk_seconds)},
          {"fade_profiles", target.fade_profiles ? "true" : "false"},
          {"hardware", target.encoder.hardware},
          {"label", label.label ? fmt::format("{} ({}, {})", label.text, label.corner, label.opacity) : "off"}};
}

}  // namespace

std::string ConversionKey(const ConvertJob& job, const Project& project, const std::string& target_sha256,
                          const StoredModel& model) {
  std::string text = fmt::format("v2 {} {}\n", target_sha256, model.card.weights_sha256);
  for (const auto& [name, value] : SettingsOf(job, project)) text += name + "=" + value + "\n";
  for (const Person& person : project.people) {
    if (HasPart(job.swaps, person.name)) text += person.name + ": " + person.consent + "\n";
  }
  text += project.disclosure.off_reason;
  return Sha256OfBytes(text);
}

bool IsAlreadyMade(const fs::path& output, const std::string& key) {
  std::error_code ec;
  if (!fs::is_regular_file(output, ec)) return false;
  const fs::path sidecar = output.string() + ".json";
  if (!fs::is_regular_file(sidecar, ec)) return false;
  const auto j = nlohmann::json::parse(ReadFile(sidecar, 1 << 20), nullptr, false);
  if (!j.is_object()) return false;
  // The size tells a sidecar of an earlier output from this one's.
  const auto settings = j.find("settings"), made = j.find("output");
  if (settings == j.end() || !settings->is_object() || made == j.end() || !made->is_object()) return false;
  const auto has = [](const nlohmann::json& object, const char* name, const nlohmann::json& value) {
    const auto it = object.find(name);
    return it != object.end() && *it == value;
  };
  return has(*settings, "key", key) && has(*made, "bytes", fs::file_size(output, ec));
}

void SavePhotoRecord(const ConvertJob& job, const std::string& key, const std::vector<fs::path>& outputs) {
  nlohmann::json files = nlohmann::json::array();
  for (const fs::path& output : outputs) files.push_back(fs::relative(output, job.output.parent_path()).string());
  WriteFileAtomically(job.output / "conversion.json", nlohmann::json{{"key", key}, {"files", files}}.dump(1) + "\n");
}

std::vector<fs::path> LoadPhotoRecord(const ConvertJob& job, const std::string& key) {
  std::error_code ec;
  const fs::path record = job.output / "conversion.json";
  if (!fs::is_regular_file(record, ec)) return {};
  const auto j = nlohmann::json::parse(ReadFile(record), nullptr, false);
  if (!j.is_object() || !j.contains("key") || j["key"] != key || !j.contains("files") || !j["files"].is_array()) {
    return {};
  }
  std::vector<fs::path> outputs;
  for (const auto& file : j["files"]) {
    if (!file.is_string()) return {};
    outputs.push_back(job.output.parent_path() / file.get<std::string>());
    if (!fs::is_regular_file(outputs.back(), ec)) return {};
  }
  return outputs;
}

Provenance MakeProvenance(const ConvertJob& job, const Project& project, const std::string& target_sha256,
                          const StoredModel& model, const std::string& key) {
  Provenance provenance;
  provenance.tool_version = REELSWAP_VERSION;
  provenance.created_utc = UtcNow();
  provenance.description = "AI-generated face swap: ";
  for (size_t i = 0; i < job.swaps.size(); ++i) {
    provenance.description += fmt::format("{}the face of {} was put on {}", i == 0 ? "" : "; ", job.swaps[i].to, job.swaps[i].from);
  }
  provenance.inputs = {{"target", ShortName(job.location), target_sha256},
                       {"model", fmt::format("{}@{}", model.card.name, model.card.version), model.card.weights_sha256}};
  for (const Person& person : project.people) {
    if (HasPart(job.swaps, person.name)) provenance.consents[person.name] = person.consent;
  }
  provenance.settings = SettingsOf(job, project);
  provenance.settings["key"] = key;
  provenance.visible_label = project.disclosure.label ? project.disclosure.text : "";
  provenance.no_label_reason = project.disclosure.off_reason;
  return provenance;
}

}  // namespace reelswap
