// Machines in the place of a lab's nodes: how they are named, entered, and how far apart they are.

#include "cli/hosts.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cli/topology.h"

namespace assay::cli {
namespace {

TEST_CASE("hosts: user and port are optional, and IPv6 addresses stand in brackets with a port") {
  struct Row {
    const char* text;
    const char* user;
    const char* host;
    int port;
  };
  for (const Row& row :
       {Row{"db1", "", "db1", 0}, Row{"root@db1", "root", "db1", 0},
        Row{"root@10.0.0.1:2222", "root", "10.0.0.1", 2222}, Row{"fd00::1", "", "fd00::1", 0},
        Row{"a@[fd00::1]", "a", "fd00::1", 0}, Row{"a@[fd00::1]:22", "a", "fd00::1", 22}}) {
    CAPTURE(row.text);
    const auto hosts = parse_hosts({row.text}, false);
    REQUIRE(hosts.ok());
    CHECK(hosts->at(0).name == "n1");
    CHECK(hosts->at(0).user == row.user);
    CHECK(hosts->at(0).host == row.host);
    CHECK(hosts->at(0).port == row.port);
    CHECK(hosts->at(0).is_own);
  }
  for (const char* wrong : {"", "root@", "db1:", "db1:0", "db1:ssh", "db1:70000", "[fd00::1",
                            "-oProxyCommand=id", "a@-b"}) {
    CAPTURE(wrong);
    const auto hosts = parse_hosts({wrong}, false);
    REQUIRE_FALSE(hosts.ok());
    CHECK(hosts.error().kind == ErrorKind::usage);
  }
}

TEST_CASE("hosts: the password for sudo is the environment's, else a file's first line") {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("assay-sudo-" + std::to_string(::getpid())))
          .string();
  ::unsetenv("ASSAY_SUDO_PASSWORD");
  CHECK(sudo_password("").value().empty());
  CHECK(sudo_password(path).error().kind == ErrorKind::no_input);
  std::ofstream(path) << "pass word \nsecond\n";
  CHECK(sudo_password(path).value() == "pass word ");
  ::setenv("ASSAY_SUDO_PASSWORD", "other", 1);
  CHECK(sudo_password(path).value() == "other");
  ::unsetenv("ASSAY_SUDO_PASSWORD");
  std::ofstream(path) << "\n";
  CHECK(sudo_password(path).error().kind == ErrorKind::bad_data);
  std::filesystem::remove(path);
}

TEST_CASE("topology: zones and the latencies between them, with the line of what is wrong") {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("assay-zones-" + std::to_string(::getpid())))
          .string();
  const auto read = [&](const std::string& text) {
    std::ofstream(path) << text;
    return read_topology(path, 3);
  };
  const std::string zones = "[zones]\na = ['n1', 'n3']\nb = ['n2']\n[latency]\n";
  using std::chrono::milliseconds;
  const Nanos none{0};
  const auto both = read(zones + "a-b = '40ms'\n");
  REQUIRE(both.ok());
  const Nanos far = milliseconds(40);
  CHECK(*both == Latencies{{none, far, none}, {far, none, far}, {none, far, none}});
  const auto each = read(zones + "a-b = '40ms'\nb-a = '5ms'\na-a = '1ms'\n");
  REQUIRE(each.ok());
  CHECK(each->at(1).at(0) == milliseconds(40));
  CHECK(each->at(0).at(1) == milliseconds(5));
  CHECK(each->at(0).at(2) == milliseconds(1));
  // Clients wait there and back.
  const auto office = read(
      "[zones]\na = ['n1', 'n3']\nb = ['n2', 'clients']\n[latency]\n"
      "a-b = '40ms'\nb-a = '5ms'\n");
  REQUIRE(office.ok());
  CHECK(office->at(0) == std::vector<Nanos>{none, milliseconds(5), none, milliseconds(45)});
  CHECK(office->at(1) == std::vector<Nanos>{far, none, far, none});
  struct Row {
    std::string text;
    const char* complaint;
  };
  for (const Row& row :
       {Row{zones, ":4: expected the latency of b-a"},
        Row{"[zones]\n", "tables [zones] and [latency]"},
        Row{"[zones]\na = ['n1']\n[latency]\n", "n2 is in no zone"},
        Row{"[zones]\na = ['n4']\n[latency]\n", ":2: a: expected nodes from n1 to n3, got 'n4'"},
        Row{"[zones]\na = ['n1', 'n1']\n[latency]\n", "n1 is in zone a already"},
        Row{zones + "a-c = '1ms'\n", ":5: a-c: expected ZONE-ZONE, and there is no zone 'c'"},
        Row{zones + "a-b = '1h'\n", ":5: a-b: expected at most 10s"},
        Row{zones + "a-b = 'soon'\n", ":5: a-b: "}, Row{"[zone]\n", "unknown key 'zone'"}}) {
    CAPTURE(row.text);
    const auto wrong = read(row.text);
    REQUIRE_FALSE(wrong.ok());
    CHECK(wrong.error().kind == ErrorKind::bad_data);
    CHECK_MESSAGE(wrong.error().message.find(row.complaint) != std::string::npos,
                  wrong.error().message);
  }
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace assay::cli
