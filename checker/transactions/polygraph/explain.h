#pragma once
// A contradiction in words.

#include <string_view>

#include "checker/transactions/polygraph/core.h"
#include "checker/transactions/transactions.h"
#include "checker/verdict.h"

namespace assay::polygraph {

Anomaly explain(const Transactions& transactions, const Refutation& refutation,
                std::string_view model);

/// The core as a case distinction: in each case a cycle of "must come before".
Anomaly explain(const Transactions& transactions, const Facts& facts, const Core& core,
                const Rules& rules, std::string_view model);

}  // namespace assay::polygraph
