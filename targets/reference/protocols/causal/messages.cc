#include "targets/reference/protocols/causal/messages.h"

namespace assay::reference {

void put(ByteWriter& writer, const CausalRead& message) {
  writer.u64(message.id.client);
  writer.u64(message.id.sequence);
  writer.datum(message.key);
  put(writer, message.context);
}

void get(ByteReader& reader, CausalRead& message) {
  message.id.client = reader.u64();
  message.id.sequence = reader.u64();
  message.key = reader.datum();
  get(reader, message.context);
}

void put(ByteWriter& writer, const CausalReadReply& message) {
  writer.u64(message.id.client);
  writer.u64(message.id.sequence);
  writer.datum(message.value);
  put(writer, message.context);
}

void get(ByteReader& reader, CausalReadReply& message) {
  message.id.client = reader.u64();
  message.id.sequence = reader.u64();
  message.value = reader.datum();
  get(reader, message.context);
}

}  // namespace assay::reference
