#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "media/input_file.h"
#include "media/libav_log.h"
#include "media/video_assembly.h"
#include "media/video_decoder.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;

// One pass over a file: packets of every stream are read, pictures decoded and counted.
class Checker {
 public:
  Checker(const fs::path& path, int threads) : path_(path), file_(path), frame_(libav::NewFrame()) {
    const auto index = file_.MainVideoStream();
    if (!index) Fail("it has no video stream");
    video_ = file_.context()->streams[*index];
    // FFV1's decoder only logs that a checksum is wrong, from the thread that finds it.
    messages_count_ = video_->codecpar->codec_id == AV_CODEC_ID_FFV1;
    codec_ =
        libav::OpenVideoDecoder(*video_, path, messages_count_ ? 1 : threads, libav::DecodeEffort::kCheck);
  }

  void Run() {
    const libav::Packet packet = libav::NewPacket();
    while (file_.Read(packet.get())) {
      const int stream = packet->stream_index;
      if ((packet->flags & AV_PKT_FLAG_CORRUPT) != 0)
        Fail(fmt::format("a packet of stream {} is damaged", stream));
      if (stream == video_->index) Decode(packet.get());
      if (file_.context()->streams[stream]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO) ++audio_packets_;
      av_packet_unref(packet.get());
    }
    if (file_.read_error() < 0) Fail("it cannot be read to its end: " + libav::CodeText(file_.read_error()));
    Decode(nullptr);
  }

  void Compare(const ExpectedVideo& expected) {
    if (frames_ != expected.frames) {
      Fail(fmt::format("it has {} pictures instead of {}", frames_, expected.frames));
    }
    const double seconds = static_cast<double>(end_ - first_) * av_q2d(video_->time_base);
    // Matroska rounds to milliseconds.
    const double allowed = expected.longest_frame + 2e-3;
    if (!(std::abs(seconds - expected.seconds) <= allowed)) {
      Fail(fmt::format("it lasts {:.3f} s instead of {:.3f} s", seconds, expected.seconds));
    }
    CompareStreams(AVMEDIA_TYPE_AUDIO, expected.audio_streams, "audio");
    CompareStreams(AVMEDIA_TYPE_SUBTITLE, expected.subtitle_streams, "subtitle");
    if (expected.audio_packets >= 0 && audio_packets_ != expected.audio_packets) {
      Fail(fmt::format("it has {} packets of audio instead of {}", audio_packets_, expected.audio_packets));
    }
  }

 private:
  [[noreturn]] void Fail(const std::string& clause) const {
    throw Error(
        ErrorKind::kMedia,
        fmt::format("the video that was written, {}, is not right: {}: run again; if it happens again, "
                    "check the disk and the memory",
                    path_.string(), clause));
  }

  void CompareStreams(AVMediaType type, int expected, const char* name) const {
    const int got = static_cast<int>(file_.StreamsOf(type).size());
    if (got == expected) return;
    Fail(fmt::format("it has {} {} stream{} instead of {}", got, name, got == 1 ? "" : "s", expected));
  }

  void Decode(const AVPacket* packet) {
    libav::ForgetMessages();
    const int sent = avcodec_send_packet(codec_.get(), packet);
    if (sent < 0 && sent != AVERROR(EAGAIN)) FailDecoding(sent);
    for (;;) {
      const int status = avcodec_receive_frame(codec_.get(), frame_.get());
      if (status == AVERROR_EOF) return;
      if (status == AVERROR(EAGAIN)) {
        if (sent != AVERROR(EAGAIN)) return;
        FailDecoding(status);  // a decoder that neither takes nor gives
      }
      if (status < 0) FailDecoding(status);
      if (messages_count_ && !libav::LastMessage().empty()) FailDecoding(AVERROR_INVALIDDATA);
      Count();
      if (sent == AVERROR(EAGAIN)) return Decode(packet);
    }
  }

  [[noreturn]] void FailDecoding(int status) const {
    Fail(fmt::format("picture {} cannot be decoded: {}", frames_ + 1, libav::Reason(status)));
  }

  void Count() {
    if (frame_->decode_error_flags != 0 || (frame_->flags & AV_FRAME_FLAG_CORRUPT) != 0) {
      Fail(fmt::format("picture {} is damaged", frames_ + 1));
    }
    const int64_t pts = frame_->best_effort_timestamp;
    if (pts == AV_NOPTS_VALUE) Fail(fmt::format("picture {} has no time", frames_ + 1));
    if (frames_ == 0) first_ = pts;
    if (frames_ > 0 && pts <= last_)
      Fail(fmt::format("picture {} does not come after the one before", frames_ + 1));
    const int64_t duration = libav::DurationOf(*frame_);
    end_ = pts + (duration > 0 ? duration : (frames_ > 0 ? pts - last_ : 0));
    last_ = pts;
    ++frames_;
    av_frame_unref(frame_.get());
  }

  fs::path path_;
  libav::InputFile file_;
  libav::FrameHandle frame_;
  const AVStream* video_ = nullptr;
  libav::Codec codec_;
  bool messages_count_ = false;  // a message is damage though the call succeeded
  int64_t frames_ = 0;
  int64_t audio_packets_ = 0;
  int64_t first_ = 0;
  int64_t last_ = 0;
  int64_t end_ = 0;
};

}  // namespace

void CheckVideo(const fs::path& path, const ExpectedVideo& expected, int threads) {
  Checker checker(path, threads);
  checker.Run();
  checker.Compare(expected);
}

}  // namespace reelswap
