#include "model/speed_probe.h"

#include <algorithm>
#include <chrono>
#include <functional>

#include "model/architecture.h"
#include "model/torch/loss.h"
#include "model/torch/training_engine.h"
#include "model/torch/training_step.h"

namespace reelswap {
namespace {

using Clock = std::chrono::steady_clock;

/// Median seconds of a call, after one to warm up.
double MedianSeconds(const Placement& placement, double seconds, const std::function<void()>& call) {
  call();
  Synchronise(placement);
  std::vector<double> times;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  do {
    const auto start = Clock::now();
    call();
    Synchronise(placement);
    times.push_back(std::chrono::duration<double>(Clock::now() - start).count());
  } while (Clock::now() < end || times.size() < 2);
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

SpeedResult ResultOf(double seconds, double images, double flops_per_image) {
  return {images / seconds, images * flops_per_image / seconds / 1e9, seconds * 1e3};
}

FaceBatch RandomBatch(const Architecture& architecture, int faces) {
  FaceBatch batch;
  const auto fill = [&](std::vector<uint8_t>& pixels, int side) {
    pixels.resize(static_cast<size_t>(faces) * side * side * 3);
    SampleRandom random(1, static_cast<uint64_t>(side), 0, 0);
    for (uint8_t& value : pixels) value = static_cast<uint8_t>(random.Next());
  };
  fill(batch.input, architecture.input.size);
  fill(batch.target, architecture.output.size);
  if (architecture.mask || architecture.recipe.masked_loss) {
    batch.mask.assign(batch.target.size() / 3, 255);
  }
  return batch;
}

double ForwardFlops(const std::string& architecture) {
  return FindArchitecture(architecture).forward_gflop * 1e9;
}

}  // namespace

ArithmeticCeiling MeasureCeiling(const std::string& device, int threads, double seconds, const std::string& precision) {
  SetTorchThreads(threads);
  const at::NoGradGuard no_grad;
  const Placement placement = ChoosePlacement(device, precision);
  const auto options = at::TensorOptions(placement.device).dtype(placement.type);
  ArithmeticCeiling ceiling;
  ceiling.device = DescribePlacement(placement);
  struct Shape {
    int64_t batch, channels, side;
  };
  for (const Shape s : {Shape{64, 128, 16}, Shape{64, 256, 16}, Shape{32, 512, 8}, Shape{64, 64, 32}}) {
    const at::Tensor x =
        at::randn({s.batch, s.channels, s.side, s.side}, options).contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor w =
        at::randn({s.channels, s.channels, 3, 3}, options).contiguous(at::MemoryFormat::ChannelsLast);
    const double time = MedianSeconds(placement, seconds, [&] { at::conv2d(x, w, {}, {1, 1}, {1, 1}); });
    const double flops = 2.0 * 9 * static_cast<double>(s.batch * s.channels * s.channels * s.side * s.side);
    ceiling.convolution = std::max(ceiling.convolution, flops / time / 1e9);
  }
  const int64_t n = 2048;
  const at::Tensor a = at::randn({n, n}, options), b = at::randn({n, n}, options);
  ceiling.matrix_product = 2.0 * n * n * n / MedianSeconds(placement, seconds, [&] { at::mm(a, b); }) / 1e9;
  return ceiling;
}

SpeedResult MeasureTrainingSpeed(const std::string& architecture, int batch, const std::string& device,
                                 int threads, double seconds, const std::string& precision) {
  SetTorchThreads(threads);
  const Architecture& description = ArchitectureByName(architecture);
  TrainingEngine engine(description, {"a", "b"}, ChoosePlacement(device, precision), 1);
  const FaceBatch faces = RandomBatch(description, 2 * batch);
  const double time =
      MedianSeconds(engine.networks().placement, seconds, [&] { engine.Step(faces, 1e-5, 0); });
  return ResultOf(time, 2.0 * batch, 3 * ForwardFlops(architecture));
}

SpeedResult MeasurePlainLoop(const std::string& architecture, int batch, int threads, double seconds) {
  SetTorchThreads(threads);
  SwapNetworks networks(ArchitectureByName(architecture), {"a", "b"}, Placement{}, 1);
  std::vector<at::Tensor> weights;
  for (Network* network : {&networks.encoder, &networks.decoders[0].second, &networks.decoders[1].second}) {
    for (Parameter& p : network->parameters()) {
      p.master = p.compute = p.master.detach().contiguous().requires_grad_(true);
      weights.push_back(p.compute);
    }
  }
  torch::optim::Adam adam(weights, torch::optim::AdamOptions(5e-5).betas({0.5, 0.999}));
  const DeviceBatch faces = Upload(RandomBatch(networks.architecture, 2 * batch), networks);
  const std::vector<at::Tensor> inputs = faces.input.contiguous().split(batch);
  const double time = MedianSeconds({}, seconds, [&] {
    for (size_t p = 0; p < 2; ++p) {
      adam.zero_grad();
      const at::Tensor out = networks.decoders[p].second.Forward(networks.encoder.Forward(inputs[p]));
      MeasureSide(out, TargetPictures(faces, p), {}).loss.backward();
      adam.step();
    }
  });
  return ResultOf(time, 2.0 * batch, 3 * ForwardFlops(architecture));
}

SpeedResult MeasureLoaderSpeed(const std::string& architecture, const std::vector<TrainingFaces>& people,
                               const CropGeometry& stored, int batch, int workers, int64_t cache_bytes,
                               double seconds) {
  const Architecture& a = ArchitectureByName(architecture);
  FaceLoader loader(people, LoaderSettingsFor(a, stored, batch, 1, workers, cache_bytes), 0);
  for (int i = 0; i < workers + 2; ++i) loader.Next();  // what was prepared before the clock starts
  int64_t batches = 0;
  const auto start = Clock::now();
  double passed = 0;
  do {
    loader.Next();
    ++batches;
    passed = std::chrono::duration<double>(Clock::now() - start).count();
  } while (passed < seconds);
  const double time = passed / static_cast<double>(batches);  // the mean: workers finish in bursts
  return {static_cast<double>(people.size()) * batch / time, 0, time * 1e3};
}

SpeedResult MeasureSwapSpeed(const std::string& architecture, int batch, const std::string& device,
                             int threads, double seconds) {
  SetTorchThreads(threads);
  const c10::InferenceMode inference;
  const Placement placement = ChoosePlacement(device);
  const SwapNetworks networks(ArchitectureByName(architecture), {"a", "b"}, placement, 1);
  const int side = networks.architecture.input.size;
  const FaceBatch faces = RandomBatch(networks.architecture, batch);
  const double time = MedianSeconds(placement, seconds, [&] {
    const at::Tensor x =
        TensorFromPictures(faces.input.data(), batch, side, placement, networks.encoder.input_type());
    networks.decoders[1].second.Forward(networks.encoder.Forward(x)).to(at::kFloat).sigmoid_();
  });
  return ResultOf(time, batch, ForwardFlops(architecture));
}

NetworkFacts InspectNetwork(const std::string& architecture) {
  const at::NoGradGuard no_grad;
  const SwapNetworks networks(ArchitectureByName(architecture), {"a", "b"}, Placement{}, 1);
  NetworkFacts facts;
  facts.parameters = networks.encoder.Count();
  for (const auto& [person, decoder] : networks.decoders) facts.parameters += decoder.Count();
  const int side = networks.architecture.input.size;
  const FaceBatch faces = RandomBatch(networks.architecture, 2);
  const at::Tensor code =
      networks.encoder.Forward(TensorFromPictures(faces.input.data(), 2, side, {}, at::kFloat));
  facts.code_shape = code.sizes().vec();
  facts.output_shape = networks.decoders[0].second.Forward(code).sizes().vec();
  return facts;
}

LossAgreement CompareLosses(int side, int channels, bool masked) {
  const at::Generator random = at::make_generator<at::CPUGeneratorImpl>(3);
  constexpr int64_t kFaces = 3;
  const at::Tensor targets = at::randint(0, 256, {kFaces, side, side, 3}, random, at::kByte);
  const at::Tensor masks = at::randint(0, 256, {kFaces, side, side}, random, at::kByte);
  const at::Tensor start =
      at::randn({kFaces, channels, side, side}, random, at::kFloat).contiguous(at::MemoryFormat::ChannelsLast);
  LossTerms terms{0.5, FaceWeights({side, 1.4f, 0.1f}, at::kCPU), {}, masked};
  const auto slopes_of = [&](const auto& measure, double& loss) {
    const at::Tensor logits = start.clone(at::MemoryFormat::Preserve).requires_grad_(true);
    const at::Tensor value = measure(logits).loss;
    loss = value.template item<double>();
    value.backward();
    return logits.grad();
  };
  LossAgreement agreement;
  const at::Tensor fused =
      slopes_of([&](const at::Tensor& x) { return MeasureSideFused(x, targets, masks, terms); }, agreement.fused);
  terms.mask = masks.unsqueeze(1).to(at::kFloat).mul(1.0 / 255.0);
  const at::Tensor pictures = targets.permute({0, 3, 1, 2}).to(at::kFloat).mul(1.0 / 255.0);
  const at::Tensor by_operations = slopes_of(
      [&](const at::Tensor& x) { return MeasureSide(x, pictures, terms); }, agreement.by_operations);
  agreement.gradient_difference = (fused - by_operations).abs().max().item<double>();
  agreement.largest_slope = by_operations.abs().max().item<double>();
  return agreement;
}

double DistanceOfShiftedCodes(int faces, double shift) {
  const at::Generator random = at::make_generator<at::CPUGeneratorImpl>(4);
  const at::Tensor codes = at::randn({2, faces, 4096}, random, at::kFloat);
  return CodeDistance({codes[0], codes[1] + shift}).item<double>();
}

}  // namespace reelswap
