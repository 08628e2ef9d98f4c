#include "model/history_csv.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <set>

namespace reelswap {
namespace {

std::string Quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

std::string Cell(const std::map<std::string, double>& numbers, const std::string& name) {
  const auto found = numbers.find(name);
  return found == numbers.end() || !std::isfinite(found->second) ? "" : fmt::format("{:.6g}", found->second);
}

struct Row {
  double seconds = 0;
  std::map<std::string, double> loss;
  std::map<std::string, double> score;
};

}  // namespace

std::string HistoryCsv(const std::vector<HistoryPoint>& history, const std::vector<ScorePoint>& scores,
                       const std::vector<std::string>& people) {
  std::map<int64_t, Row> rows;
  for (const HistoryPoint& point : history) rows[point.iteration] = {point.seconds, point.loss, {}};
  std::set<std::string> names;
  for (const ScorePoint& point : scores) {
    Row& row = rows[point.iteration];
    row.seconds = point.seconds;
    row.score = point.result.numbers;
    for (const auto& [name, value] : point.result.numbers) names.insert(name);
    row.score["score"] = point.result.score;
  }
  names.erase("score");

  std::string csv = "iteration,seconds";
  for (const std::string& person : people) csv += ',' + Quoted("loss " + person);
  if (!scores.empty()) csv += ",score";
  for (const std::string& name : names) csv += ',' + Quoted(name);
  csv += '\n';
  for (const auto& [iteration, row] : rows) {
    csv += fmt::format("{},{:.2f}", iteration, row.seconds);
    for (const std::string& person : people) csv += ',' + Cell(row.loss, person);
    if (!scores.empty()) csv += ',' + Cell(row.score, "score");
    for (const std::string& name : names) csv += ',' + Cell(row.score, name);
    csv += '\n';
  }
  return csv;
}

}  // namespace reelswap
