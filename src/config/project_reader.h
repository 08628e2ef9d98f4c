#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "config/project.h"
#include "config/schema_reader.h"

namespace reelswap {

/// What the readers of the sections share. Each reader fills its part of a project from the value
/// of its key and reports every problem; after a problem the part keeps its default.
struct ReadContext {
  ProblemList& problems;
  std::filesystem::path base_folder;  ///< absolute
};

inline constexpr int64_t kMaxIterations = 1'000'000'000;

/// A location after variables, "~" and its form were dealt with: a web address or a local path.
std::optional<std::string> ReadLocation(const YamlField& field, ReadContext& context);

std::vector<Person> ReadPeople(const YamlField& field, ReadContext& context);
std::vector<Target> ReadConvert(const YamlField& field, const std::vector<Person>& people,
                                ReadContext& context);
/// What an encoder is without the key: what suits the container.
EncoderOptions DefaultEncoder(const std::string& container);
/// `encoder` of a target whose container is known already.
EncoderOptions ReadEncoder(const YamlField& field, const std::string& container, ReadContext& context);
SampleSettings ReadSample(const YamlField& field, ReadContext& context);
FaceSettings ReadFaces(const YamlField& field, ReadContext& context);
TrainSettings ReadTrain(const YamlField& field, ReadContext& context);
/// What train is without the key: the defaults of the default architecture.
TrainSettings DefaultTrain();
/// Fills project.evaluate and train.options.score_every; after people and train.
void ReadEvaluate(const YamlField& field, Project& project, ReadContext& context);
DisclosureSettings ReadDisclosure(const YamlField& field, ReadContext& context);
Limits ReadLimits(const YamlField& field, ReadContext& context);
DownloadSettings ReadDownload(const YamlField& field, ReadContext& context);

}  // namespace reelswap
