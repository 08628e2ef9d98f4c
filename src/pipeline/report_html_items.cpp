#include "pipeline/report_html_items.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "pipeline/report_text.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;

// A browser opens every embedded video at once; past this many only the chosen one is read.
constexpr int kEagerVideos = 24;
// Longer tables start folded so that what follows stays within reach.
constexpr size_t kFoldedRows = 40;
constexpr size_t kFoldedNotes = 12;
constexpr size_t kStageColours = 8;
constexpr std::string_view kPerSecond = "_per_second";

std::string Name(std::string_view text) { return "<bdi>" + EscapeHtml(OneLine(text)) + "</bdi>"; }

std::string WithSpaces(std::string text) {
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

bool EndsWith(const std::string& text, std::string_view end) { return std::string_view(text).ends_with(end); }

bool HasExtension(const fs::path& path, std::initializer_list<std::string_view> extensions) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return std::find(extensions.begin(), extensions.end(), extension) != extensions.end();
}
bool IsVideo(const fs::path& path) { return HasExtension(path, {".mp4", ".m4v", ".mov", ".mkv", ".webm"}); }
bool IsPicture(const fs::path& path) {
  return HasExtension(path, {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".avif"});
}
bool IsContactSheet(const fs::path& path) {
  return EndsWith(path.stem().string(), "_kept") || EndsWith(path.stem().string(), "_rejected");
}

std::string FileLink(const fs::path& path, const fs::path& folder) {
  return fmt::format("<a href=\"{}\">{}</a>", RelativeLink(path, folder), Name(path.filename().string()));
}

// The location as a link where it is a web address or a file that is there, else as text.
std::string Location(const std::string& location, const fs::path& folder) {
  if (const std::string link = WebLink(location); !link.empty()) {
    return fmt::format("<a href=\"{}\" rel=\"noreferrer noopener\">{}</a>", link, Name(location));
  }
  std::error_code ignored;  // a location that cannot be looked at is shown as text
  const fs::path path(location);
  if (path.is_absolute() && fs::is_regular_file(path, ignored)) {
    return fmt::format("<a href=\"{}\">{}</a>", RelativeLink(path, folder), Name(location));
  }
  return Name(location);
}

std::string Picture(const fs::path& path, const fs::path& folder, const std::string& caption) {
  const std::string link = RelativeLink(path, folder);
  return fmt::format(
      "<figure><a href=\"{0}\"><img src=\"{0}\" alt=\"{1}\" "
      "loading=\"lazy\"></a><figcaption>{1}</figcaption></figure>\n",
      link, caption);
}

std::string Caption(const fs::path& path) { return EscapeHtml(OneLine(WithSpaces(path.stem().string()))); }

// The location below a name, where it says more than the name.
std::string LocationLine(const ReportItem& item, const fs::path& folder) {
  if (item.location.empty() || item.location == item.name) return "";
  return "<p class=\"small soft\">" + Location(item.location, folder) + "</p>\n";
}

// An item's pictures but for contact sheets, which have a section of their own. Sheets and plots need the whole width.
std::string OwnPictures(const ReportItem& item, const fs::path& folder) {
  std::string wide, pictures, files;
  for (const auto& path : item.pictures) {
    if (IsContactSheet(path)) continue;
    if (!IsPicture(path)) {
      files += "<p class=\"small\">" + FileLink(path, folder) + "</p>\n";
    } else if (EndsWith(path.stem().string(), "_worst")) {
      wide += Picture(path, folder, "The worst frames: " + Caption(path));
    } else if (EndsWith(path.stem().string(), "_quality")) {
      wide += Picture(path, folder, "Over time: " + Caption(path));
    } else {
      pictures += Picture(path, folder, Caption(path));
    }
  }
  if (!pictures.empty()) pictures = "<div class=\"pictures\">" + pictures + "</div>\n";
  return wide + pictures + files;
}

std::string NoteList(const ReportItem& item) {
  if (item.notes.empty()) return "";
  std::string list;
  for (const std::string& note : item.notes) list += "<li>" + EscapeHtml(OneLine(note)) + "</li>\n";
  list = "<ul class=\"small\">\n" + list + "</ul>\n";
  if (item.notes.size() <= kFoldedNotes) return list;
  return fmt::format("<details><summary>Show all {} notes</summary>\n{}</details>\n", item.notes.size(), list);
}

std::string State(ItemState state) {
  switch (state) {
    case ItemState::kDone:
      return "<span class=\"good\">done</span>";
    case ItemState::kReused:
      return "<span class=\"good\">done earlier</span>";
    case ItemState::kFailed:
      return "<span class=\"bad\">failed</span>";
    case ItemState::kCancelled:
      return "<span class=\"warn\">interrupted</span>";
    case ItemState::kPending:
      return "<span class=\"warn\">not started</span>";
  }
  return "";
}

std::string StageWord(const std::string& stage) {
  if (stage == "source") return "Source";
  if (stage == "train") return "Training";
  if (stage == "target") return "Video";
  return EscapeHtml(OneLine(stage));
}

std::string NumberText(const std::string& key, double value) {
  if (EndsWith(key, "seconds")) return FormatDuration(value);
  if (EndsWith(key, "bytes")) return FormatBytes(value);
  if (EndsWith(key, kPerSecond)) {
    const std::string unit = key.substr(0, key.size() - kPerSecond.size());
    return FormatQuantity(value) + " " + EscapeHtml(OneLine(WithSpaces(unit))) + "/s";
  }
  return FormatQuantity(value);
}

std::string NumberLabel(std::string key) {
  if (key == "seconds") return "time";
  if (EndsWith(key, kPerSecond)) return "speed";
  for (const std::string_view end : {"_seconds", "_bytes"}) {
    if (EndsWith(key, end)) key.resize(key.size() - end.size());
  }
  return EscapeHtml(OneLine(WithSpaces(key)));
}

// All numbers of an item but those named; the ones in `first` lead.
std::string NumberList(const std::map<std::string, double>& numbers, const std::vector<std::string>& first) {
  std::string rows;
  const auto add = [&](const std::string& key, double value) {
    rows += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", NumberLabel(key), NumberText(key, value));
  };
  for (const auto& key : first) {
    if (const auto found = numbers.find(key); found != numbers.end()) add(key, found->second);
  }
  for (const auto& [key, value] : numbers) {
    if (std::find(first.begin(), first.end(), key) == first.end()) add(key, value);
  }
  return rows.empty() ? "" : "<dl>" + rows + "</dl>\n";
}

// Core-milliseconds that each stage takes of a frame, with the sum.
std::string StageTable(const std::vector<std::pair<std::string, double>>& stages, double total, double frames) {
  std::string rows;
  for (size_t i = 0; i < stages.size(); ++i) {
    const auto& [stage, seconds] = stages[i];
    rows += fmt::format(
        "<tr><td><span class=\"key\"><i class=\"c{}\"></i>{}</span></td><td class=\"n\" data-label=\"share\">{:.0f}&nbsp;%"
        "</td><td class=\"n\" data-label=\"core-ms/frame\">{:.3g}</td></tr>\n",
        std::min(i, kStageColours - 1), EscapeHtml(OneLine(WithSpaces(stage))), 100 * seconds / total,
        1000 * seconds / frames);
  }
  return fmt::format(
      "<table class=\"stages\">\n<thead><tr><th>Stage</th><th class=\"n\">Share</th><th class=\"n\">Core-ms per "
      "frame</th></tr></thead>\n<tbody>\n{}</tbody>\n<tfoot><tr><td>All</td><td></td><td class=\"n\" "
      "data-label=\"core-ms/frame\">{:.3g}</td></tr></tfoot>\n</table>\n",
      rows, 1000 * total / frames);
}

// Where the time went: a bar of shares and its key or, where frames are known, a table; largest share first.
std::string StageTimes(const ReportItem& item) {
  std::vector<std::pair<std::string, double>> stages;
  double total = 0;
  for (const auto& [stage, seconds] : item.stage_seconds) {
    if (!(seconds > 0) || seconds > 1e12) continue;  // nothing to draw, NaN included
    stages.emplace_back(stage, seconds);
    total += seconds;
  }
  if (stages.empty()) return "";
  std::stable_sort(stages.begin(), stages.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  const auto frames = item.numbers.find("frames");
  const bool per_frame = frames != item.numbers.end() && frames->second > 0;
  std::string bar, key;
  for (size_t i = 0; i < stages.size(); ++i) {
    const auto& [stage, seconds] = stages[i];
    const size_t colour = std::min(i, kStageColours - 1);
    const double share = 100 * seconds / total;
    bar += fmt::format("<i class=\"c{}\" style=\"flex:{:.2f}\"></i>", colour, share);
    key += fmt::format(
        "<span class=\"key\"><i class=\"c{}\"></i>{} <span class=\"soft\">{:.0f}&nbsp;%, {}</span></span> ",
        colour, EscapeHtml(OneLine(WithSpaces(stage))), share, FormatDuration(seconds));
  }
  bar = "<div class=\"bar\">" + bar + "</div>\n";
  return bar + (per_frame ? StageTable(stages, total, frames->second) : "<p>" + key + "</p>\n");
}

std::string Cell(std::string_view label, std::string_view style, const std::string& content) {
  return fmt::format("<td class=\"{}\" data-label=\"{}\">{}</td>", style, label, content);
}

std::string CountCell(std::string_view label, int64_t count) {
  return Cell(label, "n", FormatCount(static_cast<double>(count)));
}

std::string Rejections(const SourceTally& tally) {
  std::vector<std::pair<std::string, int64_t>> reasons(tally.rejected.begin(), tally.rejected.end());
  std::stable_sort(reasons.begin(), reasons.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string chips;
  for (const auto& [reason, count] : reasons) {
    if (count == 0) continue;
    chips += fmt::format("<span class=\"chip\">{} {}</span> ", FormatCount(static_cast<double>(count)),
                         EscapeHtml(OneLine(WithSpaces(reason))));
  }
  return chips;
}

std::string TallyCells(const SourceTally& tally) {
  if (tally.frames_decoded == 0 && tally.faces_found == 0)
    return "<td></td><td></td><td></td><td></td><td></td>";
  return CountCell("frames", tally.frames_decoded) + CountCell("sampled", tally.frames_sampled) +
         CountCell("faces", tally.faces_found) + CountCell("kept", tally.faces_kept) +
         Cell("rejected", "", "<span>" + Rejections(tally) + "</span>");
}

void AddTo(SourceTally& sum, const SourceTally& tally) {
  sum.frames_decoded += tally.frames_decoded;
  sum.frames_sampled += tally.frames_sampled;
  sum.faces_found += tally.faces_found;
  sum.faces_kept += tally.faces_kept;
  for (const auto& [reason, count] : tally.rejected) sum.rejected[reason] += count;
}

std::vector<std::string> PeopleOf(const ReportItems& sources) {
  std::vector<std::string> people;
  for (const auto* source : sources) {
    if (std::find(people.begin(), people.end(), source->person) == people.end())
      people.push_back(source->person);
  }
  return people;
}

std::string SourceTable(const ReportItems& sources, const std::string& person, const fs::path& folder) {
  std::string rows;
  SourceTally sum;
  size_t count = 0;
  for (const auto* source : sources) {
    if (source->person != person) continue;
    ++count;
    AddTo(sum, source->tally);
    const std::string location =
        source->location.empty() || source->location == source->name
            ? ""
            : "<br><span class=\"small soft\">" + Location(source->location, folder) + "</span>";
    rows += "<tr><td><span>" + Name(source->name) + location + "</span></td>" +
            Cell("state", "state", State(source->state)) + TallyCells(source->tally) + "</tr>\n";
  }
  const std::string heading = fmt::format("{}{} from {}", person.empty() ? "" : Name(person) + ": ",
                                          CountOf(static_cast<double>(sum.faces_kept), "face"),
                                          CountOf(static_cast<double>(count), "source"));
  const std::string total =
      count < 2 ? "" : "<tfoot><tr><td>All</td><td></td>" + TallyCells(sum) + "</tr></tfoot>\n";
  const std::string table =
      "<table>\n<thead><tr><th>Source</th><th>State</th><th class=\"n\">Frames</th><th "
      "class=\"n\">Sampled</th>"
      "<th class=\"n\">Faces</th><th class=\"n\">Kept</th><th>Rejected</th></tr></thead>\n<tbody>\n" +
      rows + "</tbody>\n" + total + "</table>\n";
  const std::string body =
      count <= kFoldedRows
          ? table
          : fmt::format("<details><summary>Show all {} sources</summary>\n{}</details>\n", count, table);
  return "<div class=\"card\">\n<h3>" + heading + "</h3>\n" + body + "</div>\n";
}

std::string Notice(const ReportItem& item, const fs::path& folder, std::string_view kind,
                   const std::string& body) {
  return fmt::format("<section class=\"notice{}\">\n<h3>{} {}</h3>\n{}{}</section>\n", kind,
                     StageWord(item.stage), Name(item.name), body, LocationLine(item, folder));
}

std::string MediaFigure(const fs::path& path, const fs::path& folder, int videos_before) {
  const std::string link = RelativeLink(path, folder);
  if (IsVideo(path)) {
    return fmt::format(
        "<figure><video controls preload=\"{}\" src=\"{}\"></video><figcaption>{}</figcaption></figure>\n",
        videos_before < kEagerVideos ? "metadata" : "none", link, FileLink(path, folder));
  }
  return fmt::format(
      "<figure><a href=\"{0}\"><img src=\"{0}\" alt=\"\" "
      "loading=\"lazy\"></a><figcaption>{1}</figcaption></figure>\n",
      link, FileLink(path, folder));
}

}  // namespace

std::string FailuresSection(const ReportItems& failed, const fs::path& folder) {
  if (failed.empty()) return "";
  std::string html = "<h2 class=\"bad\">What failed</h2>\n";
  for (const auto* item : failed) {
    const ErrorParts parts = SplitCure(item->error);
    const std::string sentence =
        parts.sentence.empty() ? "no reason was recorded (see run.log)" : EscapeHtml(parts.sentence);
    html += Notice(*item, folder, "",
                   "<p>" + sentence + "</p>\n" +
                       (parts.cure.empty() ? "" : "<p class=\"cure\">" + EscapeHtml(parts.cure) + "</p>\n"));
  }
  return html;
}

std::string WarningsSection(const ReportItems& items, const fs::path& folder) {
  std::string html;
  for (const auto* item : items) {
    std::string body;
    for (const auto& warning : std::set<std::string>{item->warning, item->tally.warning}) {
      if (!warning.empty()) body += "<p>" + EscapeHtml(warning) + "</p>\n";
    }
    if (!body.empty()) html += Notice(*item, folder, " warning", body);
  }
  return html.empty() ? "" : "<h2 class=\"warn\">Worth a look</h2>\n" + html;
}

std::string OutputsSection(const ReportItems& items, const fs::path& folder) {
  std::string cards, other_files;
  int videos = 0;
  for (const auto* item : items) {
    std::string media;
    for (const auto& path : item->outputs) {
      if (IsVideo(path) || IsPicture(path)) {
        media += MediaFigure(path, folder, videos);
        videos += IsVideo(path) ? 1 : 0;
      } else {
        other_files += "<p>" + StageWord(item->stage) + " " + Name(item->name) + ": " +
                       FileLink(path, folder) + "</p>\n";
      }
    }
    if (!media.empty()) {
      cards += "<section class=\"card\"><h3>" + Name(item->name) + "</h3>\n<div class=\"pictures\">" + media +
               "</div></section>\n";
    }
  }
  return cards.empty() && other_files.empty() ? "" : "<h2>Output</h2>\n" + cards + other_files;
}

std::string SourcesSection(const ReportItems& sources, const fs::path& folder) {
  if (sources.empty()) return "";
  std::string html = "<h2>Sources</h2>\n";
  for (const auto& person : PeopleOf(sources)) html += SourceTable(sources, person, folder);
  return html;
}

std::string TrainingSection(const ReportItems& trainings, const fs::path& folder) {
  std::string html;
  for (const auto* item : trainings) {
    html += "<section class=\"card\"><h3>" + Name(item->name) + " <span class=\"small\">" +
            State(item->state) + "</span></h3>\n" +
            NumberList(item->numbers, {"iterations", "score", "best_iteration", "images_per_second", "seconds"}) +
            NoteList(*item) + StageTimes(*item) +
            OwnPictures(*item, folder) + "</section>\n";
  }
  return html.empty() ? "" : "<h2>Training</h2>\n" + html;
}

std::string TargetsSection(const ReportItems& targets, const fs::path& folder) {
  std::string html;
  for (const auto* item : targets) {
    html += "<section class=\"card\"><h3>" + Name(item->name) + " <span class=\"small\">" +
            State(item->state) + "</span></h3>\n" + LocationLine(*item, folder) +
            NumberList(item->numbers, {"frames", "frames_per_second", "seconds", "frames_with_swap", "unswapped", "filled",
                                       "repaired", "faded", "occluded", "seam", "flicker_ratio"}) +
            NoteList(*item) + StageTimes(*item) + OwnPictures(*item, folder) + "</section>\n";
  }
  return html.empty() ? "" : "<h2>Videos</h2>\n" + html;
}

std::string ContactSheetsSection(const ReportItems& items, const fs::path& folder) {
  std::string figures;
  std::set<fs::path> shown;  // one sheet may be named by several items
  for (const auto* item : items) {
    for (const auto& path : item->pictures) {
      const bool elsewhere = item->stage == "train" || item->stage == "target";
      if ((elsewhere && !IsContactSheet(path)) || !shown.insert(path.lexically_normal()).second) continue;
      figures += Picture(path, folder, Caption(path));
    }
  }
  return figures.empty() ? "" : "<h2>Faces</h2>\n<div class=\"pictures\">\n" + figures + "</div>\n";
}

}  // namespace reelswap
