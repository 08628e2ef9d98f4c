#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "core/error.h"
#include "disclose/marks.h"

namespace reelswap::testing {

/// A provenance with everything filled in.
inline Provenance Example() {
  Provenance p;
  p.tool_version = "1.2.3";
  p.created_utc = "2026-08-02T10:11:12Z";
  p.description = "face of guest put on host; AI-generated face swap";
  p.inputs = {{"target", "holiday.mp4", std::string(64, 'a')},
              {"model", "pair.safetensors", std::string(64, 'b')}};
  p.consents = {{"guest", "consents/guest.pdf"}, {"host", "signed 2026-07-01"}};
  p.settings = {{"feather", "0.08"}, {"crf", "18"}};
  p.visible_label = "AI-generated face swap";
  return p;
}

/// The kind of the Error that `action` throws; a failure of the test when it throws none.
inline ErrorKind KindOf(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "no Error was thrown";
  return ErrorKind::kUsage;
}

}  // namespace reelswap::testing
