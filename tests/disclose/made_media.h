#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <string>

namespace reelswap::testing {

inline void WriteBytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

inline std::string ReadBytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline std::string BigEndian(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

/// An ISO base media box.
inline std::string Box(const std::string& type, const std::string& content) {
  return BigEndian(static_cast<uint32_t>(content.size()) + 8) + type + content;
}

inline std::string MediaBytes() {
  std::string bytes;
  for (int i = 0; i < 5000; ++i) bytes += static_cast<char>(i * 37 + i / 256);
  return bytes;
}

/// The smallest movie with a header and media bytes but no track.
inline std::string MinimalMovie(const std::string& brand) {
  std::string header = BigEndian(0) + BigEndian(0) + BigEndian(0) + BigEndian(1000) + BigEndian(2000) +  //
                       BigEndian(0x00010000) + std::string("\x01\x00", 2) + std::string(10, '\0');
  for (const uint32_t cell : {0x10000u, 0u, 0u, 0u, 0x10000u, 0u, 0u, 0u, 0x40000000u})
    header += BigEndian(cell);
  header += std::string(24, '\0') + BigEndian(2);
  return Box("ftyp", brand + BigEndian(512) + brand) + Box("moov", Box("mvhd", header)) +
         Box("mdat", MediaBytes());
}

/// A picture that no encoder finds trivial.
inline cv::Mat Picture() {
  cv::Mat picture(48, 64, CV_8UC3);
  cv::RNG rng(5);
  rng.fill(picture, cv::RNG::UNIFORM, 0, 256);
  return picture;
}

/// Picture() encoded as what the extension says.
inline std::filesystem::path WritePicture(const std::filesystem::path& path) {
  cv::imwrite(path.string(), Picture());
  return path;
}

}  // namespace reelswap::testing
