// Encodings and files: what was written is read back, and damaged bytes never do harm.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/random.h"
#include "targets/reference/node/wal.h"
#include "targets/reference/protocols/client_message.h"
#include "targets/reference/protocols/codec.h"
#include "targets/reference/protocols/frame.h"
#include "targets/reference/protocols/message.h"
#include "tests/temporary_folder.h"

namespace assay::reference {
namespace {

/// One of each kind, nested.
Datum sample_datum() {
  return Datum::List{{},
                     true,
                     std::int64_t{-7},
                     std::string("text"),
                     Datum::Map{{std::string("k"), Datum::List{std::int64_t{1}, {}}}},
                     Datum::List{}};
}

Command sample_command(std::int64_t i) {
  return {CommandKind::cas,
          {7, static_cast<std::uint64_t>(i)},
          std::string("key\0x", 5),
          i % 2 == 0 ? Datum(i) : sample_datum(),
          std::string("old")};
}

std::vector<Message> sample_messages() {
  AppendRequest append;
  append.term = 3;
  append.prev_index = 9;
  append.prev_term = 2;
  append.commit = 8;
  for (std::int64_t i = 0; i < 5; ++i) append.entries.push_back({3, sample_command(i - 2)});
  VersionVector seen;
  seen.raise({NodeId{1}, 3});
  seen.raise({NodeId{3}, 70});
  return {
      VoteRequest{true, 4, 17, 3},
      VoteReply{false, 4, true},
      append,
      AppendReply{3, false, 9, 0, 2, 5},
      Heartbeat{3, 8, 99},
      HeartbeatReply{3, 99},
      ForwardRequest{3, sample_command(-1)},
      ForwardReply{3, true, {{1, 2}, Outcome::mismatch, std::int64_t{-5}}},
      InstallSnapshot{3, 9, 2, {NodeId{1}, NodeId{3}}, 7, "bytes", true},
      InstallSnapshotReply{3, 9, 12, true},
      TimeoutNow{3},
      QuorumRead{7, std::string("k")},
      QuorumReadReply{7, {{12, NodeId{2}}, std::int64_t{4}}},
      QuorumWrite{8, std::int64_t{1}, {{13, NodeId{3}}, {}}, WriteReason::hint, NodeId{2}},
      QuorumWriteReply{8},
      QuorumDigest{3, {{std::int64_t{1}, {13, NodeId{3}}}, {std::string("k"), {2, NodeId{1}}}}},
      UpdateDigest{seen},
      UpdateBatch{{{{NodeId{2}, 6}, 20, std::string("k"), std::int64_t{9}, seen},
                   {{NodeId{3}, 1}, 21, {}, {}, {}}}},
      CausalRead{{4, 5}, std::int64_t{1}, seen},
      CausalReadReply{{4, 5}, std::string("v"), seen},
      ReplicaRead{sample_command(1), {3, 4}, 9, true},
      ReplicaReadReply{{{1, 2}, Outcome::ok, std::int64_t{-5}}, 9, true},
      AliveBeat{},
      Probe{ProbeKind::ping_for, 5, NodeId{3}, {{NodeId{2}, MemberState::suspected, 4}}},
      PaxosPrepare{9, 4},
      PaxosPromise{9, 12, 4, 6, append.entries},
      PaxosAccept{9, 4, append.entries},
      PaxosAccepted{9, 9, 4, 5},
      PaxosLearn{4},
      PaxosChosen{4, append.entries},
      ShardWork{{4, 5}, true, 9, {NodeId{1}, NodeId{3}}, {sample_command(1), sample_command(2)}},
      ShardVote{{4, 5}, Outcome::busy, {std::int64_t{1}, {}}},
      ShardDecision{{4, 5}, TransactionState::committed, 12},
      ShardAcknowledge{{4, 5}, TransactionState::committed},
      ShardInquiry{{4, 5}},
      ShardState{{4, 5}, TransactionState::aborted},
      ShardClockRequest{{4, 5}, true},
      ShardClock{{4, 5}, false, 77}};
}

TEST_CASE("messages: each is read back as it was; a cut or longer one is refused") {
  for (const auto& message : sample_messages()) {
    CAPTURE(message.index());
    std::string bytes;
    encode(message, bytes);
    const auto back = decode_message(bytes);
    REQUIRE(back.has_value());
    CHECK(*back == message);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      CHECK_FALSE(decode_message(std::string_view(bytes).substr(0, length)).has_value());
    }
    CHECK_FALSE(decode_message(bytes + "x").has_value());
  }
  const ClientMessage status = StatusReport{
      NodeId{2}, Role::leader, 5, NodeId{2}, 9, 8, 8, {NodeId{1}, NodeId{2}}, "raft", "1"};
  std::string bytes;
  encode(status, bytes);
  CHECK(decode_client_message(bytes) == status);
}

TEST_CASE("messages: random and mutated bytes never crash the decoders") {
  Random random(42);
  std::vector<std::string> seeds;
  for (const auto& message : sample_messages()) encode(message, seeds.emplace_back());
  for (int round = 0; round < 20000; ++round) {
    std::string bytes =
        random.chance(0.5) ? random.pick(seeds) : std::string(random.below(64), 'x');
    for (auto changes = random.below(6); changes > 0 && !bytes.empty(); --changes) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    }
    CAPTURE(round);
    // What is accepted must survive its own encoding.
    if (const auto message = decode_message(bytes)) {
      std::string again;
      encode(*message, again);
      CHECK(decode_message(again) == message);
    }
    static_cast<void>(decode_client_message(bytes));
    static_cast<void>(parse_frame(bytes));
    static_cast<void>(parse_wal(bytes));
  }
}

TEST_CASE("data: nesting and weight are bounded, whatever lengths are claimed") {
  const auto read = [](const std::string& bytes, std::size_t weight_max) {
    ByteReader reader(bytes);
    const Datum datum = reader.datum(weight_max);
    return reader.done() ? std::optional(datum) : std::nullopt;
  };
  const auto written = [](const Datum& datum) {
    std::string bytes;
    ByteWriter(bytes).datum(datum);
    return bytes;
  };
  Datum nested;
  for (int depth = 0; depth <= datum_depth_max; ++depth) {
    CHECK(read(written(nested), datum_weight_max) == nested);
    nested = Datum::List{nested};
  }
  CHECK_FALSE(read(written(nested), datum_weight_max).has_value());

  const Datum sample = sample_datum();
  CHECK(read(written(sample), weight_of(sample)) == sample);
  CHECK_FALSE(read(written(sample), weight_of(sample) - 1).has_value());
  std::string lie;
  ByteWriter writer(lie);
  writer.u8(4);
  writer.u32(0xFFFFFFFFU);
  CHECK_FALSE(read(lie + std::string(1000, '\0'), datum_weight_max).has_value());
}

TEST_CASE("frames: the checksum is CRC-32C, and any changed bit is noticed") {
  CHECK(crc32c("123456789") == 0xE3069283U);
  std::string bytes;
  append_frame(bytes, "payload");
  CHECK(parse_frame(bytes).payload == "payload");
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    CHECK(parse_frame(damaged).state != FrameState::whole);
  }
}

struct Folder {
  TemporaryFolder folder;
  std::string path = folder.path.string();
};

std::vector<Write> sample_writes() {
  std::vector<Write> writes(4);
  writes[0] = {1, HardState{1, NodeId{2}}, 1, {{1, sample_command(1)}, {1, sample_command(2)}}};
  writes[1] = {2, std::nullopt, 3, {{1, sample_command(3)}}};
  writes[2] = {3, HardState{2, NodeId::none}, 2, {{2, sample_command(4)}}};
  writes[3] = {4, HardState{3, NodeId{1}}, 0, {}};
  return writes;
}

TEST_CASE("write-ahead log: cut at any byte, it is read up to the last whole record and goes on") {
  std::string bytes;
  encode_wal_header(bytes);
  std::vector<std::size_t> ends{bytes.size()};
  std::vector<Recovered> states(1);
  for (const auto& write : sample_writes()) {
    encode_wal_write(write, bytes);
    ends.push_back(bytes.size());
    states.push_back(states.back());
    if (write.hard_state) states.back().hard_state = *write.hard_state;
    if (write.first == 0) continue;
    states.back().entries.resize(write.first - 1);
    for (const auto& entry : write.entries) states.back().entries.push_back(entry);
  }
  const Folder folder;
  for (std::size_t length = 0; length <= bytes.size(); ++length) {
    CAPTURE(length);
    {
      std::ofstream file(folder.path + "/wal", std::ios::binary | std::ios::trunc);
      file.write(bytes.data(), static_cast<std::streamsize>(length));
    }
    std::size_t whole = 0;
    while (whole + 1 < ends.size() && ends[whole + 1] <= length) ++whole;
    {
      auto opened = WalFile::open(folder.path);
      REQUIRE(opened.ok());
      CHECK(opened->recovered.hard_state == states[whole].hard_state);
      CHECK(opened->recovered.entries == states[whole].entries);
      CHECK(opened->cut_bytes == (length < ends[0] ? length : length - ends[whole]));
      std::string more;
      encode_wal_write({1, HardState{9, NodeId{3}}, 0, {}}, more);
      CHECK(opened->file->append(more).ok());
    }
    auto again = WalFile::open(folder.path);
    REQUIRE(again.ok());
    CHECK(again->cut_bytes == 0);
    CHECK(again->recovered.hard_state == HardState{9, NodeId{3}});
  }
}

TEST_CASE("write-ahead log: one bit of what was synced flips: refused, or read as it was") {
  const Folder folder;
  {
    auto opened = WalFile::open(folder.path);
    REQUIRE(opened.ok());
    for (const auto& write : sample_writes()) {
      std::string bytes;
      encode_wal_write(write, bytes);
      REQUIRE(opened->file->append(bytes).ok());
    }
  }
  std::ifstream in(folder.path + "/wal", std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(in), {}};
  const auto whole = parse_wal(file);
  REQUIRE(whole.ok());
  REQUIRE(whole->recovered.entries.size() == 2);
  std::string mark;
  encode_wal_mark(0, mark);
  const std::size_t synced = file.size() - mark.size();
  std::size_t wrong = 0;
  std::size_t silent_without_mark = 0;
  for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
    std::string damaged = file;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const auto read = parse_wal(damaged);
    if (read.ok() != (bit / 8 >= synced)) ++wrong;
    if (read.ok() && !(read->recovered.entries == whole->recovered.entries)) ++wrong;
    // The control: with no mark behind it, damage in the last record passes for a torn write.
    if (bit / 8 < synced && parse_wal(damaged.substr(0, synced)).ok()) ++silent_without_mark;
  }
  CHECK(wrong == 0);
  CHECK(silent_without_mark > 0);
  std::string damaged = file;
  damaged[synced / 2] = static_cast<char>(damaged[synced / 2] ^ 1);
  std::ofstream(folder.path + "/wal", std::ios::binary | std::ios::trunc) << damaged;
  const auto refused = WalFile::open(folder.path);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == ErrorKind::bad_data);
  CHECK(refused.error().message.find("which was synced") != std::string::npos);
}

TEST_CASE("write-ahead log: zeros, as a power loss leaves them of a new file, are an empty log") {
  for (const std::size_t size : {std::size_t{1}, std::size_t{8}, std::size_t{27}}) {
    const Folder folder;
    std::ofstream(folder.path + "/wal", std::ios::binary) << std::string(size, '\0');
    const auto opened = WalFile::open(folder.path);
    REQUIRE(opened.ok());
    CHECK(opened->cut_bytes == size);
    CHECK(opened->recovered.entries.empty());
  }
}

TEST_CASE("write-ahead log: a large write is split and read back whole") {
  Write write;
  write.first = 1;
  for (std::int64_t i = 0; i < 200; ++i) {
    Entry entry{1, sample_command(i)};
    entry.command.value = std::string(datum_bytes_max, 'v');
    write.entries.push_back(entry);
  }
  std::string bytes;
  encode_wal_header(bytes);
  encode_wal_write(write, bytes);
  const auto contents = parse_wal(bytes);
  REQUIRE(contents.ok());
  CHECK(contents.value().valid_bytes == bytes.size());
  CHECK(contents.value().recovered.entries == write.entries);
}

TEST_CASE(
    "write-ahead log: a snapshot takes the place of the file, whole, and writes go on after it") {
  const Folder folder;
  Write first{1, HardState{1, NodeId{2}}, 1, {{1, sample_command(1)}, {1, sample_command(2)}}};
  Write snapshot{2, HardState{2, NodeId{1}}, 8, {{2, sample_command(3)}}};
  snapshot.snapshot = {7, 2, {NodeId{1}, NodeId{2}}, std::string(3 * 1024 * 1024 + 5, 's')};
  const Write after{3, std::nullopt, 9, {{2, sample_command(4)}}};
  const auto bytes_of = [](const Write& write) {
    std::string bytes;
    encode_wal_write(write, bytes);
    return bytes;
  };
  {
    auto opened = WalFile::open(folder.path);
    REQUIRE(opened.ok());
    REQUIRE(opened->file->append(bytes_of(first)).ok());
    // What a crash left of an earlier attempt is no obstacle.
    std::ofstream(folder.path + "/wal.new") << "torn";
    REQUIRE(opened->file->replace(bytes_of(snapshot)).ok());
    CHECK_FALSE(WalFile::open(folder.path).ok());  // still locked
    REQUIRE(opened->file->append(bytes_of(after)).ok());
  }
  auto again = WalFile::open(folder.path);
  REQUIRE(again.ok());
  CHECK(again->cut_bytes == 0);
  CHECK(again->recovered.hard_state == *snapshot.hard_state);
  CHECK(again->recovered.snapshot == *snapshot.snapshot);
  CHECK(again->recovered.entries ==
        std::vector<Entry>{snapshot.entries.front(), after.entries.front()});
}

TEST_CASE("write-ahead log: a file of something else and a file in use are refused") {
  const Folder folder;
  std::string bytes;
  append_frame(bytes, "something else");
  std::ofstream(folder.path + "/wal", std::ios::binary) << bytes;
  const auto refused = WalFile::open(folder.path);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == ErrorKind::bad_data);

  const Folder shared;
  const auto first = WalFile::open(shared.path);
  REQUIRE(first.ok());
  const auto second = WalFile::open(shared.path);
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().kind == ErrorKind::busy);
}

}  // namespace
}  // namespace assay::reference
