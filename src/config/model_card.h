#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/faces.h"

namespace reelswap {

/// What a stored model is and where it comes from; card.yaml beside its weights.
struct ModelCard {
  std::string name;
  int version = 1;
  std::string architecture;
  CropGeometry input;
  CropGeometry output;
  std::string landmark_scheme = "ibug68_mean51";
  std::string color_order = "bgr";
  std::vector<std::string> people;              ///< decoder names in order
  std::map<std::string, std::string> consents;  ///< person -> reference
  std::string base;                             ///< "name@version" or empty
  std::vector<std::string> lineage;             ///< oldest first, "name@version"
  int64_t iterations = 0;
  double training_seconds = 0;
  std::map<std::string, double> final_loss;  ///< person -> mean absolute error
  std::map<std::string, double> scores;      ///< on held-out faces: "score", "ssim", ...; empty = not judged
  int64_t best_iteration = 0;                ///< whose weights these are; 0 = the last
  std::map<std::string, int64_t> faces;      ///< person -> training pictures
  /// Person -> hash of which faces those were: a later division of the faces can be told from the training's.
  std::map<std::string, std::string> training_faces;
  std::string weights_sha256;
  std::string tool_version;
  std::string created_utc;  ///< ISO 8601
};

std::string FormatModelCard(const ModelCard& card);
/// Throws Error(kModel) with file:line for a damaged card.
ModelCard LoadModelCard(const std::filesystem::path& file);

}  // namespace reelswap
