#include "pipeline/convert_video.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "face/align.h"
#include "face/face_embedder.h"
#include "media/video_assembly.h"
#include "pipeline/conversion_record.h"
#include "pipeline/known_people.h"
#include "pipeline/track_fade.h"
#include "pipeline/track_fade.h"
#include "pipeline/video_renderer.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMostNotes = 12;
constexpr size_t kMostEarlier = 3;  // with the original and the result a grid of five pictures, still readable
// CIE units between a face and the model's own picture of it, mean over the crop. Real footage after minutes of training:
// 1.4 to 1.5; after half a minute 3.4, and then every turn of the head would pass for something in front of it.
constexpr double kDrawnTooCoarsely = 2.3;
constexpr double kNeverFade = 400;  // degrees: no head turns that far

double SecondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::string Short(const std::string& key) { return key.substr(0, 12); }

/// Adds a clause once.
void Warn(ReportItem& item, const std::string& message) {
  if (message.empty() || item.warning.find(message) != std::string::npos) return;
  item.warning += (item.warning.empty() ? "" : "; ") + message;
}

class VideoConversion {
 public:
  VideoConversion(const RunContext& context, const ConvertJob& job, const fs::path& input, const StoredModel& model,
                  const Provenance& provenance)
      : context_(context), job_(job), input_(input), provenance_(provenance), threads_(DivideThreads()),
        swapper_(model.weights, context.project.train.options.device, threads_.swap_threads),
        replacement_(swapper_, job.swaps), people_(FindKnownPeople(context)) {}

  void Run(ReportItem& item) {
    const auto start = Clock::now();
    OpenEarlierModels();
    TryEncoder();
    Analyse();
    RequireFrames();
    MakePlan();
    ChooseStretch();
    ChooseLooks();
    const double process_start = StageClock::ProcessSeconds();
    Render();
    const double process_seconds = StageClock::ProcessSeconds() - process_start;
    FinishOutput(renderer_->result(), analysis_->info(), job_.output, item);
    if (const ChunkedOutput* pair = renderer_->pair()) {
      VideoInfo info = analysis_->info();
      info.format = renderer_->pair_format();
      FinishOutput(*pair, info, job_.side_by_side, item);
    }
    Describe(item, SecondsSince(start), process_seconds);
    std::error_code ignored;
    fs::remove_all(folder_, ignored);  // what it held is in the outputs now
  }

 private:
  ReadOptions Range() const {
    ReadOptions options;
    options.start_seconds = job_.target->start_seconds;
    if (job_.target->duration_seconds) options.end_seconds = options.start_seconds + *job_.target->duration_seconds;
    return options;
  }

  /// A codec that does not go into the container is refused now and not after hours.
  void TryEncoder() const {
    std::error_code ignored;
    fs::create_directories(context_.workspace.Conversions(), ignored);
    const ChunkWriter trial(context_.workspace.Conversions() / (job_.output.stem().string() + ".trial"),
                            ProbeVideo(input_), job_.target->encoder, job_.target->container);
  }

  /// What a video shows does not depend on the model, so a conversion with another one need not look again.
  void Analyse() {
    AnalysisOptions options;
    options.input = input_;
    options.range = Range();
    options.range.threads = threads_.workers;  // only the tracker works beside it
    options.detector.min_size = context_.project.faces.min_size;
    options.name = job_.name;
    options.key = Sha256OfBytes(fmt::format("analysis {} {}\n{}\n{} {}\n{}\n", REELSWAP_VERSION, LibavVersion(),
                                            provenance_.inputs.front().sha256, options.range.start_seconds,
                                            options.range.end_seconds.value_or(-1), options.detector.min_size));
    analysis_folder_ = "video_" + Short(options.key);
    options.folder = context_.workspace.Conversions() / analysis_folder_;
    analysis_.emplace(AnalyseVideo(options, context_.progress, context_.stop));
    analysis_key_ = options.key;
  }

  void RequireFrames() const {
    const DecodeReport& report = analysis_->decode_report();
    if (report.truncated) {
      throw Error(ErrorKind::kMedia, fmt::format("{} is not complete ({}): download or copy it again",
                                                 ShownLocation(job_.location), report.message));
    }
    if (analysis_->frames() == 0) {
      throw Error(ErrorKind::kMedia, fmt::format("{} has no frame between {} s and the end asked for: check start and "
                                                 "duration", ShownLocation(job_.location), job_.target->start_seconds));
    }
    if (analysis_->tracks().empty()) {
      throw Error(ErrorKind::kFaces, fmt::format("no face was found in any of the {} frames of {}: there is nothing to "
                                                 "swap; does it show {}? Small faces need a smaller faces.min_size",
                                                 analysis_->frames(), ShortName(job_.location),
                                                 ReplacedPeople(job_.swaps)));
    }
  }

  void MakePlan() {
    PlanSettings settings;
    settings.directions = job_.swaps;
    settings.identity_weights = FindIdentityWeights();
    settings.smoothing_seconds = job_.target->smoothing_seconds;
    settings.fade_from_yaw = job_.target->fade_profiles ? kFadeFromYaw : kNeverFade;
    std::string faces;
    for (const auto& [name, usable] : people_) {
      if (usable.training.images.empty()) continue;
      settings.people.push_back(usable.training);
      faces += name + " " + usable.key + "\n";
    }
    const std::string key =
        Sha256OfBytes(fmt::format("plan\n{}\n{}\n{} {}\n{}{}\n", analysis_key_, DescribeSwaps(job_.swaps),
                                  settings.smoothing_seconds, settings.fade_from_yaw, faces,
                                  settings.identity_weights.has_value()));
    OpenFolder(Sha256OfBytes(fmt::format("{}\n{}\n{}", provenance_.settings.at("key"), key, LibavVersion())));
    plan_.emplace(PlanSwaps(*analysis_, settings, folder_ / "plan", key, context_.stop));
    frames_per_second_ = FramesPerSecond(*plan_, analysis_->info());
    if (settings.identity_weights && !settings.people.empty()) {
      galleries_ = std::make_unique<IdentityGalleries>(*settings.identity_weights, settings.people);
    }
  }

  /// One folder for everything this output stands on; what an earlier setting left unfinished goes.
  void OpenFolder(const std::string& key) {
    const std::string stem = job_.output.stem().string();
    folder_ = context_.workspace.Conversions() / (stem + "." + Short(key));
    std::error_code ec;
    std::vector<fs::path> stale;
    for (const auto& entry : fs::directory_iterator(context_.workspace.Conversions(), ec)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(stem + ".") && entry.path() != folder_) stale.push_back(entry.path());
    }
    for (const fs::path& other : stale) fs::remove_all(other, ec);
    fs::create_directories(folder_, ec);
    if (ec) throw Error(ErrorKind::kDisk, fmt::format("cannot create {}: {}", folder_.string(), ec.message()));
  }

  void ChooseStretch() {
    layout_.first = 0;
    layout_.last = plan_->frames();
    const VideoInfo& info = analysis_->info();
    if (context_.sample_seconds) {
      std::tie(layout_.first, layout_.last) = MostTellingStretch(*plan_, info, *context_.sample_seconds);
    }
    layout_.per_chunk = std::max<int64_t>(1, std::llround(job_.target->chunk_seconds * frames_per_second_));
  }

  void ChooseLooks() {
    std::map<int64_t, const AnalysedTrack*> tracks;
    for (const AnalysedTrack& track : analysis_->tracks()) tracks[track.id] = &track;
    for (const TrackVerdict& verdict : plan_->verdicts()) {
      const AnalysedTrack& track = *tracks.at(verdict.track);
      if (verdict.direction < 0 || track.last < layout_.first || track.first >= layout_.last) continue;
      if (context_.stop.stop_requested()) throw Error(ErrorKind::kCancelled, "interrupted; what was found so far stays");
      looks_[verdict.track] = LookOf(track, verdict.direction);
    }
  }

  TrackLook LookOf(const AnalysedTrack& track, int direction) {
    const auto span = looks_clock_.Measure("choose look");
    std::vector<AlignedFace> aligned;
    const std::vector<TrackSample> shown = analysis_->Samples(track.id);
    for (const TrackSample& sample : shown) {
      DetectedFace face;
      face.landmarks = sample.landmarks;
      face.box = cv::Rect2f({}, cv::Size2f(sample.picture.size()));
      aligned.push_back(AlignFace(sample.picture, face, replacement_.crop()));
    }
    std::vector<const AlignedFace*> faces;
    for (const AlignedFace& face : aligned) faces.push_back(&face);
    std::vector<SwappedFace> swapped = replacement_.Swap(faces, direction);
    std::vector<cv::Mat> own(faces.size());
    if (job_.target->occlusion && replacement_.CanReconstruct(direction)) own = replacement_.Reconstruct(faces, direction);
    std::vector<SampleSwap> samples;
    for (size_t i = 0; i < aligned.size(); ++i) {
      samples.push_back({&shown[i], std::move(swapped[i]), aligned[i].image, std::move(own[i])});
    }
    TrackLook look = ChooseLook(samples, job_.target->look, job_.target->occlusion);
    if (look.habit.mean.empty()) return look;
    const double residual = cv::mean(look.habit.mean)[0];
    LogInfo(fmt::format("face {}: edge {:.2f} levels, own face drawn to within {:.2f}", track.id + 1, look.seam, residual));
    if (residual > kDrawnTooCoarsely) {
      look.habit = {};
      ++drawn_too_coarsely_;
    }
    return look;
  }

  void Render() {
    render_input_.emplace(RenderInput{input_, Range(), analysis_->info(), frames_per_second_, *plan_, replacement_, looks_,
                                      earlier_, galleries_.get(), layout_, EndPts(), folder_});
    renderer_.emplace(context_, job_, *render_input_, threads_);
    try {
      renderer_->Run();
    } catch (const FramesDiffer&) {
      std::error_code ignored;
      fs::remove_all(folder_, ignored);
      fs::remove_all(context_.workspace.Conversions() / analysis_folder_, ignored);
      throw;
    }
  }

  /// The milestones of the project's training, at most three, spread over it.
  void OpenEarlierModels() {
    if (job_.target->side_by_side != Target::SideBySide::kCheckpoints) return;
    const std::vector<fs::path> found = FindMilestones(context_.workspace.Model());
    if (found.empty()) {
      throw Error(ErrorKind::kModel, fmt::format("side_by_side: checkpoints needs the training's milestones in {}, and there "
                                                 "are none: train longer, or with a smaller train.milestone_every",
                                                 context_.workspace.Model().string()));
    }
    const size_t count = std::min<size_t>(found.size(), kMostEarlier);
    for (size_t i = 0; i < count; ++i) {
      const fs::path& path = found[count == 1 ? 0 : i * (found.size() - 1) / (count - 1)];
      earlier_swappers_.push_back(
          std::make_unique<FaceSwapper>(path, context_.project.train.options.device, threads_.swap_threads));
      earlier_replacements_.push_back(std::make_unique<FaceReplacement>(*earlier_swappers_.back(), job_.swaps));
      earlier_.push_back({earlier_replacements_.back().get(),
                          fmt::format("{} iterations", earlier_swappers_.back()->info().iterations)});
    }
  }

  static std::vector<fs::path> FindMilestones(const fs::path& folder) {
    std::vector<fs::path> found;
    std::error_code ec;
    for (const auto& entry : fs::directory_iterator(folder, ec)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("milestone_") && name.ends_with(".safetensors")) found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());  // their numbers have leading zeros
    return found;
  }

  double Tick() const { return analysis_->info().time_base.ToDouble(); }

  /// What of the source's other streams belongs to these frames.
  AudioCopy CopiedRange() const {
    AudioCopy copy{input_, Range().start_seconds, Range().end_seconds};
    if (!context_.sample_seconds) return copy;
    copy.start_seconds = static_cast<double>(plan_->At(layout_.first).pts) * Tick() - analysis_->info().start_seconds;
    copy.end_seconds = copy.start_seconds + ExpectedSeconds();
    return copy;
  }

  /// Where the last frame ends, ticks: the next one's time, what the decoder knows, or as long as others last.
  int64_t EndPts() const {
    const int64_t last_pts = plan_->At(layout_.last - 1).pts;
    if (layout_.last < plan_->frames()) return plan_->At(layout_.last).pts;
    const int64_t known = analysis_->decode_report().end_pts;
    if (known > last_pts) return known;
    return last_pts + std::max<int64_t>(1, std::llround(1 / (frames_per_second_ * Tick())));
  }

  double LastFrameSeconds() const {
    return static_cast<double>(EndPts() - plan_->At(layout_.last - 1).pts) * Tick();
  }

  double ExpectedSeconds() const {
    return static_cast<double>(plan_->At(layout_.last - 1).pts - plan_->At(layout_.first).pts) * Tick() +
           LastFrameSeconds();
  }

  /// Joined, marked and checked before the final name: no unmarked or broken video ever lies there.
  void FinishOutput(const ChunkedOutput& chunks, const VideoInfo& info, const fs::path& path, ReportItem& item) {
    AssemblyOptions options;
    options.video = info;
    options.copies.range = CopiedRange();
    options.metadata = ContainerTags(provenance_);
    options.progress = [this](double) {
      if (!context_.stop.stop_requested()) return;
      throw Error(ErrorKind::kCancelled, "interrupted while it was joined; the same command goes on from there");
    };
    std::error_code ec;
    fs::create_directories(path.parent_path(), ec);
    VideoAssembly assembly(path, options);
    const fs::path temporary = Join(assembly, chunks);
    const bool has_xmp = EmbedXmp(temporary, provenance_);
    const AssemblyReport report = assembly.report();
    Check(temporary, report);
    if (const fs::path kept = KeepEarlierOutput(path); !kept.empty()) {
      Warn(item, fmt::format("the earlier {} is kept as {}", path.filename().string(), kept.filename().string()));
    }
    assembly.Commit();
    WriteSidecar(path, provenance_);
    if (!has_xmp) {
      Warn(item, fmt::format("{} cannot hold XMP: container tags and the sidecar say what it is",
                             path.extension().string().substr(1)));
    }
    Warn(item, report.message);
    item.outputs.push_back(path);
    item.numbers["audio_streams"] = report.audio_streams;
    item.numbers["audio_packets"] = static_cast<double>(report.audio_packets);
    if (report.subtitle_streams > 0) item.numbers["subtitle_streams"] = report.subtitle_streams;
    if (report.chapters > 0) item.numbers["chapters"] = report.chapters;
    if (report.attachments > 0) item.numbers["attachments"] = report.attachments;
  }

  fs::path Join(VideoAssembly& assembly, const ChunkedOutput& chunks) {
    const auto span = renderer_->clock().Measure("join");
    for (int64_t k = 0; k < layout_.Count(); ++k) assembly.Add(chunks.PathOf(k));
    return assembly.FinishTemporary();
  }

  void Check(const fs::path& path, const AssemblyReport& report) {
    const double process_start = StageClock::ProcessSeconds();
    ExpectedVideo expected;
    expected.frames = layout_.last - layout_.first;
    expected.seconds = ExpectedSeconds();
    expected.longest_frame = std::max(LastFrameSeconds(), 1 / frames_per_second_);  // Matroska does not store the last one's
    expected.audio_streams = report.audio_streams;
    expected.audio_packets = report.audio_packets;
    expected.subtitle_streams = report.subtitle_streams;
    CheckVideo(path, expected, threads_.workers);
    renderer_->clock().Add("check", StageClock::ProcessSeconds() - process_start);
  }

  void Describe(ReportItem& item, double seconds, double process_seconds) {
    const auto frames = static_cast<double>(layout_.last - layout_.first);
    const fs::path pictures = context_.workspace.Sheets() / job_.output.stem();
    const QualitySummary quality = renderer_->book().Finish(
        layout_.Count(), pictures, item.pictures,
        [&](int64_t first, int64_t last, const auto& visit) { analysis_->ForEach(first, last, visit); });
    for (const auto& [name, value] : quality.Numbers()) item.numbers[name] = value;
    item.numbers["frames"] = frames;
    const PlanTally tally = plan_->TallyOf(layout_.first, layout_.last);
    item.numbers["frames_with_face"] = static_cast<double>(tally.frames_with_swap);
    item.numbers["unswapped"] = static_cast<double>(tally.unswapped);
    item.numbers["whole_searches"] = static_cast<double>(analysis_->tally().whole_searches);
    item.numbers["seconds"] = seconds;
    // A resumed run drew some of them only.
    item.numbers["frames_per_second"] = static_cast<double>(renderer_->frames_rendered()) / std::max(seconds, 1e-9);
    DescribeStages(item, process_seconds);
    Warn(item, analysis_->decode_report().message);
    for (const std::string& warning : plan_->warnings()) Warn(item, warning);
    if (drawn_too_coarsely_ > 0) {
      Warn(item, "the model does not draw the replaced person well enough yet to see what stands in front of a face: hands "
                 "are painted over; train longer");
    }
    AddNotes(item);
    SaveConversionReport(context_, job_, provenance_.settings.at("key"), analysis_folder_, item);
  }

  /// Busy seconds for all frames of the output: what a resumed run, or a sample of a long video, did for more or fewer
  /// frames is brought to their number, so that shares of one frame's time stay comparable.
  void DescribeStages(ReportItem& item, double process_seconds) {
    const auto frames = static_cast<double>(layout_.last - layout_.first);
    const double drawn = frames / static_cast<double>(std::max<int64_t>(1, renderer_->frames_rendered()));
    double ours = 0;
    for (const auto& [stage, busy] : renderer_->clock().Seconds()) {
      const bool once = stage == "join" || stage == "check";  // of the whole output, after the drawing
      item.stage_seconds[stage] = once ? busy : busy * drawn;
      if (!once) ours += busy;
    }
    // Threads of the codecs are not ours to clock; what the process used beyond our stages is theirs.
    item.stage_seconds["codec threads"] = std::max(0.0, process_seconds - ours) * drawn;
    const double seen = frames / static_cast<double>(std::max<int64_t>(1, analysis_->frames()));
    for (const auto& [stage, busy] : analysis_->stage_seconds()) item.stage_seconds[stage] += busy * seen;
    for (const auto& [stage, busy] : looks_clock_.Seconds()) item.stage_seconds[stage] += busy;
  }

  /// Who was taken for whom: the longest tracks first.
  void AddNotes(ReportItem& item) const {
    std::vector<const AnalysedTrack*> tracks;
    for (const AnalysedTrack& track : analysis_->tracks()) tracks.push_back(&track);
    std::stable_sort(tracks.begin(), tracks.end(), [](const auto* a, const auto* b) { return a->frames > b->frames; });
    std::map<int64_t, const TrackVerdict*> verdicts;
    for (const TrackVerdict& verdict : plan_->verdicts()) verdicts[verdict.track] = &verdict;
    for (const AnalysedTrack* track : tracks) {
      const auto verdict = verdicts.find(track->id);
      if (verdict == verdicts.end()) continue;
      if (item.notes.size() == kMostNotes) {
        item.notes.push_back(fmt::format("and {} shorter ones", tracks.size() - kMostNotes));
        break;
      }
      const double start = static_cast<double>(plan_->At(track->first).pts - plan_->At(0).pts) * Tick();
      const double end = static_cast<double>(plan_->At(track->last).pts - plan_->At(0).pts) * Tick();
      item.notes.push_back(fmt::format("face {} ({:.1f} s to {:.1f} s): {}{}", track->id + 1, start, end,
                                       verdict->second->direction >= 0 ? "" : "left alone, ", verdict->second->reason));
    }
  }

  const RunContext& context_;
  const ConvertJob& job_;
  const fs::path input_;
  const Provenance& provenance_;
  const ThreadBudget threads_;
  FaceSwapper swapper_;
  FaceReplacement replacement_;
  const std::map<std::string, UsableFaces> people_;
  std::string analysis_key_;
  std::string analysis_folder_;  ///< its name in Conversions()
  double frames_per_second_ = 25;
  int drawn_too_coarsely_ = 0;  ///< tracks
  std::optional<VideoAnalysis> analysis_;
  fs::path folder_;
  std::optional<SwapPlan> plan_;
  std::unique_ptr<IdentityGalleries> galleries_;
  ChunkLayout layout_;
  std::map<int64_t, TrackLook> looks_;
  StageClock looks_clock_;
  std::vector<std::unique_ptr<FaceSwapper>> earlier_swappers_;
  std::vector<std::unique_ptr<FaceReplacement>> earlier_replacements_;
  std::vector<EarlierModel> earlier_;
  std::optional<RenderInput> render_input_;
  std::optional<VideoRenderer> renderer_;
};

}  // namespace

void ConvertVideo(const RunContext& context, const ConvertJob& job, const fs::path& input, const StoredModel& model,
                  const Provenance& provenance, ReportItem& item) {
  VideoConversion(context, job, input, model, provenance).Run(item);
}

}  // namespace reelswap
