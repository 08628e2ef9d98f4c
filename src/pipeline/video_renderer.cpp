#include "pipeline/video_renderer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compose/occlusion.h"
#include "core/error.h"
#include "face/align.h"
#include "pipeline/convert_graph.h"
#include "pipeline/crop_places.h"
#include "pipeline/steady_faces.h"

namespace reelswap {
namespace {

constexpr int kBatch = 8;         // where the network's time per face stops falling (tests/bench)
constexpr int64_t kSeamEvery = 5; // frames: a seam changes slowly, and measuring it costs as much as pasting
constexpr int64_t kProbeEvery = 4;     // frames between looks for something in front of a face
constexpr double kChangedLevels = 3;   // mean change of a crop from frame to frame; speech and turning stay below
constexpr float kLeastOpacity = 0.02f;  // below it there is nothing to see

/// Share of the face that something hides, by the model's own picture of it.
double HiddenShare(const cv::Mat& unoccluded) { return 1.0 - cv::mean(unoccluded)[0] / 255.0; }

int64_t RoundDown(int64_t number, int64_t to) { return number / to * to; }

}  // namespace

VideoRenderer::VideoRenderer(const RunContext& context, const ConvertJob& job, const RenderInput& input,
                             const ThreadBudget& threads)
    : context_(context), job_(job), input_(input), threads_(threads),
      label_(RenderDisclosure(context.project.disclosure, {input.info.format.width, input.info.format.height})),
      pool_(FramesInFlight(input.info.format.Bytes(), kBatch, kSteadyNeighbours) * input.info.format.Bytes()),
      book_(input.folder) {
  EncoderOptions encoder = job.target->encoder;
  if (encoder.threads == 0) encoder.threads = threads.encoder_threads;
  const std::string& container = job.target->container;
  result_.emplace(input.folder, "result", input.info, encoder, container, input.layout, input.end_pts, input.plan);
  identity_every_ = std::max<int64_t>(1, std::llround(input.frames_per_second));
  if (job.side_by_side.empty()) return;
  OpenComposer();
  VideoInfo pair = input.info;
  pair.format = composer_->format();
  pair_.emplace(input.folder, "pair", pair, encoder, container, input.layout, input.end_pts, input.plan);
}

void VideoRenderer::OpenComposer() {
  composer_.emplace(input_.info.format, LayoutOf(job_.target->side_by_side), Captions(),
                    CaptionCorner(context_.project.disclosure), label_ ? label_->roi : cv::Rect());
}

std::vector<std::string> VideoRenderer::Captions() const {
  std::vector<std::string> captions{fmt::format("original: {}", ReplacedPeople(job_.swaps))};
  for (const EarlierModel& model : input_.earlier) captions.push_back(model.caption);
  captions.push_back(fmt::format("swapped: {}", DescribeSwaps(job_.swaps)));
  if (job_.target->side_by_side == Target::SideBySide::kMask) captions.push_back("what was replaced");
  return captions;
}

/// Source frame and result; beside them the combined picture and what is shown in it.
int VideoRenderer::BuffersPerFrame() const {
  if (!composer_) return 2;
  const int64_t combined = composer_->format().Bytes() / std::max<int64_t>(1, input_.info.format.Bytes());
  return static_cast<int>(2 + combined + 1 + static_cast<int64_t>(input_.earlier.size()));
}

bool VideoRenderer::Has(int64_t chunk) const {
  return result_->Has(chunk) && (!pair_ || pair_->Has(chunk)) && book_.HasChunk(chunk);
}

void VideoRenderer::Run() {
  RenderMissing();
  if (result_->DropForeign() + (pair_ ? pair_->DropForeign() : 0) > 0) RenderMissing();
}

void VideoRenderer::RenderMissing() {
  const int64_t chunks = input_.layout.Count();
  for (int64_t first = 0; first < chunks;) {
    if (Has(first)) {
      ++first;
      continue;
    }
    int64_t last = first + 1;
    while (last < chunks && !Has(last)) ++last;
    RunStretch(first, last);
    first = last;
  }
}

void VideoRenderer::RunStretch(int64_t first_chunk, int64_t last_chunk) {
  const ChunkLayout& layout = input_.layout;
  wanted_first_ = layout.FirstOf(first_chunk);
  wanted_last_ = layout.FirstOf(last_chunk);
  const int64_t begin = std::max(layout.first, RoundDown(std::max<int64_t>(0, wanted_first_ - kSteadyNeighbours), kBatch));
  read_last_ = std::min(layout.last, RoundDown(wanted_last_ + kSteadyNeighbours + kBatch - 1, kBatch));
  const PlannedFrame start = input_.plan.At(begin);
  ReadOptions options = input_.range;
  options.draft = false;
  options.threads = threads_.convert_decoder_threads;
  if (begin > 0) {
    options.first_pts = start.pts;
    options.first_index = start.index;
  }
  try {
    reader_.emplace(input_.video, options);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::kMedia) throw;
    throw FramesDiffer(e.what());
  }
  ConvertStages stages;
  stages.read = [this](ConvertItem& item) { return Read(item); };
  stages.align = [this](ConvertItem& item) { Align(item); };
  stages.swap = [this](const std::vector<ConvertItem*>& items) { Swap(items); };
  stages.measure = [this](ConvertItem& item) { Measure(item); };
  stages.steady = [this](const std::deque<std::shared_ptr<ConvertItem>>& items, size_t middle) {
    const auto span = clock_.Measure("steady");
    SteadyFaces(items, middle);
  };
  stages.compose = [this](ConvertItem& item) { Compose(item); };
  stages.write = [this](ConvertItem& item) { Write(item); };
  ConvertLimits limits;
  limits.batch = kBatch;
  limits.neighbours = kSteadyNeighbours;
  limits.frames_in_flight =
      FramesInFlight(input_.info.format.Bytes() * BuffersPerFrame(), kBatch, kSteadyNeighbours);
  limits.workers = threads_.workers;
  limits.first = begin;
  const int64_t written = RunConvertGraph(stages, limits, context_.stop);
  result_->Finish();
  if (pair_) pair_->Finish();
  if (context_.stop.stop_requested()) {
    throw Error(ErrorKind::kCancelled, fmt::format("interrupted at {:.0f} %; the same command goes on from there",
                                                   100.0 * static_cast<double>(wanted_first_ + written - layout.first) /
                                                       static_cast<double>(layout.last - layout.first)));
  }
}

bool VideoRenderer::Read(ConvertItem& item) {
  const auto span = clock_.Measure("decode");
  if (item.number >= read_last_) return false;
  std::optional<Frame> frame = reader_->Next();
  PlannedFrame planned = input_.plan.At(item.number);
  if (!frame || frame->pts() != planned.pts) {
    throw FramesDiffer(fmt::format("{} decodes differently than when its faces were looked for (frame {}): if the file is "
                                   "complete, the same command looks at it anew", ShownLocation(job_.location),
                                   item.number));
  }
  item.frame = std::move(*frame);
  item.cut = planned.cut;
  item.warm_up = item.number < wanted_first_ || item.number >= wanted_last_;
  const double tick = input_.info.time_base.ToDouble();
  item.seconds = static_cast<double>(planned.pts - input_.plan.At(input_.layout.first).pts) * tick;
  for (PlannedFace& face : planned.faces) {
    if (face.opacity < kLeastOpacity) continue;
    ConvertFace& added = item.faces.emplace_back();
    added.planned = std::move(face);
    added.quality.planned = added.planned;
  }
  return true;
}

void VideoRenderer::Align(ConvertItem& item) {
  const auto span = clock_.Measure("align");
  for (ConvertFace& face : item.faces) {
    face.aligned = CutFace(item.frame, face.planned.face, input_.replacement.crop());
    face.quality.yaw = face.planned.pose.yaw;
  }
}

void VideoRenderer::Swap(const std::vector<ConvertItem*>& items) {
  std::map<int, NumberedFaces> by_direction;
  for (ConvertItem* item : items) {
    for (ConvertFace& face : item->faces) by_direction[face.planned.from].emplace_back(item->number, &face);
  }
  for (const auto& [direction, faces] : by_direction) {
    SwapDirectionOf(faces, direction);
    const bool occlusion = job_.target->occlusion && input_.replacement.CanReconstruct(direction);
    if (occlusion) FindOccluders(faces, direction);
  }
}

void VideoRenderer::SwapDirectionOf(const NumberedFaces& faces, int direction) {
  const auto span = clock_.Measure("swap");
  std::vector<const AlignedFace*> aligned;
  for (const auto& [number, face] : faces) aligned.push_back(&face->aligned);
  std::vector<SwappedFace> swapped = input_.replacement.Swap(aligned, direction);
  for (size_t i = 0; i < faces.size(); ++i) faces[i].second->swapped = std::move(swapped[i]);
  for (const EarlierModel& model : input_.earlier) {
    std::vector<SwappedFace> earlier = model.replacement->Swap(aligned, direction);
    for (size_t i = 0; i < faces.size(); ++i) faces[i].second->earlier.push_back(std::move(earlier[i]));
  }
}

/// Looking at every face would cost as much again as half the swap. So some are looked at: the first of each track in the
/// batch, every fourth frame's, and those whose picture changed at once; the rest only of tracks where something was
/// found. What is in front for less than a tenth of a second without changing the picture stays unseen.
void VideoRenderer::FindOccluders(const NumberedFaces& faces, int direction) {
  const auto span = clock_.Measure("occlusion");
  std::vector<ConvertFace*> probes, rest;
  std::map<int64_t, cv::Mat> last;
  for (const auto& [number, face] : faces) {
    if (input_.looks.at(face->planned.track).habit.mean.empty()) continue;
    cv::Mat& before = last[face->planned.track];
    const cv::Mat now = ShrunkCrop(face->aligned.image);
    const bool changed = before.empty() || cv::norm(now, before, cv::NORM_L1) > kChangedLevels * static_cast<double>(now.total() * 3);
    (changed || number % kProbeEvery == 0 ? probes : rest).push_back(face);
    before = now;
  }
  const std::set<int64_t> hidden = MeasureOcclusion(probes, direction);
  std::erase_if(rest, [&](const ConvertFace* face) { return !hidden.contains(face->planned.track); });
  MeasureOcclusion(rest, direction);
}

std::set<int64_t> VideoRenderer::MeasureOcclusion(const std::vector<ConvertFace*>& faces, int direction) {
  std::set<int64_t> hidden;
  if (faces.empty()) return hidden;
  std::vector<const AlignedFace*> aligned;
  for (const ConvertFace* face : faces) aligned.push_back(&face->aligned);
  const std::vector<cv::Mat> own = input_.replacement.Reconstruct(aligned, direction);
  for (size_t i = 0; i < faces.size(); ++i) {
    ConvertFace& face = *faces[i];
    const ReconstructionHabit& habit = input_.looks.at(face.planned.track).habit;
    cv::Mat unoccluded = UnoccludedMask(face.aligned.image, own[i], habit);
    face.quality.occluded = HiddenShare(unoccluded);
    if (face.quality.occluded <= 0) continue;
    face.swapped.unoccluded = std::move(unoccluded);
    hidden.insert(face.planned.track);
  }
  return hidden;
}

void VideoRenderer::Measure(ConvertItem& item) {
  const auto span = clock_.Measure("measure");
  for (ConvertFace& face : item.faces) {
    const TrackLook& look = input_.looks.at(face.planned.track);
    face.small = ShrunkCrop(face.swapped.image);
    const Landmarks& landmarks = face.planned.face.landmarks;
    face.roi = FaceRegion(face.swapped, landmarks, item.frame.size(), look.options);
    if (!face.roi.empty()) {
      face.original = item.frame.Bgr(face.roi);
      face.color = MeasureFaceColor(face.original, face.roi, face.swapped, landmarks, look.options);
    }
    if (item.number % identity_every_ == 0) MeasureIdentity(item, face);
  }
}

void VideoRenderer::MeasureIdentity(const ConvertItem& item, ConvertFace& face) {
  if (input_.galleries == nullptr || item.warm_up) return;
  const SwapDirection& swap = input_.replacement.directions()[static_cast<size_t>(face.planned.from)];
  const IdentityGallery* gallery = input_.galleries->Find(swap.to);
  if (gallery == nullptr) return;
  const FaceEmbedder::Face shown{face.swapped.image,
                                 Moved(face.swapped.face_from_frame, face.planned.face.landmarks)};
  const std::lock_guard lock(galleries_mutex_);  // once a second: nobody waits
  face.quality.identity = gallery->Distance(input_.galleries->Embed(std::span(&shown, 1)).front());
}

void VideoRenderer::Compose(ConvertItem& item) {
  const auto span = clock_.Measure("compose");
  item.result = item.frame;
  if (!item.faces.empty() || label_) item.result = item.frame.Clone(pool_);  // the decoder may still need its planes
  cv::Mat mask;
  if (composer_ && job_.target->side_by_side == Target::SideBySide::kMask) {
    mask = cv::Mat::zeros(item.frame.size(), CV_8UC1);
  }
  const bool alone = item.faces.size() == 1;
  for (ConvertFace& face : item.faces) PasteInto(item.result, face, alone, item.number % kSeamEvery == 0, mask);
  if (label_) DrawLabel(item.result, *label_);
  if (composer_) MakeSideBySide(item, mask);
}

void VideoRenderer::MakeSideBySide(ConvertItem& item, const cv::Mat& mask) {
  std::vector<Frame> frames{item.frame};
  for (size_t i = 0; i < input_.earlier.size(); ++i) {
    Frame& frame = frames.emplace_back(item.frame.Clone(pool_));
    for (ConvertFace& face : item.faces) {
      if (face.roi.empty()) continue;
      face.earlier[i].unoccluded = face.steady_unoccluded;
      PasteFace(frame, face, face.earlier[i], frame.Bgr(face.roi));
    }
    if (label_) DrawLabel(frame, *label_);
  }
  frames.push_back(item.result);
  item.side_by_side = composer_->Combine(frames, mask, item.seconds);
}

FacePatch VideoRenderer::PasteFace(Frame& frame, const ConvertFace& face, const SwappedFace& shown,
                                   const cv::Mat& below) const {
  ComposeOptions options = input_.looks.at(face.planned.track).options;
  options.opacity = face.planned.opacity;
  FacePatch patch = ComposeFace(below, face.roi, shown, face.planned.face.landmarks, options, face.steady_color);
  frame.Paste(face.roi, patch.bgr, patch.mask);
  return patch;
}

void VideoRenderer::PasteInto(Frame& frame, ConvertFace& face, bool alone, bool seam, cv::Mat& mask) {
  if (face.roi.empty()) return;
  SwappedFace shown = face.swapped;  // shares its pictures; the face's own stay for its neighbours to look at
  if (!face.repaired.empty()) shown.image = face.repaired;
  shown.unoccluded = face.steady_unoccluded;
  // Faces may overlap: the second one then lies on the first one's paste.
  const cv::Mat below = alone ? face.original : frame.Bgr(face.roi);
  const FacePatch patch = PasteFace(frame, face, shown, below);
  face.original.release();
  face.quality.enlargement = patch.enlargement;
  if (seam) face.quality.seam = SeamScore(below, frame.Bgr(face.roi), patch.mask);
  if (mask.empty()) return;
  cv::Mat replaced = mask(face.roi);
  cv::max(replaced, patch.mask, replaced);
}

void VideoRenderer::Write(ConvertItem& item) {
  const auto span = clock_.Measure("encode");
  FrameQuality quality;
  quality.number = item.number;
  quality.seconds = item.seconds;
  for (const ConvertFace& face : item.faces) quality.faces.push_back(face.quality);
  book_.Add(quality, item.result);
  const int64_t chunk = input_.layout.ChunkOf(item.number);
  // Before the chunk itself, whose presence says that everything of it is there.
  if (item.number + 1 == input_.layout.FirstOf(chunk + 1)) book_.CommitChunk(chunk);
  if (pair_) pair_->Write(item.number, item.side_by_side);
  result_->Write(item.number, item.result);
  item.frame = item.result = item.side_by_side = Frame();  // neighbours may hold the item longer
  ++rendered_;
  Report(item.number);
}

void VideoRenderer::Report(int64_t number) const {
  ProgressEvent event;
  event.stage = "convert";
  event.item = job_.name;
  event.done = static_cast<double>(number + 1 - input_.layout.first);
  event.total = static_cast<double>(input_.layout.last - input_.layout.first);
  event.unit = "frames";
  context_.progress.Report(event);
}

}  // namespace reelswap
