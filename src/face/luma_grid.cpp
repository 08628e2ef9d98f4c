#include "face/luma_grid.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace reelswap {
namespace {

/// Eight bytes at a time: pairs, then pairs of pairs, and so on, side by side in one number.
uint32_t SumOfEight(const uint8_t* bytes) {
  uint64_t v;
  std::memcpy(&v, bytes, sizeof v);
  v = (v & 0x00FF00FF00FF00FFu) + ((v >> 8) & 0x00FF00FF00FF00FFu);
  return static_cast<uint32_t>((v * 0x0001000100010001u) >> 48);
}

template <int kBlock>
void AddRow(const uint8_t* row, int blocks, uint32_t* sums) {
  for (int b = 0; b < blocks; ++b, row += kBlock) {
    uint32_t sum = 0;
    if constexpr (kBlock >= 8) {
      for (int i = 0; i < kBlock; i += 8) sum += SumOfEight(row + i);
    } else {
      for (int i = 0; i < kBlock; ++i) sum += row[i];
    }
    sums[b] += sum;
  }
}

void AddRow(const uint8_t* row, int block, int blocks, uint32_t* sums) {
  switch (block) {
    case 32: return AddRow<32>(row, blocks, sums);
    case 16: return AddRow<16>(row, blocks, sums);
    case 8: return AddRow<8>(row, blocks, sums);
    case 4: return AddRow<4>(row, blocks, sums);
    case 2: return AddRow<2>(row, blocks, sums);
    default: return AddRow<1>(row, blocks, sums);
  }
}

}  // namespace

LumaGrid MakeLumaGrid(const cv::Mat& luma, int face_size) {
  LumaGrid grid;
  grid.picture = luma.size();
  const int most = std::min({32, face_size / 6, luma.cols, luma.rows});
  while (2 * grid.block <= most) grid.block *= 2;
  // What does not fill a block at the right and lower border is left out.
  const int rows = luma.rows / grid.block, columns = luma.cols / grid.block, step = grid.block >= 8 ? grid.block / 2 : 1;
  grid.means.create(rows, columns, CV_8UC1);
  const uint32_t count = static_cast<uint32_t>(grid.block / step) * grid.block;
  std::vector<uint32_t> sums(columns);
  for (int r = 0; r < rows; ++r) {
    std::fill(sums.begin(), sums.end(), 0u);
    for (int y = step / 2; y < grid.block; y += step) AddRow(luma.ptr(r * grid.block + y), grid.block, columns, sums.data());
    for (int c = 0; c < columns; ++c) grid.means.at<uint8_t>(r, c) = static_cast<uint8_t>((sums[c] + count / 2) / count);
  }
  return grid;
}

}  // namespace reelswap
