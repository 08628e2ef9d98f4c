#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/faces.h"
#include "core/frame.h"
#include "pipeline/quality_rows.h"
#include "pipeline/swap_plan.h"

namespace reelswap {

/// What is known of one swapped face once its frame is done.
struct FaceQuality {
  PlannedFace planned;
  double seam = 0;             ///< see SeamScore; 0 = not measured in this frame
  double enlargement = 1;      ///< see FacePatch
  double occluded = 0;         ///< share of the face behind something, 0 .. 1
  double flash = 0;            ///< difference of the swapped crop to both neighbours' beyond what they differ, levels
  bool flash_repaired = false; ///< it was replaced by the mean of its neighbours'
  double yaw = 0;              ///< degrees
  double identity = 0;         ///< embedding distance to the shown person, 0 = not measured in this frame
};

/// Visits the analysed frames [first, last) in order: VideoAnalysis::ForEach.
using FramesAsFound =
    std::function<void(int64_t first, int64_t last, const std::function<void(const AnalysedFrame&)>& visit)>;

struct FrameQuality {
  int64_t number = 0;
  double seconds = 0;  ///< in the output
  std::vector<FaceQuality> faces;
};

/// How many frames were left unswapped is not among it: the plan knows, SwapPlan::TallyOf.
struct QualitySummary {
  int64_t frames = 0;
  int64_t frames_with_swap = 0;
  int64_t filled = 0, repaired = 0, faded = 0, occluded = 0;
  double seam_median = 0;
  /// Mean second differences in time of the output's landmarks (as planned) over those as found, where both are known in
  /// three frames of a chunk in a row; 0 = not measured (see Finish). 1/3: they tremble a third as much.
  double flicker_ratio = 0;
  double largest_enlargement = 1;
  int64_t missing_chunks = 0;  ///< whose quality was not recorded (a crash just after the chunk): not in these numbers
  std::map<std::string, double> Numbers() const;  ///< for ReportItem::numbers
};

/// Collects what every frame of a conversion was like and makes the report's pictures: the worst twenty frames with the
/// reason (the worst of each half second, so that one incident does not fill the sheet), and plots of seam, identity,
/// landmark restlessness and opacity over time. Two files per chunk (quality_00012.csv and .jpg, atomic, the .csv last)
/// lie beside the chunks, so a resumed conversion reports like an uninterrupted one. Memory does not grow with the
/// length. Not thread-safe: the writing stage owns it.
class QualityBook {
 public:
  explicit QualityBook(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// quality: of the frame after the last one added. Numbers that are not finite count as not measured.
  /// result: the frame as it is written, not to be changed afterwards: one is held for up to half a second of video;
  /// kept only as a small picture, and only when it is among the chunk's worst.
  void Add(const FrameQuality& quality, const Frame& result);
  /// The frames since the last call belong to this chunk, which was committed. Throws Error(kDisk).
  void CommitChunk(int64_t chunk);
  /// Whether CommitChunk was done for it, perhaps by an earlier run. A chunk without is best converted again.
  bool HasChunk(int64_t chunk) const;
  /// Of all chunks 0 .. chunks-1. Writes worst.jpg (a sheet, absent when no face was swapped), quality.png (plots) and
  /// frames.csv (one line per frame and face, header first) as <prefix>_worst.jpg, ... and adds their paths to pictures.
  /// found: the faces as they were found, for the restlessness that smoothing took away; empty: not measured.
  /// Throws Error(kDisk).
  QualitySummary Finish(int64_t chunks, const std::filesystem::path& prefix,
                        std::vector<std::filesystem::path>& pictures, const FramesAsFound& found = {});

  /// What makes a frame bad, worst first: "the pose leaves what the training saw (yaw 62)", "something stands in front",
  /// "found only between its neighbours", "visible edge", "larger than the model draws (2.4 times)", ...
  static double Badness(const FaceQuality& face, std::string& reason);

 private:
  /// The last two frames of a track, for second differences.
  struct Trail {
    std::array<int64_t, 2> numbers{-9, -9};  ///< the older one first
    std::array<Landmarks, 2> planned;
    size_t row = 0;  ///< of the newer one in rows_
  };

  /// The worst frame of the half second that is being added.
  struct Candidate {
    QualityRow row;
    cv::Rect2f face;
    Frame result;
  };

  void FollowTrack(const FaceQuality& face, int64_t number);
  void KeepCandidate();

  std::filesystem::path folder_;
  std::vector<QualityRow> rows_;
  std::map<int64_t, Trail> trails_;
  std::optional<Candidate> candidate_;
  WorstList worst_;
};

}  // namespace reelswap
