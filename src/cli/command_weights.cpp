#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "pipeline/weights.h"

namespace reelswap {
namespace {

void PrintLine(Console& console, const nlohmann::json& event) {
  console.PrintJson(event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

int ListWeights(const std::vector<WeightsEntry>& catalog, Console& console) {
  std::string text;
  nlohmann::json list = nlohmann::json::array();
  for (const WeightsStatus& status : LookForWeights(catalog)) {
    const WeightsEntry& entry = status.entry;
    const std::string where = status.where ? status.where->string() : "";
    text += fmt::format("{}\n  {}\n  licence: {}; commercial use: {}\n", entry.name, entry.purpose, entry.licence,
                        entry.commercial_use ? "allowed" : "NOT allowed");
    if (!status.where) {
      text += fmt::format("  not here: {}\n", status.cure);
    } else if (!status.problem.empty()) {
      text += fmt::format("  damaged: {} {}: {}\n", where, status.problem, status.cure);
    } else {
      text += fmt::format("  here: {}\n", where);
    }
    list.push_back({{"name", entry.name},
                    {"purpose", entry.purpose},
                    {"licence", entry.licence},
                    {"commercial_use", entry.commercial_use},
                    {"url", entry.url},
                    {"path", where},
                    {"problem", status.problem},
                    {"cure", status.cure}});
  }
  console.Print(text);
  PrintLine(console, {{"event", "weights"}, {"weights", list}});
  return 0;
}

int Pull(const std::vector<WeightsEntry>& catalog, const Arguments& arguments, Console& console,
         const std::stop_token& stop) {
  for (const WeightsEntry& entry : ChooseWeights(catalog, arguments.weights)) {
    const PulledWeights pulled = PullWeights(entry, arguments.from, console.progress(), stop);
    console.FinishProgress();
    console.Print(fmt::format("{}: {} {} (licence: {})", entry.name, pulled.was_there ? "already in" : "now in",
                              pulled.path.string(), entry.licence));
    PrintLine(console, {{"event", "pulled"},
                        {"name", entry.name},
                        {"path", pulled.path.string()},
                        {"was_there", pulled.was_there}});
  }
  return 0;
}

}  // namespace

int CommandWeights(const Arguments& arguments, Console& console, std::stop_token stop) {
  const std::vector<WeightsEntry> catalog =
      LoadWeightsCatalog(std::filesystem::path(REELSWAP_SOURCE_DIR) / "models/weights.yaml");
  if (arguments.command == "weights list") return ListWeights(catalog, console);
  return Pull(catalog, arguments, console, stop);
}

}  // namespace reelswap
