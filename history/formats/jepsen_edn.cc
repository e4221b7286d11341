// jepsen-edn: histories as Jepsen, Knossos and Elle write them, new and old. What decides the order
// is the order of the operations; :time is kept but not trusted.
#include <fmt/format.h>

#include <array>
#include <istream>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "history/formats/edn_reader.h"
#include "history/formats/jepsen_events.h"
#include "history/formats/keyed.h"
#include "history/formats/readers.h"
#include "history/text.h"

namespace assay {
namespace {

class JepsenEdnReader {
 public:
  JepsenEdnReader(std::istream& input, const ReadOptions& options, EventSink& sink)
      : edn_(*input.rdbuf()), keys_(sink, options.keyed, Keyed::undecided) {
    sink.info().format = "jepsen-edn";
    sink.info().nil_read = NilRead::unconstrained;
    apply_options(options, sink.info());
    keys_.allow_completions_only();
  }

  Status read() {
    if (auto status = read_operations(); !status) return status;
    return keys_.finish();
  }

 private:
  Status bad(std::uint64_t line, const std::string& what) {
    edn_.fail(line, what);
    return *edn_.error();
  }

  /// Either one vector or list of operations, or operations up to the end of the input.
  Status read_operations() {
    const int open = edn_.peek();
    const std::uint64_t begin = edn_.line();
    const char close = open == '[' ? ']' : open == '(' ? ')' : '\0';
    if (close != '\0') edn_.take(static_cast<char>(open));
    while (true) {
      const int c = edn_.peek();
      if (edn_.error()) return *edn_.error();
      if (c == EdnReader::end) break;
      if (close != '\0' && edn_.take(close)) {
        if (edn_.peek() != EdnReader::end) {
          return bad(edn_.line(), fmt::format("expected the end of the input after the history, "
                                              "got {}",
                                              edn_.shown_next()));
        }
        return edn_.error() ? Status(*edn_.error()) : Status();
      }
      if (auto status = read_operation(c); !status) return status;
    }
    if (close == '\0' && next_index_ > 0) return {};
    if (close == '\0') return bad(edn_.line(), "expected operations, got the end of the input");
    edn_.never_closed(begin, close == ']' ? "vector" : "list");
    return *edn_.error();
  }

  Status read_operation(int c) {
    if (c == '#' && !edn_.read_tag()) return *edn_.error();
    const std::uint64_t begin = edn_.line();
    if (!edn_.take('{')) {
      return bad(begin,
                 fmt::format("expected an operation, which is a map, got {}", edn_.shown_next()));
    }
    event_ = Event{};
    index_.reset();
    refused_ = false;
    has_type_ = has_process_ = has_function_ = false;
    while (!edn_.take('}')) {
      if (edn_.error()) return *edn_.error();
      if (auto status = read_field(begin); !status) {
        return edn_.at_end() ? cut_short(begin) : status;
      }
    }
    return add_event(begin);
  }

  /// Whatever else is wrong with an operation that the input ends inside of, this is the reason.
  Status cut_short(std::uint64_t begin) const {
    return Error{ErrorKind::bad_data,
                 fmt::format("line {}: the map that begins here is never closed (the input ends at "
                             "line {})",
                             begin, edn_.line())};
  }

  /// One key and its value of the operation that begins at line `begin`.
  Status read_field(std::uint64_t begin) {
    if (edn_.peek() == EdnReader::end) return cut_short(begin);
    Field field = Field::other;
    const std::uint64_t line = edn_.line();
    if (edn_.peek() == ':') {
      if (!edn_.read_keyword()) return *edn_.error();
      field = field_named(edn_.token());
    } else if (!edn_.read(value_)) {
      return *edn_.error();
    }
    if (edn_.peek() == EdnReader::end) return cut_short(begin);
    if (edn_.peek() == '}')
      return bad(line, "expected a value after the key on this line, got '}'");
    if (!edn_.read(value_)) return *edn_.error();
    if (auto status = set(field); !status) {
      refused_ = true;
      return keys_.sink().problem(status.error().in(fmt::format("line {}", line)));
    }
    return {};
  }

  enum class Field { index, time, type, process, f, value, error, node, other };
  static Field field_named(std::string_view name) {
    constexpr std::array<std::string_view, 8> names{"index", "time",  "type",  "process",
                                                    "f",     "value", "error", "node"};
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names.at(i) == name) return static_cast<Field>(i);
    }
    return Field::other;
  }

  Status set(Field field) {
    switch (field) {
      case Field::index:
        if (const auto* number = value_.get_if<std::int64_t>(); number != nullptr && *number >= 0) {
          index_ = static_cast<std::uint64_t>(*number);
        }
        return {};
      case Field::time:
        if (const auto* number = value_.get_if<std::int64_t>()) event_.time = Nanos(*number);
        return {};
      case Field::type:
        has_type_ = true;
        return set_type(value_, event_);
      case Field::process:
        has_process_ = true;
        return set_process(value_, event_);
      case Field::f:
        has_function_ = !value_.is_nil();
        return set_function(value_, event_);
      case Field::value:
        event_.value = std::move(value_);
        return {};
      case Field::error:
        event_.error = error_text(value_);
        return {};
      case Field::node:
        event_.node = error_text(value_);
        return {};
      case Field::other:
        return {};
    }
    return {};
  }

  Status add_event(std::uint64_t begin) {
    if (refused_) return {};
    if (!has_type_ || !has_process_) {
      return keys_.sink().problem(
          {ErrorKind::bad_data, fmt::format("line {}: the operation that begins here has no {}",
                                            begin, has_type_ ? ":process" : ":type")});
    }
    // Elle's histories leave :f out: everything there is a transaction.
    if (!has_function_ && event_.type == EventType::invoke) event_.f = "txn";
    if (!uses_index_) uses_index_ = index_.has_value();
    event_.index = *uses_index_ && index_ ? *index_ : next_index_;
    next_index_ = event_.index + 1;
    markers_.move_to_error(event_);
    return keys_.add(event_, begin);
  }

  EdnReader edn_;
  KeySplitter keys_;
  Markers markers_;
  Event event_;
  Value value_;
  std::optional<std::uint64_t> index_;
  std::optional<bool> uses_index_;  ///< does the first operation have an :index?
  std::uint64_t next_index_ = 0;
  bool refused_ = false;  ///< the operation has a field that is wrong
  bool has_type_ = false;
  bool has_process_ = false;
  bool has_function_ = false;
};

std::string_view after_comments(std::string_view text) {
  while (true) {
    const std::size_t start = text.find_first_not_of(" ,\t\r\n\f");
    text.remove_prefix(start == std::string_view::npos ? text.size() : start);
    if (!text.starts_with(';')) return text;
    const std::size_t line = text.find('\n');
    text.remove_prefix(line == std::string_view::npos ? text.size() : line);
  }
}

bool is_keyword(std::string_view name) {
  return !name.empty() && name.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
                              "XYZ0123456789.*+!-_?$%&=<>/") == std::string_view::npos;
}

void append_operation(const Event& event, std::string& out) {
  out += "{:index ";
  append_integer(static_cast<std::int64_t>(event.index), out);
  if (event.time >= Nanos(0)) {
    out += ", :time ";
    append_integer(event.time.count(), out);
  }
  out += ", :type :";
  out += name_of(event.type);
  if (event.process == nemesis_process) {
    out += ", :process :nemesis";
  } else {
    out += ", :process ";
    append_integer(static_cast<std::int32_t>(event.process), out);
  }
  out += ", :f ";
  if (is_keyword(event.f)) {
    out += ':';
    out += event.f;
  } else {
    append_quoted(event.f, out);
  }
  out += ", :value ";
  if (event.key) {
    out += '[';
    append_edn(*event.key, out);
    out += ' ';
  }
  append_edn(event.value, out);
  if (event.key) out += ']';
  if (!event.node.empty()) {
    out += ", :node ";
    append_quoted(event.node, out);
  }
  if (!event.error.empty()) {
    out += ", :error ";
    append_quoted(event.error, out);
  }
  out += "}\n";
}

}  // namespace

bool recognise_jepsen_edn(std::string_view beginning) {
  std::string_view text = after_comments(beginning);
  if (text.starts_with('[') || text.starts_with('(')) {
    const char close = text[0] == '[' ? ']' : ')';
    text = after_comments(text.substr(1));
    if (text.starts_with(close)) return after_comments(text.substr(1)).empty();
  }
  if (text.starts_with("#_") || text.starts_with("#jepsen") || text.starts_with("^{")) return true;
  return text.starts_with('{') && after_comments(text.substr(1)).starts_with(':');
}

Status read_jepsen_edn(std::istream& input, const ReadOptions& options, EventSink& sink) {
  return JepsenEdnReader(input, options, sink).read();
}

Status write_jepsen_edn(const History& history, std::ostream& output) {
  constexpr std::size_t buffer_bytes = std::size_t{64} << 10U;
  std::string out;
  history.for_each_event([&](const Event& event) {
    append_operation(event, out);
    if (out.size() < buffer_bytes) return;
    output.write(out.data(), static_cast<std::streamsize>(out.size()));
    out.clear();
  });
  output.write(out.data(), static_cast<std::streamsize>(out.size()));
  if (!output) return Error{ErrorKind::cannot_write, "the history could not be written"};
  return {};
}

}  // namespace assay
