#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/stop_on_signals.h"

int main(int argc, char** argv) {
  const auto parsed = reelswap::ParseArguments(argc, argv);
  if (const int* code = std::get_if<int>(&parsed)) return *code;
  const auto& arguments = std::get<reelswap::Arguments>(parsed);
  const reelswap::StopOnSignals signals;  // before any other thread
  reelswap::Console console(arguments.json, arguments.quiet);
  return reelswap::RunCommand(arguments, console, signals.token());
}
