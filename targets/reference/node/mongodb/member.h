#pragma once
// What a member of the cluster is for those who answer MongoDB's drivers: whether it leads, what
// its copy shows, how to have a command replicated, and how to wait for the log.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>  // Boost 1.74's Asio needs it and does not include it
#include <vector>

#include "base/clock.h"
#include "targets/reference/node/options.h"
#include "targets/reference/protocols/protocol.h"

namespace assay::mongodb_front {

/// Used only on the loop's thread; lives as long as the loop runs.
class Member {
 public:
  using OnReply = std::function<void(const reference::Reply&)>;
  /// Has a command with an id replicated.
  using Ask = std::function<void(reference::Command, OnReply)>;

  /// REQUIRES: the protocol has an own_copy().
  Member(boost::asio::io_context& loop, const reference::NodeOptions& options,
         const reference::Protocol& protocol, Ask ask);

  reference::StatusReport status() const { return protocol_.status(); }
  bool leads() const { return status().role == reference::Role::leader; }
  const reference::OwnCopy& copy() const { return *protocol_.own_copy(); }
  reference::Datum read(const reference::Datum& key) const;

  /// "host:port" of a member where MongoDB's drivers reach it; empty: none has this number.
  std::string host_of(reference::NodeId id) const;
  reference::NodeId self() const { return options_.id; }
  std::vector<std::string> hosts() const;

  /// Has the command replicated, under an id of its own.
  void ask(reference::Command command, OnReply done);
  /// Calls the step now and whenever something changed, until it says true; after the deadline
  /// with `expired`, and then it must.
  using Step = std::function<bool(bool expired)>;
  void wait(Nanos deadline, Step step);
  /// Something may have changed.
  void look();
  /// Calls it soon, from the loop.
  void later(std::function<void()> call);

 private:
  struct Waiting {
    Nanos deadline{0};
    Step step;
  };
  void arm();

  boost::asio::io_context& loop_;
  const reference::NodeOptions& options_;
  const reference::Protocol& protocol_;
  Ask ask_;
  boost::asio::steady_timer timer_;
  bool armed_ = false;
  std::vector<Waiting> waiting_;
  // The store knows a client's last request only, so requests at one time are of several clients.
  std::vector<reference::RequestId> idle_;
  std::uint64_t next_client_;
};

}  // namespace assay::mongodb_front
