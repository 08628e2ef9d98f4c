#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "library/model_library.h"

namespace reelswap {
namespace {

std::string Join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

nlohmann::json ToJson(const StoredModel& model) {
  const ModelCard& card = model.card;
  return {{"name", card.name},
          {"version", card.version},
          {"architecture", card.architecture},
          {"people", card.people},
          {"iterations", card.iterations},
          {"training_seconds", card.training_seconds},
          {"final_loss", card.final_loss},
          {"base", card.base},
          {"lineage", card.lineage},
          {"created", card.created_utc},
          {"bytes", model.bytes},
          {"sha256", card.weights_sha256},
          {"folder", model.folder.string()}};
}

int ListModels(const ModelLibrary& library, const Arguments& arguments, Console& console) {
  std::vector<std::string> problems;
  const std::vector<StoredModel> models = library.List(&problems);
  nlohmann::json list = nlohmann::json::array();
  std::string text;
  if (models.empty()) {
    text = fmt::format("no models in {} yet: `reelswap run project.yaml` stores what it trains\n", arguments.library);
  } else {
    text = fmt::format("{:<28} {:<10} {:<24} {:>10} {:>8}  {}\n", "model", "network", "people", "iterations", "MB",
                       "made");
  }
  for (const StoredModel& model : models) {
    text += fmt::format("{:<28} {:<10} {:<24} {:>10} {:>8.1f}  {}\n",
                        fmt::format("{}@{}", model.card.name, model.card.version), model.card.architecture,
                        Join(model.card.people), model.card.iterations, static_cast<double>(model.bytes) / 1e6,
                        model.card.created_utc);
    list.push_back(ToJson(model));
  }
  for (const std::string& problem : problems) text += fmt::format("damaged: {}\n", problem);
  console.Print(text);
  console.PrintJson(nlohmann::json{{"event", "models"}, {"models", list}, {"damaged", problems}}
                        .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  return problems.empty() ? 0 : 1;
}

}  // namespace

int CommandModels(const Arguments& arguments, Console& console) {
  const ModelLibrary library(arguments.library);
  if (arguments.command == "models list") return ListModels(library, arguments, console);
  const StoredModel model = library.Find(arguments.name);
  std::string text = FormatModelCard(model.card);
  text += fmt::format("# weights: {}\n", model.weights.string());
  for (const char* picture : {"preview.png", "loss.png"}) {
    if (std::filesystem::exists(model.folder / picture)) {
      text += fmt::format("# {}: {}\n", std::filesystem::path(picture).stem().string(),
                          (model.folder / picture).string());
    }
  }
  console.Print(text);
  nlohmann::json event = ToJson(model);
  event["event"] = "model";
  console.PrintJson(event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  return 0;
}

}  // namespace reelswap
