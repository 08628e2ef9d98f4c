#pragma once

#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "model/trainer.h"

namespace reelswap {

/// One person's part of the preview: equally many crops of any one size, CV_8UC3.
struct PreviewBlock {
  std::string person;
  std::string swapped_to;
  std::vector<cv::Mat> originals;
  std::vector<cv::Mat> reconstructed;  ///< through the person's own decoder
  std::vector<cv::Mat> swapped;        ///< through swapped_to's decoder
};

/// Three rows a person (original, self, swapped), a column a face, captions at the left. CV_8UC3.
cv::Mat DrawPreview(const std::vector<PreviewBlock>& blocks, const std::string& title);

/// Losses and scores over iterations: the loss logarithmic on the left axis, a curve per person; the held-out
/// score linear on the right axis, with a point per score and a ring around the best. Axes with numbers. Without
/// scores the right axis is left out. CV_8UC3, 960 x 540 px.
cv::Mat DrawTrainingChart(const std::vector<HistoryPoint>& history, const std::vector<ScorePoint>& scores,
                          const std::vector<std::string>& people, const std::string& title);

}  // namespace reelswap
