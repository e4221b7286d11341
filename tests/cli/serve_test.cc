// assay serve as a browser and as an attacker meet it: a real server on loopback, real requests.

#include <doctest/doctest.h>
#include <httplib.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "cli/store_server.h"
#include "harness/run_record.h"
#include "tests/temporary_folder.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;

const std::string hostile = "</script><img src=x onerror=alert(1)>\xE2\x80\xAE\x01";
const std::string run = "reference/register/20261120T080000Z-7";

/// A store with one run.
class Store {
 public:
  Store() {
    fs::create_directories(path_ / "runs" / run / "logs" / "n1");
    RunRecord record;
    record.target = hostile;
    record.workload = "register";
    record.model = "sequential";
    record.seed = 7;
    record.verdict = "pass";
    write("runs/" + run + "/summary.json", to_json(record));
    write("runs/" + run + "/plan.json", "{\"schema\":\"assay.plan/1\"}");
    write("runs/" + run + "/report.html", "<script>1</script>");
    write("runs/" + run + "/secret.txt", "secret");
    write("runs/" + run + "/logs/n1/node.log", "hello\n");
    write("secret.txt", "secret");
    fs::create_symlink(path_ / "secret.txt", path_ / "runs" / run / "junit.xml");
  }

  std::string root() const { return (path_ / "runs").string(); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
  }

 private:
  TemporaryFolder folder_;
  fs::path path_ = folder_.path;
};

/// Serves while it lives.
class Serving {
 public:
  Serving(const Store& store, const std::string& token) {
    settings_.store = store.root();
    settings_.port = 0;
    settings_.token = token;
    auto ready = address_.get_future();
    thread_ = std::jthread([this] {
      const Status status = serve_store(
          settings_, [this](std::string text) { address_.set_value(std::move(text)); },
          [this] { return stop_.load(); });
      CHECK(status.ok());
    });
    const std::string text = ready.get();
    const std::size_t colon = text.rfind(':');
    port_ = std::stoi(text.substr(colon + 1));
  }
  ~Serving() { stop_ = true; }

  int port() const { return port_; }
  httplib::Client client() const { return httplib::Client("127.0.0.1", port_); }

 private:
  ServerSettings settings_;
  std::promise<std::string> address_;
  std::atomic<bool> stop_{false};
  int port_ = 0;
  std::jthread thread_;
};

}  // namespace

TEST_CASE("serve: the page, the store and the files of a run") {
  const Store store;
  const Serving serving(store, "");
  auto client = serving.client();
  const auto page = client.Get("/");
  REQUIRE(page);
  CHECK(page->status == 200);
  CHECK(page->body.find("connect-src 'self'") != std::string::npos);
  CHECK(page->get_header_value("X-Content-Type-Options") == "nosniff");
  const auto api = client.Get("/api/store");
  REQUIRE(api);
  REQUIRE(api->status == 200);
  const auto document = nlohmann::json::parse(api->body);
  REQUIRE(document["runs"].size() == 1);
  CHECK(document["runs"][0]["folder"] == run);
  CHECK(document["runs"][0]["verdict"] == "pass");
  CHECK(document["runs"][0]["target"].get<std::string>().find("\xE2\x80\xAE") == std::string::npos);
  const auto report = client.Get("/run/" + run + "/report.html");
  REQUIRE(report);
  CHECK(report->body == "<script>1</script>");
  CHECK(report->get_header_value("Content-Security-Policy").find("sandbox allow-scripts;") == 0);
  const auto log = client.Get("/run/" + run + "/logs/n1/node.log");
  REQUIRE(log);
  CHECK(log->body == "hello\n");
  CHECK(log->get_header_value("Content-Type") == "text/plain; charset=utf-8");
}

TEST_CASE("serve: nothing outside, nothing else, nothing by a link") {
  const Store store;
  const Serving serving(store, "");
  auto client = serving.client();
  for (const std::string& path : std::vector<std::string>{
           "/run/../secret.txt", "/run/%2e%2e/secret.txt",
           "/run/" + run + "/../../../../secret.txt", "/run/" + run + "/secret.txt",
           "/run/" + run + "/junit.xml", "/run//etc/passwd",
           "/run/" + run + "/logs/n1/../../plan.json%00.html", "/run/" + run, "/nothing"}) {
    CAPTURE(path);
    const auto answer = client.Get(path);
    REQUIRE(answer);
    CHECK(answer->status == 404);
    CHECK(answer->body.find("secret") == std::string::npos);
  }
  CHECK(file_in_store(store.root(), run + "/plan.json").ok());
  CHECK_FALSE(file_in_store(store.root(), "../secret.txt").ok());
}

TEST_CASE("serve: only this machine, only reading") {
  const Store store;
  const Serving serving(store, "");
  auto client = serving.client();
  const auto rebound = client.Get("/api/store", {{"Host", "evil.example"}});
  REQUIRE(rebound);
  CHECK(rebound->status == 403);
  const auto posted = client.Post("/api/store", "", "text/plain");
  REQUIRE(posted);
  CHECK(posted->status == 405);
  for (const char* good : {"127.0.0.1", "127.4.5.6", "localhost", "::1"}) CHECK(is_loopback(good));
  for (const char* bad : {"0.0.0.0", "::", "192.168.1.1", "127.example.org", ""})
    CHECK_FALSE(is_loopback(bad));
}

TEST_CASE("serve: with a token, nothing without it") {
  const Store store;
  const Serving serving(store, "s3cret-token");
  auto client = serving.client();
  for (const char* path :
       {"/", "/api/store", "/?token=wrong", "/?token=s3cret-toke", "/?token=s3cret-tokens"}) {
    CAPTURE(path);
    const auto refused = client.Get(path);
    REQUIRE(refused);
    CHECK(refused->status == 401);
  }
  const auto admitted = client.Get("/?token=s3cret-token");
  REQUIRE(admitted);
  CHECK(admitted->status == 302);
  const std::string cookie = admitted->get_header_value("Set-Cookie");
  CHECK(cookie.find("HttpOnly; SameSite=Strict") != std::string::npos);
  const auto page =
      client.Get("/api/store", {{"Cookie", "a=b; " + cookie.substr(0, cookie.find(';'))}});
  REQUIRE(page);
  CHECK(page->status == 200);
}

TEST_CASE("serve: a port that another one has is an error, not shared") {
  const Store store;
  const Serving first(store, "");
  ServerSettings second;
  second.store = store.root();
  second.port = first.port();
  const Status status = serve_store(
      second, [](const std::string&) {}, [] { return true; });
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().kind == ErrorKind::unavailable);
  CHECK(status.error().message.find("--port 0") != std::string::npos);
}

}  // namespace assay::cli
