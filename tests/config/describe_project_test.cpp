#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/project_text.h"

namespace reelswap {
namespace {

using ::testing::HasSubstr;
using testing::MinimalProject;
using testing::ProjectInFolder;
using testing::WriteText;

void ExpectEqual(const Source& a, const Source& b) {
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.location, b.location);
  EXPECT_EQ(a.start_seconds, b.start_seconds);
  EXPECT_EQ(a.end_seconds, b.end_seconds);
  EXPECT_EQ(a.every, b.every);
  EXPECT_EQ(a.fps, b.fps);
  EXPECT_EQ(a.sha256, b.sha256);
  EXPECT_EQ(a.hold_out, b.hold_out);
}

void ExpectEqual(const Target& a, const Target& b) {
  EXPECT_EQ(a.location, b.location);
  EXPECT_EQ(a.photos, b.photos);
  EXPECT_EQ(a.swap, b.swap);
  EXPECT_EQ(a.start_seconds, b.start_seconds);
  EXPECT_EQ(a.duration_seconds, b.duration_seconds);
  EXPECT_EQ(a.side_by_side, b.side_by_side);
  EXPECT_EQ(a.encoder.codec, b.encoder.codec);
  EXPECT_EQ(a.encoder.crf, b.encoder.crf);
  EXPECT_EQ(a.encoder.preset, b.encoder.preset);
  EXPECT_EQ(a.encoder.threads, b.encoder.threads);
  EXPECT_EQ(a.encoder.hardware, b.encoder.hardware);
  EXPECT_EQ(a.container, b.container);
  EXPECT_EQ(a.sequence_fps, b.sequence_fps);
  EXPECT_EQ(a.look.mask, b.look.mask);
  EXPECT_EQ(a.look.color, b.look.color);
  EXPECT_EQ(a.look.blend, b.look.blend);
  EXPECT_EQ(a.look.erosion, b.look.erosion);
  EXPECT_EQ(a.look.feather, b.look.feather);
  EXPECT_EQ(a.look.sharpen, b.look.sharpen);
  EXPECT_EQ(a.occlusion, b.occlusion);
  EXPECT_EQ(a.smoothing_seconds, b.smoothing_seconds);
  EXPECT_EQ(a.chunk_seconds, b.chunk_seconds);
  EXPECT_EQ(a.fade_profiles, b.fade_profiles);
}

void ExpectEqual(const TrainSettings& a, const TrainSettings& b) {
  EXPECT_EQ(a.base, b.base);
  EXPECT_EQ(a.options.architecture, b.options.architecture);
  EXPECT_EQ(a.options.batch, b.options.batch);
  EXPECT_EQ(a.options.iterations, b.options.iterations);
  EXPECT_EQ(a.options.max_hours, b.options.max_hours);
  EXPECT_EQ(a.options.until_minute, b.options.until_minute);
  EXPECT_EQ(a.options.plateau, b.options.plateau);
  EXPECT_EQ(a.options.milestone_every, b.options.milestone_every);
  EXPECT_EQ(a.options.score_every, b.options.score_every);
  EXPECT_EQ(a.options.adversarial, b.options.adversarial);
  EXPECT_EQ(a.options.precision, b.options.precision);
  EXPECT_EQ(a.options.save_every, b.options.save_every);
  EXPECT_EQ(a.options.preview_every, b.options.preview_every);
  EXPECT_EQ(a.options.learning_rate, b.options.learning_rate);
  EXPECT_EQ(a.options.seed, b.options.seed);
  EXPECT_EQ(a.options.device, b.options.device);
  EXPECT_EQ(a.options.threads, b.options.threads);
}

void ExpectEqual(const Project& a, const Project& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.workspace, b.workspace);
  EXPECT_EQ(a.library, b.library);
  ASSERT_EQ(a.people.size(), b.people.size());
  for (size_t p = 0; p < a.people.size(); ++p) {
    EXPECT_EQ(a.people[p].name, b.people[p].name);
    EXPECT_EQ(a.people[p].consent, b.people[p].consent);
    ASSERT_EQ(a.people[p].sources.size(), b.people[p].sources.size());
    for (size_t i = 0; i < a.people[p].sources.size(); ++i)
      ExpectEqual(a.people[p].sources[i], b.people[p].sources[i]);
  }
  EXPECT_EQ(a.sample.every, b.sample.every);
  EXPECT_EQ(a.sample.fps, b.sample.fps);
  EXPECT_EQ(a.faces.min_size, b.faces.min_size);
  EXPECT_EQ(a.faces.max_yaw, b.faces.max_yaw);
  EXPECT_EQ(a.faces.min_sharpness, b.faces.min_sharpness);
  EXPECT_EQ(a.faces.max_per_source, b.faces.max_per_source);
  ExpectEqual(a.train, b.train);
  EXPECT_EQ(a.evaluate.hold_out, b.evaluate.hold_out);
  EXPECT_EQ(a.evaluate.frames, b.evaluate.frames);
  EXPECT_EQ(a.evaluate.identity, b.evaluate.identity);
  EXPECT_EQ(a.evaluate.actors, b.evaluate.actors);
  ASSERT_EQ(a.targets.size(), b.targets.size());
  for (size_t i = 0; i < a.targets.size(); ++i) ExpectEqual(a.targets[i], b.targets[i]);
  EXPECT_EQ(a.disclosure.label, b.disclosure.label);
  EXPECT_EQ(a.disclosure.text, b.disclosure.text);
  EXPECT_EQ(a.disclosure.corner, b.disclosure.corner);
  EXPECT_EQ(a.disclosure.opacity, b.disclosure.opacity);
  EXPECT_EQ(a.disclosure.off_reason, b.disclosure.off_reason);
  EXPECT_EQ(a.limits.max_download_gb, b.limits.max_download_gb);
  EXPECT_EQ(a.limits.max_download_minutes, b.limits.max_download_minutes);
  EXPECT_EQ(a.limits.per_host_connections, b.limits.per_host_connections);
  EXPECT_EQ(a.download.ytdlp, b.download.ytdlp);
  EXPECT_EQ(a.download.cookies, b.download.cookies);
}

void ExpectRoundTrip(const std::string& text) {
  const ProjectInFolder file(text);
  const Project project = file.Load();
  const std::string described = DescribeProject(project);
  WriteText(file.folder() / "described.yaml", described);
  const Project again = LoadProject(file.folder() / "described.yaml");
  ExpectEqual(project, again);
  EXPECT_EQ(DescribeProject(again), described);
}

TEST(DescribeProject, LoadsAgainToAnEqualProject) { ExpectRoundTrip(MinimalProject()); }

TEST(DescribeProject, KeepsEverySettingExactly) {
  ExpectRoundTrip(
      "name: null-1\n"
      "workspace: \"wo rk: #1\"\n"
      "library: lib\n"
      "people:\n"
      "  off:\n"
      "    consent: \"line one\\nline \\\"two\\\": # no comment\"\n"
      "    sources:\n"
      "      - {url: \"https://x.org/a?b=c#d\", start: 0.00001, end: 1234567.125, fps: 29.97, sha256: \"" +
      std::string(64, '7') +
      "\"}\n"
      "      - {file: \"clips/ä *.mkv\", every: 9}\n"
      "      - {photos: \"1\", hold_out: yes}\n"
      "  no: {consent: \"ünïcode ok\", sources: [b.mp4]}\n"
      "sample: {fps: 0.1}\n"
      "faces: {min_size: 48, max_yaw: 33.3, min_sharpness: 1.5e-7, max_per_source: 12}\n"
      "train: {model: light, base: x@2, batch: 3, stop: {iterations: 5, hours: 0.1, until: \"23:05\", plateau: on}, "
      "save_every: 2, preview_every: 1, milestone_every: 7,\n"
      "  adversarial: true, precision: fp32, learning_rate: 5e-5, seed: 9223372036854775807, device: cpu, threads: 2}\n"
      "evaluate: {hold_out: off, every: 50, frames: 12, identity: off, actors: {off: \"seed:12\", \"no\": ava}}\n"
      "convert:\n"
      "  - {target: \"t, x.mp4\", swap: {off: \"no\"}, start: 0.1, duration: 0.3, side_by_side: vertical,\n"
      "     encoder: {codec: libsvtav1, crf: 60, preset: 4, threads: 1}, container: mkv}\n"
      "  - {photos: album, swap: {\"no\": off}, side_by_side: off}\n"
      "disclosure: {label: {text: \"off-label: 1\", corner: top_left, opacity: 0.3}}\n"
      "limits: {max_download_gb: 0.5, max_download_minutes: 1000000, per_host_connections: 1}\n"
      "download: {ytdlp: ./yt, cookies: /c.txt}\n");
}

TEST(DescribeProject, KeepsTheLookOfEveryTarget) {
  ExpectRoundTrip(
      MinimalProject() +
      "convert:\n"
      "  - {target: t.mp4, swap: {ava: ben, ben: ava}, side_by_side: wipe, mask: learned, color: none, blend: multiband,\n"
      "     erosion: 0.123, feather: 0.3, sharpen: off, occlusion: off, smoothing: off, chunk: 600, fade_profiles: off,\n"
      "     encoder: {codec: vp9, crf: 63, preset: 3, hardware: auto}, container: webm}\n"
      "  - {target: t.mp4, swap: {ava: ben}, side_by_side: mask, smoothing: 0.05, chunk: 1.5, container: webm}\n"
      "  - {target: \"a b/%04d.png\", swap: {ava: ben}, side_by_side: checkpoints, fps: 29.97}\n"
      "  - {photos: nowhere, swap: {ava: ben}, fps: 0.5, start: 3}\n"
      "  - {photos: album, swap: {ben: ava}, mask: hull, color: reinhard, blend: poisson, occlusion: off,\n"
      "     fade_profiles: off}\n");
}

TEST(DescribeProject, LeavesOutWhatOfALookStandsAtItsDefault) {
  const std::string text =
      DescribeProject(ProjectInFolder(MinimalProject() + "convert: [{target: t.mp4, swap: {ava: ben}}]\n").Load());
  for (const char* key : {"mask:", "color:", "blend:", "erosion:", "feather:", "sharpen:", "occlusion:", "smoothing:",
                          "chunk:", "fade_profiles:", "hardware:", "fps:"}) {
    EXPECT_THAT(text, ::testing::Not(HasSubstr(key)));
  }
  EXPECT_THAT(text, HasSubstr("side_by_side: horizontal"));
}

TEST(DescribeProject, KeepsTheReasonWhenTheLabelIsOff) {
  ExpectRoundTrip(
      MinimalProject() +
      "disclosure: {label: off, reason: \"the film's credits say it\"}\ntrain: {stop: {hours: 2}}\n");
}

TEST(DescribeProject, SpellsOutTheDefaults) {
  const std::string text = DescribeProject(ProjectInFolder(MinimalProject()).Load());
  for (const char* key :
       {"version: 1", "workspace: ", "min_size: auto", "iterations: 40000", "learning_rate: auto",
        "hold_out: auto", "every: auto", "frames: 96", "actors: {}", "plateau: false",
        "milestone_every: auto", "opacity: 0.75", "per_host_connections: 2", "ytdlp: yt-dlp", "convert: []"}) {
    EXPECT_THAT(text, HasSubstr(key));
  }
}

}  // namespace
}  // namespace reelswap
