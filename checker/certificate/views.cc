#include "checker/certificate/views.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "checker/certificate/refuse.h"

namespace assay::certified {
namespace {

constexpr ViewModel models[] = {{"read-your-writes", Sees::own_writes, false},
                                {"monotonic-reads", Sees::own_reads, false},
                                {"monotonic-writes", Sees::writes_in_order, false},
                                {"writes-follow-reads", Sees::writes_and_reads, false},
                                {"pram", Sees::all_writes, false},
                                {"causal-memory", Sees::own_past, false},
                                {"causal", Sees::past, false},
                                {"causal-convergence", Sees::arbitrated_past, false},
                                {"sequential", Sees::everything, false},
                                {"read-committed-be", Sees::read_before, true},
                                {"read-atomic", Sees::direct, true},
                                {"transactional-causal", Sees::arbitrated_past, true}};

std::uint64_t pair_of(Number key, Number value) { return (std::uint64_t{key} << 32U) | value; }

}  // namespace

const ViewModel* view_model(std::string_view model, std::string_view datatype) {
  const auto* at = std::find_if(std::begin(models), std::end(models),
                                [&](const ViewModel& each) { return each.name == model; });
  if (at == std::end(models)) return nullptr;
  const bool single = datatype == "register";
  return at->transactions != single && unit_kind(datatype) ? at : nullptr;
}

Result<Observed> Observed::decode(const History& history, std::string_view datatype) {
  auto units = Units::decode(
      history, datatype == "register" ? UnitKind::single_registers : *unit_kind(datatype));
  if (!units) return units.error();
  Observed result(std::move(units).value());
  result.index();
  return result;
}

void Observed::index() {
  std::map<std::int32_t, std::uint32_t> sessions;
  for (std::size_t u = 0; u < units_.size(); ++u) {
    const auto next = static_cast<std::uint32_t>(sessions.size());
    session_.push_back(sessions.try_emplace(units_[u].process, next).first->second);
    if (units_[u].outcome == Outcome::fail) continue;
    for (const Access& access : units_[u].accesses) {
      if (!access.write) continue;
      if (!units_.lists() && units_.leaves(u, access.key) != access.value) continue;
      const auto [at, fresh] = first_.try_emplace(pair_of(access.key, access.value), u);
      if (!fresh && at->second != u) more_[at->first].push_back(u);
    }
  }
  session_count_ = sessions.size();
  committed_.resize(units_.size());
  std::vector<std::size_t> open;
  const auto commit = [&](std::size_t u) {
    if (committed_[u]) return;
    committed_[u] = true;
    open.push_back(u);
  };
  for (std::size_t u = 0; u < units_.size(); ++u) {
    if (units_[u].outcome == Outcome::ok) commit(u);
  }
  while (!open.empty()) {
    const std::size_t u = open.back();
    open.pop_back();
    for (const Seen& read : units_.reads(u)) {
      const auto from = [&](Number value) {
        const auto supplier = source(u, read.access->key, value);
        if (supplier.has_value() && *supplier != nobody) commit(*supplier);
      };
      if (!units_.lists()) from(read.access->value);
      for (const Number element : read.list) from(element);
    }
  }
}

std::vector<std::size_t> Observed::suppliers(std::size_t reader, Number key, Number value) const {
  std::vector<std::size_t> result;
  const auto first = first_.find(pair_of(key, value));
  if (first == first_.end()) return result;
  if (first->second != reader) result.push_back(first->second);
  if (const auto more = more_.find(first->first); more != more_.end()) {
    for (const std::size_t u : more->second) {
      if (u != reader && (result.empty() || result.back() != u)) result.push_back(u);
    }
  }
  return result;
}

std::optional<std::size_t> Observed::source(std::size_t reader, Number key, Number value) const {
  const auto found = suppliers(reader, key, value);
  const bool initial = value == 0 && !units_.lists();
  if (initial) return found.empty() ? std::optional(nobody) : std::nullopt;
  return found.size() == 1 ? std::optional(found.front()) : std::nullopt;
}

std::vector<std::vector<std::size_t>> Observed::by_session() const {
  std::vector<std::vector<std::size_t>> result(session_count_);
  for (std::size_t u = 0; u < units_.size(); ++u) {
    if (units_[u].outcome != Outcome::fail) result[session_[u]].push_back(u);
  }
  return result;
}

bool Observed::reads(std::span<const std::size_t> session) const {
  return std::any_of(session.begin(), session.end(), [&](std::size_t u) {
    const auto& accesses = units_[u].accesses;
    return std::any_of(accesses.begin(), accesses.end(),
                       [](const Access& access) { return !access.write; });
  });
}

bool Observed::goes_back(std::span<const std::size_t> session) const {
  std::map<Number, std::size_t> current;
  std::set<std::pair<Number, std::size_t>> met;
  for (const std::size_t u : session) {
    if (!committed_[u]) continue;
    for (const Seen& read : units_.reads(u)) {
      const Number key = read.access->key;
      const auto from = source(u, key, read.access->value);
      if (!from.has_value()) continue;
      const auto at = current.find(key);
      const bool replaced = at != current.end() && at->second != *from;
      if (replaced && (*from == nobody || met.contains({key, *from}))) return true;
      if (*from == nobody) continue;
      current[key] = *from;
      met.emplace(key, *from);
    }
  }
  return false;
}

}  // namespace assay::certified

namespace assay {

bool is_view_certificate(std::string_view model, std::string_view datatype) {
  return certified::view_model(model, datatype) != nullptr;
}

Status verify_view(const History& history, const Certificate& certificate) {
  if (certificate.history_digest != history.digest()) {
    return refuse("it belongs to another history");
  }
  if (!(certificate.initial == history.info().initial)) return refuse("another initial value");
  const auto seen = certified::Observed::decode(history, certificate.datatype);
  if (!seen) return seen.error();
  const auto* model = certified::view_model(certificate.model, certificate.datatype);
  if (certificate.verdict == "pass") return certified::verify_orders(*seen, certificate, *model);
  if (certificate.verdict != "violation") {
    return refuse("the verdict is neither pass nor violation");
  }
  return certified::verify_claims(*seen, certificate, *model);
}

}  // namespace assay
