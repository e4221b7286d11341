#pragma once
// The functions behind the table of formats, one group a file, and what they share.

#include <iosfwd>
#include <string>
#include <string_view>

#include "base/result.h"
#include "history/formats/format.h"
#include "history/history.h"
#include "history/sink.h"

namespace assay {

bool recognise_journal(std::string_view beginning);
Status read_journal_format(std::istream& input, const ReadOptions& options, EventSink& sink);
Status write_journal_format(const History& history, std::ostream& output);

bool recognise_json_lines(std::string_view beginning);
Status read_json_lines(std::istream& input, const ReadOptions& options, EventSink& sink);
Status write_json_lines(const History& history, std::ostream& output);

bool recognise_jepsen_edn(std::string_view beginning);
Status read_jepsen_edn(std::istream& input, const ReadOptions& options, EventSink& sink);
Status write_jepsen_edn(const History& history, std::ostream& output);

bool recognise_jepsen_log(std::string_view beginning);
Status read_jepsen_log(std::istream& input, const ReadOptions& options, EventSink& sink);

bool recognise_jepsen_json(std::string_view beginning);
Status read_jepsen_json(std::istream& input, const ReadOptions& options, EventSink& sink);

bool recognise_jepsen_test(std::string_view beginning);
Status read_jepsen_test(std::istream& input, const ReadOptions& options, EventSink& sink);

bool recognise_kv_log(std::string_view beginning);
Status read_kv_log(std::istream& input, const ReadOptions& options, EventSink& sink);

bool recognise_plume(std::string_view beginning);
Status read_plume(std::istream& input, const ReadOptions& options, EventSink& sink);
Status write_plume(const History& history, std::ostream& output);

bool recognise_awdit(std::string_view beginning);
Status read_awdit(std::istream& input, const ReadOptions& options, EventSink& sink);

bool recognise_dbcop(std::string_view beginning);
Status read_dbcop(std::istream& input, const ReadOptions& options, EventSink& sink);

bool recognise_cobra(std::string_view beginning);
Status read_cobra(std::istream& input, const ReadOptions& options, EventSink& sink);
/// The logs T1.log, T2.log, … in the folder `path`. Errors: no_input, bad_data.
Status read_cobra_folder(const std::string& path, const ReadOptions& options, EventSink& sink);

bool recognise_limo(std::string_view beginning);
Status read_limo(std::istream& input, const ReadOptions& options, EventSink& sink);

bool recognise_pram(std::string_view beginning);
Status read_pram(std::istream& input, const ReadOptions& options, EventSink& sink);

bool recognise_etcd_operations(std::string_view beginning);
Status read_etcd_operations(std::istream& input, const ReadOptions& options, EventSink& sink);

/// Puts what the user asked for over what the input declares. Readers call it after the
/// declarations and before the first event.
void apply_options(const ReadOptions& options, HistoryInfo& info);

}  // namespace assay
