// What training and swapping achieve on this machine against what it can do at best, measured in one
// run: `training_bench [--quick] [--json FILE] [--device auto|cpu|cuda] [--threads N]`.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/files.h"
#include "model/face_swapper.h"
#include "model/speed_probe.h"
#include "model/trainer.h"

namespace {

using nlohmann::json;
using namespace reelswap;

struct Arguments {
  double seconds = 8;  // per measurement
  bool quick = false;  // small batches of the two ends only
  std::string json_path;
  std::string device = "auto";
  int threads = 0;
};

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
    } else {
      fmt::print(stderr,
                 "usage: training_bench [--quick] [--json FILE] [--device auto|cpu|cuda] [--threads N]\n");
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

}  // namespace

int main(int count, char** values) {
  const Arguments a = Parse(count, values);
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
      {"original", 64}, {"original", 16}, {"lowmem", 64}, {"light", 16}, {"light", 64}};
  if (a.quick) cases = {{"original", 8}, {"light", 16}};
  for (const Case& c : cases) {
    const SpeedResult result = MeasureTrainingSpeed(c.architecture, c.batch, a.device, a.threads, a.seconds);
    rows.push_back(Row("train", c.architecture, c.batch, result, ceiling.convolution));
  }
  const int plain_batch = cases.front().batch;
  rows.push_back(Row("plain loop, fp32, cpu", "original", plain_batch,
                     MeasurePlainLoop("original", plain_batch, a.threads, a.seconds), ceiling.convolution));
  for (const char* architecture : {"original", "light"}) {
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
