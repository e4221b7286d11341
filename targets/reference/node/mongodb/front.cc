#include "targets/reference/node/mongodb/front.h"

#include <utility>

#include "targets/reference/node/mongodb/answers.h"
#include "targets/reference/node/mongodb/bson.h"
#include "targets/reference/node/mongodb/wire.h"

namespace assay::mongodb_front {
namespace {

using reference::Channel;
using reference::FrameState;
using reference::ParsedFrame;

/// A payload is a whole frame with its header.
ParsedFrame parse(std::string_view input) {
  if (input.size() < wire_header_bytes) return {};
  const std::size_t length = wire_frame_length(input);
  if (length == 0) return {FrameState::corrupt, {}, 0};
  if (input.size() < length) return {};
  return {FrameState::whole, input.substr(0, length), length};
}

void append(std::string& out, std::string_view frame) { out += frame; }

/// With the documents that stand behind it. Nothing: something is no BSON that is known here.
std::optional<Datum> command_of(const WireRequest& request) {
  auto command = from_bson(request.document);
  if (!command) return std::nullopt;
  for (const auto& sequence : request.sequences) {
    Datum::List documents;
    for (const auto bytes : sequence.documents) {
      auto each = from_bson(bytes);
      if (!each) return std::nullopt;
      documents.push_back(*std::move(each));
    }
    add_field(*command, std::string(sequence.field).c_str(), std::move(documents));
  }
  return command;
}

}  // namespace

Front::Front(boost::asio::io_context& loop, const reference::NodeOptions& options,
             const reference::Protocol& protocol, Member::Ask ask)
    : options_(options),
      member_(loop, options, protocol, std::move(ask)),
      commands_(member_),
      listener_(loop, [this](boost::asio::ip::tcp::socket socket) { greet(std::move(socket)); }) {}

Status Front::listen() { return listener_.listen(options_.listen, options_.mongodb_port); }

void Front::greet(boost::asio::ip::tcp::socket socket) {
  // Weak: a channel that held itself by its own callback would never go.
  auto weak = std::make_shared<std::weak_ptr<Channel>>();
  const auto channel = Channel::create(
      std::move(socket), [this, weak](std::string_view frame) { return on_frame(*weak, frame); },
      [](const std::string& /*why*/) {}, {parse, append});
  *weak = channel;
  channel->start();
}

bool Front::on_frame(const std::weak_ptr<Channel>& channel, std::string_view frame) {
  const auto request = parse_wire_request(frame);
  if (!request) return false;
  const auto respond = [channel, id = request->id, legacy = request->legacy,
                        silent = request->silent](Datum reply) {
    const auto open = channel.lock();
    if (open == nullptr || silent) return;
    if (!open->send(wire_reply(id, legacy, to_bson(reply)))) open->close("does not read");
  };
  const auto command = command_of(*request);
  if (command) {
    commands_.run(*command, respond);
  } else {
    respond(refusal({2, "BadValue", "a kind of value that is not known here"}));
  }
  return true;
}

}  // namespace assay::mongodb_front
