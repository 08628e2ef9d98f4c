#pragma once

#include <string>
#include <variant>
#include <vector>

namespace reelswap {

/// A command line, parsed.
struct Arguments {
  std::string command;                 ///< "run", "check", ..., "models list", "models show"
  std::string project;                 ///< path of the project file, for commands that take one
  std::vector<std::string> targets;    ///< convert: parts of target names
  std::string name;                    ///< models show: NAME[@VERSION]; verify: the file
  std::vector<std::string> overrides;  ///< --set key=value
  std::string library = "models";      ///< models: folder of the model library
  std::string render_clips;            ///< demo --render-clips FOLDER
  bool json = false;
  bool quiet = false;
};

/// Parses; prints help, version or a usage error itself and then returns the exit code (0 or 2).
std::variant<Arguments, int> ParseArguments(int argc, const char* const* argv);

}  // namespace reelswap
