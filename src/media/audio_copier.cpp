#include "media/audio_copier.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "media/libav_log.h"

namespace reelswap::libav {
namespace {

// As in VideoReader: below this a seek is not worth it.
constexpr double kSeekBeyondSeconds = 5.0;
// Audio lies up to this long away from the video key frame that a seek lands on.
constexpr double kSeekMarginSeconds = 3.0;

double Seconds(int64_t ticks, AVRational base) { return static_cast<double>(ticks) * av_q2d(base); }

int64_t DecodingTime(const AVPacket& packet) {
  return packet.dts != AV_NOPTS_VALUE ? packet.dts : packet.pts;
}

}  // namespace

AudioCopier::AudioCopier(const AudioCopy& copy, double first_video_seconds)
    : copy_(copy), packet_(NewPacket()) {
  constexpr double kForever = std::numeric_limits<double>::infinity();
  start_seconds_ = copy.start_seconds > 0 ? first_video_seconds + copy.start_seconds : -kForever;
  end_seconds_ = copy.end_seconds ? first_video_seconds + *copy.end_seconds : kForever;
  Open();
}

void AudioCopier::Open() {
  file_ = std::make_unique<InputFile>(copy_.path);
  file_->KeepOnly(file_->AudioStreams());
}

void AudioCopier::AddStreams(Muxer& muxer) {
  for (const int index : file_->AudioStreams()) {
    const AVStream& source = *file_->context()->streams[index];
    const AVCodecParameters& parameters = *source.codecpar;
    // A tick a sample, or the source's own where the rate is not known.
    const AVRational base =
        parameters.sample_rate > 0 ? AVRational{1, parameters.sample_rate} : source.time_base;
    if (!muxer.Accepts(parameters, base)) {
      dropped_.push_back(
          fmt::format("{} does not go into {}", avcodec_get_name(parameters.codec_id), muxer.container()));
      continue;
    }
    AVStream* target = muxer.AddStream(parameters, base);
    target->disposition = source.disposition;
    av_dict_copy(&target->metadata, source.metadata, 0);
    Stream stream;
    // Matroska's readers take an Opus track's CodecDelay off every time it stores, but libav's muxer
    // does not put it on: unless we do, sound comes 6.5 ms early.
    if (parameters.codec_id == AV_CODEC_ID_OPUS && !muxer.IsMp4Family()) {
      stream.delay = av_rescale_q(parameters.initial_padding, base, source.time_base);
    }
    stream.source = index;
    stream.target = target->index;
    copied_.push_back(stream);
  }
  if (copied_.empty()) ended_ = true;
  std::vector<int> wanted;
  for (const Stream& stream : copied_) wanted.push_back(stream.source);
  file_->KeepOnly(wanted);
  const double seek_to = start_seconds_ - kSeekMarginSeconds;
  if (ended_ || copy_.start_seconds <= kSeekBeyondSeconds || !file_->CanSeek()) return;
  if (!file_->SeekBefore(seek_to) || !Fetch()) return;
  const AVRational first_base = file_->context()->streams[packet_->stream_index]->time_base;
  if (Seconds(DecodingTime(*packet_), first_base) <= seek_to + kSeekMarginSeconds / 2) return;
  // The seek may have skipped audio that is wanted: read from the beginning instead.
  waiting_ = ended_ = false;
  av_packet_unref(packet_.get());
  Open();
  file_->KeepOnly(wanted);
}

int AudioCopier::sample_rate() const {
  return copied_.empty() ? 0 : file_->context()->streams[copied_.front().source]->codecpar->sample_rate;
}

void AudioCopier::SetShift(int64_t shift, AVRational base) {
  for (Stream& stream : copied_) {
    const AVRational own = file_->context()->streams[stream.source]->time_base;
    stream.shift = av_rescale_q(shift, base, own) + stream.delay;
  }
}

double AudioCopier::SecondsBeforeZero() {
  double first = 0;
  const auto consider = [&](const Stream& stream, int64_t time) {
    first =
        std::min(first, Seconds(time + stream.shift, file_->context()->streams[stream.source]->time_base));
  };
  if (Fetch())
    consider(*Find(packet_->stream_index), packet_->pts != AV_NOPTS_VALUE ? packet_->pts : packet_->dts);
  if (copy_.start_seconds > 0) return -first;
  for (const Stream& stream : copied_) {
    const int64_t start = file_->context()->streams[stream.source]->start_time;
    if (start != AV_NOPTS_VALUE) consider(stream, start);
  }
  return -first;
}

AudioCopier::Stream* AudioCopier::Find(int source) {
  const auto found =
      std::find_if(copied_.begin(), copied_.end(), [&](const Stream& s) { return s.source == source; });
  return found == copied_.end() ? nullptr : &*found;
}

bool AudioCopier::AllPastEnd() const {
  return std::all_of(copied_.begin(), copied_.end(), [](const Stream& s) { return s.past_end; });
}

// Packets are cut whole: the first is the one that reaches into the range, the last the one that
// begins in it.
bool AudioCopier::InRange(const AVPacket& packet, Stream& stream) const {
  const AVRational base = file_->context()->streams[stream.source]->time_base;
  const int64_t time = packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
  const double begins = Seconds(time, base);
  const double ends = Seconds(time + std::max<int64_t>(packet.duration, 1), base);
  stream.past_end = begins >= end_seconds_;
  return ends > start_seconds_ && !stream.past_end;
}

bool AudioCopier::Fetch() {
  while (!waiting_ && !ended_) {
    if (!file_->Read(packet_.get())) {
      ended_ = true;
      break;
    }
    Stream* stream = Find(packet_->stream_index);
    const bool wanted =
        stream != nullptr && stream->refused.empty() && DecodingTime(*packet_) != AV_NOPTS_VALUE;
    if (wanted && InRange(*packet_, *stream)) {
      waiting_ = true;
    } else {
      av_packet_unref(packet_.get());
      ended_ = AllPastEnd();
    }
  }
  return waiting_;
}

void AudioCopier::WriteUntil(Muxer& muxer, int64_t time, AVRational base) {
  while (Fetch()) {
    Stream& stream = *Find(packet_->stream_index);
    const AVRational from = file_->context()->streams[stream.source]->time_base;
    const int64_t shifted = DecodingTime(*packet_) + stream.shift;
    if (time != INT64_MAX && av_compare_ts(shifted, from, time, base) >= 0) return;
    if (packet_->pts != AV_NOPTS_VALUE) packet_->pts += stream.shift;
    if (packet_->dts != AV_NOPTS_VALUE) packet_->dts += stream.shift;
    if (packet_->pts == AV_NOPTS_VALUE) packet_->pts = packet_->dts;
    if (packet_->dts == AV_NOPTS_VALUE) packet_->dts = packet_->pts;
    packet_->stream_index = stream.target;
    packet_->pos = -1;
    av_packet_rescale_ts(packet_.get(), from, muxer.context()->streams[stream.target]->time_base);
    waiting_ = false;
    const int status = muxer.Write(packet_.get());
    if (status < 0) {
      // The container sees only now that this stream's packets are not what their header says.
      stream.refused = Reason(status);
    } else {
      ++packets_;
      ++stream.packets;
    }
  }
}

std::string AudioCopier::message() const {
  std::vector<std::string> all;
  if (!dropped_.empty()) {
    all.push_back(fmt::format("{} audio stream{} dropped: {}", dropped_.size(),
                              dropped_.size() == 1 ? " was" : "s were", fmt::join(dropped_, ", ")));
  }
  for (const Stream& stream : copied_) {
    if (!stream.refused.empty()) {
      all.push_back(fmt::format("an audio stream ends after {} packets: {}", stream.packets, stream.refused));
    }
  }
  if (file_->read_error() < 0)
    all.push_back("the audio could not be read to its end: " + CodeText(file_->read_error()));
  return fmt::format("{}", fmt::join(all, "; "));
}

}  // namespace reelswap::libav
