#include "disclose/marks.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files.h"
#include "disclose/text.h"
#include "disclose/xmp.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kWhat = "AI-generated face swap";
constexpr size_t kLongestMark = 1000;                  // bytes: metadata readers show a line, not a book
constexpr int64_t kLargestSidecar = int64_t{1} << 20;  // bytes; a real one takes a few KiB

fs::path SidecarOf(const fs::path& file) { return fs::path(file.string() + ".json"); }

std::string DescriptionOf(const Provenance& provenance) {
  const std::string text = PlainText(provenance.description, kLongestMark);
  return text.empty() ? kWhat : text;
}

std::string ToolOf(const Provenance& provenance) {
  const std::string version = PlainText(provenance.tool_version, 100);
  return fmt::format("reelswap {}", version.empty() ? REELSWAP_VERSION : version);
}

Json InputsOf(const Provenance& provenance) {
  Json inputs = Json::array();
  for (const InputRecord& input : provenance.inputs) {
    inputs.push_back({{"role", input.role}, {"name", input.name}, {"sha256", input.sha256}});
  }
  return inputs;
}

Json PeopleOf(const Provenance& provenance) {
  Json people = Json::array();
  for (const auto& [person, reference] : provenance.consents) {
    people.push_back({{"name", person}, {"consent", reference}});
  }
  return people;
}

// Keys may be anything a user typed, which nlohmann writes as they are: dump() below replaces
// bytes that are not UTF-8 in keys and values alike.
Json SidecarFor(const fs::path& output, const Provenance& provenance) {
  Json json;
  json["schema"] = 1;
  json["what"] = kWhat;
  json["digital_source_type"] = kDigitalSourceType;
  json["description"] = DescriptionOf(provenance);
  json["created"] = provenance.created_utc;
  json["tool"] = ToolOf(provenance);
  json["output"] = {{"file", output.filename().string()},
                    {"bytes", static_cast<int64_t>(fs::file_size(output))},
                    {"sha256", Sha256OfFile(output)}};
  json["inputs"] = InputsOf(provenance);
  json["people"] = PeopleOf(provenance);
  json["settings"] = Json::object();
  for (const auto& [key, value] : provenance.settings) json["settings"][key] = value;
  if (!provenance.visible_label.empty()) {
    json["visible_label"] = provenance.visible_label;
  } else {
    json["visible_label"] = nullptr;
    json["no_label_reason"] = provenance.no_label_reason;
  }
  return json;
}

// The sha256 that a sidecar states for its output; empty when the text is no such thing.
std::string StatedHash(const std::string& text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return {};
  const auto output = json.find("output");
  if (output == json.end() || !output->is_object()) return {};
  const auto hash = output->find("sha256");
  return hash != output->end() && hash->is_string() ? hash->get<std::string>() : std::string();
}

void ReadSidecar(const fs::path& file, FoundMarks& found) {
  const fs::path sidecar = SidecarOf(file);
  std::error_code problem;
  if (!fs::is_regular_file(sidecar, problem)) return;
  std::ifstream in(sidecar, std::ios::binary);
  if (!in) return;
  found.sidecar_present = true;
  std::string text(static_cast<size_t>(kLargestSidecar) + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  const bool whole = static_cast<int64_t>(text.size()) <= kLargestSidecar;
  if (!whole) text.resize(static_cast<size_t>(kLargestSidecar));
  if (whole) {
    const std::string stated = StatedHash(text);
    found.sidecar_matches = !stated.empty() && stated == Sha256OfFile(file);
  }
  found.sidecar_text = std::move(text);
}

}  // namespace

bool EmbedXmp(const fs::path& file, const Provenance& provenance) {
  if (!CanHoldXmp(file)) return false;
  XmpMarks marks;
  marks.digital_source_type = kDigitalSourceType;
  marks.description = DescriptionOf(provenance);
  marks.creator_tool = ToolOf(provenance);
  WriteXmp(file, marks);
  // The library may report success and have done something else, so only what can be read back counts.
  const XmpMarks written = ReadXmp(file);
  if (written.digital_source_type != marks.digital_source_type || !written.description ||
      !written.creator_tool) {
    throw Error(ErrorKind::kMedia,
                fmt::format("the XMP marks are not in {} after writing them (disk full?)", file.string()));
  }
  return true;
}

std::map<std::string, std::string> ContainerTags(const Provenance& provenance) {
  const std::string description = DescriptionOf(provenance);
  const bool said = description.find(kWhat) != std::string::npos;
  return {
      {"comment", said ? description : fmt::format("{}: {}", kWhat, description)},
      {"description", description},
      {"digital_source_type", kDigitalSourceType},
      {"creator_tool", ToolOf(provenance)},
  };
}

fs::path WriteSidecar(const fs::path& output, const Provenance& provenance) {
  std::error_code problem;
  if (!fs::is_regular_file(output, problem)) {
    throw Error(ErrorKind::kDisk, fmt::format("cannot describe {}: it is not a file", output.string()));
  }
  const fs::path sidecar = SidecarOf(output);
  const Json json = SidecarFor(output, provenance);
  WriteFileAtomically(sidecar, json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  return sidecar;
}

FoundMarks ReadMarks(const fs::path& file) {
  FoundMarks found;
  if (CanHoldXmp(file)) {
    XmpMarks marks = ReadXmp(file);
    found.digital_source_type = std::move(marks.digital_source_type);
    found.description = std::move(marks.description);
    found.creator_tool = std::move(marks.creator_tool);
  }
  ReadSidecar(file, found);
  return found;
}

}  // namespace reelswap
