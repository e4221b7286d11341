// Reading a journal: what is done with the events of each block. Decoding the bytes of a block
// needs no other block, so that this runs ahead on every core, while one after the other is taken.
#include <fmt/format.h>
#include <tbb/info.h>
#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "history/codec.h"
#include "history/journal.h"
#include "history/journal_blocks.h"
#include "history/journal_codec.h"
#include "history/journal_decoder.h"
#include "history/journal_v1.h"
#include "history/row_builder.h"

namespace assay {
namespace {

// What takes the blocks. Taker::Decoded is what `decode` makes of the bytes of a block, which may
// happen at any time and in parallel; then `begin`, and for each of its events `next`, which tells
// what is wrong with it, and `pass`, which hands it on. `more` says whether there is another.

class V1Events {
 public:
  struct Decoded {
    Decoder in{std::string_view()};
  };
  explicit V1Events(EventSink& sink) : sink_(sink) {}
  static void decode(std::string_view payload, Decoded& block) { block.in = Decoder(payload); }
  void begin(Decoded& /*block*/) {}
  static bool more(const Decoded& block) { return !block.in.done(); }
  const char* next(Decoded& block) { return decoder_.next(block.in, event_); }
  Status pass(Decoded& /*block*/) { return sink_.add(event_); }

 private:
  EventSink& sink_;
  JournalV1Decoder decoder_;
  Event event_;
};

class Events {
 public:
  struct Decoded {
    Decoder in{std::string_view()};
    CodedEvent<Value> coded;
    CodedEntries<Value> entries;
  };
  explicit Events(EventSink& sink) : sink_(sink) {}
  static void decode(std::string_view payload, Decoded& block) { block.in = Decoder(payload); }
  void begin(Decoded& /*block*/) {}
  static bool more(const Decoded& block) { return !block.in.done(); }

  const char* next(Decoded& block) {
    block.entries.clear();
    const auto value = [](Decoder& in) { return in.value(); };
    const char* wrong = decode_event(block.in, block.coded, block.entries, value);
    if (wrong != nullptr) return wrong;
    return decoder_.next(block.coded, block.entries, [](const Value& made) { return made; });
  }

  Status pass(Decoded& /*block*/) {
    const auto& decoded = decoder_.event();
    event_.index = decoded.index;
    event_.time = decoded.time;
    event_.process = decoded.process;
    event_.type = decoded.type;
    event_.f = decoder_.name(decoded.function);
    event_.key.reset();
    if (decoded.has_key) event_.key = decoded.key;
    event_.value = decoded.value;
    event_.node = decoder_.name(decoded.node);
    event_.error = decoded.error;
    return sink_.add(event_);
  }

 private:
  EventSink& sink_;
  JournalEventDecoder<Value> decoder_;
  Event event_;
};

/// Straight into the rows of a History.
class RowEvents {
 public:
  struct Decoded {
    std::vector<CodedEvent<ValueId>> events;
    std::size_t count = 0;  ///< of the events that are used
    std::size_t at = 0;
    CodedEntries<ValueId> entries;
    ValueBatch values;
    const char* wrong = nullptr;  ///< with what comes behind the events
  };

  explicit RowEvents(RowBuilder& rows) : rows_(rows), columns_(rows.columns()) {}

  static void decode(std::string_view payload, Decoded& block) {
    block.count = block.at = 0;
    block.entries.clear();
    block.values.clear();
    block.wrong = nullptr;
    const auto value = [&](Decoder& bytes) { return block.values.add_next(bytes); };
    Decoder in(payload);
    while (!in.done() && block.wrong == nullptr) {
      if (block.count == block.events.size()) block.events.emplace_back();
      block.wrong = decode_event(in, block.events[block.count], block.entries, value);
      if (block.wrong == nullptr) ++block.count;
    }
  }
  void begin(Decoded& block) { columns_.values.intern(block.values); }
  static bool more(const Decoded& block) {
    return block.at < block.count || block.wrong != nullptr;
  }
  const char* next(Decoded& block) {
    if (block.at == block.count) return block.wrong;
    return decoder_.next(block.events[block.at++], block.entries,
                         [&](ValueId id) { return block.values.resolve(id); });
  }

  Status pass(Decoded& /*block*/) {
    const auto& decoded = decoder_.event();
    const RowBuilder::Stamp stamp{decoded.index, decoded.time, decoded.process};
    if (auto status = rows_.begin(stamp); !status) return status;
    if (decoded.process == nemesis_process) {
      rows_.add_fault({decoded.index, decoded.time, decoded.type,
                       std::string(decoder_.name(decoded.function)),
                       columns_.values.value(decoded.value), std::string(decoded.error)});
      return {};
    }
    if (decoded.type == EventType::invoke) {
      return rows_.invoke(stamp, number(functions_, columns_.functions, decoded.function),
                          decoded.has_key ? key(decoded) : no_key, decoded.value,
                          node(decoded.node));
    }
    RowBuilder::Claim claim;
    if (decoded.says_function && decoded.function != Coder::none) {
      claim.function = number(functions_, columns_.functions, decoded.function);
    } else {
      claim.function_name = decoder_.name(decoded.function);
    }
    if (decoded.says_key && decoded.has_key) {
      claim.key = columns_.key_ids.find(decoded.key).value_or(RowBuilder::unknown_key);
      if (claim.key == RowBuilder::unknown_key) {
        unknown_key_ = columns_.values.value(decoded.key);
        claim.key_value = &unknown_key_;
      }
    }
    return rows_.complete(stamp, claim,
                          {decoded.type, decoded.value, node(decoded.node), decoded.error});
  }

 private:
  using Coder = JournalEventDecoder<ValueId>;
  static constexpr std::uint32_t unset = Coder::none;

  /// The number in the History's table of the name that the file numbers `name`.
  std::uint32_t number(std::vector<std::uint32_t>& known, StringTable& table, std::uint32_t name) {
    if (name == Coder::none) return table.intern("");
    if (name >= known.size()) known.resize(name + std::size_t{1}, unset);
    if (known[name] == unset) known[name] = table.intern(decoder_.name(name));
    return known[name];
  }
  /// The KeyId of the key that the file numbers.
  KeyId key(const Coder::Decoded& decoded) {
    if (decoded.key_number == unset) return rows_.key(decoded.key);
    if (decoded.key_number >= keys_.size())
      keys_.resize(decoded.key_number + std::size_t{1}, no_key);
    KeyId& known = keys_[decoded.key_number];
    if (known == no_key) known = rows_.key(decoded.key);
    return known;
  }
  /// As RowBuilder takes it: plus one, 0 for none.
  std::uint32_t node(std::uint32_t name) {
    if (name == Coder::none) return 0;
    if (name < nodes_.size() && nodes_[name] != unset) return nodes_[name];
    if (name >= nodes_.size()) nodes_.resize(name + std::size_t{1}, unset);
    const std::string_view text = decoder_.name(name);
    return nodes_[name] = text.empty() ? 0 : columns_.nodes.intern(text) + 1;
  }

  RowBuilder& rows_;
  RowBuilder::Columns& columns_;
  Coder decoder_;
  std::vector<std::uint32_t> functions_;
  std::vector<std::uint32_t> nodes_;
  std::vector<KeyId> keys_;
  Value unknown_key_;
};

/// Reads block after block.
template <class Taker>
class JournalReader {
 public:
  JournalReader(JournalBlocks& blocks, EventSink& sink, Taker taker, bool recover)
      : blocks_(blocks), sink_(sink), taker_(std::move(taker)), recover_(recover) {}

  Status read() {
    Block block;
    do {
      blocks_.next(block.raw);
      decode(block);
      status_ = take(block);
    } while (status_ && block.raw.kind == Kind::events);
    return std::move(status_);
  }

  /// The same with blocks decoded by several threads.
  Status read(int threads) {
    // Some in work, some that wait for their turn.
    const auto blocks_at_a_time = static_cast<std::size_t>(threads) * 4;
    tbb::task_arena arena(threads);
    arena.execute([&] {
      tbb::parallel_pipeline(
          blocks_at_a_time,
          tbb::make_filter<void, Block*>(tbb::filter_mode::serial_in_order,
                                         [&](tbb::flow_control& flow) { return fetch(flow); }) &
              tbb::make_filter<Block*, Block*>(tbb::filter_mode::parallel,
                                               [](Block* block) {
                                                 decode(*block);
                                                 return block;
                                               }) &
              tbb::make_filter<Block*, void>(tbb::filter_mode::serial_in_order,
                                             [&](Block* block) { take_and_keep(block); }));
    });
    return std::move(status_);
  }

 private:
  using Kind = JournalBlock::Kind;
  struct Block {
    JournalBlock raw;
    bool intact = false;  ///< the payload's checksum is right
    typename Taker::Decoded decoded;
  };

  static void decode(Block& block) {
    block.intact = crc_of(block.raw.payload()) == block.raw.crc;
    if (block.intact && block.raw.kind == Kind::events) {
      Taker::decode(block.raw.payload(), block.decoded);
    }
  }

  /// The next block; nullptr and no more if the one before was the last.
  Block* fetch(tbb::flow_control& flow) {
    Block* block = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (done_) {
        flow.stop();
        return nullptr;
      }
      if (free_.empty()) {
        all_.push_back(std::make_unique<Block>());
        free_.push_back(all_.back().get());
      }
      block = free_.back();
      free_.pop_back();
    }
    blocks_.next(block->raw);
    if (block->raw.kind != Kind::events) {
      const std::lock_guard lock(mutex_);
      done_ = true;
    }
    return block;
  }

  void take_and_keep(Block* block) {
    if (status_) status_ = take(*block);
    const std::lock_guard lock(mutex_);
    if (!status_) done_ = true;
    free_.push_back(block);
  }

  Status take(Block& block) {
    const JournalBlock& raw = block.raw;
    switch (raw.kind) {
      case Kind::no_mark:
        sink_.note(
            "the journal has no end mark: its recorder was stopped; everything written is here");
        return {};
      case Kind::cut:
        return cut(raw);
      case Kind::damaged:
        return damaged_journal(raw.at, "damaged block (checksum of its frame)");
      case Kind::events:
      case Kind::end:
      case Kind::trailing:
        break;
    }
    if (!block.intact) return damaged_journal(raw.at, "damaged block (checksum of its contents)");
    return raw.kind == Kind::events ? take_events(block) : end(raw);
  }

  Status cut(const JournalBlock& raw) {
    if (!recover_) {
      return damaged_journal(
          raw.behind,
          fmt::format("the journal is cut short inside the block that begins at byte {}; "
                      "--recover reads the {} events before it",
                      raw.at, events_));
    }
    sink_.note(fmt::format(
        "the journal was cut short: {} bytes of an unfinished block at byte {} are lost",
        raw.behind - raw.at, raw.at));
    return {};
  }

  Status end(const JournalBlock& raw) {
    const std::uint64_t count = Decoder(raw.payload()).u64();
    if (count != events_) {
      return damaged_journal(
          raw.at, fmt::format("the end mark counts {} events, but there are {}", count, events_));
    }
    if (raw.kind == Kind::trailing) {
      return damaged_journal(raw.behind, "bytes after the journal's end mark");
    }
    return {};
  }

  Status take_events(Block& block) {
    taker_.begin(block.decoded);
    while (Taker::more(block.decoded)) {
      if (const char* wrong = taker_.next(block.decoded); wrong != nullptr) {
        return damaged_journal(block.raw.at, fmt::format("the block holds {}", wrong));
      }
      if (auto status = taker_.pass(block.decoded); !status) {
        status = sink_.problem(status.error().in(fmt::format("block at byte {}", block.raw.at)));
        if (!status) return status;
      }
      ++events_;
    }
    return {};
  }

  JournalBlocks& blocks_;
  EventSink& sink_;
  Taker taker_;
  bool recover_;
  Status status_;
  std::uint64_t events_ = 0;
  // Of the parallel read: blocks, used again and again.
  std::mutex mutex_;
  std::vector<std::unique_ptr<Block>> all_;
  std::vector<Block*> free_;
  bool done_ = false;
};

}  // namespace

Status read_journal_events(std::istream& input, const JournalReading& reading, EventSink& sink,
                           const std::function<void(HistoryInfo&)>& adjust) {
  JournalBlocks blocks(input);
  std::uint32_t version = 0;
  auto info = blocks.read_header(version);
  if (!info) return info.error();
  adjust(*info);
  sink.info() = *std::move(info);
  const bool recover = reading.recover;
  if (version == 1) return JournalReader(blocks, sink, V1Events(sink), recover).read();
  auto* history = dynamic_cast<HistorySink*>(&sink);
  if (history == nullptr) return JournalReader(blocks, sink, Events(sink), recover).read();
  JournalReader reader(blocks, sink, RowEvents(history->builder().rows()), recover);
  const int threads = reading.threads > 0 ? reading.threads : tbb::info::default_concurrency();
  return threads == 1 ? reader.read() : reader.read(threads);
}

Result<History> read_journal(std::istream& input, bool recover) {
  HistorySink sink;
  const auto as_declared = [](HistoryInfo& /*info*/) {};
  if (auto status = read_journal_events(input, {.recover = recover}, sink, as_declared); !status) {
    return status.error();
  }
  return sink.finish();
}

}  // namespace assay
