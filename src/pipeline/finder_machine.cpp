#include "pipeline/finder_machine.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <thread>

#include "model/face_swapper.h"
#include "pipeline/finder.h"

namespace reelswap {
namespace {

/// Logical cores that share a physical one list each other in the same text.
int CountPhysicalCores(int cores) {
  std::set<std::string> siblings;
  for (int i = 0; i < cores; ++i) {
    std::string list;
    std::ifstream file("/sys/devices/system/cpu/cpu" + std::to_string(i) + "/topology/thread_siblings_list");
    if (!std::getline(file, list)) return cores;
    siblings.insert(list);
  }
  return static_cast<int>(siblings.size());
}

/// What a training with these settings computes on, in the words of DescribeTorch.
std::string DescribeDevice(const std::string& requested, const std::string& precision) {
  const TorchInfo torch = DescribeTorch();
  std::string device = torch.device;
  if (requested == "cpu") device = torch.cpu_bf16 ? "cpu (bf16)" : "cpu (fp32)";
  if (requested == "cuda" && !torch.cuda_available) return "cuda: none";  // the training will say so
  constexpr std::string_view kBf16 = "(bf16)";
  if (precision == "fp32" && device.ends_with(kBf16)) device.replace(device.size() - kBf16.size(), kBf16.size(), "(fp32)");
  return device;
}

double FreeMemoryBytes() {
  std::ifstream file("/proc/meminfo");
  for (std::string name; file >> name;) {
    double kilobytes = 0;
    if (name == "MemAvailable:" && file >> kilobytes) return kilobytes * 1024;
    file.ignore(256, '\n');
  }
  return static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGE_SIZE));
}

}  // namespace

double SteadySeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double PeakMemoryBytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}

FinderMachine DescribeMachine(const std::string& requested_device, const std::string& precision) {
  FinderMachine machine;
  machine.device = DescribeDevice(requested_device, precision);
  machine.requested = requested_device;
  machine.cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  machine.physical_cores = CountPhysicalCores(machine.cores);
  machine.memory_bytes = FreeMemoryBytes();
  return machine;
}

}  // namespace reelswap
