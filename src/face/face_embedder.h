#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <opencv2/core.hpp>
#include <optional>
#include <span>
#include <vector>

#include "core/faces.h"

namespace reelswap {

/// A face as a point: the nearer two are (Euclidean), the more likely it is one person.
using FaceEmbedding = std::array<float, 128>;

/// Who a face belongs to, by the DenseNet of BAREL (MIT; LFW 96.1 %). Measured on webcam footage: same person
/// median distance 0.23 to 0.31, 95th percentile at most 0.47; different people median 0.50 to 0.70.
/// Not thread-safe: one per thread.
class FaceEmbedder {
 public:
  /// Throws Error(kMissingTool) naming `reelswap weights pull` when the file is not there, Error(kModel) when it
  /// is damaged or another network.
  explicit FaceEmbedder(const std::filesystem::path& weights);
  ~FaceEmbedder();
  FaceEmbedder(FaceEmbedder&&) noexcept;
  FaceEmbedder& operator=(FaceEmbedder&&) noexcept;

  struct Face {
    cv::Mat bgr;          ///< CV_8UC3, any picture or crop that shows the face
    Landmarks landmarks;  ///< px in it
  };
  /// One embedding each, computed in batches.
  std::vector<FaceEmbedding> Embed(std::span<const Face> faces);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

double EmbeddingDistance(const FaceEmbedding& a, const FaceEmbedding& b);

/// One person's known faces. Thread-safe after construction.
class IdentityGallery {
 public:
  explicit IdentityGallery(std::vector<FaceEmbedding> faces);
  bool empty() const { return faces_.empty(); }
  size_t size() const { return faces_.size(); }
  /// Median distance to the nearest tenth of the gallery (at least three): robust against odd gallery faces.
  /// Throws std::invalid_argument for an empty gallery.
  double Distance(const FaceEmbedding& face) const;
  const std::vector<FaceEmbedding>& faces() const { return faces_; }

 private:
  std::vector<FaceEmbedding> faces_;
};

/// Where identity weights lie on this machine: $REELSWAP_IDENTITY_WEIGHTS when set, else the weights folder
/// (see WeightsFolder). Empty when there are none.
std::optional<std::filesystem::path> FindIdentityWeights();

/// $REELSWAP_WEIGHTS, else $XDG_DATA_HOME/reelswap/weights, else ~/.local/share/reelswap/weights.
std::filesystem::path WeightsFolder();

}  // namespace reelswap
