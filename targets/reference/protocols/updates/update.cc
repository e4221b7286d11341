#include "targets/reference/protocols/updates/update.h"

#include <string>
#include <utility>

#include "base/assert.h"

namespace assay::reference {
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
