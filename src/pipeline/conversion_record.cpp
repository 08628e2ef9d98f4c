#include "pipeline/conversion_record.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/files.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

std::string LayoutName(Target::SideBySide layout) {
  switch (layout) {
    case Target::SideBySide::kHorizontal: return "horizontal";
    case Target::SideBySide::kVertical: return "vertical";
    case Target::SideBySide::kOff: break;
  }
  return "off";
}

std::map<std::string, std::string> SettingsOf(const ConvertJob& job, const Project& project) {
  const Target& target = *job.target;
  const DisclosureSettings& label = project.disclosure;
  return {{"start_seconds", fmt::format("{}", target.start_seconds)},
          {"duration_seconds", target.duration_seconds ? fmt::format("{}", *target.duration_seconds) : "to the end"},
          {"side_by_side", LayoutName(target.side_by_side)},
          {"codec", target.encoder.codec},
          {"crf", fmt::format("{}", target.encoder.crf)},
          {"preset", target.encoder.preset},
          {"container", job.photos ? "pictures" : target.container},
          {"swap", fmt::format("{} -> {}", job.from, job.to)},
          {"label", label.label ? fmt::format("{} ({}, {})", label.text, label.corner, label.opacity) : "off"}};
}

}  // namespace

std::string ConversionKey(const ConvertJob& job, const Project& project, const std::string& target_sha256,
                          const StoredModel& model) {
  std::string text = fmt::format("v1 {} {}\n", target_sha256, model.card.weights_sha256);
  for (const auto& [name, value] : SettingsOf(job, project)) text += name + "=" + value + "\n";
  return Sha256OfBytes(text);
}

bool IsAlreadyMade(const fs::path& output, const std::string& key) {
  std::error_code ec;
  if (!fs::is_regular_file(output, ec)) return false;
  const fs::path sidecar = output.string() + ".json";
  if (!fs::is_regular_file(sidecar, ec)) return false;
  const auto j = nlohmann::json::parse(ReadFile(sidecar, 1 << 20), nullptr, false);
  if (!j.is_object()) return false;
  const auto settings = j.find("settings");
  return settings != j.end() && settings->is_object() && settings->value("key", "") == key;
}

Provenance MakeProvenance(const ConvertJob& job, const Project& project, const std::string& target_sha256,
                          const StoredModel& model, const std::string& key) {
  Provenance provenance;
  provenance.tool_version = REELSWAP_VERSION;
  provenance.created_utc = UtcNow();
  provenance.description = fmt::format("AI-generated face swap: the face of {} was put on {}", job.to, job.from);
  provenance.inputs = {{"target", ShortName(job.location), target_sha256},
                       {"model", fmt::format("{}@{}", model.card.name, model.card.version), model.card.weights_sha256}};
  for (const Person& person : project.people) {
    if (person.name == job.from || person.name == job.to) provenance.consents[person.name] = person.consent;
  }
  provenance.settings = SettingsOf(job, project);
  provenance.settings["key"] = key;
  provenance.visible_label = project.disclosure.label ? project.disclosure.text : "";
  provenance.no_label_reason = project.disclosure.off_reason;
  return provenance;
}

}  // namespace reelswap
