#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "config/project.h"
#include "core/progress.h"
#include "pipeline/project_trial.h"
#include "pipeline/run_context.h"
#include "pipeline/video_trial.h"

namespace reelswap {

/// A finished video to be judged instead of a model.
struct VideoPair {
  std::string result;
  std::string original;
  std::string from;  ///< whose face was replaced
  std::string to;    ///< whose face it got
};

struct EvaluateRequest {
  std::string model;     ///< NAME, NAME@VERSION or FILE.safetensors; empty: what the project trained
  int64_t frames = 400;  ///< held-out faces of each person, or frames of the video, that are looked at
  std::optional<VideoPair> video;
};

/// What `reelswap evaluate` found.
struct EvaluationReport {
  std::string subject;  ///< "small@1", "mine.safetensors", "clip_ava_as_ben.mp4"
  std::string project;
  std::string created_utc;
  int64_t iterations = 0;  ///< of the model; 0 for a video
  Evaluation model;                  ///< empty for a video
  std::optional<VideoScores> video;
  std::vector<std::string> warnings;
  std::vector<std::string> perhaps_trained_on;  ///< people whose held-out faces the model may have learned from
  std::filesystem::path folder;  ///< evaluation.json, evaluation.html and sheet.png lie here
};

/// Judges a model on the project's held-out faces and virtual actors, or a finished video against its original, and
/// writes evaluation/<subject>/{evaluation.json, evaluation.html, sheet.png} into the workspace (for a video its name is
/// followed by a hash of path and swap, so that another of the same name keeps its own). Throws Error: kFaces
/// when there is nothing to judge by (says how to change that), kModel for a model that does not exist, is damaged
/// or lacks a person, kUsage for a person the project does not have.
EvaluationReport Evaluate(const Project& project, const EvaluateRequest& request, ProgressSink& progress,
                          std::stop_token stop);

/// Where in `original` the video `result` begins: what the project's target says whose output it is, else the targets
/// made from the original; 0 where there is none. Throws Error(kUsage) naming the starts where they differ.
double StartOfOriginal(const RunContext& context, const std::string& result, const std::string& original);

/// The report as JSON; indent = -1 puts it on one line.
std::string EvaluationAsJson(const EvaluationReport& report, int indent = 2);
/// As a table for a terminal.
std::string FormatEvaluation(const EvaluationReport& report);
/// As a page that lies beside sheet.png.
std::string EvaluationAsHtml(const EvaluationReport& report);

/// Rows of target, swap and truth under their captions. Never empty.
cv::Mat EvaluationSheet(const std::vector<ProjectTrial::Row>& rows);

}  // namespace reelswap
