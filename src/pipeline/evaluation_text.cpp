// An evaluation for people (table, page, sheet) and for programs (JSON).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>

#include "pipeline/evaluate.h"
#include "pipeline/report_style.h"
#include "pipeline/report_text.h"

namespace reelswap {
namespace {

using nlohmann::json;

/// A table: a header and rows of cells.
struct Table {
  std::string title;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::string note;  ///< what the columns mean
};

std::string Show(std::optional<double> value, int digits) {
  return value && std::isfinite(*value) ? fmt::format("{:.{}f}", *value, digits) : "-";
}

Table TruthTable(const std::vector<ActorDirection>& actors) {
  Table table{"against the truth (virtual actors)",
              {"swap", "quality", "transfer", "artefact", "ssim", "landmarks %", "flicker", "frames"}, {},
              "quality and transfer: 1 the truth, 0 nothing swapped; artefact: 0 nothing wrong; flicker: 1 as steady as "
              "the truth"};
  for (const ActorDirection& direction : actors) {
    const TruthScore& mean = direction.scores.mean;
    table.rows.push_back({fmt::format("{} as {}", direction.from, direction.to), Show(mean.quality, 3),
                          Show(mean.transfer, 3), Show(mean.artefact, 3), Show(mean.ssim, 3),
                          Show(direction.scores.landmark_error, 1), Show(direction.scores.flicker, 2),
                          std::to_string(direction.scores.frames)});
  }
  return table;
}

Table DirectionTable(const std::string& title, const std::vector<FootageDirection>& directions) {
  Table table{title,
              {"swap", "to shown", "to replaced", "margin", "retrieval", "pose deg", "expression %", "flicker", "frames"},
              {},
              "identity: distance to the shown and to the replaced person's faces, and the share nearer to the shown "
              "one; flicker: 1 as steady as the source"};
  for (const FootageDirection& d : directions) {
    table.rows.push_back({fmt::format("{} as {}", d.from, d.to), Show(d.identity_to, 3), Show(d.identity_from, 3),
                          Show(d.margin, 3), d.retrieval ? fmt::format("{:.0f} %", 100 * *d.retrieval) : "-",
                          Show(d.pose_degrees, 1), Show(d.expression_percent, 1), Show(d.flicker, 2),
                          std::to_string(d.frames)});
  }
  return table;
}

Table SelfTable(const std::vector<SelfReconstruction>& people, const std::vector<std::string>& perhaps_trained_on) {
  const auto from = [&](const SelfReconstruction& person) {
    const bool doubtful =
        std::find(perhaps_trained_on.begin(), perhaps_trained_on.end(), person.person) != perhaps_trained_on.end();
    if (doubtful) return "perhaps trained on";
    return person.same_clip ? "a part of a trained clip" : "clips never trained on";
  };
  Table table{"held-out faces through their own decoder", {"person", "ssim", "detail", "l1", "frames", "from"}, {},
              "detail: 0 a featureless face, 1 the picture itself"};
  for (const SelfReconstruction& person : people) {
    table.rows.push_back({person.person, Show(person.ssim, 3), Show(person.detail, 3), Show(person.l1, 4), std::to_string(person.frames),
                          from(person)});
  }
  return table;
}

std::vector<Table> Tables(const EvaluationReport& report) {
  std::vector<Table> tables;
  if (!report.model.actors.empty()) tables.push_back(TruthTable(report.model.actors));
  if (report.model.footage) {
    tables.push_back(DirectionTable("on held-out faces", report.model.footage->directions));
    tables.push_back(SelfTable(report.model.footage->people, report.perhaps_trained_on));
  }
  if (report.video) {
    tables.push_back(DirectionTable("against the original", {report.video->direction}));
    tables.back().note += fmt::format(". {} frames without a face, {} left unswapped",
                                      report.video->frames_without_face, report.video->frames_unswapped);
  }
  return tables;
}

std::string TextOf(const Table& table) {
  std::vector<size_t> widths(table.header.size(), 0);
  const auto widen = [&](const std::vector<std::string>& cells) {
    for (size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], cells[i].size());
  };
  widen(table.header);
  for (const auto& row : table.rows) widen(row);
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text = " ";
    for (size_t i = 0; i < cells.size(); ++i) {
      text += i == 0 ? fmt::format(" {:<{}}", cells[i], widths[i]) : fmt::format("  {:>{}}", cells[i], widths[i]);
    }
    return text + "\n";
  };
  std::string text = "\n" + table.title + "\n" + line(table.header);
  for (const auto& row : table.rows) text += line(row);
  if (!table.note.empty()) text += "  (" + table.note + ")\n";
  return text;
}

std::string HtmlOf(const Table& table) {
  const auto line = [](const std::vector<std::string>& cells, const char* tag) {
    std::string row = "<tr>";
    for (size_t i = 0; i < cells.size(); ++i) {
      row += fmt::format("<{0}{1}>{2}</{0}>", tag, i > 0 ? " class=\"n\"" : "", EscapeHtml(cells[i]));
    }
    return row + "</tr>\n";
  };
  std::string html = "<div class=\"card\">\n<h3>" + EscapeHtml(table.title) + "</h3>\n<table>\n<thead>" +
                     line(table.header, "th") + "</thead>\n<tbody>\n";
  for (const auto& row : table.rows) html += line(row, "td");
  return html + "</tbody>\n</table>\n<p class=\"soft\">" + EscapeHtml(table.note) + "</p>\n</div>\n";
}

std::string Headline(const EvaluationReport& report) {
  std::string text = report.subject;
  if (report.iterations > 0) text += fmt::format(", {} iterations", FormatCount(static_cast<double>(report.iterations)));
  if (report.model.score) text += fmt::format(": score {:.3f}", *report.model.score);
  if (!report.perhaps_trained_on.empty()) text += " (perhaps of faces it was trained on, see the warnings)";
  return text;
}

json Numbers(const EvaluationReport& report) {
  json numbers = json::object();
  auto all = report.model.Numbers();
  if (report.video) all = report.video->Numbers();
  for (const auto& [name, value] : all) {
    if (std::isfinite(value)) numbers[name] = value;
  }
  return numbers;
}

}  // namespace

std::string EvaluationAsJson(const EvaluationReport& report, int indent) {
  json j;
  j["subject"] = report.subject;
  j["project"] = report.project;
  j["created"] = report.created_utc;
  if (report.iterations > 0) j["iterations"] = report.iterations;
  j["score"] = report.model.score ? json(*report.model.score) : json(nullptr);
  j["numbers"] = Numbers(report);
  j["warnings"] = report.warnings;
  if (!report.perhaps_trained_on.empty()) j["perhaps_trained_on"] = report.perhaps_trained_on;
  j["sheet"] = (report.folder / "sheet.png").string();
  return j.dump(indent, ' ', false, json::error_handler_t::replace);
}

std::string FormatEvaluation(const EvaluationReport& report) {
  std::string text = OneLine(Headline(report)) + "\n";
  for (const Table& table : Tables(report)) text += TextOf(table);
  for (const std::string& warning : report.warnings) text += "\nwarning: " + OneLine(warning);
  return text + (report.warnings.empty() ? "\n" : "\n\n") + "pictures: " + (report.folder / "sheet.png").string() + "\n";
}

std::string EvaluationAsHtml(const EvaluationReport& report) {
  std::string html = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>" +
                     EscapeHtml(OneLine(report.subject)) + "</title>\n<style>" + std::string(kReportStyle) +
                     "</style>\n</head>\n<body>\n<main>\n<h1>" + EscapeHtml(OneLine(Headline(report))) + "</h1>\n";
  for (const Table& table : Tables(report)) html += HtmlOf(table);
  for (const std::string& warning : report.warnings) {
    html += "<section class=\"notice\"><p>" + EscapeHtml(OneLine(warning)) + "</p></section>\n";
  }
  return html + "<p><img src=\"sheet.png\" alt=\"best, median and worst frames: target, swap, truth\" "
                "style=\"max-width:100%\"></p>\n</main>\n</body>\n</html>\n";
}

cv::Mat EvaluationSheet(const std::vector<ProjectTrial::Row>& rows) {
  constexpr int kSide = 256, kCaption = 24;  // px
  const auto count = static_cast<int>(std::max<size_t>(rows.size(), 1));
  cv::Mat sheet(kCaption + count * (kSide + kCaption), 3 * kSide, CV_8UC3, cv::Scalar(32, 30, 28));
  const auto write = [&](const std::string& text, int x, int y) {
    cv::putText(sheet, text, {x + 6, y + 16}, cv::FONT_HERSHEY_SIMPLEX, 0.42, cv::Scalar(225, 225, 225), 1, cv::LINE_AA);
  };
  write("target", 0, 0);
  write("swap", kSide, 0);
  write("truth, or nearest known face", 2 * kSide, 0);
  for (size_t r = 0; r < rows.size(); ++r) {
    const int top = kCaption + static_cast<int>(r) * (kSide + kCaption);
    write(rows[r].caption, 0, top);
    int column = 0;
    for (const cv::Mat* picture : {&rows[r].target, &rows[r].swapped, &rows[r].truth}) {
      const int left = kSide * column++;
      if (picture->empty()) continue;
      const double scale = static_cast<double>(kSide) / std::max(picture->cols, picture->rows);
      cv::Mat tile;
      cv::resize(*picture, tile, {}, scale, scale, scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
      tile.copyTo(sheet({left, top + kCaption, std::min(tile.cols, kSide), std::min(tile.rows, kSide)}));
    }
  }
  return sheet;
}

}  // namespace reelswap
