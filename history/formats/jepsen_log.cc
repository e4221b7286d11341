// jepsen-log: the operations among the lines of a Jepsen log, or of its history.txt. Each is
// process, type, function and value, separated by tabs or spaces.
#include <fmt/format.h>

#include <array>
#include <istream>
#include <string>
#include <string_view>
#include <utility>

#include "history/formats/edn_reader.h"
#include "history/formats/jepsen_events.h"
#include "history/formats/keyed.h"
#include "history/formats/readers.h"
#include "history/formats/text_lines.h"

namespace assay {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The part of a line that tells an operation; empty if it tells none.
std::string_view operation_in(std::string_view line) {
  constexpr std::array<std::string_view, 2> marks{"jepsen.util - ", "jepsen.util: "};
  bool marked = false;
  for (const std::string_view mark : marks) {
    if (const std::size_t at = line.find(mark); at != std::string_view::npos) {
      line.remove_prefix(at + mark.size());
      marked = true;
      break;
    }
  }
  const std::size_t start = line.find_first_not_of(" \t");
  if (start == std::string_view::npos) return {};
  line.remove_prefix(start);
  if (!is_digit(line[0]) && !line.starts_with(":nemesis")) return {};
  const std::size_t process_end = line.find_first_of(" \t");
  if (process_end == std::string_view::npos) return marked ? line : std::string_view();
  const std::size_t type = line.find_first_not_of(" \t", process_end);
  const bool keyword = type != std::string_view::npos && line[type] == ':';
  return keyword ? line : std::string_view();
}

class JepsenLogReader {
 public:
  JepsenLogReader(const ReadOptions& options, EventSink& sink)
      : keys_(sink, options.keyed, Keyed::undecided) {
    sink.info().format = "jepsen-log";
    apply_options(options, sink.info());
  }

  Status read(std::istream& input) {
    TextLines lines(input);
    while (lines.next()) {
      const std::string_view operation = operation_in(lines.line());
      if (operation.empty()) continue;
      number_ = lines.number();
      Event event;
      Status status = read_operation(operation, event);
      if (status) {
        status = keys_.add(event, number_);
      } else {
        status = keys_.sink().problem(status.error());
      }
      if (!status) return status;
    }
    if (next_index_ == 0) {
      return Error{ErrorKind::bad_data,
                   fmt::format("line {}: expected operations (process, type, function, value), but "
                               "the input ends without any",
                               lines.number())};
    }
    return keys_.finish();
  }

 private:
  Status read_operation(std::string_view text, Event& event) {
    EdnReader edn(text, number_);
    for (const auto set : {set_process, set_type, set_function}) {
      Value value;
      if (!edn.read(value)) return *edn.error();
      if (auto status = set(value, event); !status) {
        return status.error().in(fmt::format("line {}", number_));
      }
    }
    if (!edn.read(event.value)) {
      // What the nemesis says is for people, and not always a form.
      if (event.process != nemesis_process) return *edn.error();
      event.value = Value(text);
    } else if (edn.peek() != EdnReader::end) {
      Value error;
      event.error = edn.read(error) ? error_text(error) : std::string(text);
    }
    event.index = next_index_++;
    markers_.move_to_error(event);
    return {};
  }

  KeySplitter keys_;
  Markers markers_;
  std::uint64_t number_ = 0;
  std::uint64_t next_index_ = 0;
};

}  // namespace

bool recognise_jepsen_log(std::string_view beginning) {
  while (!beginning.empty()) {
    const std::size_t end = beginning.find('\n');
    const std::string_view operation = operation_in(beginning.substr(0, end));
    for (const std::string_view type : {":invoke", ":info"}) {
      if (operation.find(type) != std::string_view::npos) return true;
    }
    if (end == std::string_view::npos) return false;
    beginning.remove_prefix(end + 1);
  }
  return false;
}

Status read_jepsen_log(std::istream& input, const ReadOptions& options, EventSink& sink) {
  return JepsenLogReader(options, sink).read(input);
}

}  // namespace assay
