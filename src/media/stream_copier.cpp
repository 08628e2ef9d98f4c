#include "media/stream_copier.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/error.h"
#include "media/audio_transcoder.h"
#include "media/container_parts.h"
#include "media/libav_log.h"
#include "media/subtitle_converter.h"

namespace reelswap::libav {
namespace {

// As in VideoReader: below this a seek is not worth it.
constexpr double kSeekBeyondSeconds = 5.0;
// Audio lies up to this long away from the video key frame that a seek lands on.
constexpr double kSeekMarginSeconds = 3.0;
// A subtitle stays on screen this long at most; one that began before a cut is looked for so far back.
constexpr double kSubtitleMarginSeconds = 20.0;
// Containers store what is heard and seen together no further apart than this: beyond, a range is over,
// although a stream of few subtitles may not have said so.
constexpr double kInterleaveSeconds = 10.0;
// Packets that are held at once, at most, to see how all streams begin.
constexpr size_t kMostAhead = 512;
constexpr double kForever = std::numeric_limits<double>::infinity();

double Seconds(int64_t ticks, AVRational base) { return static_cast<double>(ticks) * av_q2d(base); }

int64_t DecodingTime(const AVPacket& packet) {
  return packet.dts != AV_NOPTS_VALUE ? packet.dts : packet.pts;
}

const char* TypeName(AVMediaType type) { return type == AVMEDIA_TYPE_AUDIO ? "audio" : "subtitle"; }

// How much sound a decoder must have heard before what it gives is right.
double PrerollSeconds(const AVCodecParameters& p) {
  if (p.sample_rate <= 0) return 0;
  switch (p.codec_id) {
    case AV_CODEC_ID_OPUS:
      return 0.08;  // RFC 7845, 4.6
    case AV_CODEC_ID_MP3:
      return 2 * 1152.0 / p.sample_rate;  // the bit reservoir reaches back
    case AV_CODEC_ID_AAC:
    case AV_CODEC_ID_AC3:
    case AV_CODEC_ID_EAC3:
    case AV_CODEC_ID_VORBIS:
      return std::max(p.frame_size, 1024) / static_cast<double>(p.sample_rate);  // windows overlap by half
    default:
      return 0;
  }
}

}  // namespace

StreamCopier::StreamCopier(const AudioCopy& copy, double first_video_seconds, StreamChoice choice)
    : copy_(copy), choice_(choice), packet_(NewPacket()) {
  start_seconds_ = copy.start_seconds > 0 ? first_video_seconds + copy.start_seconds : -kForever;
  end_seconds_ = copy.end_seconds ? first_video_seconds + *copy.end_seconds : kForever;
  Open();
}

StreamCopier::~StreamCopier() = default;

void StreamCopier::Open() {
  file_ = std::make_unique<InputFile>(copy_.path);
  file_->KeepOnly(WantedStreams());
}

std::vector<int> StreamCopier::WantedStreams() const {
  std::vector<int> wanted;
  if (choice_.audio) wanted = file_->StreamsOf(AVMEDIA_TYPE_AUDIO);
  if (choice_.subtitles) {
    const std::vector<int> subtitles = file_->StreamsOf(AVMEDIA_TYPE_SUBTITLE);
    wanted.insert(wanted.end(), subtitles.begin(), subtitles.end());
  }
  return wanted;
}

AVRational StreamCopier::BaseOf(const Stream& stream) const {
  return file_->context()->streams[stream.source]->time_base;
}

std::unique_ptr<PacketRoute> StreamCopier::RouteFor(const Muxer& muxer, const AVStream& source,
                                                    std::string& why_not) const {
  if (!choice_.convert) return nullptr;
  try {
    if (source.codecpar->codec_type == AVMEDIA_TYPE_AUDIO) {
      const AVCodecID target = muxer.container() == "webm" ? AV_CODEC_ID_OPUS : AV_CODEC_ID_AAC;
      return std::make_unique<AudioTranscoder>(source, target, muxer.WantsGlobalHeader());
    }
    return std::make_unique<SubtitleConverter>(source, TextSubtitleOf(muxer));
  } catch (const Error& error) {
    why_not = error.what();
    return nullptr;
  }
}

void StreamCopier::AddStream(Muxer& muxer, int index, int number) {
  const AVStream& source = *file_->context()->streams[index];
  const AVCodecParameters& parameters = *source.codecpar;
  Stream stream;
  stream.source = index;
  stream.type = parameters.codec_type;
  const bool is_audio = stream.type == AVMEDIA_TYPE_AUDIO;
  // A tick a sample, or the source's own where the rate is not known.
  AVRational base =
      is_audio && parameters.sample_rate > 0 ? AVRational{1, parameters.sample_rate} : source.time_base;
  const AVCodecParameters* stored = &parameters;
  if (!muxer.Accepts(parameters, base)) {
    std::string why_not;
    stream.route = RouteFor(muxer, source, why_not);
    const std::string name = avcodec_get_name(parameters.codec_id);
    if (!stream.route) {
      const std::string reason = why_not.empty() ? "" : fmt::format(" ({})", why_not);
      if (is_audio) {
        dropped_.push_back(fmt::format("{} does not go into {}{}", name, muxer.container(), reason));
      } else {
        converted_.push_back(fmt::format("subtitle {} ({}) was dropped: it does not go into {}{}", number,
                                         name, muxer.container(), reason));
      }
      return;
    }
    stored = &stream.route->parameters();
    base = stream.route->time_base();
    converted_.push_back(fmt::format("{} {} ({}) was {} as {} for {}", TypeName(stream.type), number, name,
                                     is_audio ? "encoded" : "written",
                                     is_audio && stored->codec_id == AV_CODEC_ID_AAC
                                         ? "AAC"
                                         : (is_audio ? "Opus" : avcodec_get_name(stored->codec_id)),
                                     muxer.container()));
  }
  AVStream* target = muxer.AddStream(*stored, base);
  target->disposition = source.disposition;
  CopyStreamTags(source, *target);
  // Matroska's readers take an Opus track's CodecDelay off every time it stores, but libav's muxer
  // does not put it on: unless we do, sound comes 6.5 ms early.
  if (stored->codec_id == AV_CODEC_ID_OPUS && !muxer.IsMp4Family()) {
    stream.delay = av_rescale_q(stored->initial_padding,
                                {1, stored->sample_rate > 0 ? stored->sample_rate : 48000}, source.time_base);
  }
  if (is_audio && (stream.route || muxer.IsMp4Family())) stream.preroll_seconds = PrerollSeconds(parameters);
  stream.target = target->index;
  copied_.push_back(std::move(stream));
}

void StreamCopier::AddStreams(Muxer& muxer) {
  int audio = 0;
  int subtitles = 0;
  for (const int index : WantedStreams()) {
    const bool is_audio = file_->context()->streams[index]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
    AddStream(muxer, index, is_audio ? ++audio : ++subtitles);
  }
  if (copied_.empty()) ended_ = true;
  std::vector<int> wanted;
  for (const Stream& stream : copied_) wanted.push_back(stream.source);
  file_->KeepOnly(wanted);
  SeekToStart();
}

void StreamCopier::SeekToStart() {
  const double margin = subtitle_streams() > 0 ? kSubtitleMarginSeconds : kSeekMarginSeconds;
  const double seek_to = start_seconds_ - margin;
  if (ended_ || copy_.start_seconds <= std::max(kSeekBeyondSeconds, margin) || !file_->CanSeek()) return;
  if (file_->SeekBefore(seek_to)) {
    // The first packet tells where the seek has landed.
    if (!file_->Read(packet_.get())) {
      ended_ = false;
    } else {
      const double landed =
          Seconds(DecodingTime(*packet_), file_->context()->streams[packet_->stream_index]->time_base);
      av_packet_unref(packet_.get());
      if (landed <= start_seconds_ - kSeekMarginSeconds / 2 && file_->SeekBefore(seek_to)) return;
    }
  }
  // The seek may have skipped what is wanted: read from the beginning instead.
  std::vector<int> wanted;
  for (const Stream& stream : copied_) wanted.push_back(stream.source);
  Open();
  file_->KeepOnly(wanted);
}

int StreamCopier::Count(AVMediaType type) const {
  return static_cast<int>(
      std::count_if(copied_.begin(), copied_.end(), [&](const Stream& s) { return s.type == type; }));
}

int StreamCopier::sample_rate() const {
  for (const Stream& stream : copied_) {
    if (stream.type != AVMEDIA_TYPE_AUDIO) continue;
    if (stream.route) return stream.route->parameters().sample_rate;
    return file_->context()->streams[stream.source]->codecpar->sample_rate;
  }
  return 0;
}

void StreamCopier::SetShift(int64_t shift, AVRational base) {
  for (Stream& stream : copied_) {
    const double shift_seconds = Seconds(shift, base) + Seconds(stream.delay, BaseOf(stream));
    stream.shift = av_rescale_q(shift, base, BaseOf(stream)) + stream.delay;
    if (stream.route) {
      const double first = copy_.start_seconds > 0 ? start_seconds_ + shift_seconds : 0;
      stream.route->Keep(std::max(0.0, first), end_seconds_ + shift_seconds);
    }
  }
}

double StreamCopier::SecondsBeforeZero() {
  double first = 0;
  const auto consider = [&](const Stream& stream, int64_t time) {
    if (stream.type != AVMEDIA_TYPE_AUDIO || stream.route) return;  // those are cut at 0
    first = std::min(first, Seconds(time + stream.shift, BaseOf(stream)));
  };
  LookAhead();
  for (const Stream& stream : copied_) {
    if (stream.first_time) consider(stream, *stream.first_time);
  }
  if (copy_.start_seconds > 0) return -first;
  for (const Stream& stream : copied_) {
    const int64_t start = file_->context()->streams[stream.source]->start_time;
    if (start != AV_NOPTS_VALUE) consider(stream, start);
  }
  return -first;
}

// Until the first packet of every stream of sound is known, so far as streams are stored side by side.
void StreamCopier::LookAhead() {
  const auto known = [](const Stream& s) {
    return s.first_time || s.past_end || s.route || s.type != AVMEDIA_TYPE_AUDIO;
  };
  if (!Fetch()) return;
  while (ahead_.size() < kMostAhead && !std::all_of(copied_.begin(), copied_.end(), known)) {
    Packet held = std::exchange(packet_, NewPacket());
    const bool got = ReadNext();
    std::swap(held, packet_);
    if (!got) return;
    ahead_.push_back(std::move(held));
  }
}

double StreamCopier::FirstSeconds() const {
  double first = kForever;
  for (const Stream& stream : copied_) {
    const int64_t start = file_->context()->streams[stream.source]->start_time;
    if (start != AV_NOPTS_VALUE) first = std::min(first, Seconds(start, BaseOf(stream)));
  }
  return first;
}

StreamCopier::Stream* StreamCopier::Find(int source) {
  const auto found =
      std::find_if(copied_.begin(), copied_.end(), [&](const Stream& s) { return s.source == source; });
  return found == copied_.end() ? nullptr : &*found;
}

bool StreamCopier::AllPastEnd() const {
  return std::all_of(copied_.begin(), copied_.end(), [](const Stream& s) { return s.past_end; });
}

// Packets are cut whole: the first is the one that reaches into the range (an edit list hides the part before
// it), the last the one that begins in it; its duration ends with the range.
bool StreamCopier::InRange(AVPacket& packet, Stream& stream) const {
  const AVRational base = BaseOf(stream);
  const int64_t time = packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
  const double begins = Seconds(time, base);
  const double ends = Seconds(time + std::max<int64_t>(packet.duration, 1), base);
  stream.past_end = begins >= end_seconds_;
  if (ends <= start_seconds_ - stream.preroll_seconds + 1e-9 || stream.past_end) return false;
  if (ends > end_seconds_ && packet.duration > 0) {
    packet.duration = std::max<int64_t>(1, std::llround(end_seconds_ / av_q2d(base)) - time);
  }
  if (stream.type == AVMEDIA_TYPE_SUBTITLE) CutSubtitle(packet, base);
  return true;
}

// A subtitle on screen when the range begins appears there.
void StreamCopier::CutSubtitle(AVPacket& packet, AVRational base) const {
  if (packet.pts == AV_NOPTS_VALUE || !std::isfinite(start_seconds_)) return;
  const int64_t start = std::llround(start_seconds_ / av_q2d(base));
  if (packet.pts >= start) return;
  packet.duration = std::max<int64_t>(1, packet.duration - (start - packet.pts));
  packet.pts = packet.dts = start;
}

bool StreamCopier::Fetch() {
  if (waiting_) return true;
  if (!ahead_.empty()) {
    packet_ = std::move(ahead_.front());
    ahead_.pop_front();
    waiting_ = true;
  } else {
    waiting_ = ReadNext();
  }
  return waiting_;
}

// Reads the next packet that is wanted into packet_.
bool StreamCopier::ReadNext() {
  while (!ended_) {
    if (!file_->Read(packet_.get())) {
      ended_ = true;
      break;
    }
    Stream* stream = Find(packet_->stream_index);
    const bool wanted =
        stream != nullptr && stream->refused.empty() && DecodingTime(*packet_) != AV_NOPTS_VALUE;
    if (wanted && InRange(*packet_, *stream)) {
      if (!stream->first_time) {
        stream->first_time = packet_->pts != AV_NOPTS_VALUE ? packet_->pts : packet_->dts;
      }
      return true;
    }
    const int64_t time = DecodingTime(*packet_);
    const AVRational base = file_->context()->streams[packet_->stream_index]->time_base;
    const bool far_past = time != AV_NOPTS_VALUE && Seconds(time, base) > end_seconds_ + kInterleaveSeconds;
    av_packet_unref(packet_.get());
    ended_ = far_past || AllPastEnd();
  }
  return false;
}

void StreamCopier::Put(Stream& stream, Muxer& muxer, AVPacket* packet) {
  packet->stream_index = stream.target;
  packet->pos = -1;
  if (!stream.refused.empty()) {
    av_packet_unref(packet);
    return;
  }
  const int status = muxer.Write(packet);
  if (status < 0) {
    // The container sees only now that this stream's packets are not what their header says.
    stream.refused = Reason(status);
    return;
  }
  ++stream.packets;
  if (stream.type == AVMEDIA_TYPE_AUDIO) ++audio_packets_;
}

// Sound or text that cannot be converted any further ends its stream and not the video.
void StreamCopier::PushThrough(Stream& stream, Muxer& muxer, AVPacket* packet) {
  const AVRational to = muxer.context()->streams[stream.target]->time_base;
  try {
    stream.route->Push(packet, [&](AVPacket* made) {
      av_packet_rescale_ts(made, stream.route->time_base(), to);
      Put(stream, muxer, made);
    });
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kMedia) throw;
    stream.refused = error.what();
  }
}

// Moves the waiting packet into the container.
void StreamCopier::Place(Stream& stream, Muxer& muxer) {
  if (packet_->pts == AV_NOPTS_VALUE) packet_->pts = packet_->dts;
  if (packet_->dts == AV_NOPTS_VALUE) packet_->dts = packet_->pts;
  packet_->pts += stream.shift;
  packet_->dts += stream.shift;
  waiting_ = false;
  if (stream.type == AVMEDIA_TYPE_SUBTITLE && packet_->pts < 0) {
    packet_->duration = std::max<int64_t>(0, packet_->duration + packet_->pts);
    packet_->pts = packet_->dts = 0;
  }
  if (stream.route) {
    PushThrough(stream, muxer, packet_.get());
    av_packet_unref(packet_.get());
    return;
  }
  const AVRational to = muxer.context()->streams[stream.target]->time_base;
  av_packet_rescale_ts(packet_.get(), BaseOf(stream), to);
  Put(stream, muxer, packet_.get());
}

void StreamCopier::Drain(Muxer& muxer) {
  if (drained_) return;
  drained_ = true;
  for (Stream& stream : copied_) {
    if (stream.route && stream.refused.empty()) PushThrough(stream, muxer, nullptr);
  }
}

void StreamCopier::WriteUntil(Muxer& muxer, int64_t time, AVRational base) {
  while (Fetch()) {
    Stream& stream = *Find(packet_->stream_index);
    const int64_t shifted = DecodingTime(*packet_) + stream.shift;
    if (time != INT64_MAX && av_compare_ts(shifted, BaseOf(stream), time, base) >= 0) return;
    Place(stream, muxer);
  }
  if (time == INT64_MAX) Drain(muxer);
}

std::string StreamCopier::message() const {
  std::vector<std::string> all;
  if (!dropped_.empty()) {
    all.push_back(fmt::format("{} audio stream{} dropped: {}", dropped_.size(),
                              dropped_.size() == 1 ? " was" : "s were", fmt::join(dropped_, ", ")));
  }
  all.insert(all.end(), converted_.begin(), converted_.end());
  for (const Stream& stream : copied_) {
    const char* article = stream.type == AVMEDIA_TYPE_AUDIO ? "an" : "a";
    if (!stream.refused.empty()) {
      all.push_back(fmt::format("{} {} stream ends after {} packets: {}", article, TypeName(stream.type),
                                stream.packets, stream.refused));
    }
    if (stream.route && stream.route->damaged() > 0) {
      all.push_back(fmt::format("{} damaged packets of {} {} stream were passed over",
                                stream.route->damaged(), article, TypeName(stream.type)));
    }
  }
  if (file_->read_error() < 0)
    all.push_back("the audio could not be read to its end: " + CodeText(file_->read_error()));
  return fmt::format("{}", fmt::join(all, "; "));
}

}  // namespace reelswap::libav
