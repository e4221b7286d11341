// The command line as its users meet it: the real program, real files, exit codes and messages.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/random.h"
#include "cli/evidence.h"
#include "cli/exit_code.h"
#include "tests/temporary_folder.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// A folder of its own for each test case, removed at the end.
class Folder {
 public:
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return (path_ / name).string();
  }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  TemporaryFolder folder_;
  fs::path path_ = folder_.path;
};

struct Outcome {
  int code;
  std::string out;
  std::string err;
};

Outcome assay(const Folder& folder, const std::string& arguments) {
  const std::string out = folder.file("stdout");
  const std::string err = folder.file("stderr");
  const std::string command =
      std::string(ASSAY_BINARY_DIR) + "/assay " + arguments + " >" + out + " 2>" + err;
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read(out), read(err)};
}

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

constexpr const char* good = R"({"assay":"history/1","datatype":"register","initial":null}
{"index":0,"time":10,"process":0,"type":"invoke","f":"write","value":1}
{"index":1,"time":20,"process":0,"type":"ok","f":"write","value":1}
{"index":2,"time":30,"process":1,"type":"invoke","f":"read","value":null}
{"index":3,"time":40,"process":1,"type":"ok","f":"read","value":1}
)";

/// The second write is over before the read begins, yet the read returns the first.
constexpr const char* stale = R"({"assay":"history/1","datatype":"register","initial":null}
{"index":0,"time":10,"process":0,"type":"invoke","f":"write","value":1}
{"index":1,"time":20,"process":0,"type":"ok","f":"write","value":1}
{"index":2,"time":30,"process":0,"type":"invoke","f":"write","value":2}
{"index":3,"time":40,"process":0,"type":"ok","f":"write","value":2}
{"index":4,"time":50,"process":1,"type":"invoke","f":"read","value":null}
{"index":5,"time":60,"process":1,"type":"ok","f":"read","value":1}
)";

/// Runs `assay` on a pipe whose writer writes `text` and then stays.
Outcome assay_on_open_pipe(const Folder& folder, const std::string& arguments,
                           const std::string& text) {
  const std::string pipe = folder.file("pipe");
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  // Opened for both, so that it never ends; closed again at the end of the test.
  const int writer = ::open(pipe.c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(writer >= 0);
  REQUIRE(::write(writer, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  Outcome outcome = assay(folder, arguments + " <" + pipe);
  ::close(writer);
  return outcome;
}

}  // namespace

TEST_CASE("cli: a good history passes, a stale read is a violation") {
  const Folder folder;
  const auto pass = assay(folder, "check " + folder.write("good.jsonl", good));
  CHECK(pass.code == 0);
  const auto violation = assay(folder, "check " + folder.write("stale.jsonl", stale));
  CHECK(violation.code == 1);
  CHECK(mentions(violation.out, "violat"));
}

TEST_CASE("cli: --json prints the documented result") {
  const Folder folder;
  const auto outcome = assay(folder, "check --json " + folder.write("stale.jsonl", stale));
  CHECK(outcome.code == 1);
  const auto document = nlohmann::json::parse(outcome.out);
  CHECK(document.at("schema") == "assay.result/1");
  CHECK(document.at("format") == "assay-jsonl");
  CHECK(document.at("datatype") == "register");
  CHECK(document.at("operations") == 3);
  CHECK(document.at("verdict") == "violation");
  CHECK(document.at("models").at("linearizable") == "violation");
  CHECK(document.at("unknown_because").is_null());
  CHECK(document.at("anomalies").size() == 1);
  const auto& anomaly = document.at("anomalies").front();
  CHECK(anomaly.at("type") == "nonlinearizable");
  CHECK(anomaly.at("witness") == std::vector<int>{0, 2, 4});
  CHECK(anomaly.at("minimal") == true);
}

TEST_CASE("cli: certificates of both verdicts verify, and not for another history") {
  const Folder folder;
  const std::string good_file = folder.write("good.jsonl", good);
  const std::string stale_file = folder.write("stale.jsonl", stale);
  const std::string pass = folder.file("pass.json");
  const std::string violation = folder.file("violation.json");
  CHECK(assay(folder, "check " + good_file + " --certificate " + pass).code == 0);
  CHECK(assay(folder, "check " + stale_file + " --certificate " + violation).code == 1);
  CHECK(assay(folder, "verify " + good_file + " " + pass).code == 0);
  CHECK(assay(folder, "verify " + stale_file + " " + violation).code == 0);
  CHECK(assay(folder, "verify " + stale_file + " " + pass).code == 1);
  CHECK(assay(folder, "verify " + good_file + " " + violation).code == 1);
  CHECK(assay(folder, "verify " + good_file + " " + folder.write("c.json", "{}")).code == 65);
}

TEST_CASE("cli: the hashes of evidence are those of sha256sum, of files in folders too") {
  const Folder folder;
  const std::string root = folder.file("evidence");
  fs::create_directories(root + "/logs/n1");
  std::ofstream(root + "/verdict.json") << "abc";
  std::ofstream(root + "/logs/n1/log") << std::string(1'000'000, 'a');
  REQUIRE(cli::write_hashes(root).ok());
  // Both from FIPS 180-2, appendix B.
  CHECK(read(root + "/SHA256SUMS") ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0  logs/n1/log\n"
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  verdict.json\n");
  const auto first = read(root + "/SHA256SUMS");
  REQUIRE(cli::write_hashes(root).ok());
  CHECK(read(root + "/SHA256SUMS") == first);
  CHECK_FALSE(cli::write_hashes(root + "/nothing").ok());
}

TEST_CASE("cli: several files give an array, and the worst exit code wins") {
  const Folder folder;
  const std::string files =
      folder.write("good.jsonl", good) + " " + folder.write("stale.jsonl", stale);
  const auto outcome = assay(folder, "check --json " + files + " " + folder.file("missing.edn"));
  CHECK(outcome.code == 1);
  const auto documents = nlohmann::json::parse(outcome.out);
  REQUIRE(documents.size() == 3);
  CHECK(documents[0].at("verdict") == "pass");
  CHECK(documents[1].at("verdict") == "violation");
  CHECK(documents[2].at("exit_code") == 66);
}

TEST_CASE("cli: broken files give exit 65 and say where") {
  const Folder folder;
  std::string noise;
  Random random(5);
  for (int i = 0; i < 5'000; ++i) noise += static_cast<char>(random.below(256));
  const std::string edn =
      "[{:process 0, :type :invoke, :f :write, :value 1}\n"
      " {:process 0, :type :ok, :f :write, :value 1}\n"
      " {:process 1, :type :invoke, :f :rea";
  const std::string twice = std::string(good) +
                            R"({"index":4,"time":50,"process":1,"type":"ok","f":"read","value":1})"
                            "\n";
  struct Row {
    const char* name;
    std::string text;
    const char* where;
  };
  for (const Row& row : {Row{"cut.edn", edn, "line"}, Row{"noise.bin", noise, ""},
                         Row{"twice.jsonl", twice, "line 6"}, Row{"empty.jsonl", "", ""},
                         Row{"cut.jsonl", std::string(good).substr(0, 200), "line"}}) {
    CAPTURE(row.name);
    const std::string path = folder.write(row.name, row.text);
    const auto outcome = assay(folder, "check " + path);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 65);
    CHECK(mentions(outcome.err, path));
    CHECK(mentions(outcome.err, row.where));
  }
}

TEST_CASE("cli: a truncated journal gives exit 65 and the offset, and --recover reads it") {
  const Folder folder;
  const std::string journal = folder.file("h.assay");
  REQUIRE(
      assay(folder, "history convert " + folder.write("good.jsonl", good) + " " + journal).code ==
      0);
  REQUIRE(assay(folder, "check " + journal).code == 0);
  const std::string bytes = read(journal);
  const std::string cut = folder.write("cut.assay", bytes.substr(0, bytes.size() / 2));
  const auto outcome = assay(folder, "check " + cut);
  CAPTURE(outcome.err);
  CHECK(outcome.code == 65);
  CHECK((mentions(outcome.err, "offset") || mentions(outcome.err, "byte")));
}

TEST_CASE("cli: what is typed wrong gives exit 64 and names what would be right") {
  const Folder folder;
  const std::string file = folder.write("good.jsonl", good);
  struct Row {
    std::string arguments;
    const char* names;
  };
  for (const Row& row :
       {Row{"", ""}, Row{"chekc x", ""}, Row{"check", "no file"},
        Row{"check --model linearisable " + file, "linearizable"},
        Row{"check --format edn " + file, "jepsen-edn"}, Row{"check --timeout 60 " + file, "unit"},
        Row{"check --memory 1potato " + file, "GiB"}, Row{"run", "TARGET"},
        Row{"run nothing", "reference"}, Row{"run reference --workload nothing", "register"},
        Row{"run reference --nemesis partitoin", "partition"},
        Row{"run reference --time-limit 60", "unit"}, Row{"run reference --concurrency x", "2n"},
        Row{"list", ""}, Row{"list nothing", "targets"}}) {
    CAPTURE(row.arguments);
    const auto outcome = assay(folder, row.arguments);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 64);
    CHECK(mentions(outcome.err, row.names));
  }
  CHECK(assay(folder, "run reference --protocol rafd").code == 78);
  CHECK(assay(folder, "check " + folder.file("missing.edn")).code == 66);
}

TEST_CASE("cli: what cannot be read gives exit 66 and says what was expected") {
  const Folder folder;
  const std::string history = folder.write("h.jsonl", good);
  fs::create_directory(folder.file("empty"));
  const std::string empty = folder.file("empty");
  const std::string missing = folder.file("missing");
  struct Row {
    std::string arguments;
    std::string words;
  };
  for (const Row& row : {
           Row{"check " + missing, "No such file"},
           Row{"check " + empty, "holds neither a run nor"},
           Row{"verify " + missing, "no run at"},
           Row{"verify " + empty, "holds no certificate.json"},
           Row{"verify " + history + " " + missing, "No such file"},
           Row{"verify " + history + " " + empty, "it is a folder; expected a file"},
           Row{"report " + missing, "No such file"},
           Row{"report " + empty, "expected the folder of a run"},
           Row{"shrink " + missing, "No such file"},
           Row{"replay " + missing, "no run at"},
           Row{"replay " + history, "is no run"},
           Row{"campaign " + missing, "No such file"},
           Row{"campaign " + empty, "no campaign file"},
           Row{"gate --store " + missing, "no campaign in the store"},
           Row{"gate --store " + empty + " " + missing, "no run"},
           Row{"runs ls --store " + missing, "no run store"},
           Row{"serve --store " + missing, "no store of runs"},
           Row{"history stats " + missing, "No such file"},
       }) {
    CAPTURE(row.arguments);
    const auto outcome = assay(folder, row.arguments);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 66);
    CHECK(mentions(outcome.err, row.words));
    CHECK_FALSE(mentions(outcome.err, "bug in assay"));
  }
  // A file alone names no run and no certificate: that is how it was called, not what is there.
  CHECK(assay(folder, "verify " + history).code == 64);
}

TEST_CASE("cli: what is almost right is named") {
  const Folder folder;
  const std::string history = folder.write("h.jsonl", good);
  struct Row {
    std::string arguments;
    const char* meant;
  };
  for (const Row& row : {
           Row{"chek " + history, "'check'"},
           Row{"check " + history + " --modle x", "'--model'"},
           Row{"check " + history + " --modle=x", "'--model'"},
           Row{"check " + history + " --model linearizible", "'linearizable'"},
           Row{"check " + history + " --datatype regster", "'register'"},
           Row{"check " + history + " --format jepsen-end", "'jepsen-edn'"},
           Row{"lab stauts", "'status'"},
           Row{"runs shwo x", "'show'"},
           Row{"run referense", "'reference'"},
           Row{"run reference --workload regster", "'register'"},
           Row{"run reference --nemesis partitoin", "'partition'"},
           Row{"run reference --protocol rafft", "'raft'"},
           Row{"sim rafft", "'raft'"},
           Row{"sim raft --workload regster", "'register'"},
       }) {
    CAPTURE(row.arguments);
    const auto outcome = assay(folder, row.arguments);
    CAPTURE(outcome.err);
    CHECK(outcome.code >= 64);
    CHECK(mentions(outcome.err, std::string("(did you mean ") + row.meant + "?)"));
  }
}

TEST_CASE("cli: help tells ranges, choices and fallbacks in words") {
  const Folder folder;
  const std::string help = assay(folder, "sim --help").out;
  CHECK(mentions(help, "N (1 to 9)"));
  CHECK(mentions(help, "N (1 to 1000000000), default 1"));
  CHECK_FALSE(mentions(help, "UINT"));
  CHECK(mentions(assay(folder, "report --help").out, "html|json|junit|markdown|text"));
}

TEST_CASE("cli: every vocabulary can be listed, as text and as JSON") {
  const Folder folder;
  for (const char* name :
       {"targets", "workloads", "faults", "models", "datatypes", "anomalies", "formats"}) {
    CAPTURE(name);
    CHECK_FALSE(assay(folder, std::string("list ") + name).out.empty());
    const auto json = assay(folder, std::string("list --json ") + name);
    CHECK(json.code == 0);
    CHECK(nlohmann::json::parse(json.out).size() >= 1);
  }
  CHECK(mentions(assay(folder, "version").out, "assay "));
}

TEST_CASE("cli: histories convert between the writable formats and keep their verdict") {
  const Folder folder;
  const std::string start = folder.write("stale.jsonl", stale);
  std::string previous = start;
  for (const char* name : {"a.edn", "b.assay", "c.jsonl.zst", "d.edn.gz", "e.jsonl"}) {
    CAPTURE(name);
    const std::string next = folder.file(name);
    CHECK(assay(folder, "history convert " + previous + " " + next).code == 0);
    CHECK(assay(folder, "check " + next).code == 1);
    CHECK(assay(folder, "history validate " + next).code == 0);
    previous = next;
  }
}

TEST_CASE("cli: statistics leave out how long the indeterminate were open") {
  const Folder folder;
  // Process 0 never returns; 1 and 2 overlap for half of their time.
  const std::string history = folder.write("h.jsonl", R"({"assay":"history/1","real_time":true}
{"time":0,"process":0,"type":"invoke","f":"write","value":1}
{"time":10,"process":1,"type":"invoke","f":"write","value":2}
{"time":20,"process":2,"type":"invoke","f":"read"}
{"time":30,"process":1,"type":"ok","f":"write","value":2}
{"time":40,"process":2,"type":"ok","f":"read","value":2}
)");
  const Outcome result = assay(folder, "history stats --json " + history);
  REQUIRE(result.code == 0);
  const auto stats = nlohmann::json::parse(result.out);
  CHECK(stats["concurrency"] == 3);
  CHECK(stats["indeterminate"] == 1);
  // 10 to 20: one, 20 to 30: two, 30 to 40: one.
  CHECK(stats["concurrency_mean"].get<double>() == doctest::Approx(4.0 / 3.0));
  CHECK(stats["digest"].get<std::string>().size() == 32);
}

TEST_CASE("cli: validate names every problem and goes on") {
  const Folder folder;
  const std::string history = folder.write("h.jsonl", R"({"process":0,"type":"ok","f":"read"}
{"process":0,"type":"invoke","f":"read"}
{"process":0,"type":"done","f":"read"}
{"process":0,"type":"ok","f":"read"}
)");
  const Outcome text = assay(folder, "history validate " + history);
  CHECK(text.code == 65);
  CHECK(text.out.find(history + ": line 1: event 0: completion without") == 0);
  CHECK(text.out.find(history + ": line 3: ") != std::string::npos);
  CHECK(text.err.find("2 problems in 1 operations") != std::string::npos);
  const Outcome json = assay(folder, "history validate --json - <" + history);
  CHECK(json.code == 65);
  const auto document = nlohmann::json::parse(json.out);
  CHECK(document["valid"] == false);
  CHECK(document["problems"].size() == 2);
  CHECK(assay(folder, "history validate " + folder.file("missing")).code == 66);
}

TEST_CASE("cli: a report is written for a history") {
  const Folder folder;
  const std::string output = folder.file("report.html");
  CHECK(assay(folder, "report " + folder.write("stale.jsonl", stale) + " -o " + output).code == 0);
  CHECK(mentions(read(output), "Content-Security-Policy"));
}

TEST_CASE("cli: a report is written for the folder of a simulation, shrunk or not") {
  const Folder folder;
  const std::string found = folder.file("found");
  REQUIRE(assay(folder, "sim raft --bug follower-read --seed 1 --out " + found).code == 1);
  REQUIRE(assay(folder, "shrink --budget 3s " + found).code == 1);
  const auto reported = [&](const std::string& path) {
    const auto report = assay(folder, "report -o - --as json " + path);
    CHECK(report.code == 0);
    return nlohmann::json::parse(report.out, nullptr, false);
  };
  for (const std::string& path : {found, found + "/shrunk"}) {
    CAPTURE(path);
    CHECK(reported(path).at("anomalies").at(0).at("type") == "nonlinearizable");
    CHECK(assay(folder, "report " + path).code == 0);
    CHECK(mentions(read(path + "/report.html"), "Content-Security-Policy"));
  }
  // What no history shows: members that differ at the end.
  const std::string apart = folder.file("apart");
  REQUIRE(assay(folder, "sim multi-leader --bug skip-gap --seed 3 --out " + apart).code == 1);
  CHECK(reported(apart).at("anomalies").at(0).at("type") == "divergence");
}

TEST_CASE("cli: of two simulations the diff tells what was configured differently, and only that") {
  const Folder folder;
  const auto made = [&](const std::string& name, const std::string& replication) {
    const std::string path = folder.file(name);
    const std::string settings =
        "sim primary-backup --workload register --nemesis partition --seed 4 --calm --rate 100/s "
        "--time-limit 3s --model linearizable --read-from any --replication ";
    assay(folder, settings + replication + " --out " + path);
    return path;
  };
  const std::string a = made("a", "async");
  const std::string b = made("b", "sync");
  const auto diff = assay(folder, "report --diff " + a + " " + b + " --as json -o -");
  REQUIRE(diff.code == 0);
  const auto settings = nlohmann::json::parse(diff.out).at("settings");
  REQUIRE(settings.size() == 1);
  CHECK(settings[0].at("name") == "--replication");
  CHECK(settings[0].at("a") == "async");
  CHECK(settings[0].at("b") == "sync");
  const auto faster = assay(folder,
                            "sim primary-backup --workload register --seed 4 --rate 200/s "
                            "--nemesis none --time-limit 2s --out " +
                                folder.file("c"));
  REQUIRE(faster.code == 0);
  const auto text =
      assay(folder, "report --diff " + a + " " + folder.file("c") + " --as text -o -");
  for (const char* part :
       {"--rate                       100/s → 200/s", "--time-limit                 3s → 2s",
        "weather                      calm → drawn"}) {
    CHECK_MESSAGE(mentions(text.out, part), text.out);
  }
}

TEST_CASE("cli: a violation on standard input is reported while the writer is still there") {
  const Folder folder;
  const std::string history = std::string(stale) +
                              R"({"time":70,"process":1,"type":"invoke","f":"write","value":5})"
                              "\n";
  const std::string certificate = folder.file("c.json");
  const auto outcome =
      assay_on_open_pipe(folder, "check - --json --certificate " + certificate, history);
  CHECK(outcome.code == 1);
  CHECK(nlohmann::json::parse(outcome.out).at("anomalies").front().at("witness") ==
        std::vector<int>{0, 2, 4});
  const std::string longer = history +
                             R"({"time":80,"process":1,"type":"ok","f":"write","value":5})"
                             "\n";
  CHECK(assay(folder, "verify " + folder.write("h.jsonl", longer) + " " + certificate).code == 0);
  // What it saw is not in this one.
  CHECK(assay(folder, "verify " + folder.write("g.jsonl", good) + " " + certificate).code == 1);
}

TEST_CASE("cli: a queue on standard input is checked when its writer pauses") {
  const Folder folder;
  const auto outcome = assay_on_open_pipe(folder, "check - --datatype fifo-queue",
                                          R"({"process":0,"type":"invoke","f":"enqueue","value":1}
{"process":0,"type":"ok","f":"enqueue","value":1}
{"process":0,"type":"invoke","f":"dequeue","value":null}
{"process":0,"type":"ok","f":"dequeue","value":2}
)");
  CHECK(outcome.code == 1);
}

TEST_CASE("cli: a writer that dies within a line: exit 65, the line, and what is certain") {
  const Folder folder;
  const std::string torn = std::string(good) + R"({"index":4,"time":50,"proc)";
  const auto outcome = assay(folder, "check - <" + folder.write("torn.jsonl", torn));
  CHECK(outcome.code == 65);
  CHECK(mentions(outcome.err, "line 6"));
  CHECK(mentions(outcome.err, "is linearizable"));
}

TEST_CASE("cli: a file that does not fit --memory is checked all the same") {
  const Folder folder;
  const auto pass = assay(folder, "check --memory 400B --json " + folder.write("g.jsonl", good));
  CHECK(pass.code == 0);
  CHECK(nlohmann::json::parse(pass.out).at("operations") == 2);
  CHECK(mentions(pass.err, "no certificate"));
  const auto bad = assay(folder, "check --memory 400B --json " + folder.write("s.jsonl", stale));
  CHECK(bad.code == 1);
  CHECK(assay(folder, "check --memory 1QB " + folder.file("g.jsonl")).code == 64);
  CHECK(assay(folder, "check --memory 2GB " + folder.file("g.jsonl")).code == 0);
}

TEST_CASE("cli: the worse of two exit codes wins") {
  CHECK(cli::worse_of(0, 2) == 2);
  CHECK(cli::worse_of(2, 1) == 1);
  CHECK(cli::worse_of(1, 70) == 1);
  CHECK(cli::worse_of(70, 69) == 70);
  CHECK(cli::worse_of(3, 65) == 65);
  CHECK(cli::worse_of(2, 3) == 3);
}

}  // namespace assay
