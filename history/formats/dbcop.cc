// dbcop: the bincode histories of dbcop (OOPSLA 2019), which AWDIT, PolySI and Plume read as well.
// Little endian, every number 8 bytes, a truth value 1 byte, lengths before what they count.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string>

#include "history/formats/binary_input.h"
#include "history/formats/readers.h"
#include "history/formats/transaction_events.h"

namespace assay {
namespace {

constexpr std::size_t header_numbers = 5;  // id, nodes, variables, transactions, events
constexpr std::size_t header_strings = 3;  // a description, the start, the end
constexpr std::uint64_t string_max = 1 << 16U;

class DbcopReader {
 public:
  DbcopReader(std::istream& input, const ReadOptions& options, EventSink& sink)
      : input_(*input.rdbuf()), events_(sink) {
    declare_transactions("dbcop", options, sink);
  }

  Status read() {
    if (auto status = read_header(); !status) return status;
    const std::uint64_t sessions = input_.little_u64();
    if (sessions > std::numeric_limits<std::int32_t>::max()) {
      return input_.error(fmt::format("expected the number of sessions, got {}", sessions));
    }
    for (std::uint64_t session = 0; session < sessions && !input_.failed(); ++session) {
      const std::uint64_t transactions = input_.little_u64();
      for (std::uint64_t i = 0; i < transactions && !input_.failed(); ++i) {
        if (auto status = read_transaction(session); !status) return status;
      }
    }
    if (input_.failed()) return input_.cut_short("the history");
    if (!input_.at_end()) return input_.error("expected the end of the input");
    return {};
  }

 private:
  Status read_header() {
    for (std::size_t i = 0; i < header_numbers; ++i) input_.little_i64();
    for (std::size_t i = 0; i < header_strings; ++i) {
      const std::uint64_t length = input_.little_u64();
      if (length > string_max) {
        return input_.error(fmt::format("a text of {} bytes is too long for a header", length));
      }
      input_.skip(length);
    }
    if (input_.failed()) return input_.cut_short("the header");
    return {};
  }

  Result<bool> read_truth() {
    const std::uint8_t byte = input_.byte();
    if (input_.failed()) return input_.cut_short("a transaction");
    if (byte > 1) return input_.error(fmt::format("expected a truth value, got byte {}", byte));
    return byte == 1;
  }

  Status read_transaction(std::uint64_t session) {
    const std::uint64_t events = input_.little_u64();
    for (std::uint64_t i = 0; i < events; ++i) {
      const auto write = read_truth();
      if (!write) return write.error();
      const std::int64_t key = input_.little_i64();
      const std::int64_t value = input_.little_i64();
      const auto success = read_truth();
      if (!success) return success.error();
      if (key < 0 || value < 0) return input_.error("numbers from 2^63 are not supported");
      if (!*success) continue;
      // 0 is what every variable holds in the beginning.
      Value held = value == 0 ? Value() : Value(value);
      if (*write) {
        events_.write(key, std::move(held));
      } else {
        events_.read(key, std::move(held));
      }
    }
    const auto committed = read_truth();
    if (!committed) return committed.error();
    const auto outcome = *committed ? EventType::ok : EventType::fail;
    if (auto status = events_.finish(static_cast<std::int64_t>(session), outcome); !status) {
      return status.error().in(fmt::format("byte {}", input_.offset()));
    }
    return {};
  }

  BinaryInput input_;
  TransactionEvents events_;
};

std::uint64_t number_at(std::string_view bytes, std::size_t at) {
  std::uint64_t number = 0;
  for (std::size_t i = 8; i-- > 0;) {
    number = number << 8U | static_cast<std::uint8_t>(bytes[at + i]);
  }
  return number;
}

}  // namespace

bool recognise_dbcop(std::string_view beginning) {
  constexpr std::uint64_t plausible = std::uint64_t{1} << 40U;
  std::size_t at = 0;
  for (std::size_t i = 0; i < header_numbers; ++i, at += 8) {
    if (at + 8 > beginning.size()) return false;
    // The first is an id and may be anything.
    if (i > 0 && number_at(beginning, at) > plausible) return false;
  }
  for (std::size_t i = 0; i < header_strings; ++i) {
    if (at + 8 > beginning.size()) return false;
    const std::uint64_t length = number_at(beginning, at);
    at += 8;
    if (length > beginning.size() - at) return false;
    const std::string_view text = beginning.substr(at, length);
    if (std::any_of(text.begin(), text.end(), [](char c) { return c >= 0 && c < ' '; })) {
      return false;
    }
    at += length;
  }
  return at + 8 <= beginning.size() &&
         number_at(beginning, at) <= static_cast<std::uint64_t>(std::numeric_limits<int>::max());
}

Status read_dbcop(std::istream& input, const ReadOptions& options, EventSink& sink) {
  return DbcopReader(input, options, sink).read();
}

}  // namespace assay
