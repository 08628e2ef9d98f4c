#include "media/container_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <new>
#include <string_view>

namespace reelswap::libav {
namespace {

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// What a muxer or encoder wrote about the old streams and file.
bool IsStale(const std::string& key) {
  static const char* const kStale[] = {
      "encoder",         "duration",    "bps",           "number_of_frames",  "number_of_bytes", "rotate",
      "vendor_id",       "major_brand", "minor_version", "compatible_brands", "timecode",        "source_id",
      "variant_bitrate", "filename",    "mimetype"};
  const std::string name = Lower(key);
  if (name.starts_with("_statistics")) return true;
  // mkvmerge adds the language: "BPS-eng".
  const std::string_view stem = std::string_view(name).substr(0, name.find('-'));
  return std::any_of(std::begin(kStale), std::end(kStale), [&](const char* stale) { return stem == stale; });
}

const char* TagOf(const AVStream& stream, const char* key, const char* fallback) {
  const AVDictionaryEntry* tag = av_dict_get(stream.metadata, key, nullptr, 0);
  return tag == nullptr || tag->value[0] == '\0' ? fallback : tag->value;
}

bool IsCover(const AVStream& stream) {
  return stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
         (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) != 0 && stream.attached_pic.size > 0;
}

void SetExtradata(AVCodecParameters& parameters, const uint8_t* bytes, int size) {
  parameters.extradata =
      static_cast<uint8_t*>(av_mallocz(static_cast<size_t>(size) + AV_INPUT_BUFFER_PADDING_SIZE));
  if (parameters.extradata == nullptr) throw std::bad_alloc();
  std::memcpy(parameters.extradata, bytes, static_cast<size_t>(size));
  parameters.extradata_size = size;
}

int64_t Ticks(double seconds, AVRational base) { return std::llround(seconds / av_q2d(base)); }

}  // namespace

AVCodecID TextSubtitleOf(const Muxer& muxer) {
  if (muxer.IsMp4Family()) return AV_CODEC_ID_MOV_TEXT;
  return muxer.container() == "webm" ? AV_CODEC_ID_WEBVTT : AV_CODEC_ID_SUBRIP;
}

void CopyStreamTags(const AVStream& source, AVStream& target) {
  const AVDictionaryEntry* tag = nullptr;
  while ((tag = av_dict_get(source.metadata, "", tag, AV_DICT_IGNORE_SUFFIX)) != nullptr) {
    if (!IsStale(tag->key)) av_dict_set(&target.metadata, tag->key, tag->value, 0);
  }
}

std::map<std::string, std::string> ContainerTagsFor(const AVFormatContext& source,
                                                    const std::map<std::string, std::string>& own) {
  std::map<std::string, std::string> tags = own;
  const auto told = [&](const std::string& key) {
    return std::any_of(own.begin(), own.end(), [&](const auto& tag) { return Lower(tag.first) == key; });
  };
  const AVDictionaryEntry* tag = nullptr;
  while ((tag = av_dict_get(source.metadata, "", tag, AV_DICT_IGNORE_SUFFIX)) != nullptr) {
    if (!IsStale(tag->key) && !told(Lower(tag->key))) tags.emplace(tag->key, tag->value);
  }
  return tags;
}

std::vector<std::string> NotesOnOtherStreams(const AVFormatContext& source, int main_video) {
  std::vector<std::string> notes;
  for (unsigned i = 0; i < source.nb_streams; ++i) {
    const AVStream& stream = *source.streams[i];
    const AVCodecParameters& parameters = *stream.codecpar;
    const char* name = avcodec_get_name(parameters.codec_id);
    if (parameters.codec_type == AVMEDIA_TYPE_VIDEO && !IsCover(stream) &&
        static_cast<int>(i) != main_video) {
      notes.push_back(fmt::format("another video stream ({}, {} x {} px) was dropped", name, parameters.width,
                                  parameters.height));
    }
    // Timecodes go along as a tag, and chapters are told by a text track in mp4.
    const bool told = parameters.codec_tag == MKTAG('t', 'm', 'c', 'd') ||
                      (parameters.codec_tag == MKTAG('t', 'e', 'x', 't') && source.nb_chapters > 0);
    if (parameters.codec_type == AVMEDIA_TYPE_DATA && !told) {
      notes.push_back(fmt::format("a data stream ({}) was dropped", name));
    }
  }
  return notes;
}

std::vector<std::string> TagsLostToCover(const std::map<std::string, std::string>& tags) {
  // The names that libav has an iTunes box for.
  static const char* const kStored[] = {
      "title",      "artist",    "album_artist", "composer",      "album",       "date",       "comment",
      "genre",      "copyright", "grouping",     "lyrics",        "description", "synopsis",   "show",
      "episode_id", "network",   "episode_sort", "season_number", "keywords",    "media_type", "track",
      "disc",       "author",    "year",         "creation_time", "hd_video"};
  std::vector<std::string> lost;
  for (const auto& [key, value] : tags) {
    const bool stored =
        std::any_of(std::begin(kStored), std::end(kStored), [&](const char* s) { return key == s; });
    if (!stored) lost.push_back(key);
  }
  return lost;
}

int CopyChapters(const AVFormatContext& source, const Stretch& stretch, Muxer& muxer) {
  AVFormatContext& target = *muxer.context();
  int copied = 0;
  for (unsigned i = 0; i < source.nb_chapters; ++i) {
    const AVChapter& from = *source.chapters[i];
    int64_t start = from.start;
    int64_t end = from.end;
    if (std::isfinite(stretch.first)) start = std::max(start, Ticks(stretch.first, from.time_base));
    if (std::isfinite(stretch.end)) end = std::min(end, Ticks(stretch.end, from.time_base));
    start = std::max<int64_t>(0, start + Ticks(stretch.shift, from.time_base));
    end += Ticks(stretch.shift, from.time_base);
    if (end <= start) continue;
    auto* to = static_cast<AVChapter*>(av_mallocz(sizeof(AVChapter)));
    auto** all = static_cast<AVChapter**>(
        av_realloc_array(target.chapters, target.nb_chapters + size_t{1}, sizeof(AVChapter*)));
    if (all != nullptr) target.chapters = all;
    if (to == nullptr || all == nullptr) {
      av_free(to);
      throw std::bad_alloc();
    }
    to->id = from.id;
    to->time_base = from.time_base;
    to->start = start;
    to->end = end;
    av_dict_copy(&to->metadata, from.metadata, 0);
    target.chapters[target.nb_chapters++] = to;
    ++copied;
  }
  return copied;
}

void Attachments::AddFont(const AVStream& source, Muxer& muxer) {
  const char* name = TagOf(source, "filename", "attachment");
  const bool takes = muxer.container() == "matroska";
  if (!takes || source.codecpar->extradata_size <= 0) {
    notes_.push_back(
        fmt::format("the attachment {} was dropped: it does not go into {}", name, muxer.container()));
    return;
  }
  AVStream* target = muxer.AddStream(*source.codecpar, source.time_base);
  av_dict_copy(&target->metadata, source.metadata, 0);
  av_dict_set(&target->metadata, "filename", name, 0);
  av_dict_set(&target->metadata, "mimetype", TagOf(source, "mimetype", "application/octet-stream"), 0);
  ++count_;
}

void Attachments::AddCover(const AVStream& source, Muxer& muxer) {
  const AVCodecParameters& from = *source.codecpar;
  const bool jpeg = from.codec_id == AV_CODEC_ID_MJPEG;
  const bool known = jpeg || from.codec_id == AV_CODEC_ID_PNG;
  if (!known || (muxer.container() != "mp4" && muxer.container() != "matroska")) {
    notes_.push_back(fmt::format("the cover picture was dropped: {} in {} is not written",
                                 avcodec_get_name(from.codec_id), muxer.container()));
    return;
  }
  ++count_;
  if (muxer.container() == "mp4") {
    AVStream* target = muxer.AddStream(from, source.time_base);
    target->disposition = AV_DISPOSITION_ATTACHED_PIC;
    Picture picture{target->index, NewPacket()};
    if (av_packet_ref(picture.packet.get(), &source.attached_pic) < 0) throw std::bad_alloc();
    pictures_.push_back(std::move(picture));
    muxer.NoteCover();
    return;
  }
  // Matroska keeps covers among its attachments, under this name.
  const Parameters parameters = NewParameters();
  parameters->codec_type = AVMEDIA_TYPE_ATTACHMENT;
  parameters->codec_id = from.codec_id;
  SetExtradata(*parameters, source.attached_pic.data, source.attached_pic.size);
  AVStream* target = muxer.AddStream(*parameters, source.time_base);
  av_dict_set(&target->metadata, "filename", TagOf(source, "filename", jpeg ? "cover.jpg" : "cover.png"), 0);
  av_dict_set(&target->metadata, "mimetype", TagOf(source, "mimetype", jpeg ? "image/jpeg" : "image/png"), 0);
}

void Attachments::AddStreams(const AVFormatContext& source, Muxer& muxer) {
  for (unsigned i = 0; i < source.nb_streams; ++i) {
    const AVStream& stream = *source.streams[i];
    if (IsCover(stream)) AddCover(stream, muxer);
    if (stream.codecpar->codec_type == AVMEDIA_TYPE_ATTACHMENT) AddFont(stream, muxer);
  }
}

void Attachments::WritePictures(Muxer& muxer) {
  for (Picture& picture : pictures_) {
    AVPacket* packet = picture.packet.get();
    packet->stream_index = picture.stream;
    packet->pts = packet->dts = 0;
    packet->pos = -1;
    packet->flags |= AV_PKT_FLAG_KEY;
    if (muxer.Write(packet) < 0) {
      --count_;
      notes_.push_back("a cover picture was dropped: the container refused it");
    }
  }
  pictures_.clear();
}

}  // namespace reelswap::libav
