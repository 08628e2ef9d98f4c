#include "media/video_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "core/error.h"
#include "media/audio_copier.h"
#include "media/libav_log.h"
#include "media/muxer.h"
#include "media/video_encoder.h"

namespace reelswap {
namespace {

// mp4 stores durations and start offsets of all tracks in one common "movie" timescale. A multiple
// of the video's and the audio's makes both exact; above this one, hours no longer fit in 32 bits.
constexpr int64_t kMostMovieTimescale = 1'000'000;
constexpr int64_t kLeastMovieTimescale = 1000;

int MovieTimescale(int video_timescale, int sample_rate) {
  int64_t scale = video_timescale;
  const int64_t common = sample_rate > 0 ? std::lcm<int64_t>(scale, sample_rate) : scale;
  if (common <= kMostMovieTimescale) scale = common;
  if (scale < kLeastMovieTimescale) scale *= kLeastMovieTimescale / scale;
  return static_cast<int>(scale);
}

std::string Joined(const std::string& a, const std::string& b) {
  return a.empty() || b.empty() ? a + b : a + "; " + b;
}

}  // namespace

struct VideoWriter::Impl {
  Impl(const std::filesystem::path& path_in, const WriteOptions& options_in);

  void AddVideoStream();
  void ChooseShift(int64_t first_pts);
  void Encode(int64_t duration);
  void WritePackets();
  int64_t LastDuration() const;
  AVRational base() const { return libav::ToAv(options.video.time_base); }

  std::filesystem::path path;
  WriteOptions options;
  libav::Muxer muxer;
  libav::VideoEncoder encoder;
  std::unique_ptr<libav::AudioCopier> audio;
  libav::Packet packet = libav::NewPacket();
  AVStream* stream = nullptr;
  // A frame waits for its successor, whose time is the end of its own.
  std::optional<Frame> waiting;
  std::map<int64_t, int64_t> durations;  // by shifted pts, of frames inside the encoder
  int64_t shift = 0;
  int64_t last_gap = 0;  // ticks between the last two frames
  WriteReport report;
};

VideoWriter::Impl::Impl(const std::filesystem::path& path_in, const WriteOptions& options_in)
    : path(path_in),
      options(options_in),
      muxer(path_in),
      encoder(options_in.video, options_in.encoder, muxer.WantsGlobalHeader()) {
  AddVideoStream();
  if (options.audio) {
    audio = std::make_unique<libav::AudioCopier>(*options.audio, options.video.start_seconds);
    audio->AddStreams(muxer);
  }
  const int timescale = options.video.time_base.den;
  muxer.WriteHeader(options.metadata, timescale, MovieTimescale(timescale, audio ? audio->sample_rate() : 0));
}

void VideoWriter::Impl::AddVideoStream() {
  AVCodecParameters* parameters = avcodec_parameters_alloc();
  if (parameters == nullptr) throw std::bad_alloc();
  const auto guard = std::unique_ptr<AVCodecParameters, void (*)(AVCodecParameters*)>(
      parameters, [](AVCodecParameters* p) { avcodec_parameters_free(&p); });
  if (avcodec_parameters_from_context(parameters, &encoder.codec()) < 0) throw std::bad_alloc();
  if (!muxer.Accepts(*parameters, base())) {
    throw Error(ErrorKind::kMedia,
                fmt::format("cannot write {}: {} video does not go into {}: {}", path.string(),
                            avcodec_get_name(parameters->codec_id), muxer.container(),
                            muxer.container() == "webm" ? "use codec av1 or the extension .mkv"
                                                        : "use the extension .mkv"));
  }
  stream = muxer.AddStream(*parameters, base());
  stream->sample_aspect_ratio = encoder.codec().sample_aspect_ratio;
  const Rational rate = options.video.frame_rate;
  if (rate.num > 0 && rate.den > 0) stream->avg_frame_rate = libav::ToAv(rate);
  // Apple's players open HEVC under this tag only.
  if (parameters->codec_id == AV_CODEC_ID_HEVC && muxer.IsMp4Family()) {
    stream->codecpar->codec_tag = MKTAG('h', 'v', 'c', '1');
  }
}

void VideoWriter::Impl::ChooseShift(int64_t first_pts) {
  if (options.audio && options.audio->start_seconds > 0) {
    const double start = options.video.start_seconds + options.audio->start_seconds;
    shift = -std::llround(start / options.video.time_base.ToDouble());
  }
  // mp4 hides what lies before 0; no frame may get lost there.
  if (first_pts + shift < 0) shift = -first_pts;
  if (!audio) return;
  audio->SetShift(shift, base());
  if (muxer.IsMp4Family()) return;
  // An encoder's priming lies before 0. mp4 trims it; Matroska has no times below 0.
  shift +=
      static_cast<int64_t>(std::ceil(audio->SecondsBeforeZero() / options.video.time_base.ToDouble() - 1e-6));
  audio->SetShift(shift, base());
}

// The sensible end of a video nobody told us the end of: one frame of the average rate, else as
// long as the frame before.
int64_t VideoWriter::Impl::LastDuration() const {
  const Rational rate = options.video.frame_rate;
  if (rate.num > 0 && rate.den > 0) {
    return std::max<int64_t>(1, av_rescale_q(1, AVRational{rate.den, rate.num}, base()));
  }
  return std::max<int64_t>(1, last_gap);
}

void VideoWriter::Impl::Encode(int64_t duration) {
  const int64_t pts = waiting->pts() + shift;
  durations[pts] = duration;
  encoder.Send(*waiting, pts);
  waiting.reset();
  ++report.frames;
  WritePackets();
}

void VideoWriter::Impl::WritePackets() {
  while (encoder.Receive(packet.get())) {
    if (const auto found = durations.find(packet->pts); found != durations.end()) {
      packet->duration = found->second;
      durations.erase(found);
    }
    if (audio) audio->WriteUntil(muxer, packet->dts, base());
    av_packet_rescale_ts(packet.get(), base(), stream->time_base);
    packet->stream_index = stream->index;
    const int status = muxer.Write(packet.get());
    if (status < 0) {
      throw Error(ErrorKind::kMedia,
                  fmt::format("cannot write {}: {}", path.string(), libav::Reason(status)));
    }
  }
}

VideoWriter::VideoWriter(const std::filesystem::path& path, const WriteOptions& options)
    : impl_(std::make_unique<Impl>(path, options)) {}
VideoWriter::~VideoWriter() = default;
VideoWriter::VideoWriter(VideoWriter&&) noexcept = default;
VideoWriter& VideoWriter::operator=(VideoWriter&&) noexcept = default;

void VideoWriter::Write(const Frame& frame) {
  Impl& d = *impl_;
  if (d.muxer.finished()) throw std::invalid_argument("a finished video takes no more frames");
  if (frame.empty() || !(frame.format() == d.options.video.format)) {
    throw std::invalid_argument("a frame's format differs from WriteOptions::video.format");
  }
  if (!d.waiting) {
    d.ChooseShift(frame.pts());
  } else {
    d.last_gap = frame.pts() - d.waiting->pts();
    if (d.last_gap <= 0) throw std::invalid_argument("frames must come with increasing pts");
    d.Encode(d.last_gap);
  }
  d.waiting = frame;
}

std::filesystem::path VideoWriter::FinishTemporary() {
  Impl& d = *impl_;
  if (d.muxer.finished()) return d.muxer.temporary();
  if (!d.waiting) {
    throw Error(ErrorKind::kMedia, fmt::format("cannot write {}: not one frame was given", d.path.string()));
  }
  d.Encode(d.LastDuration());
  d.encoder.SendEnd();
  d.WritePackets();
  if (d.audio) d.audio->WriteUntil(d.muxer, INT64_MAX, d.base());
  d.muxer.WriteTrailer();
  d.report.message = d.encoder.note();
  if (d.audio) {
    d.report.audio_streams = d.audio->streams();
    d.report.audio_packets = d.audio->packets();
    d.report.message = Joined(d.report.message, d.audio->message());
  }
  return d.muxer.temporary();
}

WriteReport VideoWriter::Commit() {
  FinishTemporary();
  impl_->muxer.Commit();
  return impl_->report;
}

}  // namespace reelswap
