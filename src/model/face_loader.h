#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "model/random_warp.h"
#include "model/trainer.h"

namespace reelswap {

struct FaceLoaderSettings {
  CropGeometry stored;  ///< geometry of the pictures on disk
  CropGeometry input;   ///< what the network takes
  CropGeometry output;  ///< what it gives back
  int batch = 64;       ///< faces per person and step
  uint64_t seed = 1;
  int workers = 1;  ///< threads that prepare batches
  int64_t cache_bytes =
      int64_t{2} << 30;  ///< decoded pictures kept in memory; beyond it they are decoded anew
  WarpSettings warp;
};

/// The faces of one training step: people in order, `batch` faces each. Pixels are 8-bit BGR,
/// N x S x S x 3, ready to be viewed as a channels-last tensor.
struct FaceBatch {
  int64_t iteration = 0;
  std::vector<uint8_t> input;   ///< warped
  std::vector<uint8_t> target;  ///< not warped
};

/// Prepares batches ahead on its own threads. The content of step i depends on seed, i and the lists
/// of pictures only, never on the number of threads or on where a training was resumed. Each picture
/// is used once before any is used again. Next() is for one thread.
class FaceLoader {
 public:
  FaceLoader(std::vector<TrainingFaces> people, const FaceLoaderSettings& settings, int64_t first_iteration);
  ~FaceLoader();

  /// The next batch in order. Throws what preparing it threw: Error(kMedia) for an unreadable picture,
  /// Error(kFaces) for one whose size is not the stored geometry's.
  FaceBatch Next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Cuts a stored crop to another geometry without any change of pose: for previews.
/// Throws like FaceLoader::Next.
cv::Mat CutPlain(const std::filesystem::path& image, const CropGeometry& stored, const CropGeometry& wanted);

}  // namespace reelswap
