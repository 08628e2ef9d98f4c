#include "pipeline/doctor.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "core/error.h"
#include "face/face_detector.h"
#include "face/face_embedder.h"
#include "fetch/fetch.h"
#include "media/video_writer.h"
#include "model/face_swapper.h"

namespace reelswap {
namespace {

using State = DoctorFinding::State;

void ExamineTorch(std::vector<DoctorFinding>& findings) {
  const TorchInfo torch = DescribeTorch();
  findings.push_back({State::kGood, "LibTorch", fmt::format("{}, {}", torch.version, torch.device), ""});
  if (!torch.cuda_available) {
    findings.push_back({State::kGood, "CUDA", "not used (this LibTorch or this machine has none)",
                        "for a GPU build against a CUDA LibTorch 2.x: cmake --fresh -S . -B build -G Ninja "
                        "-DCMAKE_PREFIX_PATH=/path/to/libtorch"});
  } else {
    findings.push_back({State::kGood, "CUDA", "available", ""});
  }
  if (torch.blas_is_reference) {
    findings.push_back({State::kWarning, "BLAS", torch.blas + ": dense layers run 20 to 50 times too slow",
                        "apt-get install libopenblas0-openmp"});
  } else {
    findings.push_back({State::kGood, "BLAS", torch.blas, ""});
  }
  findings.push_back({torch.cpu_bf16 || torch.cuda_available ? State::kGood : State::kWarning, "bf16",
                      torch.cpu_bf16 ? "the processor has bf16 instructions: training runs in mixed precision"
                                     : "the processor has none: CPU training runs in fp32, about half as fast",
                      ""});
}

void ExamineYtDlp(const std::string& program, std::vector<DoctorFinding>& findings) {
  const auto version = YtDlpVersion(program);
  const std::string newest = "install the newest: pipx install yt-dlp (then name it with download: {ytdlp: PATH})";
  if (!version) {
    findings.push_back({State::kWarning, "yt-dlp", "not found: pages (YouTube and the like) cannot be downloaded",
                        "apt-get install yt-dlp, or " + newest});
    return;
  }
  const int age = AgeInDays(*version);
  if (age > 183) {
    findings.push_back({State::kWarning, "yt-dlp", fmt::format("{}, {} months old: sites change faster than that, "
                                                               "YouTube will probably refuse", *version, age / 30),
                        newest});
  } else {
    findings.push_back({State::kGood, "yt-dlp", *version, ""});
  }
}

void ExamineIdentity(std::vector<DoctorFinding>& findings) {
  const std::string pull = "reelswap weights pull";
  const auto weights = FindIdentityWeights();
  if (!weights) {
    findings.push_back({State::kWarning, "identity", "the weights that tell people apart are not here: models are "
                                                     "scored without looking at whose face it is", pull});
    return;
  }
  try {
    const FaceEmbedder embedder(*weights);
    findings.push_back({State::kGood, "identity", weights->string(), ""});
  } catch (const Error& e) {
    findings.push_back({State::kWarning, "identity", e.what(), pull});
  }
}

void ExamineDisk(std::vector<DoctorFinding>& findings) {
  std::error_code ec;
  const auto space = std::filesystem::space(".", ec);
  if (ec) return;
  const double free_gb = static_cast<double>(space.available) / 1e9;
  findings.push_back({free_gb < 5 ? State::kWarning : State::kGood, "disk", fmt::format("{:.0f} GB free here", free_gb),
                      free_gb < 5 ? "a checkpoint of `original` takes 1 GB and is written beside the old one: free some"
                                  : ""});
}

}  // namespace

int AgeInDays(const std::string& version) {
  int year = 0;
  unsigned month = 0, day = 0;
  if (std::sscanf(version.c_str(), "%4d.%2u.%2u", &year, &month, &day) != 3) return -1;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  if (!date.ok()) return -1;
  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  return static_cast<int>((today - std::chrono::sys_days(date)).count());
}

std::vector<DoctorFinding> ExamineMachine(const std::string& ytdlp_program) {
  std::vector<DoctorFinding> findings;
  const double memory_gb = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGE_SIZE)) / 1e9;
  findings.push_back({State::kGood, "machine", fmt::format("{} cores, {:.0f} GB of memory",
                                                           std::thread::hardware_concurrency(), memory_gb), ""});
  ExamineTorch(findings);
  std::string encoders;
  for (const std::string& encoder : WorkingEncoders()) encoders += (encoders.empty() ? "" : ", ") + encoder;
  findings.push_back({encoders.empty() ? State::kMissing : State::kGood, "encoders",
                      encoders.empty() ? "none opens" : encoders, encoders.empty() ? "apt-get install libavcodec59" : ""});
  findings.push_back({State::kGood, "FFmpeg", LibavVersion(), ""});
  const std::string weights = LandmarkWeightsPath();
  findings.push_back({weights.empty() ? State::kMissing : State::kGood, "landmarks",
                      weights.empty() ? "the 68-point weights are not installed" : weights,
                      weights.empty() ? "apt-get install libdlib-data" : ""});
  ExamineIdentity(findings);
  ExamineYtDlp(ytdlp_program, findings);
  ExamineDisk(findings);
  return findings;
}

}  // namespace reelswap
