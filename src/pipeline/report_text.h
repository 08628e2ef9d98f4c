#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace reelswap {

// Text of uncertain origin (titles, URLs, paths, libraries' messages) made fit for a page, a
// terminal or JSON, and numbers made readable. All functions are pure and thread-safe.

/// Valid UTF-8: every byte that belongs to no valid character becomes U+FFFD.
std::string ValidUtf8(std::string_view bytes);

/// ValidUtf8 on one line: control characters (C0, C1: no terminal command survives), bidirectional
/// overrides and line separators are removed; newlines and tabs become one space.
std::string OneLine(std::string_view text);

/// Columns a OneLine() text takes on a terminal; an estimate: wide East Asian characters and emoji
/// count 2, combining marks 0.
int DisplayWidth(std::string_view utf8);

/// Cut to at most `columns` columns, with "…" in place of what was cut; never splits a character.
std::string FitWidth(std::string_view utf8, int columns);

/// Spaces appended up to `columns` columns; longer text comes back unchanged.
std::string PadWidth(std::string_view utf8, int columns);

/// Safe between tags and inside a quoted attribute: & < > " ' escaped, UTF-8 repaired, control
/// characters other than newline and tab replaced by U+FFFD.
std::string EscapeHtml(std::string_view text);

/// Relative link from a page in `folder` to `path`, percent-encoded; ready for an attribute. Never
/// has a scheme, whatever the file is called.
std::string RelativeLink(const std::filesystem::path& path, const std::filesystem::path& folder);

/// An http or https URL ready for an href attribute; empty for anything else (javascript:, data:,
/// file:, a path): such text must not become a link.
std::string WebLink(std::string_view location);

/// An error sentence taken apart: what happened, and the cure, which by convention is a closing
/// remark in parentheses of at least three words, or what follows the first line. `cure` may be empty.
struct ErrorParts {
  std::string sentence;
  std::string cure;
};
ErrorParts SplitCure(std::string_view error);

/// "0.4 s", "42 s", "4 min 5 s", "3 h 12 min", "2 d 4 h"; "–" when not finite or negative.
std::string FormatDuration(double seconds);

/// "0:04", "12:30", "1:02:03"; "–" when not finite or negative.
std::string FormatClock(double seconds);

/// "7", "12,345"; fractions are rounded; "–" when not finite.
std::string FormatCount(double count);

/// A quantity with about three significant digits: "0.0312", "61.2", "1,204"; "–" when not finite.
std::string FormatQuantity(double value);

/// "812 B", "3.4 MB", "1.20 GB" (decimal units); "–" when not finite.
std::string FormatBytes(double bytes);

/// "1 face", "12,345 faces": count and noun; the plural is noun + "s".
std::string CountOf(double count, std::string_view noun);

}  // namespace reelswap
