#include "media/video_description.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

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
  info.audio_streams = static_cast<int>(decoder.file().AudioStreams().size());
  info.codec = avcodec_get_name(stream.codecpar->codec_id);
  info.container = decoder.file().context()->iformat->name;
  return info;
}

}  // namespace reelswap::libav
