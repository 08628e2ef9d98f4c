#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "core/error.h"
#include "media/chunk_file.h"
#include "media/libav_log.h"
#include "media/muxer.h"
#include "media/video_assembly.h"
#include "media/video_encoder.h"
#include "media/video_track.h"

namespace reelswap {
namespace {

ChunkInfo InfoOf(const libav::ChunkFooter& footer) {
  ChunkInfo info;
  info.frames = static_cast<int64_t>(footer.pts.size());
  const auto [first, last] = std::minmax_element(footer.pts.begin(), footer.pts.end());
  info.first_pts = *first;
  info.last_pts = *last;
  info.encoder = footer.encoder;
  return info;
}

// Chunks are joined under the headers of the first: what stands in them is part of how they were encoded.
std::string HeaderDigest(const AVCodecParameters& parameters) {
  if (parameters.extradata_size <= 0) return "none";
  libav::RunningHash hash;
  hash.Update(parameters.extradata, static_cast<size_t>(parameters.extradata_size));
  std::string hex;
  for (const char byte : hash.Final().substr(0, 6))
    hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return hex;
}

}  // namespace

struct ChunkWriter::Impl {
  Impl(const std::filesystem::path& path, const VideoInfo& video_in, const EncoderOptions& options,
       const std::string& container);
  void Encode(int64_t duration);
  void WritePackets();
  libav::ChunkFooter Footer() const;

  VideoInfo video;
  libav::VideoEncoder encoder;
  libav::ChunkFileWriter file;
  libav::Packet packet = libav::NewPacket();
  libav::Parameters parameters = libav::NewParameters();
  std::optional<Frame> waiting;          // until its successor tells its end
  std::map<int64_t, int64_t> durations;  // by time since the first frame, of frames inside the encoder
  std::vector<int64_t> pts;              // of the packets
  int64_t first_pts = 0;
  int64_t last_gap = 0;
  int64_t end_pts = 0;
  int64_t frames = 0;
};

ChunkWriter::Impl::Impl(const std::filesystem::path& path, const VideoInfo& video_in,
                        const EncoderOptions& options, const std::string& container)
    : video(video_in),
      encoder(video_in, options, (libav::ContainerNamed(container).flags & AVFMT_GLOBALHEADER) != 0),
      file(path) {
  if (avcodec_parameters_from_context(parameters.get(), &encoder.codec()) < 0) throw std::bad_alloc();
  const AVOutputFormat& format = libav::ContainerNamed(container);
  if (!libav::ContainerAccepts(format, *parameters, libav::ToAv(video.time_base))) {
    throw Error(ErrorKind::kMedia, libav::VideoRefusal(path, *parameters, format.name));
  }
}

void ChunkWriter::Impl::Encode(int64_t duration) {
  // Encoders see times from 0 on: some cannot count far, and a chunk is to depend on its own frames alone.
  const int64_t time = waiting->pts() - first_pts;
  durations[time] = duration;
  end_pts = waiting->pts() + duration;
  encoder.Send(*waiting, time);
  waiting.reset();
  ++frames;
  WritePackets();
}

void ChunkWriter::Impl::WritePackets() {
  while (encoder.Receive(packet.get())) {
    if (const auto found = durations.find(packet->pts); found != durations.end()) {
      packet->duration = found->second;
      durations.erase(found);
    }
    size_t size = 0;
    // A few encoders know their headers only with the first packet.
    const uint8_t* late = av_packet_get_side_data(packet.get(), AV_PKT_DATA_NEW_EXTRADATA, &size);
    if (late != nullptr && parameters->extradata_size == 0) {
      parameters->extradata = static_cast<uint8_t*>(av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE));
      if (parameters->extradata == nullptr) throw std::bad_alloc();
      std::copy_n(late, size, parameters->extradata);
      parameters->extradata_size = static_cast<int>(size);
    }
    packet->pts += first_pts;
    packet->dts = packet->dts == AV_NOPTS_VALUE ? packet->pts : packet->dts + first_pts;
    if (pts.empty() && (packet->flags & AV_PKT_FLAG_KEY) == 0) {
      throw Error(ErrorKind::kMedia, fmt::format("the encoder {} does not begin with a key frame: use h264",
                                                 encoder.codec().codec->name));
    }
    pts.push_back(packet->pts);
    file.Write(*packet);
    av_packet_unref(packet.get());
  }
}

libav::ChunkFooter ChunkWriter::Impl::Footer() const {
  libav::ChunkFooter footer;
  footer.encoder = fmt::format("{}; header {}", encoder.description(), HeaderDigest(*parameters));
  footer.note = encoder.note();
  footer.time_base = video.time_base;
  footer.end_pts = end_pts;
  footer.pts = pts;
  footer.parameters = libav::NewParameters();
  if (avcodec_parameters_copy(footer.parameters.get(), parameters.get()) < 0) throw std::bad_alloc();
  return footer;
}

ChunkWriter::ChunkWriter(const std::filesystem::path& path, const VideoInfo& video,
                         const EncoderOptions& encoder, const std::string& container)
    : impl_(std::make_unique<Impl>(path, video, encoder, container)) {}
ChunkWriter::~ChunkWriter() = default;
ChunkWriter::ChunkWriter(ChunkWriter&&) noexcept = default;
ChunkWriter& ChunkWriter::operator=(ChunkWriter&&) noexcept = default;

void ChunkWriter::Write(const Frame& frame) {
  Impl& d = *impl_;
  if (frame.empty() || !(frame.format() == d.video.format)) {
    throw std::invalid_argument("a frame's format differs from that of the chunk's video");
  }
  if (d.waiting) {
    d.last_gap = frame.pts() - d.waiting->pts();
    if (d.last_gap <= 0) throw std::invalid_argument("frames must come with increasing pts");
    d.Encode(d.last_gap);
  } else {
    d.first_pts = frame.pts();
  }
  d.waiting = frame;
}

ChunkInfo ChunkWriter::Commit(std::optional<int64_t> next_pts) {
  Impl& d = *impl_;
  if (!d.waiting) throw std::invalid_argument("a chunk needs frames");
  const int64_t left =
      next_pts ? *next_pts - d.waiting->pts() : libav::LastFrameDuration(d.video, d.last_gap);
  if (left <= 0) throw std::invalid_argument("the frame after a chunk must be later than its last");
  d.Encode(left);
  d.encoder.SendEnd();
  d.WritePackets();
  if (static_cast<int64_t>(d.pts.size()) != d.frames) {
    throw Error(ErrorKind::kMedia, fmt::format("the encoder {} gave {} pictures for {} frames: use h264",
                                               d.encoder.codec().codec->name, d.pts.size(), d.frames));
  }
  const libav::ChunkFooter footer = d.Footer();
  d.file.Commit(footer);
  return InfoOf(footer);
}

std::optional<ChunkInfo> ReadChunk(const std::filesystem::path& path) {
  const auto footer = libav::ChunkFileReader::Verify(path);
  if (!footer) return std::nullopt;
  return InfoOf(*footer);
}

}  // namespace reelswap
