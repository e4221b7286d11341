// jepsen-test: the file test.jepsen in which Jepsen keeps a whole test; only its history is read.
// Blocks of big endian numbers and Fressian, found through an index: see docs/formats.md.
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <istream>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "history/formats/binary_input.h"
#include "history/formats/fressian.h"
#include "history/formats/jepsen_events.h"
#include "history/formats/keyed.h"
#include "history/formats/readers.h"

namespace assay {
namespace {

constexpr std::string_view magic = "JEPSEN";
constexpr std::size_t index_pointer_at = 10;
constexpr std::size_t first_block_at = 18;
// Length, checksum, type; Jepsen sets 16 bytes aside for the type and uses 2 of them.
constexpr std::size_t block_header = 28;
constexpr std::size_t checksum_at = 8;
constexpr std::size_t type_at = 12;
constexpr std::size_t nested_blocks_max = 64;

enum class BlockType : std::uint16_t {
  index = 1,
  fressian = 2,
  partial_map = 3,
  fressian_stream = 4,
  big_vector = 5
};

struct Block {
  BlockType type{};
  std::string_view data;
  std::uint64_t offset = 0;  ///< of the data in the file
};

/// Big endian, signed. REQUIRES: the bytes are there.
std::int64_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t number = 0;
  for (const char c : bytes.substr(at, size)) number = number << 8U | static_cast<std::uint8_t>(c);
  return static_cast<std::int64_t>(number);
}

std::uint32_t checksum_of(std::string_view header, std::string_view data) {
  std::array<char, block_header> blank{};
  header.copy(blank.data(), blank.size());
  std::fill_n(blank.begin() + checksum_at, 4, '\0');
  // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): zlib's byte type.
  uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(data.data()), data.size());
  crc = crc32_z(crc, reinterpret_cast<const Bytef*>(blank.data()), blank.size());
  // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
  return static_cast<std::uint32_t>(crc);
}

Error bad_at(std::uint64_t byte, std::string_view what) {
  return {ErrorKind::bad_data, fmt::format("byte {}: {}", byte, what)};
}

/// Maps' entries are pairs like any other; only at the top of a value do they name a key.
void flatten_entries(Value& value) {
  if (auto* list = value.get_if<Value::List>()) {
    if (FressianReader::form(value, FressianReader::entry_tag) != nullptr) {
      list->erase(list->begin());
    }
    for (Value& item : *list) flatten_entries(item);
  } else if (auto* map = value.get_if<Value::Map>()) {
    for (auto& [key, item] : *map) {
      flatten_entries(key);
      flatten_entries(item);
    }
  }
}

class JepsenTestReader {
 public:
  JepsenTestReader(std::string bytes, const ReadOptions& options, EventSink& sink)
      : bytes_(std::move(bytes)), keys_(sink, options.keyed, Keyed::no, "byte") {
    sink.info().format = "jepsen-test";
    sink.info().nil_read = NilRead::unconstrained;
    apply_options(options, sink.info());
  }

  Status read() {
    if (bytes_.size() < first_block_at) return bad_at(bytes_.size(), "the file is cut short");
    const std::int64_t version = number_at(bytes_, magic.size(), 4);
    if (version > 1) return bad_at(magic.size(), fmt::format("version {} is unknown", version));
    if (auto status = read_index(); !status) return status;
    Value history;
    if (auto status = find_history(root_, history); !status) return status;
    if (auto status = read_value(std::move(history), bytes_.size()); !status) return status;
    return keys_.finish();
  }

 private:
  Result<Block> block_at(std::int64_t offset) const {
    if (offset < static_cast<std::int64_t>(first_block_at) ||
        static_cast<std::uint64_t>(offset) + block_header > bytes_.size()) {
      return bad_at(bytes_.size(), fmt::format("there is no block at byte {}", offset));
    }
    const auto begin = static_cast<std::size_t>(offset);
    const std::string_view rest = std::string_view(bytes_).substr(begin);
    const std::int64_t length = number_at(rest, 0, 8);
    if (length < static_cast<std::int64_t>(block_header) ||
        static_cast<std::uint64_t>(length) > rest.size()) {
      return bad_at(begin, fmt::format("a block of {} bytes does not fit the file", length));
    }
    Block block;
    block.data = rest.substr(block_header, static_cast<std::size_t>(length) - block_header);
    block.offset = begin + block_header;
    block.type = static_cast<BlockType>(number_at(rest, type_at, 2));
    const auto told = static_cast<std::uint32_t>(number_at(rest, checksum_at, 4));
    if (told != checksum_of(rest.substr(0, block_header), block.data)) {
      return bad_at(begin, "the block that begins here is damaged (its checksum differs)");
    }
    return block;
  }

  Result<Block> block_named(std::int64_t id) const {
    const auto at = blocks_.find(id);
    if (at == blocks_.end()) {
      return bad_at(index_pointer_at, fmt::format("the index names no block {}", id));
    }
    return block_at(at->second);
  }

  Status read_index() {
    const auto index = block_at(number_at(bytes_, index_pointer_at, 8));
    if (!index) return index.error();
    if (index->type != BlockType::index || index->data.size() < 4) {
      return bad_at(index->offset, "expected the index of blocks");
    }
    root_ = number_at(index->data, 0, 4);
    for (std::size_t at = 4; at + 12 <= index->data.size(); at += 12) {
      blocks_[number_at(index->data, at, 4)] = number_at(index->data, at + 4, 8);
    }
    return {};
  }

  /// The value of :history in the map that block `id` holds, or in the rest it points to.
  Status find_history(std::int64_t id, Value& history) const {
    for (std::size_t hops = 0; hops < nested_blocks_max && id != 0; ++hops) {
      const auto block = block_named(id);
      if (!block) return block.error();
      const bool partial = block->type == BlockType::partial_map;
      if (!partial && block->type != BlockType::fressian) {
        return bad_at(block->offset, "expected the map of a test");
      }
      const std::size_t skip = partial ? 4 : 0;
      if (block->data.size() < skip) return bad_at(block->offset, "the block is cut short");
      id = partial ? number_at(block->data, 0, 4) : 0;
      FressianReader fressian(block->data.substr(skip), block->offset + skip);
      Value value;
      if (!fressian.read(value)) return *fressian.error();
      auto* map = value.get_if<Value::Map>();
      if (map == nullptr) return bad_at(block->offset, "expected the map of a test");
      for (auto& [key, item] : *map) {
        const auto* keyword = key.get_if<Value::Keyword>();
        if (keyword == nullptr || keyword->name != "history") continue;
        history = std::move(item);
        return {};
      }
    }
    return bad_at(bytes_.size(), "the test has no :history");
  }

  /// A history: operations, or a pointer to a block of them.
  Status read_value(Value value, std::uint64_t offset) {
    if (const auto* pointer = FressianReader::form(value, FressianReader::block_tag)) {
      const auto* id = pointer->size() == 2 ? (*pointer)[1].get_if<std::int64_t>() : nullptr;
      if (id == nullptr) return bad_at(offset, "expected the number of a block");
      return read_block(*id);
    }
    auto* list = value.get_if<Value::List>();
    if (value.is_nil()) return {};
    if (list == nullptr) return bad_at(offset, "expected the operations of a history");
    for (Value& operation : *list) {
      if (auto status = add(operation, offset); !status) return status;
    }
    return {};
  }

  Status read_block(std::int64_t id) {
    if (!seen_.insert(id).second) {
      return bad_at(index_pointer_at, fmt::format("block {} is part of the history twice", id));
    }
    const auto block = block_named(id);
    if (!block) return block.error();
    if (block->type == BlockType::big_vector) return read_vector(*block);
    if (block->type != BlockType::fressian && block->type != BlockType::fressian_stream) {
      return bad_at(block->offset, "expected a part of the history");
    }
    FressianReader fressian(block->data, block->offset);
    while (!fressian.at_end()) {
      const std::uint64_t offset = fressian.offset();
      Value value;
      if (!fressian.read(value)) return *fressian.error();
      const Status status = block->type == BlockType::fressian
                                ? read_value(std::move(value), offset)
                                : add(value, offset);
      if (!status) return status;
      if (block->type == BlockType::fressian) break;
    }
    return {};
  }

  Status read_vector(const Block& block) {
    if (++vectors_ > nested_blocks_max) return bad_at(block.offset, "too many vectors of vectors");
    for (std::size_t at = 8; at + 12 <= block.data.size(); at += 12) {
      if (auto status = read_block(number_at(block.data, at + 8, 4)); !status) return status;
    }
    --vectors_;
    return {};
  }

  Status add(Value& operation, std::uint64_t offset) {
    event_ = Event{};
    Value value;
    Status status;
    if (FressianReader::form(operation, FressianReader::operation_tag) != nullptr) {
      status = set_parts(*operation.get_if<Value::List>(), value);
    } else if (auto* map = operation.get_if<Value::Map>()) {
      status = set_fields(*map, value);
    } else {
      status = Error{ErrorKind::bad_data, "expected an operation"};
    }
    if (!status) return status.error().in(fmt::format("byte {}", offset));
    if (const auto* entry = FressianReader::form(value, FressianReader::entry_tag);
        entry != nullptr && entry->size() == 3 && event_.process != nemesis_process) {
      event_.key = (*entry)[1];
      flatten_entries(*event_.key);
      Value rest = (*entry)[2];
      value = std::move(rest);
    }
    flatten_entries(value);
    event_.value = std::move(value);
    if (event_.f.empty() && event_.type == EventType::invoke) event_.f = "txn";
    next_index_ = event_.index + 1;
    markers_.move_to_error(event_);
    return keys_.add(event_, offset);
  }

  /// The fields of an operation: its fixed ones, then a map of others.
  Status set_parts(Value::List& parts, Value& value) {
    constexpr std::array<std::string_view, 6> names{"index",   "time", "type",
                                                    "process", "f",    "value"};
    event_.index = next_index_;
    if (parts.size() < names.size() + 1) {
      return Error{ErrorKind::bad_data, "an operation has too few fields"};
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (auto status = set(names.at(i), parts[i + 1], value); !status) return status;
    }
    auto* others = parts.size() > 7 ? parts[7].get_if<Value::Map>() : nullptr;
    if (others == nullptr) return {};
    for (auto& [key, item] : *others) {
      const auto* keyword = key.get_if<Value::Keyword>();
      if (keyword == nullptr || (keyword->name != "error" && keyword->name != "node")) continue;
      if (auto status = set(keyword->name, item, value); !status) return status;
    }
    return {};
  }

  Status set_fields(Value::Map& map, Value& value) {
    event_.index = next_index_;
    bool has_type = false;
    for (auto& [key, item] : map) {
      const auto* keyword = key.get_if<Value::Keyword>();
      if (keyword == nullptr) continue;
      has_type = has_type || keyword->name == "type";
      if (auto status = set(keyword->name, item, value); !status) return status;
    }
    if (!has_type) return Error{ErrorKind::bad_data, "an operation needs a :type"};
    return {};
  }

  Status set(std::string_view name, Value& item, Value& value) {
    if (name == "type") return set_type(item, event_);
    if (name == "process") return set_process(item, event_);
    if (name == "f") return set_function(item, event_);
    if (name == "value") value = std::move(item);
    if (name == "error") event_.error = error_text(item);
    if (name == "node") event_.node = error_text(item);
    const auto* number = item.get_if<std::int64_t>();
    if (number == nullptr || *number < 0) return {};
    if (name == "index") event_.index = static_cast<std::uint64_t>(*number);
    if (name == "time") event_.time = Nanos(*number);
    return {};
  }

  std::string bytes_;
  KeySplitter keys_;
  Markers markers_;
  Event event_;
  std::uint64_t next_index_ = 0;
  std::int64_t root_ = 0;
  std::map<std::int64_t, std::int64_t> blocks_;
  std::set<std::int64_t> seen_;
  std::size_t vectors_ = 0;
};

}  // namespace

bool recognise_jepsen_test(std::string_view beginning) { return beginning.starts_with(magic); }

Status read_jepsen_test(std::istream& input, const ReadOptions& options, EventSink& sink) {
  // The index stands at the end, so all of it must be there.
  BinaryInput source(*input.rdbuf());
  std::string bytes = source.bytes(std::numeric_limits<std::uint64_t>::max());
  if (!recognise_jepsen_test(bytes)) return bad_at(0, "expected a file that begins with JEPSEN");
  return JepsenTestReader(std::move(bytes), options, sink).read();
}

}  // namespace assay
