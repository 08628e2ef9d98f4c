#include "pipeline/conversion_record.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "config/look_words.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "face/face_embedder.h"
#include "pipeline/known_people.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

std::map<std::string, std::string> SettingsOf(const RunContext& context, const ConvertJob& job) {
  const Project& project = context.project;
  const Target& target = *job.target;
  const ComposeOptions& look = target.look;
  const DisclosureSettings& label = project.disclosure;
  std::map<std::string, std::string> settings{{"start_seconds", fmt::format("{}", target.start_seconds)},
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
  if (context.sample_seconds) settings["sample_seconds"] = fmt::format("{}", *context.sample_seconds);
  return settings;
}

/// Who can be told from whom decides which faces are replaced.
std::string KnownPeopleText(const RunContext& context) {
  std::string text = FindIdentityWeights() ? "identity\n" : "no identity\n";
  for (const auto& [name, usable] : FindKnownPeople(context)) text += name + " " + usable.key + "\n";
  return text;
}

fs::path ReportPath(const RunContext& context, const ConvertJob& job) {
  return context.workspace.Sheets() / (job.output.stem().string() + "_report.json");
}

nlohmann::json ReadConversionReport(const RunContext& context, const ConvertJob& job) {
  std::error_code ec;
  const fs::path path = ReportPath(context, job);
  if (!fs::is_regular_file(path, ec)) return {};
  return nlohmann::json::parse(ReadFile(path, 16 << 20), nullptr, false);
}

}  // namespace

std::string ConversionKey(const RunContext& context, const ConvertJob& job, const std::string& target_sha256,
                          const StoredModel& model) {
  const Project& project = context.project;
  std::string text = fmt::format("v2 {} {}\n{}", target_sha256, model.card.weights_sha256, KnownPeopleText(context));
  for (const auto& [name, value] : SettingsOf(context, job)) text += name + "=" + value + "\n";
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

Provenance MakeProvenance(const RunContext& context, const ConvertJob& job, const std::string& target_sha256,
                          const StoredModel& model, const std::string& key) {
  const Project& project = context.project;
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
  provenance.settings = SettingsOf(context, job);
  provenance.settings["key"] = key;
  provenance.visible_label = project.disclosure.label ? project.disclosure.text : "";
  provenance.no_label_reason = project.disclosure.off_reason;
  return provenance;
}

void SaveConversionReport(const RunContext& context, const ConvertJob& job, const std::string& key,
                          const std::string& analysis_folder, const ReportItem& item) {
  nlohmann::json pictures = nlohmann::json::array();
  for (const fs::path& picture : item.pictures) pictures.push_back(picture.filename().string());
  const nlohmann::json j{{"key", key},          {"analysis", analysis_folder}, {"numbers", item.numbers},
                         {"notes", item.notes}, {"warning", item.warning},     {"stage_seconds", item.stage_seconds},
                         {"pictures", pictures}};
  try {
    WriteFileAtomically(ReportPath(context, job), j.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  } catch (const Error& e) {
    LogWarning(fmt::format("the report of {} could not be kept: {}", job.output.filename().string(), e.what()));
  }
}

void LoadConversionReport(const RunContext& context, const ConvertJob& job, const std::string& key, ReportItem& item) {
  const nlohmann::json j = ReadConversionReport(context, job);
  if (!j.is_object() || j.value("key", "") != key) return;
  try {
    ReportItem read = item;
    read.numbers = j.at("numbers").get<std::map<std::string, double>>();
    read.stage_seconds = j.at("stage_seconds").get<std::map<std::string, double>>();
    read.notes = j.at("notes").get<std::vector<std::string>>();
    read.warning = j.at("warning").get<std::string>();
    for (const std::string& name : j.at("pictures").get<std::vector<std::string>>()) {
      const fs::path picture = context.workspace.Sheets() / fs::path(name).filename();
      if (fs::exists(picture)) read.pictures.push_back(picture);
    }
    item = std::move(read);
  } catch (const nlohmann::json::exception& e) {
    LogWarning(fmt::format("{} is damaged: {}", ReportPath(context, job).string(), e.what()));
  }
}

std::string AnalysisFolderOf(const RunContext& context, const ConvertJob& job) {
  const nlohmann::json j = ReadConversionReport(context, job);
  const auto found = j.is_object() ? j.find("analysis") : j.end();
  return j.is_object() && found != j.end() && found->is_string() ? found->get<std::string>() : "";
}

fs::path KeepEarlierOutput(const fs::path& output) {
  std::error_code ec;
  if (!fs::is_regular_file(output, ec)) return {};
  for (int n = 1;; ++n) {
    const fs::path kept = output.parent_path() / fmt::format("{}.{}{}", output.stem().string(), n, output.extension().string());
    if (fs::exists(kept, ec)) continue;
    fs::rename(output, kept, ec);
    if (ec) throw Error(ErrorKind::kDisk, fmt::format("cannot keep {} as {}: {}", output.string(), kept.string(), ec.message()));
    fs::rename(output.string() + ".json", kept.string() + ".json", ec);  // without one there is nothing to keep
    return kept;
  }
}

}  // namespace reelswap
