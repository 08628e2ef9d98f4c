#include "pipeline/training_record.h"

#include <gtest/gtest.h>

#include "core/files.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

using testing::TempDir;

TEST(TrainingRecord, ReadsBackAsItWas) {
  TempDir dir;
  EXPECT_EQ(LoadTrainingRecord(dir.path()).key, "");
  TrainingRecord record;
  record.key = "abc";
  record.base_request = "pair";
  record.base = "pair@2";
  record.stored = "small@1";
  record.batch = 12;
  record.stop_reason = "until";
  record.until_minute = 420;
  record.training_faces = {{"ava", "1"}, {"ben", "2"}};
  SaveTrainingRecord(dir.path(), record);
  const TrainingRecord again = LoadTrainingRecord(dir.path());
  EXPECT_EQ(again.key, record.key);
  EXPECT_EQ(again.base_request, record.base_request);
  EXPECT_EQ(again.base, record.base);
  EXPECT_EQ(again.stored, record.stored);
  EXPECT_EQ(again.batch, record.batch);
  EXPECT_EQ(again.stop_reason, record.stop_reason);
  EXPECT_EQ(again.until_minute, record.until_minute);
  EXPECT_EQ(again.training_faces, record.training_faces);
}

TEST(TrainingRecord, OfAnEarlierVersionOrDamagedIsTakenForWhatItSays) {
  TempDir dir;
  WriteFileAtomically(dir / "training.json", R"({"key": "k", "stored": "s@1"})");
  EXPECT_EQ(LoadTrainingRecord(dir.path()).stored, "s@1");
  EXPECT_EQ(LoadTrainingRecord(dir.path()).batch, 0);
  for (const char* text : {"", "[]", "{\"key\": 7}", "{\"batch\": \"many\"}", "{\"key\": \"k\""}) {
    WriteFileAtomically(dir / "training.json", text);
    EXPECT_EQ(LoadTrainingRecord(dir.path()).key, "") << text;
  }
}

}  // namespace
}  // namespace reelswap
