#pragma once

#include <string>

namespace reelswap::libav {

/// Takes libav's messages off stderr and keeps the last error of each thread. Call it before any
/// other use of libav; calls after the first cost nothing. Thread-safe.
void InitLibav();

/// Forgets this thread's last message: call it before the step whose failure is to be explained.
void ForgetMessages();

/// This thread's last error message since ForgetMessages(), or empty: also of calls that succeeded.
const std::string& LastMessage();

/// Why a libav call failed, for the user: this thread's last error message where there is one
/// ("moov atom not found"), else libav's text for the code.
std::string Reason(int averror);

/// The text of the code alone ("No space left on device").
std::string CodeText(int averror);

}  // namespace reelswap::libav
