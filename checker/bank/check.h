#pragma once
// Isolation of a bank: transfers move money between accounts, so every read of all of them must
// find the same total.
//
// A transfer is a transaction that reads two accounts and writes both. Then a wrong total needs a
// read skew or a lost update, which consistent view (Adya PL-2+) and everything above it forbid:
// what a transaction reads is the state that a set of transfers, closed under dependencies, left,
// and each of them moved money without making any.

#include <span>
#include <string>

#include "base/result.h"
#include "checker/checker.h"
#include "checker/verdict.h"
#include "history/history.h"

namespace assay {

/// REQUIRES models of the transaction family. A violation is shown by a read (and another one with
/// another total, where the total is not declared by the initial balances). A pass is a serial
/// order of all transactions that respects real time; if there is none, weaker models stay unknown.
/// Errors: bad_data (not the operations of a bank; names the event). O(n · accounts), and the
/// search (frontier.h).
Result<CheckResult> check_bank(const History& history, std::span<const std::string> models,
                               const CheckOptions& options);

}  // namespace assay
