// A lab of an ordinary user: somebody who is nobody on this machine, with a range of ids, brings
// one up, runs under faults in it, and takes it down, and nothing is left.

#include "harness/lab/site.h"
#include "tests/system/program.h"

namespace assay {
namespace {

class Somebody {
 public:
  static constexpr const char* id = "61000";

  Somebody() {
    const fs::path home = store_.path();
    fs::permissions(home, fs::perms(0755));
    fs::create_directories(home / "lab/base");
    for (const char* name : {"assay", "assay-node", "assay-agent"}) {
      fs::copy_file(fs::path(ASSAY_BINARY_DIR) / name, home / name);
    }
    std::ofstream(home / "passwd") << "root:x:0:0:root:/root:/bin/sh\nsomebody:x:" << id << ":"
                                   << id << "::" << home.string() << ":/bin/sh\n";
    std::ofstream(home / "ids") << "somebody:700000:65536\n";
    REQUIRE(shell("chown " + std::string(id) + ":" + id + " " + home.string() + " " +
                  (home / "lab").string() + " " + (home / "lab/base").string()) == 0);
  }
  Somebody(const Somebody&) = delete;
  Somebody& operator=(const Somebody&) = delete;
  ~Somebody() { CHECK_MESSAGE(as_self("./assay lab down") == 0, said()); }

  /// What a base root of their own would be, without making it again.
  void take_base(const fs::path& base) const {
    REQUIRE(as_root("tar -C " + base.parent_path().string() + " --exclude='*/dev/*' -c " +
                    base.filename().string() + " | " + prefix() +
                    "unshare --user --map-root-user --map-auto tar -C lab/base -x") == 0);
  }
  int as_self(const std::string& command) const { return as_root(prefix() + command); }
  std::string said() const { return read(fs::path(store_.path()) / "out"); }
  const std::string& home() const { return store_.path(); }
  void forget_ids() const { std::ofstream(home() + "/ids", std::ios::trunc).flush(); }

 private:
  static std::string prefix() {
    return std::string("setpriv --reuid=") + id + " --regid=" + id +
           " --clear-groups env -u ASSAY_LAB_NUMBER HOME=$PWD ASSAY_LAB=$PWD/lab ";
  }
  int as_root(const std::string& command) const {
    std::ofstream(home() + "/run.sh") << "cd " << home()
                                      << " && mount --bind passwd /etc/passwd && "
                                         "mount --bind ids /etc/subuid && "
                                         "mount --bind ids /etc/subgid || exit 99\n"
                                      << command << "\n";
    return shell("unshare -m sh " + home() + "/run.sh >" + home() + "/out 2>&1");
  }

  const TestStore store_;
};

bool has_ranges_of_ids() {
  if (shell("command -v newuidmap >/dev/null && test -e /etc/subuid -a -e /etc/subgid") == 0) {
    return true;
  }
  MESSAGE("skipped: needs newuidmap and /etc/subuid (package uidmap)");
  return false;
}

TEST_CASE("rootless: an ordinary user has a lab, with faults, and nothing of it is left") {
  if (!may_run() || !has_ranges_of_ids()) return;
  const auto site = lab_site();
  REQUIRE(site.ok());
  REQUIRE(shell(program + " lab up --nodes 1 2>/dev/null && " + program + " lab down") == 0);
  const Somebody somebody;
  somebody.take_base(site->base());
  CHECK_MESSAGE(somebody.as_self("./assay run reference --protocol raft --nodes 3 --nemesis "
                                 "partition,kill,pause,clock --nemesis-interval 1s --time-limit "
                                 "5s --seed 7 --keep-lab --store runs --quiet") == 0,
                somebody.said());
  CHECK(read(fs::path(somebody.home()) / "runs/latest/faults.jsonl").find("packets stopped") !=
        std::string::npos);
  CHECK_MESSAGE(
      somebody.as_self("./assay lab exec n2 -- 'ping -q -c 1 -W 5 n1 && test $(id -u) = 0'") == 0,
      somebody.said());
  CHECK(shell("ping -q -c 1 -W 1 " + site->node_host(1) + " >/dev/null 2>&1") != 0);
  CHECK(somebody.as_self("./assay lab down") == 0);
  CHECK_MESSAGE(somebody.as_self("./assay lab status | grep -x 'the lab is down'") == 0,
                somebody.said());
  CHECK(await(10s,
              [] { return shell(std::string("pgrep -u ") + Somebody::id + " >/dev/null") != 0; }));
  CHECK_FALSE(fs::exists(somebody.home() + "/lab/keeper"));
}

TEST_CASE("rootless: where it is not possible, the error says what is missing") {
  if (!may_run() || !has_ranges_of_ids()) return;
  const Somebody somebody;
  somebody.forget_ids();
  CHECK(somebody.as_self("./assay lab up") == 77);
  CHECK_MESSAGE(somebody.said().find("/etc/subuid") != std::string::npos, somebody.said());
  std::ofstream(somebody.home() + "/ids") << "somebody:700000:65536\n";
}

}  // namespace
}  // namespace assay
