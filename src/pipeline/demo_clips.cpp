#include "pipeline/demo_clips.h"

#include "actors/demo_clips.h"
#include "core/files.h"
#include "media/audio_file.h"
#include "media/video_writer.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

/// How the committed clips are encoded: small, yet without visible blocks in the faces.
WriteOptions ClipOptions(const DemoClip& clip, const fs::path& sound) {
  WriteOptions options;
  FrameFormat& format = options.video.format;
  format.width = 640;
  format.height = 480;
  format.matrix = ColorMatrix::kBt601;
  options.video.frame_rate = clip.fps();
  options.video.time_base = {clip.fps().den, clip.fps().num};
  options.encoder = {"h264", 22, "slow", 0};
  options.audio = AudioCopy{sound, 0, std::nullopt};
  options.metadata = {{"comment", "virtual actor of reelswap; no real person is shown"}};
  return options;
}

/// A file that goes with the scope.
struct TemporaryFile {
  fs::path path;
  ~TemporaryFile() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
};

void RenderClip(const DemoClip& clip, const fs::path& folder, ProgressSink& progress, const std::stop_token& stop) {
  const TemporaryFile sound{TemporaryPathFor(folder / (clip.name() + ".m4a"))};
  WriteAudioFile(sound.path, clip.Audio(), clip.sample_rate());
  const WriteOptions options = ClipOptions(clip, sound.path);
  VideoWriter writer(folder / (clip.name() + ".mp4"), options);
  ProgressEvent event{"render", clip.name(), ProgressEvent::State::kRunning, 0, static_cast<double>(clip.frames()),
                      "frames", ""};
  for (int i = 0; i < clip.frames(); ++i) {
    if (stop.stop_requested()) return;  // an unfinished clip leaves no file
    writer.Write(Frame::FromBgr(clip.Frame(i), options.video.format, i, i));
    event.done = i + 1;
    progress.Report(event);
  }
  writer.Commit();
  event.state = ProgressEvent::State::kDone;
  progress.Report(event);
}

}  // namespace

void RenderDemoClips(const fs::path& folder, ProgressSink& progress, std::stop_token stop) {
  std::error_code ec;
  fs::create_directories(folder, ec);
  for (const DemoClip& clip : DemoClips()) {
    if (stop.stop_requested()) return;
    RenderClip(clip, folder, progress, stop);
  }
}

}  // namespace reelswap
