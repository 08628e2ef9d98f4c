#include "cli/console.h"

#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/json_progress.h"
#include "cli/terminal_progress.h"
#include "core/log.h"

namespace reelswap {

Console::Console(bool json, bool quiet) {
  if (json) {
    json_ = std::make_unique<JsonProgress>(std::cout);
  } else {
    terminal_ = std::make_unique<TerminalProgress>(std::cerr, ::isatty(STDERR_FILENO) == 1, quiet);
  }
  SetLogQuiet(quiet);
  SetLogListener([this](const std::string& line) {
    if (json_) {
      const nlohmann::json event = {{"event", "log"}, {"line", line}};
      json_->Println(event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    } else if (terminal_) {
      terminal_->Println(line);
    } else {
      std::cerr << line << "\n";
    }
  });
}

Console::~Console() { SetLogListener(nullptr); }

ProgressSink& Console::progress() {
  if (json_) return *json_;
  if (terminal_) return *terminal_;
  return none_;
}

void Console::Print(const std::string& text) {
  if (json_) return;
  std::cout << text;
  if (!text.empty() && text.back() != '\n') std::cout << '\n';
  std::cout << std::flush;
}

void Console::PrintJson(const std::string& object) {
  if (json_) json_->Println(object);
}

void Console::PrintError(const std::string& kind, const std::string& sentence) {
  if (json_) {
    const nlohmann::json event = {{"event", "error"}, {"kind", kind}, {"message", sentence}};
    json_->Println(event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    return;
  }
  FinishProgress();
  std::cerr << "reelswap: " << sentence << std::endl;
}

void Console::FinishProgress() {
  SetLogListener(nullptr);
  terminal_.reset();
}

}  // namespace reelswap
