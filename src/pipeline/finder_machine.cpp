#include "pipeline/finder_machine.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
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

FinderMachine DescribeMachine(const std::string& requested_device) {
  FinderMachine machine;
  machine.device = DescribeTorch().device;
  machine.requested = requested_device;
  machine.cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  machine.physical_cores = CountPhysicalCores(machine.cores);
  machine.memory_bytes = FreeMemoryBytes();
  return machine;
}

}  // namespace reelswap
