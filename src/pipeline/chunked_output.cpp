#include "pipeline/chunked_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace reelswap {

ChunkedOutput::ChunkedOutput(std::filesystem::path folder, std::string name, const VideoInfo& video,
                             const EncoderOptions& encoder, std::string container, const ChunkLayout& layout,
                             int64_t end_pts, const SwapPlan& plan)
    : folder_(std::move(folder)), name_(std::move(name)), video_(video), encoder_(encoder),
      container_(std::move(container)), layout_(layout), end_pts_(end_pts), plan_(plan) {}

ChunkedOutput::~ChunkedOutput() {
  if (storing_.valid()) storing_.wait();
}

std::filesystem::path ChunkedOutput::PathOf(int64_t chunk) const {
  return folder_ / fmt::format("{}_{:06}.chunk", name_, chunk);
}

bool ChunkedOutput::Has(int64_t chunk) const {
  const std::optional<ChunkInfo> info = ReadChunk(PathOf(chunk));
  return info && info->frames == layout_.FirstOf(chunk + 1) - layout_.FirstOf(chunk) &&
         info->first_pts == plan_.At(layout_.FirstOf(chunk)).pts;
}

int64_t ChunkedOutput::DropForeign() const {
  std::string encoder = last_encoder_;
  int64_t dropped = 0;
  for (int64_t chunk = layout_.Count() - 1; chunk >= 0; --chunk) {
    const std::optional<ChunkInfo> info = ReadChunk(PathOf(chunk));
    if (!info) continue;
    if (encoder.empty()) encoder = info->encoder;
    if (info->encoder == encoder) continue;
    std::filesystem::remove(PathOf(chunk));
    ++dropped;
  }
  return dropped;
}

void ChunkedOutput::Write(int64_t number, const Frame& frame) {
  const int64_t chunk = layout_.ChunkOf(number);
  if (!writer_) writer_.emplace(PathOf(chunk), video_, encoder_, container_);
  writer_->Write(frame);
  if (number + 1 < layout_.FirstOf(chunk + 1)) return;
  const int64_t next_pts = number + 1 < layout_.last ? plan_.At(number + 1).pts : end_pts_;
  Finish();
  auto finished = std::make_shared<ChunkWriter>(std::move(*writer_));
  writer_.reset();
  storing_ = std::async(std::launch::async, [finished, next_pts] { return finished->Commit(next_pts); });
}

void ChunkedOutput::Finish() {
  if (storing_.valid()) last_encoder_ = storing_.get().encoder;
}

}  // namespace reelswap
