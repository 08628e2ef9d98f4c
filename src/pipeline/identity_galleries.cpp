#include "pipeline/identity_galleries.h"

#include <algorithm>

#include "core/photo.h"
#include "measure/swap_scores.h"

namespace reelswap {
namespace {

constexpr size_t kMostFaces = 64;  // of each person: enough for every pose and light of a few clips

double CentralDistance(const IdentityGallery& a, const IdentityGallery& b) {
  std::vector<double> distances;
  for (const FaceEmbedding& x : a.faces()) {
    for (const FaceEmbedding& y : b.faces()) distances.push_back(EmbeddingDistance(x, y));
  }
  return Median(std::move(distances));
}

}  // namespace

IdentityGalleries::IdentityGalleries(const std::filesystem::path& weights, const std::vector<TrainingFaces>& people)
    : embedder_(weights) {
  for (const TrainingFaces& person : people) {
    if (person.images.empty() || person.landmarks.size() != person.images.size()) continue;
    const size_t count = std::min(person.images.size(), kMostFaces);
    std::vector<FaceEmbedder::Face> faces;
    for (size_t i = 0; i < count; ++i) {
      const size_t spread = i * person.images.size() / count;
      faces.push_back({ReadPhoto(person.images[spread]), person.landmarks[spread]});
    }
    galleries_.emplace(person.person, IdentityGallery(embedder_.Embed(faces)));
  }
}

const IdentityGallery* IdentityGalleries::Find(const std::string& person) const {
  const auto found = galleries_.find(person);
  return found == galleries_.end() ? nullptr : &found->second;
}

double IdentityGalleries::BetweenPeople() const {
  double sum = 0;
  int pairs = 0;
  for (auto a = galleries_.begin(); a != galleries_.end(); ++a) {
    for (auto b = std::next(a); b != galleries_.end(); ++b, ++pairs) sum += CentralDistance(a->second, b->second);
  }
  return pairs > 0 ? sum / pairs : 0;
}

}  // namespace reelswap
