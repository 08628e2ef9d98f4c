#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "compose/compose_face.h"
#include "compose/occlusion.h"
#include "pipeline/swap_plan.h"
#include "pipeline/video_analysis.h"

namespace reelswap {

/// What was chosen for one track.
struct TrackLook {
  ComposeOptions options;     ///< colour and blend not kAuto any more; the mask only where the model draws one
  ReconstructionHabit habit;  ///< for UnoccludedMask; empty where occlusion is off
  double seam = 0;            ///< median of the samples with the chosen one
  std::map<std::string, double> tried;  ///< "reinhard, feather" -> median seam
};

/// One sample of a track through the network: the target's decoder and, for occlusion, its own.
struct SampleSwap {
  const TrackSample* sample = nullptr;
  SwappedFace swapped;      ///< face_from_frame: px of the sample's picture -> px of image
  cv::Mat original;         ///< crop as the network saw it
  cv::Mat reconstruction;   ///< through the own person's decoder; empty where the model has none
};

/// Tries colours and blends (those that are kAuto in `wanted`) on a track's samples and takes the least visible seam;
/// near ties (within 5 %, or all under 1.5 levels, where no eye finds a seam) go to the cheaper one. The samples are
/// composed at 192 px at most, so a choice takes some 20 ms a sample. Without a sample that shows a face: kAverage and
/// kFeather. Thread-safe, deterministic.
TrackLook ChooseLook(std::span<const SampleSwap> samples, const ComposeOptions& wanted, bool occlusion);

}  // namespace reelswap
