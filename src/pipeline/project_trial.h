#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/project.h"
#include "model/trainer.h"
#include "pipeline/actor_trial.h"
#include "pipeline/footage_trial.h"
#include "pipeline/usable_faces.h"

namespace reelswap {

/// One direction of a swap between virtual actors.
struct ActorDirection {
  std::string from;
  std::string to;
  ActorScores scores;
};

/// What was measured of a project's model.
struct Evaluation {
  std::optional<double> score;  ///< see HeadlineScore
  std::vector<ActorDirection> actors;
  std::optional<FootageScores> footage;
  /// Everything by name: means ("transfer", "ssim") and what they are of ("transfer: ava as ben").
  std::map<std::string, double> Numbers() const;
};

struct ProjectTrialOptions {
  int64_t frames = 400;     ///< held-out faces of each person
  bool everything = true;   ///< false: real footage only where no truth is known (what a training can afford)
  bool identity = true;     ///< measured when the weights are installed
};

/// Judges models of a project: against the truth where its people are played by virtual actors
/// (evaluate.actors), and on the faces held out of the training. Prepared at the first Run. Not thread-safe.
class ProjectTrial {
 public:
  /// input, output: crops of the network. faces: of every person by name. Throws Error(kProject) for an actor that
  /// does not exist.
  ProjectTrial(const Project& project, std::map<std::string, UsableFaces> faces, const CropGeometry& input,
               const CropGeometry& output, const ProjectTrialOptions& options);
  ~ProjectTrial();

  /// False: neither actors nor held-out faces, so that nothing can be said.
  bool CanJudge() const;
  /// What keeps some number from being measured, as sentences; complete after the first Run.
  const std::vector<std::string>& warnings() const;

  Evaluation Run(const SwapFunction& swap);
  /// Run for TrainHooks::score.
  HeldOutScore Score(const SwapFunction& swap);

  /// A row of a sheet: target, swap and truth (or the nearest known face of the shown person), with its caption.
  struct Row {
    cv::Mat target, swapped, truth;
    std::string caption;
  };
  /// Best, median and worst frame of each direction.
  std::vector<Row> Rows(const SwapFunction& swap);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The virtual actor of evaluate.actors: a name or "seed:N". Throws Error(kProject) naming the known ones.
ActorIdentity ActorOf(const std::string& actor);
/// The same for all of a project's actors.
void RequireKnownActors(const Project& project);

}  // namespace reelswap
