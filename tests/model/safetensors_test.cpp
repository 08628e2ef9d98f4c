#include "model/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "core/error.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

using ::testing::HasSubstr;
using testing::TempDir;

void WriteRaw(const std::filesystem::path& path, const std::string& header, const std::string& data) {
  std::ofstream file(path, std::ios::binary);
  const uint64_t n = header.size();
  file.write(reinterpret_cast<const char*>(&n), 8);
  file << header << data;
}

std::string SentenceOf(const std::filesystem::path& path) {
  try {
    SafetensorsFile file(path);
    return "accepted";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kModel);
    EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos);
    return e.what();
  }
}

std::string SentenceOfHeader(const std::string& header, const std::string& data = "01234567") {
  TempDir dir;
  WriteRaw(dir / "m.safetensors", header, data);
  return SentenceOf(dir / "m.safetensors");
}

TEST(Safetensors, ReadsBackWhatItWrote) {
  TempDir dir;
  const std::vector<float> a = {1.5f, -2.0f, 3.25f, 0, 7, 8};
  const int64_t b = -5;
  WriteSafetensors(
      dir / "m.safetensors", {{"who", "me \"quoted\""}},
      {{"a", "F32", {2, 3}, std::as_bytes(std::span(a))}, {"b", "I64", {}, std::as_bytes(std::span(&b, 1))}});
  SafetensorsFile file(dir / "m.safetensors");
  EXPECT_EQ(file.metadata().at("who"), "me \"quoted\"");
  ASSERT_EQ(file.entries().size(), 2u);
  const SafetensorsEntry* entry = file.Find("a");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->dtype, "F32");
  EXPECT_THAT(entry->shape, ::testing::ElementsAre(2, 3));
  std::vector<float> back(6);
  file.Read(*entry, std::as_writable_bytes(std::span(back)));
  EXPECT_EQ(back, a);
  int64_t number = 0;
  file.Read(*file.Find("b"), std::as_writable_bytes(std::span(&number, 1)));
  EXPECT_EQ(number, -5);
  EXPECT_EQ(file.Find("c"), nullptr);
}

TEST(Safetensors, AcceptsAHandWrittenFileOfTheFormat) {
  EXPECT_EQ(
      SentenceOfHeader(R"({"__metadata__":{"x":"y"},"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})"),
      "accepted");
  EXPECT_EQ(
      SentenceOfHeader(
          R"({"e":{"dtype":"F32","shape":[0,5],"data_offsets":[0,0]},"t":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}})"),
      "accepted");
}

struct HostileHeader {
  const char* what;
  const char* header;
  const char* sentence;
};

class HostileSafetensors : public ::testing::TestWithParam<HostileHeader> {};

TEST_P(HostileSafetensors, EndsInOneSentence) {
  EXPECT_THAT(SentenceOfHeader(GetParam().header), HasSubstr(GetParam().sentence));
}

INSTANTIATE_TEST_SUITE_P(
    Headers, HostileSafetensors,
    ::testing::Values(
        HostileHeader{"NoJson", "rubbish", "no JSON"}, HostileHeader{"Array", "[1,2]", "no JSON object"},
        HostileHeader{"TooDeep", R"({"a":{"b":{"c":{"d":{"e":{}}}}}})", "nested too deeply"},
        HostileHeader{"PastTheEnd", R"({"t":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})",
                      "cut short"},
        HostileHeader{"Backwards", R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", "cut short"},
        HostileHeader{"Negative", R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}})", "bad offset"},
        HostileHeader{"NegativeShape", R"({"t":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})",
                      "bad shape"},
        HostileHeader{"FractionalShape", R"({"t":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}})",
                      "bad shape"},
        HostileHeader{
            "HugeShape",
            R"({"t":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,8]}})",
            "larger than any file"},
        HostileHeader{"ProductOverflow",
                      R"({"t":{"dtype":"F32","shape":[65536,65536,65536,65536],"data_offsets":[0,8]}})",
                      "larger than any file"},
        HostileHeader{"Mismatch", R"({"t":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})",
                      "its shape says 4"},
        HostileHeader{"UnknownType", R"({"t":{"dtype":"PICKLE","shape":[8],"data_offsets":[0,8]}})",
                      "unknown type"},
        HostileHeader{
            "Overlap",
            R"({"a":{"dtype":"U8","shape":[6],"data_offsets":[0,6]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
            "overlaps"},
        HostileHeader{
            "SameBytesTwice",
            R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}})",
            "overlaps"},
        HostileHeader{
            "Gap",
            R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
            "gap"},
        HostileHeader{"TailLeft", R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})",
                      "belong to nothing"},
        HostileHeader{
            "Duplicate",
            R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}})",
            "twice"},
        HostileHeader{"DuplicateField",
                      R"({"a":{"dtype":"U8","shape":[4],"shape":[8],"data_offsets":[0,8]}})", "twice"},
        HostileHeader{"NoShape", R"({"a":{"dtype":"U8","data_offsets":[0,8]}})", "lacks a proper"},
        HostileHeader{"ThreeOffsets", R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8,9]}})",
                      "lacks a proper"},
        HostileHeader{"MetadataNumber", R"({"__metadata__":{"x":5}})", "no text"},
        HostileHeader{"MetadataList", R"({"__metadata__":[]})", "no object"}),
    [](const auto& info) { return info.param.what; });

TEST(Safetensors, RefusesHeaderLengthsThatTheFileCannotHold) {
  TempDir dir;
  for (const uint64_t length : {uint64_t{100}, uint64_t{200'000'000}, ~uint64_t{0}}) {
    std::ofstream(dir / "m", std::ios::binary).write(reinterpret_cast<const char*>(&length), 8) << "{}";
    EXPECT_THAT(SentenceOf(dir / "m"), HasSubstr("not a safetensors file"));
  }
}

TEST(Safetensors, RefusesEmptyShortMissingAndFolder) {
  TempDir dir;
  std::ofstream(dir / "empty");
  std::ofstream(dir / "short") << "abc";
  EXPECT_THAT(SentenceOf(dir / "empty"), HasSubstr("too short"));
  EXPECT_THAT(SentenceOf(dir / "short"), HasSubstr("too short"));
  EXPECT_THAT(SentenceOf(dir / "missing"), HasSubstr("no such model file"));
  EXPECT_THAT(SentenceOf(dir.path()), HasSubstr("no such model file"));
}

TEST(Safetensors, RefusesAFileOverFourGigabytesBeforeReadingIt) {
  TempDir dir;
  std::ofstream(dir / "big").put('x');
  std::filesystem::resize_file(dir / "big", (uint64_t{4} << 30) + 1);  // sparse
  EXPECT_THAT(SentenceOf(dir / "big"), HasSubstr("larger than 4 GiB"));
}

TEST(Safetensors, SeesEveryFlippedBitOfAFileItWrote) {
  TempDir dir;
  const std::vector<float> a = {1.5f, -2.0f, 0};
  WriteSafetensors(dir / "m", {{"who", "me"}}, {{"a", "F32", {3}, std::as_bytes(std::span(a))}});
  std::ifstream in(dir / "m", std::ios::binary);
  const std::string good((std::istreambuf_iterator<char>(in)), {});
  int accepted = 0;
  for (size_t bit = 0; bit < 8 * good.size(); ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    std::ofstream(dir / "bad", std::ios::binary) << bad;
    try {
      SafetensorsFile file(dir / "bad");
      file.Verify();
      ++accepted;
      ADD_FAILURE() << "bit " << bit % 8 << " of byte " << bit / 8;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::kModel);
    }
    if (accepted > 3) return;
  }
}

TEST(Safetensors, KeepsItsChecksumsToItself) {
  TempDir dir;
  WriteSafetensors(dir / "m", {{"who", "me"}}, {});
  SafetensorsFile file(dir / "m");
  EXPECT_FALSE(file.has_checksums());  // of no tensor
  EXPECT_EQ(file.metadata().size(), 1u);
}

TEST(Safetensors, RefusesHalfOfItsChecksums) {
  EXPECT_THAT(SentenceOfHeader(R"({"__metadata__":{"sha256.tensors":"{}"},"t":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}})"),
              HasSubstr("checksum differs"));
}

TEST(Safetensors, MakesTensorsWhenTheirTurnComes) {
  TempDir dir;
  std::vector<int64_t> asked;
  int64_t number = 0;
  WriteSafetensors(dir / "m", {}, {{"a", "I64", {1}, {}}, {"b", "I64", {1}, {}}}, [&](size_t i) {
    asked.push_back(static_cast<int64_t>(i));
    number = 10 * static_cast<int64_t>(i) + 7;
    return std::as_bytes(std::span(&number, 1));
  });
  EXPECT_THAT(asked, ::testing::ElementsAre(0, 1));
  SafetensorsFile file(dir / "m");
  file.Read(*file.Find("b"), std::as_writable_bytes(std::span(&number, 1)));
  EXPECT_EQ(number, 17);
}

TEST(Safetensors, SaysThatTheDiskIsFullAndLeavesNothing) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  TempDir dir;
  std::filesystem::create_symlink("/dev/full", dir / "m");
  const std::vector<char> bytes(1 << 20);
  try {
    WriteSafetensors(dir / "m", {}, {{"a", "U8", {1 << 20}, std::as_bytes(std::span(bytes))}});
    FAIL() << "written to a full disk";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kDisk);
    EXPECT_THAT(e.what(), HasSubstr("disk is full"));
  }
  EXPECT_FALSE(std::filesystem::is_symlink(dir / "m"));
}

}  // namespace
}  // namespace reelswap
