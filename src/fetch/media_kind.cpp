#include "fetch/media_kind.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <string_view>

#include "core/photo.h"

namespace reelswap {

namespace {

constexpr std::array<std::string_view, 20> kVideoExtensions{
    ".mp4",  ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts",  ".mts",
    ".m2ts", ".flv", ".wmv", ".asf", ".ogv",  ".ogg", ".3gp", ".3g2",  ".vob", ".mxf"};

std::string LowerExtension(const std::string& path) {
  const size_t dot = path.rfind('.');
  const size_t slash = path.rfind('/');
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) return {};
  std::string extension = path.substr(dot);
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension;
}

}  // namespace

std::string MediaExtensionOf(const std::string& path) {
  const std::string extension = LowerExtension(path);
  const bool video =
      std::find(kVideoExtensions.begin(), kVideoExtensions.end(), extension) != kVideoExtensions.end();
  return video || IsPictureExtension(extension) ? extension : std::string{};
}

bool IsPictureExtension(const std::string& extension) {
  return !extension.empty() && IsPhotoPath("picture" + extension);
}

std::string FirstBytesOf(const std::filesystem::path& file) {
  std::string head(512, '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<size_t>(stream.gcount()));
  return head;
}

std::string ExtensionFromFirstBytes(const std::string& head) {
  const auto at = [&](size_t offset, std::string_view bytes) {
    return head.compare(offset, bytes.size(), bytes) == 0;
  };
  if (head.size() < 16) return {};
  if (at(4, "ftyp") || at(4, "moov") || at(4, "mdat")) return ".mp4";
  if (at(0, "\x1A\x45\xDF\xA3")) return ".mkv";
  if (at(0, "RIFF") && at(8, "AVI ")) return ".avi";
  if (at(0, "FLV\x01")) return ".flv";
  if (at(0, "OggS")) return ".ogv";
  if (head.size() > 188 && head[0] == 0x47 && head[188] == 0x47) return ".ts";
  return {};
}

bool LooksLikeWebPage(const std::string& head) {
  std::string text;
  for (const char c : head) {
    text += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  text.erase(0, std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  if (text.starts_with("<?xml") || text.starts_with("<!--")) return text.find("<html") != std::string::npos;
  return text.starts_with("<!doctype html") || text.starts_with("<html") || text.starts_with("<head") ||
         text.starts_with("<body") || text.starts_with("<script");
}

}  // namespace reelswap
