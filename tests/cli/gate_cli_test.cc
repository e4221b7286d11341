// assay gate, runs, explain, completion and man as their users meet them.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/temporary_folder.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

/// A folder in which the program runs.
class Desk {
 public:
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
  }
  fs::path file(const std::string& name) const { return path_ / name; }
  Outcome assay(const std::string& arguments) const {
    return shell(std::string(ASSAY_BINARY_DIR) + "/assay " + arguments);
  }
  Outcome shell(const std::string& command) const {
    const std::string all = "cd " + path_.string() + " && { " + command + "\n} >.out 2>.err";
    const int status = std::system(all.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read(path_ / ".out"),
            read(path_ / ".err")};
  }

 private:
  TemporaryFolder folder_;
  fs::path path_ = folder_.path;
};

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Raft in good weather, and a canary that every seed catches; `bug` is planted into the former.
std::string campaign(const std::string& bug) {
  return R"(schema = "assay.campaign/1"
name = "small"
[retain]
passing = "summary"
failing = "history"
[gate]
policy = "gate.toml"
[defaults]
protocol = "raft"
nodes = 3
rate = "200/s"
time-limit = "3s"
nemesis-interval = "500ms"
seeds = 3
[[experiment]]
name = "split"
nemesis = ["partition"]
bugs = [)" +
         bug + R"(]
[[canary]]
name = "stale"
bugs = ["follower-read"]
nemesis = ["partition"]
seeds = 20
)";
}

constexpr const char* policy = R"(schema = "assay.gate/1"
[vacuity]
operations = 50
canaries = 1
[vacuity.in-flight]
partition = 1
)";

}  // namespace

TEST_CASE(
    "gate: a campaign of a correct cluster passes, one with a bug fails, accepted it passes") {
  const Desk desk;
  desk.write("gate.toml", policy);
  desk.write("campaign.toml", campaign(""));
  CHECK(desk.assay("gate").code == 66);
  const Outcome good = desk.assay("campaign campaign.toml --quiet");
  CHECK_MESSAGE(good.code == 0, good.out, good.err);
  Outcome gate = desk.assay("gate --write junit=gate.xml --write sarif=gate.sarif");
  CHECK_MESSAGE(gate.code == 0, gate.out, gate.err);
  CHECK(mentions(gate.out, "GATE PASSED"));
  CHECK(mentions(gate.out, "canary-caught stale"));
  CHECK(mentions(read(desk.file("gate.xml")), "<testsuites"));
  CHECK(Json::parse(read(desk.file("gate.sarif")))["version"] == "2.1.0");

  desk.write("campaign.toml", campaign("\"follower-read\""));
  CHECK(desk.assay("campaign campaign.toml --quiet").code == 1);
  gate = desk.assay("gate --json");
  CHECK(gate.code == 1);
  const Json decision = Json::parse(gate.out);
  REQUIRE(decision["rows"][0]["rule"] == "new-finding");
  const std::string finding = decision["rows"][0]["fingerprint"];
  CHECK_FALSE(mentions(gate.out, "not checked again"));
  CHECK(decision["rows"][0]["file"] == "campaign.toml");

  CHECK(desk.assay("gate --baseline known.json --accept " + finding).code == 64);
  std::string accept;
  for (const Json& row : decision["rows"]) {
    if (row["rule"] != "new-finding") continue;
    accept = "gate --baseline known.json --reason because --expires 2999-01-01 --accept " +
             row["fingerprint"].get<std::string>();
    gate = desk.assay(accept);
  }
  CHECK_MESSAGE(gate.code == 0, gate.out, gate.err);
  CHECK(mentions(gate.out, "known-finding"));
  std::string known = read(desk.file("known.json"));
  for (std::size_t at = known.find("2999"); at != std::string::npos; at = known.find("2999")) {
    known.replace(at, 4, "2001");
  }
  desk.write("known.json", known);
  CHECK(desk.assay("gate --baseline known.json").code == 3);

  // A certificate that was changed is refused, and that is no pass either.
  const std::string run = decision["rows"][0]["run"];
  std::string certificate = read(desk.file(run + "/certificate.json"));
  REQUIRE_FALSE(certificate.empty());
  const std::size_t digest = certificate.find("\"violation\"");
  REQUIRE(digest != std::string::npos);
  desk.write(run + "/certificate.json", certificate.replace(digest, 11, "\"pass\""));
  gate = desk.assay("gate " + run);
  CHECK_MESSAGE(gate.code == 70, gate.out);
  CHECK(mentions(gate.out, "refuted-violation"));
}

TEST_CASE("runs: list, show, findings, rm and gc") {
  const Desk desk;
  desk.write("campaign.toml", campaign("\"follower-read\""));
  desk.write("gate.toml", policy);
  CHECK(desk.assay("runs ls").code == 66);
  REQUIRE(desk.assay("campaign campaign.toml --quiet").code == 1);
  Json list = Json::parse(desk.assay("runs ls --json").out);
  const std::size_t all = list["total"];
  CHECK(all >= 4);
  CHECK(list["runs"].size() == all);
  CHECK(Json::parse(desk.assay("runs ls --verdict violation --json").out)["total"] >= 1);
  const std::string folder = list["runs"][0]["folder"];
  CHECK(mentions(desk.assay("runs show " + folder).out, "protocol=raft bug=follower-read"));
  CHECK(mentions(desk.assay("runs show runs/latest").out, "assay sim raft --seed"));
  CHECK(desk.assay("runs show nothing").code == 66);
  const Json findings = Json::parse(desk.assay("runs findings --json").out)["findings"];
  REQUIRE(findings.size() >= 1);
  CHECK(findings[0]["trend"]["runs"] == all);
  CHECK(mentions(desk.assay("runs findings").out, "seen in "));
  fs::remove(desk.file("runs/index.sqlite"));
  CHECK(Json::parse(desk.assay("runs ls --json").out)["total"] == all);
  CHECK(desk.assay("runs rm " + folder).code == 0);
  CHECK(desk.assay("runs rm " + folder).code == 66);
  CHECK(Json::parse(desk.assay("runs ls --json").out)["total"] == all - 1);
  CHECK(desk.assay("runs gc --older-than 1").code == 64);
  CHECK(mentions(desk.assay("runs gc --older-than 1000h").out, "0 of "));
  CHECK(mentions(desk.assay("runs gc --max-size 1 --violations --dry-run").out, "would remove"));
  CHECK(desk.assay("runs gc --max-size 1 --violations").code == 0);
  CHECK(Json::parse(desk.assay("runs ls --json").out)["total"] == 0);
}

TEST_CASE("explain: models, anomalies, rules and measures, whatever the case") {
  const Desk desk;
  const Outcome single = desk.assay("explain g-single-item");
  CHECK(single.code == 0);
  CHECK(mentions(single.out, "G-single-item: anomaly"));
  CHECK(mentions(single.out, "forbidden by:"));
  CHECK(mentions(single.out, "allowed by, at most:"));
  const Outcome snapshot = desk.assay("explain snapshot-isolation --json");
  REQUIRE(snapshot.code == 0);
  CHECK(mentions(Json::parse(snapshot.out)[0]["forbids"].dump(), "G-single-item"));
  CHECK(mentions(desk.assay("explain vacuous").out, "exit code 3"));
  CHECK(mentions(desk.assay("explain throughput").out, "measure"));
  const Outcome wrong = desk.assay("explain snapshot");
  CHECK(wrong.code == 64);
  CHECK(mentions(wrong.err, "snapshot-isolation"));
}

TEST_CASE("completion: the shells accept the scripts, and they know every command") {
  const Desk desk;
  const Outcome bash = desk.assay("completion bash");
  REQUIRE(bash.code == 0);
  desk.write("assay.bash", bash.out);
  const auto completed = [&](const std::string& words, int at) {
    return desk
        .shell("bash -c 'source assay.bash; COMP_WORDS=(" + words +
               "); COMP_CWORD=" + std::to_string(at) + "; _assay; echo \"${COMPREPLY[*]}\"'")
        .out;
  };
  CHECK(completed("assay ga", 1) == "gate\n");
  CHECK(mentions(completed("assay runs f", 2), "findings"));
  CHECK(mentions(completed("assay gate --pol", 2), "--policy"));
  CHECK(completed("assay gate --as sar", 3) == "sarif\n");
  CHECK(mentions(completed("assay list mod", 2), "models"));
  CHECK(mentions(completed("assay runs ls --verdict vi", 4), "violation"));
  CHECK(desk.assay("completion zsh").out.starts_with("#compdef assay"));
  CHECK(mentions(desk.assay("completion fish").out, "-a gate"));
  CHECK(desk.assay("completion tcsh").code == 64);
  const Outcome man = desk.assay("man");
  CHECK(man.out.starts_with(".TH ASSAY 1"));
  for (const char* part : {".SH assay gate\n", ".SH assay runs ls\n", "ASSAY_GATE_POLICY"}) {
    CAPTURE(part);
    CHECK(mentions(man.out, part));
  }
}

TEST_CASE("campaign: matrix, exclusions, shards, dry run and budget") {
  const Desk desk;
  desk.write("m.toml", R"(schema = "assay.campaign/1"
name = "m"
[defaults]
protocol = "raft"
nodes = 3
time-limit = "1s"
rate = "50/s"
seeds = 4
[matrix]
nemesis = [[], ["partition", "kill"]]
exclude = [{ nemesis = "partition+kill", workload = "set" }]
[[matrix.workload]]
name = "register"
[[matrix.workload]]
name = "set"
workload = "set"
seeds = 2
)");
  const Outcome plan = desk.assay("campaign m.toml --dry-run");
  CHECK(plan.code == 0);
  CHECK(mentions(plan.out, "none/register "));
  CHECK(mentions(plan.out, "partition+kill/register "));
  CHECK(mentions(plan.out, "none/set "));
  CHECK_FALSE(mentions(plan.out, "partition+kill/set"));
  CHECK(mentions(plan.out, "10 runs at most, 10s of virtual time"));
  CHECK(mentions(desk.assay("campaign m.toml --dry-run --shard 1/3").out, "4 runs at most"));
  CHECK(mentions(desk.assay("campaign m.toml --dry-run --shard 3/3").out, "3 runs at most"));
  CHECK(desk.assay("campaign m.toml --shard 4/3").code == 64);
  CHECK(desk.assay("campaign m.toml --select nothing").code == 64);
  CHECK(desk.assay("campaign m.toml --budget 0s").code == 4);
  desk.write("w.toml", "schema = \"assay.campaign/1\"\nname = \"w\"\n[matrix]\nnodes = [3, 99]\n");
  const Outcome wrong = desk.assay("campaign w.toml --dry-run");
  CHECK(wrong.code == 65);
  CHECK(mentions(wrong.err, "w.toml:4: nodes: expected a whole number from 1 to 9"));
}

}  // namespace assay
