#pragma once
// The verifier of models of sessions and of weak isolation levels: what a process or a transaction
// sees. It shares nothing with the checks but the form of the certificate.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "checker/certificate/certificate.h"
#include "checker/certificate/units.h"
#include "history/history.h"

namespace assay::certified {

enum class Sees : std::uint8_t {
  own_writes,        ///< read-your-writes
  own_reads,         ///< monotonic-reads
  writes_in_order,   ///< monotonic-writes
  writes_and_reads,  ///< writes-follow-reads
  all_writes,        ///< pram
  own_past,          ///< causal-memory
  past,              ///< causal
  arbitrated_past,   ///< causal-convergence, transactional-causal
  everything,        ///< sequential
  read_before,       ///< read-committed-be
  direct             ///< read-atomic
};

struct ViewModel {
  std::string_view name;
  Sees sees;
  bool transactions;
};
/// Null: none that is verified here.
const ViewModel* view_model(std::string_view model, std::string_view datatype);

constexpr std::size_t nobody = static_cast<std::size_t>(-1);

/// Units, and who could have supplied what.
class Observed {
 public:
  static Result<Observed> decode(const History& history, std::string_view datatype);

  const Units& units() const { return units_; }
  /// Who, other than the reader, may have left the value: not failed, and (registers) not
  /// overwritten by the same unit.
  std::vector<std::size_t> suppliers(std::size_t reader, Number key, Number value) const;
  /// Could only one unit, or only the initial state (nobody), have supplied it? Then which.
  std::optional<std::size_t> source(std::size_t reader, Number key, Number value) const;
  /// It returned ok, or only it can have supplied what a committed one read.
  bool committed(std::size_t u) const { return committed_[u]; }
  /// Sessions are numbered by their first invocation.
  std::uint32_t session(std::size_t u) const { return session_[u]; }
  std::size_t session_count() const { return session_count_; }
  /// Those that did not fail, in their order.
  std::vector<std::vector<std::size_t>> by_session() const;
  /// Certain reads of the session go back to a value that another one had replaced.
  bool goes_back(std::span<const std::size_t> session) const;
  bool reads(std::span<const std::size_t> session) const;

 private:
  explicit Observed(Units units) : units_(std::move(units)) {}
  void index();

  Units units_;
  std::unordered_map<std::uint64_t, std::size_t> first_;  ///< by key and value
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> more_;
  std::vector<bool> committed_;
  std::vector<std::uint32_t> session_;
  std::size_t session_count_ = 0;
};

/// REQUIRES the header of the certificate was checked. Pass: orders, O(n k log n).
Status verify_orders(const Observed& seen, const Certificate& certificate, const ViewModel& model);
/// Violation: claims that lead back to where they began. Or a witness of which every order is tried
/// (sequential; at most 20 operations).
Status verify_claims(const Observed& seen, const Certificate& certificate, const ViewModel& model);

}  // namespace assay::certified

namespace assay {

bool is_view_certificate(std::string_view model, std::string_view datatype);
/// REQUIRES is_view_certificate.
Status verify_view(const History& history, const Certificate& certificate);

}  // namespace assay
