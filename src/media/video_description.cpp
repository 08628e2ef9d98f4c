#include "media/video_description.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

extern "C" {
#include <libavutil/mastering_display_metadata.h>
}

namespace reelswap::libav {
namespace {

// "00:01:02.500000000", as Matroska tags carry it; 0 when it is something else.
double ParseClock(const char* text) {
  int hours = 0;
  int minutes = 0;
  double seconds = 0;
  if (std::sscanf(text, "%d:%d:%lf", &hours, &minutes, &seconds) != 3) return 0;
  const double total = hours * 3600.0 + minutes * 60.0 + seconds;
  return std::isfinite(total) && total > 0 ? total : 0;
}

Rational FrameRateOf(const AVStream& stream) {
  for (const AVRational rate : {stream.avg_frame_rate, stream.r_frame_rate}) {
    if (rate.num > 0 && rate.den > 0) return FromAv(rate);
  }
  return {0, 1};
}

// Pixel shape of the upright picture.
Rational SampleAspectOf(const VideoDecoder& decoder, const AVFrame& frame, bool transposed) {
  AVFormatContext* file = decoder.file().context();
  const AVRational lying =
      av_guess_sample_aspect_ratio(file, file->streams[decoder.stream().index], const_cast<AVFrame*>(&frame));
  if (lying.num <= 0 || lying.den <= 0) return {1, 1};
  return transposed ? Rational{lying.den, lying.num} : FromAv(lying);
}

int Known(int of_frame, int of_stream) {
  return of_frame != AVCOL_PRI_UNSPECIFIED ? of_frame : of_stream;  // "unspecified" is 2 in all three tables
}

// The first picture's own description, else the stream's.
template <typename T>
const T* LightData(const AVFrame& frame, AVFrameSideDataType of_frame, const AVStream& stream,
                   AVPacketSideDataType of_stream) {
  if (const AVFrameSideData* side = av_frame_get_side_data(&frame, of_frame)) {
    return side->size >= sizeof(T) ? reinterpret_cast<const T*>(side->data) : nullptr;
  }
  size_t size = 0;
  const uint8_t* bytes = av_stream_get_side_data(&stream, of_stream, &size);
  return bytes != nullptr && size >= sizeof(T) ? reinterpret_cast<const T*>(bytes) : nullptr;
}

std::optional<MasteringDisplay> MasteringDisplayOf(const AVFrame& frame, const AVStream& stream) {
  const auto* from = LightData<AVMasteringDisplayMetadata>(frame, AV_FRAME_DATA_MASTERING_DISPLAY_METADATA,
                                                           stream, AV_PKT_DATA_MASTERING_DISPLAY_METADATA);
  if (from == nullptr || (from->has_primaries == 0 && from->has_luminance == 0)) return std::nullopt;
  MasteringDisplay display;
  for (int c = 0; c < 3; ++c) {
    for (int xy = 0; xy < 2; ++xy) display.primaries[c][xy] = FromAv(from->display_primaries[c][xy]);
  }
  for (int xy = 0; xy < 2; ++xy) display.white_point[xy] = FromAv(from->white_point[xy]);
  display.min_luminance = FromAv(from->min_luminance);
  display.max_luminance = FromAv(from->max_luminance);
  display.has_primaries = from->has_primaries != 0;
  display.has_luminance = from->has_luminance != 0;
  return display;
}

std::optional<ContentLight> ContentLightOf(const AVFrame& frame, const AVStream& stream) {
  const auto* from = LightData<AVContentLightMetadata>(frame, AV_FRAME_DATA_CONTENT_LIGHT_LEVEL, stream,
                                                       AV_PKT_DATA_CONTENT_LIGHT_LEVEL);
  if (from == nullptr || (from->MaxCLL == 0 && from->MaxFALL == 0)) return std::nullopt;
  return ContentLight{static_cast<int>(from->MaxCLL), static_cast<int>(from->MaxFALL)};
}

bool SaysFields(AVFieldOrder order) {
  return order == AV_FIELD_TT || order == AV_FIELD_BB || order == AV_FIELD_TB || order == AV_FIELD_BT;
}

// Where chroma samples lie says nothing about a picture that was turned, unless it is the middle.
int ChromaLocationOf(const AVFrame& frame, const AVStream& stream, Orientation orientation) {
  const int location = frame.chroma_location != AVCHROMA_LOC_UNSPECIFIED ? frame.chroma_location
                                                                         : stream.codecpar->chroma_location;
  return orientation.IsUpright() || location == AVCHROMA_LOC_CENTER ? location : AVCHROMA_LOC_UNSPECIFIED;
}

}  // namespace

Orientation OrientationOf(const AVFrame& frame, const AVStream& stream) {
  std::array<int32_t, 9> matrix{};
  const uint8_t* bytes = nullptr;
  size_t size = 0;
  if (const AVFrameSideData* side = av_frame_get_side_data(&frame, AV_FRAME_DATA_DISPLAYMATRIX)) {
    bytes = side->data;
    size = side->size;
  } else {
    bytes = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  }
  if (bytes == nullptr || size < sizeof matrix) return {};
  std::copy_n(bytes, sizeof matrix, reinterpret_cast<uint8_t*>(matrix.data()));
  return OrientationFromMatrix(matrix);
}

double DeclaredSeconds(const VideoDecoder& decoder) {
  const AVStream& stream = decoder.stream();
  const AVFormatContext& file = *decoder.file().context();
  if (stream.duration != AV_NOPTS_VALUE && stream.duration > 0) {
    return static_cast<double>(stream.duration) * av_q2d(stream.time_base);
  }
  if (const AVDictionaryEntry* tag = av_dict_get(stream.metadata, "DURATION", nullptr, 0)) {
    if (const double seconds = ParseClock(tag->value); seconds > 0) {
      // Matroska's tag counts from time 0, not from the stream's first frame.
      const double start =
          stream.start_time == AV_NOPTS_VALUE ? 0 : stream.start_time * av_q2d(stream.time_base);
      return std::max(0.0, seconds - std::max(0.0, start));
    }
  }
  // The file's length may be that of longer audio, or an estimate.
  const bool only_video = decoder.file().AudioStreams().empty();
  if (!only_video || file.duration == AV_NOPTS_VALUE ||
      file.duration_estimation_method == AVFMT_DURATION_FROM_BITRATE) {
    return 0;
  }
  return std::max(0.0, static_cast<double>(file.duration) / AV_TIME_BASE);
}

VideoInfo DescribeVideo(const VideoDecoder& decoder, const VideoDecoder::Picture& first,
                        Orientation orientation, const FrameConverter& converter) {
  const AVStream& stream = decoder.stream();
  const AVFrame& frame = *first.frame;
  VideoInfo info;
  info.format = converter.format();
  info.frame_rate = FrameRateOf(stream);
  info.time_base = FromAv(stream.time_base);
  info.sample_aspect = SampleAspectOf(decoder, frame, orientation.transpose);
  info.duration_seconds = DeclaredSeconds(decoder);
  info.start_seconds = static_cast<double>(first.pts) * av_q2d(stream.time_base);
  info.declared_frames = std::max<int64_t>(stream.nb_frames, 0);
  info.rotation_degrees = orientation.Degrees();
  info.mirrored = orientation.Mirrored();
  info.color_primaries = Known(frame.color_primaries, stream.codecpar->color_primaries);
  info.color_transfer = Known(frame.color_trc, stream.codecpar->color_trc);
  info.color_space = converter.color_space();
  info.chroma_location = ChromaLocationOf(frame, stream, orientation);
  info.mastering_display = MasteringDisplayOf(frame, stream);
  info.content_light = ContentLightOf(frame, stream);
  info.interlaced = decoder.saw_fields() || SaysFields(stream.codecpar->field_order);
  info.subtitle_streams = static_cast<int>(decoder.file().StreamsOf(AVMEDIA_TYPE_SUBTITLE).size());
  info.closed_captions = (decoder.codec()->properties & FF_CODEC_PROPERTY_CLOSED_CAPTIONS) != 0 ||
                         av_frame_get_side_data(&frame, AV_FRAME_DATA_A53_CC) != nullptr;
  info.audio_streams = static_cast<int>(decoder.file().AudioStreams().size());
  info.codec = avcodec_get_name(stream.codecpar->codec_id);
  info.container = decoder.file().context()->iformat->name;
  return info;
}

}  // namespace reelswap::libav
