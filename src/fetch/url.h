#pragma once

#include <string>

namespace reelswap {

/// Text for people: one line of valid UTF-8, control characters become blanks, cut at `max_characters`.
std::string OneLine(const std::string& text, size_t max_characters);

/// The URL as it may be shown and stored: no user name or password, and no value of a query
/// parameter whose name speaks of a secret (token, signature, key, password ...).
std::string RedactedUrl(const std::string& url);

/// Every place of `text` where the URL (or its user:password part) stands, replaced by the redacted form.
std::string WithoutSecrets(std::string text, const std::string& url);

/// Host and last path component (with a redacted query), at most 60 characters: for progress lines.
std::string ShortNameOfUrl(const std::string& url);

/// The URL as it goes over the wire: blanks, quotes, control and non-ASCII bytes percent-encoded.
std::string EncodedUrl(const std::string& url);

/// The path part of a URL, without query and fragment.
std::string UrlPath(const std::string& url);

}  // namespace reelswap
