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

void RenderClip(const DemoClip& clip, const fs::path& folder, ProgressSink& progress, const std::stop_token& stop) {
  const fs::path sound = folder / (clip.name() + ".part.m4a");
  WriteAudioFile(sound, clip.Audio(), clip.sample_rate());
  const WriteOptions options = ClipOptions(clip, sound);
  VideoWriter writer(folder / (clip.name() + ".mp4"), options);
  for (int i = 0; i < clip.frames() && !stop.stop_requested(); ++i) {
    writer.Write(Frame::FromBgr(clip.Frame(i), options.video.format, i, i));
    progress.Report({"render", clip.name(), ProgressEvent::State::kRunning, static_cast<double>(i + 1),
                     static_cast<double>(clip.frames()), "frames", ""});
  }
  if (!stop.stop_requested()) writer.Commit();
  fs::remove(sound);
  progress.Report({"render", clip.name(), ProgressEvent::State::kDone, static_cast<double>(clip.frames()),
                   static_cast<double>(clip.frames()), "frames", ""});
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
