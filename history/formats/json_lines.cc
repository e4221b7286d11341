// assay-jsonl: the native text form. docs/formats.md defines it.
#include <fmt/format.h>
#include <simdjson.h>

#include <cstdint>
#include <istream>
#include <limits>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "history/formats/json_objects.h"
#include "history/formats/json_scanner.h"
#include "history/formats/keyed.h"
#include "history/formats/readers.h"
#include "history/formats/text_lines.h"
#include "history/text.h"

namespace assay {
namespace {

using simdjson::dom::element;

Error bad(std::string what) { return {ErrorKind::bad_data, std::move(what)}; }

std::string minified(const element& json) { return simdjson::minify(json); }

Error expected(std::string_view field, std::string_view what, const element& got) {
  return bad(fmt::format("\"{}\" must be {}, not {}", field, what, minified(got)));
}

/// Reads the lines of one file.
class JsonLinesReader {
 public:
  JsonLinesReader(const ReadOptions& options, EventSink& sink)
      : options_(options), sink_(sink), keys_(sink, options.keyed, Keyed::no) {
    sink_.info().format = "assay-jsonl";
    sink_.info().real_time = RealTime::time;
    apply_options(options_, sink_.info());
  }

  Status read(std::istream& input) {
    TextLines lines(input);
    while (lines.next()) {
      event_.index = next_index_;
      if (scanner_.scan(lines.line(), event_)) {
        next_index_ = event_.index + 1;
        seen_ = true;
      } else if (trimmed(lines.line()).empty()) {
        continue;
      } else {
        const auto is_event = parse(lines.line());
        if (!is_event) {
          const Error error = is_event.error().in(fmt::format("line {}", lines.number()));
          if (auto status = sink_.problem(error); !status) return status;
        }
        if (!is_event || !*is_event) continue;
      }
      if (auto status = keys_.add(event_, lines.number()); !status) return status;
    }
    return keys_.finish();
  }

 private:
  /// Leaves an event in event_, or returns false for the header.
  Result<bool> parse(std::string_view line) {
    element json;
    if (const auto error = parser_.parse(line.data(), line.size()).get(json)) {
      return bad(fmt::format("expected a JSON object, got {} ({})", shown(line),
                             simdjson::error_message(error)));
    }
    simdjson::dom::object object;
    if (json.get(object) != simdjson::SUCCESS) {
      return bad(fmt::format("expected a JSON object, got {}", minified(json).substr(0, 80)));
    }
    element mark;
    const bool header = object["assay"].get(mark) == simdjson::SUCCESS;
    const Status status = header ? read_header(object, mark) : read_event(object);
    if (!status) return status.error();
    seen_ = true;
    return !header;
  }

  Status read_header(const simdjson::dom::object& object, const element& mark) {
    if (seen_) return bad("a header after the first line");
    std::string_view version;
    if (mark.get(version) != simdjson::SUCCESS || version != "history/1") {
      return expected("assay", "\"history/1\"", mark);
    }
    HistoryInfo& info = sink_.info();
    for (const auto field : object) {
      if (auto status = read_declaration(field.key, field.value, info); !status) return status;
    }
    apply_options(options_, info);
    return {};
  }

  static Status read_declaration(std::string_view name, const element& json, HistoryInfo& info) {
    std::string_view text;
    const bool is_text = json.get(text) == simdjson::SUCCESS;
    if (name == "datatype" && !json.is_null()) {
      if (!is_text) return expected(name, "a string", json);
      info.datatype = text;
    } else if (name == "initial") {
      auto value = json_value(json);
      if (!value) return value.error();
      info.initial = *std::move(value);
      info.initial_declared = true;
    } else if (name == "real_time") {
      bool flag = true;
      if (is_text && (text == "time" || text == "position" || text == "none")) {
        info.real_time = text == "time"   ? RealTime::time
                         : text == "none" ? RealTime::none
                                          : RealTime::position;
      } else if (json.get(flag) == simdjson::SUCCESS) {
        info.real_time = flag ? RealTime::time : RealTime::none;
      } else {
        return expected(name, "true, false, \"time\", \"position\" or \"none\"", json);
      }
    } else if (name == "nil_read") {
      if (!is_text || (text != "absent" && text != "unconstrained")) {
        return expected(name, "\"absent\" or \"unconstrained\"", json);
      }
      info.nil_read = text == "absent" ? NilRead::absent : NilRead::unconstrained;
    }
    return {};
  }

  Status read_event(const simdjson::dom::object& object) {
    event_ = Event{};
    event_.index = next_index_;
    bool has_process = false;
    bool has_type = false;
    for (const auto field : object) {
      if (auto status = read_field(field.key, field.value); !status) return status;
      has_process = has_process || field.key == "process";
      has_type = has_type || field.key == "type";
    }
    if (!has_process) return bad("an event needs a \"process\"");
    if (!has_type) return bad("an event needs a \"type\"");
    if (event_.f.empty() && event_.type == EventType::invoke) return bad("an event needs an \"f\"");
    next_index_ = event_.index + 1;
    return {};
  }

  Status read_field(std::string_view name, const element& json) {
    if (name == "index") return read_index(json);
    if (name == "time") return read_time(json);
    if (name == "process") return read_process(json);
    if (name == "value" || name == "key") {
      auto value = json_value(json);
      if (!value) return value.error();
      if (name == "value") {
        event_.value = *std::move(value);
      } else if (!value->is_nil()) {
        event_.key = *std::move(value);
      }
      return {};
    }
    if (name == "error") return read_error(json);
    if (name != "type" && name != "f" && name != "node") return {};
    std::string_view text;
    if (json.get(text) != simdjson::SUCCESS) {
      if (name == "node" && json.is_null()) return {};
      return expected(name, "a string", json);
    }
    if (name == "f") event_.f = text;
    if (name == "node") event_.node = text;
    if (name != "type") return {};
    const auto type = event_type_named(text);
    if (!type) return expected(name, "invoke, ok, fail or info", json);
    event_.type = *type;
    return {};
  }

  Status read_index(const element& json) {
    std::uint64_t index = 0;
    if (json.get(index) != simdjson::SUCCESS) return expected("index", "a number from 0", json);
    event_.index = index;
    return {};
  }

  Status read_time(const element& json) {
    std::int64_t time = -1;
    if (json.is_null()) return {};
    if (json.get(time) != simdjson::SUCCESS) {
      return expected("time", "whole nanoseconds", json);
    }
    event_.time = Nanos(time);
    return {};
  }

  Status read_process(const element& json) {
    std::int64_t process = 0;
    if (json.is_string()) {
      event_.process = nemesis_process;
      return {};
    }
    if (json.get(process) != simdjson::SUCCESS || process < -1 ||
        process > std::numeric_limits<std::int32_t>::max()) {
      return expected("process", "a number from 0, or \"nemesis\"", json);
    }
    event_.process = static_cast<ProcessId>(process);
    return {};
  }

  Status read_error(const element& json) {
    if (json.is_null()) return {};
    std::string_view text;
    if (json.get(text) == simdjson::SUCCESS) {
      event_.error = text;
    } else {
      event_.error = minified(json);
    }
    return {};
  }

  const ReadOptions& options_;
  EventSink& sink_;
  KeySplitter keys_;
  JsonScanner scanner_;
  simdjson::dom::parser parser_;
  Event event_;
  std::uint64_t next_index_ = 0;
  bool seen_ = false;
};

void append_field(std::string_view name, std::string_view text, std::string& out) {
  out += ",\"";
  out += name;
  out += "\":";
  append_quoted(text, out);
}

void append_event(const Event& event, std::string& out) {
  out += "{\"index\":";
  append_integer(static_cast<std::int64_t>(event.index), out);
  if (event.time >= Nanos(0)) {
    out += ",\"time\":";
    append_integer(event.time.count(), out);
  }
  out += ",\"process\":";
  if (event.process == nemesis_process) {
    out += "\"nemesis\"";
  } else {
    append_integer(static_cast<std::int32_t>(event.process), out);
  }
  append_field("type", name_of(event.type), out);
  append_field("f", event.f, out);
  if (event.key) {
    out += ",\"key\":";
    append_json(*event.key, out);
  }
  out += ",\"value\":";
  append_json(event.value, out);
  if (!event.node.empty()) append_field("node", event.node, out);
  if (!event.error.empty()) append_field("error", event.error, out);
  out += "}\n";
}

std::string header_line(const HistoryInfo& info) {
  std::string out = "{\"assay\":\"history/1\"";
  if (!info.datatype.empty()) append_field("datatype", info.datatype, out);
  if (info.initial_declared) {
    out += ",\"initial\":";
    append_json(info.initial, out);
  }
  out += info.real_time == RealTime::time   ? ",\"real_time\":true"
         : info.real_time == RealTime::none ? ",\"real_time\":false"
                                            : ",\"real_time\":\"position\"";
  if (info.nil_read == NilRead::unconstrained) append_field("nil_read", "unconstrained", out);
  return out + "}\n";
}

}  // namespace

bool recognise_json_lines(std::string_view beginning) {
  const std::size_t start = beginning.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos || beginning[start] != '{') return false;
  const std::string_view line = beginning.substr(start, beginning.find('\n', start) - start);
  return line.find("\"assay\"") != std::string_view::npos ||
         (line.find("\"process\"") != std::string_view::npos &&
          line.find("\"type\"") != std::string_view::npos);
}

Status read_json_lines(std::istream& input, const ReadOptions& options, EventSink& sink) {
  return JsonLinesReader(options, sink).read(input);
}

Status write_json_lines(const History& history, std::ostream& output) {
  constexpr std::size_t buffer_bytes = std::size_t{64} << 10U;
  std::string out = header_line(history.info());
  history.for_each_event([&](const Event& event) {
    append_event(event, out);
    if (out.size() < buffer_bytes) return;
    output.write(out.data(), static_cast<std::streamsize>(out.size()));
    out.clear();
  });
  output.write(out.data(), static_cast<std::streamsize>(out.size()));
  if (!output) return Error{ErrorKind::cannot_write, "the history could not be written"};
  return {};
}

}  // namespace assay
