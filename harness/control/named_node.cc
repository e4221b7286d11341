#include "harness/control/node.h"

namespace assay {
namespace {

class NamedNode final : public Node {
 public:
  explicit NamedNode(const std::string& name) { address_.name = address_.host = name; }
  const NodeAddress& address() const override { return address_; }
  Result<CommandResult> run(const std::string& /*command*/, Nanos /*timeout*/) override {
    return out_of_reach();
  }
  Status upload(const std::string& /*local_path*/, const std::string& /*remote_path*/,
                unsigned /*mode*/) override {
    return out_of_reach();
  }
  Status download(const std::string& /*remote_path*/, const std::string& /*local_path*/) override {
    return out_of_reach();
  }
  Result<std::unique_ptr<RemoteProcess>> start(const std::string& /*command*/) override {
    return out_of_reach();
  }

 private:
  Error out_of_reach() const {
    return {ErrorKind::unavailable, address_.name + " is no machine that commands can be run on"};
  }
  NodeAddress address_;
};

}  // namespace

std::unique_ptr<Node> named_node(const std::string& name) {
  return std::make_unique<NamedNode>(name);
}

}  // namespace assay
