#pragma once

#include <cstdint>
#include <deque>

#include "media/libav_handles.h"
#include "media/video_decoder.h"

struct AVFilterContext;
struct AVFilterGraph;

namespace reelswap::libav {

struct FreeFilterGraph {
  void operator()(AVFilterGraph* graph) const;
};

/// The pictures of a decoder, each that holds two fields made into one progressive frame (bwdif: motion
/// adaptive, one frame per frame, progressive ones untouched). Costs nothing until the first interlaced
/// picture. Not thread-safe.
class ProgressivePictures {
 public:
  /// The decoder must live as long. threads: of the filter, 0 = its own choice.
  ProgressivePictures(VideoDecoder& decoder, int threads);
  ~ProgressivePictures();

  /// As VideoDecoder::Next.
  VideoDecoder::Picture Next();
  /// Forgets everything read: to be called after a seek of the decoder.
  void Reset();

 private:
  void StartFilter(const AVFrame& frame);
  bool Fits(const AVFrame& frame) const;
  void Feed(VideoDecoder::Picture picture);
  void Flush();
  void Collect();

  VideoDecoder& decoder_;
  int threads_;
  FrameHandle previous_;  // the picture before the filter began, which it needs to see
  std::unique_ptr<AVFilterGraph, FreeFilterGraph> graph_;
  AVFilterContext* source_ = nullptr;
  AVFilterContext* sink_ = nullptr;
  int width_ = 0, height_ = 0, format_ = -1;  // of the pictures the filter was made for
  std::deque<VideoDecoder::Picture> inside_;  // their times, in order; one comes out for each
  std::deque<VideoDecoder::Picture> ready_;
  int64_t fed_ = 0;
  int to_drop_ = 0;  // of what comes out next
};

}  // namespace reelswap::libav
