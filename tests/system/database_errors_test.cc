// What a client is told when a real server dies, when its disk is full, when nobody listens, when a
// password is wrong and when a program or a package is not there: an error that says what, where
// and what to do, or an outcome in doubt; never "did not happen" of something that did, and never
// silence.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "harness/lab/layer.h"
#include "targets/mariadb/server.h"
#include "targets/registry.h"
#include "tests/system/lab_fixture.h"

namespace assay {
namespace {

using namespace std::chrono_literals;
using Options = std::map<std::string, std::string>;

constexpr Nanos operation_timeout = 2s;
// What an operation may take over its timeout on a machine that is busy.
constexpr Nanos slack = 4s;

/// The target with its options' fallbacks, but for those given.
std::unique_ptr<Target> make_target(const char* name, const Options& given = {}) {
  const TargetEntry* entry = find_target(name);
  REQUIRE(entry != nullptr);
  Options options;
  for (const TargetOption& option : entry->options) {
    options[std::string(option.name)] = std::string(option.fallback);
  }
  for (const auto& [option, value] : given) options[option] = value;
  auto target = entry->make(options);
  REQUIRE_MESSAGE(target.ok(), (target.ok() ? "" : target.error().message));
  REQUIRE((*target)->expect("register").ok());
  return std::move(*target);
}

/// A lab of one node with the packages of a target, whose server can be started there.
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
    const Status down = lab_->down();
    CHECK_MESSAGE(down.ok(), (down.ok() ? "" : down.error().message));
  }

  void start() {
    const Status status = target->set_up(nodes);
    REQUIRE_MESSAGE(status.ok(), (status.ok() ? "" : status.error().message));
  }
  void run(const std::string& command) { output(*nodes.front(), command); }
  void kill() { run(target->process_control()->kill_command(0)); }
  void restart() { run(target->process_control()->start_command(0)); }
  std::string host() const { return nodes.front()->address().host; }
  std::string data_folder() const {
    const std::string folder = target->process_control()->data_folder(0);
    // MariaDB names none, because the disk faults are not for it.
    return folder.empty() ? mariadb::data : folder;
  }

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
  /// Writes its number into each register from `first` on. Meanwhile `disturb` happens, and writes
  /// go on until so many were refused. After `recover` each register must hold what its write was
  /// said to have done.
  void write_through(int first, int refusals, const std::function<void()>& disturb,
                     const std::function<void()>& recover) {
    constexpr std::size_t calm_writes = 20;
    constexpr std::size_t writes_max = 5000;
    std::vector<EventType> outcomes;
    int refused = 0;
    const auto write = [&] {
      const int key = first + static_cast<int>(outcomes.size());
      outcomes.push_back(ask("write", key, key).type);
      if (outcomes.back() != EventType::ok) ++refused;
    };
    while (outcomes.size() < calm_writes) write();
    CHECK(refused == 0);
    {
      std::atomic<bool> is_disturbed = false;
      const std::jthread disturber([&] {
        disturb();
        is_disturbed = true;
      });
      while (!is_disturbed || (refused < refusals && outcomes.size() < writes_max)) write();
    }
    CHECK(refused >= refusals);
    recover();
    constexpr std::size_t looked_at_max = 150;
    const std::size_t from = outcomes.size() - std::min(outcomes.size(), looked_at_max);
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

struct Server {
  const char* name;
  const char* small_disk;  ///< null: it takes its space in advance, and a small write needs no more
  bool quick = false;      ///< its packages are installed within seconds
};
constexpr std::array servers{Server{"redis", "16m", true}, Server{"etcd", nullptr, true},
                             Server{"postgres", "80m", true}, Server{"mariadb", "160m"},
                             Server{"zookeeper", nullptr}};

bool is_at_hand(const Server& server) {
  LabSite site = test_site();
  site.packages = make_target(server.name)->packages();
  if (server.quick || std::filesystem::exists(site.layer())) return true;
  MESSAGE(server.name, " is left out: its packages are not in the lab yet and take minutes");
  return false;
}

void dies_under_writes(LoneServer& server) {
  constexpr int refusals = 3;
  server.write_through(
      100, refusals, [&] { server.kill(); },
      [&] {
        // Where nobody listens nothing is sent.
        CHECK(server.ask("write", 1, 1).type == EventType::fail);
        server.restart();
        CHECK(server.settled(1).is_nil());
      });
}

/// Its data moves to a small file system, which is then filled to the last block.
void disk_fills_under_writes(LoneServer& server, const std::string& size) {
  const std::string data = server.data_folder();
  const std::string before = data + ".before";
  server.kill();
  server.run("mv " + data + " " + before + " && mkdir " + data + " && mount -t tmpfs -o size=" +
             size + " tmpfs " + data + " && cp -a " + before + "/. " + data + "/");
  server.restart();
  CHECK(server.settled(100) == Value(100));
  // There is room left in blocks that are taken already, so it takes some writes.
  constexpr int refusals = 2;
  server.write_through(
      10000, refusals, [&] { server.run("cat /dev/zero >" + data + "/filler 2>&1 || true"); },
      [&] {
        server.run("rm " + data + "/filler");
        server.kill();
        server.restart();
      });
}

TEST_CASE("databases: what a dying server or a full disk did not do is known, or in doubt") {
  if (!can_have_lab()) return;
  for (const Server& each : servers) {
    CAPTURE(each.name);
    if (!is_at_hand(each)) continue;
    LoneServer server(each.name);
    server.start();
    dies_under_writes(server);
    if (each.small_disk != nullptr) disk_fills_under_writes(server, each.small_disk);
  }
}

/// What a target says of a server that it may only look at.
Result<std::vector<std::string>> look_at(const char* name, const std::string& place,
                                         Options options = {}) {
  options["servers"] = place;
  const Nanos start = monotonic_now();
  auto found = make_target(name, options)->look();
  CHECK(monotonic_now() - start < 10s);
  return found;
}

/// Whether these are among the words of an error; shows them if not.
bool mentions(const Error& error, const std::string& words) {
  const bool found = error.message.find(words) != std::string::npos;
  if (!found) MESSAGE(error.message);
  return found;
}

TEST_CASE("databases: where nobody listens is said, at once") {
  // Port 1 is nobody's.
  const std::string nowhere = "127.0.0.1:1";
  for (const Server& each : servers) {
    CAPTURE(each.name);
    const auto found = look_at(each.name, nowhere);
    REQUIRE_FALSE(found.ok());
    CHECK(found.error().kind == ErrorKind::unavailable);
    CHECK(mentions(found.error(), nowhere));
  }
}

/// The server has a user `tester` with password `right`.
void refuses_a_wrong_password(const char* name, const std::string& place) {
  const Options tester{{"user", "tester"}};
  ::setenv("ASSAY_PASSWORD", "wrong", 1);
  const auto refused = look_at(name, place, tester);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == ErrorKind::not_permitted);
  for (const char* words : {place.c_str(), "tester", "ASSAY_PASSWORD"}) {
    CHECK(mentions(refused.error(), words));
  }
  ::setenv("ASSAY_PASSWORD", "right", 1);
  // Logged in, it sees the schema that the lab's own run made, and that this user may not touch.
  const auto taken = look_at(name, place, tester);
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.error().kind == ErrorKind::configuration);
  CHECK(mentions(taken.error(), "schema assay"));
  ::unsetenv("ASSAY_PASSWORD");
}

TEST_CASE("postgres: a wrong password is a refused login, and says whose") {
  if (!can_have_lab()) return;
  LoneServer server("postgres");
  server.start();
  const std::string psql = "psql -q -t -h /run/postgresql -U postgres -c ";
  server.run(psql + "\"CREATE ROLE tester LOGIN PASSWORD 'right'\"");
  server.run("sed -i 's/^host all all \\(.*\\) trust/host all all \\1 scram-sha-256/' " +
             server.data_folder() + "/pg_hba.conf");
  // Read anew by a server that starts: a reload would take effect at some later time.
  server.kill();
  server.restart();
  server.run("until " + psql + "'SELECT 1' >/dev/null 2>&1; do sleep 0.05; done");
  refuses_a_wrong_password("postgres", server.host() + ":5432");
}

TEST_CASE("mariadb: a wrong password is a refused login, and says whose") {
  if (!can_have_lab() || !is_at_hand({"mariadb", nullptr})) return;
  LoneServer server("mariadb");
  server.start();
  server.kill();
  std::string command = server.target->process_control()->start_command(0);
  const std::string open_to_all = "--skip-grant-tables";
  const auto at = command.find(open_to_all);
  REQUIRE(at != std::string::npos);
  command.replace(at, open_to_all.size(), "--skip-name-resolve");
  server.run(command);
  const std::string client = " -uroot -S " + server.data_folder() + "/socket ";
  server.run("until mariadb-admin" + client + "ping >/dev/null 2>&1; do sleep 0.05; done");
  server.run("mariadb" + client +
             "-e \"CREATE USER tester IDENTIFIED BY 'right'; GRANT SELECT ON assay.* TO tester\"");
  refuses_a_wrong_password("mariadb", server.host() + ":3306");
}

TEST_CASE("databases: a server program that is not there names its node and its log") {
  if (!can_have_lab()) return;
  LoneServer server("redis");
  server.run("rm /usr/bin/redis-server");
  const Status status = server.target->set_up(server.nodes);
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().kind == ErrorKind::unavailable);
  for (const char* words : {"n1", "/var/log/assay-redis.log", "redis-server"}) {
    CHECK(mentions(status.error(), words));
  }
}

}  // namespace
}  // namespace assay
