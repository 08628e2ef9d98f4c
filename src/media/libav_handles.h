#pragma once

// Private to src/media: libav's C objects as owning handles, from the moment they exist.

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/buffer.h>
#include <libavutil/dict.h>
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

#include <memory>

#include "core/frame.h"

namespace reelswap::libav {

struct CloseInput {
  void operator()(AVFormatContext* context) const { avformat_close_input(&context); }
};
struct CloseOutput {
  void operator()(AVFormatContext* context) const {
    if (context->pb != nullptr) avio_closep(&context->pb);
    avformat_free_context(context);
  }
};
struct FreeCodec {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
};
struct FreeFrame {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
struct FreePacket {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
struct FreeScaler {
  void operator()(SwsContext* context) const { sws_freeContext(context); }
};

struct FreeParameters {
  void operator()(AVCodecParameters* parameters) const { avcodec_parameters_free(&parameters); }
};
struct UnrefBuffer {
  void operator()(AVBufferRef* buffer) const { av_buffer_unref(&buffer); }
};
struct CloseIo {
  void operator()(AVIOContext* io) const { avio_closep(&io); }
};

using Input = std::unique_ptr<AVFormatContext, CloseInput>;
using Output = std::unique_ptr<AVFormatContext, CloseOutput>;
using Codec = std::unique_ptr<AVCodecContext, FreeCodec>;
using FrameHandle = std::unique_ptr<AVFrame, FreeFrame>;
using Packet = std::unique_ptr<AVPacket, FreePacket>;
using Scaler = std::unique_ptr<SwsContext, FreeScaler>;
using Parameters = std::unique_ptr<AVCodecParameters, FreeParameters>;
using Buffer = std::unique_ptr<AVBufferRef, UnrefBuffer>;
using Io = std::unique_ptr<AVIOContext, CloseIo>;

/// A dictionary of options; libav replaces the pointer itself, hence a class and not a unique_ptr.
class Options {
 public:
  Options() = default;
  ~Options() { av_dict_free(&dict_); }
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;
  void Set(const char* key, const std::string& value) { av_dict_set(&dict_, key, value.c_str(), 0); }
  AVDictionary** address() { return &dict_; }
  /// First option that libav did not take, nullptr when it took all.
  const char* FirstUnused() const {
    const AVDictionaryEntry* entry = av_dict_get(dict_, "", nullptr, AV_DICT_IGNORE_SUFFIX);
    return entry == nullptr ? nullptr : entry->key;
  }

 private:
  AVDictionary* dict_ = nullptr;
};

/// Throw std::bad_alloc when libav has no memory.
FrameHandle NewFrame();
Packet NewPacket();
Parameters NewParameters();

inline AVRational ToAv(Rational r) { return {r.num, r.den}; }
inline Rational FromAv(AVRational r) { return {r.num, r.den}; }

}  // namespace reelswap::libav
