#include "checker/streaming/stream_value.h"

#include <string>

#include "history/codec.h"
#include "history/digest.h"

namespace assay {

StreamValue stream_value(const Value& value) {
  // The two lowest bits of `high` tell the kinds apart; hashes have both set.
  if (value.is_nil()) return {0, 0};
  if (const auto* number = value.get_if<std::int64_t>()) {
    return {static_cast<std::uint64_t>(*number), 1};
  }
  if (const auto* flag = value.get_if<bool>()) return {*flag ? 1ULL : 0ULL, 2};
  std::string bytes;
  append_value(value, bytes);
  const std::uint64_t low = hash64(bytes);
  bytes += "assay";
  return {low, hash64(bytes) | 3U};
}

}  // namespace assay
