#include <fmt/format.h>

#include <chrono>
#include <opencv2/core.hpp>

#include "compose/side_by_side.h"
#include "core/error.h"
#include "core/files.h"
#include "core/photo.h"
#include "face/align.h"
#include "face/face_detector.h"
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

class PhotoConversion {
 public:
  PhotoConversion(const RunContext& context, const ConvertJob& job, const StoredModel& model,
                  const Provenance& provenance)
      : context_(context), job_(job), provenance_(provenance), swapper_(model.weights),
        replacement_(swapper_, job.to) {}

  void Run(const std::vector<fs::path>& inputs, ReportItem& item) {
    std::error_code ec;
    fs::create_directories(job_.output, ec);
    if (!job_.side_by_side.empty()) fs::create_directories(job_.side_by_side, ec);
    const auto start = std::chrono::steady_clock::now();
    int64_t with_face = 0;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (context_.stop.stop_requested()) {
        throw Error(ErrorKind::kCancelled, fmt::format("interrupted after {} pictures", i));
      }
      with_face += ConvertOne(inputs[i], item) ? 1 : 0;
      ProgressEvent event{"convert", job_.name, ProgressEvent::State::kRunning, static_cast<double>(i + 1),
                          static_cast<double>(inputs.size()), "pictures", ""};
      context_.progress.Report(event);
    }
    if (with_face == 0) {
      throw Error(ErrorKind::kFaces, fmt::format("no face was found in any of the {} pictures of {}", inputs.size(),
                                                 job_.location));
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    item.numbers["pictures"] = static_cast<double>(inputs.size());
    item.numbers["pictures_with_face"] = static_cast<double>(with_face);
    item.numbers["seconds"] = seconds;
  }

 private:
  /// False: no face. A picture without a face has no swapped version; the report says so.
  bool ConvertOne(const fs::path& input, ReportItem& item) {
    const cv::Mat original = ReadPhoto(input);
    cv::Mat gray;
    cv::transform(original, gray, cv::Matx13f(0.114f, 0.587f, 0.299f));  // BT.601 luma
    const std::vector<DetectedFace> faces = detector_.Detect(gray);
    if (faces.empty()) {
      item.warning += fmt::format("{}no face in {}", item.warning.empty() ? "" : "; ", input.filename().string());
      return false;
    }
    const AlignedFace aligned = AlignFace(original, faces.front(), replacement_.crop());
    cv::Mat result = original.clone();
    replacement_.Paste(result, replacement_.Swap({&aligned}).front(), faces.front().landmarks);
    const auto label = RenderDisclosure(context_.project.disclosure, result.size());
    if (label) DrawLabel(result, *label);
    const std::string name = SafeName(input.stem().string()) + ".png";
    WriteMarkedPhoto(job_.output / name, result, provenance_);
    item.outputs.push_back(job_.output / name);
    if (job_.side_by_side.empty()) return true;
    const auto layout = job_.target->side_by_side == Target::SideBySide::kVertical ? SideBySideLayout::kVertical
                                                                                 : SideBySideLayout::kHorizontal;
    WriteMarkedPhoto(job_.side_by_side / name,
                     SideBySidePhotos(original, result, layout, fmt::format("original: {}", job_.from),
                                      fmt::format("swapped: {} as {}", job_.from, job_.to)),
                     provenance_);
    item.outputs.push_back(job_.side_by_side / name);
    return true;
  }

  const RunContext& context_;
  const ConvertJob& job_;
  const Provenance& provenance_;
  FaceSwapper swapper_;
  FaceReplacement replacement_;
  FaceDetector detector_;
};

}  // namespace

void ConvertPhotos(const RunContext& context, const ConvertJob& job, const std::vector<fs::path>& inputs,
                   const StoredModel& model, const Provenance& provenance, ReportItem& item) {
  PhotoConversion(context, job, model, provenance).Run(inputs, item);
}

}  // namespace reelswap
