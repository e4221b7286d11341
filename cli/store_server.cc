// httplib.h stays in this file.
#include "cli/store_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <httplib.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <thread>

#include "cli/diff.h"
#include "cli/history_input.h"
#include "cli/store_document.h"
#include "reports/page.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

struct ServedFile {
  std::string_view name;
  const char* type;
};
constexpr const char* plain_text = "text/plain; charset=utf-8";
constexpr std::array<ServedFile, 9> served_files{{{"report.html", "text/html; charset=utf-8"},
                                                  {"verdict.json", "application/json"},
                                                  {"summary.json", "application/json"},
                                                  {"plan.json", "application/json"},
                                                  {"certificate.json", "application/json"},
                                                  {"faults.jsonl", plain_text},
                                                  {"junit.xml", plain_text},
                                                  {"history.assay", "application/octet-stream"},
                                                  {"zero.json", "application/json"}}};

/// More than the connections that a browser opens at once.
constexpr std::size_t threads = 8;

const ServedFile* find_served(std::string_view name) {
  const auto at = std::find_if(served_files.begin(), served_files.end(),
                               [&](const ServedFile& file) { return file.name == name; });
  return at == served_files.end() ? nullptr : &*at;
}

/// Compares in a time that does not tell how much was right. REQUIRES: there is a secret.
bool same_secret(std::string_view given, std::string_view secret) {
  unsigned difference = given.size() == secret.size() ? 0U : 1U;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char other = secret[i % secret.size()];
    difference |= static_cast<unsigned>(static_cast<unsigned char>(given[i] ^ other));
  }
  return difference == 0;
}

std::string cookie_of(const httplib::Request& request, const std::string& name) {
  const std::string cookies = request.get_header_value("Cookie");
  const std::string prefix = name + "=";
  std::size_t at = 0;
  while (at < cookies.size()) {
    const std::size_t end = std::min(cookies.find(';', at), cookies.size());
    std::string_view each = std::string_view(cookies).substr(at, end - at);
    while (each.starts_with(' ')) each.remove_prefix(1);
    if (each.starts_with(prefix)) return std::string(each.substr(prefix.size()));
    at = end + 1;
  }
  return {};
}

/// A page of another site can make a browser send requests here, and names can be made to resolve
/// to this machine; but then Host tells another name.
bool names_loopback(const std::string& host) {
  std::string name = host.ends_with(']') ? host : host.substr(0, host.rfind(':'));
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  return is_loopback(name);
}

void fail(httplib::Response& response, int status, const std::string& text) {
  response.status = status;
  response.set_content(text + "\n", plain_text);
}

class StoreServer {
 public:
  explicit StoreServer(const ServerSettings& settings) : settings_(settings) {
    server_.new_task_queue = [] { return new httplib::ThreadPool(threads); };  // NOLINT: it owns it
    // A connection that only stays open would keep a thread from the others.
    server_.set_keep_alive_max_count(1);
    server_.set_payload_max_length(0);
    // By default a second server could take the same port, and each request go to either.
    server_.set_socket_options([](socket_t socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    server_.set_default_headers({{"X-Content-Type-Options", "nosniff"},
                                 {"X-Frame-Options", "DENY"},
                                 {"Referrer-Policy", "no-referrer"},
                                 {"Cache-Control", "no-store"},
                                 {"Cross-Origin-Resource-Policy", "same-origin"}});
    server_.set_pre_routing_handler([this](const auto& request, auto& response) {
      return admit(request, response) ? httplib::Server::HandlerResponse::Unhandled
                                      : httplib::Server::HandlerResponse::Handled;
    });
    server_.Get("/", [](const auto&, auto& response) {
      const std::string_view page = serve_template();
      response.set_content(page.data(), page.size(), "text/html; charset=utf-8");
    });
    server_.Get("/api/store", [this](const auto&, auto& response) { answer_store(response); });
    server_.Get("/diff",
                [this](const auto& request, auto& response) { answer_diff(request, response); });
    server_.Get("/run/(.+)", [this](const auto& request, auto& response) {
      answer_file(request.matches[1].str(), response);
    });
  }

  /// The port that it listens on; negative: it cannot. Cookies do not tell ports apart, so that two
  /// servers of a host need two names.
  int bind() {
    const int port = settings_.port == 0 ? server_.bind_to_any_port(settings_.address)
                     : server_.bind_to_port(settings_.address, settings_.port) ? settings_.port
                                                                               : -1;
    cookie_ = fmt::format("assay-{}", port);
    return port;
  }
  httplib::Server& http() { return server_; }

 private:
  bool admit(const httplib::Request& request, httplib::Response& response) {
    if (request.method != "GET" && request.method != "HEAD") {
      response.set_header("Allow", "GET, HEAD");
      fail(response, 405, "this page only reads");
      return false;
    }
    if (settings_.token.empty()) {
      if (names_loopback(request.get_header_value("Host"))) return true;
      fail(response, 403, "this server is for this machine alone: use 127.0.0.1 or localhost");
      return false;
    }
    if (same_secret(cookie_of(request, cookie_), settings_.token)) return true;
    if (request.has_param("token") &&
        same_secret(request.get_param_value("token"), settings_.token)) {
      // The secret goes into a cookie, and out of the address.
      response.set_header("Set-Cookie",
                          cookie_ + "=" + settings_.token + "; HttpOnly; SameSite=Strict; Path=/");
      response.set_redirect("/");
      return false;
    }
    fail(response, 401, "a token is needed: open the address that `assay serve` printed");
    return false;
  }

  void answer_store(httplib::Response& response) const {
    const auto document = store_document(settings_.store);
    if (!document.ok()) return fail(response, 500, document.error().message);
    response.set_content(*document, "application/json");
  }

  void answer_diff(const httplib::Request& request, httplib::Response& response) const {
    std::array<std::string, 2> folders;
    for (std::size_t i = 0; i < folders.size(); ++i) {
      const std::string run = request.get_param_value(i == 0 ? "a" : "b");
      const auto summary = file_in_store(settings_.store, run + "/summary.json");
      if (!summary.ok()) return fail(response, 404, summary.error().message);
      folders[i] = fs::path(*summary).parent_path().string();
    }
    const auto diff = diff_of_runs(folders[0], folders[1], {});
    if (!diff.ok()) return fail(response, 500, diff.error().message);
    response.set_content(render_diff_html(*diff), "text/html; charset=utf-8");
  }

  /// A report is a file that others may have written: whatever it holds, it has an origin of its
  /// own and reaches nothing.
  void answer_file(const std::string& path, httplib::Response& response) const {
    const auto file = file_in_store(settings_.store, path);
    if (!file.ok()) return fail(response, 404, file.error().message);
    const auto text = read_text(*file);
    if (!text.ok()) return fail(response, 500, text.error().message);
    const ServedFile* const served = find_served(fs::path(*file).filename().string());
    response.set_header("Content-Security-Policy",
                        "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; "
                        "style-src 'unsafe-inline'; img-src data:");
    response.set_content(*text, served != nullptr ? served->type : plain_text);
  }

  const ServerSettings& settings_;
  std::string cookie_;
  httplib::Server server_;
};

}  // namespace

bool is_loopback(const std::string& address) {
  // Not by its start: 127.example.org is a name, and whoever owns it says where that is.
  in_addr four{};
  if (::inet_pton(AF_INET, address.c_str(), &four) == 1) return ntohl(four.s_addr) >> 24U == 127;
  return address == "localhost" || address == "::1";
}

Result<std::string> file_in_store(const std::string& store, const std::string& path) {
  const Error missing{ErrorKind::no_input, "the store has no such file"};
  if (path.find('\0') != std::string::npos) return missing;
  std::error_code failure;
  const fs::path root = fs::canonical(store, failure);
  if (failure) return missing;
  const fs::path asked = (root / fs::path(path).relative_path()).lexically_normal();
  const fs::path real = fs::canonical(asked, failure);
  // A link, or a way up: the canonical path is another one.
  if (failure || real != asked || !fs::is_regular_file(real, failure)) return missing;
  const fs::path below = real.lexically_relative(root);
  if (below.empty() || *below.begin() == "..") return missing;
  fs::path folder = real.parent_path();
  if (find_served(real.filename().string()) == nullptr) {
    folder = folder.parent_path();  // logs/<node>/<file>
    if (folder.filename() != "logs") return missing;
    folder = folder.parent_path();
  }
  if (!fs::is_regular_file(folder / "plan.json", failure)) return missing;
  return real.string();
}

Status serve_store(const ServerSettings& settings, const std::function<void(std::string)>& ready,
                   const std::function<bool()>& stop) {
  StoreServer server(settings);
  const int port = server.bind();
  if (port < 0) {
    return Error{ErrorKind::unavailable,
                 fmt::format("cannot listen on {} port {}: the port is taken or reserved, or the "
                             "address is not of this machine; --port 0 takes any free port",
                             settings.address, settings.port)};
  }
  const bool six = settings.address.find(':') != std::string::npos;
  ready(fmt::format("http://{}:{}/{}", six ? "[" + settings.address + "]" : settings.address, port,
                    settings.token.empty() ? "" : "?token=" + settings.token));
  httplib::Server& http = server.http();
  std::atomic<bool> stopped{false};
  std::jthread watcher([&](const std::stop_token& done) {
    // What does not run yet cannot be stopped.
    while (!done.stop_requested() && !(stop() && http.is_running())) {
      std::this_thread::sleep_for(200ms);
    }
    if (done.stop_requested()) return;
    stopped = true;
    http.stop();
  });
  if (!http.listen_after_bind() && !stopped) {
    return Error{
        ErrorKind::unavailable,
        fmt::format("{} port {}: no connection can be taken any more", settings.address, port)};
  }
  return {};
}

}  // namespace assay::cli
