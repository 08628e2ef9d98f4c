// Whole-program numbers: sampling with detection, conversion with the share of every stage, and peak
// memory against the length of the video. Starts the program itself; prints a table.
//   whole_program_bench [--seconds 20] [--long 200] [--skip-long]
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "core/files.h"
#include "media/video_reader.h"
#include "media/video_writer.h"
#include "testing/temp_dir.h"

namespace {

namespace fs = std::filesystem;
using namespace reelswap;
using nlohmann::json;

const fs::path kDemo = fs::path(REELSWAP_SOURCE_DIR) / "data/demo";

/// The target clip of the demo, forwards and backwards, for `seconds` at 30 frames/s.
void WriteLoop(const fs::path& path, cv::Size size, double seconds) {
  std::vector<cv::Mat> pictures;
  VideoReader reader(kDemo / "ava_target.mp4");
  WriteOptions options;
  options.video = reader.info();
  while (auto frame = reader.Next()) pictures.push_back(frame->Bgr());
  FrameFormat& format = options.video.format;
  format.width = size.width;
  format.height = size.height;
  options.video.time_base = {1, 30};
  options.video.frame_rate = {30, 1};
  VideoWriter writer(path, options);
  const int count = static_cast<int>(seconds * 30), last = static_cast<int>(pictures.size()) - 1;
  std::vector<Frame> frames;
  for (const cv::Mat& picture : pictures) {
    // 16:9 pictures keep the head's proportions: scaled to the height, the sides filled.
    cv::Mat scaled, whole;
    const double scale = static_cast<double>(size.height) / picture.rows;
    cv::resize(picture, scaled, {}, scale, scale, cv::INTER_CUBIC);
    const int side = std::max(0, size.width - scaled.cols);
    cv::copyMakeBorder(scaled, whole, 0, 0, side / 2, side - side / 2, cv::BORDER_REPLICATE);
    frames.push_back(Frame::FromBgr(whole(cv::Rect(0, 0, size.width, size.height)), format, 0, 0));
  }
  for (int i = 0; i < count; ++i) {
    const int phase = i % (2 * last);
    Frame frame = frames[static_cast<size_t>(phase <= last ? phase : 2 * last - phase)];
    frame.set_pts(i);
    writer.Write(frame);
  }
  writer.Commit();
}

struct Run {
  double seconds = 0;
  double peak_mb = 0;
};

Run Start(const std::vector<std::string>& arguments, const fs::path& folder) {
  std::vector<std::string> words = {REELSWAP_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::fflush(stdout);  // or the child would print it again
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (::chdir(folder.c_str()) != 0 || std::freopen("bench.log", "a", stdout) == nullptr) ::_exit(126);
    ::dup2(STDOUT_FILENO, STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  const auto start = std::chrono::steady_clock::now();
  int status = 0;
  rusage usage{};
  ::wait4(pid, &status, 0, &usage);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    std::fprintf(stderr, "failed, see %s\n", (folder / "bench.log").c_str());
    std::exit(1);
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return {seconds, static_cast<double>(usage.ru_maxrss) / 1024};
}

json ItemOf(const fs::path& folder, const std::string& stage, const std::string& name_part) {
  const json report = json::parse(ReadFile(folder / "data/bench/report.json"));
  for (const json& item : report.at("items")) {
    if (item.at("stage") == stage && item.at("name").get<std::string>().find(name_part) != std::string::npos) return item;
  }
  std::fprintf(stderr, "no %s item in the report\n", stage.c_str());
  std::exit(1);
}

void WriteProject(const fs::path& folder, const std::string& source, const std::string& target, int every) {
  std::ofstream(folder / "bench.yaml")
      << "version: 1\nname: bench\npeople:\n  ava: {consent: \"virtual actor\", sources: [" << source
      << "]}\n  ben: {consent: \"virtual actor\", sources: [" << (kDemo / "ben_1.mp4").string()
      << "]}\nsample: {every: " << every << "}\ntrain: {model: light, batch: 4, stop: {iterations: 2}}\n"
      << "convert:\n  - {target: " << target << ", swap: {ava: ben}, side_by_side: off}\n";
}

void MeasureSampling(const fs::path& folder, const std::string& video) {
  for (int every : {1, 6}) {
    WriteProject(folder, video, video, every);
    fs::remove_all(folder / "data");
    Start({"preprocess", "bench.yaml"}, folder);
    const json item = ItemOf(folder, "source", video);
    const json& numbers = item.at("numbers");
    fmt::print("sample+detect  {:<14} one in {}: {:6.1f} frames/s decoded, {:6.1f}/s searched\n", video, every,
               numbers.at("frames_per_second").get<double>(), numbers.at("sampled_per_second").get<double>());
  }
}

double MeasureConversion(const fs::path& folder, const std::string& video) {
  WriteProject(folder, (kDemo / "ava_1.mp4").string(), video, 12);
  fs::remove_all(folder / "data/bench/output");
  Start({"preprocess", "bench.yaml"}, folder);
  Start({"train", "bench.yaml"}, folder);
  const Run run = Start({"convert", "bench.yaml"}, folder);
  const json item = ItemOf(folder, "target", video);
  const json& numbers = item.at("numbers");
  fmt::print("convert        {:<14} {:6.1f} frames/s, peak {:.0f} MB; core-ms a frame:", video,
             numbers.at("frames_per_second").get<double>(), run.peak_mb);
  const double frames = numbers.at("frames").get<double>();
  for (const auto& [stage, busy] : item.at("stage_seconds").items()) {
    fmt::print(" {} {:.2f}", stage, 1000 * busy.get<double>() / frames);
  }
  fmt::print("\n");
  std::fflush(stdout);
  return run.peak_mb;
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 20, long_seconds = 200;
  for (int i = 1; i < argc; ++i) {
    if (!std::strcmp(argv[i], "--seconds") && i + 1 < argc) seconds = std::atof(argv[++i]);
    if (!std::strcmp(argv[i], "--long") && i + 1 < argc) long_seconds = std::atof(argv[++i]);
    if (!std::strcmp(argv[i], "--skip-long")) long_seconds = 0;
  }
  const reelswap::testing::TempDir dir;
  fmt::print("start-up of --version: {:.2f} s\n", Start({"--version"}, dir.path()).seconds);
  WriteLoop(dir / "vga.mp4", {640, 480}, seconds);
  WriteLoop(dir / "hd.mp4", {1920, 1080}, seconds);
  MeasureSampling(dir.path(), "vga.mp4");
  MeasureSampling(dir.path(), "hd.mp4");
  const double short_peak = MeasureConversion(dir.path(), "vga.mp4");
  MeasureConversion(dir.path(), "hd.mp4");
  if (long_seconds > 0) {
    WriteLoop(dir / "long.mp4", {640, 480}, long_seconds);
    const double long_peak = MeasureConversion(dir.path(), "long.mp4");
    fmt::print("peak memory of {:.0f} s against {:.0f} s: {:.3f}\n", long_seconds, seconds, long_peak / short_peak);
    if (long_peak > 1.1 * short_peak) return 1;  // memory must not grow with the video
  }
  return 0;
}
