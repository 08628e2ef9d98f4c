#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>
#include <set>
#include <sstream>

#include "compose/occlusion.h"
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
#include "pipeline/picture_warnings.h"
#include "pipeline/track_fade.h"
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

constexpr float kHardlyVisible = 0.05f;  // opacity under which a face is not swapped at all, as in videos
constexpr const char* kDoubts = "warnings";  // of a sidecar's settings: one a line

/// What an earlier run had to say about this result.
std::vector<std::string> DoubtsIn(const fs::path& result) {
  const auto j = nlohmann::json::parse(ReadFile(result.string() + ".json", 1 << 20), nullptr, false);
  const auto settings = j.is_object() ? j.find("settings") : j.end();
  if (!j.is_object() || settings == j.end() || !settings->is_object()) return {};
  std::istringstream lines(settings->value(kDoubts, ""));
  std::vector<std::string> doubts;
  for (std::string line; std::getline(lines, line);) doubts.push_back(line);
  return doubts;
}

/// Whether this file shows exactly this picture and claims nothing else.
bool IsUnmarkedCopy(const fs::path& file, const cv::Mat& bgr) {
  std::error_code ec;
  if (!fs::is_regular_file(file, ec) || fs::exists(file.string() + ".json", ec)) return false;
  try {
    const cv::Mat there = ReadPhoto(file);
    return there.size() == bgr.size() && cv::norm(there, bgr, cv::NORM_INF) == 0;
  } catch (const Error&) {
    return false;  // a torn one is written again
  }
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
        detector_({context.project.faces.min_size, 0.0f}),
        // The album's own hash has no part in it: what is done stays done when other pictures come or go.
        picture_key_(ConversionKey(context, job, "one picture", model)) {
    GetToKnowPeople();
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
      TakeOne(inputs[i], names[i]);
      ProgressEvent event{"convert", job_.name, ProgressEvent::State::kRunning, static_cast<double>(i + 1),
                          static_cast<double>(inputs.size()), "pictures", ""};
      context_.progress.Report(event);
    }
    RequireSomething(inputs.size());
    PassThrough();
    item.outputs = outputs_;
    item.warning = warnings_.Text();
    item.numbers["pictures"] = static_cast<double>(inputs.size());
    item.numbers["pictures_with_face"] = static_cast<double>(with_face_);
    if (reused_ > 0) item.numbers["pictures_reused"] = static_cast<double>(reused_);
    item.numbers["seconds"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    SavePhotoRecord(job_, provenance_.settings.at("key"), outputs_);
  }

 private:
  struct Replaced {
    DetectedFace face;
    int direction = 0;
  };

  /// Where the faces of those who are shown fade, and who those who are replaced are.
  void GetToKnowPeople() {
    limits_.resize(job_.swaps.size());
    std::vector<TrainingFaces> people;
    for (auto& [name, usable] : FindKnownPeople(context_)) {
      for (size_t i = 0; i < job_.swaps.size(); ++i) {
        const bool fades = job_.target->fade_profiles && job_.swaps[i].to == name;
        if (fades) limits_[i] = LimitsOf(usable.training.poses);
      }
      people.push_back(std::move(usable.training));
    }
    const std::optional<fs::path> weights = FindIdentityWeights();
    if (!weights) return;
    galleries_ = std::make_unique<IdentityGalleries>(*weights, people);
    for (const SwapDirection& swap : job_.swaps) {
      if (galleries_->Find(swap.from) != nullptr) continue;
      galleries_.reset();
      blind_because_ = fmt::format("there are no training faces of {} to know them by; run preprocess first", swap.from);
      return;
    }
  }

  void RequireSomething(size_t pictures) const {
    if (with_face_ > 0) return;
    if (damaged_ == pictures) throw Error(ErrorKind::kMedia, warnings_.Text());
    if (undecided_) throw *undecided_;
    if (faces_seen_) {
      throw Error(ErrorKind::kFaces, fmt::format("no face in the pictures of {} could be replaced: {}",
                                                 ShownLocation(job_.location), warnings_.Text()));
    }
    throw Error(ErrorKind::kFaces, fmt::format("no face was found in any of the {} pictures of {}: does it show {}? "
                                               "Small faces need a smaller faces.min_size", pictures,
                                               ShownLocation(job_.location), ReplacedPeople(job_.swaps)));
  }

  /// As for videos, each face being a track of its own that lasts long enough to be told.
  std::vector<Replaced> ChooseFaces(const cv::Mat& original, const std::vector<DetectedFace>& faces,
                                    const std::string& name) {
    constexpr int64_t kLongEnough = 100;
    DecisionInput input;
    input.directions = job_.swaps;
    input.still = true;
    if (!blind_because_.empty()) input.blind_because = blind_because_;
    if (galleries_) input.likeness.emplace();
    for (size_t i = 0; i < faces.size(); ++i) {
      const auto track = static_cast<int64_t>(i);
      input.places.push_back({track, 0, kLongEnough, kLongEnough, 0, faces[i].box, faces[i].box, faces[i].box.width});
      if (galleries_) (*input.likeness)[track] = LikenessOf(original, faces[i]);
    }
    std::vector<Replaced> replaced;
    try {
      const TrackDecisions decisions = DecideTracks(input);
      for (const TrackVerdict& verdict : decisions.verdicts) {
        if (verdict.direction < 0) continue;
        replaced.push_back({faces[static_cast<size_t>(verdict.track)], verdict.direction});
      }
      for (const std::string& warning : decisions.warnings) Doubt(warning, name);
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::kMissingTool) undecided_ = e;
      warnings_.Add(fmt::format("left as it is: {}", e.what()), name);
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
      const cv::Mat picture = ReadPhoto(input);
      std::error_code ignored;
      if (!IsUnmarkedCopy(job_.output / name, picture)) WritePhoto(job_.output / name, picture);
      outputs_.push_back(job_.output / name);
      fs::remove(job_.output / (name + ".json"), ignored);
      if (job_.side_by_side.empty()) continue;
      fs::remove(job_.side_by_side / name, ignored);
      fs::remove(job_.side_by_side / (name + ".json"), ignored);
    }
  }

  /// A picture whose result is there, made of the same in the same way, is not made again.
  void TakeOne(const fs::path& input, const std::string& name) {
    const std::string sha256 = Sha256OfFile(input);
    const std::string key = Sha256OfBytes(picture_key_ + " " + sha256);
    if (TakeEarlier(name, key, input.filename().string())) return;
    Provenance provenance = provenance_;
    provenance.inputs.push_back({"picture", input.filename().string(), sha256});
    provenance.settings["key"] = key;
    ConvertOne(input, name, std::move(provenance));
  }

  bool TakeEarlier(const std::string& name, const std::string& key, const std::string& shown) {
    std::vector<fs::path> results{job_.output / name};
    if (!job_.side_by_side.empty()) results.push_back(job_.side_by_side / name);
    for (const fs::path& result : results) {
      if (!IsAlreadyMade(result, key)) return false;
    }
    for (const std::string& doubt : DoubtsIn(results.front())) warnings_.Add(doubt, shown);
    outputs_.insert(outputs_.end(), results.begin(), results.end());
    ++with_face_, ++reused_;
    return true;
  }

  void ConvertOne(const fs::path& input, const std::string& name, Provenance provenance) {
    const std::string shown = input.filename().string();
    doubts_.clear();
    cv::Mat original;
    try {
      original = ReadPhoto(input);
    } catch (const Error& e) {  // one damaged picture of an album is a warning, not the end
      ++damaged_;
      warnings_.Add(e.what(), shown, "damaged");
      return;
    }
    const std::vector<DetectedFace> faces = detector_.Detect(LumaOfPhoto(original));
    if (faces.empty()) {
      warnings_.Add("no face was found", shown);
      without_face_.emplace_back(input, name);
      return;
    }
    faces_seen_ = true;
    cv::Mat result = original.clone();
    int swapped = 0;
    for (const Replaced& replaced : ChooseFaces(original, faces, shown)) {
      const bool seen = ReplaceFace(original, replaced, result);
      swapped += seen;
      if (!seen) Doubt("a face turns further away than all its training saw and stays as it is", shown);
    }
    if (swapped == 0) {
      without_face_.emplace_back(input, name);
      return;
    }
    ++with_face_;
    const auto label = RenderDisclosure(context_.project.disclosure, result.size());
    if (label) DrawLabel(result, *label);
    if (!doubts_.empty()) provenance.settings[kDoubts] = fmt::format("{}", fmt::join(doubts_, "\n"));
    Write(job_.output / name, result, provenance);
    if (job_.side_by_side.empty()) return;
    const bool above = job_.target->side_by_side == Target::SideBySide::kVertical;
    const SideBySideLayout layout = above ? SideBySideLayout::kVertical : SideBySideLayout::kHorizontal;
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

  /// False where the face turns so far away that nothing of the swap would be seen. What stands in front of it stays
  /// in front; there is no habit to learn from one picture.
  bool ReplaceFace(const cv::Mat& original, const Replaced& replaced, cv::Mat& result) const {
    const AlignedFace aligned = AlignFace(original, replaced.face, replacement_.crop());
    const FadeLimits& limits = limits_[static_cast<size_t>(replaced.direction)];
    ComposeOptions look = Look();
    look.opacity *= OpacitiesOf({aligned.pose.yaw}, limits, false, false).front();
    if (look.opacity < kHardlyVisible) return false;
    SwappedFace swapped = replacement_.Swap({&aligned}, replaced.direction).front();
    if (job_.target->occlusion && replacement_.CanReconstruct(replaced.direction)) {
      swapped.unoccluded = UnoccludedMask(aligned.image, replacement_.Reconstruct({&aligned}, replaced.direction).front());
    }
    PasteFace(result, swapped, replaced.face.landmarks, look);
    return true;
  }

  /// A warning that goes into the result's sidecar, too: a later run that finds the result done repeats it.
  void Doubt(const std::string& message, const std::string& shown) {
    warnings_.Add(message, shown);
    doubts_.push_back(message);
  }

  const RunContext& context_;
  const ConvertJob& job_;
  const Provenance& provenance_;
  FaceSwapper swapper_;
  FaceReplacement replacement_;
  FaceDetector detector_;
  std::string picture_key_;          ///< of everything but the picture
  std::vector<FadeLimits> limits_;   ///< of each direction
  std::unique_ptr<IdentityGalleries> galleries_;
  std::string blind_because_;        ///< why there are no galleries although the network is there
  std::optional<Error> undecided_;  ///< why a picture's faces could not be told apart
  size_t damaged_ = 0;
  bool faces_seen_ = false;
  int64_t with_face_ = 0;
  int64_t reused_ = 0;
  std::vector<std::pair<fs::path, std::string>> without_face_;  ///< input, name of the result
  PictureWarnings warnings_;
  std::vector<std::string> doubts_;  ///< of the picture in work
  std::vector<fs::path> outputs_;
};

}  // namespace

void ConvertPhotos(const RunContext& context, const ConvertJob& job, const std::vector<fs::path>& inputs,
                   const StoredModel& model, const Provenance& provenance, ReportItem& item) {
  PhotoConversion(context, job, model, provenance).Run(inputs, item);
}

}  // namespace reelswap
