#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "pipeline/verify.h"

namespace reelswap {

int CommandVerify(const Arguments& arguments, Console& console) {
  const FoundMarks marks = VerifyMarks(arguments.name);
  std::string text;
  if (marks.digital_source_type) {
    text += fmt::format("digital source type (XMP): {}\n", *marks.digital_source_type);
    if (marks.description) text += fmt::format("description: {}\n", *marks.description);
    if (marks.creator_tool) text += fmt::format("made with: {}\n", *marks.creator_tool);
  } else {
    text += "no digital source type in the file's XMP\n";
  }
  text += marks.sidecar_present ? (marks.sidecar_matches ? "sidecar: present, and it belongs to exactly this file\n"
                                                         : "sidecar: present, but the file is not the one it describes\n")
                                : "sidecar: none\n";
  console.Print(text + (IsMarked(marks) ? "marked as synthetic\n" : "NOT marked as synthetic\n"));
  console.PrintJson(nlohmann::json{{"event", "verify"},
                                   {"marked", IsMarked(marks)},
                                   {"digital_source_type", marks.digital_source_type.value_or("")},
                                   {"sidecar_present", marks.sidecar_present},
                                   {"sidecar_matches", marks.sidecar_matches}}.dump());
  return IsMarked(marks) ? 0 : 1;
}

}  // namespace reelswap
