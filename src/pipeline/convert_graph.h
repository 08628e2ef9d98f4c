#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "core/faces.h"
#include "core/frame.h"

namespace reelswap {

/// A frame on its way through the conversion. One node at a time owns it.
struct ConvertItem {
  int64_t number = 0;                  ///< 0, 1, 2 ... in reading order, no gaps
  Frame frame;                         ///< the decoder's planes: read-only
  std::optional<DetectedFace> face;    ///< set by track
  AlignedFace aligned;                 ///< set by align when there is a face
  std::optional<SwappedFace> swapped;  ///< set by swap when there is a face
  Frame result;                        ///< set by compose: what is written
  Frame side_by_side;                  ///< set by compose when wanted
};

/// The work of each node. An exception of any stage ends the conversion: reading stops, what is in
/// flight drains, RunConvertGraph rethrows the first one.
struct ConvertStages {
  std::function<std::optional<Frame>()> read;                     ///< serial; nullopt at the end
  std::function<void(ConvertItem&)> track;                        ///< serial, in order
  std::function<void(ConvertItem&)> align;                        ///< parallel
  std::function<void(const std::vector<ConvertItem*>&)> swap;     ///< a batch; parallel over batches
  std::function<void(ConvertItem&)> compose;                      ///< parallel
  std::function<void(ConvertItem&)> write;                        ///< serial, in order
};

struct ConvertLimits {
  int frames_in_flight = 48;   ///< at least twice the batch, so that a batch can fill while another is worked on
  int batch = 8;               ///< frames of a network call: 8 is where the time per frame stops falling
  int workers = 0;             ///< TBB workers, 0 = all cores
};

/// [read] -> [limit] -> [track] -> [align] -> [batch] -> [swap] -> [compose] -> [order] -> [write].
/// Batches are formed in frame order, so the result does not depend on the number of workers.
/// Returns the number of frames written. A stop request ends reading; frames in flight are written.
int64_t RunConvertGraph(const ConvertStages& stages, const ConvertLimits& limits, std::stop_token stop);

/// Frames in flight for frames of this size: as many as fit `bytes`, within [2 x batch, 64].
int FramesInFlight(int64_t frame_bytes, int batch, int64_t bytes = int64_t{256} << 20);

}  // namespace reelswap
