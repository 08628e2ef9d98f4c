#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/project.h"

namespace reelswap {

/// One file, URL or photo folder to be preprocessed: a project's globs expanded, its defaults applied.
struct SourceTask {
  std::string person;
  std::string id;              ///< hash of location and range: face records carry it
  std::string clip;            ///< hash of the location alone: ranges of one file share it
  std::string location;        ///< URL or absolute path
  std::string name;            ///< for people
  bool photo_folder = false;
  double start_seconds = 0;
  std::optional<double> end_seconds;
  int every = 1;
  std::optional<double> fps;
  std::optional<std::string> sha256;
  bool hold_out = false;       ///< its faces judge the model and never train it
  std::string error;           ///< non-empty: it cannot even be started, and why
};

/// All sources of a project in file order. A source named twice for the same person and range
/// appears once, held out where any of its entries says so. Problems of one source become its error; never throws for them.
std::vector<SourceTask> ExpandSources(const Project& project);

}  // namespace reelswap
