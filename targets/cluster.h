#pragma once
// ClusterTarget: what all databases share: servers from Debian packages on the nodes of a lab, or
// servers that run already and are only asked. A database adds how its servers are configured, how
// they become a cluster, and its client.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/target.h"
#include "targets/server_process.h"

namespace assay {

/// Where a server answers its clients.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
};

/// "db1:5433,db2,[::1]:5434"; a port left out is `port`. Error: configuration.
Result<std::vector<Endpoint>> parse_endpoints(const std::string& text, std::uint16_t port);

/// The option of every database that names servers which run already.
inline constexpr TargetOption servers_option{
    "servers", "", "HOST:PORT,…", "servers that run already, in place of the lab's; never set up"};

/// One of the names in "async|sync"; as its position. Error: configuration; names option and names.
Result<std::size_t> option_choice(const std::map<std::string, std::string>& options,
                                  const TargetOption& option);

/// Runs the step for every node at once; returns the first error, in the order of the nodes.
Status on_all(std::size_t count, const std::function<Status(std::size_t)>& step);

/// Repeats the step until it succeeds, a login is refused (not_permitted), or the time is over.
/// Error: the step's last one.
Status wait_for(Nanos limit, const std::function<Status()>& step);

class ClusterTarget : public Target, public ProcessControl {
 public:
  /// `name` outlives the target. `hosts`: servers that run already; empty: those of the lab, which
  /// will answer at `port` and keep their data in `data_folder` (empty: there are none in a lab).
  ClusterTarget(std::string_view name, std::vector<Endpoint> hosts, std::uint16_t port,
                std::string data_folder);

  std::string_view name() const override { return name_; }
  std::map<std::string, std::string> facts() const override;
  std::vector<std::string> endpoints() const override;

  Status set_up(Nodes& nodes) final;
  void tear_down(Nodes& nodes) noexcept final;

  /// None if the servers are not ours.
  ProcessControl* process_control() override { return is_ours() ? this : nullptr; }
  std::string kill_command(std::size_t node) const override;
  std::string start_command(std::size_t node) const override;
  std::string pid_file(std::size_t node) const override { return servers_.at(node).pid_file; }
  std::string data_folder(std::size_t /*node*/) const override { return data_folder_; }
  std::vector<LogFile> log_files(std::size_t node) const override;

 protected:
  bool is_ours() const { return hosts_.empty(); }
  const std::vector<Endpoint>& places() const { return places_; }

  /// Before everything else: what is installed where. All nodes are like this one.
  virtual Status look_around(Node& /*node*/) { return {}; }
  /// The server of a node; places() are known.
  virtual ServerProcess server(std::size_t node) const = 0;
  /// What runs beside it, such as a watcher: started after the servers, and no fault's business.
  virtual std::vector<ServerProcess> companions(std::size_t /*node*/) const { return {}; }
  /// Packages are there, nothing runs, the data folder is gone: writes what the server reads.
  virtual Status install(Node& node, std::size_t at) = 0;
  /// Starts the servers; all at once unless a database needs an order.
  virtual Status start(Nodes& nodes);
  /// Waits until they answer and makes what clients use. Also for servers that are not ours.
  virtual Status form() = 0;
  /// Undoes what form made on servers that are not ours, and ends what the target started here.
  virtual void leave() noexcept {}
  Status start_node(Nodes& nodes, std::size_t at);
  /// Written into the facts after set-up, such as a version that the servers tell.
  void add_fact(const std::string& name, const std::string& value) { facts_[name] = value; }

 private:
  Status install_all(Nodes& nodes);

  std::string_view name_;
  std::vector<Endpoint> hosts_;
  std::uint16_t port_;
  std::string data_folder_;
  std::vector<Endpoint> places_;
  std::vector<ServerProcess> servers_;
  std::vector<std::vector<ServerProcess>> companions_;
  std::map<std::string, std::string> facts_;
};

}  // namespace assay
