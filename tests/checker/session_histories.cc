#include "session_histories.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "history/event.h"

namespace assay {
namespace {

Value micro(const SmallOp& op, bool lists, bool with_result) {
  const Value key(op.key);
  switch (op.kind) {
    case SmallOp::Kind::write:
      return Value::List{Value("w"), key, Value(op.value)};
    case SmallOp::Kind::append:
      return Value::List{Value("append"), key, Value(op.value)};
    case SmallOp::Kind::read:
      break;
  }
  Value result;
  if (with_result && lists) {
    Value::List list;
    for (const int element : op.list) list.emplace_back(element);
    result = std::move(list);
  } else if (with_result) {
    result = Value(op.value);
  }
  return Value::List{Value("r"), key, std::move(result)};
}

void describe(const SmallTxn& txn, const std::string& datatype, bool completed, Event& event) {
  if (datatype == "register") {
    const SmallOp& op = txn.ops.front();
    event.key = Value(op.key);
    if (txn.ops.size() == 2) {
      event.f = "cas";
      event.value = Value::List{Value(op.value), Value(txn.ops.back().value)};
      return;
    }
    event.f = op.kind == SmallOp::Kind::read ? "read" : "write";
    if (completed || op.kind != SmallOp::Kind::read) event.value = Value(op.value);
    return;
  }
  event.f = "txn";
  Value::List list;
  for (const SmallOp& op : txn.ops) list.push_back(micro(op, datatype == "list-append", completed));
  event.value = std::move(list);
}

}  // namespace

History as_history(const SmallTxns& txns, const std::string& datatype) {
  HistoryInfo info;
  info.datatype = datatype;
  if (datatype != "list-append") info.initial = Value(0);
  info.initial_declared = true;
  info.real_time = RealTime::none;
  HistoryBuilder builder(std::move(info));
  for (std::size_t t = 0; t < txns.size(); ++t) {
    for (const bool completed : {false, true}) {
      Event event;
      event.index = 2 * t + (completed ? 1 : 0);
      event.process = static_cast<ProcessId>(txns[t].session);
      event.type = !completed                         ? EventType::invoke
                   : txns[t].outcome == Outcome::ok   ? EventType::ok
                   : txns[t].outcome == Outcome::fail ? EventType::fail
                                                      : EventType::info;
      describe(txns[t], datatype, completed && txns[t].outcome == Outcome::ok, event);
      if (const auto status = builder.add(event); !status) std::abort();
    }
  }
  auto history = builder.finish();
  if (!history) std::abort();
  return std::move(history).value();
}

SmallTxns random_txns(Random& random, const RandomTxns& options) {
  const auto below = [&](int bound) {
    return static_cast<int>(random.below(static_cast<std::uint64_t>(bound)));
  };
  SmallTxns txns;
  std::vector<std::vector<int>> written(static_cast<std::size_t>(options.keys));
  std::vector<bool> ended(static_cast<std::size_t>(options.sessions), false);
  int value = 0;
  // All writes first, so that reads can be of the future too.
  for (int t = 0; t < options.txns; ++t) {
    SmallTxn txn;
    txn.session = below(options.sessions);
    if (random.chance(options.failed)) txn.outcome = Outcome::fail;
    if (random.chance(options.info)) txn.outcome = Outcome::info;
    const int ops = 1 + below(options.ops);
    for (int i = 0; i < ops; ++i) {
      SmallOp op;
      op.key = below(options.keys);
      if (random.chance(0.5)) {
        op.kind = options.lists ? SmallOp::Kind::append : SmallOp::Kind::write;
        op.value = value > 0 && random.chance(options.repeat) ? 1 + below(value) : ++value;
        written[static_cast<std::size_t>(op.key)].push_back(op.value);
      }
      txn.ops.push_back(std::move(op));
    }
    txns.push_back(std::move(txn));
  }
  // A session whose operation stayed open goes on under another number.
  for (std::size_t t = 0; t < txns.size(); ++t) {
    if (txns[t].outcome != Outcome::info) continue;
    for (std::size_t u = t + 1; u < txns.size(); ++u) {
      if (txns[u].session == txns[t].session) txns[u].session += options.sessions;
    }
  }
  std::vector<std::size_t> so_far(static_cast<std::size_t>(options.keys), 0);
  for (SmallTxn& txn : txns) {
    std::vector<std::size_t> base = so_far;
    for (SmallOp& op : txn.ops) {
      const auto key = static_cast<std::size_t>(op.key);
      const auto& values = written[key];
      if (op.kind != SmallOp::Kind::read) {
        ++so_far[key];
        continue;
      }
      std::size_t upto = random.chance(0.5) ? so_far[key] : base[key];
      if (random.chance(options.stale)) upto = random.below(values.size() + 1);
      if (options.lists) {
        op.list.assign(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(upto));
        if (op.list.size() > 1 && random.chance(0.15)) {
          std::swap(op.list[op.list.size() - 1], op.list[op.list.size() - 2]);
        }
        if (!op.list.empty() && random.chance(0.2)) {
          op.list.erase(op.list.begin() + below(static_cast<int>(op.list.size())));
        }
      } else {
        op.value = upto == 0 ? 0 : values[upto - 1];
      }
      if (value > 0 && random.chance(options.odd)) {
        op.value = below(value + 2);
        if (options.lists) op.list = {op.value};
      }
    }
  }
  return txns;
}

SmallTxns random_operations(Random& random, const RandomOperations& options) {
  const auto below = [&](int bound) {
    return static_cast<int>(random.below(static_cast<std::uint64_t>(bound)));
  };
  SmallTxns result;
  std::vector<std::vector<int>> written(static_cast<std::size_t>(options.keys), {0});
  int value = 0;
  for (int i = 0; i < options.operations; ++i) {
    SmallTxn one;
    one.session = below(options.sessions);
    SmallOp op;
    op.key = below(options.keys);
    const bool cas = random.chance(options.cas);
    const bool write = random.chance(0.45);
    if (cas) one.ops.push_back(op);
    if (cas || write) {
      op.kind = SmallOp::Kind::write;
      op.value = value > 0 && random.chance(options.repeat) ? below(value + 1) : ++value;
      written[static_cast<std::size_t>(op.key)].push_back(op.value);
    }
    one.ops.push_back(op);
    if (random.chance(options.failed)) one.outcome = Outcome::fail;
    if (random.chance(options.info)) one.outcome = Outcome::info;
    result.push_back(std::move(one));
  }
  for (std::size_t i = 0; i < result.size(); ++i) {
    // A process whose operation stayed open goes on under another number.
    for (std::size_t j = i + 1; result[i].outcome == Outcome::info && j < result.size(); ++j) {
      if (result[j].session == result[i].session) result[j].session += options.sessions;
    }
    SmallOp& first = result[i].ops.front();
    if (first.kind != SmallOp::Kind::read) continue;
    first.value = random.pick(written[static_cast<std::size_t>(first.key)]);
    if (random.chance(options.odd)) first.value = below(value + 2);
  }
  return result;
}

std::string to_text(const SmallTxns& txns) {
  std::string text;
  for (const SmallTxn& txn : txns) {
    text += fmt::format("{} {}:", txn.session, name_of(txn.outcome));
    for (const SmallOp& op : txn.ops) {
      const char* kind = op.kind == SmallOp::Kind::read    ? "r"
                         : op.kind == SmallOp::Kind::write ? "w"
                                                           : "append";
      text += fmt::format(" {} {} {}", kind, op.key, op.value);
      if (!op.list.empty()) {
        text += " [";
        for (const int element : op.list) text += fmt::format(" {}", element);
        text += " ]";
      }
    }
    text += "\n";
  }
  return text;
}

}  // namespace assay
