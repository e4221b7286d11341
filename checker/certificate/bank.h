#pragma once
// Banks for the verifier: accounts, transfers and reads of all accounts, and the rule that refutes
// a read whose total is wrong.

#include <memory>

#include "checker/certificate/closure.h"
#include "checker/certificate/specification.h"

namespace assay {

/// Starts from the initial value, if that is a map; else from what the first read finds. Whether an
/// account may be below zero is not asked.
std::unique_ptr<Specification> make_bank(const HistoryInfo& info);

/// Two reads that returned, of different accounts or with different totals; or one that differs in
/// either from the declared initial balances. No transfer changes the total.
Status refute_totals(Evidence& evidence);

/// The levels of isolation that a wrong total refutes: those in which a transaction sees the state
/// that other transactions left, each of them wholly, and no update is lost.
bool needs_constant_total(std::string_view model);

}  // namespace assay
