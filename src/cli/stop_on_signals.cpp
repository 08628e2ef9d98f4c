#include "cli/stop_on_signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "core/log.h"

namespace reelswap {
namespace {

sigset_t StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR2}) sigaddset(&set, signal);
  return set;
}

}  // namespace

StopOnSignals::StopOnSignals() {
  const sigset_t set = StopSignals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);  // a closed pipe is a failed write, not the end of a night's work
  waiter_ = std::jthread([this, set] {
    for (int count = 0;;) {
      int signal = 0;
      if (sigwait(&set, &signal) != 0) continue;
      if (signal == SIGUSR2) return;  // our own word that the command is over
      // nohup and background jobs of scripts ignore signals; a blocked one arrives here all the same.
      struct sigaction disposition {};
      if (::sigaction(signal, nullptr, &disposition) == 0 && disposition.sa_handler == SIG_IGN) continue;
      if (++count > 1) ::_exit(130);
      stop_.request_stop();  // first: a terminal that does not take the line must not hold the stop up
      LogWarning("stopping after the current unit; what is finished stays (once more to stop at once)");
    }
  });
}

StopOnSignals::~StopOnSignals() { pthread_kill(waiter_.native_handle(), SIGUSR2); }

}  // namespace reelswap
