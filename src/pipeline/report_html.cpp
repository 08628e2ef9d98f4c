#include <fmt/format.h>

#include <array>
#include <cctype>
#include <cstdio>

#include "pipeline/report.h"
#include "pipeline/report_html_items.h"
#include "pipeline/report_style.h"
#include "pipeline/report_text.h"

namespace reelswap {
namespace {

// Nothing in the page may run or be submitted, whatever a title smuggled in; media stay allowed.
constexpr std::string_view kPolicy =
    "script-src 'none'; object-src 'none'; frame-src 'none'; base-uri 'none'; form-action 'none'";

ReportItems OfStage(const RunReport& report, std::string_view stage) {
  ReportItems items;
  for (const auto& item : report.items) {
    if (item.stage == stage) items.push_back(&item);
  }
  return items;
}

// "2026-11-20T02:14:05Z" as "20 November 2026, 02:14 UTC"; anything else as it is.
std::string ReadableTime(const std::string& utc) {
  constexpr std::array kMonths = {"January", "February", "March",     "April",   "May",      "June",
                                  "July",    "August",   "September", "October", "November", "December"};
  int year = 0, month = 0, day = 0, hour = 0, minute = 0;
  const int fields =
      std::sscanf(utc.c_str(), "%4d-%2d-%2d%*1[T ]%2d:%2d", &year, &month, &day, &hour, &minute);
  if (fields != 5 || month < 1 || month > 12) return OneLine(utc);
  return fmt::format("{} {} {}, {:02}:{:02} UTC", day, kMonths[static_cast<size_t>(month - 1)], year, hour,
                     minute);
}

std::string StageFact(const RunReport& report, const std::string& stage, std::string_view label) {
  const ReportCounts counts = CountItems(report.items, stage);
  if (counts.total() == 0) return "";
  return fmt::format("<span>{} {} of {}</span>", label, counts.done + counts.reused, counts.total());
}

std::string Header(const RunReport& report) {
  const ReportCounts counts = CountItems(report.items);
  const char* mood = counts.failed > 0                               ? "bad"
                     : counts.done + counts.reused == counts.total() ? "good"
                                                                     : "warn";
  std::string facts;
  if (!report.started_utc.empty())
    facts += fmt::format("<span>started {}</span>", EscapeHtml(ReadableTime(report.started_utc)));
  if (report.seconds > 0) facts += fmt::format("<span>took {}</span>", FormatDuration(report.seconds));
  facts += StageFact(report, "source", "sources") + StageFact(report, "train", "trainings") +
           StageFact(report, "target", "videos");
  std::string sentence = SummarySentence(counts);
  sentence[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(sentence[0])));
  const std::string project =
      report.project.empty() ? "Unnamed project" : EscapeHtml(OneLine(report.project));
  return fmt::format(
      "<header>\n<p class=\"kicker\">reelswap report</p>\n<h1><bdi>{}</bdi></h1>\n"
      "<p class=\"result {}\">{}</p>\n<p class=\"facts soft\">{}</p>\n</header>\n",
      project, mood, sentence, facts);
}

std::string PeopleSection(const RunReport& report) {
  if (report.consents.empty()) return "";
  std::string rows;
  for (const auto& [person, reference] : report.consents) {
    const std::string link = WebLink(reference);
    const std::string text = EscapeHtml(OneLine(reference));
    rows += fmt::format(
        "<div><dt>{}</dt><dd><bdi>{}</bdi></dd></div>\n", EscapeHtml(OneLine(person)),
        link.empty() ? text : fmt::format("<a href=\"{}\" rel=\"noreferrer noopener\">{}</a>", link, text));
  }
  return "<h2>People and their consent</h2>\n<dl class=\"people\">\n" + rows + "</dl>\n";
}

std::string Footer(const RunReport& report) {
  return fmt::format(
      "<footer>\n<p>Made by reelswap {}. The same facts for programs: <a "
      "href=\"report.json\">report.json</a>.</p>\n"
      "<p>Faces in the output videos are synthetic, and the videos are marked as such; "
      "keep the marks when you pass them on.</p>\n</footer>\n",
      EscapeHtml(OneLine(report.tool_version)));
}

}  // namespace

std::string ReportAsHtml(const RunReport& report, const std::filesystem::path& folder) {
  ReportItems all;
  ReportItems failed;
  for (const auto& item : report.items) {
    all.push_back(&item);
    if (item.state == ItemState::kFailed) failed.push_back(&item);
  }
  std::string page = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
      "<title>{}: {}</title>\n<style>{}</style>\n</head>\n<body>\n",
      kPolicy, EscapeHtml(OneLine(report.project)), SummarySentence(CountItems(report.items)), kReportStyle);
  page += Header(report) + "<main>\n";
  if (report.items.empty()) page += "<p class=\"soft\">This run had nothing to work on.</p>\n";
  page += FailuresSection(failed, folder) + WarningsSection(all, folder) + OutputsSection(all, folder) +
          SourcesSection(OfStage(report, "source"), folder) +
          TrainingSection(OfStage(report, "train"), folder) +
          TargetsSection(OfStage(report, "target"), folder) + ContactSheetsSection(all, folder) +
          PeopleSection(report);
  return page + "</main>\n" + Footer(report) + "</body>\n</html>\n";
}

}  // namespace reelswap
