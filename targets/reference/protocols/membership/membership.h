#pragma once
// Protocols by which members learn who is alive. They store nothing and answer no client: their
// subject is the view that each member has.

#include <set>

#include "targets/reference/protocols/protocol.h"

namespace assay::reference {

class MembershipProtocol : public Protocol {
 public:
  /// Whom this member takes for crashed, or suspects of it.
  virtual std::set<NodeId> suspects() const = 0;
  /// Whom it takes for crashed for certain; those who only suspect return the same.
  virtual std::set<NodeId> confirmed() const { return suspects(); }

  void written(Nanos /*now*/, WriteToken /*token*/) override {}
  void request(Nanos /*now*/, Command command) override {
    replies_.push_back({command.id, Outcome::bad_request, {}});
  }

 protected:
  void take_replies(Effects& out) {
    out.replies.insert(out.replies.end(), replies_.begin(), replies_.end());
    replies_.clear();
  }

 private:
  std::vector<Reply> replies_;
};

}  // namespace assay::reference
