#include "pipeline/preview_clip.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "compose/side_by_side.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/photo.h"
#include "disclose/marks.h"
#include "face/align.h"
#include "face/face_tracker.h"
#include "media/video_reader.h"
#include "media/video_writer.h"
#include "pipeline/convert.h"
#include "pipeline/crop_places.h"
#include "pipeline/face_replacement.h"
#include "pipeline/media_store.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kClipSeconds = 2;
constexpr int kClipFrames = 50;
constexpr int kClipHeight = 480;         // px; the frames are kept in memory
constexpr double kSearchSeconds = 30;    // of the target, for its poses
constexpr int kPoseSamples = 60;
constexpr size_t kPosesPerRow = 3;       // rows: best, median, worst
constexpr double kMostShare = 0.05;      // of the training's time
constexpr double kFirstCost = 2;         // s; what the first preview is taken to cost
constexpr int kTile = 192;               // px

struct ClipFrame {
  Frame frame;  ///< at most kClipHeight high
  std::optional<AlignedFace> face;  ///< in its px, cut for the network
};

/// A face of the target in the stored crop, which stands for the picture around it.
struct PoseSample {
  AlignedFace stored;
  cv::Mat input;
  double distance = 0;  ///< from the nearest pose that was trained on, degrees
};

double Degrees(const HeadPose& a, const HeadPose& b) { return std::hypot(a.yaw - b.yaw, a.pitch - b.pitch); }

double Unfamiliarity(const HeadPose& pose, const std::vector<HeadPose>& known) {
  if (known.empty()) return Degrees(pose, {});
  double nearest = 1e9;
  for (const HeadPose& other : known) nearest = std::min(nearest, Degrees(pose, other));
  return nearest;
}

/// The whole frame at a size that is cheap to keep; even, so that chroma fits.
Frame Smaller(const Frame& frame, double scale) {
  scale = std::min(scale, 1.0);
  if (scale == 1 && frame.format().bit_depth == 8) return frame.Clone();
  FrameFormat format = frame.format();
  format.width = std::max(2, static_cast<int>(format.width * scale) / 2 * 2);
  format.height = std::max(2, static_cast<int>(format.height * scale) / 2 * 2);
  format.bit_depth = 8;
  cv::Mat small;
  cv::resize(frame.Bgr(), small, {format.width, format.height}, 0, 0, cv::INTER_AREA);
  return Frame::FromBgr(small, format, frame.index(), frame.pts());
}

DetectedFace Scaled(DetectedFace face, double x, double y) {
  for (cv::Point2f& p : face.landmarks) p = {static_cast<float>(p.x * x), static_cast<float>(p.y * y)};
  face.box = {static_cast<float>(face.box.x * x), static_cast<float>(face.box.y * y),
              static_cast<float>(face.box.width * x), static_cast<float>(face.box.height * y)};
  return face;
}

}  // namespace

struct PreviewClip::Impl {
  Impl(const RunContext& context, const std::vector<TrainingFaces>& people, const CropGeometry& input,
       const CropGeometry& output)
      : context_(context), input_(input), output_(output), start_(Clock::now()) {
    for (ConvertJob& job : PlanConversions(context)) {
      if (job.photos || !job.error.empty()) continue;
      job_ = std::move(job);
      break;
    }
    for (const TrainingFaces& person : people) {
      if (job_ && person.person == Shown().to) known_poses_ = person.poses;
    }
  }

  bool IsAffordable() const {
    const double elapsed = std::chrono::duration<double>(Clock::now() - start_).count();
    return std::max(spent_, kFirstCost) <= kMostShare * elapsed;
  }

  void Write(const SwapFunction& swap) {
    if (!job_ || failed_) return;
    const auto begin = Clock::now();
    try {
      if (Load()) {
        WriteClip(swap);
        WritePoses(swap);
      }
    } catch (const std::exception& e) {
      // A preview is a courtesy: what it could not show must not end a night's training.
      LogWarning(fmt::format("no preview of {}: {}", ShownLocation(job_->location), e.what()));
      failed_ = true;
    }
    spent_ += std::chrono::duration<double>(Clock::now() - begin).count();
  }

  /// False: the target is not on disk yet.
  bool Load() {
    if (!clip_.empty()) return true;
    const auto path = FindOnDisk(context_.workspace, job_->location);
    if (!path) {
      if (!waiting_) LogInfo(fmt::format("preview: {} is not downloaded yet", ShownLocation(job_->location)));
      waiting_ = true;
      return false;
    }
    LoadClip(*path);
    LoadPoses(*path);
    return !context_.stop.stop_requested();  // a half-read target is not worth showing
  }

  ReadOptions Range(double seconds) const {
    ReadOptions options;
    options.start_seconds = job_->target->start_seconds;
    const double length = std::min(seconds, job_->target->duration_seconds.value_or(seconds));
    options.end_seconds = options.start_seconds + length;
    options.threads = 1;
    return options;
  }

  void LoadClip(const fs::path& path) {
    ReadOptions options = Range(kClipSeconds);
    const double rate = ProbeVideo(path).frame_rate.ToDouble();
    options.every = std::max(1, static_cast<int>(std::ceil(rate * kClipSeconds / kClipFrames - 1e-6)));
    VideoReader reader(path, options);
    FaceTracker tracker({context_.project.faces.min_size, 0.0f});
    info_ = reader.info();
    const double scale = static_cast<double>(kClipHeight) / info_.format.height;
    while (auto frame = reader.Next()) {
      if (clip_.size() == kClipFrames || context_.stop.stop_requested()) break;
      ClipFrame made{Smaller(*frame, scale), std::nullopt};
      if (const auto face = tracker.Update(frame->Luma8())) {
        const DetectedFace small = Scaled(*face, static_cast<double>(made.frame.width()) / frame->width(),
                                          static_cast<double>(made.frame.height()) / frame->height());
        made.face = AlignFace(made.frame, small, input_);
      }
      clip_.push_back(std::move(made));
    }
    if (clip_.empty() && !context_.stop.stop_requested()) throw Error(ErrorKind::kMedia, "it has no frame in the range asked for");
  }

  void LoadPoses(const fs::path& path) {
    ReadOptions options = Range(kSearchSeconds);
    const double frames = (*options.end_seconds - options.start_seconds) * std::max(1.0, info_.frame_rate.ToDouble());
    const double declared = info_.duration_seconds > 0 ? info_.duration_seconds * info_.frame_rate.ToDouble() : frames;
    options.every = std::max(1, static_cast<int>(std::min(frames, declared) / kPoseSamples));
    VideoReader reader(path, options);
    FaceDetector detector({context_.project.faces.min_size, 0.0f});
    std::vector<PoseSample> samples;
    while (auto frame = reader.Next()) {
      if (samples.size() >= 2 * kPoseSamples || context_.stop.stop_requested()) break;
      const std::vector<DetectedFace> faces = detector.Detect(frame->Luma8());
      if (faces.empty()) continue;
      PoseSample sample;
      sample.stored = AlignFace(*frame, faces.front(), kStoredCrop);
      sample.input = AlignFace(*frame, faces.front(), input_).image;
      sample.distance = Unfamiliarity(sample.stored.pose, known_poses_);
      samples.push_back(std::move(sample));
    }
    std::stable_sort(samples.begin(), samples.end(), [](const auto& a, const auto& b) { return a.distance < b.distance; });
    const size_t row = std::min(kPosesPerRow, samples.size());
    for (const size_t first : {size_t{0}, (samples.size() - row) / 2, samples.size() - row}) {
      for (size_t i = first; i < first + row; ++i) poses_.push_back(samples[i]);
    }
  }

  std::vector<SwappedFace> Swap(const SwapFunction& swap, const std::vector<cv::Mat>& crops,
                                const std::vector<cv::Matx23f>& face_from_picture) const {
    constexpr size_t kBatch = 16;
    std::vector<SwappedFace> swapped;
    for (size_t first = 0; first < crops.size(); first += kBatch) {
      const std::span<const cv::Mat> batch(crops.data() + first, std::min(kBatch, crops.size() - first));
      for (SwappedCrop& crop : swap(batch, Shown().to)) {
        swapped.push_back({std::move(crop.image), std::move(crop.mask), face_from_picture[swapped.size()]});
      }
    }
    return swapped;
  }

  void WriteClip(const SwapFunction& swap) {
    std::vector<cv::Mat> crops;
    std::vector<cv::Matx23f> places;
    for (const ClipFrame& frame : clip_) {
      if (!frame.face) continue;
      crops.push_back(frame.face->image);
      places.push_back(FaceFromFrame(frame.face->face.landmarks, output_));
    }
    const std::vector<SwappedFace> swapped = Swap(swap, crops, places);
    const FrameFormat format = clip_.front().frame.format();
    const auto label = RenderDisclosure(context_.project.disclosure, {format.width, format.height});
    const SideBySideComposer pair(format, SideBySideLayout::kHorizontal, fmt::format("original: {}", Shown().from),
                                  fmt::format("preview: {} as {}", Shown().from, Shown().to),
                                  CaptionCorner(context_.project.disclosure));
    const Provenance provenance = MakeProvenance();
    WriteOptions options;
    options.video = info_;
    options.video.format = pair.format();
    options.encoder.threads = 1;
    options.metadata = ContainerTags(provenance);
    const fs::path path = VideoPath(context_.workspace);
    VideoWriter writer(path, options);
    size_t next = 0;
    for (const ClipFrame& shown : clip_) {
      Frame result = shown.frame.Clone();
      if (shown.face) PasteIntoFrame(result, swapped[next++], shown.face->face.landmarks);
      if (label) DrawLabel(result, *label);
      writer.Write(pair.Combine(shown.frame, result));
    }
    EmbedXmp(writer.FinishTemporary(), provenance);
    writer.Commit();
    WriteSidecar(path, provenance);
  }

  static void PasteIntoFrame(Frame& frame, const SwappedFace& swapped, const Landmarks& landmarks) {
    cv::Mat bgr = frame.Bgr();
    PasteFace(bgr, swapped, landmarks);
    frame = Frame::FromBgr(bgr, frame.format(), frame.index(), frame.pts());
  }

  void WritePoses(const SwapFunction& swap) {
    if (poses_.empty()) return;
    std::vector<cv::Mat> crops;
    std::vector<cv::Matx23f> places;
    for (const PoseSample& pose : poses_) {
      crops.push_back(pose.input);
      places.push_back(CropFromCrop(kStoredCrop, output_));
    }
    const std::vector<SwappedFace> swapped = Swap(swap, crops, places);
    std::vector<cv::Mat> tiles;
    for (size_t i = 0; i < poses_.size(); ++i) {
      cv::Mat after = poses_[i].stored.image.clone();
      PasteFace(after, swapped[i], Moved(poses_[i].stored.face_from_frame, poses_[i].stored.face.landmarks));
      tiles.push_back(Tile(poses_[i].stored.image));
      tiles.push_back(Tile(after));
    }
    cv::Mat sheet = ContactSheet(tiles, static_cast<int>(2 * poses_.size() / 3), kTile);
    Caption(sheet);
    if (const auto label = RenderDisclosure(context_.project.disclosure, sheet.size())) DrawLabel(sheet, *label);
    const fs::path path = PosesPath(context_.workspace), temporary = TemporaryPathFor(path);
    WritePhoto(temporary, sheet);
    EmbedXmp(temporary, MakeProvenance());
    CommitFile(temporary, path);
  }

  static cv::Mat Tile(const cv::Mat& crop) {
    cv::Mat tile;
    cv::resize(crop, tile, {kTile, kTile}, 0, 0, cv::INTER_AREA);
    return tile;
  }

  /// Names each row where it begins.
  void Caption(cv::Mat& sheet) const {
    constexpr std::array<const char*, 3> kNames = {"best poses", "median poses", "worst poses"};
    for (size_t row = 0; row < kNames.size(); ++row) {
      const std::string text = fmt::format("{}: {:.0f} deg. from what was trained on", kNames[row],
                                           poses_[row * poses_.size() / 3].distance);
      const cv::Point at(6, static_cast<int>(row) * sheet.rows / 3 + 16);
      for (const auto& [colour, width] : {std::pair(cv::Scalar(20, 20, 20), 3), std::pair(cv::Scalar(240, 240, 240), 1)}) {
        cv::putText(sheet, text, at, cv::FONT_HERSHEY_SIMPLEX, 0.42, colour, width, cv::LINE_AA);
      }
    }
  }

  Provenance MakeProvenance() const {
    Provenance provenance;
    provenance.tool_version = REELSWAP_VERSION;
    provenance.created_utc = UtcNow();
    provenance.description = fmt::format("AI-generated face swap (preview of a training): the face of {} was put on {}",
                                         Shown().to, Shown().from);
    provenance.inputs = {{"target", ShortName(job_->location), ""}};
    for (const reelswap::Person& person : context_.project.people) {
      if (HasPart({Shown()}, person.name)) provenance.consents[person.name] = person.consent;
    }
    provenance.visible_label = context_.project.disclosure.label ? context_.project.disclosure.text : "";
    provenance.no_label_reason = context_.project.disclosure.off_reason;
    return provenance;
  }

  const RunContext& context_;
  const CropGeometry input_, output_;
  const Clock::time_point start_;
  /// Of a target with several directions the first.
  const SwapDirection& Shown() const { return job_->swaps.front(); }

  std::optional<ConvertJob> job_;
  std::vector<HeadPose> known_poses_;
  VideoInfo info_;
  std::vector<ClipFrame> clip_;
  std::vector<PoseSample> poses_;  ///< three rows: best, median, worst
  double spent_ = 0;               ///< s
  bool waiting_ = false;
  bool failed_ = false;
};

PreviewClip::PreviewClip(const RunContext& context, const std::vector<TrainingFaces>& people,
                         const CropGeometry& input, const CropGeometry& output)
    : impl_(std::make_unique<Impl>(context, people, input, output)) {}

PreviewClip::~PreviewClip() = default;

void PreviewClip::Update(const SwapFunction& swap) {
  if (impl_->IsAffordable()) impl_->Write(swap);
}

void PreviewClip::Finish(const SwapFunction& swap) { impl_->Write(swap); }

}  // namespace reelswap
