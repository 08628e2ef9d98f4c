#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace reelswap::testing {

struct HttpRequest {
  std::string method;
  std::string target;                          ///< as sent: "/a%20b.mp4?x=1"
  std::map<std::string, std::string> headers;  ///< lower-case names

  /// Value of a header by lower-case name, empty when absent.
  std::string Header(const std::string& name) const;
  /// Percent-decoded path without the query: "/a b.mp4".
  std::string Path() const;
};

struct HttpResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool with_length = true;          ///< false: no Content-Length, the end of the connection ends the body
  std::optional<size_t> cut_after;  ///< only so many bytes of the body are sent, then the connection closes
  bool stall_at_cut = false;        ///< ... or stays open in silence until the client leaves
};

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

/// A small HTTP/1.1 server on 127.0.0.1 and a free port; one thread a connection, one request a
/// connection. Handlers run on several threads at once. Destruction ends open connections.
class HttpServer {
 public:
  explicit HttpServer(HttpHandler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const { return port_; }
  /// "http://127.0.0.1:PORT" + path.
  std::string Url(const std::string& path) const;
  /// Every request so far, in order of arrival.
  std::vector<HttpRequest> Requests() const;

 private:
  void Accept();
  void Serve(int connection);

  HttpHandler handler_;
  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  bool stopping_ = false;
  std::vector<HttpRequest> requests_;
  std::list<int> connections_;
  std::vector<std::thread> workers_;
  std::thread acceptor_;
};

/// A file as a well-behaved server gives it: Range, If-Range (ETag or date), 416.
struct ServedFile {
  std::string content;
  std::string content_type = "video/mp4";
  std::string etag = "\"v1\"";  ///< empty = none
  std::string last_modified;    ///< empty = none
};
HttpResponse AnswerWith(const ServedFile& file, const HttpRequest& request);

/// AnswerWith for every path.
HttpHandler ServeFile(ServedFile file);
/// The files of a folder (ETag from size and time, type by extension), 404 for the rest.
HttpHandler ServeFolder(std::filesystem::path folder);
/// A web page with status 200.
HttpResponse HtmlPage(const std::string& html);
/// An error status without a body of interest.
HttpResponse Refuse(int status);
HttpResponse RedirectTo(const std::string& location);
/// The first `times` requests get `status` (and Retry-After where >= 0), the later ones `then`.
HttpHandler FailFirst(int times, int status, HttpHandler then, int retry_after_seconds = -1);
/// The first `times` answers break off after `bytes` of their body: closed, or silent for ever.
HttpHandler CutFirst(int times, size_t bytes, HttpHandler then, bool stall = false);

}  // namespace reelswap::testing
