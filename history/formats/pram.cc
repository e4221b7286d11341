// pram: one process a line, its operations as wk3 and rk3: the key is one character, the value a
// number; 0 is the initial value.
#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "history/formats/readers.h"
#include "history/formats/text_lines.h"

namespace assay {
namespace {

struct PramOp {
  bool write;
  char key;
  std::int64_t value;
};

std::optional<PramOp> pram_operation(std::string_view word) {
  if (word.size() < 3 || (word[0] != 'w' && word[0] != 'r')) return std::nullopt;
  const auto value = integer_in(word.substr(2));
  const bool key = word[1] > ' ' && word[1] < '\x7F' && word[1] != '(';
  if (!value || !key) return std::nullopt;
  return PramOp{word[0] == 'w', word[1], *value};
}

class PramReader {
 public:
  PramReader(const ReadOptions& options, EventSink& sink) : sink_(sink) {
    sink.info().format = "pram";
    sink.info().datatype = "register";
    sink.info().real_time = RealTime::none;
    apply_options(options, sink.info());
    // Only if the user says what is there in the beginning, 0 is a value like any other.
    zero_is_initial_ = !options.initial || options.initial->is_nil();
  }

  Status read(std::istream& input) {
    TextLines lines(input);
    while (lines.next()) {
      std::string_view line = trimmed(lines.line());
      if (line.empty()) continue;
      while (!line.empty()) {
        const std::string_view word = take_word(line);
        if (auto status = add(word); !status) {
          status = sink_.problem(lines.error(status.error().message));
          if (!status) return status;
        }
        line = trimmed(line);
      }
      ++process_;
    }
    if (index_ == 0) return lines.error("the input ends without an operation");
    return {};
  }

 private:
  Status add(std::string_view word) {
    const auto op = pram_operation(word);
    if (!op) {
      return Error{ErrorKind::bad_data,
                   fmt::format("expected wk3 or rk3 (k a key, 3 a value), got {}", shown(word))};
    }
    Event event;
    event.process = static_cast<ProcessId>(process_);
    event.f = op->write ? "write" : "read";
    event.key = Value(std::string(1, op->key));
    Value value = op->value == 0 && zero_is_initial_ ? Value() : Value(op->value);
    event.index = index_++;
    if (op->write) event.value = value;
    if (auto status = sink_.add(event); !status) return status;
    event.index = index_++;
    event.type = EventType::ok;
    event.value = std::move(value);
    return sink_.add(event);
  }

  EventSink& sink_;
  bool zero_is_initial_ = true;
  std::int32_t process_ = 0;
  std::uint64_t index_ = 0;
};

}  // namespace

bool recognise_pram(std::string_view beginning) {
  std::string_view text = trimmed(beginning);
  // The last word may be cut off by the end of what is looked at.
  std::string_view line = text.substr(0, text.find('\n'));
  bool any = false;
  while (!trimmed(line).empty()) {
    const std::string_view word = take_word(line);
    const bool last = trimmed(line).empty();
    if (!pram_operation(word)) return any && last && beginning.size() >= 4096;
    any = true;
  }
  return any;
}

Status read_pram(std::istream& input, const ReadOptions& options, EventSink& sink) {
  return PramReader(options, sink).read(input);
}

}  // namespace assay
