#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "compose/compose_face.h"
#include "core/faces.h"
#include "core/frame.h"
#include "pipeline/quality_book.h"
#include "pipeline/swap_plan.h"

namespace reelswap {

/// One face of a frame on its way through the conversion.
struct ConvertFace {
  PlannedFace planned;
  AlignedFace aligned;     ///< set by align: what the network sees
  SwappedFace swapped;     ///< set by swap
  cv::Rect roi;            ///< set by measure: what pasting can touch, px of the frame, ...
  cv::Mat original;        ///< ... and the frame's pixels there, until it is composed
  std::vector<SwappedFace> earlier;  ///< set by swap: by earlier states of the model, for a side-by-side video
  FaceColor color;         ///< set by measure
  cv::Mat small;           ///< set by measure: the swapped crop, shrunk, for steady to compare
  FaceColor steady_color;  ///< set by steady: averaged over the neighbours
  cv::Mat steady_unoccluded;  ///< set by steady: what stands in front, averaged over the nearest neighbours
  cv::Mat repaired;        ///< set by steady where the swapped crop flashed: shown instead of it
  FaceQuality quality;     ///< grows on the way
};

/// A frame on its way through the conversion. One node at a time owns it.
struct ConvertItem {
  int64_t number = 0;              ///< of the plan: consecutive from ConvertLimits::first
  bool warm_up = false;            ///< only there for its neighbours: not composed, not written
  bool cut = false;                ///< a new shot begins here
  double seconds = 0;              ///< in the output
  Frame frame;                     ///< the decoder's planes: read-only
  std::vector<ConvertFace> faces;  ///< set by read
  Frame result;                    ///< set by compose: what is written
  Frame side_by_side;              ///< set by compose when wanted
};

/// The work of each node. An exception of any stage ends the conversion: reading stops, what is in
/// flight drains, RunConvertGraph rethrows the first one.
struct ConvertStages {
  /// Serial: fills frame, faces, cut, seconds and warm_up of an item whose number is set; false at the end.
  std::function<bool(ConvertItem&)> read;
  std::function<void(ConvertItem&)> align;                     ///< parallel; not called without faces
  std::function<void(const std::vector<ConvertItem*>&)> swap;  ///< frames with faces of a batch; parallel over batches
  std::function<void(ConvertItem&)> measure;                   ///< parallel; not called without faces
  /// Serial, in order, with up to `neighbours` frames before and behind: items[middle] is to be brought into line with
  /// them. It writes nothing but the middle's steady fields, repaired and quality, and reads nothing of the others that
  /// a later stage changes: frames before the middle are being composed meanwhile.
  std::function<void(const std::deque<std::shared_ptr<ConvertItem>>& items, size_t middle)> steady;
  std::function<void(ConvertItem&)> compose;                   ///< parallel; not called for warm-up frames
  std::function<void(ConvertItem&)> write;                     ///< serial, in order; not called for warm-up frames
};

struct ConvertLimits {
  int frames_in_flight = 48;  ///< at least twice the batch and the neighbours, so that a batch can fill
  int batch = 8;              ///< frames of a network call: 8 is where the time per frame stops falling
  int workers = 0;            ///< TBB workers, 0 = all cores
  int neighbours = 0;         ///< frames on either side that steady sees
  int64_t first = 0;          ///< number of the first item. Batches end where (number + 1) is a multiple of `batch`, so
                              ///< that a conversion that begins in the middle forms the same ones
};

/// [read] -> [limit] -> [align] -> [batch] -> [swap] -> [measure] -> [steady] -> [compose] -> [order] -> [write].
/// Batches are formed in frame order, so the result does not depend on the number of workers.
/// Returns the number of frames written. A stop request ends reading; frames in flight
/// are written as far as their batch and their neighbours are whole.
int64_t RunConvertGraph(const ConvertStages& stages, const ConvertLimits& limits, std::stop_token stop);

/// Frames in flight for frames of this size: as many as fit `bytes`, within [2 x batch + 2 x neighbours, 64 or that].
int FramesInFlight(int64_t frame_bytes, int batch, int neighbours, int64_t bytes = int64_t{256} << 20);

}  // namespace reelswap
