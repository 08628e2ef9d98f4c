#include "face/identity_room.h"

#include <dlib/dnn.h>
#include <dlib/image_processing.h>
#include <dlib/image_transforms.h>
#include <dlib/opencv/cv_image.h>
#include <dlib/revision.h>
#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <span>
#include <string>

#include "core/error.h"
#include "core/files.h"

namespace reelswap {
namespace {

// The architecture, in dlib's type language (innermost = first).
template <long filters, long side, int stride, typename Below>
using Convolution = dlib::add_layer<dlib::con_<filters, side, side, stride, stride, side / 2, side / 2>, Below>;
template <typename Below>
using Activated = dlib::relu<dlib::affine<Below>>;
template <typename Below>
using NewFeatures = Convolution<kIdentityGrowth, 3, 1, Activated<Convolution<kIdentityNeck, 1, 1, Activated<Below>>>>;
template <typename Below>
using DenseStep = dlib::concat2<dlib::tag1, dlib::tag2, dlib::tag2<NewFeatures<dlib::tag1<Below>>>>;
template <int block, typename Below>
using DenseBlock = dlib::repeat<kIdentityBlocks[block], DenseStep, Below>;
template <long filters, typename Below>
using Transition = dlib::avg_pool<2, 2, 2, 2, Convolution<filters, 1, 1, Activated<Below>>>;

constexpr int ChannelsBehind(int block) {  // behind its transition
  int channels = kIdentityStem;
  for (int b = 0; b <= block; ++b) channels = (channels + kIdentityGrowth * kIdentityBlocks[b]) / 2;
  return channels;
}

using StemPart =
    dlib::add_layer<dlib::max_pool_<3, 3, 2, 2, 1, 1>,
                    Activated<Convolution<kIdentityStem, 7, 2, dlib::input_rgb_image>>>;
using Upper = Transition<ChannelsBehind(1), DenseBlock<1, Transition<ChannelsBehind(0), DenseBlock<0, StemPart>>>>;
using Lower = DenseBlock<3, Transition<ChannelsBehind(2), DenseBlock<2, Upper>>>;
using IdentityNetwork =
    dlib::loss_metric<dlib::fc_no_bias<128, dlib::avg_pool_everything<Activated<Lower>>>>;

// Only this file is let in. The distances that tell people apart were measured with it and hold for no other, and
// dlib reads the sizes in a damaged file without doubt.
constexpr const char* kIdentitySha256 = "c6a6418ea119126046e204e010127d24dc79a41dd613a9d3961d1856b5df6535";
constexpr uintmax_t kIdentityBytes = 2607131;

Error Unfit(const std::filesystem::path& file, const std::string& reason) {
  return Error(ErrorKind::kModel,
               fmt::format("{} is damaged or not the identity network face_recognition_densenet_model_v1: {} "
                           "(remove it and fetch it again: `reelswap weights pull`)", file.string(), reason));
}

void RequireTheFile(const std::filesystem::path& file) {
  std::error_code ec;
  if (!std::filesystem::is_regular_file(file, ec) || !std::ifstream(file)) {
    throw Error(ErrorKind::kMissingTool,
                fmt::format("the identity weights {} are not there or cannot be read (fetch them: `reelswap weights "
                            "pull`)", file.string()));
  }
  const uintmax_t bytes = std::filesystem::file_size(file);
  if (bytes != kIdentityBytes) throw Unfit(file, fmt::format("it has {} bytes instead of {}", bytes, kIdentityBytes));
  const std::string sha256 = Sha256OfFile(file);
  if (sha256 != kIdentitySha256) throw Unfit(file, fmt::format("its SHA-256 is {}", sha256));
}

/// The network's parameters layer by layer, from the input on (dlib visits them from the output on); layers
/// without any are left out.
class ParameterTape {
 public:
  ParameterTape(IdentityNetwork& network, const std::filesystem::path& file) : file_(file) {
    dlib::visit_computational_layers(network, [this](auto& layer) { Add(layer); });
  }

  /// The next layer's parameters: `most` where it has summands, `least` where it has none.
  std::span<const float> Next(size_t least, size_t most) {
    if (read_ == layers_.size()) throw Unfit(file_, "it has too few layers");
    const std::vector<float>& layer = layers_[layers_.size() - ++read_];
    if (layer.size() != least && layer.size() != most) {
      throw Unfit(file_, fmt::format("its layer {} has {} weights instead of {}", read_, layer.size(), least));
    }
    return layer;
  }

  ScaledRelu NextAffine(int channels) {
    const auto both = Next(2 * static_cast<size_t>(channels), 2 * static_cast<size_t>(channels));
    const auto shift = both.begin() + channels;
    return {{both.begin(), shift}, {shift, both.end()}};
  }

  /// A convolution, with or without a summand.
  struct Filters {
    std::span<const float> weights, bias;
  };
  Filters NextFilters(int inputs, int outputs) {
    const size_t weights = static_cast<size_t>(inputs) * outputs;
    const auto all = Next(weights, weights + outputs);
    return {all.first(weights), all.subspan(weights)};
  }

  PackedRows NextRows(int inputs, int outputs) {
    const Filters filters = NextFilters(inputs, outputs);
    return PackRows(filters.weights, filters.bias, {}, inputs, outputs);
  }

  /// A convolution and the normalisation behind it, as one.
  PackedRows NextNormalisedRows(int inputs, int outputs) {
    const Filters filters = NextFilters(inputs, outputs);
    ScaledRelu after = NextAffine(outputs);
    for (size_t o = 0; o < filters.bias.size(); ++o) after.shift[o] += after.scale[o] * filters.bias[o];
    return PackRows(filters.weights, after.shift, after.scale, inputs, outputs);
  }

  void RequireEnd() const {
    if (read_ != layers_.size()) throw Unfit(file_, "it has too many layers");
  }

 private:
  template <typename Layer>
  void Add(const Layer& layer) {
    const dlib::tensor& values = layer.get_layer_params();
    if (values.size() > 0) layers_.emplace_back(values.begin(), values.end());
  }
  void Add(const dlib::affine_& layer) {  // which keeps its numbers out of get_layer_params
    auto scale_view = layer.get_gamma(), shift_view = layer.get_beta();
    const dlib::tensor& scale = scale_view;
    const dlib::tensor& shift = shift_view;
    std::vector<float>& both = layers_.emplace_back(scale.begin(), scale.end());
    both.insert(both.end(), shift.begin(), shift.end());
  }

  std::filesystem::path file_;
  std::vector<std::vector<float>> layers_;
  size_t read_ = 0;
};

DenseNetWeights Unpack(ParameterTape tape) {
  DenseNetWeights weights;
  weights.stem = tape.NextNormalisedRows(3 * 7 * 7, kIdentityStem);
  int channels = kIdentityStem;
  for (size_t b = 0; b < kIdentityBlocks.size(); ++b) {
    for (int i = 0; i < kIdentityBlocks[b]; ++i) {
      DenseLayer layer;
      layer.before = tape.NextAffine(channels);
      layer.narrow = tape.NextNormalisedRows(channels, kIdentityNeck);
      layer.grow = tape.NextRows(kIdentityNeck * 9, kIdentityGrowth);
      weights.blocks[b].push_back(std::move(layer));
      channels += kIdentityGrowth;
    }
    if (b + 1 == kIdentityBlocks.size()) break;
    DenseTransition& transition = weights.transitions[b];
    transition.before = tape.NextAffine(channels);
    transition.halve = tape.NextRows(channels, channels / 2);
    channels /= 2;
  }
  weights.last = tape.NextAffine(channels);
  const size_t linear = static_cast<size_t>(channels) * 128;
  const auto values = tape.Next(linear, linear);
  weights.linear.assign(values.begin(), values.end());
  tape.RequireEnd();
  return weights;
}

}  // namespace

DenseNetWeights LoadIdentityNetwork(const std::filesystem::path& file) {
  RequireTheFile(file);
  try {
    IdentityNetwork network;
    dlib::deserialize(file.string()) >> network;
    return Unpack(ParameterTape(network, file));
  } catch (const dlib::serialization_error& e) {
    throw Unfit(file, fmt::format("dlib {}.{} cannot read it ({})", DLIB_MAJOR_VERSION, DLIB_MINOR_VERSION, e.what()));
  }
}

std::vector<uint8_t> CutIdentityChip(const cv::Mat& bgr, const Landmarks& landmarks) {
  std::vector<dlib::point> points;
  for (const cv::Point2f& p : landmarks) points.emplace_back(std::lround(p.x), std::lround(p.y));
  const dlib::full_object_detection shape(dlib::rectangle(), points);
  dlib::array2d<dlib::rgb_pixel> chip;
  dlib::extract_image_chip(dlib::cv_image<dlib::bgr_pixel>(bgr),
                           dlib::get_face_chip_details(shape, kIdentityChip, 0.25), chip);
  std::vector<uint8_t> rgb;
  rgb.reserve(size_t{3} * kIdentityChip * kIdentityChip);
  for (int y = 0; y < kIdentityChip; ++y) {
    for (int x = 0; x < kIdentityChip; ++x) {
      const dlib::rgb_pixel& p = chip[y][x];
      rgb.insert(rgb.end(), {p.red, p.green, p.blue});
    }
  }
  return rgb;
}

}  // namespace reelswap
