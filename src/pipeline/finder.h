#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "config/project.h"
#include "core/progress.h"
#include "model/speed_probe.h"
#include "pipeline/workspace.h"

namespace reelswap {

/// How fast this machine trains with one batch size and thread count.
struct FinderPoint {
  int batch = 0;    ///< faces per person and step
  int threads = 0;  ///< LibTorch threads
  SpeedResult speed;
  bool operator==(const FinderPoint& other) const { return batch == other.batch && threads == other.threads; }
};

/// What a machine is to the finder. A result holds where all of it is the same.
struct FinderMachine {
  std::string device;     ///< "cpu (bf16)", "cuda: NVIDIA ..."
  std::string requested;  ///< train.device: auto | cpu | cuda
  int cores = 1;          ///< logical
  int physical_cores = 1;
  double memory_bytes = 0;  ///< free for the measurements; not compared
  bool operator==(const FinderMachine& other) const {
    return device == other.device && requested == other.requested && cores == other.cores;
  }
};
/// This machine as train.device and train.precision use it. physical_cores are counted in /sys (cores where that says nothing).
FinderMachine DescribeMachine(const std::string& requested_device, const std::string& precision = "auto");

struct FinderResult {
  std::string architecture;
  FinderMachine machine;
  int usual_batch = 0;         ///< what the project trains with
  double ceiling_gflops = 0;   ///< of its convolutions, measured in the same run
  std::vector<FinderPoint> points;
  std::vector<std::string> left_out;  ///< a sentence for what was not measured, and why
};

/// Thread counts worth trying: all cores, the physical ones, one less than all, half. Each once, largest first.
std::vector<int> ThreadCandidates(const FinderMachine& machine);

/// The batch that gives the most images per second; of those within 2 % of it (two runs differ by as much) the
/// smallest, which learns more often. Only points of one thread count are compared: the one that has most points.
/// 0 where nothing was compared.
int FastestBatch(const std::vector<FinderPoint>& points);

/// The thread count that trains `batch` fastest, as measured at the nearest batch (by ratio) for which there was a
/// choice; of those within 2 % the smallest, which leaves cores to others. 0 where nothing was compared.
int FastestThreads(const std::vector<FinderPoint>& points, int batch);

/// What the finder measures with; replaced in tests.
struct FinderInstruments {
  std::function<SpeedResult(int batch, int threads, double seconds)> train;
  std::function<double()> now;          ///< seconds
  std::function<double()> used_memory;  ///< most bytes this process ever held
};

/// Measures within about `seconds`: batches of 4, 8, ... 128 and the usual one upwards with all cores, then the other
/// thread counts at the usual batch or the largest that there is time for. What would take too long or too much
/// memory, judged by the batches before, is left out and named. A measurement that fails (out of memory) ends the
/// batches. Throws Error(kCancelled) between measurements, and what the first measurement throws.
FinderResult Explore(const std::string& architecture, int usual_batch, const FinderMachine& machine, double seconds,
                     const FinderInstruments& instruments, ProgressSink& progress, std::stop_token stop);

/// Explore on this machine for the project's architecture and device, with the ceiling; kept in the workspace as
/// finder.json. Throws like WorkspaceLock when another process works there.
FinderResult RunFinder(const Project& project, double seconds, ProgressSink& progress, std::stop_token stop);

/// The result kept in a workspace, or empty when there is none, it cannot be read, or it is of another architecture
/// or machine.
std::optional<FinderResult> LoadFinderResult(const Workspace& workspace, const std::string& architecture,
                                             const FinderMachine& machine);
void SaveFinderResult(const Workspace& workspace, const FinderResult& result);

/// What else decides the batch where the project says `batch: fastest`.
struct BatchLimits {
  int64_t fewest_faces = 0;  ///< of a person: a batch cannot be larger; 0 = not known
  int began_with = 0;        ///< the batch of a training that goes on, which keeps it; 0 = it begins
};

/// train.options with what the finder found in this workspace: threads where the project leaves them to us (0), and
/// the batch where it says `batch: fastest`. Says in the log what is used, and when `fastest` has nothing to go by.
TrainOptions WithFinderChoice(const Workspace& workspace, const TrainSettings& train, const BatchLimits& limits = {});

/// The table for people.
std::string FormatFinderResult(const FinderResult& result);

}  // namespace reelswap
