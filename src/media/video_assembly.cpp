#include "media/video_assembly.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "core/error.h"
#include "media/chunk_file.h"
#include "media/container_parts.h"
#include "media/decoding_clock.h"
#include "media/libav_log.h"
#include "media/muxer.h"
#include "media/stream_copier.h"
#include "media/video_track.h"

namespace reelswap {
namespace {

// Encoders reorder at most 16 frames; the clock needs one more.
constexpr size_t kHeadFrames = 33;

[[noreturn]] void Fail(const std::string& sentence) { throw Error(ErrorKind::kMedia, sentence); }

}  // namespace

struct VideoAssembly::Impl {
  Impl(const std::filesystem::path& path_in, const AssemblyOptions& options_in)
      : path(path_in), options(options_in), muxer(path_in) {}

  void Add(const std::filesystem::path& chunk);
  void Finish();
  void AddStreams();
  void CopyTags();
  void CopyChapters();
  void WriteHeader();
  std::vector<int64_t> Stored(std::vector<int64_t> pts);
  void WriteChunk(const std::filesystem::path& chunk, DecodingClock& clock);
  void FillReport();
  bool copying() const { return !options.copies.range.path.empty(); }
  AVRational base() const { return libav::ToAv(options.video.time_base); }

  std::filesystem::path path;
  AssemblyOptions options;
  libav::Muxer muxer;
  std::vector<std::filesystem::path> chunks;
  std::optional<libav::ChunkFooter> first;  // of the first chunk
  std::vector<int64_t> head;                // presentation times of the first frames
  int depth = 0;
  int64_t first_pts = 0;
  int64_t last_pts = 0;
  int64_t frames = 0;
  int64_t written = 0;
  int64_t shift = 0;
  std::string late_start;  // what was done about a clock that began late
  std::optional<int64_t> last_stored;  // ticks of `stream`
  AVStream* stream = nullptr;
  std::unique_ptr<libav::StreamCopier> copies;
  libav::Attachments attachments;
  std::vector<std::string> lost_tags;
  AssemblyReport report;
};

void VideoAssembly::Impl::Add(const std::filesystem::path& chunk) {
  auto footer = libav::ChunkFileReader::Verify(chunk);
  if (!footer) {
    Fail(fmt::format("the piece {} of a video is missing or damaged: remove it and run again",
                     chunk.string()));
  }
  if (first && footer->encoder != first->encoder) {
    Fail(fmt::format(
        "the piece {} was encoded otherwise ({}) than the first one ({}): remove the pieces and run again",
        chunk.string(), footer->encoder, first->encoder));
  }
  if (!(footer->time_base == options.video.time_base)) {
    Fail(fmt::format(
        "the piece {} counts time in another unit than the video: remove the pieces and run again",
        chunk.string()));
  }
  std::vector<int64_t> sorted = footer->pts;
  std::sort(sorted.begin(), sorted.end());
  if (first && sorted.front() <= last_pts) {
    Fail(fmt::format(
        "the piece {} begins before the end of the one before it: remove the pieces and run again",
        chunk.string()));
  }
  depth = std::max(depth, DecodingClock::DepthOf(footer->pts));
  for (const int64_t pts : sorted) {
    if (head.size() < kHeadFrames) head.push_back(pts);
  }
  if (!first) first_pts = sorted.front();
  last_pts = sorted.back();
  frames += static_cast<int64_t>(sorted.size());
  if (!first) first = std::move(*footer);
  chunks.push_back(chunk);
}

void VideoAssembly::Impl::AddStreams() {
  stream = libav::AddVideoTrack(muxer, *first->parameters, options.video, path);
  if (!copying()) return;
  libav::StreamChoice choice;
  choice.audio = options.copies.audio;
  choice.subtitles = options.copies.subtitles;
  choice.convert = true;
  copies = std::make_unique<libav::StreamCopier>(options.copies.range, options.video.start_seconds, choice);
  copies->AddStreams(muxer);
  if (options.copies.attachments) attachments.AddStreams(*copies->file().context(), muxer);
}

void VideoAssembly::Impl::CopyTags() {
  const AVFormatContext& source = *copies->file().context();
  options.metadata = libav::ContainerTagsFor(source, options.metadata);
  const auto index = copies->file().MainVideoStream();
  if (!index) return;
  libav::CopyStreamTags(*source.streams[*index], *stream);
  stream->disposition = source.streams[*index]->disposition;
  // The time code of the first frame holds for a copy that begins with it. mp4 and mov make a track of it.
  const AVDictionaryEntry* timecode = av_dict_get(source.streams[*index]->metadata, "timecode", nullptr, 0);
  if (timecode != nullptr && options.copies.range.start_seconds <= 0) {
    av_dict_set(&stream->metadata, "timecode", timecode->value, 0);
  }
}

void VideoAssembly::Impl::CopyChapters() {
  constexpr double kForever = std::numeric_limits<double>::infinity();
  const AudioCopy& range = options.copies.range;
  libav::Stretch stretch;
  stretch.first = range.start_seconds > 0 ? options.video.start_seconds + range.start_seconds : -kForever;
  stretch.end = range.end_seconds ? options.video.start_seconds + *range.end_seconds : kForever;
  stretch.shift = static_cast<double>(shift) * options.video.time_base.ToDouble();
  report.chapters = libav::CopyChapters(*copies->file().context(), stretch, muxer);
}

void VideoAssembly::Impl::WriteHeader() {
  std::tie(shift, late_start) =
      libav::ChooseShift(first_pts, options.video, options.copies.range.start_seconds, muxer, copies.get());
  if (copies && options.copies.metadata) CopyTags();
  if (copies && options.copies.chapters) CopyChapters();
  const int timescale = options.video.time_base.den;
  const int sample_rate = copies ? copies->sample_rate() : 0;
  muxer.WriteHeader(options.metadata, timescale, libav::MovieTimescale(timescale, sample_rate));
  attachments.WritePictures(muxer);
  if (muxer.has_cover()) lost_tags = libav::TagsLostToCover(options.metadata);
}

// Sorted times of frames as the container stores them. Matroska counts milliseconds: frames that fall into
// one are put one apart.
std::vector<int64_t> VideoAssembly::Impl::Stored(std::vector<int64_t> pts) {
  for (int64_t& time : pts) {
    time = av_rescale_q(time + shift, base(), stream->time_base);
    if (last_stored) time = std::max(time, *last_stored + 1);
    last_stored = time;
  }
  return pts;
}

void VideoAssembly::Impl::WriteChunk(const std::filesystem::path& chunk, DecodingClock& clock) {
  libav::ChunkFileReader reader(chunk);
  std::vector<int64_t> sorted = reader.footer().pts;
  std::sort(sorted.begin(), sorted.end());
  const std::vector<int64_t> stored = Stored(sorted);
  clock.Add(stored);
  const libav::Packet packet = libav::NewPacket();
  while (reader.Read(packet.get())) {
    const auto place = std::lower_bound(sorted.begin(), sorted.end(), packet->pts) - sorted.begin();
    packet->pts = stored[static_cast<size_t>(place)];
    packet->dts = clock.Next();
    packet->duration = av_rescale_q(packet->duration, base(), stream->time_base);
    if (copies) copies->WriteUntil(muxer, packet->dts, stream->time_base);
    packet->stream_index = stream->index;
    const int status = muxer.Write(packet.get());
    if (status < 0) Fail(fmt::format("cannot write {}: {}", path.string(), libav::Reason(status)));
    ++written;
  }
  if (options.progress) options.progress(static_cast<double>(written) / static_cast<double>(frames));
}

void VideoAssembly::Impl::FillReport() {
  report.frames = written;
  report.attachments = attachments.count();
  std::vector<std::string> said;
  if (!first->note.empty()) said.push_back(first->note);
  if (!late_start.empty()) said.push_back(late_start);
  if (options.video.closed_captions) said.push_back("closed captions inside the pictures were dropped");
  if (copies) {
    report.audio_streams = copies->audio_streams();
    report.audio_packets = copies->audio_packets();
    report.subtitle_streams = copies->subtitle_streams();
    if (const std::string message = copies->message(); !message.empty()) said.push_back(message);
    const std::vector<std::string> others =
        libav::NotesOnOtherStreams(*copies->file().context(), copies->file().MainVideoStream().value_or(-1));
    said.insert(said.end(), others.begin(), others.end());
  }
  if (!lost_tags.empty()) {
    said.push_back(fmt::format("tags that mp4 does not store beside a cover picture were dropped: {}",
                               fmt::join(lost_tags, ", ")));
  }
  said.insert(said.end(), attachments.notes().begin(), attachments.notes().end());
  report.message = fmt::format("{}", fmt::join(said, "; "));
}

void VideoAssembly::Impl::Finish() {
  if (!first) Fail(fmt::format("cannot write {}: not one frame was given", path.string()));
  AddStreams();
  WriteHeader();
  DecodingClock clock(depth, Stored(head));
  last_stored.reset();
  for (const std::filesystem::path& chunk : chunks) WriteChunk(chunk, clock);
  if (copies) copies->WriteUntil(muxer, INT64_MAX, stream->time_base);
  muxer.WriteTrailer();
  FillReport();
}

VideoAssembly::VideoAssembly(const std::filesystem::path& path, const AssemblyOptions& options)
    : impl_(std::make_unique<Impl>(path, options)) {}
VideoAssembly::~VideoAssembly() = default;
VideoAssembly::VideoAssembly(VideoAssembly&&) noexcept = default;
VideoAssembly& VideoAssembly::operator=(VideoAssembly&&) noexcept = default;

void VideoAssembly::Add(const std::filesystem::path& chunk) { impl_->Add(chunk); }

std::filesystem::path VideoAssembly::FinishTemporary() {
  if (!impl_->muxer.finished()) impl_->Finish();
  return impl_->muxer.temporary();
}

const AssemblyReport& VideoAssembly::report() const { return impl_->report; }

AssemblyReport VideoAssembly::Commit() {
  FinishTemporary();
  impl_->muxer.Commit();
  return impl_->report;
}

}  // namespace reelswap
