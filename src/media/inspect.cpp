#include "media/inspect.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/files.h"
#include "media/input_file.h"

namespace reelswap {
namespace {

std::string Tag(const AVDictionary* tags, const char* key) {
  const AVDictionaryEntry* tag = av_dict_get(tags, key, nullptr, 0);
  return tag == nullptr ? "" : tag->value;
}

int MainVideo(const libav::InputFile& file) {
  const auto stream = file.MainVideoStream();
  if (!stream) throw Error(ErrorKind::kMedia, fmt::format("{} has no video stream", file.path().string()));
  return *stream;
}

std::string TypeOf(const AVStream& stream) {
  if ((stream.disposition & AV_DISPOSITION_ATTACHED_PIC) != 0) return "cover";
  const char* type = av_get_media_type_string(stream.codecpar->codec_type);
  return type == nullptr ? "data" : type;
}

}  // namespace

std::vector<StoredPicture> StoredPictures(const std::filesystem::path& path) {
  libav::InputFile file(path);
  file.KeepOnly({MainVideo(file)});
  const libav::Packet packet = libav::NewPacket();
  std::vector<StoredPicture> pictures;
  while (file.Read(packet.get())) {
    pictures.push_back({packet->pts, packet->dts, packet->duration, (packet->flags & AV_PKT_FLAG_KEY) != 0});
    av_packet_unref(packet.get());
  }
  return pictures;
}

std::vector<StoredSubtitle> SubtitlesOf(const std::filesystem::path& path) {
  libav::InputFile file(path);
  const std::vector<int> streams = file.StreamsOf(AVMEDIA_TYPE_SUBTITLE);
  file.KeepOnly(streams);
  const libav::Packet packet = libav::NewPacket();
  std::vector<StoredSubtitle> subtitles;
  while (!streams.empty() && file.Read(packet.get())) {
    const double tick = av_q2d(file.context()->streams[packet->stream_index]->time_base);
    StoredSubtitle subtitle;
    subtitle.stream =
        static_cast<int>(std::find(streams.begin(), streams.end(), packet->stream_index) - streams.begin());
    subtitle.seconds = static_cast<double>(packet->pts) * tick;
    subtitle.duration_seconds = static_cast<double>(packet->duration) * tick;
    subtitle.bytes.assign(reinterpret_cast<const char*>(packet->data), static_cast<size_t>(packet->size));
    subtitles.push_back(std::move(subtitle));
    av_packet_unref(packet.get());
  }
  return subtitles;
}

std::vector<StreamInfo> StreamsOf(const std::filesystem::path& path) {
  const libav::InputFile file(path);
  std::vector<StreamInfo> streams;
  for (unsigned i = 0; i < file.context()->nb_streams; ++i) {
    const AVStream& stream = *file.context()->streams[i];
    StreamInfo info;
    info.type = TypeOf(stream);
    info.codec = avcodec_get_name(stream.codecpar->codec_id);
    info.language = Tag(stream.metadata, "language");
    info.title = Tag(stream.metadata, "title");
    info.filename = Tag(stream.metadata, "filename");
    info.is_default = (stream.disposition & AV_DISPOSITION_DEFAULT) != 0;
    info.bytes = info.type == "cover" ? stream.attached_pic.size : stream.codecpar->extradata_size;
    streams.push_back(std::move(info));
  }
  return streams;
}

std::vector<ChapterInfo> ChaptersOf(const std::filesystem::path& path) {
  const libav::InputFile file(path);
  std::vector<ChapterInfo> chapters;
  for (unsigned i = 0; i < file.context()->nb_chapters; ++i) {
    const AVChapter& chapter = *file.context()->chapters[i];
    const double tick = av_q2d(chapter.time_base);
    chapters.push_back({static_cast<double>(chapter.start) * tick, static_cast<double>(chapter.end) * tick,
                        Tag(chapter.metadata, "title")});
  }
  return chapters;
}

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
  const int stream = MainVideo(file);
  file.KeepOnly({stream});
  VideoTimes times;
  times.time_base = libav::FromAv(file.context()->streams[stream]->time_base);
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
    info.language = Tag(stream.metadata, "language");
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
