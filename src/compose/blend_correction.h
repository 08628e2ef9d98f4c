#pragma once

#include <opencv2/core.hpp>

namespace reelswap {

/// A face and its surroundings on a coarse square grid, as the two ways of blending see them.
struct BlendGrid {
  cv::Mat difference;  ///< CV_32FC3: original less swapped, levels
  cv::Mat known;       ///< CV_8UC1: 255 where the frame shows the place and nothing stands in front of it
  cv::Mat depth;       ///< CV_32FC1: how deep inside the outline, in widths of the soft edge; 0 = it begins, 1 = it ends
};

/// What is to be added to the swapped face so that, alpha-blended over the soft edge, it is a multi-band blend: a
/// Laplacian pyramid (Burt and Adelson 1983) whose coarser bands cross over ever wider edges, up to four times the soft
/// one. All edges begin at the outline and widen inwards, so nothing outside of it changes. CV_32FC3, levels.
cv::Mat MultiBandCorrection(const BlendGrid& grid);

/// What is to be added to the swapped face so that it keeps its gradients and meets the frame in the middle of the soft
/// edge: the membrane through the differences there (Perez, Gangnet and Blake 2003: for a source without mixed gradients
/// the correction solves Laplace's equation). Differences far from the edge's usual one (hair, a dark background) are
/// held back so that they do not bleed into the face. CV_32FC3, levels; zero where no edge is known.
cv::Mat PoissonCorrection(const BlendGrid& grid);

}  // namespace reelswap
