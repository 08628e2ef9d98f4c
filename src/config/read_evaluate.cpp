#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "config/names.h"
#include "config/nearest_name.h"
#include "config/project_reader.h"

namespace reelswap {
namespace {

constexpr int64_t kFewestFrames = 8;      // below it a score is mostly chance
constexpr int64_t kMostFrames = 10'000;

/// A built-in actor's name or "seed:N"; which names there are is for the actors to say.
bool IsActorForm(const std::string& text) {
  constexpr std::string_view kSeed = "seed:";
  if (!text.starts_with(kSeed)) return IsSafeName(text);
  uint32_t seed = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + kSeed.size(), end, seed);
  return error == std::errc() && rest == end;
}

/// One spelling for each actor: "seed:007" is "seed:7".
std::string Canonical(const std::string& actor) {
  constexpr std::string_view kSeed = "seed:";
  const bool is_seed = actor.starts_with(kSeed) && IsActorForm(actor);
  return is_seed ? fmt::format("{}{}", kSeed, std::stoul(actor.substr(kSeed.size()))) : actor;
}

std::map<std::string, std::string> ReadActors(const YamlField& field, const std::vector<Person>& people,
                                              ReadContext& context) {
  std::map<std::string, std::string> actors;
  const MapReader map(field, context.problems, "a map such as {ava: ava, ben: \"seed:12\"}");
  if (!map.is_map()) return actors;
  std::vector<std::string> names;
  for (const Person& person : people) names.push_back(person.name);
  std::map<std::string, std::string> played;  // actor -> person
  bool all_valid = true;
  for (const YamlEntry& entry : field.node->entries) {
    if (std::find(names.begin(), names.end(), entry.key) == names.end()) {
      all_valid = false;
      context.problems.Add(entry.key_place, field.path,
                           fmt::format("'{}' is not one of the people ({}){}", entry.key, fmt::join(names, ", "),
                                       DidYouMean(entry.key, names)));
    }
    const YamlField value{&entry.value, field.path + "." + entry.key};
    const auto actor = ReadText(value, context.problems, "an actor's name or seed:NUMBER");
    all_valid = all_valid && actor && IsActorForm(*actor);
    if (!actor) continue;
    if (!IsActorForm(*actor)) {
      context.problems.Add(entry.value.place, value.path,
                           fmt::format("expected an actor's name such as ava, or seed:NUMBER, got {}",
                                       DescribeFound(entry.value)));
    }
    actors[entry.key] = *actor;
    const auto [first, is_new] = played.emplace(Canonical(*actor), entry.key);
    if (!is_new) {
      context.problems.Add(entry.value.place, value.path,
                           fmt::format("'{}' plays {} already, and a swap of two equal faces shows nothing: name "
                                       "another actor", *actor, first->second));
    }
  }
  if (all_valid && field.node->entries.size() == 1) {
    context.problems.Add(field.node->place, field.path,
                         "expected at least two people, whose faces are swapped: name the other one's actor, too, or "
                         "write {} for none");
  }
  return actors;
}

}  // namespace

void ReadEvaluate(const YamlField& field, Project& project, ReadContext& context) {
  EvaluateSettings& evaluate = project.evaluate;
  MapReader map(field, context.problems, "a map such as {hold_out: auto, every: auto}");
  evaluate.hold_out = map.Choice("hold_out", {"auto", "off"}) != "off";
  const auto every = map.Get("every");
  if (every && !(every->node->kind == YamlNode::Kind::kScalar && every->node->text == "auto")) {
    project.train.options.score_every = ReadInteger(*every, context.problems, 1, kMaxIterations).value_or(0);
  }
  evaluate.frames = map.Integer("frames", kFewestFrames, kMostFrames).value_or(evaluate.frames);
  evaluate.identity = map.Choice("identity", {"auto", "off"}) != "off";
  if (const auto actors = map.Get("actors")) evaluate.actors = ReadActors(*actors, project.people, context);
  map.Finish();
}

}  // namespace reelswap
