#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "compose/compose_face.h"
#include "core/frame.h"
#include "media/video_writer.h"
#include "model/trainer.h"

namespace reelswap {

/// One entry of a person's `sources`.
struct Source {
  enum class Kind { kUrl, kFiles, kPhotos };
  Kind kind = Kind::kFiles;
  std::string location;  ///< URL, path or glob, folder (as written)
  double start_seconds = 0;
  std::optional<double> end_seconds;
  std::optional<int> every;   ///< overrides sample.every
  std::optional<double> fps;  ///< overrides sample.fps
  std::optional<std::string> sha256;
  bool hold_out = false;  ///< its faces are found but never trained on: they judge the model
  int line = 0;    ///< in the project file, for messages
  int column = 0;  ///< 1-based, like line; both 0 when it came from --set
};

struct Person {
  std::string name;     ///< [a-z0-9_-]+, a decoder's and a folder's name
  std::string consent;  ///< never empty after loading
  std::vector<Source> sources;
};

struct SampleSettings {
  int every = 6;
  std::optional<double> fps;
};

struct FaceSettings {
  int min_size = 0;                     ///< px, longest side of the box; 0 = auto
  double max_yaw = 75;                  ///< degrees
  std::optional<double> min_sharpness;  ///< nullopt = auto
  int64_t max_per_source = 3000;
};

struct TrainSettings {
  TrainOptions options;       ///< everything but the base
  std::string base = "none";  ///< none | NAME | NAME@VERSION
  bool fastest_batch = false;  ///< `batch: fastest`: what `train --finder` measured; options.batch until it has
};

/// How a model is judged: on faces that it never learns from, or against the truth of virtual actors.
struct EvaluateSettings {
  bool hold_out = true;  ///< auto: some faces of each person are kept from the training; false: only marked sources
  int64_t frames = 96;   ///< held-out faces of each person that a score during the training looks at
  bool identity = true;  ///< auto: with the identity weights where they are installed; false: never
  /// Person -> the virtual actor who plays it ("ava", "seed:12"): the truth of a swap is then known.
  std::map<std::string, std::string> actors;
};

struct Target {
  std::string location;  ///< URL, file or folder of photos
  bool photos = false;
  /// Numbered pictures (frames/%05d.png, or a folder of them) that are read as a video of this rate; photos is false then.
  std::optional<double> sequence_fps;
  std::map<std::string, std::string> swap;  ///< whose face is replaced -> whose face it gets; at least one pair
  double start_seconds = 0;
  std::optional<double> duration_seconds;
  enum class SideBySide { kOff, kHorizontal, kVertical, kWipe, kMask, kCheckpoints } side_by_side = SideBySide::kHorizontal;
  EncoderOptions encoder;
  std::string container = "mp4";  ///< mp4 | mov | mkv | webm
  /// mask, color, blend, erosion, feather, sharpen; color and blend auto unless told
  ComposeOptions look{.color = ColorMode::kAuto, .blend = BlendMode::kAuto};
  bool occlusion = true;          ///< what stands in front of a face stays in front
  double smoothing_seconds = 0.1; ///< of landmarks along a track, half width; 0 = off
  double chunk_seconds = 10;      ///< 1 .. 600: a killed conversion loses at most one chunk
  bool fade_profiles = true;      ///< fade to the original where a pose leaves what the training saw
  int line = 0;                   ///< in the project file, for messages
  int column = 0;                 ///< 1-based, like line; both 0 when it came from --set
};

struct DisclosureSettings {
  bool label = true;
  std::string text = "AI-generated face swap";
  std::string corner = "bottom_left";  ///< top_left | top_right | bottom_left | bottom_right
  double opacity = 0.75;
  std::string off_reason;  ///< required when label is false
};

struct Limits {
  double max_download_gb = 20;
  double max_download_minutes = 600;
  int per_host_connections = 2;
};

struct DownloadSettings {
  std::string ytdlp = "yt-dlp";
  std::optional<std::filesystem::path> cookies;
};

struct Project {
  std::filesystem::path file;         ///< absolute
  std::string name;                   ///< [a-z0-9_-]+
  std::filesystem::path base_folder;  ///< relative paths start here (the file's folder)
  std::filesystem::path workspace;  ///< data/<name> below the working directory unless `workspace:` says else
  std::filesystem::path library;    ///< model library folder, default models/
  std::vector<Person> people;       ///< in file order
  SampleSettings sample;
  FaceSettings faces;
  TrainSettings train;
  EvaluateSettings evaluate;  ///< evaluate.every is train.options.score_every
  std::vector<Target> targets;
  DisclosureSettings disclosure;
  Limits limits;
  DownloadSettings download;
};

/// One thing wrong with a project file.
struct ProjectProblem {
  int line = 0;         ///< 1-based
  int column = 0;       ///< 1-based
  std::string message;  ///< "expected a number from 1 to 1000, got 'many'"; "unknown key 'bacth'; did you
                        ///< mean 'batch'?"
};

/// All problems of a file at once; what() is one line per problem: file:line:column: message
/// (problems of --set settings have line 0 and no place in front; past 200 only their number follows).
class ProjectError : public std::runtime_error {
 public:
  ProjectError(const std::filesystem::path& file, std::vector<ProjectProblem> problems);
  const std::vector<ProjectProblem>& problems() const { return problems_; }

 private:
  std::vector<ProjectProblem> problems_;
};

/// Reads and validates. overrides: "train.batch=16" (--set), applied before validation; environment
/// variables in paths are written ${NAME} or ${NAME:-default}. Throws ProjectError, or Error(kProject)
/// when the file cannot be read.
Project LoadProject(const std::filesystem::path& file, const std::vector<std::string>& overrides = {});

/// The resolved project as YAML, every key spelled out but those about a target's look and work that
/// stand at their default (`reelswap check`). Saved beside the project file it loads again to an
/// equal project.
std::string DescribeProject(const Project& project);

/// Local inputs that are not there now: files, photo folders, globs without a match, the cookies
/// file. Loading does not mind them (a source may appear later, or fail alone); `check` warns.
/// Messages are sentences; places are those of the sources and targets, 0:0 for other keys.
std::vector<ProjectProblem> MissingInputs(const Project& project);

}  // namespace reelswap
