#include "library/model_library.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "config/names.h"
#include "config/nearest_name.h"
#include "core/error.h"
#include "core/files.h"
#include "library/staging.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCardFile = "card.yaml";
constexpr const char* kWeightsFile = "weights.safetensors";
constexpr int kMaxVersion = 999'999'999;  // what a reference can name

[[noreturn]] void Fail(const std::string& sentence) { throw Error(ErrorKind::kModel, sentence); }

/// "17" -> 17; 0 for anything that is no version folder.
int ParseVersion(std::string_view text) {
  int version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && text[0] != '0' && version > 0 && version <= kMaxVersion ? version : 0;
}

/// File names in a folder; none when it does not exist. Throws Error(kDisk) when it cannot be read.
std::vector<std::string> EntriesOf(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    throw Error(ErrorKind::kDisk,
                fmt::format("cannot read the model library folder {}: {}", folder.string(), error.message()));
  }
  return names;
}

/// Version folders of a name, ascending, readable or not.
std::vector<int> VersionsOf(const fs::path& name_folder) {
  std::vector<int> versions;
  for (const std::string& entry : EntriesOf(name_folder)) {
    const int version = ParseVersion(entry);
    if (version > 0) versions.push_back(version);
  }
  std::sort(versions.begin(), versions.end());
  return versions;
}

/// Names with at least one version folder, sorted.
std::vector<std::string> NamesIn(const fs::path& root) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const std::string& name : EntriesOf(root)) {
    if (IsSafeName(name) && fs::is_directory(root / name, ignored) && !VersionsOf(root / name).empty()) {
      names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Throws Error(kModel) for a folder that is no whole model of this name and version.
StoredModel LoadStored(const fs::path& root, const std::string& name, int version) {
  StoredModel model;
  model.folder = root / name / std::to_string(version);
  model.weights = model.folder / kWeightsFile;
  model.card = LoadModelCard(model.folder / kCardFile);
  if (model.card.name != name || model.card.version != version) {
    Fail(fmt::format("damaged model {}: its card says {}@{}", model.folder.string(), model.card.name,
                     model.card.version));
  }
  std::error_code error;
  const auto bytes = fs::file_size(model.weights, error);
  if (error)
    Fail(fmt::format("damaged model {}: {}: {}", model.folder.string(), kWeightsFile, error.message()));
  if (bytes == 0) Fail(fmt::format("damaged model {}: {} is empty", model.folder.string(), kWeightsFile));
  model.bytes = static_cast<int64_t>(bytes);
  return model;
}

std::string UtcNow() {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now));
}

[[noreturn]] void FailUnknown(const fs::path& root, const std::string& name) {
  const auto names = NamesIn(root);
  if (names.empty())
    Fail(fmt::format("there is no model '{}': the library {} is empty", name, root.string()));
  std::string hint = DidYouMean(name, names);
  if (hint.empty()) hint = "; `reelswap models list` shows what is there";
  Fail(fmt::format("there is no model '{}' in {}{}", name, root.string(), hint));
}

/// Completes card.base to "name@version" and writes the ancestors down, oldest first.
void FillLineage(const ModelLibrary& library, ModelCard& card) {
  if (card.base.empty()) {
    card.lineage.clear();
    return;
  }
  try {
    const ModelCard base = library.Find(card.base).card;
    card.base = fmt::format("{}@{}", base.name, base.version);
    card.lineage = base.lineage;
  } catch (const Error&) {
    // The base was removed while this model trained: its name is all that can still be said, and a
    // finished training is not lost for it.
    card.lineage.clear();
  }
  card.lineage.push_back(card.base);
}

void CheckNewCard(const ModelCard& card, const fs::path& weights) {
  if (!IsSafeName(card.name)) {
    Fail(fmt::format("cannot store a model named '{}': expected {}", card.name, kSafeNameRule));
  }
  if (!card.base.empty() && !IsModelReference(card.base)) {
    Fail(fmt::format("cannot store {}: its base '{}' is not NAME or NAME@VERSION", card.name, card.base));
  }
  std::error_code error;
  if (!fs::is_regular_file(weights, error) || fs::file_size(weights, error) == 0) {
    Fail(fmt::format("cannot store {}: the weights {} are missing or empty", card.name, weights.string()));
  }
}

void CopyPictures(const std::vector<fs::path>& pictures, const Staging& staging) {
  for (const fs::path& picture : pictures) {
    std::error_code ignored;
    if (fs::is_regular_file(picture, ignored)) staging.CopyIn(picture, picture.filename().string());
  }
}

std::string DescribeGeometry(const CropGeometry& geometry) {
  return fmt::format("{} px, coverage {}, shift {}", geometry.size, geometry.coverage, geometry.shift_y);
}

}  // namespace

ModelLibrary::ModelLibrary(fs::path root) : root_(std::move(root)) {}

std::vector<StoredModel> ModelLibrary::List(std::vector<std::string>* problems) const {
  std::vector<StoredModel> models;
  for (const std::string& name : NamesIn(root_)) {
    for (const int version : VersionsOf(root_ / name)) {
      try {
        models.push_back(LoadStored(root_, name, version));
      } catch (const Error& error) {
        if (problems != nullptr) problems->push_back(error.what());
      }
    }
  }
  return models;
}

StoredModel ModelLibrary::Find(const std::string& reference) const {
  if (!IsModelReference(reference)) {
    Fail(fmt::format("'{}' names no model: expected NAME or NAME@VERSION", reference));
  }
  const size_t at = reference.find('@');
  const std::string name = reference.substr(0, at);
  const auto versions = VersionsOf(root_ / name);
  if (versions.empty()) FailUnknown(root_, name);
  const int version = at == std::string::npos ? versions.back() : ParseVersion(reference.substr(at + 1));
  if (std::find(versions.begin(), versions.end(), version) == versions.end()) {
    Fail(fmt::format("the model '{}' has no version {}; stored: {}", name, version,
                     fmt::join(versions, ", ")));
  }
  return LoadStored(root_, name, version);
}

StoredModel ModelLibrary::Add(ModelCard card, const fs::path& weights,
                              const std::vector<fs::path>& pictures) const {
  CheckNewCard(card, weights);
  RemoveOldStaging(root_);
  Staging staging(root_);
  staging.CopyIn(weights, kWeightsFile);
  CopyPictures(pictures, staging);
  // Of the copy: it is what readers will load.
  card.weights_sha256 = Sha256OfFile(staging.path() / kWeightsFile);
  FillLineage(*this, card);
  if (card.tool_version.empty()) card.tool_version = REELSWAP_VERSION;
  if (card.created_utc.empty()) card.created_utc = UtcNow();
  // Each round another writer took the version in between, so this ends when they end.
  for (;;) {
    const auto versions = VersionsOf(root_ / card.name);
    card.version = versions.empty() ? 1 : versions.back() + 1;
    WriteFileAtomically(staging.path() / kCardFile, FormatModelCard(card));
    LoadModelCard(staging.path() / kCardFile);  // what cannot be read back must not be stored
    if (staging.Publish(root_ / card.name / std::to_string(card.version))) break;
  }
  return LoadStored(root_, card.name, card.version);
}

std::optional<StoredModel> ModelLibrary::FindBySha256(const std::string& name,
                                                      const std::string& sha256) const {
  if (!IsSafeName(name)) return std::nullopt;
  auto versions = VersionsOf(root_ / name);
  std::reverse(versions.begin(), versions.end());
  for (const int version : versions) {
    try {
      StoredModel model = LoadStored(root_, name, version);
      if (model.card.weights_sha256 == sha256) return model;
    } catch (const Error&) {
      continue;  // a damaged version is reported by List; here it only is not the one asked for
    }
  }
  return std::nullopt;
}

void VerifyWeights(const StoredModel& model) {
  const std::string found = Sha256OfFile(model.weights);
  if (found == model.card.weights_sha256) return;
  Fail(fmt::format(
      "the weights {} are not those of their card (SHA-256 {}..., expected {}...); store the model again",
      model.weights.string(), found.substr(0, 12), model.card.weights_sha256.substr(0, 12)));
}

void RequireCompatible(const ModelCard& base, const std::string& architecture, const CropGeometry& input,
                       const CropGeometry& output, int people) {
  const std::string who = fmt::format("the base {}@{}", base.name, base.version);
  if (base.architecture != architecture) {
    Fail(fmt::format(
        "{} is a '{}' model and this training is '{}'; write train.model: {} or choose another base", who,
        base.architecture, architecture, base.architecture));
  }
  const auto require_geometry = [&](const char* what, const CropGeometry& has, const CropGeometry& needs) {
    if (has == needs) return;
    Fail(fmt::format(
        "{} {} faces of {} and this training of {}; choose another base or write train.base: none", who, what,
        DescribeGeometry(has), DescribeGeometry(needs)));
  };
  require_geometry("takes", base.input, input);
  require_geometry("gives", base.output, output);
  const ModelCard ours;
  if (base.landmark_scheme != ours.landmark_scheme) {
    Fail(fmt::format("{} was aligned by '{}' and this version aligns by '{}'; write train.base: none", who,
                     base.landmark_scheme, ours.landmark_scheme));
  }
  if (base.color_order != ours.color_order) {
    Fail(fmt::format("{} takes '{}' pictures and this version makes '{}'; write train.base: none", who,
                     base.color_order, ours.color_order));
  }
  if (static_cast<int>(base.people.size()) < people) {
    Fail(fmt::format(
        "{} has decoders for {} people and this training needs {}; choose a base with at least {}", who,
        base.people.size(), people, people));
  }
}

}  // namespace reelswap
