#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "config/locations.h"
#include "config/names.h"
#include "config/overrides.h"
#include "config/project_reader.h"
#include "core/error.h"
#include "core/files.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxProblemsShown = 200;  // a screenful many times over; problems() holds them all

std::string FormatProblems(const fs::path& file, const std::vector<ProjectProblem>& problems) {
  std::string text;
  for (size_t i = 0; i < std::min(problems.size(), kMaxProblemsShown); ++i) {
    const ProjectProblem& problem = problems[i];
    if (i > 0) text += '\n';
    text += problem.line > 0
                ? fmt::format("{}:{}:{}: {}", file.string(), problem.line, problem.column, problem.message)
                : problem.message;
  }
  if (problems.size() > kMaxProblemsShown)
    text += fmt::format("\n... and {} more", problems.size() - kMaxProblemsShown);
  return text;
}

std::string ReadProjectText(const fs::path& file) {
  std::error_code ignored;
  if (fs::is_directory(file, ignored)) {
    throw Error(
        ErrorKind::kProject,
        fmt::format("cannot read the project {}: it is a folder; name the YAML file in it", file.string()));
  }
  if (!fs::exists(file, ignored)) {
    throw Error(ErrorKind::kProject,
                fmt::format("cannot read the project {}: there is no such file", file.string()));
  }
  try {
    // One byte more than allowed tells "too large" from "just fits"; the parser reports it.
    const auto size = fs::is_regular_file(file, ignored) ? fs::file_size(file, ignored) : 0;
    if (size > static_cast<uintmax_t>(kMaxYamlBytes)) return std::string(kMaxYamlBytes + 1, ' ');
    return ReadFile(file, kMaxYamlBytes);
  } catch (const Error& error) {
    throw Error(ErrorKind::kProject, fmt::format("cannot read the project: {}", error.what()));
  }
}

std::string ReadProjectName(MapReader& map, ReadContext& context) {
  const auto field = map.Require("name", "name: host_to_guest");
  const auto name = field ? ReadText(*field, context.problems, kSafeNameRule) : std::nullopt;
  if (!name) return "";
  if (!IsSafeName(*name)) {
    context.problems.Add(field->node->place, field->path,
                         fmt::format("expected {}, got {}", kSafeNameRule, DescribeFound(*field->node)));
  }
  return *name;
}

void ReadVersion(MapReader& map, ReadContext& context) {
  const auto field = map.Get("version");
  if (!field || field->node->text == "1") return;
  context.problems.Add(
      field->node->place, field->path,
      fmt::format("expected 1, the project format of this version, got {}", DescribeFound(*field->node)));
}

fs::path ReadFolder(MapReader& map, const std::string& key, const fs::path& otherwise, ReadContext& context) {
  const auto field = map.Get(key);
  const auto location = field ? ReadLocation(*field, context) : std::nullopt;
  if (!location) return fs::absolute(otherwise).lexically_normal();
  if (IsWebAddress(*location)) map.Problem(key, "expected a folder on this machine, got a web address");
  return ResolvePath(*location, context.base_folder);
}

void ReadProject(const YamlNode& root, Project& project, ReadContext& context) {
  MapReader map({&root, ""}, context.problems, "a map of keys such as name, people, train and convert");
  if (!map.is_map()) return;
  ReadVersion(map, context);
  project.name = ReadProjectName(map, context);
  project.workspace = ReadFolder(map, "workspace", fs::path("data") / project.name, context);
  project.library = ReadFolder(map, "library", "models", context);
  if (const auto people =
          map.Require("people", "people: followed by two names, each with consent and sources")) {
    project.people = ReadPeople(*people, context);
  }
  if (const auto sample = map.Get("sample")) project.sample = ReadSample(*sample, context);
  if (const auto faces = map.Get("faces")) project.faces = ReadFaces(*faces, context);
  const auto train = map.Get("train");
  project.train = train ? ReadTrain(*train, context) : DefaultTrain();
  if (const auto evaluate = map.Get("evaluate")) ReadEvaluate(*evaluate, project, context);
  if (const auto convert = map.Get("convert"))
    project.targets = ReadConvert(*convert, project.people, context);
  if (const auto disclosure = map.Get("disclosure"))
    project.disclosure = ReadDisclosure(*disclosure, context);
  if (const auto limits = map.Get("limits")) project.limits = ReadLimits(*limits, context);
  if (const auto download = map.Get("download")) project.download = ReadDownload(*download, context);
  map.Finish();
}

}  // namespace

ProjectError::ProjectError(const fs::path& file, std::vector<ProjectProblem> problems)
    : std::runtime_error(FormatProblems(file, problems)), problems_(std::move(problems)) {}

std::optional<std::string> ReadLocation(const YamlField& field, ReadContext& context) {
  const auto problem = [&](const std::string& message) {
    context.problems.Add(field.node->place, field.path, message);
    return std::nullopt;
  };
  const auto written = ReadText(field, context.problems, "an address or a path");
  const auto location = written ? ExpandLocation(*written, field, context.problems) : std::nullopt;
  if (!location) return std::nullopt;
  if (location->empty()) return problem("expected an address or a path, got an empty variable");
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7F; };
  if (std::any_of(location->begin(), location->end(), is_control)) {
    return problem("expected an address or a path on one line, got control characters in it");
  }
  if (location->starts_with("www."))
    return problem(fmt::format("an address begins with https://: write https://{}", *location));
  if (!HasScheme(*location)) return location;
  if (!IsWebAddress(*location)) {
    return problem(
        fmt::format("only http:// and https:// addresses and local paths can be read, got '{}'", *location));
  }
  const size_t host = location->find("://") + 3;
  if (host == location->size() || (*location)[host] == '/' || location->find(' ') != std::string::npos) {
    return problem(
        fmt::format("expected an address such as https://example.org/video.mp4, got '{}'", *location));
  }
  return location;
}

Project LoadProject(const fs::path& file, const std::vector<std::string>& overrides) {
  Project project;
  project.file = fs::absolute(file).lexically_normal();
  project.base_folder = project.file.parent_path();
  const std::string text = ReadProjectText(project.file);

  ParsedYaml parsed = ParseYaml(text);
  ProblemList problems;
  for (const YamlProblem& problem : parsed.problems) problems.Add(problem.place, "", problem.message);
  const bool readable = parsed.problems.empty() || parsed.root.kind == YamlNode::Kind::kMap;
  if (parsed.root.place.line == 0) parsed.root.place = {1, 1, ""};
  if (readable) {
    ReadContext context{problems, project.base_folder};
    if (parsed.root.kind == YamlNode::Kind::kMap) ApplyOverrides(parsed.root, overrides, problems);
    ReadProject(parsed.root, project, context);
  }
  if (!problems.empty()) throw ProjectError(file, problems.Sorted());
  return project;
}

}  // namespace reelswap
