// Machines of one's own: touched only with leave, and reached by what ssh knows of them. The nodes
// of a lab are somebody's machines here; a home of the test's own says how they are reached.

#include "tests/system/program.h"

namespace assay {
namespace {

class Machines {
 public:
  Machines() {
    REQUIRE(shell(program + " lab up --nodes 3 2>/dev/null") == 0);
    const std::string status = store_.path() + "/status.json";
    REQUIRE(shell(program + " lab status --json >" + status) == 0);
    const auto lab = nlohmann::json::parse(read(status), nullptr, false);
    REQUIRE(lab.is_object());
    for (const auto& node : lab.at("nodes")) hosts_.push_back(node.at("host").get<std::string>());
    folder_ = lab.at("folder").get<std::string>();
    fs::create_directories(ssh());
    std::ofstream(file("passwd")) << "root:x:0:0:root:" << store_.path() << "/home:/bin/sh\n";
  }
  Machines(const Machines&) = delete;
  Machines& operator=(const Machines&) = delete;
  ~Machines() { CHECK(shell(program + " lab down") == 0); }

  fs::path ssh() const { return fs::path(store_.path()) / "home/.ssh"; }
  std::string key() const { return folder_ + "/id_ed25519"; }
  const std::string& host(std::size_t node) const { return hosts_.at(node - 1); }
  void configure(const std::string& text) const { std::ofstream(ssh() / "config") << text; }
  /// Makes the machines known, also at another port of the first one.
  void let_be_known() const {
    const std::string known = read(folder_ + "/known_hosts");
    std::ofstream file(ssh() / "known_hosts");
    file << known << '[' << host(1) << "]:2222" << known.substr(known.find(' '), known.find('\n'));
  }
  int command(int node, const std::string& words) const {
    return shell(program + " lab exec n" + std::to_string(node) + " -- " + shell_word(words) +
                 " >/dev/null 2>&1");
  }
  /// The exit code of a run on them. `before`: shell words in front of the program.
  int run(const std::string& flags, const std::string& before = "") const {
    std::string all;
    for (const std::string& host : hosts_) all += (all.empty() ? "" : ",") + host;
    std::ofstream(file("run.sh")) << "mount --bind " << file("passwd") << " /etc/passwd\n"
                                  << before << " " << program
                                  << " run reference --protocol raft --quiet --time-limit 3s "
                                     "--nemesis partition,kill --nemesis-interval 1s --store "
                                  << file("runs") << " --hosts " << all << " " << flags << "\n";
    return shell("unshare -m sh " + file("run.sh") + " >" + file("out") + " 2>&1");
  }
  std::string said() const { return read(file("out")); }

 private:
  static std::string shell_word(const std::string& text) { return "'" + text + "'"; }
  std::string file(const char* name) const { return store_.path() + "/" + name; }

  const TestStore store_;
  std::vector<std::string> hosts_;
  std::string folder_;
};

TEST_CASE("hosts: machines of one's own are touched only with leave, and only if they are known") {
  if (!may_run()) return;
  const Machines machines;
  machines.configure("Host 10.77.*\n  User root\n  IdentityFile " + machines.key() + "\n");
  CHECK(machines.run("") == 77);
  CHECK(machines.run("--allow") == 77);  // no key of theirs is known
  CHECK(machines.command(1, "test ! -e /opt/assay") == 0);
  machines.let_be_known();
  CHECK_MESSAGE(machines.run("--allow") == 0, machines.said());
  CHECK(machines.command(1, "test -e /opt/assay") == 0);
  CHECK(machines.command(1, "! nft list table inet assay_nemesis") == 0);
}

TEST_CASE("hosts: the SSH agent's keys are used, and hosts are reached through others") {
  if (!may_run()) return;
  const Machines machines;
  machines.let_be_known();
  // A key that no file of this home names.
  machines.configure("Host 10.77.*\n  User root\n  IdentityFile ~/.ssh/none\n");
  CHECK(machines.run("--allow") == 77);
  const std::string agent =
      "exec ssh-agent sh -c 'ssh-add -q " + machines.key() + " && exec \"$@\"' sh";
  CHECK_MESSAGE(machines.run("--allow", agent) == 0, machines.said());

  // The second and third let nobody in from here; the first one's other server hands on.
  for (const int node : {2, 3}) {
    REQUIRE(machines.command(node,
                             "nft \"add table inet door; add chain inet door in { type filter hook "
                             "input priority 0; }; add rule inet door in ip saddr " +
                                 machines.host(1).substr(0, machines.host(1).rfind('.')) +
                                 ".254 tcp dport 22 tcp flags & (syn | ack) == syn drop\"") == 0);
  }
  machines.configure("Host 10.77.*\n  User root\n  IdentityFile " + machines.key() + "\n");
  CHECK(machines.run("--allow --op-timeout 1s") == 69);
  REQUIRE(machines.command(1,
                           "/usr/sbin/sshd -f /dev/null -p 2222 -o AllowTcpForwarding=yes "
                           "-o HostKey=/etc/ssh/ssh_host_ed25519_key -o UsePAM=no") == 0);
  machines.configure("Host " + machines.host(2) + " " + machines.host(3) + "\n  ProxyJump root@" +
                     machines.host(1) + ":2222\nHost 10.77.*\n  User root\n  IdentityFile " +
                     machines.key() + "\n");
  CHECK_MESSAGE(machines.run("--allow") == 0, machines.said());
}

}  // namespace
}  // namespace assay
