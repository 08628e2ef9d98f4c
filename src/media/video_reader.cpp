#include "media/video_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "core/error.h"
#include "media/deinterlacer.h"
#include "media/video_description.h"

namespace reelswap {
namespace {

using libav::FrameConverter;
using libav::VideoDecoder;

// Tries go this far before the wanted start; the last resort is the beginning of the file.
constexpr double kSeekMargins[] = {0.5, 15.0};
// Demuxers look for decoding times, which lie before the moment that a key frame is shown: so far back, in
// turn.
constexpr double kKeySteps[] = {0, 0.25, 1.0, 4.0, 15.0};

void CheckOptions(const ReadOptions& options) {
  if (options.every < 1) throw std::invalid_argument("ReadOptions::every must be at least 1");
  if (options.fps && !(*options.fps > 0 && std::isfinite(*options.fps))) {
    throw std::invalid_argument("ReadOptions::fps must be positive");
  }
  if (!(options.start_seconds >= 0 && std::isfinite(options.start_seconds))) {
    throw std::invalid_argument("ReadOptions::start_seconds must not be negative");
  }
  if (options.threads < 0) throw std::invalid_argument("ReadOptions::threads must not be negative");
}

// The first tick at or after `seconds`; a thousandth of a tick is what decimal seconds are off by.
int64_t TickAtOrAfter(double seconds, Rational time_base) {
  const double ticks = std::ceil(seconds / time_base.ToDouble() - 1e-3);
  return static_cast<int64_t>(std::min(ticks, 9e15));
}

}  // namespace

struct VideoReader::Impl {
  Impl(const std::filesystem::path& path_in, const ReadOptions& options_in);

  libav::DecodeEffort Effort() const {
    return options.draft ? libav::DecodeEffort::kDraft : libav::DecodeEffort::kExact;
  }
  void RequirePicture() const;
  VideoDecoder::Picture NextPicture();
  void Open();
  void Reopen();
  void GoToStart();
  void GoToFirstPts();
  VideoDecoder::Picture SeekToKey(int64_t pts);
  bool MaySeekTo(int64_t target) const;
  bool SeekToFirstPts(int64_t target);
  void SkipTo(int64_t pts);
  bool IsSampled(int64_t pts);
  void NoteEndOf(const VideoDecoder::Picture& picture);
  void NoteEndOfStream();
  void DescribeDamage();

  std::filesystem::path path;
  ReadOptions options;
  VideoInfo info;
  std::unique_ptr<VideoDecoder> decoder;
  std::unique_ptr<libav::ProgressivePictures> pictures;
  std::unique_ptr<FrameConverter> converter;
  VideoDecoder::Picture waiting;  // decoded ahead of Next()
  DecodeReport report;
  int64_t earlier_corrupt = 0;  // of a decoder that was replaced
  int64_t first_pts = 0;        // of the whole video
  int64_t start_pts = 0;        // first tick of the range
  int64_t end_pts = INT64_MAX;  // first tick beyond it
  bool seeked = false;
  bool finished = false;
  int64_t next_index = 0;
  int64_t range_pts = 0;          // of the first frame in the range
  bool range_known = false;       // range_pts is set
  int64_t last_slot = -1;         // of fps sampling
  int64_t end_of_last_frame = 0;  // ticks
};

VideoReader::Impl::Impl(const std::filesystem::path& path_in, const ReadOptions& options_in)
    : path(path_in), options(options_in) {
  CheckOptions(options);
  Open();
  waiting = pictures->Next();
  RequirePicture();
  const Orientation orientation = libav::OrientationOf(*waiting.frame, decoder->stream());
  try {
    converter = std::make_unique<FrameConverter>(*waiting.frame, orientation, *decoder->stream().codecpar);
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("cannot read {}: {}", path.string(), error.what()));
  }
  info = libav::DescribeVideo(*decoder, waiting, orientation, *converter);
  first_pts = waiting.pts;
  start_pts = first_pts + TickAtOrAfter(options.start_seconds, info.time_base);
  if (options.end_seconds)
    end_pts = first_pts + TickAtOrAfter(std::max(0.0, *options.end_seconds), info.time_base);
  if (options.first_pts) {
    GoToFirstPts();
  } else if (options.start_seconds > options.seek_beyond_seconds) {
    GoToStart();
  }
}

void VideoReader::Impl::Open() {
  decoder = std::make_unique<VideoDecoder>(path, options.threads, Effort());
  pictures = std::make_unique<libav::ProgressivePictures>(*decoder, options.threads);
}

void VideoReader::Impl::Reopen() {
  earlier_corrupt = decoder->corrupt_packets();
  waiting = {};
  Open();
}

void VideoReader::Impl::RequirePicture() const {
  if (decoder->encrypted()) {
    // Noise that happens to decode is no picture either.
    throw Error(ErrorKind::kMedia,
                fmt::format("cannot decode {}: it is encrypted (copy-protected): use a copy without "
                            "protection",
                            path.string()));
  }
  if (waiting.frame) return;
  const std::string& complaint = decoder->complaint();
  throw Error(ErrorKind::kMedia,
              fmt::format("cannot decode {}: not one picture could be decoded ({}): the file is "
                          "damaged, download it again",
                          path.string(), complaint.empty() ? "it holds no data" : complaint));
}

void VideoReader::Impl::GoToStart() {
  const double start = info.start_seconds + options.start_seconds;
  bool moved = false;
  for (const double margin : kSeekMargins) {
    if (!decoder->SeekBefore(start - margin)) break;
    moved = true;
    pictures->Reset();
    waiting = pictures->Next();
    if (waiting.frame && waiting.pts <= start_pts) {
      seeked = true;
      return;
    }
  }
  if (!moved) return;  // `waiting` still is the first frame
  // Every try landed behind the start (sparse or wrong index): begin again.
  Reopen();
}

void VideoReader::Impl::SkipTo(int64_t pts) {
  if (!waiting.frame) waiting = pictures->Next();
  while (waiting.frame && waiting.pts < pts) waiting = pictures->Next();
}

// The last key frame shown at or before `pts`, as next picture of the decoder's; empty where it cannot be
// had.
VideoDecoder::Picture VideoReader::Impl::SeekToKey(int64_t pts) {
  const double seconds = static_cast<double>(pts) * info.time_base.ToDouble();
  for (const double back : kKeySteps) {
    if (!decoder->SeekBefore(seconds - back)) break;
    pictures->Reset();
    VideoDecoder::Picture picture = pictures->Next();
    if (!picture.frame || !picture.key) break;
    if (picture.pts <= pts) return picture;
  }
  return {};
}

bool VideoReader::Impl::MaySeekTo(int64_t target) const {
  const double distance = static_cast<double>(target - first_pts) * info.time_base.ToDouble();
  return decoder->SeeksExactly() && decoder->corrupt_packets() == 0 && distance > options.seek_beyond_seconds;
}

// Goes two key frames back, so that whatever the first one left undone (an open group of pictures, an index
// that is not quite right) is healed by the second. False: the decoder has to begin again.
bool VideoReader::Impl::SeekToFirstPts(int64_t target) {
  const VideoDecoder::Picture key = SeekToKey(target);
  if (!key.frame) return false;
  waiting = SeekToKey(std::max(first_pts, key.pts - 1));
  while (waiting.frame && waiting.pts < target && waiting.dated) waiting = pictures->Next();
  return waiting.frame && waiting.dated && waiting.pts == target && decoder->corrupt_packets() == 0;
}

void VideoReader::Impl::GoToFirstPts() {
  const int64_t target = *options.first_pts;
  range_pts = first_pts;
  if (options.fps && options.start_seconds > 0) {
    // Which moments are sampled depends on the first frame of the range.
    if (options.start_seconds > options.seek_beyond_seconds) GoToStart();
    SkipTo(start_pts);
    if (waiting.frame) range_pts = waiting.pts;
  } else if (MaySeekTo(target) && !SeekToFirstPts(target)) {
    Reopen();
  }
  SkipTo(target);
  if (!waiting.frame || waiting.pts != target) {
    throw Error(
        ErrorKind::kMedia,
        fmt::format(
            "cannot go on in {}: it has no frame at {:.3f} s any more: has the file changed? begin anew",
            path.string(), static_cast<double>(target) * info.time_base.ToDouble()));
  }
  range_known = true;
  start_pts = target;
  next_index = options.first_index;
}

VideoDecoder::Picture VideoReader::Impl::NextPicture() {
  VideoDecoder::Picture picture = waiting.frame ? std::exchange(waiting, {}) : pictures->Next();
  if (picture.frame) end_of_last_frame = picture.pts + picture.duration;
  return picture;
}

bool VideoReader::Impl::IsSampled(int64_t pts) {
  const int64_t number = report.frames_decoded++;
  if (number == 0 && !range_known) range_pts = pts;
  if (!options.fps) return number % options.every == 0;
  const double seconds = static_cast<double>(pts - range_pts) * info.time_base.ToDouble();
  const auto slot = static_cast<int64_t>(std::floor(seconds * *options.fps + 1e-6));
  return slot > std::exchange(last_slot, slot);
}

void VideoReader::Impl::NoteEndOf(const VideoDecoder::Picture& picture) {
  report.end_pts = picture.duration > 0 ? std::min(picture.pts + picture.duration, end_pts) : 0;
}

void VideoReader::Impl::DescribeDamage() {
  report.corrupt_packets = decoder->corrupt_packets() + earlier_corrupt;
  if (report.corrupt_packets > 0 && report.message.empty()) {
    report.message = fmt::format("{} damaged packet{} passed over ({})", report.corrupt_packets,
                                 report.corrupt_packets == 1 ? " was" : "s were", decoder->complaint());
  }
}

void VideoReader::Impl::NoteEndOfStream() {
  const double got = static_cast<double>(end_of_last_frame - first_pts) * info.time_base.ToDouble();
  const double missing = info.duration_seconds - got;
  // Containers round and pad; half a second or 2 % is no loss that a person would call one.
  const bool short_of_declared = missing > std::max(0.5, 0.02 * info.duration_seconds);
  const bool wants_more = !options.end_seconds || got < *options.end_seconds;
  report.truncated = (short_of_declared || decoder->file().read_error() < 0) && wants_more;
  if (report.truncated) {
    report.message = fmt::format(
        "the video ends after {:.1f} s of {:.1f} s: it is damaged or was not downloaded "
        "completely",
        got, std::max(got, info.duration_seconds));
  }
}

VideoReader::VideoReader(const std::filesystem::path& path, const ReadOptions& options)
    : impl_(std::make_unique<Impl>(path, options)) {}
VideoReader::~VideoReader() = default;
VideoReader::VideoReader(VideoReader&&) noexcept = default;
VideoReader& VideoReader::operator=(VideoReader&&) noexcept = default;

const VideoInfo& VideoReader::info() const { return impl_->info; }

DecodeReport VideoReader::report() const {
  impl_->DescribeDamage();
  return impl_->report;
}

std::optional<Frame> VideoReader::Next() {
  Impl& d = *impl_;
  while (!d.finished) {
    VideoDecoder::Picture picture = d.NextPicture();
    if (!picture.frame) {
      d.finished = true;
      d.NoteEndOfStream();
      break;
    }
    if (picture.pts >= d.end_pts) {
      d.finished = true;
      if (d.report.frames_decoded > 0) d.report.end_pts = d.end_pts;
      break;
    }
    const bool before_range = picture.pts < d.start_pts;
    const int64_t index = d.next_index;
    if (!before_range || !d.seeked) ++d.next_index;
    if (before_range) continue;
    d.NoteEndOf(picture);
    if (!d.IsSampled(picture.pts)) continue;
    return d.converter->Convert(std::move(picture.frame), index, picture.pts);
  }
  return std::nullopt;
}

}  // namespace reelswap
