// Machines in the place of a lab's nodes: how they are named.

#include "cli/hosts.h"

#include <doctest/doctest.h>

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

}  // namespace
}  // namespace assay::cli
