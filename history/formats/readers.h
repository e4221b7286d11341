#pragma once
// The functions behind the table of formats, one group a file, and what they share.

#include <iosfwd>
#include <string_view>

#include "base/result.h"
#include "history/formats/format.h"
#include "history/history.h"

namespace assay {

bool recognise_journal(std::string_view beginning);
Result<History> read_journal_format(std::istream& input, const ReadOptions& options);
Status write_journal_format(const History& history, std::ostream& output);

bool recognise_json_lines(std::string_view beginning);
Result<History> read_json_lines(std::istream& input, const ReadOptions& options);
Status write_json_lines(const History& history, std::ostream& output);

bool recognise_jepsen_edn(std::string_view beginning);
Result<History> read_jepsen_edn(std::istream& input, const ReadOptions& options);
Status write_jepsen_edn(const History& history, std::ostream& output);

bool recognise_jepsen_log(std::string_view beginning);
Result<History> read_jepsen_log(std::istream& input, const ReadOptions& options);

/// Puts what the user asked for over what the input declares. Readers call it once, after the
/// declarations and before HistoryBuilder::finish.
void apply_options(const ReadOptions& options, HistoryInfo& info);

}  // namespace assay
