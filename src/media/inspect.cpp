#include "media/inspect.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/files.h"
#include "media/input_file.h"

namespace reelswap {

std::vector<PacketDigest> AudioPacketDigests(const std::filesystem::path& path) {
  libav::InputFile file(path);
  const std::vector<int> streams = file.AudioStreams();
  file.KeepOnly(streams);
  const libav::Packet packet = libav::NewPacket();
  std::vector<PacketDigest> digests;
  while (!streams.empty() && file.Read(packet.get())) {
    PacketDigest digest;
    const auto number = std::find(streams.begin(), streams.end(), packet->stream_index);
    digest.stream = static_cast<int>(number - streams.begin());
    digest.pts = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
    digest.time_base = libav::FromAv(file.context()->streams[packet->stream_index]->time_base);
    digest.sha256 =
        Sha256OfBytes({reinterpret_cast<const char*>(packet->data), static_cast<size_t>(packet->size)});
    digests.push_back(std::move(digest));
    av_packet_unref(packet.get());
  }
  std::stable_sort(digests.begin(), digests.end(),
                   [](const PacketDigest& a, const PacketDigest& b) { return a.stream < b.stream; });
  return digests;
}

VideoTimes VideoPts(const std::filesystem::path& path) {
  libav::InputFile file(path);
  const auto stream = file.MainVideoStream();
  if (!stream) throw Error(ErrorKind::kMedia, fmt::format("{} has no video stream", path.string()));
  file.KeepOnly({*stream});
  VideoTimes times;
  times.time_base = libav::FromAv(file.context()->streams[*stream]->time_base);
  const libav::Packet packet = libav::NewPacket();
  int64_t latest = INT64_MIN;
  while (file.Read(packet.get())) {
    const int64_t pts = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
    if (pts != AV_NOPTS_VALUE && (packet->flags & AV_PKT_FLAG_DISCARD) == 0) {
      times.pts.push_back(pts);
      if (pts > latest) {
        latest = pts;
        times.last_duration = packet->duration;
      }
    }
    av_packet_unref(packet.get());
  }
  std::sort(times.pts.begin(), times.pts.end());
  return times;
}

std::vector<AudioStreamInfo> AudioStreamsOf(const std::filesystem::path& path) {
  const libav::InputFile file(path);
  std::vector<AudioStreamInfo> streams;
  for (const int index : file.AudioStreams()) {
    const AVStream& stream = *file.context()->streams[index];
    AudioStreamInfo info;
    info.codec = avcodec_get_name(stream.codecpar->codec_id);
    if (const AVDictionaryEntry* tag = av_dict_get(stream.metadata, "language", nullptr, 0))
      info.language = tag->value;
    info.is_default = (stream.disposition & AV_DISPOSITION_DEFAULT) != 0;
    info.sample_rate = stream.codecpar->sample_rate;
    info.channels = stream.codecpar->ch_layout.nb_channels;
    streams.push_back(std::move(info));
  }
  return streams;
}

std::vector<std::pair<std::string, std::string>> ContainerTags(const std::filesystem::path& path) {
  const libav::InputFile file(path);
  std::vector<std::pair<std::string, std::string>> tags;
  const AVDictionaryEntry* tag = nullptr;
  while ((tag = av_dict_get(file.context()->metadata, "", tag, AV_DICT_IGNORE_SUFFIX)) != nullptr) {
    tags.emplace_back(tag->key, tag->value);
  }
  return tags;
}

}  // namespace reelswap
