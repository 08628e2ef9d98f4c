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

/// Loss over iterations, logarithmic, a curve per person, axes with numbers. CV_8UC3, 960 x 540 px.
cv::Mat DrawLossChart(const std::vector<HistoryPoint>& history, const std::vector<std::string>& people,
                      const std::string& title);

}  // namespace reelswap
