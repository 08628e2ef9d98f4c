#include "core/face_set.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/files.h"

namespace reelswap {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* kFormat = "reelswap face set 1";

json ToJson(const CropGeometry& g) {
  return {{"size", g.size}, {"coverage", g.coverage}, {"shift_y", g.shift_y}};
}

json ToJson(const FaceRecord& r) {
  json landmarks = json::array();
  for (const auto& p : r.face.landmarks) {
    landmarks.push_back(std::round(p.x * 100) / 100);
    landmarks.push_back(std::round(p.y * 100) / 100);
  }
  return {{"row", "face"},
          {"source", r.source},
          {"frame", r.frame_index},
          {"number", r.face_number},
          {"seconds", r.seconds},
          {"image", r.image},
          {"box", {r.face.box.x, r.face.box.y, r.face.box.width, r.face.box.height}},
          {"score", r.face.score},
          {"landmarks", std::move(landmarks)},
          {"matrix", std::vector<float>(r.face_from_frame.val, r.face_from_frame.val + 6)},
          {"pose", {r.pose.yaw, r.pose.pitch, r.pose.roll}},
          {"sharpness", r.sharpness},
          {"picture", {r.picture.width, r.picture.height}},
          {"identity_distance", r.identity_distance},
          {"rejected", r.rejected}};
}

FaceRecord RecordFromJson(const json& j) {
  FaceRecord r;
  r.source = j.at("source").get<std::string>();
  r.frame_index = j.at("frame").get<int64_t>();
  r.face_number = j.at("number").get<int>();
  r.seconds = j.at("seconds").get<double>();
  r.image = j.at("image").get<std::string>();
  const auto box = j.at("box").get<std::array<float, 4>>();
  r.face.box = {box[0], box[1], box[2], box[3]};
  r.face.score = j.at("score").get<float>();
  const auto points = j.at("landmarks").get<std::vector<float>>();
  if (points.size() != 2 * kLandmarkCount) throw std::runtime_error("a face without 68 landmarks");
  for (size_t i = 0; i < kLandmarkCount; ++i) r.face.landmarks[i] = {points[2 * i], points[2 * i + 1]};
  const auto matrix = j.at("matrix").get<std::array<float, 6>>();
  std::copy(matrix.begin(), matrix.end(), r.face_from_frame.val);
  const auto pose = j.at("pose").get<std::array<float, 3>>();
  r.pose = {pose[0], pose[1], pose[2]};
  r.sharpness = j.at("sharpness").get<float>();
  const auto picture = j.at("picture").get<std::array<int, 2>>();
  r.picture = {picture[0], picture[1]};
  r.identity_distance = j.at("identity_distance").get<float>();
  r.rejected = j.at("rejected").get<std::string>();
  return r;
}

json ToJson(const std::string& source, const std::string& key, const SourceTally& t) {
  return {{"row", "source"},          {"source", source},
          {"key", key},               {"frames_decoded", t.frames_decoded},
          {"sampled", t.frames_sampled}, {"found", t.faces_found},
          {"kept", t.faces_kept},     {"rejected", t.rejected},
          {"warning", t.warning}};
}

SourceTally TallyFromJson(const json& j) {
  SourceTally t;
  t.frames_decoded = j.at("frames_decoded").get<int64_t>();
  t.frames_sampled = j.at("sampled").get<int64_t>();
  t.faces_found = j.at("found").get<int64_t>();
  t.faces_kept = j.at("kept").get<int64_t>();
  t.rejected = j.at("rejected").get<std::map<std::string, int64_t>>();
  t.warning = j.at("warning").get<std::string>();
  return t;
}

std::string Line(const json& j) { return j.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"; }

/// Names in the index come from our own code, but the file may have been edited: never leave images/.
bool IsPlainName(const std::string& name) {
  return name.find('/') == std::string::npos && name.find("..") == std::string::npos;
}

[[noreturn]] void ThrowCannotWrite(const fs::path& path, int error) {
  if (error == ENOSPC || error == EDQUOT) {
    throw Error(ErrorKind::kDisk,
                fmt::format("the disk is full while writing {}: free some space and run again", path.string()));
  }
  throw Error(ErrorKind::kDisk, fmt::format("cannot write {}: {}", path.string(), std::strerror(error)));
}

/// Not atomic and not flushed one by one: images of an unfinished source do not count, and
/// FinishSource flushes them all at once.
void WriteImage(const fs::path& path, const cv::Mat& bgr) {
  std::vector<uchar> bytes;
  cv::imencode(".jpg", bgr, bytes, {cv::IMWRITE_JPEG_QUALITY, 95});
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) ThrowCannotWrite(path, errno);
}

bool Before(const FaceRecord& a, const FaceRecord& b) {
  return std::tie(a.source, a.frame_index, a.face_number) < std::tie(b.source, b.frame_index, b.face_number);
}

}  // namespace

struct FaceSet::Source {
  std::string key;  ///< empty until finished
  SourceTally tally;
  std::vector<FaceRecord> records;
  bool finished() const { return !key.empty(); }
};

FaceSet::FaceSet(fs::path folder, CropGeometry geometry) : folder_(std::move(folder)), geometry_(geometry) {
  std::error_code ec;
  fs::create_directories(folder_ / "images", ec);
  if (ec) throw Error(ErrorKind::kDisk, fmt::format("cannot create {}: {}", folder_.string(), ec.message()));
  const fs::path index = folder_ / "faces.jsonl";
  bool same_geometry = true;
  if (fs::exists(index)) {
    std::ifstream in(index, std::ios::binary);
    std::string line;
    bool first = true;
    while (std::getline(in, line)) {
      if (in.eof()) break;  // no newline at its end: a torn last line
      json row = json::parse(line, nullptr, /*allow_exceptions=*/false);
      if (row.is_discarded()) break;  // what follows a damaged line cannot be trusted
      try {
        if (first) {
          if (row.value("format", "") != kFormat) {
            throw Error(ErrorKind::kFaces, fmt::format("{} is not an index of ours: move the folder away and run "
                                                       "again to make a new one", index.string()));
          }
          same_geometry = row.at("geometry") == ToJson(geometry_);
          first = false;
          if (!same_geometry) break;  // crops of another kind: made anew
          continue;
        }
        const std::string source = row.at("source").get<std::string>();
        if (row.at("row") == "face") {
          sources_[source].records.push_back(RecordFromJson(row));
        } else {
          sources_[source].key = row.at("key").get<std::string>();
          sources_[source].tally = TallyFromJson(row);
        }
      } catch (const json::exception&) {
        break;
      } catch (const std::runtime_error& e) {
        if (dynamic_cast<const Error*>(&e) != nullptr) throw;
        break;
      }
    }
  }
  std::erase_if(sources_, [](const auto& entry) { return !entry.second.finished(); });
  std::set<std::string> wanted;
  for (const auto& [name, source] : sources_) {
    for (const FaceRecord& record : source.records) wanted.insert(record.image);
  }
  for (const auto& entry : fs::directory_iterator(folder_ / "images")) {
    if (!wanted.contains(entry.path().filename().string())) fs::remove(entry.path(), ec);
  }
  Rewrite();
}

FaceSet::~FaceSet() {
  if (index_fd_ >= 0) ::close(index_fd_);
}

void FaceSet::Rewrite() {
  std::string text = Line({{"format", kFormat}, {"geometry", ToJson(geometry_)}});
  for (const auto& [name, source] : sources_) {
    if (!source.finished()) continue;  // its rows are written when it is
    for (const FaceRecord& record : source.records) text += Line(ToJson(record));
    text += Line(ToJson(name, source.key, source.tally));
  }
  const fs::path index = folder_ / "faces.jsonl";
  WriteFileAtomically(index, text);
  if (index_fd_ >= 0) ::close(index_fd_);
  index_fd_ = ::open(index.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (index_fd_ < 0) {
    throw Error(ErrorKind::kDisk, fmt::format("cannot open {}: {}", index.string(), std::strerror(errno)));
  }
}

void FaceSet::Append(const std::string& lines) {
  const off_t before = ::lseek(index_fd_, 0, SEEK_END);
  const auto fail = [&] {
    const int error = errno;
    // A torn line in the middle would hide what is appended after it.
    if (before >= 0 && ::ftruncate(index_fd_, before) != 0) ::close(std::exchange(index_fd_, -1));
    ThrowCannotWrite(folder_ / "faces.jsonl", error);
  };
  size_t written = 0;
  while (written < lines.size()) {
    const ssize_t n = ::write(index_fd_, lines.data() + written, lines.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail();
    written += static_cast<size_t>(n);
  }
  if (::fdatasync(index_fd_) != 0) fail();
}

std::string FaceSet::FinishedKey(const std::string& source) const {
  std::lock_guard lock(mutex_);
  const auto it = sources_.find(source);
  return it == sources_.end() ? std::string() : it->second.key;
}

void FaceSet::RemoveSource(const std::string& source) {
  std::lock_guard lock(mutex_);
  const auto it = sources_.find(source);
  if (it == sources_.end()) return;
  std::vector<FaceRecord> gone = std::move(it->second.records);
  sources_.erase(it);
  Rewrite();  // first the index, then the images: a row never points at nothing
  std::error_code ec;
  for (const FaceRecord& record : gone) {
    if (!record.image.empty() && IsPlainName(record.image)) fs::remove(folder_ / "images" / record.image, ec);
  }
}

void FaceSet::KeepOnly(const std::vector<std::string>& sources) {
  const std::set<std::string> wanted(sources.begin(), sources.end());
  std::vector<std::string> gone;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [name, source] : sources_) {
      if (!wanted.contains(name)) gone.push_back(name);
    }
  }
  for (const std::string& name : gone) RemoveSource(name);
}

void FaceSet::Add(const AlignedFace& face, FaceRecord record) {
  record.image = fmt::format("{}_{:07}_{}.jpg", record.source, record.frame_index, record.face_number);
  if (!IsPlainName(record.image)) throw std::invalid_argument("a source id must be safe as a file name");
  WriteImage(folder_ / "images" / record.image, face.image);
  std::lock_guard lock(mutex_);
  sources_[record.source].records.push_back(std::move(record));
}

std::vector<FaceRecord> FaceSet::Pending(const std::string& source) const {
  std::lock_guard lock(mutex_);
  const auto it = sources_.find(source);
  if (it == sources_.end() || it->second.finished()) return {};
  std::vector<FaceRecord> records = it->second.records;
  std::sort(records.begin(), records.end(), Before);
  return records;
}

void FaceSet::RejectPending(const std::string& source, const std::vector<std::pair<int64_t, int>>& faces,
                            const std::string& reason) {
  const std::set<std::pair<int64_t, int>> wanted(faces.begin(), faces.end());
  std::lock_guard lock(mutex_);
  for (FaceRecord& record : sources_[source].records) {
    if (wanted.contains({record.frame_index, record.face_number})) record.rejected = reason;
  }
}

void FaceSet::FinishSource(const std::string& source, const std::string& key, const SourceTally& tally) {
  std::lock_guard lock(mutex_);
  if (::syncfs(index_fd_) != 0) ThrowCannotWrite(folder_ / "images", errno);  // every image of the source is on disk before its closing row is
  Source& entry = sources_[source];
  std::sort(entry.records.begin(), entry.records.end(), Before);
  std::string lines;
  for (const FaceRecord& record : entry.records) lines += Line(ToJson(record));
  Append(lines + Line(ToJson(source, key, tally)));
  entry.key = key;
  entry.tally = tally;
}

void FaceSet::Refilter(const std::string& source, std::vector<FaceRecord> records, const std::string& key,
                       const SourceTally& tally) {
  std::lock_guard lock(mutex_);
  Source& entry = sources_[source];
  entry.records = std::move(records);
  entry.key = key;
  entry.tally = tally;
  Rewrite();
}

std::vector<FaceRecord> FaceSet::Records() const {
  std::lock_guard lock(mutex_);
  std::vector<FaceRecord> records;
  for (const auto& [name, source] : sources_) {
    if (source.finished()) records.insert(records.end(), source.records.begin(), source.records.end());
  }
  std::sort(records.begin(), records.end(), Before);
  return records;
}

std::map<std::string, SourceTally> FaceSet::Tallies() const {
  std::lock_guard lock(mutex_);
  std::map<std::string, SourceTally> tallies;
  for (const auto& [name, source] : sources_) {
    if (source.finished()) tallies[name] = source.tally;
  }
  return tallies;
}

std::vector<fs::path> FaceSet::KeptImages() const {
  std::vector<fs::path> images;
  for (const FaceRecord& record : Records()) {
    if (record.kept() && IsPlainName(record.image)) images.push_back(ImagePath(record));
  }
  return images;
}

}  // namespace reelswap
