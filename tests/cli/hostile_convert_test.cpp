// Awkward videos of a face through the whole program: each converts, with its times, streams and samples as they were,
// or fails alone with one sentence. REELSWAP_TABLE=FILE writes the outcomes as a table.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>

#include "cli/demo_project.h"
#include "cli/finished_run.h"
#include "cli/program.h"
#include "testing/temp_dir.h"

namespace reelswap::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct HostileFile {
  const char* name;
  const char* container = "mp4";
  enum class Fate {
    kConverts,
    kFails,
    kEither  ///< damaged, or of a kind that may be refused with a reason
  } fate = Fate::kConverts;
  const char* encoder = "h264";
  enum class Sound {
    kCopied,
    kReframed,  ///< the same frames without the headers that only a transport stream has
    kEncoded    ///< the container refuses the source's
  } sound = Sound::kCopied;
};

using Fate = HostileFile::Fate;
using Sound = HostileFile::Sound;
// Names and recipes: make_hostile_clips.sh.
const std::vector<HostileFile> kFiles{
    {"base.mp4"},
    {"vfr_drop.mp4"},
    {"vfr_jitter.mp4"},
    {"fps_2997.mp4"},
    {"editlist.mp4"},
    {"negstart.mkv"},
    {"start10.mp4"},
    {"audio_late.mp4"},
    {"one_frame.mp4"},
    {"ts_discont.ts", "mp4", Fate::kConverts, "h264", Sound::kReframed},
    {"rot90.mp4"},
    {"rot180.mp4"},
    {"rot270.mov", "mov"},
    {"odd_444.mp4"},
    {"sar_4_3.mp4"},
    {"interlaced.mp4", "mp4", Fate::kEither},
    {"h264_10bit.mp4"},
    {"h264_422.mp4"},
    {"h264_444.mp4"},
    {"fullrange.mp4"},
    {"bt601.mp4"},
    {"hdr10_pq.mp4", "mp4", Fate::kConverts, "hevc"},
    {"hlg.mp4", "mp4", Fate::kConverts, "hevc"},
    {"two_audio.mp4", "mkv"},
    {"pcm.mov", "mov"},
    {"pcm_to_mp4.mov", "mp4", Fate::kConverts, "h264", Sound::kEncoded},
    {"subs_chap.mkv", "mkv"},
    {"attach_font.mkv", "mkv"},
    {"cover_art.mp4"},
    {"av1.mp4"},
    {"hevc.mkv", "mkv"},
    {"vp9.webm", "webm", Fate::kConverts, "av1"},
    {"trunc60.mp4", "mp4", Fate::kEither},
    {"trunc_moov.mp4", "mp4", Fate::kFails},
    {"bitnoise.mp4", "mp4", Fate::kEither},
    {"html.mp4", "mp4", Fate::kFails},
    {"zero_byte.mp4", "mp4", Fate::kFails},
};
// Enough of each kind for every run of the tests.
const std::vector<std::string> kTelling{"vfr_drop.mp4", "negstart.mkv", "rot90.mp4", "h264_10bit.mp4", "two_audio.mp4",
                                        "html.mp4"};

// Levels of 8 bits, mean over a plane. A face's worth of other pixels and crf 18 stay below 3; mirrored it is 17.
constexpr double kOtherPicture = 8;

std::string InQuotes(const fs::path& path) { return "'" + path.string() + "'"; }

/// What a shell command prints.
std::string Printed(const std::string& command) {
  std::string text;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return text;
  std::array<char, 4096> buffer{};
  while (const size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe)) text.append(buffer.data(), n);
  ::pclose(pipe);
  return text;
}

bool HasFfmpeg() {
  return !Printed("command -v ffmpeg").empty() && !Printed("command -v ffprobe").empty() &&
         !Printed("command -v bash").empty();
}

/// Runs a script that makes files in `folder`; what it could not make is printed.
void MakeFiles(const fs::path& script, const fs::path& folder, const std::string& more = "") {
  std::cout << Printed("bash " + InQuotes(script) + " " + InQuotes(folder) + " " + more + " 2>&1");
}

json Ffprobe(const fs::path& video) {
  const std::string text = Printed(
      "ffprobe -v quiet -of json -count_frames -show_streams -show_chapters -show_format " + InQuotes(video));
  const json parsed = json::parse(text, nullptr, false);
  return parsed.is_object() ? parsed : json::object();
}

/// How many streams of each kind, and chapters.
std::map<std::string, int> StreamCounts(const json& probe) {
  std::map<std::string, int> counts;
  for (const json& stream : probe.value("streams", json::array())) {
    const std::string kind = stream.value("codec_type", "");
    if (kind != "data") ++counts[kind];  // time codes and the like
  }
  if (const int chapters = static_cast<int>(probe.value("chapters", json::array()).size()); chapters > 0) {
    counts["chapters"] = chapters;
  }
  return counts;
}

json MainVideo(const json& probe) {
  for (const json& stream : probe.value("streams", json::array())) {
    const bool cover = stream.value("disposition", json::object()).value("attached_pic", 0) != 0;
    if (stream.value("codec_type", "") == "video" && !cover) return stream;
  }
  return json::object();
}

/// Seconds since the first frame.
std::vector<double> SourceTimes(const fs::path& video) {
  VideoReader reader(video);
  std::vector<double> seconds;
  const double tick = reader.info().time_base.ToDouble();
  int64_t first = 0;
  while (const auto frame = reader.Next()) {
    if (seconds.empty()) first = frame->pts();
    seconds.push_back(static_cast<double>(frame->pts() - first) * tick);
  }
  return seconds;
}

/// Collects what is wrong with one conversion, in words for the table and the message alike.
class Comparison {
 public:
  Comparison(const HostileFile& file, const fs::path& source, const fs::path& output)
      : file_(file), source_(source), output_(output), source_probe_(Ffprobe(source)), output_probe_(Ffprobe(output)) {}

  std::vector<std::string> Problems() {
    CompareTimes();
    CompareFormats();
    if (file_.fate == Fate::kConverts) {
      ComparePictures();
      CompareStreams();
      CompareAudio();
    }
    return problems_;
  }
  size_t frames() const { return frames_; }

 private:
  template <typename A, typename B>
  void Same(const std::string& what, const A& wanted, const B& got) {
    if (wanted == got) return;
    std::ostringstream text;
    text << what << " was " << wanted << " and is " << got;
    problems_.push_back(text.str());
  }
  void Near(const std::string& what, double wanted, double got, double tolerance) {
    if (std::abs(wanted - got) <= tolerance) return;
    std::ostringstream text;
    text << what << " was " << wanted << " s and is " << got << " s";
    problems_.push_back(text.str());
  }

  /// Matroska and WebM store milliseconds; mp4 and mov what they are given.
  double TimeTolerance() const { return output_.extension() == ".mp4" || output_.extension() == ".mov" ? 1e-4 : 1.1e-3; }

  void CompareTimes() {
    const std::vector<double> wanted = SourceTimes(source_);
    const std::vector<double> got = Seconds(output_);
    frames_ = got.size();
    Same("number of frames", wanted.size(), got.size());
    // Decoded by another program: not a number that both of ours share.
    Same("number of frames that ffprobe decodes", std::to_string(wanted.size()),
         MainVideo(output_probe_).value("nb_read_frames", "unknown"));
    for (size_t i = 0; i < std::min(wanted.size(), got.size()); ++i) {
      Near("time of frame " + std::to_string(i), wanted[i], got[i] - got[0], TimeTolerance());
      if (problems_.size() > 3) return;  // one cause, said often enough
    }
  }

  void CompareFormats() {
    const VideoInfo was = ProbeVideo(source_), is = ProbeVideo(output_);
    Same("upright width", was.format.width, is.format.width);
    Same("upright height", was.format.height, is.format.height);
    Same("bits", was.format.bit_depth, is.format.bit_depth);
    Same("horizontal chroma", was.format.chroma_shift_x, is.format.chroma_shift_x);
    Same("vertical chroma", was.format.chroma_shift_y, is.format.chroma_shift_y);
    Same("full range", was.format.full_range, is.format.full_range);
    Same("matrix", static_cast<int>(was.format.matrix), static_cast<int>(is.format.matrix));
    Same("transfer", static_cast<int>(was.format.transfer), static_cast<int>(is.format.transfer));
    Same("wide gamut", was.format.wide_gamut, is.format.wide_gamut);
    Same("rotation left to players", 0, is.rotation_degrees);
    Same("pixel shape", was.sample_aspect.ToDouble(), is.sample_aspect.ToDouble());
    const json source = MainVideo(source_probe_), output = MainVideo(output_probe_);
    for (const char* tag : {"color_space", "color_transfer", "color_primaries"}) {
      if (source.contains(tag)) Same(tag, source.value(tag, ""), output.value(tag, "none"));
    }
  }

  /// The same scene, the same way up, in the same colours: but for one face and what coding costs.
  void ComparePictures() {
    VideoReader source(source_), output(output_);
    double worst = 0;
    while (auto was = source.Next()) {
      const auto is = output.Next();
      if (!is || is->format() != was->format()) return;  // said elsewhere
      for (int p = 0; p < was->format().PlaneCount(); ++p) {
        const double levels = cv::norm(was->Plane(p), is->Plane(p), cv::NORM_L1) / was->Plane(p).total();
        worst = std::max(worst, std::ldexp(levels, 8 - was->format().bit_depth));
      }
    }
    if (worst > kOtherPicture) problems_.push_back("the picture is another: " + std::to_string(worst) + " levels");
  }

  void CompareStreams() {
    std::map<std::string, int> wanted = StreamCounts(source_probe_), got = StreamCounts(output_probe_);
    for (const auto& [kind, count] : got) wanted.emplace(kind, 0);
    for (const auto& [kind, count] : wanted) Same("number of " + kind, count, got[kind]);
  }

  void CompareAudio() {
    const auto wanted = AudioPacketDigests(source_), got = AudioPacketDigests(output_);
    if (wanted.empty()) return;
    if (got.empty()) {
      problems_.push_back("the sound is gone");
      return;
    }
    // Where the sound begins, seen from the first picture. An AAC encoder of ours adds its own priming.
    const double tolerance = file_.sound == Sound::kEncoded ? 0.05 : 1e-3 + TimeTolerance();
    Near("start of the sound", wanted[0].seconds() - ProbeVideo(source_).start_seconds,
         got[0].seconds() - ProbeVideo(output_).start_seconds, tolerance);
    if (file_.sound == Sound::kEncoded) return;
    Same("number of audio packets", wanted.size(), got.size());
    if (file_.sound == Sound::kReframed) return;
    for (size_t i = 0; i < std::min(wanted.size(), got.size()); ++i) {
      if (wanted[i].sha256 == got[i].sha256) continue;
      problems_.push_back("audio packet " + std::to_string(i) + " differs");
      return;
    }
  }

  const HostileFile& file_;
  fs::path source_, output_;
  json source_probe_, output_probe_;
  size_t frames_ = 0;
  std::vector<std::string> problems_;
};

std::string Joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : "; ") + part;
  return text;
}

/// One line a file, for people.
class OutcomeTable {
 public:
  void Add(const std::string& file, const std::string& outcome, const std::string& frames, const std::string& notes) {
    rows_.push_back("| " + file + " | " + outcome + " | " + frames + " | " + notes + " |");
  }
  void WriteWhereAsked() const {
    const char* path = std::getenv("REELSWAP_TABLE");
    if (path == nullptr || *path == 0) return;
    std::ofstream out(path, std::ios::app);
    out << "| file | outcome | frames | notes |\n|---|---|---|---|\n";
    for (const std::string& row : rows_) out << row << "\n";
    out << "\n";
  }

 private:
  std::vector<std::string> rows_;
};

/// A project whose targets are these lines of YAML, each below `convert:`.
fs::path WriteProject(const fs::path& folder, const std::string& targets) {
  std::string text = DemoProject{}.Text();
  text.resize(text.find("convert:\n"));
  std::ofstream(folder / "project.yaml") << text << "convert:\n" << targets;
  return folder / "project.yaml";
}

std::string TargetText(const std::string& location, const std::string& container, const std::string& encoder) {
  return "  - target: " + location + "\n    swap: {ava: ben}\n    side_by_side: off\n    chunk: 1\n    container: " +
         container + "\n    encoder: {codec: " + encoder + (encoder == "av1" ? ", preset: 12" : ", preset: ultrafast") +
         "}\n";
}

json ItemFor(const json& report, const std::string& file) {
  for (const json& item : ItemsOf(report, "target")) {
    if (item.at("name").get<std::string>().starts_with(file + ":")) return item;
  }
  return json::object();
}

void ExpectOneSentence(const std::string& error, const std::string& file) {
  EXPECT_GT(error.size(), 20u) << file;
  EXPECT_LT(error.size(), 600u) << file << ": " << error;
  EXPECT_EQ(error.find('\n'), std::string::npos) << file << ": " << error;
}

void ConvertHostileFiles(const std::vector<HostileFile>& files) {
  TempDir dir;
  std::string names, targets;
  for (const HostileFile& file : files) names += std::string(" ") + file.name;
  MakeFiles(fs::path(REELSWAP_SOURCE_DIR) / "tests/cli/make_hostile_clips.sh", dir / "clips",
            InQuotes(DemoMedia() / "ava_target.mp4") + names);
  std::vector<HostileFile> made;
  for (const HostileFile& file : files) {
    if (!fs::exists(dir / "clips" / file.name)) continue;  // this FFmpeg lacks what makes it; said above
    made.push_back(file);
    targets += TargetText((dir / "clips" / file.name).string(), file.container, file.encoder);
  }
  ASSERT_GE(made.size() + 4, files.size()) << "an FFmpeg that can make hardly any of the files";

  const ProgramResult result = RunProgram({"run", WriteProject(dir.path(), targets).string()}, dir.path());
  ASSERT_TRUE(result.exit_code == 0 || result.exit_code == 1) << result.exit_code << "\n" << result.out << result.err;
  const json report = ReadReport(dir.path());
  OutcomeTable table;
  int failed = 0;
  for (const HostileFile& file : made) {
    SCOPED_TRACE(file.name);
    const json item = ItemFor(report, file.name);
    if (item.empty()) {
      ADD_FAILURE() << "not in the report";
      continue;
    }
    const std::string error = item.at("error");
    if (item.at("state") != "done") {
      ++failed;
      EXPECT_NE(file.fate, Fate::kConverts) << error;
      ExpectOneSentence(error, file.name);
      EXPECT_TRUE(item.at("outputs").empty()) << item.at("outputs");
      table.Add(file.name, "refused", "", error);
      continue;
    }
    EXPECT_NE(file.fate, Fate::kFails) << "converted what is no video";
    ASSERT_FALSE(item.at("outputs").empty());
    const fs::path output = item.at("outputs").at(0).at("path").get<std::string>();
    EXPECT_EQ(output.extension(), std::string(".") + file.container);
    EXPECT_GT(item.at("numbers").value("frames_with_face", 0.0), 0);
    if (file.sound == Sound::kEncoded) {
      EXPECT_NE(item.dump().find("AAC"), std::string::npos) << "encoded and not said";
    }
    Comparison comparison(file, dir / "clips" / file.name, output);
    const std::string problems = Joined(comparison.Problems());
    EXPECT_EQ(problems, "");
    const std::string warning = item.value("warning", "");
    table.Add(file.name, problems.empty() ? "converted" : "converted, not as it was", std::to_string(comparison.frames()),
              problems.empty() ? warning : problems);
  }
  EXPECT_EQ(result.exit_code, failed > 0 ? 1 : 0);
  for (const std::string& file : FilesBelow(dir / "data/small/output")) {
    EXPECT_EQ(file.find(".part"), std::string::npos) << "left behind: " << file;
  }
  table.WriteWhereAsked();
}

TEST(HostileConvert, ATellingFewKeepTimesStreamsAndSamples) {
  if (!HasFfmpeg()) GTEST_SKIP() << "ffmpeg and ffprobe are not installed: the files cannot be made";
  std::vector<HostileFile> few;
  for (const HostileFile& file : kFiles) {
    if (std::find(kTelling.begin(), kTelling.end(), file.name) != kTelling.end()) few.push_back(file);
  }
  ASSERT_EQ(few.size(), kTelling.size());
  ConvertHostileFiles(few);
}

TEST(SlowHostileConvert, EveryFileKeepsTimesStreamsAndSamplesOrIsRefused) {
  if (!HasFfmpeg()) GTEST_SKIP() << "ffmpeg and ffprobe are not installed: the files cannot be made";
  ConvertHostileFiles(kFiles);
}

// Ninety more files, which show test patterns: without a face each fails, and must do so alone and in a sentence.
TEST(SlowHostileConvert, FilesWithoutAFaceFailAloneWhateverElseIsWrongWithThem) {
  const fs::path script = SharedDir() / "media/make_nasty_videos.sh";
  if (SharedDir().empty() || !fs::exists(script)) GTEST_SKIP() << "the larger hostile set is not on this machine";
  if (!HasFfmpeg()) GTEST_SKIP() << "ffmpeg and ffprobe are not installed: the files cannot be made";
  TempDir dir;
  MakeFiles(script, dir / "nasty");
  std::string targets = TargetText((DemoMedia() / "ava_target.mp4").string() + "\n    duration: 0.5", "mp4", "h264");
  for (const auto& entry : fs::directory_iterator(dir / "nasty")) {
    std::error_code ec;
    if (entry.is_directory(ec)) continue;  // pictures: another kind of target
    // A quoted string of JSON is one of YAML: names hold quotes, spaces and dollars.
    targets += TargetText(json(entry.path().string()).dump(), "mp4", "h264");
  }
  const ProgramResult result = RunProgram({"run", WriteProject(dir.path(), targets).string()}, dir.path());
  ASSERT_EQ(result.exit_code, 1) << result.out << result.err;
  const json report = ReadReport(dir.path());
  OutcomeTable table;
  size_t files = 0;
  for (const json& item : ItemsOf(report, "target")) {
    const std::string title = item.at("name"), error = item.at("error");
    const std::string name = title.substr(0, title.rfind(": "));  // without who becomes whom
    if (name == "ava_target.mp4") {
      EXPECT_EQ(item.at("state"), "done") << error;
      continue;
    }
    ++files;
    if (item.at("state") == "done") {
      table.Add(name, "converted", "", item.value("warning", ""));
      EXPECT_FALSE(item.at("outputs").empty()) << name;
      continue;
    }
    ExpectOneSentence(error, name);
    EXPECT_TRUE(item.at("outputs").empty()) << name;
    table.Add(name, "refused", "", error);
  }
  EXPECT_GT(files, 70u);
  for (const std::string& file : FilesBelow(dir / "data/small/output")) {
    EXPECT_EQ(file.find(".part"), std::string::npos) << "left behind: " << file;
  }
  table.WriteWhereAsked();
}

}  // namespace
}  // namespace reelswap::testing
