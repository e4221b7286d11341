#pragma once
// What breaks a model of sessions, in words and as a certificate.

#include <string>
#include <string_view>
#include <vector>

#include "checker/causal/claims.h"
#include "checker/certificate/certificate.h"
#include "checker/verdict.h"
#include "history/history.h"

namespace assay::causal {

struct Finding {
  Anomaly anomaly;
  CertifiedCycle evidence;
};

class Reporter {
 public:
  Reporter(const History& history, const weak::Observations& seen, std::string_view model)
      : history_(history), seen_(seen), model_(model) {}

  Finding flaw(const weak::FlawedRead& flaw) const;
  /// `type`: the bad pattern that the contradiction is.
  Finding found(const Contradiction& contradiction, std::string_view type) const;

 private:
  struct Names;

  Finding describe(const Contradiction& contradiction, std::string_view type, Names& names) const;

  std::uint64_t event(Node node) const { return seen_.txn(node).event; }
  std::string text_of(Node node) const;
  static std::string through(const Claim& claim, Names& names);
  std::string because(const Claim& claim, Names& names) const;
  CycleStep certified(const Claim& claim) const;
  void introduce(const Names& names, Anomaly& anomaly, const std::string& claims) const;

  const History& history_;
  const weak::Observations& seen_;
  std::string_view model_;
};

}  // namespace assay::causal
