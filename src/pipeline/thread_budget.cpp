#include "pipeline/thread_budget.h"

#include <algorithm>
#include <opencv2/core/utility.hpp>
#include <thread>

namespace reelswap {

ThreadBudget DivideThreads() {
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  cv::setNumThreads(1);  // the graphs run many pictures at once; threads inside one would fight them
  ThreadBudget budget;
  budget.workers = cores;
  budget.decode_sources = std::clamp(cores, 2, 8);
  // With many cores one decoder thread cannot feed all of them.
  budget.convert_decoder_threads = std::clamp(cores / 4, 1, 8);
  budget.encoder_threads = cores;
  return budget;
}

}  // namespace reelswap
