#include "reports/step_rules.h"

#include <algorithm>
#include <array>

namespace assay {
namespace {

constexpr std::array<StepRule, 15> rules{{
    {"real-time",
     "Observed: the first had its answer before the second was sent, so it took effect before."},
    {"realtime",
     "Observed: the first had its answer before the second was sent, so it took effect before.",
     "the head began when the other was over"},
    {"reads-from", "Observed: the second returned a value that only the first wrote."},
    {"cas", "Observed: the second succeeded because it found the value that only the first wrote."},
    {"initial",
     "Observed: the first returned the initial value, and every write would have replaced it."},
    {"overwritten",
     "Derived: the first stands to a value as the one who wrote or read it, and the second "
     "replaced "
     "that value. Were the second first, the value would have been gone, or replaced too early."},
    {"wr", "Observed: the second read what the first wrote.", "the head read what the other wrote"},
    {"ww",
     "Derived from the order of versions, which reads show: the second wrote right after, or over, "
     "what the first wrote.",
     "the head wrote over, or after, what the other wrote"},
    {"rw", "Derived: the first read a version that the second replaced, and not the replacement.",
     "the tail had read what the other then replaced"},
    {"process", "Observed: one process ran the first, and then the second.",
     "the head ran later in the same process"},
    {"session", "Observed: one session ran the first, and then the second."},
    {"version", "Derived: reads show that the first wrote an older version than the second."},
    {"commit",
     "Derived: a transaction that read from the second also saw the first, so by the model the "
     "first "
     "committed before."},
    {"either",
     "Derived: one of the two orders is needed, and the other one leads to a contradiction too."},
    {"internal", "Observed: within one transaction, against what it had written itself."},
}};

}  // namespace

std::span<const StepRule> step_rules() { return rules; }

const StepRule* find_step_rule(std::string_view name) {
  const auto at = std::find_if(rules.begin(), rules.end(),
                               [&](const StepRule& rule) { return rule.name == name; });
  return at == rules.end() ? nullptr : &*at;
}

}  // namespace assay
