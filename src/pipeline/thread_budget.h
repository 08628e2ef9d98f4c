#pragma once

namespace reelswap {

/// How many threads each library may use; the one place that divides the machine, so that TBB,
/// OpenCV, FFmpeg and LibTorch do not each take every core.
struct ThreadBudget {
  int workers = 2;             ///< TBB workers: all cores
  int decoder_threads = 1;     ///< FFmpeg, per video in preprocess: parallel over videos instead
  int convert_decoder_threads = 1;
  int encoder_threads = 2;     ///< x264: all cores, it overlaps with decoding and swapping
  int swap_threads = 1;        ///< LibTorch threads per call in convert: parallel over batches is faster
  int decode_sources = 2;      ///< videos sampled at once
};

/// For this machine. Also tells OpenCV to stay on its caller's thread.
ThreadBudget DivideThreads();

}  // namespace reelswap
