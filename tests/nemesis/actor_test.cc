// The whole nemesis against one node that is this machine: requests, remarks, healing.

#include "nemesis/actor.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <fstream>
#include <string>

#include "nemesis/registry.h"
#include "tests/nemesis/local_process.h"

namespace assay {
namespace {

using namespace std::chrono_literals;
using testing::eventually;
using testing::exists;

/// A target whose server is `sleep`.
class SleepTarget final : public Target, public ProcessControl {
 public:
  SleepTarget(std::string folder, bool controllable)
      : folder_(std::move(folder)), controllable_(controllable) {}
  std::string_view name() const override { return "sleep"; }
  std::map<std::string, std::string> facts() const override { return {}; }
  Status set_up(Nodes& /*nodes*/) override { return {}; }
  void tear_down(Nodes& /*nodes*/) noexcept override {}
  Result<std::unique_ptr<Client>> connect(std::size_t /*node*/, ProcessId /*process*/) override {
    return Error{ErrorKind::unavailable, "it only sleeps"};
  }
  ProcessControl* process_control() override { return controllable_ ? this : nullptr; }
  std::string kill_command(std::size_t /*node*/) const override {
    return "kill -9 $(cat " + pid_file(0) + ")";
  }
  std::string start_command(std::size_t /*node*/) const override {
    return "[ -n \"$(readlink /proc/$(cat " + pid_file(0) + ")/exe)\" ] 2>/dev/null && exit 0; " +
           testing::program("clock_reader") + " < " + folder_ +
           "/input >/dev/null 2>&1 & echo $! > " + pid_file(0);
  }
  std::string pid_file(std::size_t /*node*/) const override { return folder_ + "/pid"; }

  char state() const {
    std::ifstream file(pid_file(0));
    std::string pid;
    file >> pid;
    std::ifstream stat("/proc/" + pid + "/stat");
    std::string word;
    char state = '-';
    stat >> word >> word >> state;
    return state == 'Z' ? '-' : state;
  }

 private:
  std::string folder_;
  bool controllable_;
};

struct Scene {
  testing::TemporaryFolder folder;
  Nodes nodes;
  SleepTarget target;
  NemesisSettings settings;

  explicit Scene(bool controllable = true) : target(folder.path(), controllable) {
    nodes.push_back(std::make_unique<testing::LocalNode>("n1"));
    settings.agent.local_program = testing::program("assay-agent");
    settings.agent.remote_program = folder.file("agent/assay-agent");
    settings.agent.folder = folder.file("state");
    REQUIRE(nodes[0]->run("mkfifo " + folder.file("input"), 20s).ok());
    // Someone must hold the pipe open for writing, else the server would read its end.
    holder = testing::LocalProcess::start(
        {"/bin/sh", "-c", "exec sleep 600 <> " + folder.file("input")});
    REQUIRE(nodes[0]->run(target.start_command(0), 20s).ok());
    REQUIRE(eventually([&] { return target.state() != '-'; }));
  }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;
  ~Scene() {
    static_cast<void>(nodes[0]->run(target.kill_command(0), 20s).ok());
    ::kill(holder->pid(), SIGKILL);
  }

  std::unique_ptr<testing::LocalProcess> holder;
};

Invocation start(const std::string& fault, Value::Map extra = {}) {
  extra.emplace_back("selector", "one");
  extra.emplace_back("nodes", Value::List{0});
  return {"start-" + fault, {}, extra};
}

std::string what(const Completion& completion) {
  const Value* text = find(completion.value, "what");
  return text == nullptr ? completion.error : *text->get_if<std::string>();
}

TEST_CASE("nemesis: kill ends the server, stop-kill starts it again") {
  Scene scene;
  auto nemesis = make_nemesis({"kill"}, scene.nodes, scene.target, scene.settings);
  REQUIRE(nemesis.ok());
  const Completion killed = (*nemesis)->invoke(start("kill"));
  CHECK(killed.type == EventType::ok);
  CHECK(what(killed) == "kill n1");
  CHECK(*find(killed.value, "nodes") == Value(Value::List{"n1"}));
  CHECK(eventually([&] { return scene.target.state() == '-'; }));
  CHECK((*nemesis)->invoke(start("kill")).type == EventType::fail);
  const Completion healed = (*nemesis)->invoke({"stop-kill", {}, {}});
  CHECK(healed.type == EventType::ok);
  CHECK(scene.target.state() != '-');
}

TEST_CASE("nemesis: pause stops the server, heal_all lets it go on") {
  Scene scene;
  auto nemesis = make_nemesis({"pause"}, scene.nodes, scene.target, scene.settings);
  REQUIRE(nemesis.ok());
  CHECK((*nemesis)->invoke(start("pause")).type == EventType::ok);
  CHECK(scene.target.state() == 'T');
  const auto healed = (*nemesis)->heal_all();
  REQUIRE_MESSAGE(healed.ok(), (healed.ok() ? "" : healed.error().message));
  CHECK(scene.target.state() != 'T');
  // What was measured until then is told as by a stop.
  REQUIRE(healed->size() == 1);
  const auto& [f, completion] = healed->front();
  CHECK(f == "stop-pause");
  CHECK(completion.type == EventType::ok);
  CHECK(what(completion) == "pause healed: n1");
  CHECK(find(completion.value, "effect") != nullptr);
  CHECK((*nemesis)->heal_all()->empty());
}

TEST_CASE("nemesis: a clock is skewed in words, and a restart makes healing a no-op") {
  Scene scene;
  auto nemesis = make_nemesis({"clock", "kill"}, scene.nodes, scene.target, scene.settings);
  REQUIRE(nemesis.ok());
  const Completion skewed = (*nemesis)->invoke(start("clock", {{"offset_ms", -12'500}}));
  CHECK(what(skewed) == "clock -12.5s on n1");
  REQUIRE(skewed.type == EventType::ok);
  CHECK((*nemesis)->invoke(start("kill")).type == EventType::ok);
  CHECK((*nemesis)->invoke({"stop-kill", {}, {}}).type == EventType::ok);
  CHECK((*nemesis)->invoke({"stop-clock", {}, {}}).type == EventType::ok);
  CHECK(scene.target.state() != '-');
  CHECK((*nemesis)->heal_all().ok());
}

TEST_CASE("nemesis: a fault on a server that does not run says so") {
  Scene scene;
  auto nemesis = make_nemesis({"kill", "pause"}, scene.nodes, scene.target, scene.settings);
  REQUIRE(nemesis.ok());
  CHECK((*nemesis)->invoke(start("kill")).type == EventType::ok);
  CHECK(what((*nemesis)->invoke(start("pause"))) == "pause n1 (n1 not running)");
}

TEST_CASE("nemesis: heal_all names the node whose server is gone") {
  Scene scene;
  auto nemesis = make_nemesis({"pause"}, scene.nodes, scene.target, scene.settings);
  REQUIRE(nemesis.ok());
  REQUIRE(scene.nodes[0]->run(scene.target.kill_command(0), 20s).ok());
  const auto healed = (*nemesis)->heal_all();
  REQUIRE_FALSE(healed.ok());
  CHECK(healed.error().message.find("n1: its server should be running") != std::string::npos);
}

TEST_CASE("nemesis: when it goes away, its agent heals") {
  Scene scene;
  {
    auto nemesis = make_nemesis({"pause"}, scene.nodes, scene.target, scene.settings);
    REQUIRE(nemesis.ok());
    REQUIRE((*nemesis)->invoke(start("pause")).type == EventType::ok);
    REQUIRE(scene.target.state() == 'T');
  }
  CHECK(eventually([&] { return scene.target.state() != 'T'; }));
}

TEST_CASE("nemesis: a lost agent is reported and replaced") {
  Scene scene;
  auto nemesis = make_nemesis({"pause"}, scene.nodes, scene.target, scene.settings);
  REQUIRE(nemesis.ok());
  REQUIRE((*nemesis)->invoke(start("pause")).type == EventType::ok);
  std::ifstream lock(scene.folder.file("state/lock"));
  int guardian = 0;
  lock >> guardian;
  REQUIRE(guardian > 0);
  REQUIRE(::kill(guardian, SIGKILL) == 0);
  CHECK(eventually([&] { return scene.target.state() != 'T'; }));
  // The first answer may be the loss, depending on when the keeper of the lease noticed it.
  Completion stopped = (*nemesis)->invoke({"stop-pause", {}, {}});
  const std::string told = what(stopped) + stopped.error;
  CHECK(told.find("n1") != std::string::npos);
  if (stopped.type != EventType::ok) stopped = (*nemesis)->invoke({"stop-pause", {}, {}});
  CHECK(stopped.type == EventType::ok);
  CHECK((*nemesis)->heal_all().ok());
}

TEST_CASE("nemesis: what a target cannot do is a configuration error before anything starts") {
  Scene scene(false);
  for (const char* fault : {"kill", "pause", "clock", "meteor"}) {
    CAPTURE(fault);
    const auto nemesis =
        make_nemesis({"partition", fault}, scene.nodes, scene.target, scene.settings);
    REQUIRE_FALSE(nemesis.ok());
    CHECK(nemesis.error().kind == ErrorKind::configuration);
    CHECK(nemesis.error().message.find(fault) != std::string::npos);
  }
  CHECK_FALSE(exists(scene.folder.file("state")));
}

TEST_CASE("nemesis: parameters that no fault draws are an error, not a crash") {
  Scene scene;
  auto nemesis =
      make_nemesis({"partition", "kill", "clock"}, scene.nodes, scene.target, scene.settings);
  REQUIRE(nemesis.ok());
  const std::vector<Value> odd{Value(), Value(3), Value(Value::Map{{"nodes", Value::List{9}}}),
                               Value(Value::Map{{"drops", Value::List{Value::List{-1}}}})};
  for (const char* fault : {"partition", "kill", "clock"}) {
    for (const Value& value : odd) {
      const Completion done = (*nemesis)->invoke({std::string("start-") + fault, {}, value});
      CHECK(done.type == EventType::info);
      CHECK_FALSE(done.error.empty());
    }
  }
  CHECK((*nemesis)->invoke({"start-meteor", {}, {}}).type == EventType::fail);
}

}  // namespace
}  // namespace assay
