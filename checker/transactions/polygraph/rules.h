#pragma once
// What distinguishes the models that the polygraph decides: which orders must be kept, and what an
// edge between two transactions means for their begin and their commit.
//
// Sources: Cerone, Bernardi and Gotsman, 2015 (axioms); Cerone and Gotsman, 2016 (dependency
// graphs); Zhang, Ji, Mu and Wang, "Viper", 2023 (graphs of begins and commits).

#include <cstdint>
#include <optional>
#include <string_view>

namespace assay::polygraph {

/// serial: one point a transaction. snapshot, prefix: a begin (what it reads) and a commit (what it
/// writes), the former first; snapshot also forbids concurrent writers of a key. parallel: one
/// point, and an anti-dependency only forbids that the overwriter is seen.
enum class Kind : std::uint8_t { serial, snapshot, prefix, parallel };

struct Rules {
  Kind kind = Kind::serial;
  bool session = false;    ///< a session's transactions in its order
  bool real_time = false;  ///< and what ended before another began comes first

  bool doubled() const { return kind == Kind::snapshot || kind == Kind::prefix; }
  /// A reader that overwrites what it read comes directly after it.
  bool folds() const { return kind != Kind::prefix; }
};

/// Empty if the polygraph does not know the model.
inline std::optional<Rules> rules_named(std::string_view model) {
  if (model == "serializable") return Rules{Kind::serial, false, false};
  if (model == "strong-session-serializable") return Rules{Kind::serial, true, false};
  if (model == "strict-serializable") return Rules{Kind::serial, true, true};
  if (model == "snapshot-isolation") return Rules{Kind::snapshot, false, false};
  if (model == "strong-session-snapshot-isolation") return Rules{Kind::snapshot, true, false};
  if (model == "strong-snapshot-isolation") return Rules{Kind::snapshot, true, true};
  if (model == "parallel-snapshot-isolation") return Rules{Kind::parallel, true, false};
  // Without what a transaction's own operations exclude, these are the same without sessions.
  if (model == "repeatable-read") return Rules{Kind::serial, false, false};
  if (model == "consistent-view") return Rules{Kind::parallel, false, false};
  if (model == "prefix") return Rules{Kind::prefix, true, false};
  return std::nullopt;
}

}  // namespace assay::polygraph
