#include "pipeline/project_trial.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/error.h"
#include "core/log.h"
#include "face/face_embedder.h"

namespace reelswap {
namespace {

constexpr int kQuickClips = 2;  // for a score during a training: some 3 s of rendering a direction
constexpr int kClips = 4;       // for a score to be quoted

ActorTrialOptions ActorOptions(const ProjectTrialOptions& options) {
  ActorTrialOptions actors;
  actors.clips = options.everything ? kClips : kQuickClips;
  if (options.frames < actors.clips * actors.frames_per_clip) {
    const auto per_clip = static_cast<int>(options.frames) / actors.clips;
    actors.frames_per_clip = std::max(actors.frames_per_run, per_clip / actors.frames_per_run * actors.frames_per_run);
  }
  return actors;
}

/// Of the numbers of a direction, those whose mean stands for the model.
bool IsHeadline(const std::string& name) {
  constexpr std::array<std::string_view, 6> kHeadlines = {"quality", "transfer", "artefact",
                                                          "ssim",    "flicker",  "landmark error"};
  return std::find(kHeadlines.begin(), kHeadlines.end(), name) != kHeadlines.end();
}

template <typename Trial>
struct Direction {
  std::string from, to;
  std::unique_ptr<Trial> trial;
};

}  // namespace

struct ProjectTrial::Impl {
  Impl(const Project& project, std::map<std::string, UsableFaces> faces, const CropGeometry& input,
       const CropGeometry& output, const ProjectTrialOptions& options)
      : faces_(std::move(faces)), input_(input), output_(output), options_(options) {
    for (const auto& [person, actor] : project.evaluate.actors) actors_.emplace(person, ActorOf(actor));
    options_.identity = options.identity && project.evaluate.identity;
  }

  bool HasTruth() const { return actors_.size() > 1; }

  bool HasHeldOut() const {
    return std::any_of(faces_.begin(), faces_.end(), [](const auto& entry) { return !entry.second.held_out.empty(); });
  }

  void Prepare() {
    if (prepared_) return;
    prepared_ = true;
    for (const auto& [from, target] : actors_) {
      for (const auto& [to, source] : actors_) {
        if (from == to) continue;
        directions_.push_back({from, to, std::make_unique<ActorTrial>(from, target, to, source, input_, output_,
                                                                      ActorOptions(options_))});
      }
    }
    if (HasHeldOut() && (options_.everything || !HasTruth())) PrepareFootage();
  }

  void PrepareFootage() {
    FootageTrialOptions options;
    options.frames = options_.frames;
    if (options_.identity) options.identity_weights = FindIdentityWeights();
    if (options_.identity && !options.identity_weights) {
      warnings_.push_back("identity is not measured: its weights are not installed (`reelswap weights pull` brings them)");
    }
    std::vector<TrialPerson> people;
    for (const auto& [name, usable] : faces_) {
      if (usable.held_out.empty()) {
        warnings_.push_back(fmt::format("no face of {} is held out: swaps of {} are not judged", name, name));
      } else if (usable.same_clip) {
        warnings_.push_back(fmt::format("the held-out faces of {} are part of a clip that is trained on: its numbers read higher "
                                        "than those of a new video would", name));
      }
      people.push_back({name, usable.held_out, usable.same_clip, usable.training});
    }
    try {
      footage_.emplace(people, input_, output_, options);
    } catch (const Error& error) {
      // Damaged identity weights cost the identity, not the night.
      if (!options.identity_weights || error.kind() == ErrorKind::kMedia) throw;
      warnings_.push_back(fmt::format("identity is not measured: {}", error.what()));
      options.identity_weights.reset();
      footage_.emplace(std::move(people), input_, output_, options);
    }
  }

  Evaluation Run(const SwapFunction& swap) {
    Prepare();
    Evaluation evaluation;
    ScoreParts parts;
    if (footage_) {
      evaluation.footage = footage_->Run(swap);
      parts = evaluation.footage->Parts();
    }
    double quality = 0;
    for (const auto& direction : directions_) {
      evaluation.actors.push_back({direction.from, direction.to, direction.trial->Run(swap)});
      quality += evaluation.actors.back().scores.mean.quality / static_cast<double>(directions_.size());
    }
    if (!directions_.empty()) parts.truth_quality = quality;
    evaluation.score = HeadlineScore(parts);
    return evaluation;
  }

  std::vector<Row> Rows(const SwapFunction& swap) {
    Prepare();
    std::vector<Row> rows;
    for (const auto& direction : directions_) {
      for (TrialPicture& picture : direction.trial->Pictures(swap)) {
        rows.push_back({picture.target, picture.result, picture.truth, picture.caption});
      }
    }
    if (!footage_) return rows;
    constexpr std::array<const char*, 3> kRanks = {"best", "median", "worst"};
    size_t rank = 0;
    for (FootagePicture& picture : footage_->Pictures(swap)) {
      std::string caption = fmt::format("{}: {} as {}", kRanks[rank++ % 3], picture.from, picture.to);
      for (const auto& [name, value] : picture.numbers) caption += fmt::format(", {} {:.2f}", name, value);
      rows.push_back({picture.target, picture.swapped, picture.reference, caption});
    }
    return rows;
  }

  const std::map<std::string, UsableFaces> faces_;
  const CropGeometry input_, output_;
  ProjectTrialOptions options_;
  std::map<std::string, ActorIdentity> actors_;
  bool prepared_ = false;
  std::vector<Direction<ActorTrial>> directions_;
  std::optional<FootageTrial> footage_;
  std::vector<std::string> warnings_;
};

std::map<std::string, double> Evaluation::Numbers() const {
  std::map<std::string, double> numbers;
  if (footage) numbers = footage->Numbers();
  std::map<std::string, double> means;
  for (const ActorDirection& direction : actors) {
    for (const auto& [name, value] : direction.scores.Numbers()) {
      // Told apart from the same numbers on footage, which has no truth to compare with.
      numbers[fmt::format("truth {}: {} as {}", name, direction.from, direction.to)] = value;
      if (IsHeadline(name)) means["truth " + name] += value / static_cast<double>(actors.size());
    }
  }
  numbers.insert(means.begin(), means.end());
  return numbers;
}

ProjectTrial::ProjectTrial(const Project& project, std::map<std::string, UsableFaces> faces, const CropGeometry& input,
                           const CropGeometry& output, const ProjectTrialOptions& options)
    : impl_(std::make_unique<Impl>(project, std::move(faces), input, output, options)) {}

ProjectTrial::~ProjectTrial() = default;

bool ProjectTrial::CanJudge() const { return impl_->HasTruth() || impl_->HasHeldOut(); }

const std::vector<std::string>& ProjectTrial::warnings() const { return impl_->warnings_; }

Evaluation ProjectTrial::Run(const SwapFunction& swap) { return impl_->Run(swap); }

HeldOutScore ProjectTrial::Score(const SwapFunction& swap) {
  const Evaluation evaluation = impl_->Run(swap);
  return {evaluation.score.value_or(0), evaluation.Numbers()};
}

std::vector<ProjectTrial::Row> ProjectTrial::Rows(const SwapFunction& swap) { return impl_->Rows(swap); }

ActorIdentity ActorOf(const std::string& actor) {
  constexpr std::string_view kSeed = "seed:";
  if (actor.starts_with(kSeed)) {
    uint32_t seed = 0;
    const char* end = actor.data() + actor.size();
    const auto [rest, error] = std::from_chars(actor.data() + kSeed.size(), end, seed);
    if (error == std::errc() && rest == end) return RandomIdentity(seed);
  }
  const std::vector<std::string> names = IdentityNames();
  if (std::find(names.begin(), names.end(), actor) != names.end()) return NamedIdentity(actor);
  throw Error(ErrorKind::kProject, fmt::format("evaluate.actors: there is no virtual actor '{}': write {} or seed:NUMBER",
                                               actor, fmt::join(names, ", ")));
}

void RequireKnownActors(const Project& project) {
  for (const auto& [person, actor] : project.evaluate.actors) ActorOf(actor);
}

}  // namespace reelswap
