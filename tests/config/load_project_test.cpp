#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "config/project_text.h"
#include "core/error.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MinimalProject;
using testing::ProblemsOf;
using testing::ProjectInFolder;
using ::testing::StartsWith;
using testing::WriteText;

const std::string kTarget = "convert:\n  - target: t.mp4\n    swap: {ava: ben}\n";

TEST(LoadProject, AMinimalProjectHasTheDocumentedDefaults) {
  const ProjectInFolder file(MinimalProject());
  const Project project = file.Load();
  EXPECT_EQ(project.name, "test");
  EXPECT_EQ(project.file, file.file());
  EXPECT_EQ(project.base_folder, file.folder());
  EXPECT_EQ(project.workspace, fs::current_path() / "data" / "test");
  EXPECT_EQ(project.library, fs::current_path() / "models");
  ASSERT_EQ(project.people.size(), 2u);
  EXPECT_EQ(project.people[0].name, "ava");
  EXPECT_EQ(project.people[0].consent, "signed release 1");
  EXPECT_EQ(project.people[0].sources.at(0).location, "a.mp4");
  EXPECT_EQ(project.people[0].sources.at(0).line, 5);
  EXPECT_EQ(project.sample.every, 6);
  EXPECT_EQ(project.train.options.architecture, "original");
  EXPECT_EQ(project.train.options.batch, FindArchitecture("original").recommended_batch);
  EXPECT_EQ(project.train.options.iterations, 40000);
  EXPECT_EQ(project.train.base, "none");
  EXPECT_TRUE(project.targets.empty());
  EXPECT_TRUE(project.disclosure.label);
  EXPECT_EQ(project.disclosure.text, "AI-generated face swap");
}

TEST(LoadProject, KeepsPeopleInFileOrder) {
  const Project project = ProjectInFolder(
                              "name: n\npeople:\n  zoe: {consent: \"release 12\", sources: [z.mp4]}\n"
                              "  adam: {consent: \"release 13\", sources: [a.mp4]}\n")
                              .Load();
  EXPECT_EQ(project.people[0].name, "zoe");
  EXPECT_EQ(project.people[1].name, "adam");
}

TEST(LoadProject, ListsAllProblemsAtOnceInFileOrder) {
  const auto problems = ProblemsOf(
      "name: Big Name\n"
      "people:\n"
      "  ava:\n"
      "    sources: [a.mp4]\n"
      "  ben:\n"
      "    consent: ok\n"
      "    sources: []\n"
      "train:\n"
      "  bacth: 16\n"
      "  stop: {iterations: many}\n");
  ASSERT_EQ(problems.size(), 6u);
  EXPECT_THAT(problems[0], StartsWith("1:7: name: expected a name of lower-case letters"));
  EXPECT_THAT(problems[1], StartsWith("3:3: people.ava: the consent of 'ava' is missing; write consent: "));
  EXPECT_THAT(problems[2], StartsWith("6:14: people.ben.consent: expected a text of at least 8 letters"));
  EXPECT_THAT(problems[3], StartsWith("7:14: people.ben.sources: expected a list with at least one video"));
  EXPECT_EQ(problems[4], "9:3: train: unknown key 'bacth'; did you mean 'batch'?");
  EXPECT_EQ(problems[5],
            "10:22: train.stop.iterations: expected a whole number from 1 to 1000000000, got 'many'");
}

TEST(LoadProject, TheErrorTextHasOneFileLineColumnPerProblem) {
  const ProjectInFolder file(MinimalProject() + "nmae: x\nextra: y\n");
  try {
    file.Load();
    FAIL() << "loaded";
  } catch (const ProjectError& error) {
    const std::string text = error.what();
    EXPECT_THAT(text, StartsWith(file.file().string() + ":9:1: unknown key 'nmae'; did you mean 'name'?\n"));
    EXPECT_THAT(text, HasSubstr("\n" + file.file().string() +
                                ":10:1: unknown key 'extra'; known here: version, name"));
  }
}

TEST(LoadProject, AFileThatCannotBeReadIsAnErrorWithItsPath) {
  const testing::TempDir folder;
  for (const fs::path& path : {folder / "none.yaml", folder.path()}) {
    try {
      LoadProject(path);
      FAIL() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kProject);
      EXPECT_THAT(error.what(), HasSubstr(path.string()));
    }
  }
}

TEST(LoadProject, ASyntaxErrorIsOneProblemWithItsPlace) {
  const auto problems = ProblemsOf("name: test\npeople: [\n");
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems[0], HasSubstr("not valid YAML"));
}

struct WrongShape {
  const char* text;     // replaces or follows the minimal project
  const char* problem;  // beginning of a problem that must be reported
  bool whole = false;   // text is the whole file
};

class WrongShapes : public ::testing::TestWithParam<WrongShape> {};

TEST_P(WrongShapes, AreReportedWithTheirPlace) {
  const WrongShape& shape = GetParam();
  const auto problems = ProblemsOf(shape.whole ? shape.text : MinimalProject() + shape.text);
  EXPECT_THAT(problems, ::testing::Contains(StartsWith(shape.problem))) << shape.text;
}

INSTANTIATE_TEST_SUITE_P(
    Files, WrongShapes,
    ::testing::Values(
        WrongShape{"", "1:1: expected a map of keys such as name", true},
        WrongShape{"# nothing but a comment\n", "1:1: expected a map of keys", true},
        WrongShape{"- a\n- b\n",
                   "1:1: expected a map of keys such as name, people, train and convert, got a list", true},
        WrongShape{"just words\n",
                   "1:1: expected a map of keys such as name, people, train and convert, got 'just words'",
                   true},
        WrongShape{"{}\n", "1:1: the key 'name' is missing", true},
        WrongShape{"name: [x]\npeople: 5\n", "1:7: name: expected a name", true},
        WrongShape{"name: x\npeople: 5\n", "2:9: people: expected a map of at least two people", true},
        WrongShape{"name: x\npeople: [a, b]\n", "2:9: people: expected a map of at least two people", true},
        WrongShape{"name: x\npeople:\n",
                   "2:1: people: expected a map of at least two people, each with 'consent' and 'sources', "
                   "got nothing",
                   true},
        WrongShape{"name: x\npeople: {}\n", "2:9: people: expected at least two people", true},
        WrongShape{"name: x\npeople:\n  a:\n  b: c\n",
                   "3:3: people.a: expected a map with 'consent' and 'sources', got nothing", true},
        WrongShape{"name: x\npeople:\n  a:\n  b: c\n",
                   "4:6: people.b: expected a map with 'consent' and 'sources', got 'c'", true},
        WrongShape{"name: x\npeople:\n  A b: {}\n", "3:3: people: expected a name of lower-case letters",
                   true},
        WrongShape{"name: ../x\n", "1:7: name: expected a name", true},
        WrongShape{"[a]: b\nname: x\n", "1:1: expected a plain word as the key", true},
        WrongShape{"name: y\n", "9:1: the key 'name' is here twice; first on line 1"},
        WrongShape{"version: 2\n", "9:10: version: expected 1"},
        WrongShape{"version: [1]\n", "9:10: version: expected 1"}));

INSTANTIATE_TEST_SUITE_P(
    Settings, WrongShapes,
    ::testing::Values(
        WrongShape{"sample: 6\n", "9:9: sample: expected {every: 6} or {fps: 5}, got '6'"},
        WrongShape{"sample: {every: 0}\n",
                   "9:17: sample.every: expected a whole number from 1 to 100000, got '0'"},
        WrongShape{"sample: {every: 2.5}\n", "9:17: sample.every: expected a whole number"},
        WrongShape{"sample: {every: 2, fps: 5}\n", "9:20: sample: give 'every' or 'fps', not both"},
        WrongShape{"sample: {fps: nan}\n", "9:15: sample.fps: expected a number above 0"},
        WrongShape{"faces:\n", "9:1: faces: expected a map of keys, got nothing"},
        WrongShape{"faces: {min_size: tiny}\n", "9:19: faces.min_size: expected a whole number from 16"},
        WrongShape{"faces: {detector: hgo}\n",
                   "9:19: faces.detector: expected one of auto, hog, got 'hgo'; did you mean 'hog'?"},
        WrongShape{"train: [light]\n", "9:8: train: expected a map of keys, got a list"},
        WrongShape{"train: {model: lite}\n", "9:16: train.model: expected one of"},
        WrongShape{"train: {batch: many}\n",
                   "9:16: train.batch: expected a whole number from 1 to 4096, got 'many'"},
        WrongShape{"train: {batch: 99999999999999999999}\n", "9:16: train.batch: expected a whole number"},
        WrongShape{"train: {batch: }\n",
                   "9:9: train.batch: expected a whole number from 1 to 4096, got nothing"},
        WrongShape{"train: {stop: 400}\n", "9:15: train.stop: expected a map such as {iterations"},
        WrongShape{"train: {stop: {hours: 0}}\n", "9:23: train.stop.hours: expected a number above 0"},
        WrongShape{"train: {stop: {until: \"24:00\"}}\n",
                   "9:23: train.stop.until: expected a time of day such as \"07:00\", got '24:00'"},
        WrongShape{"train: {stop: {until: \"7\"}}\n", "9:23: train.stop.until: expected a time of day"},
        WrongShape{"train: {stop: {until: \"7:60\"}}\n", "9:23: train.stop.until: expected a time of day"},
        WrongShape{"train: {stop: {until: \"-7:00\"}}\n", "9:23: train.stop.until: expected a time of day"},
        WrongShape{"train: {stop: {plateau: soon}}\n", "9:25: train.stop.plateau: expected true or false, got 'soon'"},
        WrongShape{"train: {adversarial: 1}\n", "9:22: train.adversarial: expected true or false"},
        WrongShape{"train: {milestone_every: 0}\n", "9:26: train.milestone_every: expected a whole number from 1"},
        WrongShape{"evaluate: yes\n", "9:11: evaluate: expected a map such as {hold_out: auto"},
        WrongShape{"evaluate: {hold_out: some}\n", "9:22: evaluate.hold_out: expected one of auto, off"},
        WrongShape{"evaluate: {every: 0}\n", "9:19: evaluate.every: expected a whole number from 1"},
        WrongShape{"evaluate: {frames: 2}\n", "9:20: evaluate.frames: expected a whole number from 8"},
        WrongShape{"evaluate: {actor: {}}\n", "9:12: evaluate: unknown key 'actor'; did you mean 'actors'?"},
        WrongShape{"evaluate: {actors: {avx: ava}}\n",
                   "9:21: evaluate.actors: 'avx' is not one of the people (ava, ben); did you mean 'ava'?"},
        WrongShape{"evaluate: {actors: {ava: \"seed:-1\"}}\n",
                   "9:26: evaluate.actors.ava: expected an actor's name such as ava, or seed:NUMBER"},
        WrongShape{"evaluate: {actors: {ava: \"seed:\"}}\n", "9:26: evaluate.actors.ava: expected an actor's name"},
        WrongShape{"train: {base: ../x}\n", "9:15: train.base: expected none, NAME or NAME@VERSION"},
        WrongShape{"train: {base: x@0}\n", "9:15: train.base: expected none, NAME or NAME@VERSION"},
        WrongShape{"train: {device: gpu}\n", "9:17: train.device: expected one of auto, cpu, cuda"},
        WrongShape{"train: {seed: -1}\n", "9:15: train.seed: expected a whole number from 0"},
        WrongShape{"limits: {max_download_gb: -1}\n",
                   "9:27: limits.max_download_gb: expected a number above 0"},
        WrongShape{"limits: {per_host_connections: 99}\n",
                   "9:32: limits.per_host_connections: expected a whole number from 1 to 16"},
        WrongShape{"download: {cookies: \"https://x.org/c\"}\n",
                   "9:12: download: expected a path on this machine"},
        WrongShape{"download: {cookies: [a]}\n",
                   "9:21: download.cookies: expected an address or a path, got a list"},
        WrongShape{"workspace: \"\"\n", "9:12: workspace: expected an address or a path, got ''"}));

INSTANTIATE_TEST_SUITE_P(
    Disclosure, WrongShapes,
    ::testing::Values(
        WrongShape{"disclosure: off\n", "9:13: disclosure: expected a map of keys, got 'off'"},
        WrongShape{"disclosure: {label: off}\n", "9:14: disclosure: 'label: off' needs 'reason'"},
        WrongShape{"disclosure: {label: false, reason: short}\n",
                   "9:28: disclosure: 'label: off' needs 'reason'"},
        WrongShape{"disclosure: {label: \"off\"}\n", "9:14: disclosure: 'label: off' needs 'reason'"},
        WrongShape{"disclosure: {label: }\n", "9:14: disclosure.label: expected the text of the label"},
        WrongShape{"disclosure: {label: \" \"}\n", "9:21: disclosure.label: expected the text of the label"},
        WrongShape{"disclosure: {label: [a]}\n", "9:21: disclosure.label: expected the text of the label"},
        WrongShape{"disclosure: {label: \"été\"}\n", "9:21: disclosure.label: expected at most 120 letters"},
        WrongShape{"disclosure: {label: {corner: top}}\n",
                   "9:30: disclosure.label.corner: expected one of top_left"},
        WrongShape{"disclosure: {label: {opacity: 0.01}}\n",
                   "9:31: disclosure.label.opacity: expected a number from 0.3 to 1"}));

INSTANTIATE_TEST_SUITE_P(
    Convert, WrongShapes,
    ::testing::Values(
        WrongShape{"convert: {target: a.mp4}\n", "9:10: convert: expected a list of targets"},
        WrongShape{"convert: [a.mp4]\n",
                   "9:11: convert.0: expected a map with 'target' and 'swap', got 'a.mp4'"},
        WrongShape{"convert:\n  - swap: {ava: ben}\n", "10:5: convert.0: the key 'target' is missing"},
        WrongShape{"convert:\n  - target: t.mp4\n", "10:5: convert.0: the key 'swap' is missing"},
        WrongShape{"convert:\n  - {target: t.mp4, swap: ben}\n", "10:27: convert.0.swap: expected a pair"},
        WrongShape{"convert:\n  - {target: t.mp4, swap: {}}\n",
                   "10:27: convert.0.swap: expected at least one pair such as {host: guest}, got none"},
        WrongShape{"convert:\n  - {target: t.mp4, swap: {ava: ben, ava: ben}}\n",
                   "10:38: the key 'ava' is here twice"},
        WrongShape{"convert:\n  - {target: t.mp4, swap: {ava: ben, ben: ben}}\n",
                   "10:43: convert.0.swap.ben: expected two different people, got 'ben' twice"},
        WrongShape{
            "convert:\n  - {target: t.mp4, swap: {ava: bne}}\n",
            "10:33: convert.0.swap.ava: 'bne' is not one of the people (ava, ben); did you mean 'ben'?"},
        WrongShape{"convert:\n  - {target: t.mp4, swap: {eva: ben}}\n",
                   "10:28: convert.0.swap: 'eva' is not one of the people"},
        WrongShape{"convert:\n  - {target: t.mp4, swap: {ava: ava}}\n",
                   "10:33: convert.0.swap.ava: expected two different people"},
        WrongShape{"convert:\n  - {target: t.mp4, swap: {ava: [ben]}}\n",
                   "10:33: convert.0.swap.ava: expected the name of the person"},
        WrongShape{"convert:\n  - {target: t_*.mp4, swap: {ava: ben}}\n",
                   "10:14: convert.0.target: expected one file or folder"},
        WrongShape{"convert:\n  - {target: ftp://x.org/t.mp4, swap: {ava: ben}}\n",
                   "10:14: convert.0.target: only http:// and https://"},
        WrongShape{"convert:\n  - {target: a.mp4, photos: b, swap: {ava: ben}}\n",
                   "10:21: convert.0: give 'target' or 'photos'"},
        WrongShape{"convert:\n  - {photos: b, swap: {ava: ben}, duration: 5}\n",
                   "10:35: convert.0: 'duration' has no meaning"},
        WrongShape{"convert:\n  - {target: t.mp4, swap: {ava: ben}, duration: 0}\n",
                   "10:39: convert.0: expected a duration above 0"},
        WrongShape{"convert:\n  - {target: t.mp4, swap: {ava: ben}, start: 1:75}\n",
                   "10:46: convert.0.start: expected a time"},
        WrongShape{"convert:\n  - {target: t.mp4, swap: {ava: ben}, side_by_side: horizontl}\n",
                   "10:53: convert.0.side_by_side: expected one of horizontal, vertical, wipe, mask, checkpoints, off, "
                   "got 'horizontl'; did you mean 'horizontal'?"},
        WrongShape{"convert:\n  - {target: t.mp4, swap: {ava: ben}, encoder: h264}\n",
                   "10:48: convert.0.encoder: expected a map"},
        WrongShape{"convert:\n  - {target: t.mp4, swap: {ava: ben}, encoder: {codec: h265}}\n",
                   "10:56: convert.0.encoder.codec: expected h264, hevc"},
        WrongShape{"convert:\n  - {target: t.mp4, swap: {ava: ben}, encoder: {crf: 52}}\n",
                   "10:54: convert.0.encoder.crf: expected a whole number from 0 to 51"},
        WrongShape{"convert:\n  - {target: t.mp4, swap: {ava: ben}, encoder: {preset: fastest}}\n",
                   "10:57: convert.0.encoder.preset: expected one of ultrafast"},
        WrongShape{"convert:\n  - {target: t.mp4, swap: {ava: ben}, container: avi}\n",
                   "10:50: convert.0.container: expected one of mp4, mov, mkv, webm"},
        WrongShape{"convert:\n  - {target: t.mp4, swap: {ava: ben}, encoder: {codec: ffv1}}\n",
                   "10:48: convert.0.encoder: ffv1 does not go into mp4; write container: mkv"}));

// One more key on line 12 of a project with a target.
WrongShape Key(const char* key, const char* problem) {
  static std::deque<std::string> kept;  // a WrongShape holds pointers
  kept.push_back("convert:\n  - target: t.mp4\n    swap: {ava: ben}\n    " + std::string(key) + "\n");
  return {kept.back().c_str(), problem};
}

INSTANTIATE_TEST_SUITE_P(
    Look, WrongShapes,
    ::testing::Values(
        Key("mask: hul", "12:11: convert.0.mask: expected one of auto, hull, components, learned, got 'hul'; did you "
                         "mean 'hull'?"),
        Key("mask: [hull]", "12:11: convert.0.mask: expected one of auto"),
        Key("color: reinhart", "12:12: convert.0.color: expected one of auto, none, average, reinhard, histogram, got "
                               "'reinhart'; did you mean 'reinhard'?"),
        Key("blend: multi-band", "12:12: convert.0.blend: expected one of auto, feather, multiband, poisson, got "
                                 "'multi-band'; did you mean 'multiband'?"),
        Key("erosion: 0.31", "12:14: convert.0.erosion: expected a number from 0 to 0.3, got '0.31'"),
        Key("erosion: nan", "12:14: convert.0.erosion: expected a number from 0 to 0.3"),
        Key("feather: -0.1", "12:14: convert.0.feather: expected a number from 0 to 0.3, got '-0.1'"),
        Key("sharpen: maybe", "12:14: convert.0.sharpen: expected true or false, got 'maybe'"),
        Key("occlusion: on", "12:16: convert.0.occlusion: expected one of auto, off, got 'on'"),
        Key("smoothing: 1.5", "12:16: convert.0.smoothing: expected a number of seconds from 0 to 1, or off, got '1.5'"),
        Key("smoothing: on", "12:16: convert.0.smoothing: expected a number of seconds"),
        Key("smoothing: {s: 1}", "12:16: convert.0.smoothing: expected a number of seconds from 0 to 1, or off, got a map"),
        Key("chunk: 0.5", "12:12: convert.0.chunk: expected a number from 1 to 600, got '0.5'"),
        Key("chunk: 601", "12:12: convert.0.chunk: expected a number from 1 to 600"),
        Key("fade_profiles: 0.5", "12:20: convert.0.fade_profiles: expected true or false"),
        Key("fade_profile: true", "12:5: convert.0: unknown key 'fade_profile'; did you mean 'fade_profiles'?"),
        Key("colour: auto", "12:5: convert.0: unknown key 'colour'; did you mean 'color'?"),
        Key("fps: 25", "12:5: convert.0: only numbered pictures (target: frames/%05d.png, or a folder of them) take a "
                       "rate; a video has its own"),
        Key("fps: 0", "12:10: convert.0.fps: expected a number from 0.01 to 1000"),
        Key("encoder: {hardware: cuda}", "12:25: convert.0.encoder.hardware: expected one of auto, off, got 'cuda'"),
        Key("encoder: {codec: vp9, preset: 9}", "12:35: convert.0.encoder.preset: expected a whole number from 0 to 8")));

INSTANTIATE_TEST_SUITE_P(
    Webm, WrongShapes,
    ::testing::Values(
        Key("container: webm\n    encoder: {codec: h264}",
            "13:14: convert.0.encoder: h264 does not go into webm; write codec: av1, codec: vp9 or container: mkv"),
        Key("container: webm\n    encoder: {codec: h264_nvenc}", "13:14: convert.0.encoder: h264_nvenc does not go"),
        Key("container: webm\n    encoder: {preset: veryfast}",
            "13:23: convert.0.encoder.preset: expected a whole number from 0 to 13, got 'veryfast'")));

INSTANTIATE_TEST_SUITE_P(
    Pictures, WrongShapes,
    ::testing::Values(
        WrongShape{"convert:\n  - {target: frames/%05d.png, swap: {ava: ben}}\n",
                   "10:14: convert.0.target: numbered pictures are read as a video, which needs its rate: write fps: 25"},
        WrongShape{"convert:\n  - {photos: one.jpg, swap: {ava: ben}, fps: 25}\n",
                   "10:41: convert.0: only numbered pictures"},
        WrongShape{"convert:\n  - {target: \"https://x.org/%d.png\", swap: {ava: ben}, fps: 25}\n",
                   "10:56: convert.0: only numbered pictures"},
        WrongShape{"convert:\n  - {photos: album, swap: {ava: ben}, chunk: 5}\n",
                   "10:39: convert.0: 'chunk' has no meaning for pictures"},
        WrongShape{"convert:\n  - {photos: album, swap: {ava: ben}, side_by_side: wipe}\n",
                   "10:39: convert.0: 'wipe' is for videos; pictures take off, horizontal or vertical"},
        WrongShape{"convert:\n  - {photos: clip.MP4, swap: {ava: ben}}\n",
                   "10:14: convert.0.photos: expected a folder of pictures or a picture (jpg, png, webp, bmp, tif), got "
                   "'clip.MP4'; a video is named under 'target'"},
        WrongShape{"convert:\n  - {photos: \"https://x.org/clip.webm?t=1\", swap: {ava: ben}}\n",
                   "10:14: convert.0.photos: expected a folder of pictures or a picture"}));

INSTANTIATE_TEST_SUITE_P(
    NotYetAvailable, WrongShapes,
    ::testing::Values(
        WrongShape{"train: {base: auto}\n", "9:15: train.base: `auto` is not available in this version"},
        WrongShape{"faces: {detector: mmod}\n",
                   "9:19: faces.detector: `mmod` is not available in this version"},
        WrongShape{"faces: {identity: auto}\n",
                   "9:19: faces.identity: `auto` is not available in this version"},
        WrongShape{"convert:\n  - {target: t.mp4, swap: {ava: ben}, width: 1280}\n",
                   "10:39: convert.0: `width` is not available in this version"},
        WrongShape{"convert:\n  - {target: t.mp4, swap: {ava: ben}, crop: {x: 1}}\n",
                   "10:39: convert.0: `crop` is not available in this version"},
        WrongShape{"name: x\npeople:\n  ava: {consent: \"release 12\", references: [a.jpg], sources: [{url: "
                   "\"https://x.org/p\", max_videos: 5}]}\n",
                   "3:32: people.ava: `references` is not available in this version", true},
        WrongShape{"name: x\npeople:\n  ava: {consent: \"release 12\", sources: [{url: \"https://x.org/p\", "
                   "max_videos: 5}]}\n",
                   "3:67: people.ava.sources.0: `max_videos` is not available in this version", true}));

std::string WithSource(const std::string& source) {
  return "name: n\npeople:\n  ava:\n    consent: \"release 12\"\n    sources:\n      - " + source +
         "\n  ben: {consent: \"release 13\", sources: [b.mp4]}\n";
}

TEST(Sources, AreReadInEverySpelling) {
  const ProjectInFolder file(
      WithSource("https://www.youtube.com/watch?v=abc\n"
                 "      - {url: \"HTTPS://example.org/i.mp4\", start: \"00:40\", end: \"1:02:03.5\", every: "
                 "3, sha256: \"" +
                 std::string(64, 'A') +
                 "\"}\n"
                 "      - clips/host_*.mkv\n"
                 "      - {file: clips/x.mp4, start: 12.5, fps: 5}\n"
                 "      - {photos: session}\n"
                 "      - stills/"));
  const auto sources = file.Load().people[0].sources;
  ASSERT_EQ(sources.size(), 6u);
  EXPECT_EQ(sources[0].kind, Source::Kind::kUrl);
  EXPECT_EQ(sources[1].kind, Source::Kind::kUrl);
  EXPECT_DOUBLE_EQ(sources[1].start_seconds, 40);
  EXPECT_DOUBLE_EQ(*sources[1].end_seconds, 3723.5);
  EXPECT_EQ(sources[1].every, 3);
  EXPECT_EQ(sources[1].sha256, std::string(64, 'a'));
  EXPECT_EQ(sources[1].line, 7);
  EXPECT_EQ(sources[2].kind, Source::Kind::kFiles);
  EXPECT_EQ(sources[2].location, "clips/host_*.mkv");
  EXPECT_DOUBLE_EQ(sources[3].start_seconds, 12.5);
  EXPECT_DOUBLE_EQ(*sources[3].fps, 5);
  EXPECT_EQ(sources[4].kind, Source::Kind::kPhotos);
  EXPECT_EQ(sources[5].kind, Source::Kind::kPhotos);
}

TEST(Sources, AnExistingFolderIsOneOfPictures) {
  const ProjectInFolder file(WithSource("session"));
  fs::create_directory(file.folder() / "session");
  EXPECT_EQ(file.Load().people[0].sources[0].kind, Source::Kind::kPhotos);
}

TEST(Sources, TimesMayBeWrittenInEveryCustomaryWay) {
  const std::map<std::string, double> times = {{"40", 40},   {"40.5", 40.5},  {"\"00:40\"", 40},
                                               {"1:30", 90}, {"75:00", 4500}, {"1:02:03.5", 3723.5},
                                               {"0", 0},     {"90", 90}};
  for (const auto& [text, seconds] : times) {
    const Project project = ProjectInFolder(WithSource("{file: a.mp4, start: " + text + "}")).Load();
    EXPECT_DOUBLE_EQ(project.people[0].sources[0].start_seconds, seconds) << text;
  }
  for (const std::string text : {"-1", "1:60", "1:2:3:4", "\"1:\"", "\":1\"", "1e3", "soon", "1.5:10", "\"\"",
                                 "[1]", "inf", "99999999999"}) {
    EXPECT_THAT(ProblemsOf(WithSource("{file: a.mp4, start: " + text + "}")),
                ElementsAre(HasSubstr(
                    "6:30: people.ava.sources.0.start: expected a time such as 40, 00:40 or 1:02:03.5")))
        << text;
  }
}

TEST(Sources, WrongOnesAreNamed) {
  const auto expect = [](const std::string& source, const std::string& problem) {
    EXPECT_THAT(ProblemsOf(WithSource(source)), ::testing::Contains(StartsWith(problem))) << source;
  };
  expect("", "6:7: people.ava.sources.0: expected an address, a path or");
  expect("[a.mp4]", "6:9: people.ava.sources.0: expected an address, a path or");
  expect("{}", "6:9: people.ava.sources.0: expected one of 'url', 'file' and 'photos', got none");
  expect("{url: \"https://x.org/a.mp4\", file: b.mp4}", "6:9: people.ava.sources.0: expected one of 'url'");
  expect("{url: a.mp4}", "6:15: people.ava.sources.0.url: expected an address that begins with https://");
  expect("{file: \"https://x.org/a.mp4\"}",
         "6:16: people.ava.sources.0.file: a web address belongs under 'url'");
  expect("{file: a.mp4, start: 10, end: 10}", "6:34: people.ava.sources.0: expected 'end' after 'start'");
  expect("{file: a.mp4, every: 2, fps: 3}", "6:33: people.ava.sources.0: give 'every' or 'fps', not both");
  expect("{file: a.mp4, sha256: abc}",
         "6:31: people.ava.sources.0.sha256: expected the 64 hexadecimal digits");
  expect("{file: a*.mp4, sha256: " + std::string(64, '0') + "}",
         "6:24: people.ava.sources.0: one SHA-256 cannot");
  expect("{photos: x, start: 3}",
         "6:21: people.ava.sources.0: 'start' has no meaning for a folder of pictures");
  expect("{file: a.mp4, strat: 3}", "6:23: people.ava.sources.0: unknown key 'strat'; did you mean 'start'?");
  expect("face.jpg", "6:9: people.ava.sources.0: a source is a video; pictures are given as a folder");
  expect("www.youtube.com/watch", "6:9: people.ava.sources.0: an address begins with https://");
  expect("file:///etc/passwd", "6:9: people.ava.sources.0: only http:// and https://");
  expect("\"https://\"", "6:9: people.ava.sources.0: expected an address such as");
  expect("\"a\\nb.mp4\"", "6:9: people.ava.sources.0: expected an address or a path on one line");
  expect("a.mp4\n      - a.mp4", "7:9: people.ava.sources.1: this source is already in the list of 'ava'");
  expect("b.mp4", "7:42: people.ben.sources.0: this source is already in the list of 'ava'");
}

TEST(Sources, TwoRangesOfOneVideoAreTwoSources) {
  EXPECT_THAT(ProblemsOf(WithSource("{file: a.mp4, end: 10}\n      - {file: a.mp4, start: 20}")), IsEmpty());
}

TEST(Locations, VariablesAndHomeAreFilledIn) {
  ASSERT_EQ(setenv("REELSWAP_TEST_CLIPS", "/media/clips", 1), 0);
  ASSERT_EQ(unsetenv("REELSWAP_TEST_UNSET"), 0);
  const ProjectInFolder file(
      WithSource("${REELSWAP_TEST_CLIPS}/a.mp4\n      - "
                 "\"${REELSWAP_TEST_UNSET:-../x}/b_${REELSWAP_TEST_CLIPS:-no}.mp4\"\n"
                 "      - ~/c.mp4"));
  const auto sources = file.Load().people[0].sources;
  EXPECT_EQ(sources[0].location, "/media/clips/a.mp4");
  EXPECT_EQ(sources[1].location, "../x/b_/media/clips.mp4");
  EXPECT_EQ(sources[2].location, std::string(getenv("HOME")) + "/c.mp4");
}

TEST(Locations, AMissingVariableIsNamed) {
  ASSERT_EQ(unsetenv("REELSWAP_TEST_UNSET"), 0);
  EXPECT_THAT(
      ProblemsOf(WithSource("${REELSWAP_TEST_UNSET}/a.mp4")),
      ElementsAre(
          "6:9: people.ava.sources.0: the environment variable REELSWAP_TEST_UNSET is not set; set it "
          "or write ${REELSWAP_TEST_UNSET:-default}"));
  EXPECT_THAT(ProblemsOf(WithSource("\"${OPEN/a.mp4\"")), ElementsAre(HasSubstr("closing '}' is missing")));
  EXPECT_THAT(ProblemsOf(WithSource("\"${9 x}/a.mp4\"")), ElementsAre(HasSubstr("expected ${NAME}")));
}

TEST(Locations, RelativePathsStartAtTheProjectFile) {
  const ProjectInFolder file(
      MinimalProject() +
      "workspace: ../work/\nlibrary: lib\ndownload: {cookies: c.txt, ytdlp: bin/yt-dlp}\n");
  const Project project = file.Load();
  EXPECT_EQ(project.workspace, file.folder().parent_path() / "work");
  EXPECT_EQ(project.library, file.folder() / "lib");
  EXPECT_EQ(*project.download.cookies, file.folder() / "c.txt");
  EXPECT_EQ(project.download.ytdlp, (file.folder() / "bin/yt-dlp").string());
}

TEST(Targets, AreReadWithTheirOptions) {
  const Project project = ProjectInFolder(MinimalProject() +
                                          "convert:\n"
                                          "  - target: https://www.youtube.com/watch?v=x\n"
                                          "    swap: {ava: ben}\n"
                                          "    start: 40\n"
                                          "    duration: 1:00\n"
                                          "    side_by_side: off\n"
                                          "    encoder: {codec: av1}\n"
                                          "    container: mkv\n"
                                          "  - target: party.JPG\n"
                                          "    swap: {ben: ava}\n"
                                          "  - photos: album\n"
                                          "    swap: {ben: ava}\n")
                              .Load();
  ASSERT_EQ(project.targets.size(), 3u);
  const Target& video = project.targets[0];
  EXPECT_FALSE(video.photos);
  EXPECT_EQ(video.swap, (std::map<std::string, std::string>{{"ava", "ben"}}));
  EXPECT_DOUBLE_EQ(video.start_seconds, 40);
  EXPECT_DOUBLE_EQ(*video.duration_seconds, 60);
  EXPECT_EQ(video.side_by_side, Target::SideBySide::kOff);
  EXPECT_EQ(video.encoder.preset, "8");  // x264's word would mean nothing to an AV1 encoder
  EXPECT_EQ(video.container, "mkv");
  EXPECT_EQ(video.line, 10);
  EXPECT_TRUE(project.targets[1].photos);
  EXPECT_TRUE(project.targets[2].photos);
}

Target TheTarget(const std::string& keys) {
  return ProjectInFolder(MinimalProject() + "convert:\n  - target: t.mp4\n    swap: {ava: ben}\n" + keys)
      .Load()
      .targets.at(0);
}

TEST(Targets, HaveTheDocumentedLookUnlessTold) {
  const Target target = TheTarget("");
  EXPECT_EQ(target.look.mask, MaskKind::kAuto);
  EXPECT_EQ(target.look.color, ColorMode::kAuto);
  EXPECT_EQ(target.look.blend, BlendMode::kAuto);
  EXPECT_FLOAT_EQ(target.look.erosion, 0.02f);
  EXPECT_FLOAT_EQ(target.look.feather, 0.08f);
  EXPECT_TRUE(target.look.sharpen);
  EXPECT_TRUE(target.occlusion);
  EXPECT_TRUE(target.fade_profiles);
  EXPECT_DOUBLE_EQ(target.smoothing_seconds, 0.1);
  EXPECT_DOUBLE_EQ(target.chunk_seconds, 10);
  EXPECT_EQ(target.side_by_side, Target::SideBySide::kHorizontal);
  EXPECT_EQ(target.encoder.hardware, "off");
  EXPECT_FALSE(target.sequence_fps);
}

TEST(Targets, TakeEveryKeyOfTheirLook) {
  const Target target = TheTarget(
      "    mask: components\n    color: histogram\n    blend: poisson\n    erosion: 0.1\n    feather: 0\n"
      "    sharpen: false\n    occlusion: off\n    smoothing: 0.25\n    chunk: 2.5\n    fade_profiles: no\n"
      "    side_by_side: checkpoints\n    encoder: {hardware: auto}\n");
  EXPECT_EQ(target.look.mask, MaskKind::kComponents);
  EXPECT_EQ(target.look.color, ColorMode::kHistogram);
  EXPECT_EQ(target.look.blend, BlendMode::kPoisson);
  EXPECT_FLOAT_EQ(target.look.erosion, 0.1f);
  EXPECT_FLOAT_EQ(target.look.feather, 0);
  EXPECT_FALSE(target.look.sharpen);
  EXPECT_FALSE(target.occlusion);
  EXPECT_FALSE(target.fade_profiles);
  EXPECT_DOUBLE_EQ(target.smoothing_seconds, 0.25);
  EXPECT_DOUBLE_EQ(target.chunk_seconds, 2.5);
  EXPECT_EQ(target.side_by_side, Target::SideBySide::kCheckpoints);
  EXPECT_EQ(target.encoder.hardware, "auto");
  EXPECT_EQ(TheTarget("    smoothing: off\n").smoothing_seconds, 0);
  EXPECT_EQ(TheTarget("    smoothing: 0\n").smoothing_seconds, 0);
}

TEST(Targets, SwapSeveralPeopleInOnePassAndMayExchangeFaces) {
  const Project project =
      ProjectInFolder(MinimalProject() + "  cid:\n    consent: \"signed release 3\"\n    sources: [c.mp4]\n" +
                      "convert:\n  - target: t.mp4\n    swap: {ava: ben, ben: ava, cid: ben}\n")
          .Load();
  EXPECT_EQ(project.targets[0].swap,
            (std::map<std::string, std::string>{{"ava", "ben"}, {"ben", "ava"}, {"cid", "ben"}}));
}

TEST(Targets, AWebmIsAv1UnlessAnotherFittingCodecIsNamed) {
  EXPECT_EQ(TheTarget("    container: webm\n").encoder.codec, "av1");
  EXPECT_EQ(TheTarget("    container: webm\n").encoder.preset, "8");
  EXPECT_EQ(TheTarget("    container: webm\n    encoder: {crf: 60}\n").encoder.codec, "av1");
  EXPECT_EQ(TheTarget("    container: webm\n    encoder: {crf: 60}\n").encoder.crf, 60);
  EXPECT_EQ(TheTarget("    container: webm\n    encoder: {codec: vp9}\n").encoder.codec, "vp9");
  EXPECT_EQ(TheTarget("    container: webm\n    encoder: {codec: libvpx-vp9}\n").encoder.codec, "libvpx-vp9");
  EXPECT_EQ(TheTarget("    container: mkv\n").encoder.codec, "h264");
}

TEST(Targets, NumberedPicturesWithARateAreAVideo) {
  const ProjectInFolder file(MinimalProject() +
                             "convert:\n  - {target: frames/%05d.png, swap: {ava: ben}, fps: 23.976}\n"
                             "  - {target: frames/, swap: {ava: ben}, fps: 25, container: mkv}\n"
                             "  - {photos: frames, swap: {ava: ben}, fps: 25, duration: 2}\n"
                             "  - {photos: frames, swap: {ava: ben}}\n");
  const Project project = file.Load();
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_FALSE(project.targets[i].photos) << i;
    EXPECT_TRUE(project.targets[i].sequence_fps) << i;
  }
  EXPECT_DOUBLE_EQ(*project.targets[0].sequence_fps, 23.976);
  EXPECT_TRUE(project.targets[3].photos);
  EXPECT_FALSE(project.targets[3].sequence_fps);
}

TEST(Targets, PhotosAreAFolderOrAPictureAndNoOtherFile) {
  const ProjectInFolder file(MinimalProject() + "convert:\n  - {photos: notes, swap: {ava: ben}}\n");
  EXPECT_TRUE(file.Load().targets[0].photos);  // a folder that is yet to come
  WriteText(file.folder() / "notes", "x");
  EXPECT_THROW(file.Load(), ProjectError);
  const ProjectInFolder dotted(MinimalProject() + "convert:\n  - {photos: album.mov, swap: {ava: ben}}\n");
  EXPECT_THROW(dotted.Load(), ProjectError);
  std::filesystem::create_directory(dotted.folder() / "album.mov");
  EXPECT_TRUE(dotted.Load().targets[0].photos);
}

TEST(Targets, APictureWhoseNameHasAPercentSignStaysAPicture) {
  const ProjectInFolder file(MinimalProject() + "convert:\n  - {target: \"%d.png\", swap: {ava: ben}}\n");
  WriteText(file.folder() / "%d.png", "x");
  EXPECT_TRUE(file.Load().targets[0].photos);
}

TEST(Train, HoursAloneMeanHoursOnly) {
  const Project hours = ProjectInFolder(MinimalProject() + "train: {stop: {hours: 1.5}}\n").Load();
  EXPECT_DOUBLE_EQ(hours.train.options.max_hours, 1.5);
  EXPECT_GE(hours.train.options.iterations, 1'000'000'000);
  const Project both =
      ProjectInFolder(MinimalProject() + "train: {stop: {hours: 1, iterations: 9}}\n").Load();
  EXPECT_EQ(both.train.options.iterations, 9);
}

TEST(Train, ATimeOfDayAloneEndsTheTrainingAndAPlateauEndsItSoonerThanItsIterations) {
  const Project until = ProjectInFolder(MinimalProject() + "train: {stop: {until: 7:05}}\n").Load();
  EXPECT_EQ(until.train.options.until_minute, 7 * 60 + 5);
  EXPECT_GE(until.train.options.iterations, 1'000'000'000);
  const Project plateau = ProjectInFolder(MinimalProject() + "train: {stop: {plateau: true}}\n").Load();
  EXPECT_TRUE(plateau.train.options.plateau);
  EXPECT_EQ(plateau.train.options.iterations, 40'000);  // what the schedules follow
  const Project night = ProjectInFolder(MinimalProject() + "train: {stop: {until: 7:05, plateau: true}}\n").Load();
  EXPECT_GE(night.train.options.iterations, 1'000'000'000);
  // Saying no to a plateau names no end.
  const Project neither = ProjectInFolder(MinimalProject() + "train: {stop: {plateau: false}}\n").Load();
  EXPECT_EQ(neither.train.options.iterations, 40'000);
}

TEST(Evaluate, ActorsAreNamedOrDrawnFromASeed) {
  const Project project =
      ProjectInFolder(MinimalProject() + "evaluate: {every: 25, actors: {ava: carl, ben: \"seed:4294967295\"}}\n")
          .Load();
  EXPECT_EQ(project.evaluate.actors,
            (std::map<std::string, std::string>{{"ava", "carl"}, {"ben", "seed:4294967295"}}));
  EXPECT_EQ(project.train.options.score_every, 25);
}

TEST(Evaluate, ActorsAreTwoDifferentOnesOrNone) {
  const auto problems = [](const std::string& actors) {
    return ProblemsOf(MinimalProject() + "evaluate: {actors: " + actors + "}\n");
  };
  EXPECT_THAT(problems("{}"), IsEmpty());
  EXPECT_THAT(problems("{ava: ava}"), ElementsAre(AllOf(HasSubstr("9:20: evaluate.actors: expected at least two"),
                                                        HasSubstr("write {} for none"))));
  EXPECT_THAT(problems("{ava: carl, ben: carl}"),
              ElementsAre(AllOf(HasSubstr("evaluate.actors.ben: 'carl' plays ava already"), HasSubstr("another actor"))));
  EXPECT_THAT(problems("{ava: \"seed:7\", ben: \"seed:007\"}"), ElementsAre(HasSubstr("plays ava already")));
}

TEST(Sources, AHeldOutSourceIsMarkedAndOneMustBeLeftToTrainOn) {
  const auto text = [](const std::string& other) {
    return "name: n\npeople:\n  ava:\n    consent: \"release 12\"\n    sources:\n"
           "      - {file: a.mp4, hold_out: true}\n" + other + "  ben: {consent: \"release 13\", sources: [b.mp4]}\n";
  };
  const Project project = ProjectInFolder(text("      - c.mp4\n")).Load();
  EXPECT_TRUE(project.people[0].sources[0].hold_out);
  EXPECT_FALSE(project.people[0].sources[1].hold_out);
  EXPECT_THAT(ProblemsOf(text("")),
              ::testing::ElementsAre(::testing::HasSubstr("every source of 'ava' has hold_out: nothing is left")));
}

TEST(Train, TheBatchFollowsTheModelUnlessItIsGiven) {
  const Project light = ProjectInFolder(MinimalProject() + "train: {model: light, base: pair@3}\n").Load();
  EXPECT_EQ(light.train.options.batch, FindArchitecture("light").recommended_batch);
  EXPECT_EQ(light.train.base, "pair@3");
  const Project given = ProjectInFolder(MinimalProject() + "train: {model: light, batch: 5}\n").Load();
  EXPECT_EQ(given.train.options.batch, 5);
}

TEST(Disclosure, TheLabelHasTwoSpellingsAndAWrittenReasonTurnsItOff) {
  const auto load = [](const std::string& text) {
    return ProjectInFolder(MinimalProject() + text).Load().disclosure;
  };
  EXPECT_EQ(load("disclosure: {label: \"made by AI\"}\n").text, "made by AI");
  const auto full = load("disclosure: {label: {text: synthetic, corner: top_right, opacity: 0.5}}\n");
  EXPECT_EQ(full.text, "synthetic");
  EXPECT_EQ(full.corner, "top_right");
  EXPECT_DOUBLE_EQ(full.opacity, 0.5);
  const auto off = load("disclosure: {label: off, reason: \"credits of the film say it\"}\n");
  EXPECT_FALSE(off.label);
  EXPECT_EQ(off.off_reason, "credits of the film say it");
  EXPECT_TRUE(load("disclosure: {label: on}\n").label);
  EXPECT_EQ(load("disclosure: {label: on}\n").text, "AI-generated face swap");
}

}  // namespace
}  // namespace reelswap
