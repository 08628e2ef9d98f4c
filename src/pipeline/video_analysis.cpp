#include "pipeline/video_analysis.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <opencv2/imgcodecs.hpp>
#include <stdexcept>

#include "core/error.h"
#include "pipeline/video_analysis_file.h"
#include "pipeline/video_analysis_times.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

cv::Mat Decode(const std::string& png, const fs::path& file) {
  const cv::Mat bytes(1, static_cast<int>(png.size()), CV_8UC1, const_cast<char*>(png.data()));
  cv::Mat picture = png.empty() ? cv::Mat() : cv::imdecode(bytes, cv::IMREAD_COLOR);
  if (picture.empty()) {
    throw Error(ErrorKind::kMedia,
                fmt::format("a picture in {} is damaged: delete the file and run again", file.string()));
  }
  return picture;
}

/// Where a PNG lies in its segment's file.
struct PngPlace {
  uint64_t at = 0;
  uint64_t size = 0;
};

std::string ReadPart(const fs::path& file, const PngPlace& place) {
  std::ifstream in(file, std::ios::binary);
  std::string bytes(place.size, '\0');
  in.seekg(static_cast<std::streamoff>(place.at));
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!in) throw Error(ErrorKind::kMedia, fmt::format("{} is damaged or gone: run convert again", file.string()));
  return bytes;
}

}  // namespace

struct VideoAnalysis::Impl {
  fs::path folder;
  AnalysisIndex index;
  std::map<std::string, double> seconds;

  std::vector<PngPlace> pngs;  ///< of index.samples

  void Load(const std::string& key);
  void LoadSegment(const std::string& key, int64_t number, const std::vector<size_t>& wanted,
                   std::vector<TrackSample>& samples);
};

VideoAnalysis::VideoAnalysis(const fs::path& folder, const std::string& key) : impl_(std::make_unique<Impl>()) {
  impl_->folder = folder;
  impl_->Load(key);
}
VideoAnalysis::~VideoAnalysis() = default;
VideoAnalysis::VideoAnalysis(VideoAnalysis&&) noexcept = default;
VideoAnalysis& VideoAnalysis::operator=(VideoAnalysis&&) noexcept = default;

void VideoAnalysis::Impl::Load(const std::string& key) {
  auto read = ReadIndex(folder, key);
  if (!read) {
    throw Error(ErrorKind::kMedia, fmt::format("there is no finished analysis of this video in {}: run convert again",
                                               folder.string()));
  }
  index = std::move(*read);
  seconds = ReadStageSeconds(folder);

  std::vector<std::vector<size_t>> wanted(index.segment_starts.size());  // of each segment
  for (size_t i = 0; i < index.samples.size(); ++i) {
    const auto segment = static_cast<size_t>(index.samples[i].segment);
    if (segment < wanted.size()) wanted[segment].push_back(i);
  }
  std::vector<TrackSample> samples(index.samples.size());
  pngs.resize(samples.size());
  for (size_t s = 0; s < wanted.size(); ++s) LoadSegment(key, static_cast<int64_t>(s), wanted[s], samples);
  std::map<int64_t, AnalysedTrack*> by_id;
  for (AnalysedTrack& track : index.tracks) by_id[track.id] = &track;
  for (size_t i = 0; i < samples.size(); ++i) {
    const auto track = by_id.find(index.samples[i].track);
    if (track != by_id.end()) track->second->samples.push_back(std::move(samples[i]));
  }
}

/// Checks the segment and takes all but the pictures of the wanted samples.
void VideoAnalysis::Impl::LoadSegment(const std::string& key, int64_t number, const std::vector<size_t>& wanted,
                                      std::vector<TrackSample>& samples) {
  const auto segment = ReadSegment(folder, key, number);
  const std::string file = SegmentPath(folder, number).string();
  if (!segment) throw Error(ErrorKind::kMedia, fmt::format("{} is damaged or gone: run convert again", file));
  for (const size_t i : wanted) {
    const size_t sample = index.samples[i].sample;
    if (sample >= segment->samples.size()) {
      throw Error(ErrorKind::kMedia, fmt::format("{} lacks pictures: run convert again", file));
    }
    const StoredSample& stored = segment->samples[sample];
    samples[i] = stored.sample;
    pngs[i] = {stored.png_at, stored.png.size()};
  }
}

std::vector<TrackSample> VideoAnalysis::Samples(int64_t track) const {
  const auto& tracks = impl_->index.tracks;
  const auto found = std::lower_bound(tracks.begin(), tracks.end(), track,
                                      [](const AnalysedTrack& t, int64_t id) { return t.id < id; });
  if (found == tracks.end() || found->id != track) throw std::out_of_range(fmt::format("there is no track {}", track));
  std::vector<TrackSample> samples = found->samples;
  const auto& places = impl_->index.samples;
  const auto first = std::lower_bound(places.begin(), places.end(), track,
                                      [](const auto& place, int64_t id) { return place.track < id; });
  for (size_t s = 0; s < samples.size(); ++s) {
    const size_t i = static_cast<size_t>(first - places.begin()) + s;
    const fs::path file = SegmentPath(impl_->folder, places[i].segment);
    samples[s].picture = Decode(ReadPart(file, impl_->pngs[i]), file);
  }
  return samples;
}

int64_t VideoAnalysis::frames() const { return impl_->index.frames; }
const VideoInfo& VideoAnalysis::info() const { return impl_->index.info; }
const DecodeReport& VideoAnalysis::decode_report() const { return impl_->index.decode; }
const std::vector<AnalysedTrack>& VideoAnalysis::tracks() const { return impl_->index.tracks; }
const std::map<std::string, double>& VideoAnalysis::stage_seconds() const { return impl_->seconds; }
const MultiTrackerTally& VideoAnalysis::tally() const { return impl_->index.tally; }

void VideoAnalysis::ForEach(int64_t first, int64_t last, const std::function<void(const AnalysedFrame&)>& visit) const {
  const AnalysisIndex& index = impl_->index;
  for (size_t s = 0; s < index.segment_starts.size(); ++s) {
    const int64_t start = index.segment_starts[s];
    const int64_t end = s + 1 < index.segment_starts.size() ? index.segment_starts[s + 1] : index.frames;
    if (end <= first || start >= last) continue;
    ForEachOfSegment(impl_->folder, static_cast<int64_t>(s), first, last, [&](AnalysedFrame& frame) {
      for (TrackedFace& face : frame.faces) face.track = index.track_of[s].at(face.track);
      if (const auto late = index.late.find(frame.number); late != index.late.end()) {
        frame.faces.insert(frame.faces.end(), late->second.begin(), late->second.end());
        std::stable_sort(frame.faces.begin(), frame.faces.end(), [](const TrackedFace& a, const TrackedFace& b) {
          return a.face.box.area() > b.face.box.area();
        });
      }
      visit(frame);
    });
  }
}

}  // namespace reelswap
