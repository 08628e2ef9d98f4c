#include "pipeline/convert.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/photo.h"
#include "pipeline/conversion_record.h"
#include "pipeline/convert_video.h"
#include "pipeline/picture_sequence.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

/// What the conversion reads: one video, or pictures.
struct ConvertInput {
  std::vector<fs::path> files;
  std::string sha256;
  bool photos = false;
};

ConvertInput FindInput(const RunContext& context, const ConvertJob& job, MediaStore& media) {
  ConvertInput input;
  if (job.target->sequence_fps) {
    const SequenceVideo video =
        SequenceAsVideo(SequencePictures(job.location), *job.target->sequence_fps,
                        context.workspace.Conversions() / "sequences", job.name, context.progress, context.stop);
    input.files = {video.path};
    input.sha256 = video.sha256;
    return input;
  }
  if (job.photos && fs::is_directory(job.location)) {
    input.files = ListPhotos(job.location);
    if (input.files.empty()) {
      throw Error(ErrorKind::kMedia, fmt::format("{} holds no pictures (jpg, png, webp, bmp, tif)", job.location));
    }
    std::string all;
    for (const fs::path& file : input.files) all += file.filename().string() + Sha256OfFile(file) + "\n";
    input.sha256 = Sha256OfBytes(all);
    input.photos = true;
    return input;
  }
  const FetchedMedia fetched = media.Get(job.location, std::nullopt);
  input.files = {fetched.path};
  input.sha256 = fetched.sha256;
  input.photos = IsPhotoPath(fetched.path);
  if (job.photos && !input.photos) {
    throw Error(ErrorKind::kMedia, fmt::format("{} is no picture (jpg, png, webp, bmp, tif): a video is named under target, "
                                               "not under photos", ShownLocation(job.location)));
  }
  return input;
}

/// What turned out to be a picture only when it was there gets a folder for its results, as all pictures do.
ConvertJob AsPictures(ConvertJob job) {
  if (job.photos) return job;
  job.photos = true;
  job.output.replace_extension();
  if (!job.side_by_side.empty()) job.side_by_side.replace_extension();
  return job;
}

/// Outputs of an earlier run with the same key, or empty.
std::vector<fs::path> FindEarlierOutputs(const ConvertJob& job, const ConvertInput& input, const std::string& key) {
  if (input.photos) return LoadPhotoRecord(job, key);
  std::vector<fs::path> outputs;
  for (const fs::path& output : {job.output, job.side_by_side}) {
    if (output.empty()) continue;
    if (!IsAlreadyMade(output, key)) return {};
    outputs.push_back(output);
  }
  return outputs;
}

void RequirePeople(const ConvertJob& job, const StoredModel& model) {
  const std::vector<std::string>& known = model.card.people;
  for (const SwapDirection& swap : job.swaps) {
    if (std::find(known.begin(), known.end(), swap.to) != known.end()) continue;
    throw Error(ErrorKind::kModel, fmt::format("model {}@{} has no decoder for {}: train the project again",
                                               model.card.name, model.card.version, swap.to));
  }
}

}  // namespace

bool Convert(const RunContext& context, const ConvertJob& asked, const StoredModel& model, MediaStore& media,
             ReportBuilder& report) {
  ReportItem item;
  item.stage = "target";
  item.name = asked.name;
  item.location = ShownLocation(asked.location);
  ProgressEvent event;
  event.stage = "convert";
  event.item = asked.name;
  try {
    if (context.stop.stop_requested()) throw Error(ErrorKind::kCancelled, "interrupted before it was started");
    if (!asked.error.empty()) throw Error(ErrorKind::kMedia, asked.error);
    RequirePeople(asked, model);
    const ConvertInput input = FindInput(context, asked, media);
    const ConvertJob job = input.photos ? AsPictures(asked) : asked;
    const std::string key = ConversionKey(context, job, input.sha256, model);
    item.outputs = FindEarlierOutputs(job, input, key);
    if (!item.outputs.empty()) {
      LoadConversionReport(context, job, key, item);
      item.state = ItemState::kReused;
      event.state = ProgressEvent::State::kSkipped;
      event.note = "already converted";
    } else {
      const Provenance provenance = MakeProvenance(context, job, input.sha256, model, key);
      if (input.photos) {
        ConvertPhotos(context, job, input.files, model, provenance, item);
      } else {
        ConvertVideo(context, job, input.files.front(), model, provenance, item);
      }
      item.state = ItemState::kDone;
      event.state = ProgressEvent::State::kDone;
      if (const auto rate = item.numbers.find("frames_per_second"); rate != item.numbers.end()) {
        event.note = fmt::format("{:.0f} frames at {:.1f} frames/s", item.numbers["frames"], rate->second);
      }
    }
  } catch (...) {
    SetFailure(item, std::current_exception());
    event.state = ProgressEvent::State::kFailed;
    event.note = item.error;
    LogInfo(fmt::format("target {}: {}", item.location, item.error));
  }
  context.progress.Report(event);
  const bool made = item.state == ItemState::kDone || item.state == ItemState::kReused;
  report.Add(std::move(item));
  return made;
}

}  // namespace reelswap
