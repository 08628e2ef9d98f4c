#include "media/deinterlacer.h"

#include <fmt/format.h>

#include <new>
#include <utility>

#include "core/error.h"
#include "media/libav_log.h"

extern "C" {
#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
}

namespace reelswap::libav {
namespace {

[[noreturn]] void Fail(int status) {
  throw Error(ErrorKind::kMedia, "cannot deinterlace the video: " + Reason(status) +
                                     ": deinterlace it first, for example with 'ffmpeg -vf bwdif'");
}

AVFilterContext* AddFilter(AVFilterGraph& graph, const char* name, const std::string& arguments) {
  AVFilterContext* filter = nullptr;
  const AVFilter* kind = avfilter_get_by_name(name);
  if (kind == nullptr) Fail(AVERROR_FILTER_NOT_FOUND);
  const int status = avfilter_graph_create_filter(&filter, kind, name, arguments.c_str(), nullptr, &graph);
  if (status < 0) Fail(status);
  return filter;
}

}  // namespace

void FreeFilterGraph::operator()(AVFilterGraph* graph) const { avfilter_graph_free(&graph); }

ProgressivePictures::ProgressivePictures(VideoDecoder& decoder, int threads)
    : decoder_(decoder), threads_(threads) {}
ProgressivePictures::~ProgressivePictures() = default;

void ProgressivePictures::Reset() {
  graph_.reset();
  previous_.reset();
  inside_.clear();
  ready_.clear();
  to_drop_ = 0;
}

bool ProgressivePictures::Fits(const AVFrame& frame) const {
  return graph_ && frame.width == width_ && frame.height == height_ && frame.format == format_;
}

void ProgressivePictures::StartFilter(const AVFrame& frame) {
  ForgetMessages();
  graph_.reset(avfilter_graph_alloc());
  if (!graph_) throw std::bad_alloc();
  graph_->nb_threads = threads_;
  // Times are kept beside the filter: a picture's number is all it is told.
  source_ = AddFilter(*graph_, "buffer",
                      fmt::format("video_size={}x{}:pix_fmt={}:time_base=1/25:pixel_aspect=1/1", frame.width,
                                  frame.height, frame.format));
  AVFilterContext* filter = AddFilter(*graph_, "bwdif", "mode=send_frame:parity=auto:deint=interlaced");
  sink_ = AddFilter(*graph_, "buffersink", "");
  int status = avfilter_link(source_, 0, filter, 0);
  if (status >= 0) status = avfilter_link(filter, 0, sink_, 0);
  if (status >= 0) status = avfilter_graph_config(graph_.get(), nullptr);
  if (status < 0) Fail(status);
  width_ = frame.width;
  height_ = frame.height;
  format_ = frame.format;
  fed_ = 0;
}

void ProgressivePictures::Feed(VideoDecoder::Picture picture) {
  picture.frame->pts = fed_++;
  const int status = av_buffersrc_add_frame(source_, picture.frame.get());  // takes the reference over
  if (status < 0) Fail(status);
  picture.frame.reset();
  inside_.push_back(std::move(picture));
  Collect();
}

void ProgressivePictures::Collect() {
  for (;;) {
    FrameHandle frame = NewFrame();
    const int status = av_buffersink_get_frame(sink_, frame.get());
    if (status == AVERROR(EAGAIN) || status == AVERROR_EOF) return;
    if (status < 0) Fail(status);
    if (inside_.empty()) return;  // bwdif gives one for one
    VideoDecoder::Picture picture = std::move(inside_.front());
    inside_.pop_front();
    if (to_drop_ > 0) {
      --to_drop_;
      continue;
    }
    picture.frame = std::move(frame);
    ready_.push_back(std::move(picture));
  }
}

void ProgressivePictures::Flush() {
  const int status = av_buffersrc_add_frame(source_, nullptr);
  if (status < 0) Fail(status);
  Collect();
  graph_.reset();
  // A picture that the filter has kept for itself must not lend its time to one of the next graph's.
  inside_.clear();
  to_drop_ = 0;
}

VideoDecoder::Picture ProgressivePictures::Next() {
  while (ready_.empty()) {
    VideoDecoder::Picture picture = decoder_.Next();
    if (!picture.frame) {
      if (!graph_) return picture;
      Flush();
      if (ready_.empty()) return picture;
      break;
    }
    if (!graph_ && !IsInterlaced(*picture.frame)) {
      previous_ = NewFrame();
      if (av_frame_ref(previous_.get(), picture.frame.get()) < 0) throw std::bad_alloc();
      return picture;
    }
    if (graph_ && !Fits(*picture.frame)) Flush();
    if (!graph_) {
      StartFilter(*picture.frame);
      if (previous_ && Fits(*previous_)) {
        to_drop_ = 1;
        VideoDecoder::Picture before;
        before.frame = std::move(previous_);
        Feed(std::move(before));
      }
      previous_.reset();
    }
    Feed(std::move(picture));
  }
  VideoDecoder::Picture picture = std::move(ready_.front());
  ready_.pop_front();
  return picture;
}

}  // namespace reelswap::libav
