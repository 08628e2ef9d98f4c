#include "pipeline/preprocess.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/photo.h"
#include "face/align.h"
#include "face/face_detector.h"
#include "media/video_reader.h"
#include "pipeline/face_filter.h"
#include "pipeline/face_replacement.h"
#include "pipeline/preprocess_graph.h"
#include "pipeline/source_tasks.h"
#include "pipeline/stage_clock.h"
#include "pipeline/thread_budget.h"
#include "pipeline/usable_faces.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

/// Detectors are not thread-safe and dear to make: each call borrows one.
class DetectorPool {
 public:
  explicit DetectorPool(const DetectorOptions& options) : options_(options) {}

  std::vector<DetectedFace> Detect(const cv::Mat& luma) {
    std::unique_ptr<FaceDetector> detector = Borrow();
    std::vector<DetectedFace> faces = detector->Detect(luma);
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(detector));
    return faces;
  }

 private:
  std::unique_ptr<FaceDetector> Borrow() {
    {
      std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto detector = std::move(idle_.back());
        idle_.pop_back();
        return detector;
      }
    }
    return std::make_unique<FaceDetector>(options_);
  }

  DetectorOptions options_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<FaceDetector>> idle_;
};

/// A source while it is worked on. Written by one node at a time, except the atomics.
struct Work {
  SourceTask task;
  FetchedMedia media;
  bool photos = false;
  std::string key;
  DecodeReport decode;
  SourceTally tally;
  double total_frames = 0;  ///< expected in the range, 0 = unknown
  Clock::time_point start;
  StageClock clock;
  std::atomic<int64_t> frames_read{0};
};

/// Everything that decides which faces are found in a source; a new value of any makes it anew.
std::string DetectionKey(const SourceTask& task, const FaceSettings& faces, const std::string& content) {
  return Sha256OfBytes(fmt::format(
      "v2 {} start {} end {} every {} fps {} min_size {} crop {} {} {} dlib {}", content, task.start_seconds,
      task.end_seconds.value_or(-1), task.every, task.fps.value_or(0), faces.min_size, kStoredCrop.size,
      kStoredCrop.coverage, kStoredCrop.shift_y, DlibVersion()));
}

/// Everything that decides which of the found faces are kept; a new value sorts them anew, without decoding.
std::string FilterKey(const FaceSettings& faces) {
  return Sha256OfBytes(fmt::format("v1 max_yaw {} min_sharpness {} max {}", faces.max_yaw,
                                   faces.min_sharpness.value_or(-1), faces.max_per_source));
}

/// Content of a photo folder: names, sizes and bytes.
std::string HashPhotos(const std::vector<fs::path>& photos) {
  std::string all;
  for (const fs::path& photo : photos) all += photo.filename().string() + ":" + Sha256OfFile(photo) + "\n";
  return Sha256OfBytes(all);
}

class Preprocessing {
 public:
  Preprocessing(const RunContext& context, MediaStore& media, ReportBuilder& report)
      : context_(context), media_(media), report_(report), detectors_({context.project.faces.min_size, 0.0f}) {
    for (const Person& person : context.project.people) {
      sets_.emplace(person.name, std::make_unique<FaceSet>(context.workspace.Faces(person.name), kStoredCrop));
    }
    for (SourceTask& task : ExpandSources(context.project)) {
      works_.push_back(std::make_unique<Work>());
      works_.back()->task = std::move(task);
    }
  }

  void Run() {
    const ThreadBudget threads = DivideThreads();
    PreprocessStages stages;
    stages.fetch = [this](size_t s) { return Fetch(*works_[s]); };
    stages.sample = [this](size_t s, const EmitPicture& emit) { Sample(*works_[s], emit); };
    stages.detect = [this](const SampledPicture& picture) { return Detect(picture); };
    stages.filter = [this](PictureFaces& faces) { Filter(faces); };
    stages.save = [this](const PictureFaces& faces) { Save(faces); };
    stages.finish = [this](size_t s, bool sampled, std::exception_ptr error) { Finish(*works_[s], sampled, error); };
    PreprocessLimits limits;
    limits.decode_threads = threads.decode_sources;
    limits.workers = threads.workers;
    RunPreprocessGraph(works_.size(), stages, limits, context_.stop);
    WriteSheets();
  }

 private:
  bool Fetch(Work& work) {
    work.start = Clock::now();
    if (context_.stop.stop_requested()) throw Error(ErrorKind::kCancelled, "interrupted before it was started");
    if (!work.task.error.empty()) throw Error(ErrorKind::kMedia, work.task.error);
    Progress(work, ProgressEvent::State::kRunning, "");
    std::string content;
    if (work.task.photo_folder) {
      const auto photos = ListPhotos(work.task.location);
      if (photos.empty()) {
        throw Error(ErrorKind::kMedia, fmt::format("{} holds no pictures (jpg, png, webp, bmp, tif)",
                                                   work.task.location));
      }
      work.photos = true;
      content = HashPhotos(photos);
    } else {
      work.media = media_.Get(work.task.location, work.task.sha256);
      work.photos = IsPhotoPath(work.media.path);
      content = work.media.sha256;
    }
    const std::string detection = DetectionKey(work.task, context_.project.faces, content);
    work.key = detection + "+" + FilterKey(context_.project.faces);
    FaceSet& set = *sets_.at(work.task.person);
    const std::string finished = set.FinishedKey(work.task.id);
    if (finished == work.key) return false;
    if (finished.starts_with(detection + "+")) {
      Refilter(work, set);
      return false;
    }
    if (!finished.empty()) set.RemoveSource(work.task.id);
    return true;
  }

  void Refilter(const Work& work, FaceSet& set) const {
    std::vector<FaceRecord> records = set.Records();
    std::erase_if(records, [&](const FaceRecord& record) { return record.source != work.task.id; });
    FilterSource(records, context_.project.faces);
    SourceTally tally = set.Tallies().at(work.task.id);
    CountFaces(records, tally);
    set.Refilter(work.task.id, std::move(records), work.key, tally);
  }

  void Sample(Work& work, const EmitPicture& emit) {
    if (work.photos) {
      SamplePhotos(work, emit);
      return;
    }
    ReadOptions options;
    options.start_seconds = work.task.start_seconds;
    options.end_seconds = work.task.end_seconds;
    options.every = work.task.every;
    options.fps = work.task.fps;
    options.threads = DivideThreads().decoder_threads;
    VideoReader reader(work.media.path, options);
    const VideoInfo& info = reader.info();
    const double length = std::min(work.task.end_seconds.value_or(info.duration_seconds), info.duration_seconds);
    work.total_frames = std::max(0.0, (length - work.task.start_seconds) * info.frame_rate.ToDouble());
    const double tick = info.time_base.ToDouble();
    for (;;) {
      std::optional<Frame> frame;
      {
        const auto span = work.clock.Measure("decode");
        frame = reader.Next();
      }
      work.decode = reader.report();
      work.frames_read = work.decode.frames_decoded;
      if (!frame) break;
      SampledPicture picture;
      picture.index = frame->index();
      picture.seconds = static_cast<double>(frame->pts()) * tick - info.start_seconds;
      picture.frame = std::move(*frame);
      if (!emit(std::move(picture))) throw Error(ErrorKind::kCancelled, "interrupted; it starts anew next time");
    }
  }

  void SamplePhotos(Work& work, const EmitPicture& emit) {
    const auto photos =
        work.task.photo_folder ? ListPhotos(work.task.location) : std::vector<fs::path>{work.media.path};
    work.total_frames = static_cast<double>(photos.size());
    size_t damaged = 0;
    std::string example;
    for (size_t i = 0; i < photos.size(); ++i) {
      SampledPicture picture;
      picture.index = static_cast<int64_t>(i);
      try {
        const auto span = work.clock.Measure("decode");
        picture.photo = ReadPhoto(photos[i]);
      } catch (const Error& e) {  // one damaged photo of a session is a warning, not the end
        if (photos.size() == 1) throw;
        ++damaged;
        example = e.what();
        continue;
      }
      work.decode.frames_decoded = work.frames_read = static_cast<int64_t>(i + 1);
      if (!emit(std::move(picture))) throw Error(ErrorKind::kCancelled, "interrupted; it starts anew next time");
    }
    if (damaged == 0) return;
    work.decode.message = fmt::format("{} of {} pictures cannot be read, the last: {}", damaged, photos.size(), example);
    if (damaged == photos.size()) throw Error(ErrorKind::kMedia, work.decode.message);
  }

  PictureFaces Detect(const SampledPicture& picture) {
    Work& work = *works_[picture.source];
    PictureFaces result;
    result.index = picture.index;
    result.seconds = picture.seconds;
    const bool photo = picture.frame.empty();
    const cv::Mat luma = photo ? LumaOfPhoto(picture.photo) : picture.frame.Luma8();
    result.picture_size = luma.size();
    std::vector<DetectedFace> found;
    {
      const auto span = work.clock.Measure("detect");
      found = detectors_.Detect(luma);
    }
    const auto span = work.clock.Measure("align");
    for (const DetectedFace& face : found) {
      AlignedFace aligned = photo ? AlignFace(picture.photo, face, kStoredCrop)
                                  : AlignFace(picture.frame, face, kStoredCrop);
      aligned.frame_index = picture.index;
      aligned.seconds = picture.seconds;
      result.faces.push_back(std::move(aligned));
    }
    return result;
  }

  void Filter(PictureFaces& faces) const {
    for (size_t i = 0; i < faces.faces.size(); ++i) {
      const AlignedFace& face = faces.faces[i];
      FaceRecord record;
      record.source = works_[faces.source]->task.id;
      record.frame_index = face.frame_index;
      record.face_number = static_cast<int>(i);
      record.seconds = face.seconds;
      record.face = face.face;
      record.face_from_frame = face.face_from_frame;
      record.pose = face.pose;
      record.sharpness = face.sharpness;
      record.picture = faces.picture_size;
      record.rejected = RejectionOf(record, faces.faces.size(), context_.project.faces);
      faces.records.push_back(std::move(record));
    }
  }

  void Save(const PictureFaces& faces) {
    Work& work = *works_[faces.source];
    FaceSet& set = *sets_.at(work.task.person);
    const auto span = work.clock.Measure("save");
    ++work.tally.frames_sampled;
    for (size_t i = 0; i < faces.faces.size(); ++i) {
      set.Add(faces.faces[i], faces.records[i]);
      ++work.tally.faces_found;
    }
    Progress(work, ProgressEvent::State::kRunning, fmt::format("{} faces", work.tally.faces_found));
  }

  void Finish(Work& work, bool sampled, std::exception_ptr error) {
    ReportItem item;
    item.stage = "source";
    item.name = work.task.name;
    item.location = ShownLocation(work.task.location);
    item.person = work.task.person;
    item.state = sampled ? ItemState::kDone : ItemState::kReused;
    try {
      if (error) std::rethrow_exception(error);
      FaceSet& set = *sets_.at(work.task.person);
      if (sampled) CloseSource(work, set);
      item.tally = set.Tallies().at(work.task.id);
      item.warning = item.tally.warning;
      RequireFaces(work, item.tally);
      if (work.decode.truncated || item.warning.starts_with(kTruncated)) throw Error(ErrorKind::kMedia, item.warning);
    } catch (...) {
      SetFailure(item, std::current_exception());
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - work.start).count();
    if (sampled) {
      item.numbers["seconds"] = seconds;
      item.numbers["frames_per_second"] = static_cast<double>(work.frames_read) / std::max(seconds, 1e-9);
      item.numbers["sampled_per_second"] = static_cast<double>(work.tally.frames_sampled) / std::max(seconds, 1e-9);
      item.stage_seconds = work.clock.Seconds();
    }
    const bool failed = item.state == ItemState::kFailed || item.state == ItemState::kCancelled;
    Progress(work,
             failed ? ProgressEvent::State::kFailed
                    : (sampled ? ProgressEvent::State::kDone : ProgressEvent::State::kSkipped),
             failed ? item.error : fmt::format("{} faces, {} kept", item.tally.faces_found, item.tally.faces_kept));
    if (failed) LogInfo(fmt::format("source {}: {}", item.location, item.error));
    report_.Add(std::move(item));
  }

  void CloseSource(Work& work, FaceSet& set) {
    const auto surplus = LeastDifferentFaces(set.Pending(work.task.id), context_.project.faces.max_per_source);
    if (!surplus.empty()) set.RejectPending(work.task.id, surplus, "over_limit");
    CountFaces(set.Pending(work.task.id), work.tally);
    work.tally.frames_decoded = work.decode.frames_decoded;
    if (work.decode.truncated) {
      work.tally.warning = fmt::format("{}{}: download or copy it again; the faces before that are used", kTruncated,
                                       work.decode.message);
    } else {
      work.tally.warning = work.decode.message;
    }
    set.FinishSource(work.task.id, work.key, work.tally);
  }

  static void RequireFaces(const Work& work, const SourceTally& tally) {
    const char* pictures = work.photos ? "pictures" : "sampled frames";
    if (tally.faces_found == 0) {
      throw Error(ErrorKind::kFaces, fmt::format("no face was found in {} ({} {}): does it show the person? Small "
                                                 "faces need a smaller faces.min_size", work.task.name,
                                                 tally.frames_sampled, pictures));
    }
    if (tally.faces_kept > 0) return;
    std::string reasons;
    for (const auto& [reason, count] : tally.rejected) {
      reasons += fmt::format("{}{} {}", reasons.empty() ? "" : ", ", count, reason);
    }
    throw Error(ErrorKind::kFaces, fmt::format("none of the {} faces in {} could be used ({}): use clips that show the "
                                               "person alone and sharp, or relax faces.min_size, max_yaw or "
                                               "min_sharpness", tally.faces_found, work.task.name, reasons));
  }

  void Progress(const Work& work, ProgressEvent::State state, std::string note) {
    ProgressEvent event;
    event.stage = "faces";
    event.item = fmt::format("{}: {}", work.task.person, work.task.name);
    event.state = state;
    event.done = static_cast<double>(work.frames_read.load());
    event.total = work.total_frames;
    event.unit = work.photos ? "pictures" : "frames";
    event.note = std::move(note);
    context_.progress.Report(event);
  }

  void WriteSheets() {
    for (const Person& person : context_.project.people) {
      ReportItem item;
      item.stage = "faces";
      item.name = person.name;
      item.person = person.name;
      item.state = ItemState::kDone;
      try {
        const FaceSet& set = *sets_.at(person.name);
        item.pictures = WriteContactSheets(set, context_.workspace.Sheets(), person.name);
        const UsableFaces usable = FindUsableFaces(context_.project, person.name, set);
        item.numbers["kept"] = static_cast<double>(usable.kept);
        if (!usable.held_out.empty()) item.numbers["held_out"] = static_cast<double>(usable.held_out.size());
      } catch (...) {
        SetFailure(item, std::current_exception());
      }
      report_.Add(std::move(item));
    }
  }

  static constexpr const char* kTruncated = "the file is truncated: ";
  const RunContext& context_;
  MediaStore& media_;
  ReportBuilder& report_;
  DetectorPool detectors_;
  std::map<std::string, std::unique_ptr<FaceSet>> sets_;
  std::vector<std::unique_ptr<Work>> works_;
};

}  // namespace

void Preprocess(const RunContext& context, MediaStore& media, ReportBuilder& report) {
  Preprocessing(context, media, report).Run();
}

}  // namespace reelswap
