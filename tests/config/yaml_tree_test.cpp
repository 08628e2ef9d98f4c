#include "config/yaml_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

namespace reelswap {
namespace {

using ::testing::HasSubstr;

std::string FirstProblem(const std::string& text) {
  const ParsedYaml parsed = ParseYaml(text);
  if (parsed.problems.empty()) return "";
  const YamlProblem& problem = parsed.problems[0];
  return std::to_string(problem.place.line) + ":" + std::to_string(problem.place.column) + ": " +
         problem.message;
}

TEST(ParseYaml, KeepsTheTextOfScalarsAndThePlacesOfKeysAndValues) {
  const ParsedYaml parsed = ParseYaml("a: 0x10\nb:\n  - off\n  - \"q\"\n");
  ASSERT_TRUE(parsed.problems.empty());
  EXPECT_EQ(parsed.root.Find("a")->value.text, "0x10");
  EXPECT_EQ(parsed.root.Find("a")->value.place.column, 4);
  const YamlEntry* b = parsed.root.Find("b");
  EXPECT_EQ(b->key_place.line, 2);
  ASSERT_EQ(b->value.items.size(), 2u);
  EXPECT_EQ(b->value.items[1].place.line, 4);
  EXPECT_EQ(b->value.items[1].place.column, 5);
}

TEST(ParseYaml, CountsColumnsInCharactersNotBytes) {
  EXPECT_THAT(FirstProblem("{ä: 1, ä: 2}"), HasSubstr("1:8: the key 'ä' is here twice"));
}

TEST(ParseYaml, AnAbsentValueStandsAtItsKey) {
  const ParsedYaml parsed = ParseYaml("a: 1\nb:\n\n\nc: 2\n");
  EXPECT_EQ(parsed.root.Find("b")->value.kind, YamlNode::Kind::kNull);
  EXPECT_EQ(parsed.root.Find("b")->value.place.line, 2);
}

TEST(ParseYaml, AnEmptyItemStandsAtItsDash) {
  const ParsedYaml parsed = ParseYaml("a:\n  - x\n  -\n  - ~\n  -\n");
  const auto& items = parsed.root.Find("a")->value.items;
  ASSERT_EQ(items.size(), 4u);
  for (const auto& [item, line, column] : {std::tuple{1, 3, 3}, {2, 4, 5}, {3, 5, 3}}) {
    EXPECT_EQ(items[static_cast<size_t>(item)].kind, YamlNode::Kind::kNull);
    EXPECT_EQ(items[static_cast<size_t>(item)].place.line, line);
    EXPECT_EQ(items[static_cast<size_t>(item)].place.column, column);
  }
}

TEST(ParseYaml, ReportsEveryDuplicateKeyAndKeepsTheFirst) {
  const ParsedYaml parsed = ParseYaml("a: 1\na: 2\nb: {c: 1, c: 2}\n");
  ASSERT_EQ(parsed.problems.size(), 2u);
  EXPECT_EQ(parsed.problems[0].place.line, 2);
  EXPECT_EQ(parsed.problems[0].message, "the key 'a' is here twice; first on line 1");
  EXPECT_EQ(parsed.problems[1].place.column, 11);
  EXPECT_EQ(parsed.root.Find("a")->value.text, "1");
}

TEST(ParseYaml, NamesThePlaceOfASyntaxError) {
  EXPECT_THAT(FirstProblem("a: [1, 2\nb: 3\n"), HasSubstr("not valid YAML"));
  EXPECT_THAT(FirstProblem("a: 1\n  b: 2\n"), HasSubstr("2:"));
  EXPECT_THAT(FirstProblem("b: x\na: \"open\nc: 1\n"),
              HasSubstr("2:4: not valid YAML: the quote that opens here"));
  EXPECT_THAT(FirstProblem("a: 'it''s open\n"), HasSubstr("1:4: not valid YAML"));
  EXPECT_EQ(FirstProblem("a: 'it''s'\nb: \"\\\"\"\nc: don't\n"), "");
}

TEST(ParseYaml, RefusesAliasBombs) {
  EXPECT_THAT(FirstProblem("a: &a [x, x]\nb: &b [*a, *a]\n"), HasSubstr("2:8: YAML aliases"));
  EXPECT_THAT(FirstProblem("a: *nothing\n"), HasSubstr("1:4"));
}

TEST(ParseYaml, RefusesTagsAndSecondDocuments) {
  EXPECT_THAT(FirstProblem("a: !!python/object x\n"), HasSubstr("tags"));
  EXPECT_THAT(FirstProblem("a: 1\n---\nb: 2\n"), HasSubstr("second YAML document"));
}

TEST(ParseYaml, BoundsNestingOfEveryStyle) {
  for (const char* opener : {"[", "{a: ", "- ", "? "}) {
    std::string text;
    for (int i = 0; i < 5000; ++i) text += opener;
    EXPECT_FALSE(FirstProblem(text).empty()) << opener;
  }
  std::string indented;
  for (int i = 0; i < 300; ++i) indented += std::string(static_cast<size_t>(i), ' ') + "a:\n";
  EXPECT_THAT(FirstProblem(indented), HasSubstr("nested deeper than 64 levels"));
}

TEST(ParseYaml, RefusesBinaryAndOversizedText) {
  EXPECT_THAT(FirstProblem(std::string("a: 1\nb: \0c\n", 11)), HasSubstr("2:4: expected YAML text"));
  EXPECT_THAT(FirstProblem("a: \xff\xfe"), HasSubstr("1:4: expected UTF-8"));
  EXPECT_THAT(FirstProblem("\xff\xfe"
                           "a\0"),
              HasSubstr("1:1"));
  EXPECT_THAT(FirstProblem("a: \xe2\x82"), HasSubstr("expected UTF-8"));
  EXPECT_THAT(FirstProblem(std::string((1 << 20) + 1, 'a')), HasSubstr("at most 1048576 bytes"));
}

TEST(ParseYaml, SurvivesEveryTruncationOfARealText) {
  const std::string text =
      "a: {b: [1, \"two\", 'three'], c: |\n  block\n}\nd:\n  - &x e: f\n    g: >-\n      h\n? i\n: j\n";
  for (size_t length = 0; length <= text.size(); ++length) {
    EXPECT_NO_THROW(ParseYaml(text.substr(0, length))) << length;
  }
}

TEST(ParseYaml, ManyKeysTakeLinearTime) {
  std::string text;
  for (int i = 0; i < 60'000; ++i) text += "k" + std::to_string(i) + ": 1\n";
  EXPECT_EQ(ParseYaml(text).root.entries.size(), 60'000u);
}

TEST(ParseYaml, AcceptsAByteOrderMarkAndWindowsLineEnds) {
  const ParsedYaml parsed = ParseYaml(
      "\xEF\xBB\xBF"
      "a: 1\r\nb: 2\r\n");
  EXPECT_TRUE(parsed.problems.empty());
  EXPECT_EQ(parsed.root.Find("b")->value.text, "2");
  EXPECT_EQ(parsed.root.Find("b")->key_place.line, 2);
}

TEST(QuoteYaml, EveryTextReadsBackAsItself) {
  for (const std::string text : {"plain",
                                 "",
                                 "off",
                                 "No",
                                 "null",
                                 "~",
                                 "1:30",
                                 "0x10",
                                 "a: b",
                                 "# no comment",
                                 "tab\there",
                                 "line\nbreak",
                                 "quote\" and \\ back",
                                 " leading",
                                 "trailing ",
                                 "- dash",
                                 "ünïcode",
                                 "\x01",
                                 "@at",
                                 "*star",
                                 "{flow}",
                                 "y",
                                 "a@2"}) {
    const ParsedYaml parsed = ParseYaml("k: " + QuoteYaml(text) + "\nl: [" + QuoteYaml(text) + "]\n");
    ASSERT_TRUE(parsed.problems.empty()) << text;
    EXPECT_EQ(parsed.root.Find("k")->value.kind, YamlNode::Kind::kScalar) << text;
    EXPECT_EQ(parsed.root.Find("k")->value.text, text);
    EXPECT_EQ(parsed.root.Find("l")->value.items.at(0).text, text);
  }
}

}  // namespace
}  // namespace reelswap
