#include "pipeline/convert_video.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "compose/side_by_side.h"
#include "core/error.h"
#include "face/align.h"
#include "face/face_tracker.h"
#include "media/video_reader.h"
#include "media/video_writer.h"
#include "pipeline/convert_graph.h"
#include "pipeline/face_replacement.h"
#include "pipeline/stage_clock.h"
#include "pipeline/thread_budget.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

class VideoConversion {
 public:
  VideoConversion(const RunContext& context, const ConvertJob& job, const fs::path& input, const StoredModel& model,
                  const Provenance& provenance)
      : context_(context), job_(job), provenance_(provenance), threads_(DivideThreads()),
        swapper_(model.weights, context.project.train.options.device, threads_.swap_threads), replacement_(swapper_, job.to),
        reader_(input, ReadRange()), label_(RenderDisclosure(context.project.disclosure, SizeOf(reader_.info()))),
        tracker_({context.project.faces.min_size, 0.0f}) {
    OpenWriters(input);
  }

  void Run(ReportItem& item) {
    const auto start = Clock::now();
    const double process_start = StageClock::ProcessSeconds();
    const ConvertLimits limits{FramesInFlight(reader_.info().format.Bytes() * BuffersPerFrame(), kBatch), kBatch,
                               threads_.workers};
    frames_ = RunConvertGraph(Stages(), limits, context_.stop);
    if (context_.stop.stop_requested()) {
      throw Error(ErrorKind::kCancelled, fmt::format("interrupted after {} frames; this video is converted anew next "
                                                     "time", frames_));
    }
    RequireWhole();
    Finish(item);
    Describe(item, std::chrono::duration<double>(Clock::now() - start).count(),
             StageClock::ProcessSeconds() - process_start);
  }

 private:
  static constexpr int kBatch = 8;  // where the network's time per face stops falling (tests/bench)

  static cv::Size SizeOf(const VideoInfo& info) { return {info.format.width, info.format.height}; }

  ReadOptions ReadRange() const {
    ReadOptions options;
    options.start_seconds = job_.target->start_seconds;
    if (job_.target->duration_seconds) options.end_seconds = options.start_seconds + *job_.target->duration_seconds;
    options.threads = threads_.convert_decoder_threads;
    return options;
  }

  /// Source frame, result and, side by side, a picture twice as large.
  int BuffersPerFrame() const { return job_.side_by_side.empty() ? 2 : 4; }

  void OpenWriters(const fs::path& input) {
    WriteOptions options;
    options.video = reader_.info();
    options.encoder = job_.target->encoder;
    if (options.encoder.threads == 0) options.encoder.threads = threads_.encoder_threads;
    options.audio = AudioCopy{input, ReadRange().start_seconds, ReadRange().end_seconds};
    options.metadata = ContainerTags(provenance_);
    std::error_code ec;
    fs::create_directories(job_.output.parent_path(), ec);
    writer_.emplace(job_.output, options);
    if (job_.side_by_side.empty()) return;
    const SideBySideLayout layout = LayoutOf(job_.target->side_by_side);
    pair_.emplace(reader_.info().format, layout, fmt::format("original: {}", job_.from),
                  fmt::format("swapped: {} as {}", job_.from, job_.to),
                  CaptionCorner(context_.project.disclosure));
    options.video.format = pair_->format();
    pair_writer_.emplace(job_.side_by_side, options);
  }

  ConvertStages Stages() {
    ConvertStages stages;
    stages.read = [this] {
      const auto span = clock_.Measure("decode");
      return reader_.Next();
    };
    stages.track = [this](ConvertItem& item) {
      const auto span = clock_.Measure("find face");
      item.face = tracker_.Update(item.frame.Luma8());
      if (item.face) ++frames_with_face_;
    };
    stages.align = [this](ConvertItem& item) {
      const auto span = clock_.Measure("align");
      if (item.face) item.aligned = AlignFace(item.frame, *item.face, replacement_.crop());
    };
    stages.swap = [this](const std::vector<ConvertItem*>& items) { Swap(items); };
    stages.compose = [this](ConvertItem& item) { Compose(item); };
    stages.write = [this](ConvertItem& item) { Write(item); };
    return stages;
  }

  void Swap(const std::vector<ConvertItem*>& items) {
    const auto span = clock_.Measure("swap");
    std::vector<const AlignedFace*> faces;
    for (const ConvertItem* item : items) faces.push_back(&item->aligned);
    std::vector<SwappedFace> swapped = replacement_.Swap(faces);
    for (size_t i = 0; i < items.size(); ++i) items[i]->swapped = std::move(swapped[i]);
  }

  void Compose(ConvertItem& item) {
    const auto span = clock_.Measure("compose");
    item.result = item.frame;
    if (item.swapped || label_) item.result = item.frame.Clone();  // the decoder may still need its planes
    if (item.swapped) replacement_.Paste(item.result, *item.swapped, item.face->landmarks);
    if (label_) DrawLabel(item.result, *label_);
    if (pair_) item.side_by_side = pair_->Combine(item.frame, item.result);
  }

  void Write(ConvertItem& item) {
    const auto span = clock_.Measure("encode");
    writer_->Write(item.result);
    if (pair_writer_) pair_writer_->Write(item.side_by_side);
    ++written_;
    ProgressEvent event;
    event.stage = "convert";
    event.item = job_.name;
    event.done = static_cast<double>(written_);
    event.total = ExpectedFrames();
    event.unit = "frames";
    context_.progress.Report(event);
  }

  double ExpectedFrames() const {
    const VideoInfo& info = reader_.info();
    const double end = std::min(ReadRange().end_seconds.value_or(info.duration_seconds), info.duration_seconds);
    return std::max(0.0, (end - ReadRange().start_seconds) * info.frame_rate.ToDouble());
  }

  void RequireWhole() const {
    const DecodeReport report = reader_.report();
    if (report.truncated) {
      throw Error(ErrorKind::kMedia, fmt::format("{} is not complete ({}): download or copy it again", ShownLocation(job_.location),
                                                 report.message));
    }
    if (frames_ == 0) {
      throw Error(ErrorKind::kMedia, fmt::format("{} has no frame between {} s and the end asked for: check start and "
                                                 "duration", ShownLocation(job_.location), job_.target->start_seconds));
    }
    if (frames_with_face_ == 0) {
      throw Error(ErrorKind::kFaces, fmt::format("no face was found in any of the {} frames of {}: there is nothing to "
                                                 "swap; does it show {}? Small faces need a smaller faces.min_size",
                                                 frames_, ShortName(job_.location), job_.from));
    }
  }

  void Finish(ReportItem& item) {
    FinishOne(*writer_, job_.output, item);
    if (pair_writer_) FinishOne(*pair_writer_, job_.side_by_side, item);
  }

  /// Marks come before the final name: no unmarked video ever lies there.
  void FinishOne(VideoWriter& writer, const fs::path& path, ReportItem& item) {
    const bool has_xmp = EmbedXmp(writer.FinishTemporary(), provenance_);
    std::error_code ignored;
    fs::remove(path.string() + ".json", ignored);  // it speaks of the output that is replaced now
    const auto report = writer.Commit();
    WriteSidecar(path, provenance_);
    if (!has_xmp) {
      Warn(item, fmt::format("{} cannot hold XMP: container tags and the sidecar say what it is",
                             path.extension().string().substr(1)));
    }
    Warn(item, report.message);
    item.outputs.push_back(path);
    item.numbers["audio_streams"] = report.audio_streams;
    item.numbers["audio_packets"] = static_cast<double>(report.audio_packets);
  }

  void Describe(ReportItem& item, double seconds, double process_seconds) const {
    const auto frames = static_cast<double>(frames_);
    item.numbers["frames"] = frames;
    item.numbers["frames_with_face"] = static_cast<double>(frames_with_face_);
    item.numbers["whole_searches"] = static_cast<double>(tracker_.tally().whole_searches);
    item.numbers["seconds"] = seconds;
    item.numbers["frames_per_second"] = frames / std::max(seconds, 1e-9);
    item.stage_seconds = clock_.Seconds();
    double ours = 0;
    for (const auto& [stage, busy] : item.stage_seconds) ours += busy;
    // Threads of the codecs are not ours to clock; what the process used beyond our stages is theirs.
    item.stage_seconds["codec threads"] = std::max(0.0, process_seconds - ours);
    const DecodeReport decode = reader_.report();
    Warn(item, decode.message);
  }

  /// Adds a clause once.
  static void Warn(ReportItem& item, const std::string& message) {
    if (message.empty() || item.warning.find(message) != std::string::npos) return;
    item.warning += (item.warning.empty() ? "" : "; ") + message;
  }

  const RunContext& context_;
  const ConvertJob& job_;
  const Provenance& provenance_;
  const ThreadBudget threads_;
  FaceSwapper swapper_;
  FaceReplacement replacement_;
  VideoReader reader_;
  std::optional<TextPatch> label_;
  FaceTracker tracker_;
  std::optional<SideBySideComposer> pair_;
  std::optional<VideoWriter> writer_;
  std::optional<VideoWriter> pair_writer_;
  StageClock clock_;
  int64_t frames_ = 0;
  int64_t frames_with_face_ = 0;  // track stage only
  int64_t written_ = 0;  // write stage only
};

}  // namespace

void ConvertVideo(const RunContext& context, const ConvertJob& job, const fs::path& input, const StoredModel& model,
                  const Provenance& provenance, ReportItem& item) {
  VideoConversion(context, job, input, model, provenance).Run(item);
}

}  // namespace reelswap
