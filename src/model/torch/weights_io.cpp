#include "model/torch/weights_io.h"

#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <span>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"

namespace reelswap {
namespace {

/// A tensor in row-major order on the CPU, as files hold it.
at::Tensor Plain(const at::Tensor& tensor) { return tensor.detach().to(at::kCPU).contiguous(); }

bool IsFinite(const at::Tensor& tensor) {
  // A sum is finite only if every number is; one in fp32 may overflow, in double (a slow copy) it cannot.
  return std::isfinite(tensor.sum().item<double>()) || std::isfinite(tensor.sum(at::kDouble).item<double>());
}

const char* TypeName(at::ScalarType type) {
  switch (type) {
    case at::kFloat: return "F32";
    case at::kDouble: return "F64";
    case at::kLong: return "I64";
    default: throw std::invalid_argument("weights_io: a tensor of a type that is not stored");
  }
}

/// Tensors for WriteSafetensors, each made plain when its turn comes.
class TensorList {
 public:
  void Add(const std::string& name, const at::Tensor& tensor) {
    tensors_.push_back(tensor);
    list_.push_back({name, TypeName(tensor.scalar_type()), tensor.sizes().vec(), {}});
  }
  void WriteTo(const std::filesystem::path& path, const ModelMetadata& metadata) {
    WriteSafetensors(path, FormatMetadata(metadata), list_, [this](size_t i) { return BytesOf(i); });
  }

 private:
  std::span<const std::byte> BytesOf(size_t i) {
    plain_ = Plain(tensors_[i]);
    if (plain_.scalar_type() == at::kFloat && !IsFinite(plain_)) throw NotFinite(list_[i].name);
    return {static_cast<const std::byte*>(plain_.data_ptr()), static_cast<size_t>(plain_.nbytes())};
  }
  std::vector<at::Tensor> tensors_;
  std::vector<SafetensorsTensor> list_;
  at::Tensor plain_;
};

/// Writes under a temporary name, then gives it `path`. before: what happens just before that.
void WriteAndCommit(const std::filesystem::path& path, TensorList& list, const ModelMetadata& metadata,
                    const std::function<void()>& before = [] {}) {
  const std::filesystem::path temporary = TemporaryPathFor(path);
  try {
    list.WriteTo(temporary, metadata);
    before();
    CommitFile(temporary, path);
  } catch (...) {
    std::error_code ec;
    std::filesystem::remove(temporary, ec);
    throw;
  }
}

ModelMetadata MetadataOf(const TrainingEngine& engine, const TrainingState& state) {
  const SwapNetworks& networks = engine.networks();
  ModelMetadata metadata;
  metadata.info = {networks.architecture.name,
                   networks.architecture.input,
                   networks.architecture.output,
                   {},
                   state.iteration};
  for (const auto& [person, decoder] : networks.decoders) metadata.info.people.push_back(person);
  metadata.image_geometry = state.image_geometry;
  metadata.seconds = state.seconds;
  metadata.seed = state.seed;
  metadata.tool_version = REELSWAP_VERSION;
  return metadata;
}

bool IsCritics(const std::string& name) {
  return name.rfind("critics.", 0) == 0 || name.rfind("adam.m.critics.", 0) == 0 ||
         name.rfind("adam.v.critics.", 0) == 0;
}

at::Tensor ReadTensor(SafetensorsFile& file, const std::string& name, const char* dtype, at::ScalarType type,
                      const std::vector<int64_t>& shape) {
  const SafetensorsEntry* entry = file.Find(name);
  if (entry == nullptr)
    throw Error(ErrorKind::kModel, fmt::format("{}: tensor \"{}\" is missing", file.path().string(), name));
  if (entry->dtype != dtype || entry->shape != shape) {
    throw Error(ErrorKind::kModel,
                fmt::format("{}: tensor \"{}\" is {} [{}], expected {} [{}]", file.path().string(), name,
                            entry->dtype, fmt::join(entry->shape, ", "), dtype, fmt::join(shape, ", ")));
  }
  at::Tensor tensor = at::empty(shape, type);
  file.Read(*entry, {static_cast<std::byte*>(tensor.data_ptr()), entry->bytes});
  return tensor;
}

/// Copies a stored tensor over `to`, keeping to's layout and device.
void ReadInto(SafetensorsFile& file, const std::string& name, at::Tensor to) {
  const at::NoGradGuard no_grad;
  const at::Tensor stored =
      ReadTensor(file, name, TypeName(to.scalar_type()), to.scalar_type(), to.sizes().vec());
  if (!IsFinite(stored)) {
    throw Error(ErrorKind::kModel,
                fmt::format("{}: tensor \"{}\" holds NaN or infinity", file.path().string(), name));
  }
  to.detach().copy_(stored);
}

std::string Replaced(const std::string& name, const std::string& own_prefix,
                     const std::string& stored_prefix) {
  return stored_prefix + name.substr(own_prefix.size());
}

void AddHistory(TensorList& list, const std::vector<HistoryPoint>& history,
                const std::vector<std::string>& people) {
  const int64_t n = static_cast<int64_t>(history.size()), count = static_cast<int64_t>(people.size());
  at::Tensor iterations = at::empty({n}, at::kLong), seconds = at::empty({n}, at::kDouble);
  at::Tensor losses = at::empty({n, count}, at::kDouble);
  for (int64_t i = 0; i < n; ++i) {
    iterations.data_ptr<int64_t>()[i] = history[i].iteration;
    seconds.data_ptr<double>()[i] = history[i].seconds;
    for (int64_t p = 0; p < count; ++p)
      losses.data_ptr<double>()[i * count + p] = history[i].loss.at(people[p]);
  }
  list.Add("history.iteration", iterations);
  list.Add("history.seconds", seconds);
  list.Add("history.loss", losses);
}

/// The present checkpoint also gets the previous one's name, without ever being absent under its own.
void KeepAsPrevious(const std::filesystem::path& present, const std::filesystem::path& previous) {
  std::error_code ec;
  if (!std::filesystem::exists(present, ec)) return;
  const std::filesystem::path link = TemporaryPathFor(previous);
  std::filesystem::create_hard_link(present, link, ec);
  // File systems without hard links: moved; until the new one is there, loading takes the previous.
  std::filesystem::rename(ec ? present : link, previous, ec);
  // After a kill between the two renames both names are the same file already: renaming then does nothing.
  std::error_code ignored;
  std::filesystem::remove(link, ignored);
  if (ec) {
    throw Error(ErrorKind::kDisk,
                fmt::format("cannot keep {} as {}: {}", present.string(), previous.string(), ec.message()));
  }
}

/// Opens a checkpoint and reads all of it. Throws Error(kModel).
ModelMetadata Verified(const std::filesystem::path& path) {
  SafetensorsFile file(path);
  ModelMetadata metadata = ParseMetadata(path, file.metadata());
  if (!metadata.checkpoint) {
    throw Error(ErrorKind::kModel, path.string() + ": holds weights only, training cannot go on from it");
  }
  file.Verify();
  if (file.has_checksums()) return metadata;
  // Of an earlier version: at least its numbers must be numbers.
  for (const SafetensorsEntry& entry : file.entries()) {
    if (entry.dtype != "F32") continue;
    if (!IsFinite(ReadTensor(file, entry.name, "F32", at::kFloat, entry.shape))) {
      throw Error(ErrorKind::kModel,
                  fmt::format("{}: tensor \"{}\" holds NaN or infinity", path.string(), entry.name));
    }
  }
  return metadata;
}

}  // namespace

void LoadNetwork(SafetensorsFile& file, const std::string& stored_prefix, Network& network) {
  for (Parameter& p : network.parameters()) {
    ReadInto(file, Replaced(p.name, network.prefix(), stored_prefix), p.master);
  }
  network.RoundMasters();
}

std::string AveragePrefix(const SafetensorsFile& file) {
  for (const SafetensorsEntry& entry : file.entries()) {
    if (entry.name.rfind("average.", 0) == 0) return "average.";
  }
  return "";
}

void SaveCheckpoint(const std::filesystem::path& folder, TrainingEngine& engine, const TrainingState& state) {
  ModelMetadata metadata = MetadataOf(engine, state);
  metadata.checkpoint = true;
  metadata.score = state.best;
  metadata.scores = state.scores;
  metadata.score_cost_seconds = state.score_cost_seconds;
  metadata.rate_factor = state.rate_factor;
  metadata.rollbacks = state.rollbacks;
  metadata.batch_parts = state.batch_parts;
  metadata.score_key = state.score_key;
  TensorList list;
  for (const StateTensor& tensor : engine.State()) list.Add(tensor.name, tensor.tensor);
  AddHistory(list, state.history, metadata.info.people);
  const std::filesystem::path present = CheckpointPath(folder);
  WriteAndCommit(present, list, metadata, [&] { KeepAsPrevious(present, PreviousCheckpointPath(folder)); });
}

void WriteAveragedWeights(const std::filesystem::path& path, const TrainingEngine& engine, const TrainingState& state,
                          const std::optional<ScorePoint>& score) {
  ModelMetadata metadata = MetadataOf(engine, state);
  metadata.score = score;
  TensorList list;
  for (const StateTensor& tensor : engine.AveragedWeights()) list.Add(tensor.name, tensor.tensor);
  WriteAndCommit(path, list, metadata);
}

std::optional<FoundCheckpoint> FindCheckpoint(const std::filesystem::path& folder) {
  const std::filesystem::path newest = CheckpointPath(folder), previous = PreviousCheckpointPath(folder);
  std::error_code ec;
  const bool has_newest = std::filesystem::exists(newest, ec),
             has_previous = std::filesystem::exists(previous, ec);
  if (!has_newest && !has_previous) return std::nullopt;
  if (has_newest) {
    try {
      return FoundCheckpoint{newest, Verified(newest), false};
    } catch (const Error& damage) {
      if (!has_previous) {
        throw Error(damage.kind(),
                    fmt::format("{} (move the file away to start this training anew)", damage.what()));
      }
      LogWarning(fmt::format("{}; going on from {}", damage.what(), previous.string()));
    }
  } else {
    LogWarning(fmt::format("{} is missing; going on from {}", newest.string(), previous.string()));
  }
  return FoundCheckpoint{previous, Verified(previous), has_newest};
}

TrainingState LoadTrainingState(SafetensorsFile& file, const ModelMetadata& metadata) {
  TrainingState state;
  state.iteration = metadata.info.iterations;
  state.seconds = metadata.seconds;
  state.seed = metadata.seed;
  state.image_geometry = metadata.image_geometry;
  state.scores = metadata.scores;
  state.best = metadata.score;
  state.score_cost_seconds = metadata.score_cost_seconds;
  state.rate_factor = metadata.rate_factor;
  state.rollbacks = metadata.rollbacks;
  state.batch_parts = metadata.batch_parts;
  state.score_key = metadata.score_key;
  const SafetensorsEntry* entry = file.Find("history.iteration");
  const int64_t n = entry != nullptr && entry->shape.size() == 1 ? entry->shape[0] : 0;
  const int64_t count = static_cast<int64_t>(metadata.info.people.size());
  const at::Tensor iterations = ReadTensor(file, "history.iteration", "I64", at::kLong, {n});
  const at::Tensor seconds = ReadTensor(file, "history.seconds", "F64", at::kDouble, {n});
  const at::Tensor losses = ReadTensor(file, "history.loss", "F64", at::kDouble, {n, count});
  for (int64_t i = 0; i < n; ++i) {
    HistoryPoint point{iterations.data_ptr<int64_t>()[i], seconds.data_ptr<double>()[i], {}};
    for (int64_t p = 0; p < count; ++p) {
      point.loss[metadata.info.people[p]] = losses.data_ptr<double>()[i * count + p];
    }
    state.history.push_back(std::move(point));
  }
  return state;
}

void RestoreEngine(SafetensorsFile& file, TrainingEngine& engine) {
  const bool has_averages = !AveragePrefix(file).empty();
  const bool has_critics = file.Find("critics.steps") != nullptr;
  for (const StateTensor& state : engine.State()) {
    const bool unknown_then = (!has_averages && state.name.rfind("average.", 0) == 0) ||
                              (!has_critics && IsCritics(state.name));
    if (!unknown_then) ReadInto(file, state.name, state.tensor);
  }
  engine.Restored();
  if (!has_averages) engine.ResetAverages();
}

}  // namespace reelswap
