#include "model/trainer.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "model/model_metadata.h"
#include "model/torch/torch_error.h"
#include "model/torch/weights_io.h"
#include "model/training_checks.h"
#include "model/training_loop.h"

namespace reelswap {
namespace {

/// Encoder and decoders of `file` (averaged where it has averages) as a weights file.
void CopyWeights(SafetensorsFile& file, const std::filesystem::path& weights) {
  ModelMetadata metadata = ParseMetadata(file.path(), file.metadata());
  if (metadata.checkpoint) metadata.score.reset();  // that is another iteration's
  metadata.checkpoint = false;
  const std::string prefix = AveragePrefix(file);
  std::vector<const SafetensorsEntry*> sources;
  std::vector<SafetensorsTensor> tensors;
  for (const SafetensorsEntry& entry : file.entries()) {
    if (entry.name.rfind("encoder.", 0) != 0 && entry.name.rfind("decoders.", 0) != 0) continue;
    const SafetensorsEntry* source = file.Find(prefix + entry.name);
    if (source == nullptr) {
      throw Error(ErrorKind::kModel,
                  fmt::format("{}: tensor \"{}{}\" is missing", file.path().string(), prefix, entry.name));
    }
    sources.push_back(source);
    tensors.push_back({entry.name, source->dtype, source->shape, {}});
  }
  std::vector<std::byte> bytes;
  const std::filesystem::path temporary = TemporaryPathFor(weights);
  try {
    WriteSafetensors(temporary, FormatMetadata(metadata), tensors, [&](size_t i) -> std::span<const std::byte> {
      bytes.resize(sources[i]->bytes);
      file.Read(*sources[i], bytes);
      return bytes;
    });
    CommitFile(temporary, weights);
  } catch (...) {
    std::error_code ec;
    std::filesystem::remove(temporary, ec);
    throw;
  }
}

/// False, with a warning, when the best weights are damaged.
bool CopyBest(const std::filesystem::path& folder, const std::filesystem::path& weights) {
  try {
    SafetensorsFile file(BestPath(folder));
    CopyWeights(file, weights);
    return true;
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::kModel) throw;
    LogWarning(fmt::format("{}; the newest checkpoint's weights are used instead", e.what()));
    return false;
  }
}

}  // namespace

TrainSummary TrainModel(const std::filesystem::path& folder, const std::vector<TrainingFaces>& people,
                        const CropGeometry& image_geometry, const TrainOptions& options,
                        const std::optional<std::filesystem::path>& base_weights, ProgressSink& progress,
                        std::stop_token stop, const TrainHooks& hooks) {
  CheckArguments(people, options);
  return WithTorchErrors("training " + folder.filename().string(), [&] {
    return RunTraining({folder, people, image_geometry, options, base_weights, progress, stop, hooks});
  });
}

void ExportWeights(const std::filesystem::path& checkpoint, const std::filesystem::path& weights) {
  SafetensorsFile file(checkpoint);
  CopyWeights(file, weights);
}

void ExportShipped(const std::filesystem::path& folder, const std::filesystem::path& weights) {
  const std::optional<FoundCheckpoint> found = FindCheckpoint(folder);
  if (!found) {
    throw Error(ErrorKind::kModel, fmt::format("{} holds no trained model: train it first", folder.string()));
  }
  if (found->metadata.score && CopyBest(folder, weights)) return;
  ExportWeights(found->path, weights);
}

}  // namespace reelswap
