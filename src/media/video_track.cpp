#include "media/video_track.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <new>
#include <numeric>

#include "core/error.h"

extern "C" {
#include <libavutil/mastering_display_metadata.h>
}

namespace reelswap::libav {
namespace {

// A multiple of the video's and the audio's ticks makes both exact; above this one, hours no longer fit in 32
// bits.
constexpr int64_t kMostMovieTimescale = 1'000'000;
constexpr int64_t kLeastMovieTimescale = 1000;
// Streams that were cut or made to start at "0" begin a second or two later; so far away nobody meant it.
constexpr double kLateStartSeconds = 5.0;

template <typename T>
void AddSideData(AVStream& stream, AVPacketSideDataType type, T* value, size_t size) {
  if (value == nullptr) throw std::bad_alloc();
  if (av_stream_add_side_data(&stream, type, reinterpret_cast<uint8_t*>(value), size) < 0) {
    av_free(value);
    throw std::bad_alloc();
  }
}

void AddLightData(AVStream& stream, const VideoInfo& video) {
  if (const auto& from = video.mastering_display) {
    // libav does not tell the size of its struct in another way than by making one; its fields are all we
    // know.
    AVMasteringDisplayMetadata* to = av_mastering_display_metadata_alloc();
    if (to == nullptr) throw std::bad_alloc();
    for (int c = 0; c < 3; ++c) {
      for (int xy = 0; xy < 2; ++xy) to->display_primaries[c][xy] = ToAv(from->primaries[c][xy]);
    }
    for (int xy = 0; xy < 2; ++xy) to->white_point[xy] = ToAv(from->white_point[xy]);
    to->min_luminance = ToAv(from->min_luminance);
    to->max_luminance = ToAv(from->max_luminance);
    to->has_primaries = from->has_primaries;
    to->has_luminance = from->has_luminance;
    AddSideData(stream, AV_PKT_DATA_MASTERING_DISPLAY_METADATA, to, sizeof *to);
  }
  if (const auto& from = video.content_light) {
    size_t size = 0;
    AVContentLightMetadata* to = av_content_light_metadata_alloc(&size);
    if (to == nullptr) throw std::bad_alloc();
    to->MaxCLL = static_cast<unsigned>(from->max_content);
    to->MaxFALL = static_cast<unsigned>(from->max_frame_average);
    AddSideData(stream, AV_PKT_DATA_CONTENT_LIGHT_LEVEL, to, size);
  }
}

// MPEG-TS and MPEG-PS: the clock is the broadcaster's, and only differences mean something.
bool HasFreeClock(const VideoInfo& video) {
  const AVInputFormat* demuxer = av_find_input_format(video.container.c_str());
  return demuxer != nullptr && (demuxer->flags & AVFMT_TS_DISCONT) != 0;
}

double FirstSeconds(double first_video_seconds, const StreamCopier* copies) {
  return copies == nullptr ? first_video_seconds : std::min(first_video_seconds, copies->FirstSeconds());
}

}  // namespace

std::string VideoRefusal(const std::filesystem::path& path, const AVCodecParameters& parameters,
                         const std::string& container) {
  return fmt::format(
      "cannot write {}: {} video does not go into {}: {}", path.string(),
      avcodec_get_name(parameters.codec_id), container,
      container == "webm" ? "use codec vp9 or av1, or the extension .mkv" : "use the extension .mkv");
}

AVStream* AddVideoTrack(Muxer& muxer, const AVCodecParameters& parameters, const VideoInfo& video,
                        const std::filesystem::path& path) {
  const AVRational base = ToAv(video.time_base);
  if (!muxer.Accepts(parameters, base)) {
    throw Error(ErrorKind::kMedia, VideoRefusal(path, parameters, muxer.container()));
  }
  AVStream* stream = muxer.AddStream(parameters, base);
  stream->sample_aspect_ratio = parameters.sample_aspect_ratio;
  const Rational rate = video.frame_rate;
  if (rate.num > 0 && rate.den > 0) stream->avg_frame_rate = ToAv(rate);
  // Apple's players open HEVC under this tag only.
  if (parameters.codec_id == AV_CODEC_ID_HEVC && muxer.IsMp4Family()) {
    stream->codecpar->codec_tag = MKTAG('h', 'v', 'c', '1');
  }
  AddLightData(*stream, video);
  return stream;
}

int MovieTimescale(int video_timescale, int sample_rate) {
  int64_t scale = video_timescale;
  const int64_t common = sample_rate > 0 ? std::lcm<int64_t>(scale, sample_rate) : scale;
  if (common <= kMostMovieTimescale) scale = common;
  if (scale < kLeastMovieTimescale) scale *= kLeastMovieTimescale / scale;
  return static_cast<int>(scale);
}

int64_t LastFrameDuration(const VideoInfo& video, int64_t last_gap) {
  const Rational rate = video.frame_rate;
  if (rate.num > 0 && rate.den > 0) {
    return std::max<int64_t>(1, av_rescale_q(1, AVRational{rate.den, rate.num}, ToAv(video.time_base)));
  }
  return std::max<int64_t>(1, last_gap);
}

std::pair<int64_t, std::string> ChooseShift(int64_t first_pts, const VideoInfo& video,
                                            double range_start_seconds, const Muxer& muxer,
                                            StreamCopier* copies) {
  const double tick = video.time_base.ToDouble();
  const AVRational base = ToAv(video.time_base);
  int64_t shift = 0;
  std::string note;
  if (range_start_seconds > 0) {
    shift = -std::llround((video.start_seconds + range_start_seconds) / tick);
  } else if (HasFreeClock(video)) {
    const double first = FirstSeconds(static_cast<double>(first_pts) * tick, copies);
    if (first > kLateStartSeconds) {
      shift = -static_cast<int64_t>(std::floor(first / tick + 1e-6));
      note = fmt::format("the clock of the stream began at {:.1f} s: the copy begins at 0", first);
    }
  }
  // mp4 hides what lies before 0; no frame may get lost there.
  if (first_pts + shift < 0) shift = -first_pts;
  if (copies == nullptr) return {shift, note};
  copies->SetShift(shift, base);
  if (muxer.IsMp4Family()) return {shift, note};
  // An encoder's priming lies before 0. mp4 trims it; Matroska has no times below 0.
  shift += static_cast<int64_t>(std::ceil(copies->SecondsBeforeZero() / tick - 1e-6));
  copies->SetShift(shift, base);
  return {shift, note};
}

}  // namespace reelswap::libav
