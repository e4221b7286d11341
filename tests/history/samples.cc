#include "samples.h"

#include <fmt/format.h>
#include <zlib.h>

#include <cstdint>

namespace assay::testing {
namespace {

std::string big(std::uint64_t number, int bytes) {
  std::string out;
  for (int i = bytes; i-- > 0;) out += static_cast<char>(number >> (8 * i) & 0xFFU);
  return out;
}

std::string little(std::uint64_t number) {
  std::string out;
  for (int i = 0; i < 8; ++i) out += static_cast<char>(number >> (8 * i) & 0xFFU);
  return out;
}

std::string text(const std::string& bytes) { return little(bytes.size()) + bytes; }

std::string dbcop_event(bool write, std::uint64_t key, std::uint64_t value, bool success) {
  return std::string(1, write ? '\1' : '\0') + little(key) + little(value) +
         std::string(1, success ? '\1' : '\0');
}

std::string dbcop_sample() {
  std::string out;
  for (const std::uint64_t number : {7U, 2U, 3U, 2U, 3U}) out += little(number);
  out += text("a test") + text("2020-01-01T00:00:00Z") + text("");
  out += little(2);  // sessions
  out += little(1) + little(3) + dbcop_event(true, 1, 5, true) + dbcop_event(false, 2, 0, true) +
         dbcop_event(true, 2, 9, false) + '\1';
  out += little(2) + little(1) + dbcop_event(false, 1, 5, true) + '\1';
  out += little(1) + dbcop_event(true, 1, 6, true) + std::string(1, '\0');
  return out;
}

std::string record(char letter, std::initializer_list<std::int64_t> numbers) {
  std::string out(1, letter);
  for (const std::int64_t number : numbers) out += big(static_cast<std::uint64_t>(number), 8);
  return out;
}

std::string cobra_sample() {
  const std::string one = record('S', {1}) + record('R', {0xbebeebee, 0xbebeebee, -3, 1}) +
                          record('W', {100, -3, 77}) + record('C', {1});
  const std::string two = record('S', {2}) + record('R', {1, 100, -3, 77}) + record('C', {2}) +
                          record('S', {3}) + record('R', {9, 999, 4, 1}) + record('C', {3}) +
                          record('S', {4}) + record('W', {101, 4, 1});
  // An archive ends with zero blocks, so the first is taken without its end.
  const std::string first = tar_of("logs/T0.log", one);
  return first.substr(0, first.size() - 1024) + tar_of("logs/T1.log", two);
}

/// Fressian as data.fressian writes it, as far as the sample needs it. No cache but for :type, :f.
class FressianWriter {
 public:
  FressianWriter& integer(std::int64_t number) {
    if (number >= 0 && number < 64) {
      out += static_cast<char>(number);
    } else if (number >= -4096 && number < 4096) {
      out += static_cast<char>(0x50 + (number >> 8));
      out += static_cast<char>(number & 0xFF);
    } else {
      out += '\xF8' + big(static_cast<std::uint64_t>(number), 8);
    }
    return *this;
  }
  FressianWriter& nil() { return raw("\xF7"); }
  FressianWriter& string(const std::string& s) {
    out += s.size() < 8 ? std::string(1, static_cast<char>(0xDA + s.size())) : "\xE3";
    if (s.size() >= 8) integer(static_cast<std::int64_t>(s.size()));
    return raw(s);
  }
  FressianWriter& keyword(const std::string& name) { return raw("\xCA").nil().string(name); }
  FressianWriter& list(int size) { return raw(std::string(1, static_cast<char>(0xE4 + size))); }
  FressianWriter& put_cache() { return raw("\xCD"); }
  FressianWriter& get_cache(int entry) {
    return raw(std::string(1, static_cast<char>(0x80 + entry)));
  }
  FressianWriter& tag(const std::string& name, int fields) {
    return raw("\xEF").string(name).integer(fields);
  }
  FressianWriter& struct_again(int entry) {
    return raw(std::string(1, static_cast<char>(0xA0 + entry)));
  }
  FressianWriter& raw(const std::string& bytes) {
    out += bytes;
    return *this;
  }
  std::string out;
};

std::string block(int type, const std::string& data) {
  std::string header = big(28 + data.size(), 8) + big(0, 4) + big(static_cast<unsigned>(type), 2) +
                       std::string(14, '\0');
  const std::string summed = data + header;
  const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(summed.data()), summed.size());
  header.replace(8, 4, big(crc, 4));
  return header + data;
}

std::string jepsen_test_sample() {
  FressianWriter operations;
  operations.tag("jepsen.history.Op", 7).integer(0).integer(1000);
  operations.put_cache().keyword("invoke").integer(0).put_cache().keyword("write");
  operations.tag("map-entry", 2).string("x").integer(300).nil();
  operations.struct_again(0).integer(1).integer(70000).put_cache().keyword("ok").integer(0);
  operations.get_cache(1).struct_again(1).string("x").integer(300).nil();
  operations.struct_again(0).integer(2).integer(70001).get_cache(0).integer(1);
  operations.get_cache(1).struct_again(1).string("x").integer(-2).nil();
  FressianWriter more;
  more.tag("jepsen.history.Op", 7).integer(3).integer(70002).keyword("info").integer(1);
  more.keyword("write").tag("map-entry", 2).string("x").integer(-2);
  more.raw("\xC0").list(2).keyword("error").keyword("timeout");
  FressianWriter test;
  test.raw("\xC0").list(4).keyword("name").string("a sample test").keyword("history");
  test.tag("block-ref", 1).integer(1);

  const std::string start = "JEPSEN" + big(1, 4);
  const std::string chunk_one = block(4, operations.out);
  const std::string chunk_two = block(4, more.out);
  const std::string vector = block(5, big(4, 8) + big(0, 8) + big(3, 4) + big(3, 8) + big(4, 4));
  const std::string root = block(3, big(0, 4) + test.out);
  const std::uint64_t first = 18;
  const std::uint64_t second = first + chunk_one.size();
  const std::uint64_t third = second + chunk_two.size();
  const std::uint64_t fourth = third + vector.size();
  const std::string index =
      block(1, big(2, 4) + big(1, 4) + big(third, 8) + big(2, 4) + big(fourth, 8) + big(3, 4) +
                   big(first, 8) + big(4, 4) + big(second, 8));
  return start + big(fourth + root.size(), 8) + chunk_one + chunk_two + vector + root + index;
}

const char* const etcd_sample = R"({
  "ClientId": 3,
  "Input": {"Type": "txn", "Range": null, "Txn": {"Conditions": null, "OperationsOnSuccess": [
    {"Type": "put-operation", "Put": {"Key": "a", "Value": {"Value": "1"}, "LeaseID": 0}}],
    "OperationsOnFailure": null}},
  "Call": 100, "Return": 200, "Metadata": null,
  "Output": {"Txn": {"Failure": false, "Results": [{"KVs": null, "Count": 0}]}, "Revision": 2,
    "Error": "", "ClientError": ""}
}
{
  "ClientID": 3,
  "Input": {"Type": "txn", "Txn": {"Conditions": [{"Key": "a", "ExpectedRevision": 2}],
    "OperationsOnSuccess": [
    {"Type": "put-operation", "Put": {"Key": "b", "Value": {"Value": "", "Hash": 77}}}]}},
  "Call": 300, "Return": 400,
  "Output": {"Txn": {"Failure": false, "Results": []}, "Revision": 3}
}
{
  "ClientId": 4,
  "Input": {"Type": "range", "Range": {"Start": "a", "End": "c", "Limit": 0}},
  "Call": 350, "Return": 450,
  "Output": {"Range": {"KVs": [{"Key": "a", "Value": {"Value": "1"}, "ModRevision": 2}],
    "Count": 1}, "Revision": 2}
}
{
  "ClientId": 4,
  "Input": {"Type": "txn", "Txn": {"Conditions": null, "OperationsOnSuccess": [
    {"Type": "delete-operation", "Delete": {"Key": "a"}}]}},
  "Call": 500, "Return": 600, "Output": {"Error": "timeout"}
}
)";

}  // namespace

std::string tar_of(const std::string& name, const std::string& contents) {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  header.replace(124, 11, fmt::format("{:011o}", contents.size()));
  header.replace(148, 8, "        ");
  header[156] = '0';
  header.replace(257, 5, "ustar");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  header.replace(148, 7, fmt::format("{:06o}", sum) + '\0');
  std::string out = header + contents;
  out.resize((out.size() + 511) / 512 * 512);
  return out + std::string(1024, '\0');
}

std::vector<std::string> told(const History& history) {
  std::vector<std::string> out;
  for (OpIndex i = 0; i < history.size(); ++i) {
    const Operation op = history[i];
    out.push_back(
        fmt::format("{} {} {}{} -> {} {}", static_cast<std::int32_t>(op.process),
                    history.function_name(op.function),
                    op.key == no_key || !history.keyed() ? "" : to_text(history.key(op.key)) + " ",
                    to_text(history.value(op.argument)), name_of(op.outcome),
                    to_text(history.value(op.result))));
  }
  return out;
}

const std::vector<Sample>& samples() {
  static const std::vector<Sample> all{
      {"jepsen-json",
       "[{\"type\":\"invoke\",\"process\":0,\"value\":[[\"append\",1,2],[\"r\",\"x\",null]]},\n"
       "{\"type\":\"ok\",\"process\":0,\"value\":[[\"append\",1,2],[\"r\",\"x\",[1]]]},\n"
       " {\"type\":\"info\",\"process\":\"nemesis\",\"f\":\"kill\",\"value\":{\"1\":[true,1.5]}}]"
       "\n",
       {"0 txn [[:append 1 2] [:r \"x\" nil]] -> ok [[:append 1 2] [:r \"x\" [1]]]"},
       ""},
      {"jepsen-test",
       jepsen_test_sample(),
       {"0 write \"x\" 300 -> ok 300", "1 write \"x\" -2 -> info nil"},
       ""},
      {"kv-log",
       "{:process 0, :type :invoke, :f :append, :key \"a\", :value \"x 0 y\"}\n"
       "{:process 1, :type :invoke, :f :get, :key \"a\", :value nil}\n"
       "{:process 0, :type :ok, :f :append, :key \"a\", :value \"x 0 y\"}\n"
       "{:process 1, :type :ok, :f :get, :key \"a\", :value \"\"}\n",
       {"0 append \"a\" \"x 0 y\" -> ok \"x 0 y\"", "1 get \"a\" nil -> ok \"\""},
       "kv-string"},
      {"plume",
       "w(1,7,0,0)\nr(1,7,1,1)\nr(2,0,1,1)\nw(1,8,0,2)\nw(1,0,0,2)\nr(1,0,1,3)\nw(3,9,1,-1)\n"
       "w(4,5,0,0)\n",
       {"0 txn [[:w 1 7] [:w 4 5]] -> ok [[:w 1 7] [:w 4 5]]",
        "1 txn [[:r 1 nil] [:r 2 nil]] -> ok [[:r 1 7] [:r 2 nil]]",
        "0 txn [[:w 1 8] [:w 1 0]] -> ok [[:w 1 8] [:w 1 0]]",
        "1 txn [[:r 1 nil]] -> ok [[:r 1 0]]", "1 txn [[:w 3 9]] -> fail nil"},
       "rw-register"},
      {"awdit",
       "w 0 0\n=====\nw 0 1\n-----\nr 0 1\nr 2 0\n",
       {"0 txn [[:w 0 0]] -> ok [[:w 0 0]]", "1 txn [[:w 0 1]] -> ok [[:w 0 1]]",
        "1 txn [[:r 0 nil] [:r 2 nil]] -> ok [[:r 0 1] [:r 2 0]]"},
       "rw-register"},
      {"dbcop",
       dbcop_sample(),
       {"0 txn [[:w 1 5] [:r 2 nil]] -> ok [[:w 1 5] [:r 2 nil]]",
        "1 txn [[:r 1 nil]] -> ok [[:r 1 5]]", "1 txn [[:w 1 6]] -> fail nil"},
       "rw-register"},
      {"cobra",
       cobra_sample(),
       {"0 txn [[:r -3 nil] [:w -3 100]] -> ok [[:r -3 nil] [:w -3 100]]",
        "1 txn [[:r -3 nil]] -> ok [[:r -3 100]]", "1 txn [[:r 4 nil]] -> ok [[:r 4 999]]",
        "1 txn [[:w 4 101]] -> info nil"},
       "rw-register"},
      {"limo",
       "# @object atomic-queue\n\n[1] call enq(4)\n[1] return\n[2] call deq\n[3] call remove(x)\n"
       "[2] return 4# a comment\n[3] return\n[1] call deq()\n[1] return empty\n",
       {"1 enqueue 4 -> ok nil", "2 dequeue nil -> ok 4", "3 dequeue nil -> ok \"x\"",
        "1 dequeue nil -> ok nil"},
       "fifo-queue"},
      {"pram",
       "wx1 r#0 wx0\nrx1\n",
       {"0 write \"x\" 1 -> ok 1", "0 read \"#\" nil -> ok nil", "0 write \"x\" nil -> ok nil",
        "1 read \"x\" nil -> ok 1"},
       "register"},
      {"etcd-operations",
       etcd_sample,
       {"3 txn [[:w \"a\" \"1\"]] -> ok [[:w \"a\" \"1\"]]",
        "3 txn [[:r \"a\" nil] [:w \"b\" \"hash:77\"]] -> ok [[:r \"a\" \"1\"] [:w \"b\" "
        "\"hash:77\"]]",
        "4 txn [[:r \"a\" nil] [:r \"b\" nil]] -> ok [[:r \"a\" \"1\"] [:r \"b\" nil]]",
        "4 txn [[:w \"a\" nil]] -> info nil"},
       "rw-register"},
      {"assay-jsonl",
       "{\"assay\":\"history/1\",\"datatype\":\"register\"}\n"
       "{\"process\":0,\"type\":\"invoke\",\"f\":\"read\",\"key\":1,\"value\":null}\n"
       "{\"process\":0,\"type\":\"ok\",\"f\":\"read\",\"key\":1,\"value\":{\"1\":[2,\"\\u00e9\"]}}"
       "\n",
       {"0 read 1 nil -> ok {1 [2 \"\u00e9\"]}"},
       "register"},
      {"jepsen-edn",
       "{:type :invoke, :process 0, :f :cas, :value [1 2], :index 4}\n"
       "{:type :info, :process :nemesis, :f :kill, :value #{1 2}}\n"
       "#_#_{} x ^{:a 1} {:type :ok :process 0 :f :cas :value [1 2] :error \\newline}\n",
       {"0 cas [1 2] -> ok [1 2]"},
       ""},
      {"jepsen-log",
       "INFO  jepsen.util - 0\t:invoke\t:read\tnil\nINFO  jepsen.util - 1\t:invoke\t:cas\t[3 0]\n"
       "INFO  jepsen.util - 0\t:ok\t:read\t3\nINFO  jepsen.util - 1\t:info\t:cas\t:timed-out\n",
       {"0 read nil -> ok 3", "1 cas [3 0] -> info nil"},
       ""},
  };
  return all;
}

}  // namespace assay::testing
