#include "media/encoder_settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "media/pixel_layout.h"

extern "C" {
#include <libavutil/opt.h>
}

namespace reelswap::libav {
namespace {

constexpr std::array<std::string_view, 10> kPresets = {"ultrafast", "superfast", "veryfast", "faster",
                                                       "fast",      "medium",    "slow",     "slower",
                                                       "veryslow",  "placebo"};
// SVT-AV1 counts 0 (slowest) to 13; the names keep roughly their place between speed and size.
constexpr std::array<int, 10> kAv1Presets = {12, 11, 10, 9, 8, 7, 5, 4, 2, 1};
constexpr int kAv1FastestPreset = 13;

[[noreturn]] void Fail(const std::string& sentence) { throw Error(ErrorKind::kMedia, sentence); }

std::string LibavName(const std::string& codec) {
  if (codec == "h264") return "libx264";
  if (codec == "hevc") return "libx265";
  if (codec == "av1") return "libsvtav1";
  return codec;
}

const AVCodec* FindEncoder(const std::string& name) {
  const AVCodec* codec = avcodec_find_encoder_by_name(LibavName(name).c_str());
  if (codec == nullptr) {
    Fail(fmt::format(
        "unknown encoder '{}': use h264, hevc, av1, ffv1 or the name of an encoder in this FFmpeg", name));
  }
  if (codec->type != AVMEDIA_TYPE_VIDEO)
    Fail(fmt::format("encoder '{}' does not encode pictures: use h264", name));
  return codec;
}

std::optional<size_t> PresetNumber(std::string_view preset) {
  const auto found = std::find(kPresets.begin(), kPresets.end(), preset);
  if (found == kPresets.end()) return std::nullopt;
  return static_cast<size_t>(found - kPresets.begin());
}

std::string Av1Preset(const std::string& preset) {
  if (const auto named = PresetNumber(preset)) return std::to_string(kAv1Presets[*named]);
  const bool digits = !preset.empty() && preset.size() <= 2 &&
                      std::all_of(preset.begin(), preset.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (digits && std::stoi(preset) <= kAv1FastestPreset) return preset;
  Fail(fmt::format(
      "encoder preset '{}' is not known to av1: use a number from 0 (slowest) to {}, or one of {}", preset,
      kAv1FastestPreset, fmt::join(kPresets, ", ")));
}

void CheckCrf(const EncoderOptions& options, int most) {
  if (options.crf >= 0 && options.crf <= most) return;
  Fail(fmt::format("encoder crf {} is out of range for {}: use 0 (best) to {}", options.crf, options.codec,
                   most));
}

std::string X26xPreset(const EncoderOptions& options) {
  if (!PresetNumber(options.preset)) {
    Fail(fmt::format("encoder preset '{}' is not known to {}: use one of {}", options.preset, options.codec,
                     fmt::join(kPresets, ", ")));
  }
  return options.preset;
}

// An encoder we have no special knowledge of takes what it has options for.
void SetByName(const AVCodec& codec, const EncoderOptions& options, std::map<std::string, std::string>& out) {
  if (codec.priv_class == nullptr) return;
  const AVClass* priv = codec.priv_class;
  const auto has = [&](const char* name) {
    return av_opt_find(&priv, name, nullptr, 0, AV_OPT_SEARCH_FAKE_OBJ) != nullptr;
  };
  if (has("crf")) {
    CheckCrf(options, 63);
    out["crf"] = std::to_string(options.crf);
  } else if (has("cq")) {  // NVENC
    CheckCrf(options, 51);
    out["rc"] = "vbr";
    out["cq"] = std::to_string(options.crf);
  }
  const AVOption* preset = av_opt_find(&priv, "preset", nullptr, 0, AV_OPT_SEARCH_FAKE_OBJ);
  if (preset == nullptr || preset->unit == nullptr) return;
  if (av_opt_find(&priv, options.preset.c_str(), preset->unit, 0, AV_OPT_SEARCH_FAKE_OBJ) != nullptr) {
    out["preset"] = options.preset;
  } else if (options.preset != EncoderOptions{}.preset) {  // our own default is no wish of the user's
    Fail(fmt::format("encoder preset '{}' is not known to {}: see 'ffmpeg -h encoder={}'", options.preset,
                     codec.name, codec.name));
  }
}

bool OddForChroma(const FrameFormat& f, const AVPixFmtDescriptor& d) {
  return (d.log2_chroma_w > 0 && f.width % 2 != 0) || (d.log2_chroma_h > 0 && f.height % 2 != 0);
}

}  // namespace

EncoderSettings SettingsFor(const EncoderOptions& options) {
  if (options.threads < 0) Fail("encoder threads must not be negative");
  EncoderSettings settings;
  settings.codec = FindEncoder(options.codec);
  const std::string_view name = settings.codec->name;
  auto& out = settings.options;
  if (name == "libx264" || name == "libx265") {
    CheckCrf(options, 51);
    out["crf"] = std::to_string(options.crf);
    out["preset"] = X26xPreset(options);
  }
  if (name == "libx265") {
    // x265 writes to stderr by itself and sizes its pool apart from libav's thread count.
    out["x265-params"] = "log-level=none";
    if (options.threads > 0) out["x265-params"] += fmt::format(":pools={}", options.threads);
  } else if (name == "libsvtav1") {
    CheckCrf(options, 63);
    out["crf"] = std::to_string(options.crf);
    out["preset"] = Av1Preset(options.preset);
    if (options.threads > 0) out["svtav1-params"] = fmt::format("lp={}", options.threads);
  } else if (name != "libx264" && name != "ffv1") {
    SetByName(*settings.codec, options, out);
  }
  return settings;
}

AVPixelFormat EncoderFormat(const AVCodec& codec, const FrameFormat& format) {
  const AVPixelFormat wanted = PlanarFormat(format);
  std::vector<AVPixelFormat> allowed;
  for (const AVPixelFormat* p = codec.pix_fmts; p != nullptr && *p != AV_PIX_FMT_NONE; ++p) {
    const AVPixFmtDescriptor* d = av_pix_fmt_desc_get(*p);
    if (d == nullptr || IsJ(*p) || IsRgb(*d) || (d->flags & AV_PIX_FMT_FLAG_HWACCEL) != 0) continue;
    if (OddForChroma(format, *d) && codec.id != AV_CODEC_ID_FFV1) continue;
    allowed.push_back(*p);
  }
  if (std::find(allowed.begin(), allowed.end(), wanted) != allowed.end()) return wanted;
  if (allowed.empty()) {
    Fail(fmt::format("encoder {} takes no pictures of {} x {} px: use h264, hevc or ffv1", codec.name,
                     format.width, format.height));
  }
  allowed.push_back(AV_PIX_FMT_NONE);
  int loss = 0;
  return avcodec_find_best_pix_fmt_of_list(allowed.data(), wanted, 0, &loss);
}

}  // namespace reelswap::libav
