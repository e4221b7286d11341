#include "checker/conclusions.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "checker/lattice.h"

namespace assay {
namespace {

class Conclusions {
 public:
  explicit Conclusions(CheckResult& result) : result_(result) {}

  void run() {
    derive(Verdict::pass);
    derive(Verdict::violation);
    withdraw_contradicted();
    for (ModelVerdict& each : result_.models) link_anomaly(each);
    result_.strongest = extremes(Verdict::pass);
    result_.weakest_violated = extremes(Verdict::violation);
    if (result_.models.size() > 1) lead();
    for (ModelVerdict& each : result_.models) {
      if (!is_extreme(each.model)) each.certificate = {};
    }
  }

 private:
  bool follows(std::string_view stronger, std::string_view weaker) const {
    return implies_for(result_.datatype, stronger, weaker);
  }

  /// A pass is inherited from above, a violation from below.
  void derive(Verdict verdict) {
    for (ModelVerdict& each : result_.models) {
      if (each.verdict != Verdict::unknown) continue;
      for (const ModelVerdict& other : result_.models) {
        if (other.verdict != verdict || !other.implied_by.empty() || other.model == each.model) {
          continue;
        }
        if (verdict == Verdict::pass ? follows(other.model, each.model)
                                     : follows(each.model, other.model)) {
          each.verdict = verdict;
          each.implied_by = other.model;
          each.unknown_because.clear();
          break;
        }
      }
    }
  }

  void withdraw_contradicted() {
    for (ModelVerdict& each : result_.models) {
      if (each.verdict != Verdict::pass) continue;
      for (const ModelVerdict& other : result_.models) {
        if (other.verdict != Verdict::violation || !follows(each.model, other.model)) continue;
        each.verdict = Verdict::unknown;
        each.unknown_because = fmt::format(
            "a bug of the checker: {} was found to hold, and {}, which it implies, to "
            "be violated",
            each.model, other.model);
        each.implied_by.clear();
        each.certificate = {};
        break;
      }
    }
  }

  void link_anomaly(ModelVerdict& each) const {
    if (each.verdict != Verdict::violation) return;
    for (std::size_t i = 0; i < result_.anomalies.size(); ++i) {
      const Anomaly& anomaly = result_.anomalies[i];
      if (anomaly.model.empty() || !follows(each.model, anomaly.model)) {
        const auto refuted = refuted_by(anomaly.type);
        if (std::find(refuted.begin(), refuted.end(), each.model) == refuted.end()) continue;
      }
      each.anomaly = i;
      return;
    }
  }

  /// Of the models with this verdict: those that hold and that no other one implies, or those that
  /// are violated and imply no other one.
  std::vector<std::string> extremes(Verdict verdict) const {
    std::vector<std::string> names;
    for (const ModelVerdict& each : result_.models) {
      if (each.verdict != verdict) continue;
      const bool covered =
          std::any_of(result_.models.begin(), result_.models.end(), [&](const ModelVerdict& other) {
            if (other.verdict != verdict || other.model == each.model) return false;
            return verdict == Verdict::pass ? follows(other.model, each.model)
                                            : follows(each.model, other.model);
          });
      if (!covered) names.push_back(each.model);
    }
    return names;
  }

  bool is_extreme(const std::string& model) const {
    const auto in = [&](const std::vector<std::string>& names) {
      return std::find(names.begin(), names.end(), model) != names.end();
    };
    return in(result_.strongest) || in(result_.weakest_violated);
  }

  /// The verdict is the worst one; it is about the model that says the most.
  void lead() {
    const ModelVerdict* leader = nullptr;
    const auto first = [&](auto&& wanted) {
      const auto at = std::find_if(result_.models.begin(), result_.models.end(), wanted);
      if (leader == nullptr && at != result_.models.end()) leader = &*at;
    };
    first([&](const ModelVerdict& each) {
      return each.verdict == Verdict::violation && is_extreme(each.model);
    });
    first([](const ModelVerdict& each) { return each.verdict == Verdict::unknown; });
    first([&](const ModelVerdict& each) { return is_extreme(each.model); });
    if (leader == nullptr) return;
    result_.verdict = leader->verdict;
    result_.model = leader->model;
    result_.unknown_because = leader->unknown_because;
    result_.certificate = leader->certificate;
  }

  CheckResult& result_;
};

}  // namespace

void conclude(CheckResult& result) { Conclusions(result).run(); }

}  // namespace assay
