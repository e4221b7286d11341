// The parts of a lab that need no privileges: its names, lock, state file and keys.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "harness/lab/doctor.h"
#include "harness/lab/file_lock.h"
#include "harness/lab/keys.h"
#include "harness/lab/lab.h"
#include "harness/lab/leftovers.h"
#include "harness/lab/state.h"
#include "tests/temporary_folder.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

Result<LabSite> site_from(const char* folder, const char* number) {
  ::setenv("ASSAY_LAB", folder, 1);
  ::setenv("ASSAY_LAB_NUMBER", number, 1);
  Result<LabSite> site = lab_site();
  ::unsetenv("ASSAY_LAB");
  ::unsetenv("ASSAY_LAB_NUMBER");
  return site;
}

std::string read_all(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

TEST_CASE("lab site: names follow from the number, and the base is shared") {
  const auto site = site_from("/srv/assay/", "3");
  REQUIRE(site.ok());
  CHECK(site.value().folder() == "/srv/assay/lab3");
  CHECK(site.value().base() == "/srv/assay/base/bookworm");
  CHECK(site.value().bridge() == "assay3");
  CHECK(site.value().link(9) == "assay3-n9");
  CHECK(site.value().node_host(2) == "10.77.3.2");
  CHECK(site.value().controller_host() == "10.77.3.254");
}

TEST_CASE("lab site: without a number the lab that is there is meant, else the first free one") {
  const TemporaryFolder folder;
  LabSite site;
  site.state = folder.path;
  std::map<int, std::string> owners{{0, "/srv/other/lab0"}, {1, "/srv/other/lab1"}};
  const auto owner_of = [&](const LabSite& asked) { return owners[asked.number]; };
  CHECK(choose_number(site, owner_of) == 2);
  fs::create_directory(folder.path / "lab4");
  CHECK(choose_number(site, owner_of) == 4);
  owners[4] = (folder.path / "lab4").string();
  CHECK(choose_number(site, owner_of) == 4);
  // What a dead controller left there, while somebody else has the number.
  owners[4] = "/srv/other/lab4";
  CHECK(choose_number(site, owner_of) == 2);
  for (int number = 0; number < 10; ++number) owners[number] = "/srv/other";
  CHECK(choose_number(site, owner_of) == 0);
}

TEST_CASE("lab site: settings that cannot be used are refused") {
  for (const char* number : {"10", "-1", "x", "1 "}) {
    CAPTURE(number);
    const auto site = site_from("/srv", number);
    REQUIRE_FALSE(site.ok());
    CHECK(site.error().kind == ErrorKind::configuration);
  }
  for (const char* folder : {"relative", "/with,comma", "/with:colon", "/with blank"}) {
    CAPTURE(folder);
    const auto site = site_from(folder, "0");
    REQUIRE_FALSE(site.ok());
    CHECK(site.error().kind == ErrorKind::configuration);
  }
}

TEST_CASE("file lock: a second holder is told who the first one is") {
  const TemporaryFolder folder;
  const fs::path file = folder.path / "lock";
  CHECK(lock_holder(file) == 0);
  {
    const auto held = FileLock::try_lock(file);
    REQUIRE(held.ok());
    const auto refused = FileLock::try_lock(file);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().kind == ErrorKind::busy);
    CHECK(refused.error().message.find(std::to_string(::getpid())) != std::string::npos);
    CHECK(lock_holder(file) == ::getpid());
  }
  CHECK(lock_holder(file) == 0);
  CHECK(FileLock::try_lock(file).ok());
}

TEST_CASE("lab state: what was written is read back") {
  const TemporaryFolder folder;
  LabSite site;
  site.state = folder.path;
  CHECK(read_lab_state(site).error().kind == ErrorKind::no_input);
  fs::create_directories(site.folder());
  const LabState written{"20261123T071500Z",
                         {{12, 345}, {13, 18'446'744'073'709'551'615u}},
                         "trixie",
                         {"redis-server"}};
  REQUIRE(write_lab_state(site, written).ok());
  const auto state = read_lab_state(site);
  REQUIRE(state.ok());
  CHECK(state.value().since == "20261123T071500Z");
  REQUIRE(state.value().nodes.size() == 2);
  CHECK(state.value().nodes[1].pid == 13);
  CHECK(state.value().nodes[1].start_ticks == 18'446'744'073'709'551'615u);
  CHECK(state.value().suite == "trixie");
  CHECK(state.value().packages == written.packages);
}

TEST_CASE("lab state: a damaged file is an error, never a crash") {
  const TemporaryFolder folder;
  LabSite site;
  site.state = folder.path;
  fs::create_directories(site.folder());
  for (const char* text : {"", "{", "[]", "null", "{\"since\":1,\"nodes\":[]}",
                           "{\"since\":\"x\",\"nodes\":[]}", "{\"since\":\"x\",\"nodes\":[{}]}",
                           "{\"since\":\"x\",\"nodes\":[{\"pid\":\"y\",\"start_ticks\":1}]}"}) {
    CAPTURE(text);
    REQUIRE(write_file(site.state_file(), text, 0644).ok());
    const auto state = read_lab_state(site);
    REQUIRE_FALSE(state.ok());
    CHECK(state.error().kind == ErrorKind::bad_data);
  }
}

TEST_CASE("process identity: another process with the same number is not the same") {
  const auto self = identify_process(::getpid());
  REQUIRE(self.ok());
  CHECK(is_alive(self.value()));
  CHECK_FALSE(is_alive({self.value().pid, self.value().start_ticks + 1}));
  CHECK_FALSE(is_alive({}));
  // Must not kill: the number is ours, the start time is not.
  CHECK(kill_process({self.value().pid, self.value().start_ticks + 1}).ok());
}

TEST_CASE("keys: each is new, private and in OpenSSH's form") {
  const TemporaryFolder folder;
  const auto first = make_key(folder.path / "a");
  const auto second = make_key(folder.path / "b");
  REQUIRE(first.ok());
  REQUIRE(second.ok());
  CHECK(first.value() != second.value());
  CHECK(first.value().rfind("ssh-ed25519 AAAA", 0) == 0);
  CHECK(read_all(folder.path / "a").rfind("-----BEGIN OPENSSH PRIVATE KEY-----", 0) == 0);
  CHECK(fs::status(folder.path / "a").permissions() ==
        (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("remove_tree: removes links, not what they point to") {
  const TemporaryFolder folder;
  fs::create_directories(folder.path / "kept");
  fs::create_directories(folder.path / "gone/deep/er");
  fs::create_directory_symlink(folder.path / "kept", folder.path / "gone/link");
  std::ofstream(folder.path / "kept/file") << "x";
  REQUIRE(remove_tree(folder.path / "gone").ok());
  CHECK_FALSE(fs::exists(folder.path / "gone"));
  CHECK(fs::exists(folder.path / "kept/file"));
  CHECK(remove_tree(folder.path / "never-there").ok());
}

TEST_CASE("lab: without one, status says so and nodes are an error") {
  const TemporaryFolder folder;
  LabSite site;
  site.state = folder.path;
  site.number = 8;
  const auto status = lab_status(site);
  REQUIRE(status.ok());
  CHECK_FALSE(status.value().is_up);
  CHECK(status.value().nodes.empty());
  CHECK(lab_nodes(site).error().kind == ErrorKind::no_input);
}

TEST_CASE("doctor: every problem comes with something to do, and nothing is left behind") {
  const TemporaryFolder folder;
  LabSite site;
  site.state = folder.path / "state";
  const auto checks = run_doctor(site);
  CHECK(checks.size() >= 12);
  for (const DoctorCheck& check : checks) {
    CAPTURE(check.name);
    CHECK_FALSE(check.found.empty());
    CHECK(check.fix.empty() == check.ok);
  }
  CHECK(fs::is_empty(folder.path));
}

}  // namespace assay
