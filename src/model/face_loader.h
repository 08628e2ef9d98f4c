#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "model/architecture.h"
#include "model/random_warp.h"
#include "model/trainer.h"

namespace reelswap {

struct FaceLoaderSettings {
  CropGeometry stored;  ///< geometry of the pictures on disk
  CropGeometry input;   ///< what the network takes
  CropGeometry output;  ///< what it gives back
  int batch = 64;       ///< faces per person and step
  uint64_t seed = 1;
  int workers = 1;  ///< threads that prepare batches; two at least where the pictures exceed the cache
  int64_t cache_bytes =
      int64_t{2} << 30;  ///< decoded pictures kept in memory; beyond it they are decoded anew
  WarpSettings warp;
  double warp_fade_from = 1.0;   ///< progress from which the random warp shrinks, to nothing at 1; 1 = never
  int64_t total_iterations = 0;  ///< steps of the whole training; 0 = not known: SetProgress says how far it is
  double color_jitter = 0;       ///< of the input alone: each channel's gain is 1 +- this, the gamma 1 +- twice this
  bool masks = false;            ///< also give the faces' own masks, for people whose landmarks are known
  bool balanced = false;         ///< show rare poses and expressions more often (see Repetitions)
};

/// What an architecture's recipe asks of the loader.
FaceLoaderSettings LoaderSettingsFor(const Architecture& architecture, const CropGeometry& stored, int batch,
                                     uint64_t seed, int workers, int64_t cache_bytes = int64_t{2} << 30);

/// The faces of one training step: people in order, `batch` faces each. Pixels are 8-bit BGR,
/// N x S x S x 3, ready to be viewed as a channels-last tensor.
struct FaceBatch {
  int64_t iteration = 0;
  std::vector<uint8_t> input;   ///< warped
  std::vector<uint8_t> target;  ///< not warped
  /// N x S x S, 255 inside the target's face (see FaceMask), blurred by sampling; empty unless asked for and all
  /// people have landmarks.
  std::vector<uint8_t> mask;
};

/// How often each picture of a person is shown in a pass over all of them: 1 for the common ones, up to 4 for poses
/// and expressions that few pictures show. Pictures are counted in cells of 12 degrees of yaw and pitch and of mouth
/// opening (a tenth of the eye distance); a cell's share of the pictures is brought to about the square root of what
/// it was. Left and right count as one, as training mirrors. Empty poses: all 1.
std::vector<int> Repetitions(const TrainingFaces& person);

/// 255 inside the hull of a face's landmarks, raised over the brows by seven tenths of their distance to the eyes, as
/// it is pasted. landmarks: px of a square picture of `side` px. CV_8UC1.
cv::Mat FaceMask(const Landmarks& landmarks, int side);

/// Prepares batches ahead on its own threads. The content of step i depends on seed, i and the lists
/// of pictures only, never on the number of threads or on where a training was resumed (but for a fading warp whose
/// end is not known as a number of iterations). Each picture is used once (a rare one up to four times) before the
/// next pass begins. Next() is for one thread.
class FaceLoader {
 public:
  FaceLoader(std::vector<TrainingFaces> people, const FaceLoaderSettings& settings, int64_t first_iteration);
  ~FaceLoader();

  /// The next batch in order. Throws what preparing it threw: Error(kMedia) for an unreadable picture,
  /// Error(kFaces) for one whose size is not the stored geometry's.
  FaceBatch Next();

  /// How far the training is (0 .. 1), where total_iterations is not known. Any thread.
  void SetProgress(double progress);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Cuts a stored crop to another geometry without any change of pose: for previews.
/// Throws like FaceLoader::Next.
cv::Mat CutPlain(const std::filesystem::path& image, const CropGeometry& stored, const CropGeometry& wanted);

}  // namespace reelswap
