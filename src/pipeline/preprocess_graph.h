#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "core/face_set.h"
#include "core/faces.h"
#include "core/frame.h"

namespace reelswap {

/// A picture on its way to the detector: a video frame, or a photo (then `frame` is empty).
struct SampledPicture {
  size_t source = 0;         ///< index of the source in the run
  int64_t index = 0;         ///< frame index in the video, or number of the photo
  double seconds = 0;        ///< presentation time relative to the video's first frame
  Frame frame;
  cv::Mat photo;             ///< CV_8UC3
  std::shared_ptr<void> token;  ///< its share of the byte budget, given back when the picture dies
};

/// What the detector made of it. Every sampled picture gives one, also without a face or failed.
struct PictureFaces {
  size_t source = 0;
  int64_t index = 0;
  double seconds = 0;
  cv::Size picture_size;
  std::vector<AlignedFace> faces;
  std::vector<FaceRecord> records;  ///< set by filter: a row for each face
  std::exception_ptr error;
};

/// Hands a picture on; blocks while too many bytes are in flight. False: stop, nothing more is wanted.
using EmitPicture = std::function<bool(SampledPicture)>;

/// The work of each node. `source` is 0 .. source_count-1.
struct PreprocessStages {
  /// Brings the source to disk; several at once on threads of their own. False: nothing to sample
  /// (already done). May throw: the source then fails alone.
  std::function<bool(size_t source)> fetch;
  /// Reads the source and emits pictures in order; on threads of their own. May throw.
  std::function<void(size_t source, const EmitPicture& emit)> sample;
  /// Parallel on all workers. May throw: the source fails, the others go on.
  std::function<PictureFaces(const SampledPicture& picture)> detect;
  /// Parallel: makes each face's row and decides whether it is kept.
  std::function<void(PictureFaces& faces)> filter;
  /// Serial.
  std::function<void(const PictureFaces& faces)> save;
  /// Serial with save; exactly once per source, after its last picture was saved. sampled: whether
  /// fetch said there was something to do; error: the first failure of any node, or null.
  std::function<void(size_t source, bool sampled, std::exception_ptr error)> finish;
};

struct PreprocessLimits {
  int download_threads = 4;               ///< network waits, not cores, bound them
  int decode_threads = 2;                 ///< sources decoded at once
  int64_t bytes_in_flight = int64_t{256} << 20;  ///< decoded pictures waiting: some 80 frames of 1080p
  int workers = 0;                        ///< TBB workers, 0 = all cores
};

/// source -> [fetch] -> [sample] -> [detect] -> [filter] -> [save] for all sources at once.
/// Returns when every source has finished; a stop request makes emit return false and the sources
/// finish early. Exceptions of stages reach `finish`, never the caller.
void RunPreprocessGraph(size_t source_count, const PreprocessStages& stages, const PreprocessLimits& limits,
                        std::stop_token stop);

}  // namespace reelswap
