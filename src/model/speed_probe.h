#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/trainer.h"

namespace reelswap {

/// Best rates of this machine in GFLOP/s, measured now.
struct ArithmeticCeiling {
  double convolution = 0;     ///< 3x3, channels-last, the best of several shapes, in the computing type
  double matrix_product = 0;  ///< 2048 x 2048 x 2048, in the computing type
  std::string device;         ///< "cpu (bf16)"
};
/// seconds: spent on each shape.
ArithmeticCeiling MeasureCeiling(const std::string& device, int threads, double seconds,
                                 const std::string& precision = "auto");

struct SpeedResult {
  double images_per_second = 0;
  double gflops = 0;        ///< achieved: 3 x forward for training, forward for swapping
  double milliseconds = 0;  ///< per step or call, median
};

/// Training steps of two people on random pictures already in memory: what the step alone can do (networks, losses,
/// optimiser, running averages).
/// batch: faces per person. Runs one step to warm up, then until `seconds` are over (at least two steps).
SpeedResult MeasureTrainingSpeed(const std::string& architecture, int batch, const std::string& device,
                                 int threads, double seconds, const std::string& precision = "auto");

/// The loop one would write first, as baseline: fp32, both people one after the other, plain layout, an
/// optimiser of several passes. CPU only.
SpeedResult MeasurePlainLoop(const std::string& architecture, int batch, int threads, double seconds);

/// Batches a second that the loader prepares from these pictures when nothing else runs and nobody waits: decode,
/// warp, masks. gflops stays 0.
SpeedResult MeasureLoaderSpeed(const std::string& architecture, const std::vector<TrainingFaces>& people,
                               const CropGeometry& stored, int batch, int workers, int64_t cache_bytes,
                               double seconds);

/// One network call (encoder and decoder) without cutting and pasting.
SpeedResult MeasureSwapSpeed(const std::string& architecture, int batch, const std::string& device,
                             int threads, double seconds);

/// Weights of a built network of two people, counted tensor by tensor, and the shape of what it gives for
/// a batch of two faces.
struct NetworkFacts {
  int64_t parameters = 0;
  std::vector<int64_t> code_shape;
  std::vector<int64_t> output_shape;
};
NetworkFacts InspectNetwork(const std::string& architecture);

/// The loss of random faces by the fused kernel of the CPU and by the tensor operations that other devices use.
struct LossAgreement {
  double fused = 0;
  double by_operations = 0;
  double gradient_difference = 0;  ///< largest difference of a slope
  double largest_slope = 0;
};
/// channels: 3, or 4 with a mask of the network's own. masked: only the inside of random masks counts.
LossAgreement CompareLosses(int side, int channels, bool masked);

/// How far apart CodeDistance finds two people's codes: `faces` random ones each, the second person's moved by
/// `shift` standard deviations.
double DistanceOfShiftedCodes(int faces, double shift);

}  // namespace reelswap
