#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "face/face_embedder.h"
#include "model/trainer.h"

namespace reelswap {

/// Who is who among a project's people, by their training faces. Not thread-safe.
class IdentityGalleries {
 public:
  /// people: with landmarks; those without faces get no gallery. Errors as FaceEmbedder; Error(kMedia) for an
  /// unreadable picture.
  IdentityGalleries(const std::filesystem::path& weights, const std::vector<TrainingFaces>& people);

  /// nullptr: nothing is known of this person.
  const IdentityGallery* Find(const std::string& person) const;
  std::vector<FaceEmbedding> Embed(std::span<const FaceEmbedder::Face> faces) { return embedder_.Embed(faces); }
  /// Median distance between faces of two people, mean over the pairs; 0 without a pair.
  double BetweenPeople() const;

 private:
  FaceEmbedder embedder_;
  std::map<std::string, IdentityGallery> galleries_;
};

}  // namespace reelswap
