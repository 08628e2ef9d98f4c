#include "pipeline/swap_plan_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "core/error.h"
#include "core/files.h"
#include "pipeline/record_bytes.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kMagic = "RSWPLAN2";
constexpr size_t kBlock = size_t{1} << 20;
constexpr size_t kFaceBytes = sizeof(int64_t) + sizeof(int32_t) + 10 * sizeof(float) + 1 + sizeof(Landmarks) - 8;

enum FaceFlags : uint8_t { kFilled = 1, kRepaired = 2, kFaded = 4 };
enum FrameFlags : uint8_t { kCut = 1, kUnswapped = 2 };

void PutFace(RecordWriter& out, const PlannedFace& p) {
  out.Put(p.track), out.Put(static_cast<int32_t>(p.from));
  const cv::Rect2f& box = p.face.box;
  for (const float v : {p.opacity, p.pose.yaw, p.pose.pitch, p.pose.roll, p.face.score, box.x, box.y, box.width, box.height}) {
    out.Put(v);
  }
  out.Put(static_cast<uint8_t>((p.filled ? kFilled : 0) | (p.repaired ? kRepaired : 0) | (p.faded ? kFaded : 0)));
  out.PutFloats(&p.face.landmarks[0].x, 2 * kLandmarkCount);
}

PlannedFace GetFace(RecordReader& in) {
  PlannedFace p;
  p.track = in.Get<int64_t>(), p.from = in.Get<int32_t>();
  cv::Rect2f& box = p.face.box;
  for (float* v : {&p.opacity, &p.pose.yaw, &p.pose.pitch, &p.pose.roll, &p.face.score, &box.x, &box.y, &box.width,
                   &box.height}) {
    *v = in.Get<float>();
  }
  const auto flags = in.Get<uint8_t>();
  p.filled = flags & kFilled, p.repaired = flags & kRepaired, p.faded = flags & kFaded;
  in.GetFloats(&p.face.landmarks[0].x, 2 * kLandmarkCount);
  return p;
}

void PutFrame(RecordWriter& out, const PlannedFrame& frame) {
  out.Put(frame.number), out.Put(frame.index), out.Put(frame.pts);
  out.Put(static_cast<uint8_t>((frame.cut ? kCut : 0) | (frame.unswapped ? kUnswapped : 0)));
  out.Put(static_cast<uint32_t>(frame.faces.size()));
  for (const PlannedFace& face : frame.faces) PutFace(out, face);
}

PlannedFrame GetFrame(RecordReader& in) {
  PlannedFrame frame;
  frame.number = in.Get<int64_t>(), frame.index = in.Get<int64_t>(), frame.pts = in.Get<int64_t>();
  const auto flags = in.Get<uint8_t>();
  frame.cut = flags & kCut, frame.unswapped = flags & kUnswapped;
  frame.faces.resize(in.GetCount(kFaceBytes));
  for (PlannedFace& face : frame.faces) face = GetFace(in);
  return frame;
}

template <typename Tally, typename Visit>
void ForEachCount(Tally& t, const Visit& visit) {
  visit(t.frames), visit(t.frames_with_swap), visit(t.filled), visit(t.repaired), visit(t.faded), visit(t.unswapped);
}

void PutSummary(RecordWriter& out, const PlanSummary& summary, const std::string& key) {
  out.PutText(key);
  out.Put(static_cast<uint32_t>(summary.directions.size()));
  for (const SwapDirection& d : summary.directions) out.PutText(d.from), out.PutText(d.to);
  out.Put(static_cast<uint32_t>(summary.verdicts.size()));
  for (const TrackVerdict& v : summary.verdicts) {
    out.Put(v.track), out.PutText(v.person), out.Put(static_cast<int32_t>(v.direction));
    out.Put(v.distance), out.Put(v.second_distance), out.PutText(v.reason);
  }
  ForEachCount(summary.tally, [&](int64_t count) { out.Put(count); });
  out.Put(static_cast<uint32_t>(summary.warnings.size()));
  for (const std::string& warning : summary.warnings) out.PutText(warning);
}

PlanSummary GetSummary(RecordReader& in) {
  PlanSummary summary;
  summary.directions.resize(in.GetCount(2 * sizeof(uint32_t)));
  for (SwapDirection& d : summary.directions) d.from = in.GetText(), d.to = in.GetText();
  summary.verdicts.resize(in.GetCount(36));
  for (TrackVerdict& v : summary.verdicts) {
    v.track = in.Get<int64_t>(), v.person = in.GetText(), v.direction = in.Get<int32_t>();
    v.distance = in.Get<double>(), v.second_distance = in.Get<double>(), v.reason = in.GetText();
  }
  ForEachCount(summary.tally, [&](int64_t& count) { count = in.Get<int64_t>(); });
  summary.warnings.resize(in.GetCount(sizeof(uint32_t)));
  for (std::string& warning : summary.warnings) warning = in.GetText();
  return summary;
}

}  // namespace

fs::path PlanPath(const fs::path& folder) { return folder / "swap_plan.rsp"; }

SwapPlanWriter::SwapPlanWriter(const fs::path& folder, const std::string& key)
    : path_(PlanPath(folder)), temporary_(TemporaryPathFor(path_)), key_(key), sum_(kChecksumStart) {
  std::error_code ec;
  fs::create_directories(folder, ec);
  out_.open(temporary_, std::ios::binary);
  if (!out_) throw Error(ErrorKind::kDisk, fmt::format("cannot create {}: {}", path_.string(), std::strerror(errno)));
  Write(std::string(kMagic));
}

SwapPlanWriter::~SwapPlanWriter() {
  if (temporary_.empty()) return;
  out_.close();
  std::error_code ec;
  fs::remove(temporary_, ec);
}

void SwapPlanWriter::Write(const std::string& bytes) {
  errno = 0;
  out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out_) {
    throw Error(ErrorKind::kDisk, errno == ENOSPC ? fmt::format("the disk is full while writing {}: free some space and run "
                                                                "again", path_.string())
                                                  : fmt::format("cannot write {}: {}", path_.string(), std::strerror(errno)));
  }
  written_ += bytes.size();
  sum_ = ChecksumOf(bytes, sum_);
}

void SwapPlanWriter::Add(const PlannedFrame& frame) {
  RecordWriter record;
  PutFrame(record, frame);
  starts_.push_back(written_);
  Write(record.bytes());
}

void SwapPlanWriter::Commit(const PlanSummary& summary) {
  // Each frame's checksum was taken on its own; the reader takes them in the same pieces.
  RecordWriter tail;
  const uint64_t tail_at = written_;
  for (const uint64_t start : starts_) tail.Put(start);
  tail.Put(tail_at);  // where the last frame ends
  PutSummary(tail, summary, key_);
  Write(tail.bytes());
  RecordWriter foot;
  foot.Put(tail_at);
  foot.Put(static_cast<uint64_t>(starts_.size()));
  foot.Put(sum_);
  Write(foot.bytes());
  out_.close();
  if (!out_) throw Error(ErrorKind::kDisk, fmt::format("cannot finish {}: is the disk full?", path_.string()));
  CommitFile(temporary_, path_);
  temporary_.clear();
}

SwapPlanReader::SwapPlanReader(const fs::path& folder, const std::string& key) : path_(PlanPath(folder)) {
  fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0) {
    throw Error(ErrorKind::kMedia, fmt::format("there is no plan in {}: run convert again", folder.string()));
  }
  try {
    Open(key);
  } catch (const DamagedRecord& damage) {
    ::close(fd_);
    throw Error(ErrorKind::kMedia, fmt::format("cannot use {}: {}; run convert again", path_.string(), damage.what()));
  } catch (...) {
    ::close(fd_);
    throw;
  }
}

SwapPlanReader::~SwapPlanReader() { ::close(fd_); }

std::string SwapPlanReader::ReadAt(uint64_t offset, size_t size) const {
  std::string bytes(size, '\0');
  for (size_t done = 0; done < size;) {
    const ssize_t n = ::pread(fd_, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw DamagedRecord("it ends too early");
    done += static_cast<size_t>(n);
  }
  return bytes;
}

void SwapPlanReader::Open(const std::string& key) {
  struct stat status{};
  constexpr size_t kFoot = 3 * sizeof(uint64_t);
  if (::fstat(fd_, &status) != 0 || status.st_size < static_cast<off_t>(kMagic.size() + kFoot)) {
    throw DamagedRecord("it ends too early");
  }
  const auto size = static_cast<uint64_t>(status.st_size);
  if (ReadAt(0, kMagic.size()) != kMagic) throw DamagedRecord("it is another kind of file");
  const std::string foot_bytes = ReadAt(size - kFoot, kFoot);
  RecordReader foot(foot_bytes);
  const auto tail_at = foot.Get<uint64_t>(), frames = foot.Get<uint64_t>(), sum = foot.Get<uint64_t>();
  if (tail_at > size - kFoot || frames >= (size - kFoot - tail_at) / sizeof(uint64_t)) throw DamagedRecord("its end is damaged");
  const std::string tail = ReadAt(tail_at, size - kFoot - tail_at);
  RecordReader in(tail);
  std::vector<uint64_t> starts(frames + 1);
  for (uint64_t& start : starts) start = in.Get<uint64_t>();
  uint64_t state = ChecksumOf(kMagic);
  for (size_t f = 0; f < frames; ++f) {
    if (starts[f] > starts[f + 1] || starts[f + 1] > tail_at || starts[f + 1] - starts[f] > kBlock) {
      throw DamagedRecord("its end is damaged");
    }
    state = ChecksumOf(ReadAt(starts[f], starts[f + 1] - starts[f]), state);
  }
  if (ChecksumOf(tail, state) != sum) throw DamagedRecord("its checksum is wrong");
  if (in.GetText() != key) throw DamagedRecord("it was made with other settings");
  summary_ = GetSummary(in);
  frames_ = static_cast<int64_t>(frames);
  starts_at_ = tail_at;
}

PlannedFrame SwapPlanReader::At(int64_t number) const {
  if (number < 0 || number >= frames_) throw std::out_of_range(fmt::format("the plan has no frame {}", number));
  try {
    const std::string places = ReadAt(starts_at_ + static_cast<uint64_t>(number) * sizeof(uint64_t), 2 * sizeof(uint64_t));
    RecordReader in(places);
    const auto start = in.Get<uint64_t>(), end = in.Get<uint64_t>();
    const std::string bytes = ReadAt(start, end - start);
    RecordReader record(bytes);
    return GetFrame(record);
  } catch (const DamagedRecord& damage) {
    throw Error(ErrorKind::kMedia, fmt::format("cannot read {}: {}; run convert again", path_.string(), damage.what()));
  }
}

}  // namespace reelswap
