#include "media/muxer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <new>

#include "core/error.h"
#include "core/files.h"
#include "media/disk_error.h"
#include "media/libav_log.h"

namespace reelswap::libav {
namespace {

namespace fs = std::filesystem;

// use_metadata_tags: without it mp4 drops every tag it has no box of its own for; with it, libav writes no
// cover picture.
constexpr const char* kMovFlags = "+faststart+use_metadata_tags";
constexpr const char* kMovFlagsWithCover = "+faststart";

const AVOutputFormat* FormatFor(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const char* name = nullptr;
  if (extension == ".mp4" || extension == ".m4v" || extension == ".m4a") name = "mp4";
  if (extension == ".mov") name = "mov";
  if (extension == ".mkv") name = "matroska";
  if (extension == ".webm") name = "webm";
  const AVOutputFormat* format = name == nullptr ? nullptr : av_guess_format(name, nullptr, nullptr);
  if (format == nullptr) {
    throw Error(ErrorKind::kMedia,
                fmt::format("cannot write {}: '{}' is no container we write: use .mp4, .mov, .mkv or .webm",
                            path.string(), extension));
  }
  return format;
}

Output NewOutput(const AVOutputFormat* format, const std::string& url) {
  AVFormatContext* raw = nullptr;
  if (avformat_alloc_output_context2(&raw, format, nullptr, url.c_str()) < 0) throw std::bad_alloc();
  return Output(raw);
}

}  // namespace

const AVOutputFormat& ContainerNamed(const std::string& container) {
  return *FormatFor("video." + container);
}

bool ContainerAccepts(const AVOutputFormat& container, const AVCodecParameters& parameters,
                      AVRational time_base) {
  Output trial = NewOutput(&container, "trial");
  if (avio_open_dyn_buf(&trial->pb) < 0) throw std::bad_alloc();
  AVStream* stream = avformat_new_stream(trial.get(), nullptr);
  bool accepted = stream != nullptr && avcodec_parameters_copy(stream->codecpar, &parameters) >= 0;
  if (accepted) {
    stream->codecpar->codec_tag = 0;
    stream->time_base = time_base;
    ForgetMessages();
    accepted = avformat_write_header(trial.get(), nullptr) >= 0;
  }
  uint8_t* bytes = nullptr;
  avio_close_dyn_buf(trial->pb, &bytes);
  trial->pb = nullptr;
  av_free(bytes);
  return accepted;
}

Muxer::Muxer(const fs::path& path) : path_(path) {
  InitLibav();
  const AVOutputFormat* format = FormatFor(path);
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw Error(ErrorKind::kDisk,
                fmt::format("cannot write {}: there is something there that is not a file, and it is "
                            "left alone: choose another name",
                            path.string()));
  }
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);  // a failure shows below
  temporary_ = TemporaryPathFor(path);
  const std::string url = "file:" + temporary_.string();
  context_ = NewOutput(format, url);
  // Times are ours to choose; libav would shift all streams for one negative audio packet.
  context_->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;
  const int opened = avio_open(&context_->pb, url.c_str(), AVIO_FLAG_WRITE);
  if (opened < 0) throw DiskError(path_, opened);
}

Muxer::~Muxer() {
  context_.reset();  // closes the file first
  if (committed_ || temporary_.empty()) return;
  std::error_code ignored;
  fs::remove(temporary_, ignored);
}

bool Muxer::IsMp4Family() const { return container() == "mp4" || container() == "mov"; }

bool Muxer::Accepts(const AVCodecParameters& parameters, AVRational time_base) const {
  return ContainerAccepts(*context_->oformat, parameters, time_base);
}

AVStream* Muxer::AddStream(const AVCodecParameters& parameters, AVRational time_base) {
  AVStream* stream = avformat_new_stream(context_.get(), nullptr);
  if (stream == nullptr || avcodec_parameters_copy(stream->codecpar, &parameters) < 0) throw std::bad_alloc();
  stream->codecpar->codec_tag = 0;  // tags belong to the container they came from
  stream->time_base = time_base;
  return stream;
}

void Muxer::WriteHeader(const std::map<std::string, std::string>& metadata, int timescale,
                        int movie_timescale) {
  for (const auto& [key, value] : metadata) av_dict_set(&context_->metadata, key.c_str(), value.c_str(), 0);
  Options options;
  if (IsMp4Family()) {
    options.Set("movflags", has_cover_ ? kMovFlagsWithCover : kMovFlags);
    if (timescale > 0) options.Set("video_track_timescale", std::to_string(timescale));
    if (movie_timescale > 0) options.Set("movie_timescale", std::to_string(movie_timescale));
  }
  ForgetMessages();
  const int status = avformat_write_header(context_.get(), options.address());
  if (status >= 0 && context_->pb->error >= 0) return;
  ThrowIfDisk(status < 0 ? status : context_->pb->error);
  throw Error(ErrorKind::kMedia,
              fmt::format("cannot write {}: {}: try .mkv", path_.string(), Reason(status)));
}

void Muxer::ThrowIfDisk(int averror) const {
  // The file's own error comes first: muxers translate it into codes of their own.
  if (context_->pb != nullptr && context_->pb->error < 0) throw DiskError(path_, context_->pb->error);
  if (IsDiskError(averror)) throw DiskError(path_, averror);
}

int Muxer::Write(AVPacket* packet) {
  if (packet->dts != AV_NOPTS_VALUE) {
    auto [entry, first] = last_dts_.try_emplace(packet->stream_index, packet->dts);
    const bool equal_is_fine = (context_->oformat->flags & AVFMT_TS_NONSTRICT) != 0;
    if (!first && packet->dts < entry->second + (equal_is_fine ? 0 : 1)) {
      // Coarse source time bases can give two packets one tick; most muxers refuse that.
      packet->dts = entry->second + (equal_is_fine ? 0 : 1);
      if (packet->pts != AV_NOPTS_VALUE) packet->pts = std::max(packet->pts, packet->dts);
    }
    entry->second = packet->dts;
  }
  ForgetMessages();
  const int status = av_write_frame(context_.get(), packet);
  av_packet_unref(packet);
  if (status < 0 || context_->pb->error < 0) ThrowIfDisk(status);
  return std::min(status, 0);
}

void Muxer::WriteTrailer() {
  ForgetMessages();
  const int status = av_write_trailer(context_.get());
  if (status < 0 || context_->pb->error < 0) {
    ThrowIfDisk(status);
    throw Error(ErrorKind::kMedia, fmt::format("cannot finish {}: {}", path_.string(), Reason(status)));
  }
  const int closed = avio_closep(&context_->pb);
  if (closed < 0) throw DiskError(path_, closed);
  finished_ = true;
}

void Muxer::Commit() {
  CommitFile(temporary_, path_);
  committed_ = true;
}

}  // namespace reelswap::libav
