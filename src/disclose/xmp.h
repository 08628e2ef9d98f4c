#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace reelswap {

/// The marks as XMP properties.
struct XmpMarks {
  std::optional<std::string> digital_source_type;  ///< Iptc4xmpExt:DigitalSourceType
  std::optional<std::string> description;          ///< dc:description, default language
  std::optional<std::string> creator_tool;         ///< xmp:CreatorTool
};

/// True for files that XMP can be put into without harm: mp4, m4v, mov, png, jpg and jpeg by name and by
/// their first bytes. A WebP under another name is none of them: the library destroys WebP files.
/// Throws Error(kMedia) when the file cannot be read.
bool CanHoldXmp(const std::filesystem::path& file);

/// Adds the marks that are set to the XMP a file has. The file is rewritten under a temporary name and
/// swapped in, so that it is never half-written (which takes room for a second copy); its permissions stay.
/// Throws Error with the library's reason: kDisk when writing failed, else kMedia.
/// Thread-safe (one file at a time).
void WriteXmp(const std::filesystem::path& file, const XmpMarks& marks);

/// Marks found in a file; all empty where there is no XMP or none that can be parsed.
/// Thread-safe (one file at a time).
XmpMarks ReadXmp(const std::filesystem::path& file);

}  // namespace reelswap
