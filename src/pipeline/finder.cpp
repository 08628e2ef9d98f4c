#include "pipeline/finder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "pipeline/finder_machine.h"

namespace reelswap {
namespace {

using nlohmann::json;

constexpr double kNoise = 0.02;            // two runs of the same step differ by about so much
constexpr double kShareOfBatches = 0.7;    // of the time; the rest is for the thread counts
constexpr double kLeastSteps = 3;          // a measurement takes one step to warm up and two to count
constexpr double kMostMemory = 0.8;        // of what is free
constexpr double kShareOfOneMeasurement = 0.1;  // of the time for the batches: what a measurement aims at

/// Picks what is within kNoise of the fastest and has the smallest `size`.
template <typename Size>
const FinderPoint* SmallestOfTheFastest(const std::vector<const FinderPoint*>& points, Size size) {
  double best = 0;
  for (const FinderPoint* point : points) best = std::max(best, point->speed.images_per_second);
  const FinderPoint* chosen = nullptr;
  for (const FinderPoint* point : points) {
    if (point->speed.images_per_second < (1 - kNoise) * best) continue;
    if (!chosen || size(*point) < size(*chosen)) chosen = point;
  }
  return chosen;
}

class Exploration {
 public:
  Exploration(int usual_batch, double seconds, const FinderInstruments& instruments, ProgressSink& progress,
              std::stop_token stop, FinderResult& result)
      : usual_batch_(usual_batch),
        seconds_(seconds),
        instruments_(instruments),
        progress_(progress),
        stop_(std::move(stop)),
        result_(result),
        start_(instruments.now()) {}

  void Batches() {
    std::vector<int> batches = {4, 8, 16, 32, 64, 128, usual_batch_};
    std::sort(batches.begin(), batches.end());
    batches.erase(std::unique(batches.begin(), batches.end()), batches.end());
    const int threads = result_.machine.cores;
    planned_ = static_cast<double>(batches.size() + ThreadCandidates(result_.machine).size() - 1);
    for (const int batch : batches) {
      const std::string obstacle = result_.points.empty() ? "" : ObstacleTo(batch);
      if (!obstacle.empty()) {
        result_.left_out.push_back(fmt::format("batch {} and more: {}", batch, obstacle));
        return;
      }
      try {
        Measure(batch, threads);
      } catch (const Error&) {
        throw;
      } catch (const std::exception& e) {
        if (result_.points.empty()) throw;  // not the size: it does not work at all
        result_.left_out.push_back(fmt::format("batch {} and more: {}", batch, FirstLine(e.what())));
        return;
      }
    }
  }

  void Threads() {
    std::vector<int> others = ThreadCandidates(result_.machine);
    std::erase(others, result_.machine.cores);
    for (size_t i = 0; i < others.size(); ++i) {
      const int batch = i == 0 ? BatchForThreads(others) : threads_batch_;
      if (batch == 0) {
        result_.left_out.push_back("other thread counts: no time left (give it more with --finder-seconds)");
        return;
      }
      Measure(threads_batch_ = batch, others[i]);
    }
  }

 private:
  static std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

  double Used() const { return instruments_.now() - start_; }

  const FinderPoint* Nearest(int batch) const {
    const FinderPoint* nearest = nullptr;
    for (const FinderPoint& point : result_.points) {
      if (point.batch <= batch && (!nearest || point.batch > nearest->batch)) nearest = &point;
    }
    return nearest;
  }

  /// Why a batch larger than those measured is not tried, or empty.
  std::string ObstacleTo(int batch) const {
    const FinderPoint& last = result_.points.back();
    const double growth = static_cast<double>(batch) / last.batch;
    const double seconds = kLeastSteps * growth * last.speed.milliseconds / 1e3;
    if (Used() + seconds > kShareOfBatches * seconds_) {
      return fmt::format("a measurement would take some {:.0f} s", seconds);
    }
    const double memory = instruments_.used_memory() * growth;  // an upper bound: the weights do not grow
    if (memory > kMostMemory * result_.machine.memory_bytes) {
      return fmt::format("it could need {:.1f} GB of memory, {:.1f} GB are free", memory / 1e9,
                         result_.machine.memory_bytes / 1e9);
    }
    return "";
  }

  /// The usual batch, or the largest below it for which all thread counts can still be measured.
  int BatchForThreads(const std::vector<int>& others) const {
    double slowdown = 0;  // summed: fewer threads take longer
    for (const int threads : others) slowdown += static_cast<double>(result_.machine.cores) / threads;
    int chosen = 0;
    for (const FinderPoint& point : result_.points) {
      const double seconds = kLeastSteps * slowdown * point.speed.milliseconds / 1e3;
      if (point.batch <= usual_batch_ && Used() + seconds <= seconds_) chosen = std::max(chosen, point.batch);
    }
    return chosen;
  }

  void Measure(int batch, int threads) {
    if (stop_.stop_requested()) {
      Report(ProgressEvent::State::kFailed, "interrupted");
      throw Error(ErrorKind::kCancelled, "interrupted: the finder has kept nothing");
    }
    Report(ProgressEvent::State::kRunning, fmt::format("batch {}, threads {}", batch, threads));
    // Short steps are measured for a while, long ones for the fewest steps there can be.
    const double span = std::min(2.0, kShareOfOneMeasurement * kShareOfBatches * seconds_);
    const SpeedResult speed = instruments_.train(batch, threads, span);
    result_.points.push_back({batch, threads, speed});
  }

 public:
  void Report(ProgressEvent::State state, const std::string& note) {
    ProgressEvent event;
    event.stage = "finder";
    event.item = result_.architecture;
    event.state = state;
    event.done = static_cast<double>(result_.points.size());
    event.total = state == ProgressEvent::State::kRunning ? planned_ : event.done;
    event.unit = "measurements";
    event.note = note;
    progress_.Report(event);
  }

 private:
  const int usual_batch_;
  const double seconds_;
  const FinderInstruments& instruments_;
  ProgressSink& progress_;
  std::stop_token stop_;
  FinderResult& result_;
  const double start_;
  int threads_batch_ = 0;
  double planned_ = 0;  // measurements, where time and memory allow all of them
};

json ToJson(const FinderResult& result) {
  json points = json::array();
  for (const FinderPoint& point : result.points) {
    points.push_back({{"batch", point.batch},
                      {"threads", point.threads},
                      {"images_per_second", point.speed.images_per_second},
                      {"gflops", point.speed.gflops},
                      {"milliseconds", point.speed.milliseconds}});
  }
  return {{"version", 1},
          {"architecture", result.architecture},
          {"device", result.machine.device},
          {"requested_device", result.machine.requested},
          {"cores", result.machine.cores},
          {"physical_cores", result.machine.physical_cores},
          {"usual_batch", result.usual_batch},
          {"ceiling_gflops", result.ceiling_gflops},
          {"fastest_batch", FastestBatch(result.points)},
          {"fastest_threads", FastestThreads(result.points, result.usual_batch)},
          {"points", points},
          {"left_out", result.left_out}};
}

FinderResult FromJson(const json& j) {
  FinderResult result;
  result.architecture = j.at("architecture");
  result.machine.device = j.at("device");
  result.machine.requested = j.at("requested_device");
  result.machine.cores = j.at("cores");
  result.machine.physical_cores = j.at("physical_cores");
  result.usual_batch = j.at("usual_batch");
  result.ceiling_gflops = j.at("ceiling_gflops");
  for (const json& point : j.at("points")) {
    const SpeedResult speed{point.at("images_per_second"), point.at("gflops"), point.at("milliseconds")};
    const FinderPoint measured{point.at("batch"), point.at("threads"), speed};
    // From here on these numbers are obeyed: a file edited to nonsense is no result.
    const bool sane =
        measured.batch >= 1 && measured.batch <= 4096 && measured.threads >= 1 && measured.threads <= 1024;
    if (!sane) throw Error(ErrorKind::kDisk, "a batch or thread count is out of range");
    result.points.push_back(measured);
  }
  return result;
}

}  // namespace

std::vector<int> ThreadCandidates(const FinderMachine& machine) {
  std::vector<int> candidates = {machine.cores, machine.physical_cores, machine.cores - 1, machine.cores / 2};
  // On a card the processor's threads only hand out the work.
  if (machine.device.starts_with("cuda")) candidates = {machine.cores};
  std::erase_if(candidates, [](int threads) { return threads < 1; });
  std::sort(candidates.begin(), candidates.end(), std::greater<>());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  return candidates;
}

int FastestBatch(const std::vector<FinderPoint>& points) {
  std::map<int, std::vector<const FinderPoint*>> by_threads;
  for (const FinderPoint& point : points) by_threads[point.threads].push_back(&point);
  const auto most = std::max_element(by_threads.begin(), by_threads.end(), [](const auto& a, const auto& b) {
    return a.second.size() < b.second.size();
  });
  if (most == by_threads.end() || most->second.size() < 2) return 0;
  return SmallestOfTheFastest(most->second, [](const FinderPoint& point) { return point.batch; })->batch;
}

int FastestThreads(const std::vector<FinderPoint>& points, int batch) {
  std::map<int, std::vector<const FinderPoint*>> by_batch;
  for (const FinderPoint& point : points) by_batch[point.batch].push_back(&point);
  std::erase_if(by_batch, [](const auto& same_batch) { return same_batch.second.size() < 2; });
  const auto nearest = std::min_element(by_batch.begin(), by_batch.end(), [&](const auto& a, const auto& b) {
    return std::abs(std::log(double(a.first) / batch)) < std::abs(std::log(double(b.first) / batch));
  });
  if (nearest == by_batch.end()) return 0;
  return SmallestOfTheFastest(nearest->second, [](const FinderPoint& point) { return point.threads; })->threads;
}

FinderResult Explore(const std::string& architecture, int usual_batch, const FinderMachine& machine, double seconds,
                     const FinderInstruments& instruments, ProgressSink& progress, std::stop_token stop) {
  FinderResult result;
  result.architecture = architecture;
  result.machine = machine;
  result.usual_batch = usual_batch;
  Exploration exploration(usual_batch, seconds, instruments, progress, std::move(stop), result);
  exploration.Batches();
  exploration.Threads();
  exploration.Report(ProgressEvent::State::kDone, "");
  return result;
}

FinderResult RunFinder(const Project& project, double seconds, ProgressSink& progress, std::stop_token stop) {
  constexpr double kCeilingSeconds = 0.3;  // on each of five shapes
  const Workspace workspace(project.workspace);
  const WorkspaceLock lock(workspace);
  const TrainOptions& options = project.train.options;
  const FinderMachine machine = DescribeMachine(options.device, options.precision);
  const FinderInstruments instruments = {
      [&](int batch, int threads, double span) {
        return MeasureTrainingSpeed(options.architecture, batch, options.device, threads, span, options.precision);
      },
      SteadySeconds, PeakMemoryBytes};
  FinderResult result = Explore(options.architecture, options.batch, machine, seconds, instruments, progress, stop);
  result.ceiling_gflops =
      MeasureCeiling(options.device, machine.cores, std::min(kCeilingSeconds, seconds / 50), options.precision)
          .convolution;
  SaveFinderResult(workspace, result);
  return result;
}

void SaveFinderResult(const Workspace& workspace, const FinderResult& result) {
  WriteFileAtomically(workspace.root() / "finder.json", ToJson(result).dump(2) + "\n");
}

std::optional<FinderResult> LoadFinderResult(const Workspace& workspace, const std::string& architecture,
                                             const FinderMachine& machine) {
  const std::filesystem::path path = workspace.root() / "finder.json";
  if (!std::filesystem::exists(path)) return std::nullopt;
  try {
    FinderResult result = FromJson(json::parse(ReadFile(path, 1 << 20)));
    if (result.architecture == architecture && result.machine == machine) return result;
  } catch (const std::exception& e) {
    LogWarning(
        fmt::format("{} cannot be used: {} (`reelswap train --finder` writes it anew)", path.string(), e.what()));
  }
  return std::nullopt;
}

TrainOptions WithFinderChoice(const Workspace& workspace, const TrainSettings& train, const BatchLimits& limits) {
  TrainOptions options = train.options;
  if (options.threads != 0 && !train.fastest_batch) return options;
  const auto found =
      LoadFinderResult(workspace, options.architecture, DescribeMachine(options.device, options.precision));
  const int batch = found ? FastestBatch(found->points) : 0;
  if (train.fastest_batch && limits.began_with > 0) {
    options.batch = limits.began_with;
    LogInfo(fmt::format("batch {}: what this training began with", options.batch));
  } else if (train.fastest_batch && batch == 0) {
    LogWarning(fmt::format("train.batch is `fastest` and no batches were compared on this machine for {}: batch {} is "
                           "used (`reelswap train PROJECT --finder` measures)", options.architecture, options.batch));
  } else if (train.fastest_batch) {
    options.batch = batch;
    LogInfo(fmt::format("batch {}: the fastest the finder measured", options.batch));
  }
  if (train.fastest_batch && limits.fewest_faces > 0 && limits.fewest_faces < options.batch) {
    options.batch = static_cast<int>(limits.fewest_faces);
    LogInfo(fmt::format("batch {}: a person has no more faces", options.batch));
  }
  if (found && options.threads == 0) {
    options.threads = FastestThreads(found->points, options.batch);
    if (options.threads > 0) LogInfo(fmt::format("{} threads: the fastest the finder measured", options.threads));
  }
  return options;
}

std::string FormatFinderResult(const FinderResult& result) {
  const int batch = FastestBatch(result.points), threads = FastestThreads(result.points, result.usual_batch);
  std::string text = fmt::format("{} on {}, {} cores; ceiling of its convolutions {:.0f} GFLOP/s\n\n",
                                 result.architecture, result.machine.device, result.machine.cores, result.ceiling_gflops);
  text += fmt::format("{:>6} {:>8} {:>10} {:>10} {:>12}\n", "batch", "threads", "images/s", "GFLOP/s", "of ceiling");
  for (const FinderPoint& point : result.points) {
    const double share = result.ceiling_gflops > 0 ? 100 * point.speed.gflops / result.ceiling_gflops : 0;
    text += fmt::format("{:>6} {:>8} {:>10.1f} {:>10.1f} {:>10.0f} %\n", point.batch, point.threads,
                        point.speed.images_per_second, point.speed.gflops, share);
  }
  for (const std::string& sentence : result.left_out) text += fmt::format("left out: {}\n", sentence);
  text += threads > 0 ? fmt::format("\nthreads: {} (used from now on where train.threads is 0)\n", threads)
                      : fmt::format("\nthreads: nothing to compare, all {} cores are used\n", result.machine.cores);
  if (batch == 0) return text + fmt::format("batch: nothing to compare, trainings keep {}\n", result.usual_batch);
  text += fmt::format("batch: {} gives the most images per second; trainings keep {}, since another batch learns "
                      "differently, unless the project says `train.batch: fastest`\n", batch, result.usual_batch);
  return text;
}

}  // namespace reelswap
