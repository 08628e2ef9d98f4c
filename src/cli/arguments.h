#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace reelswap {

/// A command line, parsed.
struct Arguments {
  std::string command;                 ///< "run", "check", ..., "models list", "models show"
  std::string project;                 ///< path of the project file, for commands that take one
  std::vector<std::string> targets;    ///< convert: parts of target names, or numbers
  std::optional<double> sample_seconds;  ///< convert --sample: only the most telling stretch of this length
  std::string name;                    ///< models show: NAME[@VERSION]; verify: the file; evaluate: --model
  std::vector<std::string> overrides;  ///< --set key=value
  std::string library = "models";      ///< models: folder of the model library
  std::string render_clips;            ///< demo --render-clips FOLDER
  std::vector<std::string> weights;    ///< weights pull: names; empty = the identity weights
  std::string from;                    ///< weights pull: mirror (address or folder) instead of the catalog's address
  bool finder = false;                 ///< train: measure what this machine trains fastest instead of training
  double finder_seconds = 60;          ///< for all of its measurements
  int64_t frames = 400;                ///< evaluate: faces or frames that are looked at
  std::string video;                   ///< evaluate: a swapped video to judge
  std::string original;                ///< evaluate: what it was made from
  std::string swap;                    ///< evaluate: "A=B"
  bool json = false;
  bool quiet = false;
};

/// Parses; prints help, version or a usage error itself and then returns the exit code (0 or 2).
std::variant<Arguments, int> ParseArguments(int argc, const char* const* argv);

}  // namespace reelswap
