#pragma once
// A small server with threads, and what can be seen of it and of its node from outside.

#include <string>

#include "tests/system/cluster_fixture.h"

namespace assay {

/// A target whose server has threads that use all the processor time they get, and tells what its
/// clock reads.
class ReaderTarget final : public Target, public ProcessControl, public Membership {
 public:
  std::string_view name() const override { return "reader"; }
  std::map<std::string, std::string> facts() const override { return {}; }
  Status set_up(Nodes& nodes) override {
    for (const auto& node : nodes) {
      Status sent = node->upload(ASSAY_BINARY_DIR "/clock_reader_static", "/run/reader", 0755);
      if (!sent.ok()) return sent;
      const auto started =
          node->must_run("mkfifo /run/in; mkdir /var/lib/reader; " + start_command(0));
      if (!started) return started.error();
    }
    return {};
  }
  void tear_down(Nodes& nodes) noexcept override {
    for (const auto& node : nodes) static_cast<void>(node->run(kill_command(0)).ok());
  }
  Result<std::unique_ptr<Client>> connect(std::size_t /*node*/, ProcessId /*process*/) override {
    return Error{ErrorKind::unavailable, "it only reads clocks"};
  }
  ProcessControl* process_control() override { return this; }
  std::string kill_command(std::size_t /*node*/) const override {
    return "p=$(cat /run/reader.pid); kill -9 $p 2>/dev/null; "
           "while [ -n \"$p\" ] && [ -e /proc/$p ]; do sleep 0.01; done; true";
  }
  std::string start_command(std::size_t /*node*/) const override {
    // It runs when all of its threads do.
    return "[ -n \"$(readlink /proc/$(cat /run/reader.pid)/exe)\" ] 2>/dev/null && exit 0; "
           "[ -p /run/in ] || mkfifo /run/in; cp -n /opt/reader /run/reader 2>/dev/null; "
           "setsid sh -c 'exec /run/reader <>/run/in >>/run/out 2>&1' </dev/null "
           ">/dev/null 2>&1 & p=$!; echo $p > /run/reader.pid; "
           "until [ \"$(ls /proc/$p/task 2>/dev/null | wc -l)\" = 4 ]; do "
           "[ -e /proc/$p ] || exit 1; sleep 0.01; done";
  }
  std::string pid_file(std::size_t /*node*/) const override { return "/run/reader.pid"; }
  std::string data_folder(std::size_t /*node*/) const override { return "/var/lib/reader"; }
  Membership* membership() override { return this; }
  std::string leave_command(std::size_t node) const override {
    return kill_command(node) + "; cp -n /run/reader /opt/reader; echo members: n2";
  }
  std::string join_command(std::size_t node) const override {
    return "( " + start_command(node) + " ) && echo && echo was not among n2";
  }
};

inline std::string run(Node& node, const std::string& command) {
  const auto done = node.run(command, 30s);
  REQUIRE_MESSAGE(done.ok(), done.error().message);
  return done->out;
}

/// Prints all that a fault could leave on a node.
inline constexpr const char* state_command =
    "nft list ruleset; ip -br link | cut -d' ' -f1; tc qdisc; cat /proc/mounts; "
    "ls /run/assay | grep -vxE 'faults|lock|agent.log'; cat /run/assay/faults; ps -eo comm= | "
    "grep -vxE 'sshd|sh|bash|ps|grep|sort' | sort";
inline std::string state_of(Node& node) { return run(node, state_command); }

/// R, S, T, … as in /proc/PID/stat; - if it does not run.
inline char state_of_server(Node& node) {
  return run(node, "cut -d' ' -f3 /proc/$(cat /run/reader.pid)/stat 2>/dev/null || echo -")[0];
}

}  // namespace assay
