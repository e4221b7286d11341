#include "tests/simulated_store/site_store.h"

#include <algorithm>

namespace assay::simulated {

SiteStore::SiteStore(Level level, bool lists, int keys)
    : level_(level), lists_(lists), sites_(site_count) {
  for (Site& site : sites_) site.cells.resize(static_cast<std::size_t>(keys));
}

void SiteStore::begin(TxnNumber txn, int client) {
  const std::size_t site = static_cast<std::size_t>(client) % site_count;
  txns_[txn] = {site, sites_[site].cells, sites_[site].applied, {}};
}

Progress SiteStore::read(TxnNumber number, int key, Item& found) {
  const Txn& txn = txns_.at(number);
  // Without a snapshot, each read sees what the site has just then.
  const auto& cells = level_ == Level::read_committed_be ? sites_[txn.site].cells : txn.snapshot;
  found = cells[static_cast<std::size_t>(key)].item;
  for (const auto& [written, value] : txn.writes) {
    if (written != key) continue;
    if (!lists_) found.clear();
    found.push_back(value);
  }
  return Progress::done;
}

Progress SiteStore::write(TxnNumber txn, int key, int value) {
  txns_.at(txn).writes.emplace_back(key, value);
  return Progress::done;
}

Progress SiteStore::commit(TxnNumber number) {
  const Txn txn = txns_.at(number);
  txns_.erase(number);
  if (txn.writes.empty()) return Progress::done;
  if (level_ == Level::parallel_snapshot_isolation) {
    for (const auto& [key, value] : txn.writes) {
      const auto last = last_commit_of_.find(key);
      if (last != last_commit_of_.end() &&
          !holds(txn.seen, static_cast<std::size_t>(last->second))) {
        return Progress::abort;
      }
    }
  }
  Site& site = sites_[txn.site];
  Commit commit{site.clock + 1, site.applied, {}};
  for (const auto& [key, value] : txn.writes) {
    const auto [at, fresh] =
        commit.items.emplace(key, txn.snapshot[static_cast<std::size_t>(key)].item);
    if (!lists_) at->second.clear();
    at->second.push_back(value);
    last_commit_of_[key] = static_cast<int>(commits_.size());
  }
  commits_.push_back(std::move(commit));
  apply(commits_.size() - 1, site);
  return Progress::done;
}

void SiteStore::abort(TxnNumber txn) { txns_.erase(txn); }

bool SiteStore::deliverable(std::size_t commit, const Site& site) const {
  if (holds(site.applied, commit)) return false;
  if (!causal()) return true;
  const Applied& causes = commits_[commit].causes;
  for (std::size_t c = 0; c < causes.size(); ++c) {
    if (causes[c] && !holds(site.applied, c)) return false;
  }
  return true;
}

void SiteStore::apply(std::size_t number, Site& site) {
  const Commit& commit = commits_[number];
  if (site.applied.size() <= number) site.applied.resize(number + 1, false);
  site.applied[number] = true;
  site.clock = std::max(site.clock, commit.clock);
  for (const auto& [key, item] : commit.items) {
    Cell& cell = site.cells[static_cast<std::size_t>(key)];
    const auto version = std::pair(commit.clock, static_cast<int>(number));
    if (version > std::pair(cell.clock, cell.commit)) {
      cell = {item, version.first, version.second};
    }
  }
}

void SiteStore::tick(Random& random) {
  if (commits_.empty() || !random.chance(0.12)) return;
  Site& site = random.pick(sites_);
  std::vector<std::size_t> open;
  for (std::size_t c = 0; c < commits_.size(); ++c) {
    if (deliverable(c, site)) open.push_back(c);
  }
  if (!open.empty()) apply(random.pick(open), site);
}

}  // namespace assay::simulated
