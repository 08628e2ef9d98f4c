#include "testing/http_server.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <charconv>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace reelswap::testing {

namespace fs = std::filesystem;

namespace {

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool SendAll(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

std::optional<HttpRequest> ReadRequest(int connection) {
  std::string text;
  char buffer[4096];
  while (text.find("\r\n\r\n") == std::string::npos) {
    const ssize_t got = ::recv(connection, buffer, sizeof buffer, 0);
    if (got <= 0 || text.size() > 65536) return std::nullopt;
    text.append(buffer, static_cast<size_t>(got));
  }
  std::istringstream lines(text);
  HttpRequest request;
  lines >> request.method >> request.target;
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line) && line != "\r") {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const size_t begin = line.find_first_not_of(' ', colon + 1);
    const size_t end = line.find_last_not_of("\r ");
    request.headers[Lower(line.substr(0, colon))] =
        begin == std::string::npos || end < begin ? "" : line.substr(begin, end - begin + 1);
  }
  return request;
}

/// Returns when the client leaves or the server shuts the connection.
void WaitForHangup(int connection) {
  char ignored[256];
  while (::recv(connection, ignored, sizeof ignored, 0) > 0) {
  }
}

void Send(int connection, const HttpRequest& request, const HttpResponse& response) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " Status\r\nConnection: close\r\n";
  for (const auto& [name, value] : response.headers) head += name + ": " + value + "\r\n";
  if (response.with_length) head += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  if (!SendAll(connection, head + "\r\n") || request.method == "HEAD") return;
  const size_t size = std::min(response.cut_after.value_or(response.body.size()), response.body.size());
  if (!SendAll(connection, std::string_view(response.body).substr(0, size))) return;
  if (response.cut_after && response.stall_at_cut) WaitForHangup(connection);
}

std::string ContentTypeOf(const fs::path& file) {
  const std::string extension = Lower(file.extension().string());
  if (extension == ".html") return "text/html; charset=utf-8";
  if (extension == ".jpg" || extension == ".jpeg") return "image/jpeg";
  if (extension == ".png") return "image/png";
  return "video/" + (extension.empty() ? std::string("mp4") : extension.substr(1));
}

}  // namespace

std::string HttpRequest::Header(const std::string& name) const {
  const auto it = headers.find(name);
  return it == headers.end() ? std::string{} : it->second;
}

std::string HttpRequest::Path() const {
  const std::string raw = target.substr(0, target.find('?'));
  std::string path;
  for (size_t i = 0; i < raw.size(); ++i) {
    int byte = 0;
    if (raw[i] == '%' && i + 2 < raw.size() &&
        std::from_chars(&raw[i + 1], &raw[i + 3], byte, 16).ptr == &raw[i + 3]) {
      path += static_cast<char>(byte);
      i += 2;
    } else {
      path += raw[i];
    }
  }
  return path;
}

HttpServer::HttpServer(HttpHandler handler) : handler_(std::move(handler)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  if (listener_ < 0 || ::bind(listener_, raw, size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, raw, &size) != 0) {
    throw std::runtime_error("cannot listen on 127.0.0.1");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

HttpServer::~HttpServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const int connection : connections_) ::shutdown(connection, SHUT_RDWR);
  }
  ::shutdown(listener_, SHUT_RDWR);  // wakes accept
  acceptor_.join();
  for (std::thread& worker : workers_) worker.join();
  ::close(listener_);
}

std::string HttpServer::Url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

std::vector<HttpRequest> HttpServer::Requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void HttpServer::Accept() {
  for (;;) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (stopping_ || connection < 0) {
      if (connection >= 0) ::close(connection);
      if (stopping_) return;
      continue;
    }
    connections_.push_back(connection);
    workers_.emplace_back([this, connection] { Serve(connection); });
  }
}

void HttpServer::Serve(int connection) {
  if (const auto request = ReadRequest(connection)) {
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(*request);
    }
    Send(connection, *request, handler_(*request));
  }
  const std::lock_guard lock(mutex_);
  connections_.remove(connection);
  ::shutdown(connection, SHUT_WR);
  ::close(connection);
}

HttpResponse AnswerWith(const ServedFile& file, const HttpRequest& request) {
  HttpResponse response;
  const std::string total = std::to_string(file.content.size());
  response.headers = {{"Content-Type", file.content_type}, {"Accept-Ranges", "bytes"}};
  if (!file.etag.empty()) response.headers.emplace_back("ETag", file.etag);
  if (!file.last_modified.empty()) response.headers.emplace_back("Last-Modified", file.last_modified);
  response.body = file.content;
  const std::string range = request.Header("range");
  const std::string version = request.Header("if-range");
  if (!range.starts_with("bytes=") ||
      (!version.empty() && version != file.etag && version != file.last_modified)) {
    return response;
  }
  size_t first = 0;
  size_t last = file.content.empty() ? 0 : file.content.size() - 1;
  const char* const end = range.data() + range.size();
  const auto [dash, failed] = std::from_chars(range.data() + 6, end, first);
  if (failed != std::errc{})
    return response;  // a suffix range: not needed here, the whole file is a fair answer
  if (dash + 1 < end) {
    size_t wanted = last;
    std::from_chars(dash + 1, end, wanted);
    last = std::min(last, wanted);
  }
  if (first >= file.content.size() || first > last) {
    response.status = 416;
    response.headers.emplace_back("Content-Range", "bytes */" + total);
    response.body.clear();
    return response;
  }
  response.status = 206;
  response.headers.emplace_back("Content-Range",
                                "bytes " + std::to_string(first) + "-" + std::to_string(last) + "/" + total);
  response.body = file.content.substr(first, last - first + 1);
  return response;
}

HttpHandler ServeFile(ServedFile file) {
  return [file = std::move(file)](const HttpRequest& request) { return AnswerWith(file, request); };
}

HttpHandler ServeFolder(fs::path folder) {
  return [folder = fs::canonical(folder)](const HttpRequest& request) {
    std::error_code failed;
    const fs::path file = fs::canonical(folder / fs::path(request.Path()).relative_path(), failed);
    const auto [stop, ignored] = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
    if (failed || stop != folder.end() || !fs::is_regular_file(file)) return Refuse(404);
    std::ifstream stream(file, std::ios::binary);
    ServedFile served;
    served.content.assign(std::istreambuf_iterator<char>(stream), {});
    served.content_type = ContentTypeOf(file);
    served.etag = "\"" + std::to_string(served.content.size()) + "-" +
                  std::to_string(fs::last_write_time(file).time_since_epoch().count()) + "\"";
    return AnswerWith(served, request);
  };
}

HttpResponse HtmlPage(const std::string& html) {
  HttpResponse response;
  response.headers.emplace_back("Content-Type", "text/html");
  response.body = html;
  return response;
}

HttpResponse Refuse(int status) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "text/html"}};
  response.body = "<html><body>refused</body></html>";
  return response;
}

HttpResponse RedirectTo(const std::string& location) {
  HttpResponse response;
  response.status = 302;
  response.headers = {{"Location", location}};
  return response;
}

HttpHandler FailFirst(int times, int status, HttpHandler then, int retry_after_seconds) {
  auto left = std::make_shared<std::atomic<int>>(times);
  return [=, then = std::move(then)](const HttpRequest& request) {
    if (left->fetch_sub(1) <= 0) return then(request);
    HttpResponse response = Refuse(status);
    if (retry_after_seconds >= 0)
      response.headers.emplace_back("Retry-After", std::to_string(retry_after_seconds));
    return response;
  };
}

HttpHandler CutFirst(int times, size_t bytes, HttpHandler then, bool stall) {
  auto left = std::make_shared<std::atomic<int>>(times);
  return [=, then = std::move(then)](const HttpRequest& request) {
    HttpResponse response = then(request);
    if (left->fetch_sub(1) <= 0) return response;
    response.cut_after = bytes;
    response.stall_at_cut = stall;
    return response;
  };
}

}  // namespace reelswap::testing
