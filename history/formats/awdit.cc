// awdit: AWDIT's test format. `r key value` and `w key value`, transactions parted by lines of
// dashes, sessions by lines of equals signs.
#include <fmt/format.h>

#include <string_view>

#include "history/formats/readers.h"
#include "history/formats/text_lines.h"
#include "history/formats/transaction_events.h"

namespace assay {
namespace {

bool is_rule(std::string_view line, char of) {
  return line.size() >= 3 && line.find_first_not_of(of) == std::string_view::npos;
}

bool is_operation(std::string_view line) {
  const std::string_view f = take_word(line);
  if (f != "r" && f != "w") return false;
  const bool key = integer_in(take_word(line)).has_value();
  const bool value = integer_in(take_word(line)).has_value();
  return key && value && trimmed(line).empty();
}

class AwditReader {
 public:
  AwditReader(const ReadOptions& options, EventSink& sink) : events_(sink) {
    declare_transactions("awdit", options, sink);
  }

  Status read(std::istream& input) {
    TextLines lines(input);
    while (lines.next()) {
      const std::string_view line = trimmed(lines.line());
      if (line.empty()) continue;
      Status status;
      if (is_rule(line, '-')) {
        status = end_transaction();
      } else if (is_rule(line, '=')) {
        status = end_transaction();
        ++session_;
      } else if (is_operation(line)) {
        add(line);
      } else {
        status = Error{ErrorKind::bad_data,
                       fmt::format("expected 'r key value', 'w key value', ----- or =====, got {}",
                                   shown(line))};
      }
      if (!status) status = events_.sink().problem(lines.error(status.error().message));
      if (!status) return status;
    }
    if (auto status = end_transaction(); !status) {
      return status.error().in(fmt::format("line {}", lines.number()));
    }
    if (events_.count() == 0) return lines.error("the input ends without a transaction");
    return {};
  }

 private:
  void add(std::string_view line) {
    const bool write = take_word(line) == "w";
    const std::int64_t key = *integer_in(take_word(line));
    const std::int64_t value = *integer_in(take_word(line));
    if (write) {
      events_.write(key, value);
    } else {
      events_.read(key, value);
    }
    open_ = true;
  }

  Status end_transaction() {
    if (!open_) return {};
    open_ = false;
    return events_.finish(session_, EventType::ok);
  }

  TransactionEvents events_;
  std::int64_t session_ = 0;
  bool open_ = false;
};

}  // namespace

bool recognise_awdit(std::string_view beginning) {
  const std::string_view text = trimmed(beginning);
  return is_operation(trimmed(text.substr(0, text.find('\n'))));
}

Status read_awdit(std::istream& input, const ReadOptions& options, EventSink& sink) {
  return AwditReader(options, sink).read(input);
}

}  // namespace assay
