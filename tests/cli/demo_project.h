#pragma once

#include <filesystem>
#include <fstream>
#include <string>

namespace reelswap::testing {

/// The committed clips of the virtual actors.
inline std::filesystem::path DemoMedia() { return std::filesystem::path(REELSWAP_SOURCE_DIR) / "data/demo"; }

/// What a small project is made of; every field is YAML text.
struct DemoProject {
  std::string ava = (DemoMedia() / "ava_1.mp4").string();     ///< one source
  std::string ben = (DemoMedia() / "ben_1.mp4").string();
  std::string target = (DemoMedia() / "ava_target.mp4").string();
  std::string target_keys = "side_by_side: horizontal";
  std::string every = "12";                                   ///< 25 pictures of each clip
  std::string iterations = "12";
  std::string batch = "4";
  std::string train_keys;                                     ///< more keys of train, one a line
  std::string more;                                           ///< more top-level keys

  std::string Text() const {
    std::string text = "version: 1\nname: small\npeople:\n";
    text += "  ava:\n    consent: \"a virtual actor, nobody's likeness\"\n    sources:\n      - " + ava + "\n";
    text += "  ben:\n    consent: \"a virtual actor, nobody's likeness\"\n    sources:\n      - " + ben + "\n";
    text += "sample: {every: " + every + "}\n";
    text += "train:\n  model: light\n  batch: " + batch + "\n  stop: {iterations: " + iterations +
            "}\n  save_every: 4\n  preview_every: 1000\n" + train_keys;
    text += "convert:\n  - target: " + target + "\n    swap: {ava: ben}\n    " + target_keys + "\n" + more;
    return text;
  }

  /// Writes project.yaml and returns its path.
  std::filesystem::path Write(const std::filesystem::path& folder) const {
    std::ofstream(folder / "project.yaml") << Text();
    return folder / "project.yaml";
  }
};

}  // namespace reelswap::testing
