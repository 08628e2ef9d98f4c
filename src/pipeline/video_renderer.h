#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "core/error.h"
#include "core/frame_pool.h"
#include "pipeline/chunked_output.h"
#include "pipeline/convert.h"
#include "pipeline/convert_graph.h"
#include "pipeline/face_replacement.h"
#include "pipeline/identity_galleries.h"
#include "pipeline/look_choice.h"
#include "pipeline/quality_book.h"
#include "pipeline/stage_clock.h"
#include "pipeline/swap_plan.h"
#include "pipeline/thread_budget.h"

namespace reelswap {

/// An earlier state of the model, shown beside the result.
struct EarlierModel {
  const FaceReplacement* replacement = nullptr;  ///< same directions
  std::string caption;                           ///< "1,200 iterations"
};

/// The video gives other frames than its analysis knows: what is stored of it is of no use.
class FramesDiffer : public Error {
 public:
  explicit FramesDiffer(const std::string& sentence) : Error(ErrorKind::kMedia, sentence) {}
};

/// What the frames of a conversion are made with. Everything outlives the renderer.
struct RenderInput {
  std::filesystem::path video;
  ReadOptions range;               ///< as the analysis read it
  const VideoInfo& info;           ///< of the frames to come
  double frames_per_second = 25;   ///< as the frames' times tell it
  const SwapPlan& plan;
  const FaceReplacement& replacement;
  const std::map<int64_t, TrackLook>& looks;  ///< of every track that is swapped
  std::vector<EarlierModel> earlier;          ///< for SideBySide::kCheckpoints
  IdentityGalleries* galleries = nullptr;     ///< to measure how like the shown person the result is; may be null
  ChunkLayout layout;
  int64_t end_pts = 0;             ///< where the last frame ends
  std::filesystem::path folder;    ///< chunks and quality notes
};

/// Makes the frames of a conversion and stores them in chunks. What an interrupted run stored is used, and the frames
/// are the same whether a run was interrupted or not: colours and repairs look at kSteadyNeighbours frames either side,
/// so a run that begins in the middle begins that much earlier, and batches end at fixed frame numbers.
class VideoRenderer {
 public:
  VideoRenderer(const RunContext& context, const ConvertJob& job, const RenderInput& input, const ThreadBudget& threads);

  /// All chunks that are missing. Throws Error(kCancelled) after a stop request: finished chunks stay.
  void Run();

  const StageClock& clock() const { return clock_; }
  StageClock& clock() { return clock_; }
  int64_t frames_rendered() const { return rendered_; }
  const ChunkedOutput& result() const { return *result_; }
  const ChunkedOutput* pair() const { return pair_ ? &*pair_ : nullptr; }
  /// Format of the side-by-side video.
  const FrameFormat& pair_format() const { return composer_->format(); }
  QualityBook& book() { return book_; }

 private:
  bool Has(int64_t chunk) const;
  void RenderMissing();
  void RunStretch(int64_t first_chunk, int64_t last_chunk);
  bool Read(ConvertItem& item);
  void Align(ConvertItem& item);
  void Swap(const std::vector<ConvertItem*>& items);
  void Measure(ConvertItem& item);
  /// faces of one direction in a batch, in frame order, with their frames' numbers.
  using NumberedFaces = std::vector<std::pair<int64_t, ConvertFace*>>;
  void SwapDirectionOf(const NumberedFaces& faces, int direction);
  void FindOccluders(const NumberedFaces& faces, int direction);
  /// Returns the tracks of those faces that are partly hidden.
  std::set<int64_t> MeasureOcclusion(const std::vector<ConvertFace*>& faces, int direction);
  void MeasureIdentity(const ConvertItem& item, ConvertFace& face);
  void Compose(ConvertItem& item);
  void OpenComposer();
  std::vector<std::string> Captions() const;
  void MakeSideBySide(ConvertItem& item, const cv::Mat& mask);
  /// Pastes and notes the quality; adds what was replaced to `mask` (of the frame's size, or empty).
  void PasteInto(Frame& frame, ConvertFace& face, bool alone, bool seam, cv::Mat& mask);
  FacePatch PasteFace(Frame& frame, const ConvertFace& face, const SwappedFace& shown, const cv::Mat& below) const;
  void Write(ConvertItem& item);
  void Report(int64_t number) const;
  int BuffersPerFrame() const;

  const RunContext& context_;
  const ConvertJob& job_;
  const RenderInput& input_;
  const ThreadBudget threads_;
  std::optional<TextPatch> label_;
  std::optional<SideBySideComposer> composer_;
  std::optional<ChunkedOutput> result_;
  std::optional<ChunkedOutput> pair_;
  FramePool pool_;  ///< copies of frames: fresh memory for each would cost more than the copying
  QualityBook book_;
  StageClock clock_;
  std::mutex galleries_mutex_;
  std::optional<VideoReader> reader_;
  int64_t wanted_first_ = 0, wanted_last_ = 0, read_last_ = 0;  ///< of the stretch: frames written; frames read
  int64_t rendered_ = 0;
  int64_t identity_every_ = 30;
};

}  // namespace reelswap
