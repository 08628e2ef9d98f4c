#include "media/refusal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <string_view>

#include "core/error.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;

std::string FirstBytes(const fs::path& path, size_t count) {
  std::ifstream in(path, std::ios::binary);
  std::string bytes(count, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(count));
  bytes.resize(static_cast<size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  return bytes;
}

std::string LowerText(std::string_view bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  while (!bytes.empty() && std::isspace(static_cast<unsigned char>(bytes.front()))) bytes.remove_prefix(1);
  std::string lower(bytes);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

bool LooksLikeWebPage(const std::string& text) {
  return text.starts_with("<!doctype html") || text.starts_with("<html") || text.starts_with("<head") ||
         (text.starts_with("<?xml") && text.find("<html") != std::string::npos);
}

bool LooksLikePlaylist(const std::string& text) {
  return text.starts_with("#extm3u") || text.starts_with("ffconcat") || text.starts_with("[playlist]") ||
         text.starts_with("[reference]") || text.starts_with("v=0\r") || text.starts_with("v=0\n") ||
         text.starts_with("<asx") || text.starts_with("<smil") || text.find("<mpd") != std::string::npos ||
         text.starts_with("file ");
}

bool LooksLikePicture(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\xFF\xD8\xFF"sv) || bytes.starts_with("\x89PNG"sv) || bytes.starts_with("II*\0"sv) ||
      bytes.starts_with("MM\0*"sv) || (bytes.starts_with("BM"sv) && bytes.size() > 30)) {
    return true;
  }
  if (bytes.size() < 12) return false;
  if (bytes.starts_with("RIFF"sv) && bytes.substr(8, 4) == "WEBP"sv) return true;
  const std::string_view brand = bytes.substr(8, 4);
  return bytes.substr(4, 4) == "ftyp"sv && (brand == "avif"sv || brand == "heic"sv || brand == "mif1"sv);
}

bool LooksLikeSound(std::string_view bytes) {
  using namespace std::string_view_literals;
  return bytes.starts_with("ID3"sv) || bytes.starts_with("fLaC"sv) || bytes.starts_with("\xFF\xFB"sv) ||
         (bytes.size() >= 12 && bytes.starts_with("RIFF"sv) && bytes.substr(8, 4) == "WAVE"sv);
}

}  // namespace

std::string DescribeNonVideo(const fs::path& path) {
  const std::string bytes = FirstBytes(path, 1024);
  const std::string text = LowerText(bytes);
  if (LooksLikeWebPage(text)) {
    return "is a web page, not a video: open its address in a browser to see what the site answered, then "
           "download the video again";
  }
  if (LooksLikePlaylist(text)) {
    return "is a playlist that points at other files, refused: name the video files themselves";
  }
  if (LooksLikePicture(bytes)) return "is a picture, not a video: list pictures as photos instead";
  if (LooksLikeSound(bytes)) return "has no video stream, it is a sound file: name a file with pictures";
  if (!bytes.empty() && std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == '\0'; })) {
    return "begins with nothing but zeros (a download that did not finish?): download it again";
  }
  return {};
}

bool BeginsLikeMp4(const fs::path& path) {
  const std::string bytes = FirstBytes(path, 8);
  if (bytes.size() < 8) return false;
  constexpr std::array<std::string_view, 8> kFirst = {"ftyp", "moov", "mdat", "free",
                                                      "skip", "wide", "styp", "pnot"};
  return std::find(kFirst.begin(), kFirst.end(), std::string_view(bytes).substr(4)) != kFirst.end();
}

void RequireRegularFile(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  const auto fail = [&](std::string_view why) {
    throw Error(ErrorKind::kMedia, fmt::format("cannot open {}: {}", path.string(), why));
  };
  if (status.type() == fs::file_type::not_found) {
    if (fs::is_symlink(fs::symlink_status(path, error))) {
      fail("it is a link to a file that does not exist: restore that file or name another");
    }
    fail("there is no such file: check the name and the folder");
  }
  if (status.type() == fs::file_type::none || error) fail(error.message() + ": check the file's permissions");
  if (status.type() == fs::file_type::directory) fail("it is a folder: name the video files in it");
  if (status.type() != fs::file_type::regular) {
    fail("it is a pipe or a device, not a file: save the video to a file first");
  }
  const auto size = fs::file_size(path, error);
  if (error) fail(error.message());
  if (size == 0) fail("it is empty (0 bytes): download it again");
}

}  // namespace reelswap
