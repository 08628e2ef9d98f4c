#include "media/libav_log.h"

#include <cstdarg>
#include <cstdlib>
#include <mutex>
#include <new>

#include "media/libav_handles.h"

extern "C" {
#include <libavutil/log.h>
}

namespace reelswap::libav {
namespace {

// Per thread, so that two videos that are read at once do not explain each other's failures.
thread_local std::string last_message;

void KeepMessage(void* object, int level, const char* format, va_list arguments) {
  if (level > AV_LOG_ERROR) return;
  char line[512];
  int print_prefix = 0;  // no "[mov @ 0x55..]": addresses mean nothing to a user
  const int length = av_log_format_line2(object, level, format, arguments, line, sizeof line, &print_prefix);
  if (length <= 0) return;
  std::string text(line);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ' || text.back() == '.')) text.pop_back();
  if (!text.empty()) last_message = std::move(text);
}

}  // namespace

void InitLibav() {
  static std::once_flag once;
  std::call_once(once, [] {
    av_log_set_callback(KeepMessage);
    // SVT-AV1 prints to stderr by itself and listens to nothing but this variable.
    setenv("SVT_LOG", "0", 0);
  });
}

void ForgetMessages() { last_message.clear(); }

const std::string& LastMessage() { return last_message; }

std::string CodeText(int averror) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  if (av_strerror(averror, text, sizeof text) < 0) return "error " + std::to_string(averror);
  return text;
}

std::string Reason(int averror) { return last_message.empty() ? CodeText(averror) : last_message; }

FrameHandle NewFrame() {
  FrameHandle frame(av_frame_alloc());
  if (!frame) throw std::bad_alloc();
  return frame;
}

Packet NewPacket() {
  Packet packet(av_packet_alloc());
  if (!packet) throw std::bad_alloc();
  return packet;
}

Parameters NewParameters() {
  Parameters parameters(avcodec_parameters_alloc());
  if (!parameters) throw std::bad_alloc();
  return parameters;
}

}  // namespace reelswap::libav
