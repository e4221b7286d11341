#pragma once
// The map of consistency models as one table: which model implies which, and which anomaly refutes
// which. Verdicts about models that were not searched for, help and documentation all come from it.
//
// Sources: Adya, "Weak Consistency", 1999; Cerone, Bernardi and Gotsman, 2015; Bouajjani et al.,
// 2017; Biswas and Enea, 2019; Kingsbury and Alvaro, "Elle", 2020.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace assay {

/// What a model speaks about: single operations on objects, the view of sessions on them,
/// transactions, append-only logs, or what a growing set shows.
enum class ModelFamily : std::uint8_t { object, session, transaction, log, visibility };

struct ModelInfo {
  std::string_view name;
  ModelFamily family;
  std::string_view summary;  ///< one line
  std::string_view implies;  ///< space separated: the models directly below
};

struct AnomalyInfo {
  std::string_view name;
  std::string_view summary;  ///< one line
  /// Space separated: the weakest models that forbid it. Empty: that depends on the history, and
  /// an anomaly names the model that it refutes.
  std::string_view refutes;
};

std::span<const ModelInfo> model_lattice();
std::span<const AnomalyInfo> anomaly_lattice();

const ModelInfo* find_model(std::string_view name);
const AnomalyInfo* find_anomaly(std::string_view name);

/// Does every history that satisfies `stronger` satisfy `weaker`? Reflexive and transitive.
bool implies(std::string_view stronger, std::string_view weaker);
/// The same for histories of a datatype. A list that transactions read at read-committed-be,
/// read-atomic or causally may lack elements in its middle, which the levels below, as defined on
/// version orders, do not allow.
bool implies_for(std::string_view datatype, std::string_view stronger, std::string_view weaker);
/// Every model that `anomaly` refutes: the ones it names and all that imply one of them. Empty if
/// the anomaly is unknown.
std::vector<std::string_view> refuted_by(std::string_view anomaly);

}  // namespace assay
