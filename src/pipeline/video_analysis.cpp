#include "pipeline/video_analysis.h"

#include <fmt/format.h>

#include <algorithm>
#include <opencv2/imgcodecs.hpp>
#include <sstream>

#include "core/error.h"
#include "core/files.h"
#include "pipeline/video_analysis_file.h"
#include "pipeline/video_analysis_times.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

// Pictures of all tracks together, decoded: two hundred close-ups. A film of two hours has thousands of tracks; then the
// less prominent ones keep fewer pictures, at least one.
constexpr int64_t kMostPictureBytes = 96 << 20;

/// Bytes of the decoded picture, from the PNG's head (width and height are big-endian at 16 and 20).
int64_t DecodedBytes(const std::string& png) {
  if (png.size() < 24) return 0;
  const auto number = [&](size_t at) {
    int64_t value = 0;
    for (size_t i = at; i < at + 4; ++i) value = value << 8 | static_cast<unsigned char>(png[i]);
    return value;
  };
  return 3 * number(16) * number(20);
}

cv::Mat Decode(const std::string& png, const fs::path& file) {
  const cv::Mat bytes(1, static_cast<int>(png.size()), CV_8UC1, const_cast<char*>(png.data()));
  cv::Mat picture = png.empty() ? cv::Mat() : cv::imdecode(bytes, cv::IMREAD_COLOR);
  if (picture.empty()) {
    throw Error(ErrorKind::kMedia,
                fmt::format("a picture in {} cannot be decoded: delete the file and run again", file.string()));
  }
  return picture;
}

}  // namespace

struct VideoAnalysis::Impl {
  fs::path folder;
  AnalysisIndex index;
  std::map<std::string, double> seconds;

  void Load(const std::string& key);
  std::vector<bool> PicturesThatFit(const std::vector<int64_t>& bytes) const;
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

  std::vector<StoredSample> samples(index.samples.size());
  std::vector<int64_t> bytes(index.samples.size());
  // Twice through the segments: first for what fits into memory, then for the pictures themselves.
  for (const bool with_pictures : {false, true}) {
    const std::vector<bool> wanted = with_pictures ? PicturesThatFit(bytes) : std::vector<bool>();
    for (size_t s = 0; s < index.segment_starts.size(); ++s) {
      const auto segment = ReadSegment(folder, key, static_cast<int64_t>(s));
      if (!segment) {
        throw Error(ErrorKind::kMedia, fmt::format("{} is damaged or gone: run convert again", SegmentPath(folder, s).string()));
      }
      for (size_t i = 0; i < samples.size(); ++i) {
        const auto& place = index.samples[i];
        if (place.segment != static_cast<int64_t>(s) || (with_pictures && !wanted[i])) continue;
        if (place.sample >= segment->samples.size()) {
          throw Error(ErrorKind::kMedia, fmt::format("{} lacks pictures: run convert again", SegmentPath(folder, s).string()));
        }
        const StoredSample& stored = segment->samples[place.sample];
        bytes[i] = DecodedBytes(stored.png);
        if (!with_pictures) continue;
        TrackSample sample = stored.sample;
        sample.picture = Decode(stored.png, SegmentPath(folder, s));
        samples[i].sample = std::move(sample);
      }
    }
  }
  std::map<int64_t, AnalysedTrack*> by_id;
  for (AnalysedTrack& track : index.tracks) by_id[track.id] = &track;
  for (size_t i = 0; i < samples.size(); ++i) {
    const auto track = by_id.find(index.samples[i].track);
    if (track == by_id.end() || samples[i].sample.picture.empty()) continue;
    track->second->samples.push_back(std::move(samples[i].sample));
  }
}

std::vector<bool> VideoAnalysis::Impl::PicturesThatFit(const std::vector<int64_t>& bytes) const {
  std::map<int64_t, double> prominence;
  for (const AnalysedTrack& track : index.tracks) prominence[track.id] = static_cast<double>(track.frames) * track.mean_width;
  std::vector<size_t> order;
  std::vector<bool> wanted(bytes.size(), false);
  int64_t total = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const bool first_of_track = i == 0 || index.samples[i].track != index.samples[i - 1].track;
    if (!first_of_track) {
      order.push_back(i);
      continue;
    }
    wanted[i] = true;
    total += bytes[i];
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return prominence[index.samples[a].track] > prominence[index.samples[b].track];
  });
  for (const size_t i : order) {
    if (total + bytes[i] > kMostPictureBytes) break;
    wanted[i] = true;
    total += bytes[i];
  }
  return wanted;
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
