#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/project.h"

namespace reelswap {

/// The words of a project file for the values of an enum, the default first.
template <typename Kind>
using Words = std::vector<std::pair<std::string, Kind>>;

const Words<MaskKind>& MaskWords();
const Words<ColorMode>& ColorWords();
const Words<BlendMode>& BlendWords();
const Words<Target::SideBySide>& SideBySideWords();

/// The word of a value; the first one for a value without a word.
template <typename Kind>
const std::string& WordOf(const Words<Kind>& words, Kind kind) {
  for (const auto& [word, value] : words) {
    if (value == kind) return word;
  }
  return words.front().first;
}

}  // namespace reelswap
