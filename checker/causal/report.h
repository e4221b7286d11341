#pragma once
// What breaks a model of sessions, in words and as a certificate.

#include <string>
#include <string_view>
#include <vector>

#include "checker/causal/guarantees.h"
#include "checker/causal/view.h"
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
  Reporter(const History& history, const Observations& seen, std::string_view model)
      : history_(history), seen_(seen), model_(model) {}

  Finding flaw(const weak::FlawedRead& flaw) const;
  /// `type`: the bad pattern that the contradiction of the view is.
  Finding contradiction(const View& view, const std::string& type) const;
  /// The same for a cycle that is known already.
  Finding cycle(const View& view, const std::vector<Step>& steps, const std::string& type) const;
  Finding broken(const Broken& broken, const std::string& type) const;

 private:
  struct Names;

  std::uint64_t event(Node node) const { return seen_.txn(node).event; }
  std::string text_of(Node node) const;
  std::string because(const View& view, const Step& step, Names& names) const;
  CycleStep certified(const View& view, const Step& step) const;
  void add_lemmas(const View& view, const std::vector<Step>& steps, std::vector<bool>& known,
                  std::vector<CycleStep>& lemmas) const;
  void introduce(const Names& names, Anomaly& anomaly, const std::string& claims) const;

  const History& history_;
  const Observations& seen_;
  std::string_view model_;
};

}  // namespace assay::causal
