#include "disclose/xmp.h"

#include <exempi/xmp.h>
#include <exempi/xmpconsts.h>
#include <exempi/xmperrors.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <mutex>
#include <string_view>

#include "core/error.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;

constexpr const char* kIptcExtension = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/";

using XmpFile = std::unique_ptr<_XmpFile, decltype(&xmp_files_free)>;
using XmpPacket = std::unique_ptr<_Xmp, decltype(&xmp_free)>;
using XmpText = std::unique_ptr<_XmpString, decltype(&xmp_string_free)>;

XmpText NewText() { return {xmp_string_new(), &xmp_string_free}; }

// The library keeps global tables and its last error in plain variables, so one caller at a time.
std::mutex& LibraryMutex() {
  static std::mutex mutex;
  return mutex;
}

// Call with the mutex held. The library is never shut down: that would pull its tables away from
// other users of it in the same process.
void StartLibrary() {
  static const bool ready = [] {
    return xmp_init() && xmp_register_namespace(kIptcExtension, "Iptc4xmpExt", NewText().get());
  }();
  if (!ready) throw Error(ErrorKind::kMedia, "the XMP library (exempi) cannot be started");
}

constexpr int kWriteFailure =
    -115;  // "write failure" of the library's file layer; its C header has no name for it

std::string ReasonOf(int code) {
  switch (code) {
    case XMPErr_BadFileFormat:
      return "the file's structure is damaged";
    case XMPErr_NoFileHandler:
      return "the file's format is not known to it";
    case XMPErr_BadUnicode:
      return "text that is not UTF-8";
    case XMPErr_TooLargeForJPEG:
      return "the marks are too long for a JPEG";
    case XMPErr_NoMemory:
      return "out of memory";
    case kWriteFailure:
      return "write failure (is there room for a second copy of the file?)";
    default:
      return fmt::format("exempi error {}", code);
  }
}

[[noreturn]] void Fail(const fs::path& file, const char* step) {
  const int code = xmp_get_error();
  throw Error(code == kWriteFailure ? ErrorKind::kDisk : ErrorKind::kMedia,
              fmt::format("cannot put XMP marks into {}: {}: {}", file.string(), step, ReasonOf(code)));
}

std::string LowerExtension(const fs::path& file) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

std::string FirstBytes(const fs::path& file) {
  std::error_code problem;
  if (!fs::is_regular_file(file, problem)) {
    const bool missing = !fs::exists(file, problem);
    throw Error(ErrorKind::kMedia, fmt::format("cannot read {}: {}", file.string(),
                                               missing ? "no such file" : "not a regular file"));
  }
  std::ifstream in(file, std::ios::binary);
  if (!in)
    throw Error(ErrorKind::kMedia, fmt::format("cannot read {}: {}", file.string(), std::strerror(errno)));
  std::string bytes(16, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<size_t>(in.gcount()));
  return bytes;
}

bool LooksLikeMovie(const std::string& bytes) {
  // The boxes that an mp4 or mov may begin with.
  static constexpr std::array<std::string_view, 7> kFirstBoxes{"ftyp", "moov", "mdat", "free",
                                                               "skip", "wide", "pnot"};
  if (bytes.size() < 8) return false;
  return std::find(kFirstBoxes.begin(), kFirstBoxes.end(), std::string_view(bytes).substr(4, 4)) !=
         kFirstBoxes.end();
}

std::optional<std::string> Property(XmpPtr xmp, const char* schema, const char* name) {
  const XmpText text = NewText();
  if (!xmp_get_property(xmp, schema, name, text.get(), nullptr)) return std::nullopt;
  return std::string(xmp_string_cstr(text.get()));
}

std::optional<std::string> DefaultText(XmpPtr xmp, const char* schema, const char* name) {
  const XmpText text = NewText();
  const XmpText language = NewText();
  if (!xmp_get_localized_text(xmp, schema, name, "", "x-default", language.get(), text.get(), nullptr)) {
    return std::nullopt;
  }
  return std::string(xmp_string_cstr(text.get()));
}

void Set(XmpPtr xmp, const XmpMarks& marks, const fs::path& file) {
  if (marks.digital_source_type &&
      !xmp_set_property(xmp, kIptcExtension, "DigitalSourceType", marks.digital_source_type->c_str(), 0)) {
    Fail(file, "DigitalSourceType");
  }
  if (marks.description &&
      !xmp_set_localized_text(xmp, NS_DC, "description", "", "x-default", marks.description->c_str(), 0)) {
    Fail(file, "description");
  }
  if (marks.creator_tool && !xmp_set_property(xmp, NS_XAP, "CreatorTool", marks.creator_tool->c_str(), 0)) {
    Fail(file, "CreatorTool");
  }
}

}  // namespace

bool CanHoldXmp(const fs::path& file) {
  const std::string bytes = FirstBytes(file);
  const std::string extension = LowerExtension(file);
  if (extension == ".mp4" || extension == ".m4v" || extension == ".mov") return LooksLikeMovie(bytes);
  if (extension == ".png") return bytes.starts_with("\x89PNG\r\n\x1a\n");
  if (extension == ".jpg" || extension == ".jpeg") return bytes.starts_with("\xFF\xD8\xFF");
  return false;
}

void WriteXmp(const fs::path& file, const XmpMarks& marks) {
  const std::lock_guard lock(LibraryMutex());
  StartLibrary();
  const fs::perms permissions = fs::status(file).permissions();
  const auto options = static_cast<XmpOpenFileOptions>(XMP_OPEN_FORUPDATE | XMP_OPEN_USESMARTHANDLER);
  const XmpFile open(xmp_files_open_new(file.c_str(), options), &xmp_files_free);
  if (!open) Fail(file, "opening");
  XmpPacket xmp(xmp_files_get_new_xmp(open.get()), &xmp_free);
  if (!xmp) xmp.reset(xmp_new_empty());
  Set(xmp.get(), marks, file);
  if (!xmp_files_can_put_xmp(open.get(), xmp.get())) Fail(file, "there is no room for them");
  if (!xmp_files_put_xmp(open.get(), xmp.get())) Fail(file, "adding");
  if (!xmp_files_close(open.get(), XMP_CLOSE_SAFEUPDATE)) Fail(file, "writing");
  // The rewritten file has the library's own permissions.
  std::error_code problem;
  fs::permissions(file, permissions, problem);
  if (problem) {
    throw Error(ErrorKind::kDisk,
                fmt::format("cannot restore the permissions of {}: {}", file.string(), problem.message()));
  }
}

XmpMarks ReadXmp(const fs::path& file) {
  const std::lock_guard lock(LibraryMutex());
  StartLibrary();
  const auto options = static_cast<XmpOpenFileOptions>(XMP_OPEN_READ | XMP_OPEN_USESMARTHANDLER);
  const XmpFile open(xmp_files_open_new(file.c_str(), options), &xmp_files_free);
  if (!open) return {};
  const XmpPacket xmp(xmp_files_get_new_xmp(open.get()), &xmp_free);
  XmpMarks marks;
  if (xmp) {
    marks.digital_source_type = Property(xmp.get(), kIptcExtension, "DigitalSourceType");
    marks.description = DefaultText(xmp.get(), NS_DC, "description");
    marks.creator_tool = Property(xmp.get(), NS_XAP, "CreatorTool");
  }
  xmp_files_close(open.get(), XMP_CLOSE_NOOPTION);
  return marks;
}

}  // namespace reelswap
