#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace reelswap {

/// IPTC: "composite with trained algorithmic media".
inline constexpr const char* kDigitalSourceType =
    "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia";

struct InputRecord {
  std::string role;  ///< "target", "model", "source of host"
  std::string name;  ///< file name or URL
  std::string sha256;
};

/// What the sidecar says about an output.
struct Provenance {
  std::string tool_version;
  std::string created_utc;  ///< ISO 8601
  std::string description;  ///< "face of guest put on host; AI-generated face swap"
  std::vector<InputRecord> inputs;
  std::map<std::string, std::string> consents;  ///< person -> reference as the project states it
  std::map<std::string, std::string> settings;  ///< resolved settings that made this output
  std::string visible_label;                    ///< text on the picture; empty = none
  std::string no_label_reason;                  ///< the written reason when there is none
};

/// Embeds XMP (Iptc4xmpExt:DigitalSourceType, dc:description, xmp:CreatorTool) into a finished but
/// not yet renamed mp4, mov, png or jpg, and reads it back. Returns false for containers that
/// cannot hold XMP (mkv, webm, webp, ...): there the container's tags and the sidecar must do.
/// Throws Error(kDisk/kMedia) when writing fails or the mark is not there afterwards.
bool EmbedXmp(const std::filesystem::path& file, const Provenance& provenance);

/// Container tags for the muxer: comment, digital_source_type, ...
std::map<std::string, std::string> ContainerTags(const Provenance& provenance);

/// Writes <output>.json beside the output (atomically), with the output's own sha256.
std::filesystem::path WriteSidecar(const std::filesystem::path& output, const Provenance& provenance);

/// What marks a file carries.
struct FoundMarks {
  std::optional<std::string> digital_source_type;  ///< from XMP
  std::optional<std::string> description;          ///< from XMP
  std::optional<std::string> creator_tool;
  bool sidecar_present = false;
  bool sidecar_matches = false;  ///< the sidecar's sha256 is the file's
  std::string sidecar_text;      ///< the JSON, at most 1 MiB
};
/// Throws Error(kMedia) when the file cannot be read.
FoundMarks ReadMarks(const std::filesystem::path& file);

}  // namespace reelswap
