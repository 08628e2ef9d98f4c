#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "core/frame.h"
#include "core/progress.h"

namespace reelswap {

/// The pictures of a sequence in order. location: a folder (all its pictures, by name), or a file name with %d or %05d
/// in the place of a number (by number; a missing number leaves no hole in time). Throws Error(kMedia) where there is
/// none.
std::vector<std::filesystem::path> SequencePictures(const std::string& location);

/// 23.976, 29.97 and the like are meant as 24000/1001, 30000/1001; anything else to a thousandth.
Rational SequenceRate(double fps);

struct SequenceVideo {
  std::filesystem::path path;
  std::string sha256;  ///< of the pictures and the rate
};

/// A lossless video of the pictures (8 bit, BT.709, 4:2:0; 4:4:4 for odd sizes) in `folder`, so that all that is done
/// with videos can be done with them; one that is there already is taken as it is. name: for progress.
/// Throws Error(kMedia) for a damaged picture or one of another size than the first, Error(kDisk), Error(kCancelled).
SequenceVideo SequenceAsVideo(const std::vector<std::filesystem::path>& pictures, double fps,
                              const std::filesystem::path& folder, const std::string& name, ProgressSink& progress,
                              std::stop_token stop);

}  // namespace reelswap
