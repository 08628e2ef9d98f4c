#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/model_card.h"

namespace reelswap {

struct StoredModel {
  ModelCard card;
  std::filesystem::path folder;   ///< <root>/<name>/<version>
  std::filesystem::path weights;  ///< folder/weights.safetensors
  int64_t bytes = 0;              ///< of the weights
};

/// Stored models under a root folder: <root>/<name>/<version>/{card.yaml, weights.safetensors,
/// preview.png, loss.png}. A version folder appears by one rename, so readers never see a
/// half-written one, and two processes that add at once get different versions. Thread-safe.
class ModelLibrary {
 public:
  explicit ModelLibrary(std::filesystem::path root);

  /// All readable models by name and version; unreadable ones are reported in `problems` when given.
  std::vector<StoredModel> List(std::vector<std::string>* problems = nullptr) const;
  /// "name" (newest version) or "name@3". Throws Error(kModel) naming the nearest existing name, the
  /// stored versions, or what is damaged. The weights are looked at, not hashed: see VerifyWeights.
  StoredModel Find(const std::string& reference) const;
  /// Copies weights and pictures (missing pictures are skipped), fills in version, sha256 and lineage
  /// (card.base as "name" or "name@version"), and tool version and time where the card has none.
  /// Throws Error(kModel) for a card that could not be read back or missing weights, Error(kDisk).
  StoredModel Add(ModelCard card, const std::filesystem::path& weights,
                  const std::vector<std::filesystem::path>& pictures) const;
  /// The stored model of this name whose weights have this sha256, if any (so a finished training
  /// is not stored twice).
  std::optional<StoredModel> FindBySha256(const std::string& name, const std::string& sha256) const;

 private:
  std::filesystem::path root_;
};

/// Hashes the weights. Throws Error(kModel) when they are not those of the card.
void VerifyWeights(const StoredModel& model);

/// Throws Error(kModel) with one sentence that says what differs when `base` cannot start a
/// training of this architecture and geometry with so many people.
void RequireCompatible(const ModelCard& base, const std::string& architecture, const CropGeometry& input,
                       const CropGeometry& output, int people);

}  // namespace reelswap
