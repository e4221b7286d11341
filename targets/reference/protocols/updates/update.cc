#include "targets/reference/protocols/updates/update.h"

#include <string>
#include <utility>

#include "base/assert.h"

namespace assay::reference {
namespace {
// The smallest update: dot, clock, two nil data, an empty vector. Bounds what a length may claim.
constexpr std::size_t update_bytes_min = 12 + 8 + 2 + 4;
}  // namespace

void put(ByteWriter& writer, const Update& update) {
  put(writer, update.dot);
  writer.u64(update.clock);
  writer.datum(update.key);
  writer.datum(update.value);
  put(writer, update.context);
}

void get(ByteReader& reader, Update& update) {
  get(reader, update.dot);
  update.clock = reader.u64();
  update.key = reader.datum();
  update.value = reader.datum();
  get(reader, update.context);
}

void put(ByteWriter& writer, const UpdateDigest& message) { put(writer, message.known); }
void get(ByteReader& reader, UpdateDigest& message) { get(reader, message.known); }

void put(ByteWriter& writer, const UpdateBatch& message) {
  writer.u32(static_cast<std::uint32_t>(message.updates.size()));
  for (const auto& update : message.updates) put(writer, update);
}

void get(ByteReader& reader, UpdateBatch& message) {
  const std::size_t count = reader.u32();
  if (count > reader.left() / update_bytes_min) {
    reader.fail();
    return;
  }
  message.updates.resize(count);
  for (auto& update : message.updates) get(reader, update);
}

Entry to_entry(const Update& update) {
  std::string context;
  ByteWriter writer(context);
  put(writer, update.context);
  Entry entry;
  entry.term = update.clock;
  entry.command.kind = CommandKind::write;
  entry.command.id = {static_cast<std::uint64_t>(update.dot.node), update.dot.counter};
  entry.command.key = update.key;
  entry.command.value = update.value;
  entry.command.expected = std::move(context);
  return entry;
}

Update to_update(const Entry& entry) {
  const Command& command = entry.command;
  Update update;
  update.dot = {NodeId{static_cast<std::uint32_t>(command.id.client)}, command.id.sequence};
  update.clock = entry.term;
  update.key = command.key;
  update.value = command.value;
  const auto* context = command.expected.get_if<std::string>();
  ASSAY_ASSERT(context != nullptr);
  ByteReader reader(*context);
  get(reader, update.context);
  ASSAY_ASSERT(reader.done());
  return update;
}

}  // namespace assay::reference
