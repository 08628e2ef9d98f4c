#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <future>
#include <optional>
#include <string>

#include "media/video_assembly.h"
#include "pipeline/swap_plan.h"

namespace reelswap {

/// How a stretch of a plan's frames is divided: chunk k holds frames [FirstOf(k), FirstOf(k + 1)).
struct ChunkLayout {
  int64_t first = 0;      ///< number of the stretch's first frame
  int64_t last = 0;       ///< one past its last
  int64_t per_chunk = 1;  ///< frames; the last chunk may have fewer

  int64_t Count() const { return (last - first + per_chunk - 1) / per_chunk; }
  int64_t FirstOf(int64_t chunk) const { return std::min(last, first + chunk * per_chunk); }
  int64_t ChunkOf(int64_t number) const { return (number - first) / per_chunk; }
};

/// One video in the making, chunk by chunk, in a folder that outlives an interruption. Write() is for one thread at a
/// time; finished chunks are drained and stored on a thread of their own while the next one is being filled.
class ChunkedOutput {
 public:
  /// name: of this video in the folder ("result"). end_pts: where the last frame ends. plan outlives this object.
  ChunkedOutput(std::filesystem::path folder, std::string name, const VideoInfo& video, const EncoderOptions& encoder,
                std::string container, const ChunkLayout& layout, int64_t end_pts, const SwapPlan& plan);
  ~ChunkedOutput();

  /// Whether chunk k is there and whole.
  bool Has(int64_t chunk) const;
  /// The frames of a chunk in order, chunks in order, from the first frame of any chunk on. What a background commit
  /// threw comes out here or in Finish.
  void Write(int64_t number, const Frame& frame);
  /// Removes chunks that another encoder made than the last one (hardware that came or went, another library), which
  /// cannot be joined with it. Returns how many. Call when no chunk is missing and nothing is being stored.
  int64_t DropForeign() const;
  /// Waits for what is being stored.
  void Finish();

  std::filesystem::path PathOf(int64_t chunk) const;
  const ChunkLayout& layout() const { return layout_; }

 private:
  std::filesystem::path folder_;
  std::string name_;
  VideoInfo video_;
  EncoderOptions encoder_;
  std::string container_;
  ChunkLayout layout_;
  int64_t end_pts_;
  const SwapPlan& plan_;
  std::optional<ChunkWriter> writer_;
  std::future<ChunkInfo> storing_;
  std::string last_encoder_;  ///< of the last chunk stored by this run
};

}  // namespace reelswap
