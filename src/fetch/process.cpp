#include "fetch/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace reelswap {

namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kStdoutKept = size_t{1} << 20;
constexpr size_t kStderrKept = size_t{64} << 10;
constexpr size_t kLongestLine = size_t{1} << 20;
constexpr auto kTermGrace = std::chrono::seconds(2);
// A grandchild that left the process group may hold our pipes open for ever.
constexpr auto kDrainGrace = std::chrono::seconds(1);

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      Close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Descriptor() { Close(); }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void Close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

struct Pipe {
  Descriptor read_end;
  Descriptor write_end;

  bool Open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    read_end = Descriptor(ends[0]);
    write_end = Descriptor(ends[1]);
    return true;
  }
};

/// Keeps the last `limit` bytes of a stream.
class Tail {
 public:
  explicit Tail(size_t limit) : limit_(limit) {}
  void Append(const char* data, size_t size) {
    text_.append(data, size);
    if (text_.size() > 2 * limit_) text_.erase(0, text_.size() - limit_);
  }
  std::string Take() {
    if (text_.size() > limit_) text_.erase(0, text_.size() - limit_);
    return std::move(text_);
  }

 private:
  size_t limit_;
  std::string text_;
};

/// Cuts a stream into lines; the rest of a line beyond kLongestLine is dropped.
class LineCutter {
 public:
  explicit LineCutter(const std::function<void(const std::string&)>& on_line) : on_line_(on_line) {}

  void Append(const char* data, size_t size) {
    if (!on_line_) return;
    const char* const end = data + size;
    while (data != end) {
      const auto* newline = static_cast<const char*>(std::memchr(data, '\n', end - data));
      const char* const stop = newline != nullptr ? newline : end;
      const size_t room = kLongestLine - line_.size();
      line_.append(data, std::min<size_t>(room, stop - data));
      if (newline == nullptr) return;
      Emit();
      data = newline + 1;
    }
  }

  void Finish() {
    if (on_line_ && !line_.empty()) Emit();
  }

 private:
  void Emit() {
    std::string line = std::exchange(line_, {});
    if (!line.empty() && line.back() == '\r') line.pop_back();
    on_line_(line);
  }

  const std::function<void(const std::string&)>& on_line_;
  std::string line_;
};

/// Everything the child needs, laid out before fork: after it only async-signal-safe calls are
/// allowed, since other threads may have held any lock.
struct Launch {
  std::string program;
  std::string folder;
  std::vector<std::string> words;
  std::vector<std::string> settings;
  std::vector<char*> argv;
  std::vector<char*> envp;
  int64_t max_file_bytes = 0;

  explicit Launch(const ProcessOptions& options, const fs::path& file)
      : program(file.string()),
        folder(options.working_folder.string()),
        words(options.argv),
        max_file_bytes(options.max_file_bytes) {
    for (const auto& [name, value] : options.environment) settings.push_back(name + "=" + value);
    for (std::string& word : words) argv.push_back(word.data());
    for (std::string& setting : settings) envp.push_back(setting.data());
    argv.push_back(nullptr);
    envp.push_back(nullptr);
  }
};

[[noreturn]] void FailInChild(int status_fd) {
  const int reason = errno;
  const ssize_t ignored = ::write(status_fd, &reason, sizeof reason);
  static_cast<void>(ignored);
  ::_exit(127);
}

[[noreturn]] void BecomeProgram(const Launch& launch, int out, int err, int status_fd, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // the parent died before prctl took effect
  for (int number : {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGPIPE, SIGCHLD, SIGUSR1, SIGUSR2, SIGXFSZ}) {
    ::signal(number, SIG_DFL);
  }
  const int null = ::open("/dev/null", O_RDONLY);
  if (null < 0 || ::dup2(null, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(err, 2) < 0) FailInChild(status_fd);
  // Nothing else of ours (sockets, project files) may leak into a stranger's program.
  ::syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
  if (launch.max_file_bytes > 0) {
    const rlimit limit{static_cast<rlim_t>(launch.max_file_bytes),
                       static_cast<rlim_t>(launch.max_file_bytes)};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  if (!launch.folder.empty() && ::chdir(launch.folder.c_str()) != 0) FailInChild(status_fd);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(launch.program.c_str(), launch.argv.data(), launch.envp.data());
  FailInChild(status_fd);
}

/// A started program and its process group; whatever happens it is gone and reaped at the end.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (reaped_) return;
    Signal(SIGKILL);
    Reap();
  }
  pid_t pid() const { return pid_; }
  void Signal(int number) const { ::kill(-pid_, number); }

  /// True once the program ended. It stays a zombie until Reap(), so its group id is still ours.
  bool HasEnded() const {
    siginfo_t info{};
    return ::waitid(P_PID, pid_, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == pid_;
  }

  /// Exit code, or -signal.
  int Reap() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    reaped_ = true;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t pid_;
  bool reaped_ = false;
};

/// fork with all signals blocked, so that no handler of ours runs in the child.
pid_t ForkProgram(const Launch& launch, const Pipe& out, const Pipe& err, const Pipe& status) {
  const pid_t parent = ::getpid();
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::fork();
  if (pid == 0) {
    BecomeProgram(launch, out.write_end.get(), err.write_end.get(), status.write_end.get(), parent);
  }
  const int reason = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid > 0) ::setpgid(pid, pid);  // both sides do it: whoever comes first
  errno = reason;
  return pid;
}

/// errno of a failed start, 0 once the program runs (the pipe closes on exec).
int WaitForStart(Pipe& status) {
  status.write_end.Close();
  int reason = 0;
  ssize_t got;
  do {
    got = ::read(status.read_end.get(), &reason, sizeof reason);
  } while (got < 0 && errno == EINTR);
  return got == sizeof reason ? reason : 0;
}

class Run {
 public:
  Run(const ProcessOptions& options, std::stop_token stop)
      : options_(options), stop_(std::move(stop)), lines_(options.on_stdout_line) {}

  ProcessResult operator()() {
    const auto own_path = options_.environment.find("PATH");
    const auto file = FindProgram(options_.argv.front(),
                                  own_path != options_.environment.end() ? own_path->second : SearchPath());
    if (!file) return NotStarted("no such program");
    Pipe status;
    wake_ = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!out_.Open() || !err_.Open() || !status.Open() || !wake_.open())
      return NotStarted(std::strerror(errno));
    const Launch launch(options_, *file);
    const pid_t pid = ForkProgram(launch, out_, err_, status);
    if (pid < 0) return NotStarted(std::strerror(errno));
    Child child(pid);
    out_.write_end.Close();
    err_.write_end.Close();
    if (const int reason = WaitForStart(status); reason != 0) return NotStarted(std::strerror(reason));
    result_.started = true;
    Watch(child);
    result_.exit_code = child.Reap();
    lines_.Finish();
    result_.stdout_text = stdout_tail_.Take();
    result_.stderr_text = stderr_tail_.Take();
    return std::move(result_);
  }

 private:
  static ProcessResult NotStarted(const std::string& reason) {
    ProcessResult result;
    result.stderr_text = reason;
    return result;
  }

  void Watch(Child& child) {
    const auto started = Clock::now();
    // Kernels before 5.3 have no pidfd: there the loop looks every 20 ms instead.
    Descriptor pid_fd(static_cast<int>(::syscall(SYS_pidfd_open, child.pid(), 0U)));
    const std::stop_callback waker(stop_, [this] { ::eventfd_write(wake_.get(), 1); });
    auto deadline = Clock::time_point::max();
    if (options_.timeout_seconds > 0) {
      deadline = started + std::chrono::duration_cast<Clock::duration>(
                               std::chrono::duration<double>(options_.timeout_seconds));
    }
    bool ended = false, asked = false, killed = false;
    while (!ended || out_.read_end.open() || err_.read_end.open()) {
      const bool blind = !pid_fd.open() && !ended;
      Await(ended ? -1 : pid_fd.get(), asked || ended ? -1 : wake_.get(), deadline, blind);
      const auto now = Clock::now();
      if (!ended && child.HasEnded()) {
        ended = true;
        child.Signal(SIGKILL);  // leftovers of its group
        deadline = now + kDrainGrace;
      } else if (ended && now >= deadline) {
        return;
      } else if (!ended && !asked && (stop_.stop_requested() || now >= deadline)) {
        result_.timed_out = !stop_.stop_requested();
        child.Signal(SIGTERM);
        asked = true;
        deadline = now + kTermGrace;
      } else if (asked && !killed && !ended && now >= deadline) {
        child.Signal(SIGKILL);
        killed = true;
        deadline = Clock::time_point::max();
      }
    }
  }

  /// Sleeps until something happens and reads what came.
  void Await(int pid_fd, int wake_fd, Clock::time_point deadline, bool blind) {
    std::array<pollfd, 4> watched{{{out_.read_end.get(), POLLIN, 0},
                                   {err_.read_end.get(), POLLIN, 0},
                                   {wake_fd, POLLIN, 0},
                                   {pid_fd, POLLIN, 0}}};
    int timeout_ms = blind ? 20 : -1;
    if (deadline != Clock::time_point::max()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
      const int left_ms = static_cast<int>(std::clamp<int64_t>(left, 0, 60'000));
      timeout_ms = blind ? std::min(20, left_ms) : left_ms;
    }
    if (::poll(watched.data(), watched.size(), timeout_ms) < 0) return;  // EINTR: look around and come back
    if (watched[0].revents != 0) {
      Read(out_.read_end, [this](const char* data, size_t size) {
        stdout_tail_.Append(data, size);
        lines_.Append(data, size);
      });
    }
    if (watched[1].revents != 0) {
      Read(err_.read_end, [this](const char* data, size_t size) { stderr_tail_.Append(data, size); });
    }
  }

  template <typename Take>
  void Read(Descriptor& from, Take take) {
    const ssize_t got = ::read(from.get(), buffer_.data(), buffer_.size());
    if (got > 0) {
      take(buffer_.data(), static_cast<size_t>(got));
    } else if (got == 0 || errno != EINTR) {
      from.Close();
    }
  }

  const ProcessOptions& options_;
  std::stop_token stop_;
  ProcessResult result_;
  Descriptor wake_;
  Pipe out_;
  Pipe err_;
  Tail stdout_tail_{kStdoutKept};
  Tail stderr_tail_{kStderrKept};
  LineCutter lines_;
  std::array<char, 65536> buffer_;
};

bool IsExecutableFile(const fs::path& file) {
  std::error_code ignored;
  return fs::is_regular_file(file, ignored) && ::access(file.c_str(), X_OK) == 0;
}

}  // namespace

std::string SearchPath() {
  const char* path = std::getenv("PATH");
  return path != nullptr && *path != '\0' ? path : "/usr/local/bin:/usr/bin:/bin";
}

std::optional<fs::path> FindProgram(const std::string& name, const std::string& search_path) {
  if (name.empty()) return std::nullopt;
  if (name.find('/') != std::string::npos) {
    // Absolute, since the child may be started in another folder.
    return IsExecutableFile(name) ? std::optional(fs::absolute(name)) : std::nullopt;
  }
  size_t begin = 0;
  while (begin <= search_path.size()) {
    const size_t end = std::min(search_path.find(':', begin), search_path.size());
    const fs::path folder = search_path.substr(begin, end - begin);
    if (folder.is_absolute() && IsExecutableFile(folder / name)) return folder / name;
    begin = end + 1;
  }
  return std::nullopt;
}

ProcessResult RunProcess(const ProcessOptions& options, std::stop_token stop) {
  if (options.argv.empty()) throw std::invalid_argument("RunProcess: argv is empty");
  return Run(options, std::move(stop))();
}

}  // namespace reelswap
