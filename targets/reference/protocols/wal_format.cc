#include "targets/reference/protocols/wal_format.h"

#include <optional>
#include <string>
#include <utility>

#include "targets/reference/protocols/codec.h"
#include "targets/reference/protocols/frame.h"

namespace assay::reference {
namespace {

constexpr std::string_view magic = "assay-node wal";
constexpr std::uint8_t wal_version = 4;
// A change begins with 0 or 1.
constexpr std::uint8_t snapshot_record = 2;
constexpr std::uint8_t mark_record = 3;
constexpr std::size_t record_bytes_soft_max = 1024 * 1024;

void encode_record(const std::optional<HardState>& state, LogIndex first, const Entry* begin,
                   const Entry* end, std::string& out) {
  std::string payload;
  ByteWriter writer(payload);
  writer.boolean(state.has_value());
  if (state) {
    writer.u64(state->term);
    writer.u32(static_cast<std::uint32_t>(state->voted_for));
  }
  writer.u64(first);
  writer.u32(static_cast<std::uint32_t>(end - begin));
  for (const Entry* entry = begin; entry != end; ++entry) writer.entry(*entry);
  append_frame(out, payload);
}

void encode_snapshot(const Snapshot& snapshot, std::string& out) {
  std::string_view left = snapshot.state;
  do {
    const std::string_view part = left.substr(0, record_bytes_soft_max);
    left.remove_prefix(part.size());
    std::string payload;
    ByteWriter writer(payload);
    writer.u8(snapshot_record);
    writer.u64(snapshot.index);
    writer.u64(snapshot.term);
    writer.nodes(snapshot.members);
    writer.text(part);
    append_frame(out, payload);
  } while (!left.empty());
}

/// Parts follow each other, before any entry.
bool replay_snapshot(ByteReader& reader, Recovered& state) {
  Snapshot part;
  part.index = reader.u64();
  part.term = reader.u64();
  part.members = reader.nodes();
  part.state = reader.text(record_bytes_soft_max);
  if (!reader.done() || part.index == 0 || !state.entries.empty()) return false;
  if (state.snapshot.index == part.index) {
    state.snapshot.state += part.state;
  } else {
    state.snapshot = std::move(part);
  }
  return true;
}

bool replay_record(std::string_view payload, Recovered& state) {
  ByteReader reader(payload);
  if (!payload.empty() && payload.front() == static_cast<char>(snapshot_record)) {
    reader.u8();
    return replay_snapshot(reader, state);
  }
  Recovered change;
  const bool has_state = reader.boolean();
  if (has_state) {
    change.hard_state.term = reader.u64();
    change.hard_state.voted_for = reader.node();
  }
  const LogIndex first = reader.u64();
  const std::uint32_t count = reader.u32();
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    change.entries.push_back(reader.entry());
  }
  const LogIndex base = state.snapshot.index;
  if (!reader.done() || first > base + state.entries.size() + 1) return false;
  if (first == 0 ? count > 0 : first <= base) return false;
  if (has_state) state.hard_state = change.hard_state;
  if (first > 0) {
    state.entries.resize(first - base - 1);
    for (auto& entry : change.entries) state.entries.push_back(std::move(entry));
  }
  return true;
}

std::string mark_at(std::size_t place) {
  std::string payload;
  ByteWriter writer(payload);
  writer.u8(mark_record);
  writer.u64(place);
  return payload;
}

/// Is there a mark behind the damage?
bool was_synced(std::string_view bytes, std::size_t damage) {
  const std::size_t mark_bytes = frame_header_bytes + mark_at(0).size();
  for (std::size_t at = damage + 1; at + mark_bytes <= bytes.size(); ++at) {
    const auto frame = parse_frame(bytes.substr(at, mark_bytes));
    if (frame.state == FrameState::whole && frame.payload == mark_at(at)) return true;
  }
  return false;
}

bool is_header(std::string_view payload) {
  ByteReader reader(payload);
  const bool named = reader.text(magic.size()) == magic;
  return named && reader.u8() == wal_version && reader.done();
}

}  // namespace

void encode_wal_header(std::string& out) {
  std::string payload;
  ByteWriter writer(payload);
  writer.text(magic);
  writer.u8(wal_version);
  append_frame(out, payload);
}

void encode_wal_write(const Write& write, std::string& out) {
  if (write.snapshot) encode_snapshot(*write.snapshot, out);
  const Entry* entry = write.entries.data();
  const Entry* const end = entry + write.entries.size();
  auto state = write.hard_state;
  LogIndex first = write.first;
  do {
    const Entry* const begin = entry;
    std::size_t bytes = 0;
    std::string sized;
    while (entry != end && bytes < record_bytes_soft_max) {
      sized.clear();
      ByteWriter(sized).entry(*entry++);
      bytes += sized.size();
    }
    encode_record(state, first, begin, entry, out);
    state.reset();
    first += static_cast<LogIndex>(entry - begin);
  } while (entry != end);
}

void encode_wal_mark(std::size_t file_bytes, std::string& out) {
  append_frame(out, mark_at(file_bytes));
}

Result<WalContents> parse_wal(std::string_view bytes) {
  WalContents contents;
  bool header = true;
  while (true) {
    const auto frame = parse_frame(bytes.substr(contents.valid_bytes));
    // A power loss can leave zeros where the file had grown and its bytes had not arrived; eight of
    // them are a frame with nothing in it.
    if (frame.state != FrameState::whole || frame.payload.empty()) break;
    if (header && !is_header(frame.payload)) {
      return Error{ErrorKind::bad_data,
                   "not a write-ahead log of assay-node, or one of another version"};
    }
    const bool is_mark = !header && frame.payload == mark_at(contents.valid_bytes);
    if (!header && !is_mark && !replay_record(frame.payload, contents.recovered)) break;
    header = false;
    contents.valid_bytes += frame.bytes;
  }
  if (was_synced(bytes, contents.valid_bytes)) {
    return Error{ErrorKind::bad_data,
                 "damaged at byte " + std::to_string(contents.valid_bytes) +
                     ", which was synced: bring back the file from a copy, or take the member out "
                     "of the cluster and start it under a new number with an empty folder"};
  }
  return contents;
}

}  // namespace assay::reference
