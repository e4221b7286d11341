#pragma once
// Why a few operations are enough to refute a whole object: by datatype, which others would have
// to be among them. docs/certificates.md argues each rule.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "checker/certificate/certificate.h"
#include "checker/certificate/specification.h"
#include "history/history.h"

namespace assay {

/// A witness as it is refuted.
struct Evidence {
  std::vector<Act> acts;
  HistoryInfo info;      ///< with the initial state to start from
  bool refuted = false;  ///< by a rule; else all orders of `acts` must be tried
};

/// The operations of the key, in order, failed ones left out.
using EachAct = std::function<void(const std::function<void(const Act&)>&)>;

/// Are witnesses of this datatype refuted by a rule (rules.h), whatever their size?
bool has_rule(std::string_view datatype);

/// `evidence.acts` are the operations of `witness`, each returned or indeterminate, none twice.
/// Checks that nothing is missing and leaves in `evidence` what is to be refuted: a cas without all
/// writes it could have found counts as a write, reads of sets and of strings are restricted to the
/// witness's values, a counter starts from what was certainly added before. Error: what is missing.
Status close_witness(std::string_view datatype, const Witness& witness, const EachAct& each,
                     Evidence& evidence);

}  // namespace assay
