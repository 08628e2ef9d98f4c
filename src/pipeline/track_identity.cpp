#include "pipeline/track_identity.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "pipeline/identity_galleries.h"

namespace reelswap {
namespace {

/// The value that a quarter lies below. A track's samples show many poses, and a face turned away or tilted looks like
/// nobody (0.55 to 0.7) while the same face seen well is at 0.2 to 0.4: its better moments tell who it is. Others'
/// faces have no such moments.
double LowerQuartile(std::vector<double> values) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 4);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace

std::optional<std::map<int64_t, TrackLikeness>> MeasureLikeness(const VideoAnalysis& analysis, const PlanSettings& settings,
                                                                std::stop_token stop) {
  if (!settings.identity_weights) return std::nullopt;
  IdentityGalleries galleries(*settings.identity_weights, settings.people);
  for (const SwapDirection& direction : settings.directions) {
    const IdentityGallery* gallery = galleries.Find(direction.from);
    if (!gallery || gallery->empty()) return std::nullopt;
  }
  std::map<int64_t, TrackLikeness> likeness;
  for (const AnalysedTrack& track : analysis.tracks()) {
    std::vector<FaceEmbedder::Face> faces;
    if (stop.stop_requested()) {
      throw Error(ErrorKind::kCancelled, "interrupted while faces were told apart; the same command starts there again");
    }
    const std::vector<TrackSample> samples = analysis.Samples(track.id);  // of one track at a time: there may be thousands
    for (const TrackSample& sample : samples) faces.push_back({sample.picture, sample.landmarks});
    const std::vector<FaceEmbedding> embeddings = galleries.Embed(faces);
    TrackLikeness& like = likeness[track.id];
    like.samples = static_cast<int>(faces.size());
    for (const TrainingFaces& person : settings.people) {
      const IdentityGallery* gallery = galleries.Find(person.person);
      if (!gallery || gallery->empty() || embeddings.empty()) continue;
      std::vector<double> distances;
      for (const FaceEmbedding& embedding : embeddings) distances.push_back(gallery->Distance(embedding));
      like.distances[person.person] = LowerQuartile(std::move(distances));
    }
  }
  return likeness;
}

std::vector<TrackPlace> FindPlaces(const VideoAnalysis& analysis, int64_t filled_gap) {
  std::map<int64_t, TrackPlace> places;
  int64_t cuts = 0;
  analysis.ForEach(0, analysis.frames(), [&](const AnalysedFrame& frame) {
    cuts += frame.cut;
    for (const TrackedFace& face : frame.faces) {
      const auto [it, is_new] = places.try_emplace(face.track);
      TrackPlace& place = it->second;
      if (is_new) {
        place.track = face.track;
        place.first = frame.number;
        place.shot = cuts;
        place.first_box = face.face.box;
      }
      if (!is_new && frame.number - place.last - 1 > filled_gap) place.holes.emplace_back(place.last + 1, frame.number - 1);
      place.last = frame.number;
      place.last_box = face.face.box;
      place.mean_width += face.face.box.width;
      ++place.frames;
    }
  });
  std::vector<TrackPlace> result;
  for (auto& [track, place] : places) {
    place.mean_width /= static_cast<double>(place.frames);
    result.push_back(place);
  }
  return result;
}

}  // namespace reelswap
