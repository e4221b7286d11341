// kv-log: the logs of key-value tests as Porcupine reads them: an EDN map a line, with the key in
// :key, functions :get, :put and :append, values strings.
#include <fmt/format.h>

#include <limits>
#include <string>
#include <string_view>

#include "history/formats/edn_reader.h"
#include "history/formats/jepsen_events.h"
#include "history/formats/readers.h"
#include "history/formats/text_lines.h"

namespace assay {
namespace {

class KvLogReader {
 public:
  KvLogReader(std::istream& input, const ReadOptions& options, EventSink& sink)
      : edn_(*input.rdbuf()), sink_(sink) {
    sink.info().format = "kv-log";
    sink.info().datatype = "kv-string";
    sink.info().initial = Value("");
    sink.info().initial_declared = true;
    apply_options(options, sink.info());
  }

  Status read() {
    while (edn_.peek() != EdnReader::end) {
      const std::uint64_t line = edn_.line();
      if (auto status = read_operation(line); !status) return status;
    }
    if (edn_.error()) return *edn_.error();
    if (index_ == 0) {
      edn_.fail(edn_.line(), "the input ends without an operation");
      return *edn_.error();
    }
    return {};
  }

 private:
  Status bad(std::uint64_t line, const std::string& what) {
    edn_.fail(line, what);
    return *edn_.error();
  }

  Status read_operation(std::uint64_t line) {
    if (edn_.peek() != '{') {
      return bad(line,
                 fmt::format("expected an operation, which is a map, got {}", edn_.shown_next()));
    }
    Value value;
    if (!edn_.read(value)) return *edn_.error();
    auto* map = value.get_if<Value::Map>();
    if (map == nullptr) return bad(line, "expected an operation, which is a map");
    Event event;
    event.index = index_++;
    bool has_type = false;
    bool has_process = false;
    for (auto& [name, field] : *map) {
      const auto* keyword = name.get_if<Value::Keyword>();
      if (keyword == nullptr) continue;
      Status status;
      if (keyword->name == "type") {
        has_type = true;
        status = set_type(field, event);
      } else if (keyword->name == "process") {
        has_process = true;
        status = set_process(field, event);
      } else if (keyword->name == "f") {
        status = set_function(field, event);
      } else if (keyword->name == "key") {
        event.key = std::move(field);
      } else if (keyword->name == "value") {
        event.value = std::move(field);
      }
      if (!status) return sink_.problem(status.error().in(fmt::format("line {}", line)));
    }
    if (!has_type || !has_process || event.f.empty() || !event.key) {
      return sink_.problem(
          {ErrorKind::bad_data,
           fmt::format("line {}: an operation needs :process, :type, :f and :key", line)});
    }
    if (auto status = sink_.add(event); !status) {
      return sink_.problem(status.error().in(fmt::format("line {}", line)));
    }
    return {};
  }

  EdnReader edn_;
  EventSink& sink_;
  std::uint64_t index_ = 0;
};

}  // namespace

bool recognise_kv_log(std::string_view beginning) {
  const std::string_view text = trimmed(beginning);
  if (!text.starts_with('{')) return false;
  const std::string_view first = text.substr(0, text.find('}'));
  return first.find(":key ") != std::string_view::npos &&
         (first.find(":f :get") != std::string_view::npos ||
          first.find(":f :put") != std::string_view::npos ||
          first.find(":f :append") != std::string_view::npos);
}

Status read_kv_log(std::istream& input, const ReadOptions& options, EventSink& sink) {
  return KvLogReader(input, options, sink).read();
}

}  // namespace assay
