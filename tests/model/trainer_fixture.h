#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/files.h"
#include "model/face_swapper.h"
#include "model/safetensors.h"
#include "model/trainer.h"
#include "model/training_loop.h"
#include "testing/drawn_faces.h"
#include "testing/temp_dir.h"

namespace reelswap::testing {

inline constexpr CropGeometry kStored{128, 1.8f, 0.1f};

/// Asks to stop once so many iterations are done, and remembers the last event.
class StoppingProgress final : public ProgressSink {
 public:
  explicit StoppingProgress(double stop_at = 1e18) : stop_at_(stop_at) {}
  void Report(const ProgressEvent& event) override {
    const std::lock_guard lock(mutex_);
    last_ = event;
    if (event.done >= stop_at_) source_.request_stop();
  }
  std::stop_token token() { return source_.get_token(); }
  ProgressEvent last() const { return last_; }

 private:
  std::mutex mutex_;
  double stop_at_;
  std::stop_source source_;
  ProgressEvent last_;
};

/// A clock that only moves when told to. Starts at noon UTC of 1 March 2026.
class FakeClock {
 public:
  TrainingClock clock() {
    return {[this] { return seconds_; },
            [this] {
              return std::chrono::system_clock::from_time_t(1772366400) +
                     std::chrono::milliseconds(static_cast<int64_t>(seconds_ * 1000));
            }};
  }
  void Advance(double seconds) { seconds_ += seconds; }

 private:
  double seconds_ = 0;
};

/// The raw bytes of every tensor, by name.
inline std::map<std::string, std::string> TensorsOf(const std::filesystem::path& path) {
  SafetensorsFile file(path);
  std::map<std::string, std::string> tensors;
  for (const SafetensorsEntry& entry : file.entries()) {
    std::string bytes(entry.bytes, '\0');
    file.Read(entry, std::as_writable_bytes(std::span(bytes)));
    tensors[entry.name] = std::move(bytes);
  }
  return tensors;
}

/// Names of the tensors that differ between two files; the history's times and cut may.
inline std::vector<std::string> Differences(const std::filesystem::path& one, const std::filesystem::path& other) {
  const auto a = TensorsOf(one), b = TensorsOf(other);
  std::vector<std::string> names;
  for (const auto& [name, bytes] : a) {
    if (name.rfind("history.", 0) == 0) continue;
    const auto found = b.find(name);
    if (found == b.end() || found->second != bytes) names.push_back(name);
  }
  for (const auto& [name, bytes] : b) {
    if (!a.contains(name)) names.push_back(name);
  }
  return names;
}

inline std::vector<float> Weights(const std::filesystem::path& path, const std::string& name) {
  SafetensorsFile file(path);
  const SafetensorsEntry* entry = file.Find(name);
  if (entry == nullptr) throw std::runtime_error(name + " is not in " + path.string());
  std::vector<float> weights(entry->bytes / 4);
  file.Read(*entry, std::as_writable_bytes(std::span(weights)));
  return weights;
}

/// Small trainings of `light` on drawn faces.
class TrainerTest : public ::testing::Test {
 protected:
  static std::vector<TrainingFaces> Faces() {
    static const TempDir shared;
    static const auto a = WriteDrawnFaces(shared / "anna", 0, 12, kStored.size);
    static const auto b = WriteDrawnFaces(shared / "bert", 1, 10, kStored.size);
    return {{"anna", a, {}, {}}, {"bert", b, {}, {}}};
  }
  static TrainOptions Options(int64_t iterations) {
    TrainOptions o;
    o.architecture = "light";
    o.batch = 2;
    o.iterations = iterations;
    o.save_every = 1000;
    o.preview_every = 1000;
    o.device = "cpu";
    o.threads = 1;  // tests share the machine with others; and one thread adds up in one order
    return o;
  }
  TrainSummary Train(const TrainOptions& options, std::stop_token stop = {}, const TrainHooks& hooks = {}) {
    NullProgress progress;
    return TrainModel(folder(), Faces(), kStored, options, std::nullopt, progress, stop, hooks);
  }
  TrainSummary TrainIn(const std::filesystem::path& where, const TrainOptions& options,
                       const TrainingSeams& seams = {}, const TrainHooks& hooks = {}) {
    NullProgress progress;
    const auto people = Faces();
    return RunTraining({where, people, kStored, options, std::nullopt, progress, {}, hooks}, seams);
  }
  std::filesystem::path folder() const { return dir_ / "model"; }
  std::filesystem::path checkpoint() const { return folder() / "checkpoint.safetensors"; }
  std::filesystem::path previous() const { return folder() / "checkpoint.previous.safetensors"; }
  std::filesystem::path best() const { return folder() / "best.safetensors"; }

  /// The sentence of the Error(kind) that `work` ends in.
  template <typename Work>
  static std::string Failure(ErrorKind kind, Work&& work) {
    try {
      work();
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), kind) << e.what();
      return e.what();
    }
    return "no error";
  }
  std::string TrainFailure(ErrorKind kind, const TrainOptions& options, const std::vector<TrainingFaces>& people,
                           const CropGeometry& geometry = kStored) {
    NullProgress progress;
    return Failure(kind, [&] { TrainModel(folder(), people, geometry, options, std::nullopt, progress, {}); });
  }

  TempDir dir_;
};

}  // namespace reelswap::testing
