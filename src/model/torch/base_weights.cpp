#include "model/torch/base_weights.h"

#include <algorithm>
#include <string>
#include <vector>

#include "model/torch/weights_io.h"
#include "model/training_checks.h"

namespace reelswap {
namespace {

/// For every person the decoder of a base that they start from.
std::vector<std::string> DonorsOf(const std::vector<std::string>& people, const std::vector<std::string>& base) {
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  std::vector<std::string> spare;
  for (const std::string& name : base) {
    if (!has(people, name)) spare.push_back(name);
  }
  spare.insert(spare.end(), base.begin(), base.end());
  std::vector<std::string> donors;
  size_t taken = 0;
  for (const std::string& person : people) {
    donors.push_back(has(base, person) ? person : spare[taken++ % spare.size()]);
  }
  return donors;
}

}  // namespace

void LoadBase(const std::filesystem::path& path, SwapNetworks& networks) {
  SafetensorsFile file(path);
  const WeightsInfo info = ParseMetadata(path, file.metadata()).info;
  const std::string cure = " (choose another train.base, or none)";
  CheckSame(path, "architecture", info.architecture, networks.architecture.name, cure);
  CheckSame(path, "input crops of", Describe(info.input), Describe(networks.architecture.input), cure);
  CheckSame(path, "output crops of", Describe(info.output), Describe(networks.architecture.output), cure);
  const std::string prefix = AveragePrefix(file);
  LoadNetwork(file, prefix + "encoder", networks.encoder);
  std::vector<std::string> people;
  for (const auto& [person, decoder] : networks.decoders) people.push_back(person);
  const std::vector<std::string> donors = DonorsOf(people, info.people);
  for (size_t i = 0; i < donors.size(); ++i) {
    LoadNetwork(file, prefix + "decoders." + donors[i], networks.decoders[i].second);
  }
}

}  // namespace reelswap
