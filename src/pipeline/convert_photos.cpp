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
#include "pipeline/conversion_record.h"
#include "pipeline/convert_video.h"
#include "pipeline/face_replacement.h"

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
        swapper_(model.weights, context.project.train.options.device), replacement_(swapper_, job.to),
        detector_({context.project.faces.min_size, 0.0f}) {}

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
    if (with_face_ == 0) {
      throw Error(ErrorKind::kFaces, fmt::format("no face was found in any of the {} pictures of {}: does it show {}? "
                                                 "Small faces need a smaller faces.min_size", inputs.size(),
                                                 ShownLocation(job_.location), job_.from));
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
    ++with_face_;
    const AlignedFace aligned = AlignFace(original, faces.front(), replacement_.crop());
    cv::Mat result = original.clone();
    replacement_.Paste(result, replacement_.Swap({&aligned}).front(), faces.front().landmarks);
    const auto label = RenderDisclosure(context_.project.disclosure, result.size());
    if (label) DrawLabel(result, *label);
    Provenance provenance = provenance_;
    provenance.inputs.push_back({"picture", input.filename().string(), Sha256OfFile(input)});
    Write(job_.output / name, result, provenance);
    if (job_.side_by_side.empty()) return;
    const SideBySideLayout layout = LayoutOf(job_.target->side_by_side);
    Write(job_.side_by_side / name,
          SideBySidePhotos(original, result, layout, fmt::format("original: {}", job_.from),
                           fmt::format("swapped: {} as {}", job_.from, job_.to),
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
