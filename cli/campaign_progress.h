#pragma once
// Progress of a campaign on standard error: a table redrawn in place on a terminal, a line every
// ten seconds elsewhere.

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/campaign_file.h"

namespace assay::cli {

/// Not thread-safe.
class CampaignProgress {
 public:
  explicit CampaignProgress(bool quiet);
  ~CampaignProgress();  ///< removes the table
  CampaignProgress(const CampaignProgress&) = delete;
  CampaignProgress& operator=(const CampaignProgress&) = delete;

  /// `runs`: that will be made at most.
  void add(const Experiment& experiment, std::uint64_t runs);
  void begun(const Experiment& experiment);
  void ended(const Experiment& experiment, const std::string& verdict);
  /// No more runs of it are needed.
  void closed(const Experiment& experiment);
  /// Takes the table away so that something can be printed.
  void clear();

 private:
  struct Line {
    const Experiment* experiment = nullptr;
    std::uint64_t runs = 0;
    std::uint64_t ended = 0;
    std::uint64_t running = 0;
    std::uint64_t pass = 0;
    std::uint64_t violation = 0;
    std::uint64_t other = 0;
    bool closed = false;
  };
  Line& line_of(const Experiment& experiment);
  std::string words_of(const Line& line) const;
  std::string total() const;
  void draw();

  bool quiet_;
  bool rewrite_;
  std::vector<Line> lines_;
  std::size_t drawn_ = 0;
  Nanos start_;
  Nanos next_{0};
};

}  // namespace assay::cli
