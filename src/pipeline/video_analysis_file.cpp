#include "pipeline/video_analysis_file.h"

#include <fmt/format.h>

#include <fstream>

#include "core/error.h"
#include "core/files.h"
#include "pipeline/record_bytes.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kSegmentMagic = "RSWFACES", kIndexMagic = "RSWINDEX";
constexpr uint32_t kVersion = 2;
constexpr int64_t kMostBytes = int64_t{4} << 30;
constexpr size_t kFaceBytes = sizeof(int64_t) + (6 + 2 * kLandmarkCount) * sizeof(float);
constexpr size_t kFrameBytes = 3 * sizeof(int64_t) + sizeof(uint8_t) + sizeof(uint32_t);

void PutFace(RecordWriter& out, const TrackedFace& tracked) {
  out.Put(tracked.track);
  const DetectedFace& face = tracked.face;
  for (const float v : {tracked.certainty, face.score, face.box.x, face.box.y, face.box.width, face.box.height}) out.Put(v);
  out.PutFloats(&face.landmarks[0].x, 2 * kLandmarkCount);
}

TrackedFace GetFace(RecordReader& in) {
  TrackedFace tracked;
  tracked.track = in.Get<int64_t>();
  DetectedFace& face = tracked.face;
  for (float* v : {&tracked.certainty, &face.score, &face.box.x, &face.box.y, &face.box.width, &face.box.height}) {
    *v = in.Get<float>();
  }
  in.GetFloats(&face.landmarks[0].x, 2 * kLandmarkCount);
  return tracked;
}

void PutFaces(RecordWriter& out, const std::vector<TrackedFace>& faces) {
  out.Put(static_cast<uint32_t>(faces.size()));
  for (const TrackedFace& face : faces) PutFace(out, face);
}

std::vector<TrackedFace> GetFaces(RecordReader& in) {
  std::vector<TrackedFace> faces(in.GetCount(kFaceBytes));
  for (TrackedFace& face : faces) face = GetFace(in);
  return faces;
}

void PutFrames(RecordWriter& out, const std::vector<AnalysedFrame>& frames) {
  out.Put(static_cast<uint32_t>(frames.size()));
  for (const AnalysedFrame& frame : frames) {
    out.Put(frame.number), out.Put(frame.index), out.Put(frame.pts), out.Put(static_cast<uint8_t>(frame.cut));
    PutFaces(out, frame.faces);
  }
}

AnalysedFrame GetFrame(RecordReader& in) {
  AnalysedFrame frame;
  frame.number = in.Get<int64_t>(), frame.index = in.Get<int64_t>(), frame.pts = in.Get<int64_t>();
  frame.cut = in.Get<uint8_t>() != 0;
  frame.faces = GetFaces(in);
  return frame;
}

std::vector<AnalysedFrame> GetFrames(RecordReader& in) {
  std::vector<AnalysedFrame> frames(in.GetCount(kFrameBytes));
  for (AnalysedFrame& frame : frames) frame = GetFrame(in);
  return frames;
}

void PutSample(RecordWriter& out, const StoredSample& stored) {
  const TrackSample& s = stored.sample;
  out.Put(stored.track), out.Put(s.frame);
  out.PutFloats(s.picture_from_frame.val, 6);
  out.PutFloats(&s.landmarks[0].x, 2 * kLandmarkCount);
  for (const float v : {s.pose.yaw, s.pose.pitch, s.pose.roll, s.sharpness}) out.Put(v);
  out.PutText(stored.png);
}

StoredSample GetSample(RecordReader& in) {
  StoredSample stored;
  TrackSample& s = stored.sample;
  stored.track = in.Get<int64_t>(), s.frame = in.Get<int64_t>();
  in.GetFloats(s.picture_from_frame.val, 6);
  in.GetFloats(&s.landmarks[0].x, 2 * kLandmarkCount);
  for (float* v : {&s.pose.yaw, &s.pose.pitch, &s.pose.roll, &s.sharpness}) *v = in.Get<float>();
  stored.png = in.GetText();
  stored.png_at = in.position() - stored.png.size();  // the body begins where the file does
  return stored;
}

void PutTally(RecordWriter& out, const MultiTrackerTally& t) {
  for (const int64_t v : {t.frames, t.whole_searches, t.part_searches, t.region_searches, t.followed, t.tracks, t.cuts}) {
    out.Put(v);
  }
}

MultiTrackerTally GetTally(RecordReader& in) {
  MultiTrackerTally t;
  for (int64_t* v : {&t.frames, &t.whole_searches, &t.part_searches, &t.region_searches, &t.followed, &t.tracks, &t.cuts}) {
    *v = in.Get<int64_t>();
  }
  return t;
}

/// Calls visit for every number of a VideoInfo; reading and writing go through the same list.
template <typename Info, typename Visit>
void ForEachNumber(Info& v, const Visit& visit) {
  auto& f = v.format;
  visit(f.width), visit(f.height), visit(f.bit_depth), visit(f.chroma_shift_x), visit(f.chroma_shift_y), visit(f.gray);
  visit(f.full_range), visit(f.matrix), visit(f.transfer), visit(f.wide_gamut);
  visit(v.frame_rate.num), visit(v.frame_rate.den), visit(v.time_base.num), visit(v.time_base.den);
  visit(v.sample_aspect.num), visit(v.sample_aspect.den), visit(v.duration_seconds), visit(v.start_seconds);
  visit(v.declared_frames), visit(v.rotation_degrees), visit(v.color_primaries), visit(v.color_transfer);
  visit(v.color_space), visit(v.chroma_location), visit(v.interlaced), visit(v.mirrored);
  visit(v.audio_streams), visit(v.subtitle_streams), visit(v.closed_captions);
}

template <typename Light, typename Visit>
void ForEachNumberOfLight(Light& light, const Visit& visit) {
  visit(light.max_content), visit(light.max_frame_average);
}

template <typename Display, typename Visit>
void ForEachNumberOfDisplay(Display& display, const Visit& visit) {
  for (auto& primary : display.primaries) {
    for (auto& part : primary) visit(part.num), visit(part.den);
  }
  for (auto& part : display.white_point) visit(part.num), visit(part.den);
  visit(display.min_luminance.num), visit(display.min_luminance.den);
  visit(display.max_luminance.num), visit(display.max_luminance.den);
  visit(display.has_primaries), visit(display.has_luminance);
}

void PutInfo(RecordWriter& out, const VideoInfo& info) {
  const auto put = [&](const auto& value) { out.Put(static_cast<double>(value)); };  // all of them below 2^53
  ForEachNumber(info, put);
  put(info.mastering_display.has_value());
  if (info.mastering_display) ForEachNumberOfDisplay(*info.mastering_display, put);
  put(info.content_light.has_value());
  if (info.content_light) ForEachNumberOfLight(*info.content_light, put);
  out.PutText(info.codec), out.PutText(info.container);
}

VideoInfo GetInfo(RecordReader& in) {
  VideoInfo info;
  const auto get = [&]<typename T>(T& value) { value = static_cast<T>(in.Get<double>()); };
  ForEachNumber(info, get);
  if (in.Get<double>() != 0) ForEachNumberOfDisplay(info.mastering_display.emplace(), get);
  if (in.Get<double>() != 0) ForEachNumberOfLight(info.content_light.emplace(), get);
  info.codec = in.GetText(), info.container = in.GetText();
  return info;
}

void PutDecode(RecordWriter& out, const DecodeReport& report) {
  out.Put(report.frames_decoded), out.Put(report.corrupt_packets), out.Put(static_cast<uint8_t>(report.truncated));
  out.PutText(report.message);
  out.Put(report.end_pts);
}

DecodeReport GetDecode(RecordReader& in) {
  DecodeReport report;
  report.frames_decoded = in.Get<int64_t>(), report.corrupt_packets = in.Get<int64_t>();
  report.truncated = in.Get<uint8_t>() != 0;
  report.message = in.GetText();
  report.end_pts = in.Get<int64_t>();
  return report;
}

void PutHead(RecordWriter& out, std::string_view magic, const std::string& key) {
  for (const char c : magic) out.Put(c);
  out.Put(kVersion);
  out.PutText(key);
}

/// The body of a file of this kind, version and key, its checksum verified. Throws DamagedRecord.
RecordReader OpenBody(const std::string& bytes, std::string_view magic, const std::string& key) {
  if (bytes.size() < sizeof(uint64_t)) throw DamagedRecord("it is empty");
  const std::string_view body(bytes.data(), bytes.size() - sizeof(uint64_t));
  uint64_t sum = 0;
  std::memcpy(&sum, bytes.data() + body.size(), sizeof sum);
  if (sum != ChecksumOf(body)) throw DamagedRecord("its checksum is wrong");
  RecordReader in(body);
  for (const char c : magic) {
    if (in.Get<char>() != c) throw DamagedRecord("it is another kind of file");
  }
  if (in.Get<uint32_t>() != kVersion) throw DamagedRecord("it is of another version");
  if (in.GetText() != key) throw DamagedRecord("it was made of something else");
  return in;
}

void WriteWithSum(const fs::path& path, RecordWriter& out) {
  out.Put(ChecksumOf(out.bytes()));
  WriteFileAtomically(path, out.bytes());
}

/// nullopt when it is not there or cannot be read as T.
template <typename T>
std::optional<T> ReadWhole(const fs::path& path, std::string_view magic, const std::string& key,
                           const std::function<T(RecordReader&)>& parse) {
  std::error_code ec;
  if (!fs::is_regular_file(path, ec)) return std::nullopt;
  const std::string bytes = ReadFile(path, kMostBytes);
  try {
    RecordReader in = OpenBody(bytes, magic, key);
    return parse(in);
  } catch (const DamagedRecord&) {
    return std::nullopt;  // whoever asks makes it again, or says so
  }
}

AnalysisSegment ParseSegment(RecordReader& in) {
  AnalysisSegment segment;
  segment.number = in.Get<int64_t>();
  in.Get<uint64_t>();  // bytes of the frames
  segment.frames = GetFrames(in);
  segment.lead = GetFrames(in);
  segment.last = in.Get<uint8_t>() != 0;
  segment.tally = GetTally(in);
  segment.info = GetInfo(in);
  segment.decode = GetDecode(in);
  segment.samples.resize(in.GetCount(sizeof(Landmarks)));
  for (StoredSample& sample : segment.samples) sample = GetSample(in);
  if (!in.AtEnd()) throw DamagedRecord("it is longer than it says");
  return segment;
}

void PutTracks(RecordWriter& out, const std::vector<AnalysedTrack>& tracks) {
  out.Put(static_cast<uint32_t>(tracks.size()));
  for (const AnalysedTrack& track : tracks) {
    out.Put(track.id), out.Put(track.first), out.Put(track.last), out.Put(track.frames), out.Put(track.mean_width);
  }
}

std::vector<AnalysedTrack> GetTracks(RecordReader& in) {
  std::vector<AnalysedTrack> tracks(in.GetCount(5 * sizeof(int64_t)));
  for (AnalysedTrack& track : tracks) {
    track.id = in.Get<int64_t>(), track.first = in.Get<int64_t>(), track.last = in.Get<int64_t>();
    track.frames = in.Get<int64_t>(), track.mean_width = in.Get<double>();
  }
  return tracks;
}

AnalysisIndex ParseIndex(RecordReader& in) {
  AnalysisIndex index;
  index.frames = in.Get<int64_t>();
  index.segment_starts.resize(in.GetCount(sizeof(int64_t)));
  index.track_of.resize(index.segment_starts.size());
  for (size_t s = 0; s < index.segment_starts.size(); ++s) {
    index.segment_starts[s] = in.Get<int64_t>();
    for (size_t n = in.GetCount(2 * sizeof(int64_t)); n > 0; --n) {
      const auto local = in.Get<int64_t>();
      index.track_of[s][local] = in.Get<int64_t>();
    }
  }
  index.tracks = GetTracks(in);
  index.samples.resize(in.GetCount(2 * sizeof(int64_t) + sizeof(uint32_t)));
  for (auto& place : index.samples) {
    place.track = in.Get<int64_t>(), place.segment = in.Get<int64_t>(), place.sample = in.Get<uint32_t>();
  }
  for (size_t n = in.GetCount(sizeof(int64_t)); n > 0; --n) {
    const auto frame = in.Get<int64_t>();
    index.late[frame] = GetFaces(in);
  }
  index.tally = GetTally(in);
  index.info = GetInfo(in);
  index.decode = GetDecode(in);
  if (!in.AtEnd()) throw DamagedRecord("it is longer than it says");
  return index;
}

}  // namespace

fs::path SegmentPath(const fs::path& folder, int64_t number) { return folder / fmt::format("faces_{:06d}.rsf", number); }
fs::path IndexPath(const fs::path& folder) { return folder / "faces_index.rsf"; }

void WriteSegment(const fs::path& folder, const std::string& key, const AnalysisSegment& segment) {
  RecordWriter frames, out;
  PutFrames(frames, segment.frames);
  PutHead(out, kSegmentMagic, key);
  out.Put(segment.number);
  out.Put(static_cast<uint64_t>(frames.bytes().size()));
  out.PutBytes(frames.bytes());
  PutFrames(out, segment.lead);
  out.Put(static_cast<uint8_t>(segment.last));
  PutTally(out, segment.tally);
  PutInfo(out, segment.info);
  PutDecode(out, segment.decode);
  out.Put(static_cast<uint32_t>(segment.samples.size()));
  for (const StoredSample& sample : segment.samples) PutSample(out, sample);
  WriteWithSum(SegmentPath(folder, segment.number), out);
}

std::optional<AnalysisSegment> ReadSegment(const fs::path& folder, const std::string& key, int64_t number) {
  auto segment = ReadWhole<AnalysisSegment>(SegmentPath(folder, number), kSegmentMagic, key, ParseSegment);
  if (segment && segment->number != number) return std::nullopt;
  return segment;
}

void ForEachOfSegment(const fs::path& folder, int64_t number, int64_t first, int64_t last,
                      const std::function<void(AnalysedFrame&)>& visit) {
  const fs::path path = SegmentPath(folder, number);
  const auto vanished = [&](const std::string& reason) {
    return Error(ErrorKind::kMedia, fmt::format("cannot read {}: {}; run again to look for the faces anew", path.string(),
                                                reason));
  };
  std::ifstream in(path, std::ios::binary);
  if (!in) throw vanished("it is gone");
  try {
    const auto read = [&](size_t size) {
      std::string bytes(size, '\0');
      in.read(bytes.data(), static_cast<std::streamsize>(size));
      if (!in) throw DamagedRecord("it ends too early");
      return bytes;
    };
    const size_t fixed = kSegmentMagic.size() + sizeof(uint32_t) + sizeof(uint32_t);
    const std::string start = read(fixed);
    uint32_t key_size = 0;
    std::memcpy(&key_size, start.data() + fixed - sizeof key_size, sizeof key_size);
    if (key_size > 4096) throw DamagedRecord("its head is damaged");
    const std::string head = read(key_size + sizeof(int64_t) + sizeof(uint64_t));
    uint64_t frame_bytes = 0;
    std::memcpy(&frame_bytes, head.data() + head.size() - sizeof frame_bytes, sizeof frame_bytes);
    if (frame_bytes > static_cast<uint64_t>(kMostBytes)) throw DamagedRecord("its head is damaged");
    const std::string bytes = read(frame_bytes);
    RecordReader records(bytes);
    for (size_t n = records.GetCount(kFrameBytes); n > 0; --n) {
      AnalysedFrame frame = GetFrame(records);
      if (frame.number >= first && frame.number < last) visit(frame);
    }
  } catch (const DamagedRecord& damage) {
    throw vanished(damage.what());
  }
}

void WriteIndex(const fs::path& folder, const std::string& key, const AnalysisIndex& index) {
  RecordWriter out;
  PutHead(out, kIndexMagic, key);
  out.Put(index.frames);
  out.Put(static_cast<uint32_t>(index.segment_starts.size()));
  for (size_t s = 0; s < index.segment_starts.size(); ++s) {
    out.Put(index.segment_starts[s]);
    out.Put(static_cast<uint32_t>(index.track_of[s].size()));
    for (const auto& [local, track] : index.track_of[s]) out.Put(local), out.Put(track);
  }
  PutTracks(out, index.tracks);
  out.Put(static_cast<uint32_t>(index.samples.size()));
  for (const auto& place : index.samples) out.Put(place.track), out.Put(place.segment), out.Put(place.sample);
  out.Put(static_cast<uint32_t>(index.late.size()));
  for (const auto& [frame, faces] : index.late) out.Put(frame), PutFaces(out, faces);
  PutTally(out, index.tally);
  PutInfo(out, index.info);
  PutDecode(out, index.decode);
  WriteWithSum(IndexPath(folder), out);
}

std::optional<AnalysisIndex> ReadIndex(const fs::path& folder, const std::string& key) {
  return ReadWhole<AnalysisIndex>(IndexPath(folder), kIndexMagic, key, ParseIndex);
}

}  // namespace reelswap
