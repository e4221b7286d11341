// The agent as a local process: what it heals when whoever started it goes away.

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "nemesis/agent/wire.h"
#include "tests/nemesis/local_process.h"

namespace assay {
namespace {

using namespace std::chrono_literals;
using agent::decode_line;
using agent::encode_line;
using agent::Words;
using testing::eventually;
using testing::exists;
using testing::LocalProcess;

struct Agent {
  testing::TemporaryFolder folder;
  std::unique_ptr<LocalProcess> process;

  explicit Agent(const std::string& lease) { start(lease); }
  void start(const std::string& lease) {
    process = LocalProcess::start(
        {testing::program("assay-agent"), "serve", "--lease", lease, "--folder", folder.path()});
    greeting = read();
    REQUIRE(greeting.size() == 3);
    REQUIRE(greeting[0] == "hello");
  }
  Words read() {
    auto line = process->read_line(20s);
    REQUIRE_MESSAGE(line.ok(), "no answer");
    return decode_line(*line);
  }
  Words ask(const Words& words) {
    Words line{"7"};
    line.insert(line.end(), words.begin(), words.end());
    REQUIRE(process->write_line(encode_line(line)).ok());
    return read();
  }
  /// A fault whose injection and healing each leave a file.
  void inject(const std::string& id) {
    const Words answer = ask({"inject", id, "command", "touch " + folder.file(id + ".injected"),
                              "touch " + folder.file(id + ".healed")});
    REQUIRE(answer == Words{"7", "ok", ""});
    REQUIRE(exists(folder.file(id + ".injected")));
    REQUIRE_FALSE(exists(folder.file(id + ".healed")));
  }
  bool healed(const std::string& id) const { return exists(folder.file(id + ".healed")); }
  bool ledger_is_empty() const {
    std::ifstream file(folder.file("faults"));
    return file.good() && file.peek() == std::ifstream::traits_type::eof();
  }
  pid_t worker() const {
    std::ifstream children("/proc/" + std::to_string(process->pid()) + "/task/" +
                           std::to_string(process->pid()) + "/children");
    pid_t pid = 0;
    children >> pid;
    return pid;
  }

  Words greeting;
};

/// Whether it runs; one that has ended and is not reaped yet does not.
bool runs(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (!std::getline(file, text)) return false;
  return text.compare(text.rfind(')'), 3, ") Z") != 0;
}

TEST_CASE("wire: words of any bytes survive a line") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  for (const Words& words : {Words{}, Words{""}, Words{"a", "", "b c"}, Words{"%", "%2", "100%"},
                             Words{all, "\n", "\xff"}}) {
    const std::string line = encode_line(words);
    CHECK(line.find('\n') == std::string::npos);
    CHECK(decode_line(line) == words);
  }
  CHECK(decode_line("  a   b ") == Words{"a", "b"});
  CHECK(decode_line("%zz %4") == Words{"%zz", "%4"});
}

TEST_CASE("agent: greets, answers and lists what is in force") {
  Agent agent("60s");
  CHECK(agent.greeting == Words{"hello", "3", "0"});
  CHECK(agent.ask({"ping"}) == Words{"7", "ok", ""});
  agent.inject("a");
  agent.inject("b");
  CHECK(agent.ask({"list"}) == Words{"7", "ok", "a b"});
  CHECK(agent.ask({"heal", "a"}) == Words{"7", "ok", ""});
  CHECK(agent.healed("a"));
  CHECK_FALSE(agent.healed("b"));
  // Each fault with its effect; a command has none that is measured.
  CHECK(agent.ask({"heal-all"}) == Words{"7", "ok", encode_line({"b", ""})});
  CHECK(agent.healed("b"));
  CHECK(agent.ledger_is_empty());
  CHECK(agent.ask({"heal", "a"})[1] == "ok");
}

TEST_CASE("agent: refuses what it does not understand and goes on") {
  Agent agent("60s");
  CHECK(agent.ask({"dance"})[1] == "error");
  CHECK(agent.ask({"inject", "x", "meteor"})[1] == "error");
  CHECK(agent.ask({"inject", "x", "partition", "10.0.0.1; flush ruleset"})[1] == "error");
  CHECK(agent.ask({"inject", "x", "clock", "/nowhere", "soon"})[1] == "error");
  CHECK(agent.ask({"list"}) == Words{"7", "ok", ""});
  agent.inject("a");
  CHECK(agent.ask({"inject", "a", "command", "true", "true"})[1] == "error");
  CHECK_FALSE(agent.healed("a"));
}

TEST_CASE("agent: a command that fails is reported and still healed") {
  Agent agent("60s");
  const Words answer = agent.ask({"inject", "a", "command", "echo no luck >&2; exit 3",
                                  "touch " + agent.folder.file("a.healed")});
  REQUIRE(answer.size() == 3);
  CHECK(answer[1] == "error");
  CHECK(answer[2].find("no luck") != std::string::npos);
  CHECK(answer[2].find("3") != std::string::npos);
  agent.process->end_input();
  agent.process->wait();
  CHECK(agent.healed("a"));
}

TEST_CASE("agent: heals when its input ends") {
  Agent agent("60s");
  agent.inject("a");
  agent.inject("b");
  agent.process->end_input();
  agent.process->wait();
  CHECK(agent.healed("a"));
  CHECK(agent.healed("b"));
  CHECK(agent.ledger_is_empty());
}

TEST_CASE("agent: heals when the lease runs out, and not while it is renewed") {
  Agent agent("1s");
  agent.inject("a");
  const Nanos injected = monotonic_now();
  while (monotonic_now() - injected < 2s) REQUIRE(agent.ask({"ping"})[1] == "ok");
  CHECK_FALSE(agent.healed("a"));
  const Nanos last_ping = monotonic_now();
  agent.process->wait();
  CHECK(agent.healed("a"));
  CHECK(monotonic_now() - last_ping > 500ms);
}

TEST_CASE("agent: heals when it is asked to end") {
  Agent agent("60s");
  agent.inject("a");
  REQUIRE(::kill(agent.process->pid(), SIGTERM) == 0);
  agent.process->wait();
  CHECK(agent.healed("a"));
}

TEST_CASE("agent: is not ended by a hangup") {
  Agent agent("60s");
  REQUIRE(::kill(agent.process->pid(), SIGHUP) == 0);
  REQUIRE(::kill(agent.worker(), SIGHUP) == 0);
  CHECK(agent.ask({"ping"})[1] == "ok");
}

TEST_CASE("agent: the guardian heals when the working process is killed") {
  Agent agent("60s");
  agent.inject("a");
  REQUIRE(agent.worker() > 0);
  REQUIRE(::kill(agent.worker(), SIGKILL) == 0);
  agent.process->wait();
  CHECK(agent.healed("a"));
  CHECK(agent.ledger_is_empty());
}

TEST_CASE("agent: commands of the guardian have a standard input") {
  Agent agent("60s");
  const Words answer = agent.ask(
      {"inject", "a", "command", "true", "cat && touch " + agent.folder.file("a.healed")});
  REQUIRE(answer == Words{"7", "ok", ""});
  REQUIRE(::kill(agent.worker(), SIGKILL) == 0);
  agent.process->wait();
  CHECK(agent.healed("a"));
}

TEST_CASE("agent: the working process heals when the guardian is killed") {
  Agent agent("60s");
  agent.inject("a");
  REQUIRE(::kill(agent.process->pid(), SIGKILL) == 0);
  CHECK(eventually([&] { return agent.healed("a") && agent.ledger_is_empty(); }));
}

TEST_CASE("agent: heals what a dead agent left before it greets") {
  Agent agent("60s");
  agent.inject("a");
  const pid_t worker = agent.worker();
  // Stopped, the guardian cannot heal in the moment between the two deaths.
  REQUIRE(::kill(agent.process->pid(), SIGSTOP) == 0);
  REQUIRE(::kill(worker, SIGKILL) == 0);
  REQUIRE(::kill(agent.process->pid(), SIGKILL) == 0);
  agent.process->wait();
  REQUIRE_FALSE(agent.healed("a"));
  agent.start("60s");
  CHECK(agent.greeting == Words{"hello", "3", "1"});
  CHECK(agent.healed("a"));
}

TEST_CASE("agent: a new one takes the node over from one that still runs") {
  Agent agent("60s");
  agent.inject("a");
  const std::unique_ptr<LocalProcess> old = std::move(agent.process);
  agent.start("60s");
  CHECK(agent.greeting == Words{"hello", "3", "0"});
  CHECK(agent.healed("a"));
  CHECK(agent.ask({"ping"})[1] == "ok");
}

TEST_CASE("agent: a command under way is given up when the controller goes") {
  Agent agent("60s");
  REQUIRE(agent.process
              ->write_line(encode_line({"1", "inject", "a", "command",
                                        "touch " + agent.folder.file("begun") + "; sleep 60",
                                        "touch " + agent.folder.file("a.healed")}))
              .ok());
  REQUIRE(eventually([&] { return exists(agent.folder.file("begun")); }));
  const Nanos gone = monotonic_now();
  agent.process->end_input();
  agent.process->wait();
  CHECK(agent.healed("a"));
  CHECK(monotonic_now() - gone < 9s);
}

TEST_CASE("agent: whoever heals first ends what the killed process had under way") {
  for (const bool both_die : {false, true}) {
    CAPTURE(both_die);
    Agent agent("60s");
    const std::string pid_file = agent.folder.file("pid");
    // A child of the command's own, as pg_ctl or systemctl would be: it would outlive its shell.
    REQUIRE(agent.process
                ->write_line(encode_line({"1", "inject", "a", "command",
                                          "sh -c 'echo $$ >" + pid_file + "; sleep 60; :'; :",
                                          "touch " + agent.folder.file("a.healed")}))
                .ok());
    pid_t child = 0;
    REQUIRE(eventually([&] { return static_cast<bool>(std::ifstream(pid_file) >> child); }));
    REQUIRE(runs(child));
    const pid_t worker = agent.worker();
    if (both_die) REQUIRE(::kill(agent.process->pid(), SIGSTOP) == 0);
    REQUIRE(::kill(worker, SIGKILL) == 0);
    if (both_die) {
      REQUIRE(::kill(agent.process->pid(), SIGKILL) == 0);
      agent.process->wait();
      agent.start("60s");
    } else {
      agent.process->wait();
    }
    CHECK(agent.healed("a"));
    CHECK_FALSE(runs(child));
    CHECK_FALSE(exists(agent.folder.file("command")));
  }
}

}  // namespace
}  // namespace assay
