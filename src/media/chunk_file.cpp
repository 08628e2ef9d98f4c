#include "media/chunk_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <string_view>

#include "core/error.h"
#include "core/files.h"
#include "media/byte_text.h"
#include "media/disk_error.h"
#include "media/libav_log.h"

extern "C" {
#include <libavutil/murmur3.h>
#include <libavutil/pixdesc.h>
}

namespace reelswap::libav {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "RSCHUNK1";
constexpr std::string_view kEndMagic = "RSCHEND1";
constexpr size_t kHashBytes = 16;
constexpr int64_t kTailBytes = 8 + kHashBytes + 8;
constexpr int64_t kPacketHeaderBytes = 4 + 4 + 8 + 8 + 8;
// Ten minutes of 8K without loss would be more, but not in one packet.
constexpr uint32_t kMostPacketBytes = uint32_t{1} << 30;

void PutParameters(ByteText& out, const AVCodecParameters& p) {
  out.PutText(avcodec_get_name(p.codec_id));
  const char* format = av_get_pix_fmt_name(static_cast<AVPixelFormat>(p.format));
  out.PutText(format == nullptr ? "" : format);
  for (const int number :
       {p.width, p.height, p.profile, p.level, p.bits_per_coded_sample, p.bits_per_raw_sample, p.video_delay,
        static_cast<int>(p.field_order), static_cast<int>(p.color_range), static_cast<int>(p.color_primaries),
        static_cast<int>(p.color_trc), static_cast<int>(p.color_space), static_cast<int>(p.chroma_location),
        p.sample_aspect_ratio.num, p.sample_aspect_ratio.den}) {
    out.Put32(static_cast<uint32_t>(number));
  }
  out.Put64(p.bit_rate);
  out.PutText({reinterpret_cast<const char*>(p.extradata), static_cast<size_t>(p.extradata_size)});
}

Parameters GetParameters(ByteParser& in) {
  Parameters p = NewParameters();
  p->codec_type = AVMEDIA_TYPE_VIDEO;
  const AVCodecDescriptor* codec = avcodec_descriptor_get_by_name(std::string(in.GetText()).c_str());
  p->codec_id = codec == nullptr ? AV_CODEC_ID_NONE : codec->id;
  p->format = av_get_pix_fmt(std::string(in.GetText()).c_str());
  for (int* number : {&p->width, &p->height, &p->profile, &p->level, &p->bits_per_coded_sample,
                      &p->bits_per_raw_sample, &p->video_delay}) {
    *number = static_cast<int>(in.Get32());
  }
  p->field_order = static_cast<AVFieldOrder>(in.Get32());
  p->color_range = static_cast<AVColorRange>(in.Get32());
  p->color_primaries = static_cast<AVColorPrimaries>(in.Get32());
  p->color_trc = static_cast<AVColorTransferCharacteristic>(in.Get32());
  p->color_space = static_cast<AVColorSpace>(in.Get32());
  p->chroma_location = static_cast<AVChromaLocation>(in.Get32());
  p->sample_aspect_ratio.num = static_cast<int>(in.Get32());
  p->sample_aspect_ratio.den = static_cast<int>(in.Get32());
  p->bit_rate = in.Get64();
  const std::string_view extradata = in.GetText();
  if (!extradata.empty()) {
    p->extradata = static_cast<uint8_t*>(av_mallocz(extradata.size() + AV_INPUT_BUFFER_PADDING_SIZE));
    if (p->extradata == nullptr) throw std::bad_alloc();
    std::memcpy(p->extradata, extradata.data(), extradata.size());
    p->extradata_size = static_cast<int>(extradata.size());
  }
  return p;
}

std::string FooterBytes(const ChunkFooter& footer) {
  ByteText out;
  out.PutText(footer.encoder);
  out.PutText(footer.note);
  out.Put32(static_cast<uint32_t>(footer.time_base.num));
  out.Put32(static_cast<uint32_t>(footer.time_base.den));
  out.Put64(footer.end_pts);
  PutParameters(out, *footer.parameters);
  out.Put64(static_cast<int64_t>(footer.pts.size()));
  for (const int64_t pts : footer.pts) out.Put64(pts);
  return out.Take();
}

std::optional<ChunkFooter> ParseFooter(std::string_view bytes) {
  ByteParser in(bytes);
  ChunkFooter footer;
  footer.encoder = in.GetText();
  footer.note = in.GetText();
  footer.time_base.num = static_cast<int>(in.Get32());
  footer.time_base.den = static_cast<int>(in.Get32());
  footer.end_pts = in.Get64();
  footer.parameters = GetParameters(in);
  const int64_t packets = in.Get64();
  if (!in.ok() || packets < 1 || packets > static_cast<int64_t>(in.left() / 8)) return std::nullopt;
  footer.pts.resize(static_cast<size_t>(packets));
  for (int64_t& pts : footer.pts) pts = in.Get64();
  if (!in.ok() || in.left() != 0 || footer.parameters->codec_id == AV_CODEC_ID_NONE) return std::nullopt;
  return footer;
}

// Place of the footer and its bytes; nullopt where the tail is not what a finished chunk ends in.
struct RawFooter {
  int64_t place = 0;
  std::string bytes;
  std::string hash;
};
std::optional<RawFooter> ReadRawFooter(std::ifstream& in) {
  in.seekg(0, std::ios::end);
  const int64_t size = in.tellg();
  if (!in || size < static_cast<int64_t>(kMagic.size()) + kTailBytes) return std::nullopt;
  std::string tail(kTailBytes, '\0');
  in.seekg(size - kTailBytes);
  in.read(tail.data(), kTailBytes);
  if (!in || !std::string_view(tail).ends_with(kEndMagic)) return std::nullopt;
  RawFooter raw;
  raw.place = ByteParser(tail).Get64();
  raw.hash = tail.substr(8, kHashBytes);
  if (raw.place < static_cast<int64_t>(kMagic.size()) || raw.place > size - kTailBytes) return std::nullopt;
  raw.bytes.resize(static_cast<size_t>(size - kTailBytes - raw.place));
  in.seekg(raw.place);
  in.read(raw.bytes.data(), static_cast<std::streamsize>(raw.bytes.size()));
  if (!in) return std::nullopt;
  return raw;
}

}  // namespace

RunningHash::RunningHash() : state_(av_murmur3_alloc()) {
  if (state_ == nullptr) throw std::bad_alloc();
  av_murmur3_init(state_);
}

RunningHash::~RunningHash() { av_free(state_); }

void RunningHash::Update(const void* bytes, size_t size) {
  av_murmur3_update(state_, static_cast<const uint8_t*>(bytes), size);
}

std::string RunningHash::Final() {
  std::array<uint8_t, kHashBytes> hash{};
  av_murmur3_final(state_, hash.data());
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

ChunkFileWriter::ChunkFileWriter(const fs::path& path) : path_(path) {
  InitLibav();
  std::error_code ignored;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), ignored);  // a failure shows below
  temporary_ = TemporaryPathFor(path);
  AVIOContext* io = nullptr;
  const int opened = avio_open(&io, ("file:" + temporary_.string()).c_str(), AVIO_FLAG_WRITE);
  if (opened < 0) throw DiskError(path_, opened);
  io_.reset(io);
  Put(std::string(kMagic));
}

ChunkFileWriter::~ChunkFileWriter() {
  io_.reset();
  if (committed_) return;
  std::error_code ignored;
  fs::remove(temporary_, ignored);
}

void ChunkFileWriter::Put(const std::string& bytes) {
  avio_write(io_.get(), reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
  hash_.Update(bytes.data(), bytes.size());
  written_ += static_cast<int64_t>(bytes.size());
  if (io_->error < 0) throw DiskError(path_, io_->error);
}

void ChunkFileWriter::Write(const AVPacket& packet) {
  ByteText header;
  header.Put32(static_cast<uint32_t>(packet.size));
  header.Put32(static_cast<uint32_t>(packet.flags & (AV_PKT_FLAG_KEY | AV_PKT_FLAG_DISPOSABLE)));
  header.Put64(packet.pts);
  header.Put64(packet.dts);
  header.Put64(packet.duration);
  Put(header.Take());
  avio_write(io_.get(), packet.data, packet.size);
  hash_.Update(packet.data, static_cast<size_t>(packet.size));
  written_ += packet.size;
  if (io_->error < 0) throw DiskError(path_, io_->error);
}

void ChunkFileWriter::Commit(const ChunkFooter& footer) {
  ByteText place;
  place.Put64(written_);
  Put(FooterBytes(footer));
  Put(place.Take());
  Put(hash_.Final());
  Put(std::string(kEndMagic));
  AVIOContext* io = io_.release();
  const int closed = avio_closep(&io);
  if (closed < 0) throw DiskError(path_, closed);
  CommitFile(temporary_, path_);
  committed_ = true;
}

std::optional<ChunkFooter> ChunkFileReader::Verify(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return std::nullopt;
  std::ifstream in(path, std::ios::binary);
  const auto raw = in ? ReadRawFooter(in) : std::nullopt;
  if (!raw) return std::nullopt;
  RunningHash hash;
  std::vector<char> buffer(size_t{1} << 18);
  int64_t left = raw->place;
  in.seekg(0);
  for (bool first = true; left > 0; first = false) {
    const auto size = static_cast<size_t>(std::min<int64_t>(left, static_cast<int64_t>(buffer.size())));
    in.read(buffer.data(), static_cast<std::streamsize>(size));
    if (!in) return std::nullopt;
    if (first && !std::string_view(buffer.data(), size).starts_with(kMagic)) return std::nullopt;
    hash.Update(buffer.data(), size);
    left -= static_cast<int64_t>(size);
  }
  ByteText place;
  place.Put64(raw->place);
  hash.Update(raw->bytes.data(), raw->bytes.size());
  const std::string place_bytes = place.Take();
  hash.Update(place_bytes.data(), place_bytes.size());
  if (hash.Final() != raw->hash) return std::nullopt;
  return ParseFooter(raw->bytes);
}

ChunkFileReader::ChunkFileReader(const fs::path& path) : path_(path), in_(path, std::ios::binary) {
  const auto raw = in_ ? ReadRawFooter(in_) : std::nullopt;
  auto footer = raw ? ParseFooter(raw->bytes) : std::nullopt;
  if (!footer) Damaged();
  footer_ = std::move(*footer);
  in_.seekg(static_cast<std::streamoff>(kMagic.size()));
}

void ChunkFileReader::Damaged() const {
  throw Error(ErrorKind::kMedia,
              fmt::format("the piece {} of a video is damaged: remove it and run again", path_.string()));
}

bool ChunkFileReader::Read(AVPacket* packet) {
  if (read_ == footer_.pts.size()) return false;
  std::string header(kPacketHeaderBytes, '\0');
  in_.read(header.data(), kPacketHeaderBytes);
  ByteParser fields(header);
  const uint32_t size = fields.Get32();
  const uint32_t flags = fields.Get32();
  if (!in_ || size > kMostPacketBytes) Damaged();
  if (av_new_packet(packet, static_cast<int>(size)) < 0) throw std::bad_alloc();
  in_.read(reinterpret_cast<char*>(packet->data), size);
  if (!in_) Damaged();
  packet->flags = static_cast<int>(flags);
  packet->pts = fields.Get64();
  packet->dts = fields.Get64();
  packet->duration = fields.Get64();
  if (packet->pts != footer_.pts[read_]) Damaged();
  ++read_;
  return true;
}

}  // namespace reelswap::libav
