#include "pipeline/weights.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/nearest_name.h"
#include "core/error.h"
#include "core/files.h"
#include "face/face_detector.h"
#include "face/face_embedder.h"
#include "fetch/fetch.h"

namespace reelswap {
namespace fs = std::filesystem;

namespace {

constexpr const char* kLandmarkWeightsName = "shape_predictor_68_face_landmarks";

/// Why an entry cannot be pulled, with the other way to it; empty when it can.
std::string Obstacle(const WeightsEntry& entry) {
  const std::string other_way = entry.package.empty()
                                    ? fmt::format("fetch {} yourself", entry.url)
                                    : fmt::format("install the package: apt-get install {}", entry.package);
  if (entry.sha256.empty()) return fmt::format("the catalog has no SHA-256 to check it by; {}", other_way);
  if (!entry.packed()) return "";
  const std::string by_hand = entry.package.empty()
                                  ? fmt::format("fetch {}, unpack it with bunzip2 and put it into {}", entry.url,
                                                WeightsFolder().string())
                                  : other_way;
  return fmt::format("it comes packed with bzip2, which this version does not unpack; {}", by_hand);
}

fs::path PlaceOf(const WeightsEntry& entry) { return WeightsFolder() / entry.ReadyFileName(); }

bool IsFile(const fs::path& path) {
  std::error_code ec;
  return fs::is_regular_file(path, ec);
}

std::optional<fs::path> Find(const WeightsEntry& entry) {
  if (entry.name == kIdentityWeightsName) return FindIdentityWeights();
  if (entry.name == kLandmarkWeightsName) {
    const std::string path = LandmarkWeightsPath();
    return path.empty() ? std::nullopt : std::optional<fs::path>(path);
  }
  for (const fs::path& path : {PlaceOf(entry), entry.installed}) {
    if (IsFile(path)) return path;
  }
  return std::nullopt;
}

bool IsRight(const WeightsEntry& entry, const fs::path& file) {
  std::error_code ec;
  const auto bytes = static_cast<int64_t>(fs::file_size(file, ec));
  return !ec && (!entry.bytes || bytes == *entry.bytes) && Sha256OfFile(file) == entry.sha256;
}

/// Throws unless the file is the one of the catalog.
void RequireRight(const WeightsEntry& entry, const fs::path& file, const std::string& source) {
  const auto bytes = static_cast<int64_t>(fs::file_size(file));
  if (entry.bytes && bytes != *entry.bytes) {
    throw Error(ErrorKind::kModel, fmt::format("{} has {} bytes, the weights {} have {}: it is another file, or an "
                                               "incomplete one", source, bytes, entry.name, *entry.bytes));
  }
  if (const std::string sha256 = Sha256OfFile(file); sha256 != entry.sha256) {
    throw Error(ErrorKind::kModel, fmt::format("{} has SHA-256 {}, the weights {} have {}: it is another file, or a "
                                               "damaged one", source, sha256, entry.name, entry.sha256));
  }
}

/// "file:///a%20b" -> "/a b"; a plain path stays.
fs::path LocalPath(const std::string& location) {
  constexpr std::string_view kScheme = "file://";
  if (!location.starts_with(kScheme)) return location;
  const std::string encoded = location.substr(kScheme.size());
  const auto digit = [](char c) { return std::string_view("0123456789abcdef").find(static_cast<char>(c | 0x20)); };
  std::string path;
  for (size_t i = 0; i < encoded.size(); ++i) {
    const bool escape = encoded[i] == '%' && i + 2 < encoded.size() && digit(encoded[i + 1]) < 16 &&
                        digit(encoded[i + 2]) < 16;
    if (escape) {
      path += static_cast<char>(16 * digit(encoded[i + 1]) + digit(encoded[i + 2]));
      i += 2;
    } else {
      path += encoded[i];
    }
  }
  return path;
}

/// Removes a temporary file unless it was committed.
class Temporary {
 public:
  explicit Temporary(const fs::path& final_path) : path_(TemporaryPathFor(final_path)) {}
  ~Temporary() {
    std::error_code ec;
    fs::remove(path_, ec);
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

void CopyFromMirror(const WeightsEntry& entry, const fs::path& mirror, const fs::path& place) {
  const fs::path source = fs::is_directory(mirror) ? mirror / entry.FileName() : mirror;
  if (!IsFile(source)) {
    throw Error(ErrorKind::kDisk, fmt::format("cannot take {} from {}: there is no file {}", entry.name,
                                              mirror.string(), source.string()));
  }
  const Temporary copy(place);
  std::error_code failed;
  fs::copy_file(source, copy.path(), fs::copy_options::overwrite_existing, failed);
  if (failed) {
    throw Error(ErrorKind::kDisk, fmt::format("cannot copy {} to {}: {}", source.string(), place.parent_path().string(),
                                              failed.message()));
  }
  RequireRight(entry, copy.path(), source.string());
  CommitFile(copy.path(), place);
}

void Download(const WeightsEntry& entry, const std::string& url, const fs::path& place, ProgressSink& progress,
              std::stop_token stop) {
  // A folder of its own, where an interrupted download waits to be resumed.
  const fs::path waiting = place.parent_path() / "unfinished" / entry.name;
  FetchOptions options;
  options.any_file = true;
  options.expected_sha256 = entry.sha256;
  std::error_code ignored;  // what cannot be removed is small and is cleared by the next pull
  try {
    const FetchedMedia file = FetchUrl(url, waiting, options, progress, std::move(stop));
    RequireRight(entry, file.path, url);
    CommitFile(file.path, place);
  } catch (const Error&) {
    fs::remove(waiting, ignored);  // unless part of the file waits in it to be resumed
    fs::remove(waiting.parent_path(), ignored);
    throw;
  }
  fs::remove_all(waiting, ignored);
  fs::remove(waiting.parent_path(), ignored);
}

}  // namespace

std::vector<WeightsStatus> LookForWeights(const std::vector<WeightsEntry>& catalog) {
  std::vector<WeightsStatus> all;
  for (const WeightsEntry& entry : catalog) {
    WeightsStatus status{entry, Find(entry), "", ""};
    const std::string obstacle = Obstacle(entry);
    const std::string cure = obstacle.empty() ? fmt::format("reelswap weights pull {}", entry.name) : obstacle;
    if (!status.where) {
      status.cure = cure;
    } else if (!IsFile(*status.where)) {
      status.problem = "is no file";
      status.cure = cure;
    } else if (entry.bytes && !entry.packed()) {
      const auto bytes = static_cast<int64_t>(fs::file_size(*status.where));
      if (bytes != *entry.bytes) {
        status.problem = fmt::format("has {} bytes instead of {}", bytes, *entry.bytes);
        status.cure = cure;
      }
    }
    all.push_back(std::move(status));
  }
  return all;
}

std::vector<WeightsEntry> ChooseWeights(const std::vector<WeightsEntry>& catalog,
                                        const std::vector<std::string>& names) {
  const std::vector<std::string> wanted = names.empty() ? std::vector<std::string>{kIdentityWeightsName} : names;
  std::vector<std::string> known;
  for (const WeightsEntry& entry : catalog) known.push_back(entry.name);
  std::vector<WeightsEntry> chosen;
  for (const std::string& name : wanted) {
    const auto entry =
        std::find_if(catalog.begin(), catalog.end(), [&](const WeightsEntry& e) { return e.name == name; });
    if (entry == catalog.end()) {
      throw Error(ErrorKind::kUsage, fmt::format("no weights are called '{}'{} (`reelswap weights list` names them)",
                                                 name, DidYouMean(name, known)));
    }
    chosen.push_back(*entry);
  }
  return chosen;
}

PulledWeights PullWeights(const WeightsEntry& entry, const std::string& mirror, ProgressSink& progress,
                          std::stop_token stop) {
  if (const std::string obstacle = Obstacle(entry); !obstacle.empty()) {
    throw Error(ErrorKind::kModel, fmt::format("the weights {} cannot be pulled: {}", entry.name, obstacle));
  }
  const fs::path place = PlaceOf(entry);
  if (IsFile(place) && IsRight(entry, place)) return {entry.name, place, true};
  std::error_code failed;
  fs::create_directories(place.parent_path(), failed);
  if (failed) {
    throw Error(ErrorKind::kDisk, fmt::format("cannot make the folder {}: {} (name another one in REELSWAP_WEIGHTS)",
                                              place.parent_path().string(), failed.message()));
  }
  if (mirror.empty()) {
    Download(entry, entry.url, place, progress, std::move(stop));
  } else if (IsUrl(mirror)) {
    Download(entry, mirror + (mirror.ends_with('/') ? "" : "/") + entry.FileName(), place, progress, std::move(stop));
  } else {
    CopyFromMirror(entry, LocalPath(mirror), place);
  }
  return {entry.name, place, false};
}

}  // namespace reelswap
