// What training and swapping achieve on this machine against what it can do at best, measured in one
// run: `training_bench [--quick] [--json FILE] [--device auto|cpu|cuda] [--threads N] [--only ARCHITECTURE]`.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/files.h"
#include "model/face_swapper.h"
#include "model/speed_probe.h"
#include "model/trainer.h"
#include "testing/drawn_faces.h"
#include "testing/temp_dir.h"

namespace {

using nlohmann::json;
using namespace reelswap;

struct Arguments {
  double seconds = 8;  // per measurement
  bool quick = false;  // small batches of the two ends only
  std::string json_path;
  std::string device = "auto";
  int threads = 0;
  std::string only;            // one architecture's training alone
  bool plain_alone = false;    // the child that runs the plain loop on another BLAS
};

constexpr const char* kReferenceBlas = "/usr/lib/x86_64-linux-gnu/blas";  // libblas3 of Debian

Arguments Parse(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string word = values[i];
    const bool more = i + 1 < count;
    if (word == "--quick") {
      arguments.seconds = 1;
      arguments.quick = true;
    } else if (word == "--json" && more) {
      arguments.json_path = values[++i];
    } else if (word == "--device" && more) {
      arguments.device = values[++i];
    } else if (word == "--threads" && more) {
      arguments.threads = std::atoi(values[++i]);
    } else if (word == "--only" && more) {
      arguments.only = values[++i];
    } else if (word == "--plain-alone") {
      arguments.plain_alone = true;
    } else {
      fmt::print(stderr,
                 "usage: training_bench [--quick] [--json FILE] [--device auto|cpu|cuda] [--threads N] "
                 "[--only ARCHITECTURE]\n");
      std::exit(2);
    }
  }
  return arguments;
}

json Row(const std::string& what, const std::string& architecture, int batch, const SpeedResult& result,
         double ceiling) {
  fmt::print("{:<21} {:<9} {:>6} {:>10.1f} {:>9.1f} {:>10.1f} {:>8.0f} %\n", what, architecture, batch,
             result.images_per_second, result.gflops, result.milliseconds, 100 * result.gflops / ceiling);
  std::fflush(stdout);
  return {{"what", what},
          {"architecture", architecture},
          {"batch", batch},
          {"images_per_second", result.images_per_second},
          {"gflops", result.gflops},
          {"milliseconds", result.milliseconds},
          {"share_of_ceiling", result.gflops / ceiling}};
}

/// The plain loop in a child that gets the reference BLAS, which is what LibTorch finds on a Debian where nobody
/// chose another: the loop as its first author would meet it. Images a second, 0 where there is no such library.
double PlainLoopOnReferenceBlas(const Arguments& a) {
  if (!std::filesystem::exists(std::string(kReferenceBlas) + "/libblas.so.3")) return 0;
  const std::string command = fmt::format(
      "LD_LIBRARY_PATH={} /proc/{}/exe --plain-alone --threads {} {}", kReferenceBlas, getpid(), a.threads,
      a.quick ? "--quick" : "");
  FILE* child = popen(command.c_str(), "r");
  if (child == nullptr) return 0;
  double rate = 0;
  const bool read = std::fscanf(child, "%lf", &rate) == 1;
  pclose(child);
  return read ? rate : 0;
}

/// The loader alone against what the step takes; a set that fits into memory and one that does not.
void MeasureLoader(const Arguments& a, double step_images_per_second, json& rows) {
  const reelswap::testing::TempDir dir;
  std::vector<TrainingFaces> people;
  for (int p = 0; p < 2; ++p) {
    const std::string name(1, static_cast<char>('a' + p));
    people.push_back({name, reelswap::testing::WriteDrawnFaces(dir / name, p, 150, 256), {}, {}});
  }
  for (const bool in_memory : {true, false}) {
    const SpeedResult result = MeasureLoaderSpeed("light", people, {256, 1.8f, 0.10f}, 16, 1,
                                                  in_memory ? int64_t{2} << 30 : 0, a.seconds / 2);
    const char* what = in_memory ? "loader, from memory" : "loader, from disk";
    fmt::print("{:<21} {:<9} {:>6} {:>10.1f}   {:.1f} times the step\n", what, "light", 16,
               result.images_per_second, result.images_per_second / step_images_per_second);
    std::fflush(stdout);
    rows.push_back({{"what", what},
                    {"architecture", "light"},
                    {"batch", 16},
                    {"images_per_second", result.images_per_second},
                    {"times_the_step", result.images_per_second / step_images_per_second}});
  }
}

}  // namespace

int main(int count, char** values) {
  const Arguments a = Parse(count, values);
  if (a.plain_alone) {
    fmt::print("{:.3f}\n", MeasurePlainLoop("original", a.quick ? 8 : 64, a.threads, a.seconds).images_per_second);
    return 0;
  }
  const TorchInfo torch = DescribeTorch();
  const ArithmeticCeiling ceiling = MeasureCeiling(a.device, a.threads, a.seconds / 4);
  fmt::print("LibTorch {}, {}, {}\n", torch.version, ceiling.device, torch.blas);
  fmt::print("ceiling: convolution {:.0f} GFLOP/s, matrix product {:.0f} GFLOP/s\n\n", ceiling.convolution,
             ceiling.matrix_product);
  fmt::print("{:<21} {:<9} {:>6} {:>10} {:>9} {:>10} {:>10}\n", "", "", "batch", "images/s", "GFLOP/s", "ms",
             "of ceiling");

  std::fflush(stdout);
  json rows = json::array();
  struct Case {
    const char* architecture;
    int batch;
  };
  std::vector<Case> cases = {
      {"original", 64}, {"original", 16}, {"lowmem", 64}, {"light", 8}, {"light", 16}, {"light", 64}, {"hd128", 8}, {"hd128", 64}};
  if (a.quick) cases = {{"original", 8}, {"light", 16}};
  double light_rate = 0;
  for (const Case& c : cases) {
    if (!a.only.empty() && a.only != c.architecture) continue;
    const SpeedResult result = MeasureTrainingSpeed(c.architecture, c.batch, a.device, a.threads, a.seconds);
    rows.push_back(Row("train", c.architecture, c.batch, result, ceiling.convolution));
    if (std::string(c.architecture) == "light") light_rate = std::max(light_rate, result.images_per_second);
  }
  if (!a.only.empty()) return 0;
  MeasureLoader(a, light_rate, rows);
  const int plain_batch = cases.front().batch;
  rows.push_back(Row("plain loop, fp32, cpu", "original", plain_batch,
                     MeasurePlainLoop("original", plain_batch, a.threads, a.seconds), ceiling.convolution));
  if (const double rate = PlainLoopOnReferenceBlas(a); rate > 0) {
    const double flops = 3 * FindArchitecture("original").forward_gflop;
    rows.push_back(Row("the same, ref. BLAS", "original", plain_batch,
                       {rate, rate * flops, 2e3 * plain_batch / rate}, ceiling.convolution));
  }
  for (const char* architecture : {"original", "light", "hd128"}) {
    for (const int batch : {1, 4, 8}) {
      rows.push_back(Row("swap", architecture, batch,
                         MeasureSwapSpeed(architecture, batch, a.device, a.threads, a.seconds / 4),
                         ceiling.convolution));
    }
  }
  if (!a.json_path.empty()) {
    const json report = {{"libtorch", torch.version},
                         {"device", ceiling.device},
                         {"blas", torch.blas},
                         {"ceiling_convolution_gflops", ceiling.convolution},
                         {"ceiling_matrix_product_gflops", ceiling.matrix_product},
                         {"rows", rows}};
    WriteFileAtomically(a.json_path, report.dump(2) + "\n");
  }
  return 0;
}
