#include "media/encoder_settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
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
// libvpx counts cpu-used 0 to 5 in its "good" mode and 5 to 8 in "realtime", which knows no look-ahead.
constexpr std::array<int, 10> kVp9Presets = {8, 7, 5, 4, 3, 2, 1, 1, 0, 0};
constexpr int kVp9FastestPreset = 8;
constexpr int kVp9LastGoodPreset = 5;

[[noreturn]] void Fail(const std::string& sentence) { throw Error(ErrorKind::kMedia, sentence); }

std::string LibavName(const std::string& codec) {
  if (codec == "h264") return "libx264";
  if (codec == "hevc") return "libx265";
  if (codec == "av1") return "libsvtav1";
  if (codec == "vp9") return "libvpx-vp9";
  return codec;
}

const AVCodec* FindEncoder(const std::string& name) {
  const AVCodec* codec = avcodec_find_encoder_by_name(LibavName(name).c_str());
  if (codec == nullptr) {
    Fail(fmt::format(
        "unknown encoder '{}': use h264, hevc, av1, ffv1, vp9 or the name of an encoder in this FFmpeg",
        name));
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

// A number from 0 (slowest) to `fastest`, or one of x264's names through `numbers`.
int NumberedPreset(const EncoderOptions& options, const std::array<int, 10>& numbers, int fastest) {
  const std::string& preset = options.preset;
  if (const auto named = PresetNumber(preset)) return numbers[*named];
  const bool digits = !preset.empty() && preset.size() <= 2 &&
                      std::all_of(preset.begin(), preset.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (digits && std::stoi(preset) <= fastest) return std::stoi(preset);
  Fail(
      fmt::format("encoder preset '{}' is not known to {}: use a number from 0 (slowest) to {}, or one of {}",
                  preset, options.codec, fastest, fmt::join(kPresets, ", ")));
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
  } else if (has("rc_mode") && has("qp")) {  // VAAPI
    CheckCrf(options, 51);
    out["rc_mode"] = "CQP";
    out["qp"] = std::to_string(std::max(1, options.crf));
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

double Value(Rational r) { return r.ToDouble(); }

// The HDR description as x264 and x265 write it: chromaticities in 1/50000, luminance in 1/10000 cd/m2.
std::string MasteringText(const MasteringDisplay& m) {
  const auto chroma = [](Rational r) { return std::lround(Value(r) * 50000); };
  const auto light = [](Rational r) { return std::llround(Value(r) * 10000); };
  const auto& p = m.primaries;
  return fmt::format("G({},{})B({},{})R({},{})WP({},{})L({},{})", chroma(p[1][0]), chroma(p[1][1]),
                     chroma(p[2][0]), chroma(p[2][1]), chroma(p[0][0]), chroma(p[0][1]),
                     chroma(m.white_point[0]), chroma(m.white_point[1]), light(m.max_luminance),
                     light(m.min_luminance));
}

bool Complete(const std::optional<MasteringDisplay>& m) { return m && m->has_primaries && m->has_luminance; }

std::string X264Light(const VideoInfo& video) {
  std::string text;
  if (Complete(video.mastering_display))
    text += ":mastering-display=" + MasteringText(*video.mastering_display);
  if (video.content_light) {
    text +=
        fmt::format(":cll={},{}", video.content_light->max_content, video.content_light->max_frame_average);
  }
  return text;
}

std::string X265Light(const VideoInfo& video) {
  std::string text;
  if (Complete(video.mastering_display)) text += ":master-display=" + MasteringText(*video.mastering_display);
  if (video.content_light) {
    text += fmt::format(":max-cll={},{}", video.content_light->max_content,
                        video.content_light->max_frame_average);
  }
  return text;
}

bool OddForChroma(const FrameFormat& f, const AVPixFmtDescriptor& d) {
  return (d.log2_chroma_w > 0 && f.width % 2 != 0) || (d.log2_chroma_h > 0 && f.height % 2 != 0);
}

}  // namespace

EncoderSettings SettingsFor(const EncoderOptions& options, const VideoInfo& video) {
  if (options.threads < 0) Fail("encoder threads must not be negative");
  EncoderSettings settings;
  settings.codec = FindEncoder(options.codec);
  const std::string_view name = settings.codec->name;
  auto& out = settings.options;
  if (name == "libx264") {
    CheckCrf(options, 51);
    out["crf"] = std::to_string(options.crf);
    out["preset"] = X26xPreset(options);
    // Headers that do not depend on what is encoded: pieces can be joined.
    out["x264-params"] = "stitchable=1" + X264Light(video);
  } else if (name == "libx265") {
    CheckCrf(options, 51);
    out["crf"] = std::to_string(options.crf);
    out["preset"] = X26xPreset(options);
    // x265 writes to stderr by itself, tells its thread count in the headers and sizes its pool apart from
    // libav.
    out["x265-params"] = "log-level=none:info=0:open-gop=0" + X265Light(video);
    if (options.threads > 0) out["x265-params"] += fmt::format(":pools={}", options.threads);
  } else if (name == "libsvtav1") {
    CheckCrf(options, 63);
    out["crf"] = std::to_string(options.crf);
    out["preset"] = std::to_string(NumberedPreset(options, kAv1Presets, kAv1FastestPreset));
    if (options.threads > 0) out["svtav1-params"] = fmt::format("lp={}", options.threads);
  } else if (name == "libvpx-vp9") {
    CheckCrf(options, 63);
    const int preset = NumberedPreset(options, kVp9Presets, kVp9FastestPreset);
    out["crf"] = std::to_string(options.crf);
    out["deadline"] = preset > kVp9LastGoodPreset ? "realtime" : "good";
    out["cpu-used"] = std::to_string(preset);
    out["row-mt"] = "1";
  } else if (name != "ffv1") {
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
