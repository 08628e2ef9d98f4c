// Which conversions a project asks for, and under which names.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/error.h"
#include "core/files.h"
#include "core/photo.h"
#include "fetch/url.h"
#include "pipeline/convert.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

std::string StemOf(const std::string& location) {
  // A page has no file name worth showing, and its title must not become a path: its id does.
  if (IsUrl(location)) {
    const std::string last = ShortName(location);
    return SafeName(fs::path(last.substr(last.rfind('/') + 1)).stem().string() + "_" + SourceId(location).substr(0, 6));
  }
  const fs::path path(location);
  return SafeName(path.has_filename() ? path.stem().string() : path.parent_path().filename().string());
}

}  // namespace

namespace {

constexpr size_t kLongestBase = 140;  // file systems allow 255, suffixes and temporary names come behind it

/// Which stretch of which video or picture: six hex digits.
std::string PlaceHash(const ConvertJob& job) {
  return Sha256OfBytes(fmt::format("{}\n{}\n{}", job.location, job.target->start_seconds,
                                   job.target->duration_seconds.value_or(-1)))
      .substr(0, 6);
}

/// Equal names are told apart by what they stand for, not by their order: taking one target out of a project must not
/// give its name to another one.
void NameOutputs(const RunContext& context, const std::vector<std::string>& bases, std::vector<ConvertJob>& jobs) {
  std::map<std::string, int> uses;
  for (const std::string& base : bases) ++uses[base];
  std::set<std::string> names;
  for (size_t i = 0; i < jobs.size(); ++i) {
    ConvertJob& job = jobs[i];
    std::string name = bases[i];
    if (uses[name] > 1 || name.size() > kLongestBase) name = name.substr(0, kLongestBase) + "_" + PlaceHash(job);
    std::string unique = name;
    for (int n = 2; !names.insert(unique).second; ++n) unique = fmt::format("{}_{}", name, n);
    const std::string extension = job.photos ? "" : "." + job.target->container;
    job.output = context.workspace.Output() / (unique + extension);
    if (job.target->side_by_side != Target::SideBySide::kOff) {
      job.side_by_side = context.workspace.Output() / (unique + "_side_by_side" + extension);
    }
  }
}

}  // namespace

std::string DescribeSwaps(const std::vector<SwapDirection>& swaps) {
  std::string text;
  for (const SwapDirection& swap : swaps) text += fmt::format("{}{} -> {}", text.empty() ? "" : ", ", swap.from, swap.to);
  return text;
}

std::string ReplacedPeople(const std::vector<SwapDirection>& swaps) {
  std::string text;
  for (const SwapDirection& swap : swaps) text += (text.empty() ? "" : ", ") + swap.from;
  return text;
}

bool HasPart(const std::vector<SwapDirection>& swaps, const std::string& person) {
  return std::any_of(swaps.begin(), swaps.end(),
                     [&](const SwapDirection& swap) { return swap.from == person || swap.to == person; });
}

std::vector<ConvertJob> PlanConversions(const RunContext& context) {
  std::vector<ConvertJob> jobs;
  std::vector<std::string> bases;
  for (const Target& target : context.project.targets) {
    std::vector<std::string> locations;
    std::string error;
    if (IsUrl(target.location)) {
      locations = {target.location};
    } else if (target.sequence_fps) {  // "%05d" names no file
      locations = {fs::absolute(context.project.base_folder / target.location).lexically_normal().string()};
    } else {
      try {
        for (const fs::path& path : ExpandGlob(target.location, context.project.base_folder)) {
          locations.push_back(fs::absolute(path).lexically_normal().string());
        }
      } catch (const Error& e) {
        locations = {target.location};
        error = e.what();
      }
    }
    for (const std::string& location : locations) {
      ConvertJob job;
      job.target = &target;
      job.error = error;
      for (const auto& [from, to] : target.swap) job.swaps.push_back({from, to});
      job.location = location;
      job.photos = !target.sequence_fps &&
                   (target.photos || (IsUrl(location) ? IsPhotoPath(UrlPath(location))
                                                      : fs::is_directory(location) || IsPhotoPath(location)));
      const bool numbered = target.sequence_fps && IsPhotoPath(location);  // its folder says more than "%05d"
      std::string base = StemOf(numbered ? fs::path(location).parent_path().string() : location);
      for (const SwapDirection& swap : job.swaps) {
        base += fmt::format("_{}_as_{}", SafeName(swap.from), SafeName(swap.to));
      }
      if (context.sample_seconds && !job.photos) base += "_sample";
      job.name = fmt::format("{}: {}", ShortName(location), DescribeSwaps(job.swaps));
      bases.push_back(std::move(base));
      jobs.push_back(std::move(job));
    }
  }
  NameOutputs(context, bases, jobs);
  return jobs;
}

void ReportSkippedConversion(const ConvertJob& job, const std::string& why, ReportBuilder& report) {
  ReportItem item;
  item.stage = "target";
  item.name = job.name;
  item.location = ShownLocation(job.location);
  item.state = why == kInterrupted ? ItemState::kCancelled : ItemState::kPending;
  item.error = "not started: " + why;
  report.Add(std::move(item));
}

}  // namespace reelswap
