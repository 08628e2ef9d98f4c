#include "model/training_checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "core/error.h"

namespace reelswap {

std::vector<std::string> NamesOf(const std::vector<TrainingFaces>& people) {
  std::vector<std::string> names;
  for (const TrainingFaces& person : people) names.push_back(person.person);
  return names;
}

void CheckArguments(const std::vector<TrainingFaces>& people, const TrainOptions& options) {
  const std::vector<std::string> names = NamesOf(people);
  if (people.size() < 2 || std::set(names.begin(), names.end()).size() != names.size()) {
    throw std::invalid_argument("TrainModel: at least two people with different names");
  }
  if (options.batch < 1 || options.iterations < 1 || options.save_every < 1 || options.preview_every < 1 ||
      options.learning_rate < 0 || options.max_hours < 0 || options.score_every < 0 ||
      options.milestone_every < 0) {
    throw std::invalid_argument("TrainModel: batch, iterations and intervals must be positive");
  }
  if (options.until_minute < -1 || options.until_minute >= 24 * 60) {
    throw std::invalid_argument("TrainModel: until_minute is a minute of the day, or -1");
  }
}

void CheckFaceCounts(const std::vector<TrainingFaces>& people, int batch) {
  for (const TrainingFaces& person : people) {
    if (static_cast<int64_t>(person.images.size()) < batch) {
      throw Error(ErrorKind::kFaces, fmt::format("{} has {} faces, a batch needs {}: add videos or photos of "
                                                 "{}, or lower train.batch to {} or less",
                                                 person.person, person.images.size(), batch, person.person,
                                                 std::max<size_t>(1, person.images.size())));
    }
  }
}

void CheckLandmarks(const std::vector<TrainingFaces>& people, const Architecture& architecture) {
  for (const TrainingFaces& person : people) {
    if (architecture.mask && person.landmarks.size() != person.images.size()) {
      throw Error(ErrorKind::kFaces,
                  fmt::format("{} learns the faces' masks from their landmarks, and those of {} are not known: collect "
                              "the faces again, or choose another train.model",
                              architecture.name, person.person));
    }
  }
}

void CheckSame(const std::filesystem::path& path, const std::string& what, const std::string& theirs,
               const std::string& ours, const std::string& cure) {
  if (theirs != ours) {
    throw Error(ErrorKind::kModel, fmt::format("{} was trained with {} {}, this training has {}{}",
                                               path.string(), what, theirs, ours, cure));
  }
}

void CheckResumable(const std::filesystem::path& path, const ModelMetadata& stored,
                    const Architecture& architecture, const std::vector<TrainingFaces>& people,
                    const CropGeometry& image_geometry) {
  const std::string cure = fmt::format(" (delete or rename {}, or change the project's name, to train anew)",
                                       path.parent_path().string());
  CheckSame(path, "architecture", stored.info.architecture, architecture.name, cure);
  CheckSame(path, "people", fmt::format("{}", fmt::join(stored.info.people, ", ")),
            fmt::format("{}", fmt::join(NamesOf(people), ", ")), cure);
  CheckSame(path, "input crops of", Describe(stored.info.input), Describe(architecture.input), cure);
  CheckSame(path, "output crops of", Describe(stored.info.output), Describe(architecture.output), cure);
  CheckSame(path, "training pictures of", Describe(stored.image_geometry), Describe(image_geometry), cure);
}

}  // namespace reelswap
