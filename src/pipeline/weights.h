#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "config/weights_catalog.h"
#include "core/progress.h"

namespace reelswap {

/// The weights that `pull` fetches when none are named: they tell people apart.
inline constexpr const char* kIdentityWeightsName = "face_recognition_densenet_model_v1";

/// What became of an entry of the catalog on this machine.
struct WeightsStatus {
  WeightsEntry entry;
  std::optional<std::filesystem::path> where;  ///< empty = not here
  std::string problem;  ///< why what is here is no use (another size than the catalog's), or empty
  std::string cure;     ///< how to get it; empty when it is here and well
};
/// Looks in the weights folder, where Debian's packages put them, and at the variables of the environment.
std::vector<WeightsStatus> LookForWeights(const std::vector<WeightsEntry>& catalog);

/// The entries of these names, the identity weights for none. Throws Error(kUsage) for a name that is not there.
std::vector<WeightsEntry> ChooseWeights(const std::vector<WeightsEntry>& catalog,
                                        const std::vector<std::string>& names);

struct PulledWeights {
  std::string name;
  std::filesystem::path path;
  bool was_there = false;  ///< the right file lay there already: nothing was fetched
};

/// Brings weights into WeightsFolder() under their own file name, checked against size and SHA-256 before they
/// appear there; what is there already and right stays. mirror: a folder or file:// address (copied), an http(s)
/// address that has the same file, or empty for the catalog's own address. An interrupted download goes on where
/// it stopped. Throws Error(kModel) for an entry that cannot be pulled (no SHA-256 to check it by, packed) or a
/// file with another sum, Error(kNetwork), Error(kDisk), Error(kCancelled).
PulledWeights PullWeights(const WeightsEntry& entry, const std::string& mirror, ProgressSink& progress,
                          std::stop_token stop);

}  // namespace reelswap
