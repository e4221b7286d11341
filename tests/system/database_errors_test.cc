// What a client is told when a real server dies, when its disk is full, when nobody listens, when a
// password is wrong and when a program is not there: an error that says what, where and what to do,
// or an outcome in doubt; never "did not happen" of something that did, and never silence.

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/lab/layer.h"
#include "targets/registry.h"
#include "tests/system/lab_fixture.h"

namespace assay {
namespace {

using namespace std::chrono_literals;

constexpr Nanos operation_timeout = 2s;
// What an operation may take over its timeout on a machine that is busy.
constexpr Nanos slack = 4s;

/// The target with its options' fallbacks, but for those given.
std::unique_ptr<Target> make_target(const char* name,
                                    const std::map<std::string, std::string>& given = {}) {
  const TargetEntry* entry = find_target(name);
  REQUIRE(entry != nullptr);
  std::map<std::string, std::string> options;
  for (const TargetOption& option : entry->options) {
    options[std::string(option.name)] = std::string(option.fallback);
  }
  for (const auto& [option, value] : given) options[option] = value;
  auto target = entry->make(options);
  REQUIRE_MESSAGE(target.ok(), (target.ok() ? "" : target.error().message));
  REQUIRE((*target)->expect("register").ok());
  return std::move(*target);
}

/// One server in a lab of one node, and a client of it.
class LoneServer {
 public:
  explicit LoneServer(const char* name) : target(make_target(name)) {
    LabSite site = test_site();
    site.packages = target->packages();
    auto lab = Lab::lock(site);
    REQUIRE_MESSAGE(lab.ok(), (lab.ok() ? "" : lab.error().message));
    lab_.emplace(std::move(*lab));
    const Status up = lab_->up(1, quiet());
    REQUIRE_MESSAGE(up.ok(), (up.ok() ? "" : up.error().message));
    const auto addresses = lab_nodes(site);
    REQUIRE(addresses.ok());
    auto connected = connect_ssh(addresses->front(), 10s);
    REQUIRE(connected.ok());
    nodes.push_back(std::move(*connected));
  }
  LoneServer(const LoneServer&) = delete;
  LoneServer& operator=(const LoneServer&) = delete;
  ~LoneServer() {
    client_.reset();
    target->tear_down(nodes);
    nodes.clear();
    CHECK(lab_->down().ok());
  }

  void start() {
    const Status status = target->set_up(nodes);
    REQUIRE_MESSAGE(status.ok(), (status.ok() ? "" : status.error().message));
  }
  void run(const std::string& command) { output(*nodes.front(), command); }
  void kill() { run(target->process_control()->kill_command(0)); }
  void restart() { run(target->process_control()->start_command(0)); }
  std::string host() const { return nodes.front()->address().host; }

  /// As a worker does: by the same client until one of its operations is in doubt.
  Completion ask(const std::string& f, int key, const Value& value = {}) {
    if (client_ == nullptr) {
      auto made = target->connect(0, ProcessId{process_++});
      if (!made.ok()) return {EventType::fail, {}, made.error().message};
      client_ = std::move(*made);
    }
    const Nanos start = monotonic_now();
    Completion completion = client_->invoke({f, Value(key), value}, operation_timeout);
    CHECK(monotonic_now() - start < operation_timeout + slack);
    CHECK((completion.type == EventType::ok || !completion.error.empty()));
    if (completion.type == EventType::info) client_.reset();
    return completion;
  }
  /// What a register holds once the server answers again.
  Value settled(int key) {
    const Nanos deadline = monotonic_now() + 40s;
    Completion completion = ask("read", key);
    while (completion.type != EventType::ok && monotonic_now() < deadline) {
      completion = ask("read", key);
    }
    REQUIRE_MESSAGE(completion.type == EventType::ok, completion.error);
    return completion.value;
  }
  /// Writes its number into each register from `first` on until so many were not acknowledged;
  /// then `recover` makes the server work again, and each must hold what its write was said to do.
  template <class Recover>
  void write_until_refused(int first, int refusals, Recover recover) {
    constexpr int writes_max = 5000;
    std::vector<EventType> outcomes;
    int refused = 0;
    while (refused < refusals && outcomes.size() < writes_max) {
      const int key = first + static_cast<int>(outcomes.size());
      outcomes.push_back(ask("write", key, key).type);
      refused += outcomes.back() == EventType::ok ? 0 : 1;
    }
    CHECK(refused == refusals);
    recover();
    constexpr std::size_t looked_at_max = 100;
    const std::size_t from = outcomes.size() < looked_at_max ? 0 : outcomes.size() - looked_at_max;
    for (std::size_t i = from; i < outcomes.size(); ++i) {
      const int key = first + static_cast<int>(i);
      const Value held = settled(key);
      CAPTURE(key);
      CHECK((held == Value(key) || held.is_nil()));
      if (outcomes[i] == EventType::ok) CHECK(held == Value(key));
      if (outcomes[i] == EventType::fail) CHECK(held.is_nil());
    }
  }

  Nodes nodes;
  std::unique_ptr<Target> target;

 private:
  std::optional<Lab> lab_;
  std::unique_ptr<Client> client_;
  std::int32_t process_ = 0;
};

/// Whether the packages are there, or quick to install.
bool is_at_hand(const char* name) {
  const auto target = make_target(name);
  LabSite site = test_site();
  site.packages = target->packages();
  const std::string text(name);
  const bool quick = text == "redis" || text == "etcd" || text == "postgres";
  if (quick || std::filesystem::exists(site.layer())) return true;
  MESSAGE(name, " skipped: its packages are not installed in the lab and take minutes");
  return false;
}

void dies_under_writes(LoneServer& server) {
  REQUIRE(server.ask("write", 1, 1).type == EventType::ok);
  server.kill();
  server.write_until_refused(10, 3, [&] { server.restart(); });
  CHECK(server.settled(1) == Value(1));
}

/// Its data moves to a small file system, which is then filled to the last block.
void disk_fills(LoneServer& server, const char* size) {
  const std::string data = server.target->process_control()->data_folder(0);
  const std::string old = data + ".full";
  server.kill();
  server.run("mv " + data + " " + old + " && mkdir " + data + " && mount -t tmpfs -o size=" + size +
             " tmpfs " + data + " && cp -a " + old + "/. " + data + "/ && chown --reference=" +
             old + " " + data + " && chmod --reference=" + old + " " + data);
  server.restart();
  CHECK(server.settled(1) == Value(1));
  server.run("cat /dev/zero >" + data + "/filler 2>/dev/null; true");
  // There is room left in blocks that are taken already.
  server.write_until_refused(100, 2, [&] {
    server.run("rm " + data + "/filler");
    server.kill();
    server.restart();
  });
}

struct Server {
  const char* name;
  const char* small_disk;  ///< null: it takes its space in advance
};
constexpr std::array servers{Server{"redis", "16m"}, Server{"etcd", nullptr},
                             Server{"postgres", "80m"}, Server{"mariadb", "160m"},
                             Server{"zookeeper", nullptr}};

TEST_CASE("databases: a server that dies and a disk that is full are never a wrong fail") {
  if (!can_have_lab()) return;
  for (const Server& each : servers) {
    CAPTURE(each.name);
    if (!is_at_hand(each.name)) continue;
    LoneServer server(each.name);
    server.start();
    dies_under_writes(server);
    if (each.small_disk != nullptr) disk_fills(server, each.small_disk);
  }
}

/// What a target says of servers that it shall not touch yet.
Error refusal_of(const char* name, const std::string& place,
                 const std::map<std::string, std::string>& more = {}) {
  auto options = more;
  options["servers"] = place;
  const Nanos start = monotonic_now();
  const auto found = make_target(name, options)->look();
  CHECK(monotonic_now() - start < 10s);
  REQUIRE_FALSE(found.ok());
  CAPTURE(found.error().message);
  CHECK(found.error().message.find(place) != std::string::npos);
  return found.error();
}

TEST_CASE("databases: where nobody listens is said, at once") {
  // Port 1 is nobody's.
  for (const Server& each : servers) {
    CAPTURE(each.name);
    CHECK(refusal_of(each.name, "127.0.0.1:1").kind == ErrorKind::unavailable);
  }
}

bool mentions(const Error& error, const char* words) {
  const bool found = error.message.find(words) != std::string::npos;
  if (!found) MESSAGE(error.message);
  return found;
}

TEST_CASE("databases: a wrong password is a refused login, and says whose") {
  if (!can_have_lab()) return;
  const auto refused = [](LoneServer& server, const char* name, const std::string& port) {
    ::setenv("ASSAY_PASSWORD", "wrong", 1);
    const Error error = refusal_of(name, server.host() + ":" + port, {{"user", "tester"}});
    CHECK(error.kind == ErrorKind::not_permitted);
    CHECK(mentions(error, "tester"));
    CHECK(mentions(error, "ASSAY_PASSWORD"));
    ::setenv("ASSAY_PASSWORD", "right", 1);
    const auto found =
        make_target(name, {{"servers", server.host() + ":" + port}, {"user", "tester"}})->look();
    // The lab's own schema is there.
    CHECK(found.error().kind == ErrorKind::configuration);
    ::unsetenv("ASSAY_PASSWORD");
  };
  {
    LoneServer server("postgres");
    server.start();
    const std::string hba = server.target->process_control()->data_folder(0) + "/pg_hba.conf";
    server.run(
        "psql -q -h /run/postgresql -U postgres -c \"CREATE ROLE tester LOGIN PASSWORD "
        "'right'\" && sed -i 's/^host all all \\(.*\\) trust/host all all \\1 "
        "scram-sha-256/' " +
        hba +
        " && psql -q -h /run/postgresql -U postgres -c "
        "'SELECT pg_reload_conf()' >/dev/null");
    refused(server, "postgres", "5432");
  }
  if (!is_at_hand("mariadb")) return;
  LoneServer server("mariadb");
  server.start();
  server.kill();
  std::string command = server.target->process_control()->start_command(0);
  const std::string open_to_all = "--skip-grant-tables";
  const auto at = command.find(open_to_all);
  REQUIRE(at != std::string::npos);
  command.replace(at, open_to_all.size(), "--skip-name-resolve");
  server.run(command);
  const std::string socket = server.target->process_control()->data_folder(0) + "/socket";
  server.run("i=0; until mariadb-admin -uroot -S " + socket +
             " ping >/dev/null 2>&1 || [ $i -ge 400 ]; do sleep 0.05; i=$((i+1)); done; mariadb "
             "-uroot -S " +
             socket +
             " -e \"CREATE USER tester IDENTIFIED BY 'right'; GRANT SELECT ON "
             "assay.* TO tester\"");
  refused(server, "mariadb", "3306");
}

TEST_CASE("databases: a server program that is not there names its node and its log") {
  if (!can_have_lab()) return;
  LoneServer server("redis");
  server.run("rm /usr/bin/redis-server");
  const Status status = server.target->set_up(server.nodes);
  REQUIRE_FALSE(status.ok());
  CHECK(mentions(status.error(), "n1"));
  CHECK(mentions(status.error(), "/var/log/assay-redis.log"));
  CHECK(mentions(status.error(), "redis-server"));
}

}  // namespace
}  // namespace assay
