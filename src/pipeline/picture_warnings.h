#pragma once

#include <string>
#include <vector>

namespace reelswap {

/// Warnings about the pictures of an album, each said once however many pictures it is about. Not thread-safe.
class PictureWarnings {
 public:
  /// Messages that differ in their numbers alone are one, as the first said it. picture: its file name.
  void Add(const std::string& message, const std::string& picture) { Add(message, picture, WithoutNumbers(message)); }
  /// kind: messages of one kind are one, as the first said it.
  void Add(const std::string& message, const std::string& picture, const std::string& kind);

  /// "no face was found (a.png, b.png, c.png and 12 more); ...", in the order of first appearance.
  std::string Text() const;

 private:
  struct Group {
    std::string kind, message;
    std::vector<std::string> pictures;
  };
  static std::string WithoutNumbers(const std::string& message);

  std::vector<Group> groups_;
};

}  // namespace reelswap
