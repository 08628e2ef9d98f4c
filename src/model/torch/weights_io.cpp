#include "model/torch/weights_io.h"

#include <fmt/format.h>

#include <cmath>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"

namespace reelswap {
namespace {

/// A tensor in row-major order on the CPU, as files hold it.
at::Tensor Plain(const at::Tensor& tensor) { return tensor.detach().to(at::kCPU).contiguous(); }

/// Collects tensors for WriteSafetensors and keeps their plain copies alive.
class TensorList {
 public:
  void Add(const std::string& name, const at::Tensor& tensor, const char* dtype) {
    kept_.push_back(Plain(tensor));
    const at::Tensor& t = kept_.back();
    list_.push_back({name,
                     dtype,
                     t.sizes().vec(),
                     {static_cast<const std::byte*>(t.data_ptr()), static_cast<size_t>(t.nbytes())}});
  }
  const std::vector<SafetensorsTensor>& list() const { return list_; }

 private:
  std::vector<at::Tensor> kept_;
  std::vector<SafetensorsTensor> list_;
};

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

/// Copies a stored fp32 tensor over `to`, keeping to's layout and device.
void ReadInto(SafetensorsFile& file, const std::string& name, at::Tensor to) {
  const at::NoGradGuard no_grad;
  const at::Tensor stored = ReadTensor(file, name, "F32", at::kFloat, to.sizes().vec());
  // One pass: a sum is finite only if every number is (fp32 weights cannot overflow a double).
  if (!std::isfinite(stored.sum(at::kDouble).item<double>())) {
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
  list.Add("history.iteration", iterations, "I64");
  list.Add("history.seconds", seconds, "F64");
  list.Add("history.loss", losses, "F64");
}

/// The present checkpoint also gets the previous one's name, without ever being absent under its own.
void KeepAsPrevious(const std::filesystem::path& present, const std::filesystem::path& previous) {
  std::error_code ec;
  if (!std::filesystem::exists(present, ec)) return;
  const std::filesystem::path link = TemporaryPathFor(previous);
  std::filesystem::create_hard_link(present, link, ec);
  // File systems without hard links: moved; until the new one is there, loading takes the previous.
  std::filesystem::rename(ec ? present : link, previous, ec);
  if (ec) {
    throw Error(ErrorKind::kDisk,
                fmt::format("cannot keep {} as {}: {}", present.string(), previous.string(), ec.message()));
  }
}

}  // namespace

std::filesystem::path CheckpointPath(const std::filesystem::path& folder) {
  return folder / "checkpoint.safetensors";
}
std::filesystem::path PreviousCheckpointPath(const std::filesystem::path& folder) {
  return folder / "checkpoint.previous.safetensors";
}

void LoadNetwork(SafetensorsFile& file, const std::string& stored_prefix, Network& network) {
  for (Parameter& p : network.parameters()) {
    ReadInto(file, Replaced(p.name, network.prefix(), stored_prefix), p.master);
  }
  network.RoundMasters();
}

void SaveCheckpoint(const std::filesystem::path& folder, SwapNetworks& networks, Adam& adam,
                    const TrainingState& state) {
  ModelMetadata metadata;
  metadata.checkpoint = true;
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

  TensorList list;
  for (size_t i = 0; i < adam.parameters().size(); ++i) {
    const Parameter& p = *adam.parameters()[i];
    list.Add(p.name, p.master, "F32");
    list.Add("adam.m." + p.name, adam.moments()[i].m, "F32");
    list.Add("adam.v." + p.name, adam.moments()[i].v, "F32");
  }
  list.Add("adam.steps", at::full({1}, adam.steps(), at::kLong), "I64");
  AddHistory(list, state.history, metadata.info.people);

  const std::filesystem::path present = CheckpointPath(folder);
  const std::filesystem::path temporary = TemporaryPathFor(present);
  WriteSafetensors(temporary, FormatMetadata(metadata), list.list());
  try {
    KeepAsPrevious(present, PreviousCheckpointPath(folder));
    CommitFile(temporary, present);
  } catch (...) {
    std::error_code ec;
    std::filesystem::remove(temporary, ec);
    throw;
  }
}

void WriteWeights(const std::filesystem::path& path, const ModelMetadata& metadata, SwapNetworks& networks) {
  TensorList list;
  for (const Parameter* p : networks.parameters()) list.Add(p->name, p->master, "F32");
  const std::filesystem::path temporary = TemporaryPathFor(path);
  WriteSafetensors(temporary, FormatMetadata(metadata), list.list());
  CommitFile(temporary, path);
}

std::optional<std::filesystem::path> FindCheckpoint(const std::filesystem::path& folder) {
  const std::filesystem::path newest = CheckpointPath(folder), previous = PreviousCheckpointPath(folder);
  std::error_code ec;
  const bool has_newest = std::filesystem::exists(newest, ec),
             has_previous = std::filesystem::exists(previous, ec);
  const auto check = [](const std::filesystem::path& path) {
    const SafetensorsFile file(path);
    if (!ParseMetadata(path, file.metadata()).checkpoint) {
      throw Error(ErrorKind::kModel, path.string() + ": holds weights only, training cannot go on from it");
    }
  };
  if (has_newest) {
    try {
      check(newest);
      return newest;
    } catch (const Error& damage) {
      if (!has_previous) {
        throw Error(damage.kind(),
                    fmt::format("{} (move the file away to start this training anew)", damage.what()));
      }
      LogWarning(fmt::format("{}; going on from {}", damage.what(), previous.string()));
    }
  } else if (has_previous) {
    LogWarning(fmt::format("{} is missing; going on from {}", newest.string(), previous.string()));
  } else {
    return std::nullopt;
  }
  check(previous);
  return previous;
}

TrainingState LoadTrainingState(SafetensorsFile& file, const ModelMetadata& metadata) {
  TrainingState state;
  state.iteration = metadata.info.iterations;
  state.seconds = metadata.seconds;
  state.seed = metadata.seed;
  state.image_geometry = metadata.image_geometry;
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

void LoadCheckpointTensors(SafetensorsFile& file, SwapNetworks& networks, Adam& adam) {
  LoadNetwork(file, networks.encoder.prefix(), networks.encoder);
  for (auto& [person, decoder] : networks.decoders) LoadNetwork(file, decoder.prefix(), decoder);
  for (size_t i = 0; i < adam.parameters().size(); ++i) {
    const std::string& name = adam.parameters()[i]->name;
    ReadInto(file, "adam.m." + name, adam.moments()[i].m);
    ReadInto(file, "adam.v." + name, adam.moments()[i].v);
  }
  adam.set_steps(ReadTensor(file, "adam.steps", "I64", at::kLong, {1}).item<int64_t>());
}

}  // namespace reelswap
