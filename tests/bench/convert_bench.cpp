// What converting costs: frames per second and core-milliseconds of every stage at several sizes, with one and three
// faces in the picture, as a share of what decoding and encoding alone reach in the same run. Starts the program
// itself. Identity weights, where REELSWAP_IDENTITY_WEIGHTS names them, let it swap two people in the pictures with three.
//   convert_bench [--seconds 10] [--grain 1.5] [--sizes 480,720,1080,2160] [--faces 1,3] [--rounds 3]
//   convert_bench --memory 20,1800     peak memory of VGA videos of these lengths
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>
#include <sstream>
#include <thread>
#include <vector>

#include "core/files.h"
#include "media/video_reader.h"
#include "media/video_writer.h"
#include "testing/temp_dir.h"

namespace {

namespace fs = std::filesystem;
using namespace reelswap;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

const fs::path kDemo = fs::path(REELSWAP_SOURCE_DIR) / "data/demo";

std::vector<cv::Mat> ReadClip(const fs::path& path) {
  std::vector<cv::Mat> pictures;
  VideoReader reader(path);
  while (auto frame = reader.Next()) pictures.push_back(frame->Bgr());
  return pictures;
}

/// The heads of the demo's clips beside each other, scaled to the picture's height (one) or a third of its width each.
cv::Mat Arrange(const std::vector<const cv::Mat*>& heads, cv::Size size) {
  cv::Mat whole(size, CV_8UC3, cv::Scalar::all(70));
  const int cell = size.width / static_cast<int>(heads.size());
  for (size_t i = 0; i < heads.size(); ++i) {
    const cv::Mat& head = *heads[i];
    const double scale = heads.size() == 1 ? static_cast<double>(size.height) / head.rows
                                           : std::min(static_cast<double>(size.height) / head.rows,
                                                      static_cast<double>(cell) / head.cols);
    cv::Mat scaled;
    cv::resize(head, scaled, {}, scale, scale, cv::INTER_CUBIC);
    const cv::Rect place(static_cast<int>(i) * cell + (cell - scaled.cols) / 2, (size.height - scaled.rows) / 2,
                         scaled.cols, scaled.rows);
    const cv::Rect seen = place & cv::Rect({}, size);
    scaled(seen - place.tl()).copyTo(whole(seen));
  }
  return whole;
}

/// The demo's clips forwards and backwards for `seconds` at 30 frames/s, with grain of this strength.
void WriteVideo(const fs::path& path, cv::Size size, int faces, double seconds, double grain) {
  const std::vector<cv::Mat> ava = ReadClip(kDemo / "ava_target.mp4"), ben = ReadClip(kDemo / "ben_1.mp4"),
                             other = ReadClip(kDemo / "ava_1.mp4");
  WriteOptions options;
  options.video = ProbeVideo(kDemo / "ava_target.mp4");
  options.video.format.width = size.width;
  options.video.format.height = size.height;
  options.video.time_base = {1, 30};
  options.video.frame_rate = {30, 1};
  VideoWriter writer(path, options);
  const size_t last = std::min({ava.size(), ben.size(), other.size()}) - 1;
  cv::RNG random(5);
  std::vector<cv::Mat> noise(8);
  for (cv::Mat& n : noise) {
    n = cv::Mat(size, CV_16SC1);
    random.fill(n, cv::RNG::NORMAL, 0, grain);
  }
  for (int i = 0; i < static_cast<int>(seconds * 30); ++i) {
    const size_t phase = static_cast<size_t>(i) % (2 * last), at = phase <= last ? phase : 2 * last - phase;
    std::vector<const cv::Mat*> heads{&ava[at]};
    if (faces > 1) heads = {&ben[at], &ava[at], &other[at]};
    Frame frame = Frame::FromBgr(Arrange(heads, size), options.video.format, i, i);
    if (grain > 0) {
      cv::Mat luma = frame.Plane(0), sum;
      cv::add(luma, noise[static_cast<size_t>(i) % noise.size()], sum, cv::noArray(), CV_8U);
      sum.copyTo(luma);
    }
    writer.Write(frame);
  }
  writer.Commit();
}

struct Codec {
  double frames_per_second = 0;
  double core_ms = 0;
};

double ProcessSeconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

/// Decoding and encoding with the settings of a conversion, overlapped, and nothing between them.
Codec MeasureCodec(const fs::path& video, const fs::path& copy) {
  const auto start = Clock::now();
  const double busy = ProcessSeconds();
  ReadOptions read;
  read.threads = 1;
  VideoReader reader(video, read);
  WriteOptions options;
  options.video = reader.info();
  options.encoder.threads = static_cast<int>(std::thread::hardware_concurrency());
  VideoWriter writer(copy, options);
  int frames = 0;
  auto next = std::async(std::launch::async, [&] { return reader.Next(); });
  while (auto frame = next.get()) {
    next = std::async(std::launch::async, [&] { return reader.Next(); });
    writer.Write(*frame);
    ++frames;
  }
  writer.Commit();
  fs::remove(copy);
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return {frames / seconds, 1000 * (ProcessSeconds() - busy) / frames};
}

/// Peak memory of a running process, MB. What wait4 tells includes this program's own, from before exec.
double PeakOf(pid_t pid) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::atof(line.c_str() + 6) / 1024;
  }
  return 0;
}

/// Runs the program; returns its peak memory, MB.
double Start(const std::vector<std::string>& arguments, const fs::path& folder) {
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
  int status = 0;
  double peak = 0;
  for (int looks = 0; ::waitpid(pid, &status, WNOHANG) == 0; ++looks) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (looks > 2) peak = std::max(peak, PeakOf(pid));  // by now it is the program's
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    std::fprintf(stderr, "failed:\n%s\n", ReadFile(folder / "bench.log").c_str());
    std::exit(1);
  }
  return peak;
}

json TargetItem(const fs::path& folder) {
  const json report = json::parse(ReadFile(folder / "data/bench/report.json"));
  for (const json& item : report.at("items")) {
    if (item.at("stage") == "target") return item;
  }
  std::exit(1);
}

bool HaveIdentity() {
  const char* weights = std::getenv("REELSWAP_IDENTITY_WEIGHTS");
  return weights != nullptr && fs::exists(weights);
}

void WriteProject(const fs::path& folder, const std::string& target, bool both) {
  std::ofstream(folder / "bench.yaml")
      << "version: 1\nname: bench\npeople:\n  ava: {consent: \"virtual actor\", sources: [" << (kDemo / "ava_1.mp4").string()
      << "]}\n  ben: {consent: \"virtual actor\", sources: [" << (kDemo / "ben_1.mp4").string()
      << "]}\nsample: {every: 12}\ntrain: {model: light, batch: 8, stop: {iterations: 400}}\n"
      << "convert:\n  - {target: " << target << ", swap: {ava: ben" << (both ? ", ben: ava" : "")
      << "}, side_by_side: off, fade_profiles: false}\n";
}

/// Peak memory, MB.
double Convert(const fs::path& folder, const std::string& video, bool both) {
  WriteProject(folder, video, both);
  if (!fs::exists(folder / "data/bench/model")) {
    Start({"preprocess", "bench.yaml"}, folder);
    Start({"train", "bench.yaml"}, folder);
  }
  fs::remove_all(folder / "data/bench/output");
  fs::remove_all(folder / "data/bench/convert");
  return Start({"convert", "bench.yaml"}, folder);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void Measure(const fs::path& folder, const std::string& video, int faces, int rounds) {
  const bool both = faces > 1 && HaveIdentity();
  std::vector<double> rates, ceilings, shares;
  json item;
  Codec codec;
  double peak = 0;
  for (int i = 0; i < rounds; ++i) {
    codec = MeasureCodec(folder / video, folder / "copy.mp4");
    peak = Convert(folder, video, both);
    item = TargetItem(folder);
    rates.push_back(item.at("numbers").at("frames_per_second").get<double>());
    ceilings.push_back(codec.frames_per_second);
    shares.push_back(rates.back() / ceilings.back());
  }
  fmt::print("{:<10} {} face{}: {:6.1f} frames/s, codec alone {:6.1f} ({:.1f} core-ms): {:3.0f} %; peak {:.0f} MB\n  core-ms:",
             video, faces, faces > 1 ? "s" : " ", Median(rates), Median(ceilings), codec.core_ms, 100 * Median(shares), peak);
  const double frames = item.at("numbers").at("frames").get<double>();
  double sum = 0;
  for (const auto& [stage, busy] : item.at("stage_seconds").items()) {
    fmt::print(" {} {:.2f},", stage, 1000 * busy.get<double>() / frames);
    sum += 1000 * busy.get<double>() / frames;
  }
  fmt::print(" sum {:.1f}\n", sum);
  std::fflush(stdout);
}

std::vector<int> Numbers(const char* text) {
  std::vector<int> numbers;
  std::stringstream in(text);
  for (std::string one; std::getline(in, one, ',');) numbers.push_back(std::atoi(one.c_str()));
  return numbers;
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 10, grain = 1.5;
  int rounds = 3;
  std::vector<int> sizes{480, 720, 1080, 2160}, faces{1, 3}, lengths;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!std::strcmp(argv[i], "--seconds")) seconds = std::atof(argv[i + 1]);
    if (!std::strcmp(argv[i], "--grain")) grain = std::atof(argv[i + 1]);
    if (!std::strcmp(argv[i], "--rounds")) rounds = std::max(1, std::atoi(argv[i + 1]));
    if (!std::strcmp(argv[i], "--sizes")) sizes = Numbers(argv[i + 1]);
    if (!std::strcmp(argv[i], "--faces")) faces = Numbers(argv[i + 1]);
    if (!std::strcmp(argv[i], "--memory")) lengths = Numbers(argv[i + 1]);
  }
  const reelswap::testing::TempDir dir;
  std::vector<double> peaks;
  for (const int length : lengths) {
    WriteVideo(dir / "length.mp4", {640, 480}, 1, length, 0);
    peaks.push_back(Convert(dir.path(), "length.mp4", false));
    fmt::print("{} s: peak {:.0f} MB, {:.3f} of the first\n", length, peaks.back(), peaks.back() / peaks.front());
    std::fflush(stdout);
    if (peaks.back() > 1.1 * peaks.front()) return 1;  // memory must not grow with the video
  }
  if (!lengths.empty()) return 0;
  for (const int height : sizes) {
    for (const int count : faces) {
      const cv::Size size(height == 480 ? 640 : height * 16 / 9, height);
      const std::string video = fmt::format("{}p.mp4", height);
      WriteVideo(dir / video, size, count, seconds, grain);
      Measure(dir.path(), video, count, rounds);
    }
  }
  return 0;
}
