#include <fmt/format.h>

#include <chrono>
#include <opencv2/core.hpp>
#include <set>

#include "compose/side_by_side.h"
#include "core/error.h"
#include "core/files.h"
#include "core/photo.h"
#include "face/align.h"
#include "face/face_detector.h"
#include "face/face_embedder.h"
#include "pipeline/conversion_record.h"
#include "pipeline/convert_video.h"
#include "pipeline/face_replacement.h"
#include "pipeline/identity_galleries.h"
#include "pipeline/known_people.h"
#include "pipeline/track_identity.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

/// Encodes under a temporary name, marks, renames: no unmarked picture lies under a final name.
void WriteMarkedPhoto(const fs::path& path, const cv::Mat& bgr, const Provenance& provenance) {
  const fs::path temporary = TemporaryPathFor(path);
  try {
    WritePhoto(temporary, bgr);
    EmbedXmp(temporary, provenance);
    CommitFile(temporary, path);
  } catch (...) {
    std::error_code ec;
    fs::remove(temporary, ec);
    throw;
  }
  WriteSidecar(path, provenance);
}

/// File names of the results, in the inputs' order: safe, and never two alike.
std::vector<std::string> PictureNames(const std::vector<fs::path>& inputs) {
  std::set<std::string> used;
  std::vector<std::string> names;
  for (const fs::path& input : inputs) {
    const std::string base = SafeName(input.stem().string());
    std::string name = base;
    for (int n = 2; !used.insert(name).second; ++n) name = fmt::format("{}_{}", base, n);
    names.push_back(name + ".png");
  }
  return names;
}

class PhotoConversion {
 public:
  PhotoConversion(const RunContext& context, const ConvertJob& job, const StoredModel& model,
                  const Provenance& provenance)
      : context_(context), job_(job), provenance_(provenance),
        swapper_(model.weights, context.project.train.options.device), replacement_(swapper_, job.swaps),
        detector_({context.project.faces.min_size, 0.0f}) {
    OpenGalleries();
  }

  void Run(const std::vector<fs::path>& inputs, ReportItem& item) {
    std::error_code ec;
    fs::create_directories(job_.output, ec);
    if (!job_.side_by_side.empty()) fs::create_directories(job_.side_by_side, ec);
    const auto start = std::chrono::steady_clock::now();
    const std::vector<std::string> names = PictureNames(inputs);
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (context_.stop.stop_requested()) {
        throw Error(ErrorKind::kCancelled, fmt::format("interrupted after {} pictures; those stay", i));
      }
      ConvertOne(inputs[i], names[i]);
      ProgressEvent event{"convert", job_.name, ProgressEvent::State::kRunning, static_cast<double>(i + 1),
                          static_cast<double>(inputs.size()), "pictures", ""};
      context_.progress.Report(event);
    }
    if (damaged_ == inputs.size()) throw Error(ErrorKind::kMedia, warning_);
    if (with_face_ == 0 && undecided_) throw *undecided_;
    if (with_face_ == 0) {
      throw Error(ErrorKind::kFaces, fmt::format("no face was found in any of the {} pictures of {}: does it show {}? "
                                                 "Small faces need a smaller faces.min_size", inputs.size(),
                                                 ShownLocation(job_.location), ReplacedPeople(job_.swaps)));
    }
    PassThrough();
    item.outputs = outputs_;
    item.warning = warning_;
    item.numbers["pictures"] = static_cast<double>(inputs.size());
    item.numbers["pictures_with_face"] = static_cast<double>(with_face_);
    item.numbers["seconds"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    SavePhotoRecord(job_, provenance_.settings.at("key"), outputs_);
  }

 private:
  struct Replaced {
    DetectedFace face;
    int direction = 0;
  };

  void OpenGalleries() {
    const std::optional<fs::path> weights = FindIdentityWeights();
    if (!weights) return;
    std::vector<TrainingFaces> people;
    for (auto& [name, usable] : FindKnownPeople(context_)) people.push_back(std::move(usable.training));
    galleries_ = std::make_unique<IdentityGalleries>(*weights, people);
    for (const SwapDirection& swap : job_.swaps) {
      if (galleries_->Find(swap.from) == nullptr) galleries_.reset();  // who is replaced cannot be told
      if (!galleries_) return;
    }
  }

  /// As for videos, each face being a track of its own that lasts long enough to be told.
  std::vector<Replaced> ChooseFaces(const cv::Mat& original, const std::vector<DetectedFace>& faces,
                                    const std::string& name) {
    constexpr int64_t kLongEnough = 100;
    DecisionInput input;
    input.directions = job_.swaps;
    if (galleries_) input.likeness.emplace();
    for (size_t i = 0; i < faces.size(); ++i) {
      const auto track = static_cast<int64_t>(i);
      input.places.push_back({track, 0, kLongEnough, kLongEnough, 0, faces[i].box, faces[i].box, faces[i].box.width});
      if (galleries_) (*input.likeness)[track] = LikenessOf(original, faces[i]);
    }
    std::vector<Replaced> replaced;
    try {
      for (const TrackVerdict& verdict : DecideTracks(input).verdicts) {
        if (verdict.direction < 0) continue;
        replaced.push_back({faces[static_cast<size_t>(verdict.track)], verdict.direction});
      }
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::kMissingTool) undecided_ = e;
      Warn(fmt::format("{} is left as it is: {}", name, e.what()));
    }
    return replaced;
  }

  TrackLikeness LikenessOf(const cv::Mat& original, const DetectedFace& face) {
    TrackLikeness likeness;
    likeness.samples = 1;
    const FaceEmbedder::Face shown{original, face.landmarks};
    const FaceEmbedding embedding = galleries_->Embed(std::span(&shown, 1)).front();
    for (const Person& person : context_.project.people) {
      const IdentityGallery* gallery = galleries_->Find(person.name);
      if (gallery != nullptr) likeness.distances[person.name] = gallery->Distance(embedding);
    }
    return likeness;
  }

  /// What is chosen by seam for the tracks of a video is fixed here: a single picture has nothing to choose from.
  ComposeOptions Look() const {
    ComposeOptions look = job_.target->look;
    if (look.color == ColorMode::kAuto) look.color = ColorMode::kAverage;
    if (look.blend == BlendMode::kAuto) look.blend = BlendMode::kFeather;
    return look;
  }

  /// Pictures without a face stay as they are and claim nothing; what an earlier picture of that name left goes.
  /// Only once a face was found elsewhere: an album of unchanged copies must not look like a result.
  void PassThrough() {
    for (const auto& [input, name] : without_face_) {
      WritePhoto(job_.output / name, ReadPhoto(input));
      outputs_.push_back(job_.output / name);
      std::error_code ignored;
      fs::remove(job_.output / (name + ".json"), ignored);
      if (job_.side_by_side.empty()) continue;
      fs::remove(job_.side_by_side / name, ignored);
      fs::remove(job_.side_by_side / (name + ".json"), ignored);
    }
  }

  void ConvertOne(const fs::path& input, const std::string& name) {
    cv::Mat original;
    try {
      original = ReadPhoto(input);
    } catch (const Error& e) {  // one damaged picture of an album is a warning, not the end
      ++damaged_;
      Warn(e.what());
      return;
    }
    const std::vector<DetectedFace> faces = detector_.Detect(LumaOfPhoto(original));
    if (faces.empty()) {
      Warn("no face in " + input.filename().string());
      without_face_.emplace_back(input, name);
      return;
    }
    const std::vector<Replaced> replaced = ChooseFaces(original, faces, input.filename().string());
    if (replaced.empty()) {
      without_face_.emplace_back(input, name);
      return;
    }
    ++with_face_;
    cv::Mat result = original.clone();
    for (const auto& [face, direction] : replaced) {
      const AlignedFace aligned = AlignFace(original, face, replacement_.crop());
      PasteFace(result, replacement_.Swap({&aligned}, direction).front().swapped, face.landmarks, Look());
    }
    const auto label = RenderDisclosure(context_.project.disclosure, result.size());
    if (label) DrawLabel(result, *label);
    Provenance provenance = provenance_;
    provenance.inputs.push_back({"picture", input.filename().string(), Sha256OfFile(input)});
    Write(job_.output / name, result, provenance);
    if (job_.side_by_side.empty()) return;
    const SideBySideLayout layout = LayoutOf(job_.target->side_by_side);
    Write(job_.side_by_side / name,
          SideBySidePhotos(original, result, layout, fmt::format("original: {}", ReplacedPeople(job_.swaps)),
                           fmt::format("swapped: {}", DescribeSwaps(job_.swaps)),
                           CaptionCorner(context_.project.disclosure)),
          provenance);
  }

  void Write(const fs::path& path, const cv::Mat& bgr, const Provenance& provenance) {
    WriteMarkedPhoto(path, bgr, provenance);
    outputs_.push_back(path);
  }

  void Warn(const std::string& message) { warning_ += (warning_.empty() ? "" : "; ") + message; }

  const RunContext& context_;
  const ConvertJob& job_;
  const Provenance& provenance_;
  FaceSwapper swapper_;
  FaceReplacement replacement_;
  FaceDetector detector_;
  std::unique_ptr<IdentityGalleries> galleries_;
  std::optional<Error> undecided_;  ///< why a picture's faces could not be told apart
  size_t damaged_ = 0;
  int64_t with_face_ = 0;
  std::vector<std::pair<fs::path, std::string>> without_face_;  ///< input, name of the result
  std::string warning_;
  std::vector<fs::path> outputs_;
};

}  // namespace

void ConvertPhotos(const RunContext& context, const ConvertJob& job, const std::vector<fs::path>& inputs,
                   const StoredModel& model, const Provenance& provenance, ReportItem& item) {
  PhotoConversion(context, job, model, provenance).Run(inputs, item);
}

}  // namespace reelswap
