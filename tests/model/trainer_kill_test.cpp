#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <random>

#include "core/photo.h"
#include "model/trainer_fixture.h"

extern char** environ;

namespace reelswap {
namespace {

using ::testing::IsEmpty;
using testing::Differences;
using testing::kStored;
using testing::TempDir;
namespace fs = std::filesystem;

constexpr const char* kFolderVariable = "REELSWAP_TEST_TRAIN_IN";
constexpr const char* kFacesVariable = "REELSWAP_TEST_TRAIN_FACES";
constexpr int kReports = 3;  // file descriptor of the child
constexpr int64_t kIterations = 24, kSaveEvery = 3;

TrainOptions ChildOptions() {
  TrainOptions options;
  options.architecture = "light";
  options.batch = 2;
  options.iterations = kIterations;
  options.save_every = kSaveEvery;
  options.score_every = 4;
  options.milestone_every = 6;
  options.preview_every = 1000;
  options.device = "cpu";
  options.threads = 1;
  return options;
}

/// The training that is killed. Says before every step how many are done.
void TrainAsChild() {
  const fs::path faces = std::getenv(kFacesVariable);
  const std::vector<TrainingFaces> people = {{"anna", ListPhotos(faces / "anna"), {}, {}},
                                             {"bert", ListPhotos(faces / "bert"), {}, {}}};
  TrainHooks hooks;
  hooks.score = [](const SwapFunction& swap) {  // decided by the weights alone
    const std::vector<SwappedCrop> swapped = swap(std::vector<cv::Mat>{testing::DrawFace(0, 3, 64)}, "bert");
    return HeldOutScore{cv::mean(swapped[0].image)[1] / 255, {}};
  };
  TrainingSeams seams;
  seams.before_step = [](int64_t iteration, int) {
    if (::write(kReports, &iteration, sizeof(iteration)) != sizeof(iteration)) std::abort();
  };
  NullProgress progress;
  RunTraining({std::getenv(kFolderVariable), people, kStored, ChildOptions(), std::nullopt, progress, {}, hooks},
              seams);
}

/// Never run by itself: the tests below start this program anew with this one test.
TEST(TrainerKillChild, DISABLED_Trains) {
  if (std::getenv(kFolderVariable) == nullptr) GTEST_SKIP() << "only for the tests that kill a training";
  TrainAsChild();
}

class TrainerKillTest : public ::testing::Test {
 protected:
  TrainerKillTest() {
    testing::WriteDrawnFaces(dir_ / "faces" / "anna", 0, 6, kStored.size);
    testing::WriteDrawnFaces(dir_ / "faces" / "bert", 1, 6, kStored.size);
  }

  struct Outcome {
    bool killed = false;
    int64_t first = -1;    ///< steps done when it began
    int64_t last = -1;     ///< steps it surely did in the end
    double seconds = 0;    ///< from the first step to the end
  };

  /// Runs the child in `folder` and kills it `seconds` after its start, or after its first step; never if negative.
  Outcome RunChild(const fs::path& folder, double seconds, bool from_first_step) {
    int reports[2];
    EXPECT_EQ(::pipe2(reports, O_CLOEXEC), 0);
    const pid_t child = Spawn(folder, reports[1]);
    ::close(reports[1]);
    Outcome outcome;
    using Clock = std::chrono::steady_clock;
    const auto after = [](double s) { return Clock::now() + std::chrono::microseconds(static_cast<int64_t>(s * 1e6)); };
    auto first_step = Clock::now();
    auto deadline = seconds < 0 || from_first_step ? Clock::time_point::max() : after(seconds);
    for (;;) {
      pollfd wanted{reports[0], POLLIN, 0};
      int wait = -1;
      if (deadline != Clock::time_point::max()) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        wait = static_cast<int>(std::max<int64_t>(0, left));
      }
      if (::poll(&wanted, 1, wait) == 0) {
        ::kill(child, SIGKILL);
        deadline = Clock::time_point::max();  // read what it still said
        continue;
      }
      int64_t iteration = 0;
      if (::read(reports[0], &iteration, sizeof(iteration)) != sizeof(iteration)) break;
      if (outcome.first < 0) {
        outcome.first = iteration;
        first_step = Clock::now();
        if (seconds >= 0 && from_first_step) deadline = after(seconds);
      }
      outcome.last = iteration;
    }
    ::close(reports[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    outcome.killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    EXPECT_TRUE(outcome.killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) << status;
    outcome.seconds = std::chrono::duration<double>(Clock::now() - first_step).count();
    return outcome;
  }

  pid_t Spawn(const fs::path& folder, int reports) {
    std::vector<std::string> variables = {std::string(kFolderVariable) + "=" + folder.string(),
                                          std::string(kFacesVariable) + "=" + (dir_ / "faces").string()};
    std::vector<char*> environment;
    for (char** variable = environ; *variable != nullptr; ++variable) environment.push_back(*variable);
    for (std::string& variable : variables) environment.push_back(variable.data());
    environment.push_back(nullptr);
    std::vector<std::string> words = {"model_test", "--gtest_filter=TrainerKillChild.DISABLED_Trains",
                                      "--gtest_also_run_disabled_tests"};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, reports, kReports);
    pid_t child = 0;
    EXPECT_EQ(::posix_spawn(&child, "/proc/self/exe", &actions, nullptr, arguments.data(), environment.data()), 0);
    posix_spawn_file_actions_destroy(&actions);
    return child;
  }

  /// Kills trainings `kills` times at instants drawn from `seed`, and sees that they come to the same end.
  void KillAndResume(int kills, unsigned seed) {
    const fs::path whole = dir_ / "whole";
    const Outcome reference = RunChild(whole, -1, false);
    ASSERT_EQ(reference.first, 0);
    ASSERT_EQ(reference.last, kIterations - 1);
    // Two and a half checkpoints' time: most runs get one further, some are killed before they do.
    const double window = 2.5 * reference.seconds * kSaveEvery / kIterations;
    std::mt19937 random(seed);
    int done = 0, trainings = 0;
    while (done < kills) {
      const fs::path folder = dir_ / ("killed" + std::to_string(trainings++));
      int64_t safe = 0;  // steps that cannot be lost any more
      for (bool finished = false; !finished;) {
        // Also while the program starts and loads; and no more kills once there were enough.
        const double instant = std::uniform_real_distribution<>(0, window)(random);
        const bool from_first_step = random() % 8 != 0;
        const Outcome outcome = RunChild(folder, done < kills ? instant : -1, from_first_step);
        if (outcome.first >= 0) {
          ASSERT_GE(outcome.first, safe) << "more than a checkpoint interval is lost after " << done << " kills";
          safe = std::max(safe, outcome.last / kSaveEvery * kSaveEvery);
        }
        finished = !outcome.killed;
        done += outcome.killed ? 1 : 0;
      }
      ExpectSame(folder, whole);
      if (::testing::Test::HasFailure()) return;
      fs::remove_all(folder);
    }
    SUCCEED() << done << " kills of " << trainings << " trainings";
    RecordProperty("kills", done);
  }

  static void ExpectSame(const fs::path& folder, const fs::path& whole) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(whole)) names.push_back(entry.path().filename().string());
    for (const std::string& name : names) {
      ASSERT_TRUE(fs::exists(folder / name)) << name;
      if (fs::path(name).extension() != ".safetensors") continue;
      EXPECT_THAT(Differences(folder / name, whole / name), IsEmpty()) << name;
      EXPECT_EQ(ReadWeightsInfo(folder / name).iterations, ReadWeightsInfo(whole / name).iterations) << name;
    }
    for (const auto& entry : fs::directory_iterator(folder)) {
      const std::string name = entry.path().filename().string();
      if (name == "earlier") continue;  // of a run that was killed before its first checkpoint
      EXPECT_TRUE(fs::exists(whole / name)) << name << " is left over";
    }
  }

  TempDir dir_;
};

TEST_F(TrainerKillTest, LosesAtMostACheckpointIntervalAndEndsTheSameAfterAFewKills) { KillAndResume(6, 1); }

TEST_F(TrainerKillTest, SlowLosesAtMostACheckpointIntervalAndEndsTheSameAfterFiftyKills) { KillAndResume(50, 2); }

}  // namespace
}  // namespace reelswap
