#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "config/project_reader.h"

namespace reelswap {
namespace {

const std::vector<std::string> kX264Presets = {"ultrafast", "superfast", "veryfast", "faster",   "fast",
                                               "medium",    "slow",      "slower",   "veryslow", "placebo"};
constexpr const char* kDefaultAv1Preset = "8";  // SVT-AV1: the middle of 0 (slow) to 13, about real time on a desktop
constexpr const char* kDefaultVp9Preset = "6";  // of 0 (slow) to 8

bool Contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

bool IsAv1(const std::string& codec) { return codec == "av1" || codec == "libsvtav1"; }
bool IsVp9(const std::string& codec) { return codec == "vp9" || codec == "libvpx-vp9"; }
bool IsX26x(const std::string& codec) {
  return codec == "h264" || codec == "hevc" || codec == "libx264" || codec == "libx265";
}
bool IsForWebm(const std::string& codec) {
  return Contains(codec, "av1") || Contains(codec, "vp9") || Contains(codec, "vp8") || Contains(codec, "vpx");
}

bool IsKnownCodecForm(const std::string& codec) {
  for (const char* name : {"h264", "hevc", "av1", "vp9", "ffv1"}) {
    if (codec == name) return true;
  }
  const bool safe = std::all_of(codec.begin(), codec.end(), [](unsigned char c) {
    return std::islower(c) || std::isdigit(c) || c == '_' || c == '-';
  });
  return safe && (codec.starts_with("lib") || codec.find('_') != std::string::npos);
}

void ReadCodec(MapReader& map, EncoderOptions& encoder, ReadContext& context) {
  const auto field = map.Get("codec");
  const auto codec = field ? ReadText(*field, context.problems, "a codec such as h264") : std::nullopt;
  if (!codec) return;
  encoder.codec = *codec;
  if (IsKnownCodecForm(*codec)) return;
  context.problems.Add(field->node->place, field->path,
                       fmt::format("expected h264, hevc, av1, vp9, ffv1 or an FFmpeg encoder such as libx264 or "
                                   "h264_nvenc, got {}",
                                   DescribeFound(*field->node)));
}

void ReadPreset(MapReader& map, EncoderOptions& encoder) {
  const std::string& codec = encoder.codec;
  if (IsAv1(codec)) {
    const auto preset = map.Integer("preset", 0, 13);
    encoder.preset = preset ? std::to_string(*preset) : kDefaultAv1Preset;
  } else if (IsVp9(codec)) {
    const auto preset = map.Integer("preset", 0, 8);
    encoder.preset = preset ? std::to_string(*preset) : kDefaultVp9Preset;
  } else if (IsX26x(codec)) {
    encoder.preset = map.Choice("preset", kX264Presets).value_or(EncoderOptions{}.preset);
  } else {
    encoder.preset = map.Text("preset").value_or(EncoderOptions{}.preset);
  }
}

void CheckContainer(const YamlField& field, const EncoderOptions& encoder, const std::string& container,
                    ReadContext& context) {
  if (container == "webm" && !IsForWebm(encoder.codec)) {
    context.problems.Add(field.node->place, field.path,
                         fmt::format("{} does not go into webm; write codec: av1, codec: vp9 or container: mkv",
                                     encoder.codec));
  }
  if (encoder.codec == "ffv1" && container == "mp4") {
    context.problems.Add(field.node->place, field.path, "ffv1 does not go into mp4; write container: mkv");
  }
}

}  // namespace

EncoderOptions DefaultEncoder(const std::string& container) {
  EncoderOptions encoder;
  if (container != "webm") return encoder;
  encoder.codec = "av1";
  encoder.preset = kDefaultAv1Preset;
  return encoder;
}

EncoderOptions ReadEncoder(const YamlField& field, const std::string& container, ReadContext& context) {
  EncoderOptions encoder = DefaultEncoder(container);
  MapReader map(field, context.problems, "a map such as {codec: h264, crf: 18, preset: veryfast}");
  ReadCodec(map, encoder, context);
  const int64_t max_crf = IsX26x(encoder.codec) || encoder.codec == "ffv1" || Contains(encoder.codec, "nvenc") ? 51 : 63;
  encoder.crf = static_cast<int>(map.Integer("crf", 0, max_crf).value_or(encoder.crf));
  ReadPreset(map, encoder);
  encoder.threads = static_cast<int>(map.Integer("threads", 0, 1024).value_or(encoder.threads));
  encoder.hardware = map.Choice("hardware", {"auto", "off"}).value_or(encoder.hardware);
  map.Finish();
  CheckContainer(field, encoder, container, context);
  return encoder;
}

}  // namespace reelswap
