#include "media/video_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "core/error.h"
#include "media/libav_log.h"
#include "media/muxer.h"
#include "media/stream_copier.h"
#include "media/video_encoder.h"
#include "media/video_track.h"

namespace reelswap {
namespace {

std::string Joined(const std::string& a, const std::string& b) {
  return a.empty() || b.empty() ? a + b : a + "; " + b;
}

}  // namespace

struct VideoWriter::Impl {
  Impl(const std::filesystem::path& path_in, const WriteOptions& options_in);

  void AddVideoStream();
  void Encode(int64_t duration);
  void WritePackets();
  AVRational base() const { return libav::ToAv(options.video.time_base); }

  std::filesystem::path path;
  WriteOptions options;
  libav::Muxer muxer;
  libav::VideoEncoder encoder;
  std::unique_ptr<libav::StreamCopier> audio;
  libav::Packet packet = libav::NewPacket();
  AVStream* stream = nullptr;
  // A frame waits for its successor, whose time is the end of its own.
  std::optional<Frame> waiting;
  std::map<int64_t, int64_t> durations;  // by shifted pts, of frames inside the encoder
  int64_t shift = 0;
  std::string late_start;  // what was done about a clock that began late
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
    audio = std::make_unique<libav::StreamCopier>(*options.audio, options.video.start_seconds);
    audio->AddStreams(muxer);
  }
  const int timescale = options.video.time_base.den;
  muxer.WriteHeader(options.metadata, timescale,
                    libav::MovieTimescale(timescale, audio ? audio->sample_rate() : 0));
}

void VideoWriter::Impl::AddVideoStream() {
  const libav::Parameters parameters = libav::NewParameters();
  if (avcodec_parameters_from_context(parameters.get(), &encoder.codec()) < 0) throw std::bad_alloc();
  stream = libav::AddVideoTrack(muxer, *parameters, options.video, path);
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
    const double start = d.options.audio ? d.options.audio->start_seconds : 0;
    std::tie(d.shift, d.late_start) =
        libav::ChooseShift(frame.pts(), d.options.video, start, d.muxer, d.audio.get());
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
  d.Encode(libav::LastFrameDuration(d.options.video, d.last_gap));
  d.encoder.SendEnd();
  d.WritePackets();
  if (d.audio) d.audio->WriteUntil(d.muxer, INT64_MAX, d.base());
  d.muxer.WriteTrailer();
  d.report.message = Joined(d.encoder.note(), d.late_start);
  if (d.audio) {
    d.report.audio_streams = d.audio->audio_streams();
    d.report.audio_packets = d.audio->audio_packets();
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
