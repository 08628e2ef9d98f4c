#include "fetch/page_download.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <system_error>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "fetch/http_answer.h"
#include "fetch/http_download.h"
#include "fetch/media_kind.h"
#include "fetch/process.h"
#include "fetch/retry.h"
#include "fetch/url.h"
#include "fetch/ytdlp_output.h"

namespace reelswap {

namespace fs = std::filesystem;

namespace {

// yt-dlp retries the transfer by itself; whole runs are dear, so three are enough.
constexpr int kLargestRuns = 3;

/// An empty home: no configuration, plugin or cache of the user's reaches yt-dlp.
class PrivateHome {
 public:
  PrivateHome() {
    std::error_code failed;
    std::string pattern = (fs::temp_directory_path(failed) / "reelswap_home_XXXXXX").string();
    if (failed || ::mkdtemp(pattern.data()) == nullptr) {
      throw Error(ErrorKind::kDisk, "cannot make a temporary folder " + pattern + ": " +
                                        std::generic_category().message(failed ? failed.value() : errno));
    }
    folder_ = pattern;
  }
  PrivateHome(const PrivateHome&) = delete;
  PrivateHome& operator=(const PrivateHome&) = delete;
  ~PrivateHome() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  const fs::path& folder() const { return folder_; }

 private:
  fs::path folder_;
};

std::map<std::string, std::string> CleanEnvironment(const fs::path& home) {
  std::map<std::string, std::string> environment{{"PATH", SearchPath()},
                                                 {"HOME", home.string()},
                                                 {"XDG_CONFIG_HOME", home.string()},
                                                 {"XDG_CACHE_HOME", home.string()},
                                                 {"XDG_DATA_HOME", home.string()},
                                                 {"TMPDIR", home.string()},
                                                 {"LC_ALL", "C.UTF-8"},
                                                 {"PYTHONUNBUFFERED", "1"}};
  for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY",
                           "SSL_CERT_FILE", "SSL_CERT_DIR"}) {
    if (const char* value = std::getenv(name)) environment[name] = value;
  }
  std::string no_proxy = "127.0.0.1,localhost,::1";
  for (const char* name : {"no_proxy", "NO_PROXY"}) {
    if (const char* value = std::getenv(name)) no_proxy += std::string(",") + value;
  }
  environment["no_proxy"] = no_proxy;
  return environment;
}

/// H.264 in MP4 is what every player and editor takes; anything else as the site has it. Two
/// streams can only be joined where there is an ffmpeg.
std::string FormatChoice() {
  if (FindProgram("ffmpeg", SearchPath())) {
    return "bestvideo[vcodec^=avc1]+bestaudio[ext=m4a]/best[vcodec^=avc1][ext=mp4]/bestvideo*+bestaudio/best";
  }
  return "best[vcodec^=avc1][ext=mp4]/best";
}

class PageDownload {
 public:
  PageDownload(const std::string& url, const fs::path& folder, const FetchOptions& options,
               FetchProgress& progress, std::stop_token stop)
      : url_(url),
        shown_(RedactedUrl(url)),
        folder_(folder / "download"),
        options_(options),
        progress_(progress),
        stop_(std::move(stop)) {}

  /// Runs yt-dlp until it has brought a file; gives that file, inside folder/download.
  fs::path Run() {
    RetrySchedule schedule(std::min(options_.max_attempts, kLargestRuns), options_.first_backoff_seconds);
    for (;;) {
      PrepareFolder();
      const ProcessResult result = RunOnce();
      ThrowIfStopped(stop_, shown_);
      if (result.exit_code == 0 && output_.finished()) return CheckedFile();
      ThrowIfTooLarge(result);
      if (result.exit_code == 0) Fail(NothingBrought());
      const YtDlpFailure failure = ExplainYtDlpFailure(Clean(result.stderr_text));
      const double wait = schedule.NextWaitSeconds(0);
      if (!failure.transient || !schedule.MayRetry()) Fail(failure);
      LogInfo(fmt::format("{}: {}; again in {:.1f} s", shown_, failure.reason, wait));
      progress_.Note(fmt::format("{}, again in {:.1f} s", failure.reason, wait));
      WaitUnlessStopped(wait, stop_);
      ThrowIfStopped(stop_, shown_);
    }
  }

  const YtDlpOutput& output() const { return output_; }

  void RemoveFolder() const {
    std::error_code failed;
    fs::remove_all(folder_, failed);
    if (failed) LogWarning("cannot remove " + folder_.string() + ": " + failed.message());
  }

 private:
  /// yt-dlp resumes without If-Range: with a file that changed meanwhile the result is a corrupt
  /// mixture and no error. Sites give every format of a video a name of its own, so their parts are kept;
  /// those of plain files ("generic") are not.
  void PrepareFolder() const {
    std::error_code failed;
    const bool known_site = fs::exists(folder_ / kSiteMark, failed);
    if (!known_site) fs::remove_all(folder_, failed);
    fs::create_directories(folder_, failed);
    if (failed) throw Error(ErrorKind::kDisk, "cannot make " + folder_.string() + ": " + failed.message());
  }

  void NoteSite() const {
    std::error_code ignored;
    if (output_.extractor().empty() || output_.extractor() == "Generic" ||
        fs::exists(folder_ / kSiteMark, ignored)) {
      return;
    }
    WriteFileAtomically(folder_ / kSiteMark, output_.extractor() + "\n");
  }

  ProcessResult RunOnce() {
    output_ = {};
    const PrivateHome home;
    ProcessOptions run;
    run.argv = Arguments(home.folder());
    run.environment = CleanEnvironment(home.folder());
    run.working_folder = folder_;
    run.max_file_bytes = options_.max_bytes;
    run.on_stdout_line = [this](const std::string& line) { TakeLine(line); };
    const ProcessResult result = RunProcess(run, stop_);
    if (!result.started) {
      throw Error(
          ErrorKind::kMissingTool,
          fmt::format("{} is a page and needs yt-dlp, but {} cannot be started ({}): apt-get install yt-dlp, "
                      "or for a newer one pipx install yt-dlp, and name it in download.ytdlp",
                      shown_, options_.ytdlp_program, result.stderr_text));
    }
    return result;
  }

  std::vector<std::string> Arguments(const fs::path& home) const {
    const auto seconds = [](double value) { return std::to_string(std::max(1L, std::lround(value))); };
    std::vector<std::string> words{
        options_.ytdlp_program, "--no-config", "--no-cache-dir", "--no-mtime", "--no-playlist",
        "--playlist-items", "1", "--restrict-filenames", "--socket-timeout", seconds(options_.stall_seconds),
        "--retries", std::to_string(std::max(1, options_.max_attempts)), "--fragment-retries",
        std::to_string(std::max(1, options_.max_attempts)), "--max-filesize",
        std::to_string(options_.max_bytes), "--format", FormatChoice(), "--merge-output-format", "mp4/mkv",
        // Relative to its working folder: neither title nor folder name is part of a template.
        "--output", "media.%(ext)s"};
    for (std::string& word : YtDlpOutput::PrintOptions()) words.push_back(std::move(word));
    if (options_.cookies) {
      // A copy: yt-dlp writes the cookies back when it ends, and the user's file is not ours to change.
      const fs::path copy = home / "cookies.txt";
      std::error_code failed;
      fs::copy_file(*options_.cookies, copy, failed);
      fs::permissions(copy, fs::perms::owner_read | fs::perms::owner_write, failed);
      words.insert(words.end(), {"--cookies", copy.string()});
    }
    words.insert(words.end(), {"--", url_});
    return words;
  }

  void TakeLine(const std::string& line) {
    output_.AddLine(line);
    if (output_.announced()) NoteSite();
    if (options_.max_minutes > 0 && output_.duration_seconds() > options_.max_minutes * 60) {
      throw Error(
          ErrorKind::kNetwork,
          fmt::format("{} lasts {:.1f} minutes, past the limit of {:g} (raise limits.max_download_minutes to "
                      "take it)",
                      shown_, output_.duration_seconds() / 60, options_.max_minutes));
    }
    if (std::max(output_.received_bytes(), output_.total_bytes()) > options_.max_bytes) ThrowTooLarge();
    if (output_.received_bytes() > 0) {
      progress_.Received(output_.received_bytes(), output_.total_bytes(), output_.bytes_per_second());
    }
  }

  /// The size limits that yt-dlp (exit code 0!) and the kernel hold.
  void ThrowIfTooLarge(const ProcessResult& result) const {
    const bool refused = result.exit_code == 0 && output_.announced();
    const bool cut = result.exit_code != 0 && result.stderr_text.find("File too large") != std::string::npos;
    if (refused || cut) ThrowTooLarge();
  }

  [[noreturn]] void ThrowTooLarge() const {
    RemoveFolder();
    throw Error(ErrorKind::kNetwork, fmt::format("{} is past the limit of {:.1f} MB for one file (raise "
                                                 "limits.max_download_gb to take it)",
                                                 shown_, options_.max_bytes / 1e6));
  }

  static YtDlpFailure NothingBrought() {
    YtDlpFailure failure;
    failure.reason = "yt-dlp ended without an error and without a file";
    failure.cure = "is there a video on this page?";
    return failure;
  }

  [[noreturn]] void Fail(const YtDlpFailure& failure) const {
    const std::string cure = failure.cure.empty() ? "" : " (" + failure.cure + ")";
    throw Error(failure.kind, fmt::format("cannot download {}: {}{}", shown_, failure.reason, cure));
  }

  /// Without what must not be seen: passwords and tokens of the URL, the cookie file.
  std::string Clean(std::string text) const {
    text = WithoutSecrets(std::move(text), url_);
    if (!options_.cookies) return text;
    const std::string path = options_.cookies->string();
    for (size_t at = text.find(path); at != std::string::npos; at = text.find(path)) {
      text.replace(at, path.size(), "[cookies]");
    }
    return text;
  }

  /// The file that yt-dlp claims to have written: a regular one, not empty, truly inside our folder.
  fs::path CheckedFile() const {
    std::error_code failed;
    const fs::path claimed = folder_ / output_.file();
    const fs::path file = fs::canonical(claimed, failed);
    const fs::path home = failed ? fs::path{} : fs::canonical(folder_, failed);
    YtDlpFailure failure;
    failure.cure = "check the installed yt-dlp";
    if (failed) {
      failure.reason = "yt-dlp reports success but its file is not there";
      Fail(failure);
    }
    if (file.parent_path() != home || !fs::is_regular_file(fs::symlink_status(claimed, failed))) {
      failure.reason = "yt-dlp wrote outside of the folder it was given";
      Fail(failure);
    }
    if (fs::file_size(file, failed) == 0 || failed) {
      failure.reason = "yt-dlp brought an empty file";
      failure.cure = "run again later";
      Fail(failure);
    }
    return file;
  }

  static constexpr const char* kSiteMark = "site.txt";

  std::string url_;
  std::string shown_;
  fs::path folder_;
  const FetchOptions& options_;
  FetchProgress& progress_;
  std::stop_token stop_;
  YtDlpOutput output_;
};

/// Extension for the final name: from the whitelist, or what the content says.
std::string SafeExtension(const fs::path& file, const std::string& head, const std::string& shown) {
  std::string extension = MediaExtensionOf(file.filename().string());
  if (extension.empty()) extension = ExtensionFromFirstBytes(head);
  if (extension.empty()) {
    throw Error(ErrorKind::kNetwork, shown + " gave a file that is no video known to us (" +
                                         OneLine(file.extension().string(), 20) +
                                         "): name a direct link to the video");
  }
  return extension;
}

}  // namespace

SourceRecord DownloadFromPage(const std::string& url, const fs::path& folder, const FetchOptions& options,
                              FetchProgress& progress, std::stop_token stop) {
  const std::string shown = RedactedUrl(url);
  PageDownload download(url, folder, options, progress, std::move(stop));
  const fs::path file = download.Run();
  SourceRecord record;
  FetchedMedia& media = record.media;
  try {
    const std::string head = FirstBytesOf(file);
    if (LooksLikeWebPage(head)) throw Error(ErrorKind::kNetwork, WebPageSentence(shown, "video"));
    media.path = folder / ("media" + SafeExtension(file, head, shown));
    media.bytes = static_cast<int64_t>(fs::file_size(file));
    if (media.bytes > options.max_bytes) {
      throw Error(ErrorKind::kNetwork,
                  fmt::format("{} has {:.1f} MB, past the limit of {:.1f} MB for one file (raise "
                              "limits.max_download_gb to take it)",
                              shown, media.bytes / 1e6, options.max_bytes / 1e6));
    }
    media.sha256 = Sha256OfFile(file);
    CheckSha256(shown, media.sha256, options);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kNetwork) download.RemoveFolder();
    throw;
  }
  CommitFile(file, media.path);
  download.RemoveFolder();
  media.url = url;
  media.id = download.output().id();
  media.title = download.output().title();
  media.duration_seconds = download.output().duration_seconds();
  return record;
}

}  // namespace reelswap
