#include "pipeline/convert_video.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/error.h"
#include "core/files.h"
#include "face/align.h"
#include "face/face_embedder.h"
#include "media/video_assembly.h"
#include "pipeline/known_people.h"
#include "pipeline/video_renderer.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMostNotes = 12;
constexpr size_t kMostEarlier = 3;  // with the original and the result a grid of five pictures, still readable
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

  /// What a video shows does not depend on the model, so a conversion with another one need not look again.
  void Analyse() {
    AnalysisOptions options;
    options.input = input_;
    options.range = Range();
    options.range.threads = threads_.convert_decoder_threads;
    options.detector.min_size = context_.project.faces.min_size;
    options.name = job_.name;
    options.key = Sha256OfBytes(fmt::format("analysis v1\n{}\n{} {}\n{}\n", provenance_.inputs.front().sha256,
                                            options.range.start_seconds, options.range.end_seconds.value_or(-1),
                                            options.detector.min_size));
    options.folder = context_.workspace.Conversions() / ("video_" + Short(options.key));
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
    if (!job_.target->fade_profiles) settings.fade_from_yaw = kNeverFade;
    std::string faces;
    for (const auto& [name, usable] : people_) {
      if (usable.training.images.empty()) continue;
      settings.people.push_back(usable.training);
      faces += name + " " + usable.key + "\n";
    }
    const std::string key =
        Sha256OfBytes(fmt::format("plan v1\n{}\n{}\n{} {}\n{}{}\n", analysis_key_, DescribeSwaps(job_.swaps),
                                  settings.smoothing_seconds, settings.fade_from_yaw, faces,
                                  settings.identity_weights.has_value()));
    OpenFolder(Sha256OfBytes(fmt::format("{}\n{}\n{}", provenance_.settings.at("key"), key, LibavVersion())));
    plan_.emplace(PlanSwaps(*analysis_, settings, folder_ / "plan", key));
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
    const double rate = info.frame_rate.ToDouble() > 0 ? info.frame_rate.ToDouble() : 25;
    layout_.per_chunk = std::max<int64_t>(1, std::llround(job_.target->chunk_seconds * rate));
  }

  void ChooseLooks() {
    std::map<int64_t, const AnalysedTrack*> tracks;
    for (const AnalysedTrack& track : analysis_->tracks()) tracks[track.id] = &track;
    for (const TrackVerdict& verdict : plan_->verdicts()) {
      if (verdict.direction < 0) continue;
      if (context_.stop.stop_requested()) throw Error(ErrorKind::kCancelled, "interrupted; what was found so far stays");
      looks_[verdict.track] = LookOf(*tracks.at(verdict.track), verdict.direction);
    }
  }

  TrackLook LookOf(const AnalysedTrack& track, int direction) {
    const auto span = looks_clock_.Measure("choose look");
    std::vector<AlignedFace> aligned;
    for (const TrackSample& sample : track.samples) {
      DetectedFace face;
      face.landmarks = sample.landmarks;
      face.box = cv::Rect2f({}, cv::Size2f(sample.picture.size()));
      aligned.push_back(AlignFace(sample.picture, face, replacement_.crop()));
    }
    std::vector<const AlignedFace*> faces;
    for (const AlignedFace& face : aligned) faces.push_back(&face);
    auto answers = replacement_.Swap(faces, direction, job_.target->occlusion);
    std::vector<SampleSwap> samples;
    for (size_t i = 0; i < aligned.size(); ++i) {
      samples.push_back({&track.samples[i], std::move(answers[i].swapped), aligned[i].image,
                         std::move(answers[i].reconstruction)});
    }
    return ChooseLook(samples, job_.target->look, job_.target->occlusion);
  }

  void Render() {
    OpenEarlierModels();
    render_input_.emplace(RenderInput{input_, Range(), analysis_->info(), *plan_, replacement_, looks_, earlier_,
                                      galleries_.get(), layout_, folder_});
    renderer_.emplace(context_, job_, *render_input_, threads_);
    renderer_->Run();
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

  double LastFrameSeconds() const {
    const Rational rate = analysis_->info().frame_rate;
    if (layout_.last < plan_->frames()) {
      return static_cast<double>(plan_->At(layout_.last).pts - plan_->At(layout_.last - 1).pts) * Tick();
    }
    if (rate.num > 0 && rate.den > 0) return static_cast<double>(rate.den) / rate.num;
    if (layout_.last - layout_.first < 2) return Tick();
    return static_cast<double>(plan_->At(layout_.last - 1).pts - plan_->At(layout_.last - 2).pts) * Tick();
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
    fs::remove(path.string() + ".json", ec);  // it speaks of the output that is replaced now
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
    expected.longest_frame = LongestFrame();
    expected.audio_streams = report.audio_streams;
    expected.subtitle_streams = report.subtitle_streams;
    CheckVideo(path, expected, threads_.workers);
    renderer_->clock().Add("check", StageClock::ProcessSeconds() - process_start);
  }

  double LongestFrame() const {
    int64_t longest = 0;
    int64_t last_pts = plan_->At(layout_.first).pts;
    analysis_->ForEach(layout_.first, layout_.last, [&](const AnalysedFrame& frame) {
      longest = std::max(longest, frame.pts - last_pts);
      last_pts = frame.pts;
    });
    return std::max(static_cast<double>(longest) * Tick(), LastFrameSeconds());
  }

  void Describe(ReportItem& item, double seconds, double process_seconds) {
    const auto frames = static_cast<double>(layout_.last - layout_.first);
    const fs::path pictures = context_.workspace.Sheets() / job_.output.stem();
    const QualitySummary quality = renderer_->book().Finish(
        layout_.Count(), pictures, item.pictures,
        [&](int64_t first, int64_t last, const auto& visit) { analysis_->ForEach(first, last, visit); });
    for (const auto& [name, value] : quality.Numbers()) item.numbers[name] = value;
    item.numbers["frames"] = frames;
    item.numbers["frames_with_face"] = static_cast<double>(plan_->tally().frames_with_swap);
    item.numbers["whole_searches"] = static_cast<double>(analysis_->tally().whole_searches);
    item.numbers["seconds"] = seconds;
    item.numbers["frames_per_second"] = frames / std::max(seconds, 1e-9);
    item.stage_seconds = renderer_->clock().Seconds();
    // Threads of the codecs are not ours to clock; what the process used beyond our stages is theirs.
    double ours = 0;
    for (const auto& [stage, busy] : item.stage_seconds) {
      if (stage != "join" && stage != "check") ours += busy;
    }
    item.stage_seconds["codec threads"] = std::max(0.0, process_seconds - ours);
    for (const auto& [stage, busy] : analysis_->stage_seconds()) item.stage_seconds[stage] += busy;
    for (const auto& [stage, busy] : looks_clock_.Seconds()) item.stage_seconds[stage] += busy;
    Warn(item, analysis_->decode_report().message);
    for (const std::string& warning : plan_->warnings()) Warn(item, warning);
    AddNotes(item);
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
