// The life of a lab: what nodes are, and that nothing of them stays, whatever was killed when.
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "base/random.h"
#include "harness/lab/subprocess.h"
#include "tests/system/lab_fixture.h"

extern char** environ;

namespace assay {
namespace {

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += part + "; ";
  return text;
}

/// A process that does `up` and then waits to be killed; it tells when it is done.
class UpInChild {
 public:
  UpInChild(const LabSite& site, int nodes) {
    REQUIRE(::pipe(done_) == 0);
    child_ = ::fork();
    REQUIRE(child_ >= 0);
    if (child_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    Result<Lab> lab = Lab::lock(site);
    const char answer = lab.ok() && lab->up(nodes, quiet()).ok() ? 'y' : 'n';
    if (::write(done_[1], &answer, 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  ~UpInChild() {
    if (child_ > 0) kill();
    for (const int end : done_) ::close(end);
  }
  bool wait_until_up() const {
    char answer = 'n';
    return ::read(done_[0], &answer, 1) == 1 && answer == 'y';
  }
  void kill() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    child_ = -1;
  }

 private:
  int done_[2] = {-1, -1};
  pid_t child_ = -1;
};

void check_down(const LabSite& site) {
  Result<Lab> lab = Lab::lock(site);
  REQUIRE(lab.ok());
  const Status status = lab->down();
  CHECK_MESSAGE(status.ok(), (status.ok() ? "" : status.error().message));
  CHECK(join(lab_leftovers(site)) == "");
}

}  // namespace

TEST_CASE("lab: five nodes are up in less than two seconds and gone in less than two") {
  if (!can_have_lab()) return;
  const LabSite site = test_site();
  REQUIRE(ensure_base(site, quiet()).ok());
  Result<Lab> lab = Lab::lock(site);
  REQUIRE(lab.ok());
  REQUIRE(lab->down().ok());
  const Nanos start = monotonic_now();
  REQUIRE(lab->up(5, quiet()).ok());
  const Nanos up = monotonic_now();
  const auto status = lab_status(site);
  REQUIRE(lab->down().ok());
  const Nanos down = monotonic_now();
  MESSAGE("up in ", format_duration(up - start), ", down in ", format_duration(down - up));
  CHECK(up - start < std::chrono::seconds(2));
  CHECK(down - up < std::chrono::seconds(2));
  REQUIRE(status.ok());
  CHECK(status.value().is_up);
  CHECK(status.value().controller_pid == ::getpid());
  CHECK(status.value().nodes.size() == 5);
  CHECK(join(lab_leftovers(site)) == "");
}

TEST_CASE("lab: nodes have names, processes, files and ports of their own, and reach each other") {
  if (!can_have_lab()) return;
  const RunningLab lab(3);
  for (int number = 1; number <= 3; ++number) {
    CAPTURE(number);
    const std::unique_ptr<Node> node = lab.connect(number);
    CHECK(output(*node, "hostname") == LabSite::node_name(number) + "\n");
    CHECK(output(*node, "cat /etc/hostname") == LabSite::node_name(number) + "\n");
    // sshd, its child for us, and what we run: nothing of the machine or of other nodes.
    CHECK(std::stoi(output(*node, "ps -e --no-headers | wc -l")) < 10);
    CHECK(output(*node, "ps -p 1 -o comm=") == "sshd\n");
    for (int other = 1; other <= 3; ++other) {
      output(*node, "ping -c 1 -W 2 " + LabSite::node_name(other));
    }
    output(*node, "test ! -e /root/mine && echo > /root/mine");
    output(*node, "touch /tmp/t /run/r /dev/shm/s /var/lib/v");
    output(*node, "nft add table inet own && nft list tables | grep -q own");
  }
}

TEST_CASE("lab: root in a node cannot reach the machine's clock, power and settings") {
  if (!can_have_lab()) return;
  const RunningLab lab(1);
  const std::unique_ptr<Node> node = lab.connect(1);
  const std::time_t before = std::time(nullptr);
  for (const char* command : {"date -s 2001-01-01", "mknod /root/disk b 8 0",
                              "echo h > /proc/sysrq-trigger", "echo 1 > /proc/sys/kernel/panic",
                              "echo 3 > /proc/sys/vm/drop_caches", "chroot . date -s 2001-01-01"}) {
    CAPTURE(command);
    const auto result = node->run(command);
    REQUIRE(result.ok());
    CHECK(result.value().exit_status != 0);
  }
  CHECK(std::time(nullptr) - before < 60);
  // These are what faults are made of.
  output(*node, "sysctl -qw net.ipv4.tcp_retries2=3");
  output(*node, "mkdir /root/m && mount -t tmpfs none /root/m && umount /root/m");
}

TEST_CASE(
    "lab: up again keeps a lab of the same size, with its dead nodes, and replaces any other") {
  if (!can_have_lab()) return;
  RunningLab lab(2);
  output(*lab.connect(1), "echo kept > /root/file");
  const auto before = lab_status(lab.site);
  REQUIRE(lab.lab->up(2, quiet()).ok());
  CHECK(output(*lab.connect(1), "cat /root/file") == "kept\n");
  CHECK(lab_status(lab.site).value().nodes[0].pid == before.value().nodes[0].pid);

  REQUIRE(lab.lab->up(3, quiet()).ok());
  const auto addresses = lab_nodes(lab.site);
  REQUIRE(addresses.ok());
  CHECK(addresses.value().size() == 3);
  output(*lab.connect(1), "test ! -e /root/file");

  output(*lab.connect(2), "echo kept > /root/file");
  REQUIRE(lab.lab->kill_node(2).ok());
  REQUIRE(lab.lab->up(3, quiet()).ok());
  CHECK(output(*lab.connect(2), "cat /root/file") == "kept\n");

  ::kill(lab_status(lab.site).value().nodes[1].pid, SIGKILL);
  REQUIRE(lab.lab->up(3, quiet()).ok());
  CHECK(lab_status(lab.site).value().is_up);
}

TEST_CASE("lab: a node that is switched off and on keeps its files and its address") {
  if (!can_have_lab()) return;
  RunningLab lab(2);
  const std::unique_ptr<Node> node = lab.connect(1);
  output(*node, "echo kept > /var/lib/file; echo lost > /run/file; sleep 1000 >/dev/null 2>&1 &");
  REQUIRE(lab.lab->kill_node(1).ok());
  CHECK(lab.lab->kill_node(1).ok());
  const auto off = lab_status(lab.site);
  REQUIRE(off.ok());
  CHECK_FALSE(off.value().is_up);
  CHECK_FALSE(off.value().nodes[0].is_on);
  CHECK(off.value().nodes[1].is_on);
  CHECK(lab_nodes(lab.site).error().kind == ErrorKind::unavailable);
  const auto refused = node->run("true", std::chrono::milliseconds(300));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == ErrorKind::unavailable);

  REQUIRE(lab.lab->start_node(1).ok());
  CHECK(lab.lab->start_node(1).ok());
  CHECK(output(*node, "cat /var/lib/file; ls /run/file 2>/dev/null; pgrep -xc sleep || true") ==
        "kept\n0\n");
  output(*lab.connect(2), "ping -c 1 -W 2 n1");
  CHECK(lab.lab->kill_node(3).error().kind == ErrorKind::usage);
}

TEST_CASE("lab: a second controller is told that the lab is busy") {
  if (!can_have_lab()) return;
  const LabSite site = test_site();
  const Result<Lab> first = Lab::lock(site);
  REQUIRE(first.ok());
  const Result<Lab> second = Lab::lock(site);
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().kind == ErrorKind::busy);
  CHECK(second.error().message.find(std::to_string(::getpid())) != std::string::npos);
}

TEST_CASE("lab: another state folder does not take over a lab that is up") {
  if (!can_have_lab()) return;
  const RunningLab lab(1);
  LabSite other = lab.site;
  other.state = std::filesystem::temp_directory_path() / "assay-other-state";
  std::filesystem::create_directories(other.folder());
  const Status status = remove_lab(other);
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().kind == ErrorKind::busy);
  CHECK(lab_status(lab.site).value().is_up);
  CHECK(remove_tree(other.state).ok());
}

TEST_CASE("lab: a controller killed at any moment of up leaves nothing that down does not remove") {
  if (!can_have_lab()) return;
  const LabSite site = test_site();
  check_down(site);
  constexpr std::uint64_t seed = 20261123;
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 12; ++round) {
    const auto delay = std::chrono::microseconds(random.between(0, 250'000));
    CAPTURE(delay.count());
    UpInChild up(site, 5);
    // The moment is what is varied here; nothing is waited for.
    std::this_thread::sleep_for(delay);
    up.kill();
    if (round % 3 == 2) {
      Result<Lab> lab = Lab::lock(site);
      REQUIRE(lab.ok());
      CHECK(lab->up(2, quiet()).ok());
      CHECK(lab_nodes(site).ok());
    }
    check_down(site);
  }
}

TEST_CASE("lab: it outlives the controller that made it, and the next one may use it") {
  if (!can_have_lab()) return;
  const LabSite site = test_site();
  UpInChild up(site, 2);
  REQUIRE(up.wait_until_up());
  CHECK(Lab::lock(site).error().kind == ErrorKind::busy);
  up.kill();
  const auto status = lab_status(site);
  REQUIRE(status.ok());
  CHECK(status.value().is_up);
  CHECK(status.value().controller_pid == 0);
  check_down(site);
}

TEST_CASE("lab: down removes a lab with dead nodes, without state, and with intruders") {
  if (!can_have_lab()) return;
  const LabSite site = test_site();
  pid_t intruder = 0;
  {
    Result<Lab> lab = Lab::lock(site);
    REQUIRE(lab.ok());
    REQUIRE(lab->up(3, quiet()).ok());
    const auto status = lab_status(site);
    const auto dead = identify_process(status.value().nodes[0].pid);
    REQUIRE(dead.ok());
    REQUIRE(kill_process(*dead).ok());
    // One that entered from outside is in no process namespace of the node.
    const std::string pid = std::to_string(status.value().nodes[1].pid);
    std::string words[] = {"nsenter", "-t", pid, "-m", "-n", "sleep", "1000"};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    REQUIRE(::posix_spawnp(&intruder, "nsenter", nullptr, nullptr, arguments.data(), environ) == 0);
    const Nanos deadline = monotonic_now() + std::chrono::seconds(20);
    while (lab_processes(site).size() < 3 && monotonic_now() < deadline) std::this_thread::yield();
    REQUIRE(lab_processes(site).size() == 3);
    REQUIRE(std::filesystem::remove(site.state_file()));
  }
  CHECK(lab_status(site).value().leftovers.size() >= 3);
  check_down(site);
  int status = 0;
  // down may have reaped it already, since it is our child.
  CHECK((::waitpid(intruder, &status, 0) == -1 || WIFSIGNALED(status)));
}

TEST_CASE("lab: impossible sizes are refused") {
  if (!can_have_lab()) return;
  Result<Lab> lab = Lab::lock(test_site());
  REQUIRE(lab.ok());
  for (const int nodes : {0, -1, 10}) {
    CHECK(lab->up(nodes, quiet()).error().kind == ErrorKind::usage);
  }
}

}  // namespace assay
