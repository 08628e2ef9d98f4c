#include "media/input_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "media/libav_log.h"
#include "media/limits.h"
#include "media/refusal.h"

namespace reelswap::libav {
namespace {

// Demuxers of containers. Those of playlists, concat scripts, pictures and devices stay outside:
// they open other files than the one named.
constexpr const char* kContainers = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,flv,asf,mpeg,ogg,gif";

// A step back in decoding time longer than this is a new capture and not a reordered packet.
constexpr int64_t kJumpBackUs = 1'000'000;

[[noreturn]] void Refuse(const std::filesystem::path& path, int averror) {
  if (averror == AVERROR(EACCES) || averror == AVERROR(EPERM)) {
    throw Error(ErrorKind::kMedia, fmt::format("cannot open {}: {}: check the file's permissions",
                                               path.string(), CodeText(averror)));
  }
  const std::string known = DescribeNonVideo(path);
  if (!known.empty()) throw Error(ErrorKind::kMedia, fmt::format("{} {}", path.string(), known));
  // "Not on the whitelist" and the mov demuxer's complaint about bytes that never were mov mean the same.
  std::string reason = Reason(averror);
  const bool lacks_index = reason.find("moov atom not found") != std::string::npos;
  std::string cure = "is it a video? if it plays elsewhere, convert it to mp4 or mkv, else download it again";
  if (lacks_index && BeginsLikeMp4(path)) {
    cure = "an incomplete download? run again to resume it";
  } else if (lacks_index || reason.find("whitelist") != std::string::npos) {
    reason = "its content is no video container that we read";
  }
  throw Error(ErrorKind::kMedia, fmt::format("cannot open {}: {} ({})", path.string(), reason, cure));
}

void ProbeStreams(AVFormatContext* context, const std::filesystem::path& path) {
  // Decoders that open while probing must not be led into huge allocations by a lying header.
  std::vector<AVDictionary*> options(context->nb_streams, nullptr);
  for (AVDictionary*& dict : options) {
    av_dict_set_int(&dict, "max_pixels", kMaxPixels, 0);
    av_dict_set_int(&dict, "threads", 1, 0);
  }
  const size_t count = options.size();
  const int status = avformat_find_stream_info(context, count == 0 ? nullptr : options.data());
  for (AVDictionary*& dict : options) av_dict_free(&dict);
  if (status < 0) Refuse(path, status);
}

}  // namespace

InputFile::InputFile(const std::filesystem::path& path) : path_(path) {
  InitLibav();
  RequireRegularFile(path);
  ForgetMessages();
  Options options;
  options.Set("format_whitelist", kContainers);
  options.Set("protocol_whitelist", "file");
  AVFormatContext* raw = nullptr;
  const int status = avformat_open_input(&raw, ("file:" + path.string()).c_str(), nullptr, options.address());
  if (status < 0) Refuse(path, status);  // libav has freed the context
  context_.reset(raw);
  ProbeStreams(context_.get(), path);
  kept_.assign(context_->nb_streams, true);
  timelines_.resize(context_->nb_streams);
}

std::optional<int> InputFile::MainVideoStream() const {
  std::optional<int> best;
  const auto rank = [&](int i) {
    const AVStream* stream = context_->streams[i];
    const bool is_default = (stream->disposition & AV_DISPOSITION_DEFAULT) != 0;
    return std::pair(is_default, int64_t{stream->codecpar->width} * stream->codecpar->height);
  };
  for (int i = 0; i < static_cast<int>(context_->nb_streams); ++i) {
    const AVStream* stream = context_->streams[i];
    if (stream->codecpar->codec_type != AVMEDIA_TYPE_VIDEO) continue;
    if ((stream->disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS)) != 0)
      continue;
    if (!best || rank(i) > rank(*best)) best = i;
  }
  return best;
}

std::vector<int> InputFile::StreamsOf(AVMediaType type) const {
  std::vector<int> streams;
  for (int i = 0; i < static_cast<int>(context_->nb_streams); ++i) {
    if (context_->streams[i]->codecpar->codec_type == type) streams.push_back(i);
  }
  return streams;
}

void InputFile::KeepOnly(const std::vector<int>& streams) {
  kept_.assign(context_->nb_streams, false);
  for (int i : streams) kept_[i] = true;
  // A joined timeline is found from all streams, so there everything has to be read.
  const bool can_jump = (context_->iformat->flags & AVFMT_TS_DISCONT) != 0;
  for (unsigned i = 0; i < context_->nb_streams; ++i) {
    context_->streams[i]->discard = kept_[i] || can_jump ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
  }
}

bool InputFile::Read(AVPacket* packet) {
  for (;;) {
    const int status = av_read_frame(context_.get(), packet);
    if (status == AVERROR(EAGAIN)) continue;
    if (status < 0) {
      if (status != AVERROR_EOF) read_error_ = status;
      return false;
    }
    const auto stream = static_cast<size_t>(packet->stream_index);
    // Streams can appear while reading (MPEG-TS, FLV); nobody asked for those.
    if (stream >= timelines_.size()) timelines_.resize(stream + 1);
    JoinTimeline(packet);
    if (stream < kept_.size() && kept_[stream]) return true;
    av_packet_unref(packet);
  }
}

void InputFile::JoinTimeline(AVPacket* packet) {
  if ((context_->iformat->flags & AVFMT_TS_DISCONT) == 0) return;
  const int64_t time = packet->dts != AV_NOPTS_VALUE ? packet->dts : packet->pts;
  if (time == AV_NOPTS_VALUE) return;
  Timeline& line = timelines_[packet->stream_index];
  const AVRational base = context_->streams[packet->stream_index]->time_base;
  const int64_t now_us = av_rescale_q(time, base, AV_TIME_BASE_Q);
  if (line.seen && now_us < line.last_us - kJumpBackUs) {
    // The stream that jumps first fixes where the new capture goes; the others follow it.
    if (++line.epoch == epoch_offset_us_.size()) {
      epoch_offset_us_.push_back(epoch_offset_us_[line.epoch - 1] + line.end_us - now_us);
    }
  }
  line.seen = true;
  line.last_us = now_us;
  line.end_us = now_us + std::max<int64_t>(av_rescale_q(packet->duration, base, AV_TIME_BASE_Q), 0);
  const int64_t offset = av_rescale_q(epoch_offset_us_[line.epoch], AV_TIME_BASE_Q, base);
  if (packet->pts != AV_NOPTS_VALUE) packet->pts += offset;
  if (packet->dts != AV_NOPTS_VALUE) packet->dts += offset;
}

bool InputFile::CanSeek() const {
  return (context_->iformat->flags & AVFMT_TS_DISCONT) == 0 && context_->pb != nullptr &&
         (context_->pb->seekable & AVIO_SEEKABLE_NORMAL) != 0;
}

bool InputFile::SeekBefore(double seconds) {
  const auto target = static_cast<int64_t>(std::floor(seconds * AV_TIME_BASE));
  return avformat_seek_file(context_.get(), -1, INT64_MIN, target, target, 0) >= 0;
}

}  // namespace reelswap::libav
