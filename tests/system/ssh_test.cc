// Node over SSH against real servers: the nodes of a lab.
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "base/random.h"
#include "tests/system/lab_fixture.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

std::string read_all(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

fs::path temporary_file(const char* name) {
  return fs::temp_directory_path() / ("assay-ssh-test-" + std::to_string(::getpid()) + name);
}

}  // namespace

TEST_CASE("ssh: exit status, output and errors of a command come back apart") {
  if (!can_have_lab()) return;
  const RunningLab lab(1);
  const std::unique_ptr<Node> node = lab.connect(1);
  const auto result = node->run("echo out; echo err >&2; exit 7");
  REQUIRE(result.ok());
  CHECK(result.value().exit_status == 7);
  CHECK(result.value().out == "out\n");
  CHECK(result.value().err == "err\n");
  CHECK(node->run("kill -9 $$").value().exit_status == 137);
  CHECK(node->run("no-such-command").value().exit_status == 127);
  CHECK(node->run("cat").value().out == "");
  const auto failed = node->must_run("echo why >&2; exit 3");
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().message.find("status 3: why") != std::string::npos);

  const Nanos start = monotonic_now();
  constexpr int rounds = 50;
  for (int i = 0; i < rounds; ++i) REQUIRE(node->run("true").ok());
  MESSAGE("a command takes ", format_duration((monotonic_now() - start) / rounds));
}

TEST_CASE("ssh: a command leaves nothing to the next one in the same shell") {
  if (!can_have_lab()) return;
  const RunningLab lab(1);
  const std::unique_ptr<Node> node = lab.connect(1);
  CHECK(output(*node, "cd /; x=1; set -u; printf 'no newline at the end'") ==
        "no newline at the end");
  CHECK(output(*node, "pwd; echo ${x:-unset}") == "/root\nunset\n");
  CHECK(node->run("echo \"open").value().exit_status == 2);
  CHECK(node->run("exit 3 } ; (").value().exit_status == 2);
  CHECK(output(*node, "printf '%s\\0' a b | wc -c; # it's a comment") == "4\n");
  CHECK(output(*node, "printf 'a\\0\\nb'") == std::string("a\0\nb", 4));
  CHECK(output(*node, "cat <<'END'\n$(id) 'x'\nEND") == "$(id) 'x'\n");
}

TEST_CASE("ssh: much output on both streams neither stalls nor loses a byte") {
  if (!can_have_lab()) return;
  const RunningLab lab(1);
  const std::unique_ptr<Node> node = lab.connect(1);
  const auto result = node->run("head -c 5000000 /dev/zero >&2; head -c 7000001 /dev/zero");
  REQUIRE(result.ok());
  CHECK(result.value().err.size() == 5'000'000);
  CHECK(result.value().out.size() == 7'000'001);
}

TEST_CASE("ssh: a command that takes too long is given up and killed, and the node goes on") {
  if (!can_have_lab()) return;
  const RunningLab lab(1);
  const std::unique_ptr<Node> node = lab.connect(1);
  for (const char* command : {"exec sleep 1000", "exec yes"}) {
    CAPTURE(command);
    const Nanos start = monotonic_now();
    const auto result = node->run(command, std::chrono::milliseconds(300));
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().kind == ErrorKind::unavailable);
    CHECK(monotonic_now() - start < std::chrono::seconds(5));
    CHECK(output(*node, "echo on") == "on\n");
  }
  output(*node, "for i in $(seq 100); do pgrep -x 'sleep|yes' || exit 0; /bin/true; done; exit 1");
}

TEST_CASE("ssh: a command whose children keep its output open still ends") {
  if (!can_have_lab()) return;
  const RunningLab lab(1);
  const std::unique_ptr<Node> node = lab.connect(1);
  const Nanos start = monotonic_now();
  const auto result = node->run("sleep 1000 & echo started; exit 4");
  REQUIRE(result.ok());
  CHECK(result.value().out == "started\n");
  CHECK(result.value().exit_status == 4);
  CHECK(monotonic_now() - start < std::chrono::seconds(5));
}

TEST_CASE("ssh: after a break the next command connects again") {
  if (!can_have_lab()) return;
  const RunningLab lab(1);
  const std::unique_ptr<Node> node = lab.connect(1);
  const auto broken = node->run("kill -9 $PPID; sleep 1000");
  REQUIRE_FALSE(broken.ok());
  CHECK(broken.error().kind == ErrorKind::unavailable);
  CHECK(output(*node, "echo again") == "again\n");
  // And when it breaks while nobody uses it.
  const std::string shell = output(*node, "echo $PPID");
  output(*lab.connect(1), "kill -9 " + shell);
  CHECK(output(*node, "echo again") == "again\n");
  const std::string server = output(*node, "ps -o ppid= $PPID");
  output(*lab.connect(1), "kill -9 " + server);
  CHECK(output(*node, "echo again") == "again\n");
  REQUIRE_FALSE(node->run("kill -9 $(ps -o ppid= $PPID); sleep 1000").ok());
  CHECK(output(*node, "echo again") == "again\n");
}

TEST_CASE("ssh: files go up and come down byte by byte, whatever their names") {
  if (!can_have_lab()) return;
  const RunningLab lab(1);
  const std::unique_ptr<Node> node = lab.connect(1);
  Random random(7);
  std::string bytes;
  for (int i = 0; i < 3'000'001; ++i) bytes += static_cast<char>(random.below(256));
  const fs::path local = temporary_file(".up");
  const fs::path back = temporary_file(".back");
  std::ofstream(local, std::ios::binary) << bytes;
  const std::string remote = "/root/it's $(touch owned) \"x\"; rm -rf *";
  const Status up = node->upload(local, remote, 0751);
  REQUIRE_MESSAGE(up.ok(), (up.ok() ? "" : up.error().message));
  CHECK(output(*node, "stat -c '%a %s' " + shell_quote(remote)) == "751 3000001\n");
  CHECK(output(*node, "ls -A /root | grep -c touch") == "1\n");
  REQUIRE(node->download(remote, back).ok());
  CHECK(read_all(back) == bytes);

  std::ofstream(local, std::ios::trunc).flush();
  REQUIRE(node->upload(local, "/root/empty", 0600).ok());
  REQUIRE(node->download("/root/empty", back).ok());
  CHECK(fs::file_size(back) == 0);
  fs::remove(local);
  fs::remove(back);
}

TEST_CASE("ssh: a transfer that cannot be says why and leaves nothing") {
  if (!can_have_lab()) return;
  const RunningLab lab(1);
  const std::unique_ptr<Node> node = lab.connect(1);
  const fs::path local = temporary_file(".file");
  CHECK(node->upload(local, "/root/x", 0644).error().kind == ErrorKind::no_input);
  std::ofstream(local) << "text";
  CHECK(node->upload(local, "/no/such/folder/x", 0644).error().kind == ErrorKind::cannot_write);
  CHECK(node->upload(local, "/root", 0644).error().kind == ErrorKind::cannot_write);
  CHECK(output(*node, "ls -A / /root | grep -c upload || true") == "0\n");
  fs::remove(local);
  const Status missing = node->download("/no/such/file", local);
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().kind == ErrorKind::no_input);
  CHECK(missing.error().message.find("No such file") != std::string::npos);
  CHECK_FALSE(fs::exists(local));
  CHECK(node->download("/etc/hostname", "/no/such/folder/x").error().kind ==
        ErrorKind::cannot_write);
  CHECK(output(*node, "echo on") == "on\n");
}

TEST_CASE("ssh: a host key that changed or is unknown is refused") {
  if (!can_have_lab()) return;
  const RunningLab lab(2);
  const std::string known = read_all(lab.site.known_hosts_file());
  const std::string key_of_n2 =
      known.substr(known.find(lab.addresses[1].host + " ") + lab.addresses[1].host.size());
  const fs::path file = temporary_file(".known_hosts");
  NodeAddress address = lab.addresses[0];
  address.known_hosts_file = file;
  struct Row {
    std::string text;
    const char* word;
  };
  for (const Row& row : {Row{address.host + key_of_n2, "CHANGED"}, Row{"", "unknown"},
                         Row{lab.addresses[1].host + key_of_n2, "unknown"}}) {
    CAPTURE(row.text);
    std::ofstream(file, std::ios::trunc) << row.text;
    const auto node = connect_ssh(address, std::chrono::seconds(10));
    REQUIRE_FALSE(node.ok());
    CHECK(node.error().kind == ErrorKind::not_permitted);
    CHECK(node.error().message.find(row.word) != std::string::npos);
  }
  fs::remove(file);
  CHECK(connect_ssh(address, std::chrono::seconds(10)).error().kind == ErrorKind::not_permitted);
}

TEST_CASE("ssh: a login with the wrong key is refused") {
  if (!can_have_lab()) return;
  const RunningLab lab(1);
  NodeAddress address = lab.addresses[0];
  address.identity_file = (lab.site.node_folder(1) / "upper/etc/ssh/ssh_host_ed25519_key").string();
  const auto node = connect_ssh(address, std::chrono::seconds(10));
  REQUIRE_FALSE(node.ok());
  CHECK(node.error().kind == ErrorKind::not_permitted);
  address.identity_file = "/no/such/key";
  CHECK(connect_ssh(address, std::chrono::seconds(10)).error().kind == ErrorKind::no_input);
}

TEST_CASE("ssh: sudo gets its password, and the command its own input, whether it asks or not") {
  if (!can_have_lab()) return;
  const RunningLab lab(1);
  const std::unique_ptr<Node> root = lab.connect(1);
  const fs::path local = temporary_file(".file");
  std::ofstream(local) << "assay-begins-here\nsecond\n";
  struct Row {
    const char* sudo;  ///< what stands in the place of the program, after its options are checked
    const char* password;
    bool works;
  };
  const char* asks =
      "IFS= read -r p; [ \"$p\" = 'it is \"so\" $x' ] || { echo Sorry >&2; exit 1; };";
  for (const Row& row : {Row{asks, "it is \"so\" $x", true}, Row{asks, "wrong", false},
                         Row{"", "not asked for", true}}) {
    CAPTURE(row.password);
    output(*root, "mkdir -p /usr/local/bin; printf '%s\n' '#!/bin/sh' " +
                      shell_quote("[ \"$*\" = \"-k -S -p  -- sh -c $8\" ] || exit 9; " +
                                  std::string(row.sudo) + " shift 5; exec \"$@\"") +
                      " > /usr/local/bin/sudo; chmod +x /usr/local/bin/sudo");
    NodeAddress address = lab.addresses[0];
    address.sudo = true;
    address.sudo_password = row.password;
    const auto node = connect_ssh(address, std::chrono::seconds(10));
    REQUIRE(node.ok() == row.works);
    if (!row.works) {
      CHECK(node.error().kind == ErrorKind::not_permitted);
      CHECK(node.error().message.find("Sorry") != std::string::npos);
      continue;
    }
    CHECK(output(**node, "echo out; ! grep -qs 'so. [$]x' /proc/[0-9]*/cmdline") == "out\n");
    REQUIRE((*node)->upload(local, "/root/up", 0600).ok());
    CHECK(output(*root, "cat /root/up") == read_all(local));
    const auto process = (*node)->start("exec cat");
    REQUIRE(process.ok());
    REQUIRE((*process)->write_line("line").ok());
    CHECK((*process)->read_line(std::chrono::seconds(10)).value() == "line");
  }
  fs::remove(local);
}

TEST_CASE("ssh: a long-lived command answers line by line and ends with its input") {
  if (!can_have_lab()) return;
  const RunningLab lab(1);
  const std::unique_ptr<Node> node = lab.connect(1);
  auto process =
      node->start("while read -r line; do echo \"got $line\"; done; echo end > /root/end");
  REQUIRE(process.ok());
  for (int i = 0; i < 20; ++i) {
    REQUIRE((*process)->write_line("line " + std::to_string(i)).ok());
    const auto line = (*process)->read_line(std::chrono::seconds(10));
    REQUIRE(line.ok());
    CHECK(line.value() == "got line " + std::to_string(i));
  }
  const auto silence = (*process)->read_line(std::chrono::milliseconds(20));
  REQUIRE_FALSE(silence.ok());
  CHECK(silence.error().kind == ErrorKind::unavailable);
  CHECK(output(*node, "test ! -e /root/end") == "");
  process->reset();
  output(*node, "for i in $(seq 1000); do test -e /root/end && exit 0; /bin/true; done; exit 1");
}

TEST_CASE("ssh: the end of a long-lived command is an error that tells its status and last words") {
  if (!can_have_lab()) return;
  const RunningLab lab(1);
  const std::unique_ptr<Node> node = lab.connect(1);
  auto process = node->start("echo first; printf second; echo why >&2; exit 5");
  REQUIRE(process.ok());
  CHECK((*process)->read_line(std::chrono::seconds(10)).value() == "first");
  const auto end = (*process)->read_line(std::chrono::seconds(10));
  REQUIRE_FALSE(end.ok());
  CHECK(end.error().kind == ErrorKind::unavailable);
  CHECK(end.error().message.find("status 5") != std::string::npos);
  CHECK(end.error().message.find("why") != std::string::npos);
  CHECK_FALSE((*process)->write_line("anyone?").ok());
}

TEST_CASE("ssh: one thread may write to a long-lived command while another waits for a line") {
  if (!can_have_lab()) return;
  const RunningLab lab(1);
  const std::unique_ptr<Node> node = lab.connect(1);
  auto process = node->start("exec cat");
  REQUIRE(process.ok());
  constexpr int lines = 200;
  std::thread writer([&] {
    for (int i = 0; i < lines; ++i) {
      if (!(*process)->write_line(std::string(2000, 'x') + std::to_string(i)).ok()) return;
    }
  });
  int received = 0;
  while (received < lines) {
    const auto line = (*process)->read_line(std::chrono::seconds(20));
    if (!line.ok() || line.value() != std::string(2000, 'x') + std::to_string(received)) break;
    ++received;
  }
  writer.join();
  CHECK(received == lines);
}

TEST_CASE("ssh: several threads may use one node") {
  if (!can_have_lab()) return;
  const RunningLab lab(1);
  const std::unique_ptr<Node> node = lab.connect(1);
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 10; ++i) {
        const std::string text = std::to_string(thread) + "." + std::to_string(i);
        const auto result = node->run("echo " + text);
        if (result.ok() && result.value().out == text + "\n") ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 40);
}

}  // namespace assay
