// limo: the histories of LiMo and its predecessors. `# @object T`, then lines
// `[operation] call f argument` and `[operation] return result`.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "history/formats/readers.h"
#include "history/formats/text_lines.h"

namespace assay {
namespace {

Value limo_value(std::string_view text) {
  if (const auto number = integer_in(text)) return *number;
  return text;
}

/// The names that this project's datatypes use.
std::string_view function_for(std::string_view name, std::string_view datatype) {
  if (datatype != "fifo-queue") return name;
  if (name == "enq" || name == "add") return "enqueue";
  if (name == "deq" || name == "remove") return "dequeue";
  return name;
}

/// The word behind `# @object`; empty on other lines.
std::string_view object_in(std::string_view line) {
  if (!line.starts_with('#')) return {};
  line.remove_prefix(1);
  return take_word(line) == "@object" ? take_word(line) : std::string_view();
}

class LimoReader {
 public:
  LimoReader(const ReadOptions& options, EventSink& sink) : options_(options), sink_(sink) {
    sink.info().format = "limo";
    apply_options(options, sink.info());
  }

  Status read(std::istream& input) {
    TextLines lines(input);
    while (lines.next()) {
      std::string_view line = trimmed(lines.line());
      if (const std::string_view object = object_in(line); !object.empty() && index_ == 0) {
        set_object(object);
      }
      // A line may be followed by a comment, which some of the files have without a line break.
      if (const std::size_t comment = line.find('#'); comment != std::string_view::npos) {
        line = trimmed(line.substr(0, comment));
      }
      if (line.empty()) continue;
      if (auto status = read_event(line); !status) {
        status = sink_.problem(lines.error(status.error().message));
        if (!status) return status;
      }
    }
    if (index_ == 0) return lines.error("the input ends without a call");
    return {};
  }

 private:
  static Error bad(std::string what) { return {ErrorKind::bad_data, std::move(what)}; }

  void set_object(std::string_view object) {
    if (object.starts_with("atomic-")) object.remove_prefix(7);
    sink_.info().datatype = object == "queue" ? std::string("fifo-queue") : std::string(object);
    apply_options(options_, sink_.info());
  }

  Status read_event(std::string_view line) {
    const std::size_t close = line.find(']');
    const auto id = line.starts_with('[') && close != std::string_view::npos
                        ? integer_in(trimmed(line.substr(1, close - 1)))
                        : std::nullopt;
    if (!id || *id < 0 || *id > std::numeric_limits<std::int32_t>::max()) {
      return bad(fmt::format("expected [number] call … or [number] return …, got {}", shown(line)));
    }
    line.remove_prefix(close + 1);
    Event event;
    event.index = index_++;
    event.process = static_cast<ProcessId>(*id);
    const std::string_view what = take_word(line);
    line = trimmed(line);
    if (what == "call") return add_call(event, line);
    if (what == "return") return add_return(event, line);
    return bad(fmt::format("expected call or return, got {}", shown(what)));
  }

  Status add_call(Event& event, std::string_view call) {
    const std::size_t end = call.find_first_of(" \t(");
    const std::string_view name = call.substr(0, end);
    if (name.empty()) return bad("expected the name of a function after call");
    std::string_view argument = end == std::string_view::npos ? "" : trimmed(call.substr(end));
    if (argument.starts_with('(')) {
      if (!argument.ends_with(')')) return bad("expected ')' at the end of the call");
      argument = trimmed(argument.substr(1, argument.size() - 2));
    }
    event.f = function_for(name, sink_.info().datatype);
    const bool removes = event.f == "dequeue" || event.f == "pop" || event.f == "remove";
    // pop(x) tells in the call already what it will return.
    Value& slot = removes ? foretold_[event.process] : event.value;
    slot = argument.empty() ? Value() : limo_value(argument);
    removes_[event.process] = removes;
    return sink_.add(event);
  }

  Status add_return(Event& event, std::string_view result) {
    event.type = EventType::ok;
    const auto removes = removes_.find(event.process);
    if (removes != removes_.end() && removes->second) {
      Value& foretold = foretold_[event.process];
      if (result.empty()) {
        event.value = std::move(foretold);
      } else if (result != "empty") {
        event.value = limo_value(result);
      }
      foretold = Value();
    } else if (!result.empty()) {
      event.value = limo_value(result);
    }
    return sink_.add(event);
  }

  const ReadOptions& options_;
  EventSink& sink_;
  std::map<ProcessId, bool> removes_;
  std::map<ProcessId, Value> foretold_;
  std::uint64_t index_ = 0;
};

}  // namespace

bool recognise_limo(std::string_view beginning) {
  while (!beginning.empty()) {
    const std::size_t end = std::min(beginning.find('\n'), beginning.size());
    std::string_view line = trimmed(beginning.substr(0, end));
    beginning.remove_prefix(std::min(end + 1, beginning.size()));
    if (!object_in(line).empty()) return true;
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t close = line.find(']');
    if (!line.starts_with('[') || close == std::string_view::npos) return false;
    const bool number = integer_in(trimmed(line.substr(1, close - 1))).has_value();
    line.remove_prefix(close + 1);
    return number && take_word(line) == "call";
  }
  return false;
}

Status read_limo(std::istream& input, const ReadOptions& options, EventSink& sink) {
  return LimoReader(options, sink).read(input);
}

}  // namespace assay
