#pragma once
// The words that all forms of a report share: how an operation, a moment and a verdict are called.
// What these functions return may hold untrusted text: it is escaped where it is put out.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checker/verdict.h"
#include "history/history.h"

namespace assay {

/// The operation invoked by the event with this index. O(log n).
std::optional<OpIndex> operation_invoked_at(const History& history, std::uint64_t event_index);

/// The witness of an anomaly as operations, ascending; indices that are no invocation are left out.
std::vector<OpIndex> witness_operations(const History& history, const Anomaly& anomaly);

/// "write 7", "read → 3", "cas 1 to 2", "read: no answer", "write 7: failed"; of a transaction its
/// steps: "read x → 3 · append y 1".
std::string operation_label(const History& history, const Operation& operation);

/// Is the operation a transaction: a list of steps [f key value]?
bool is_transaction(const History& history, const Operation& operation);

/// How the operations of one anomaly are called everywhere, by number from 0 on: T1, T2, … where
/// they are transactions, else A, B, …, Z, O27, ….
std::string operation_name(const History& history, const Operation& operation, std::size_t number);

/// What an anomaly is, in a plain sentence: its explanation, or, where that is a formal argument
/// ("Let A = …") which its steps tell again, what its type means.
std::string claim_of(const Anomaly& anomaly);

/// The reason of a step with names in place of "the former" and "the latter", which are what comes
/// before and what comes after.
std::string with_names(std::string_view because, std::string_view before, std::string_view after);

/// "acknowledged", "failed" or "outcome unknown".
std::string_view outcome_words(Outcome outcome);

/// Whether the operations carry time stamps; else they are placed by the position of their events.
bool has_times(const History& history);

/// "41.203 s" with this many decimals.
std::string moment_text(Nanos moment, int decimals);
/// The decimals (3, 6 or 9) that keep the different moments of these operations apart.
int decimals_for(const History& history, const std::vector<OpIndex>& operations);
/// When the operation began and ended: "1.203 s", "event 12", "never returned".
std::string start_text(const Operation& operation, bool times, int decimals);
std::string end_text(const Operation& operation, bool times, int decimals);

/// "1 234 567" with thin spaces.
std::string grouped(std::uint64_t number);
/// "a, b, c".
std::string joined(const std::vector<std::string>& words);
/// "1 operation", "2 operations".
std::string counted(std::uint64_t number, std::string_view noun);

/// "Violated", "Holds on this history", "Not decided".
std::string_view headline(Verdict verdict);
/// One or two sentences that say what the verdict means and what it does not.
std::string verdict_sentence(const History& history, const CheckResult& result);

}  // namespace assay
