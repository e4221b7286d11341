#include "targets/reference/node/mongodb/commands.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "targets/reference/node/mongodb/bson.h"
#include "targets/reference/node/mongodb/greeting.h"

namespace assay::mongodb_front {
namespace {

/// Tells drivers that they may send a numbered write again, where they may.
void label(Datum& reply) {
  const Datum* unmet = find(reply, "writeConcernError");
  const Datum* code = find(unmet == nullptr ? reply : *unmet, "code");
  const bool again = code != nullptr &&
                     (*code == number(not_primary().code) || *code == number(stepped_down().code));
  if (again) add_field(reply, "errorLabels", Datum::List{text("RetryableWriteError")});
}

}  // namespace

struct Commands::Row {
  std::string_view name;
  void (*run)(Commands& self, const Datum& command, const Respond& respond);
};

const Commands::Row* Commands::find_row(const Datum& asked) {
  constexpr auto greet = [](Commands& self, const Datum&, const Respond& respond) {
    respond(greeting_of(self.member_));
  };
  constexpr auto agree = [](Commands&, const Datum&, const Respond& respond) {
    respond(document({{"ok", number(1)}}));
  };
  constexpr auto tell_build = [](Commands&, const Datum&, const Respond& respond) {
    respond(build_info());
  };
  constexpr auto read = [](Commands& self, const Datum& command, const Respond& respond) {
    self.reads_.find_one(command, respond);
  };
  constexpr auto insert = [](Commands& self, const Datum& command, const Respond& respond) {
    self.writes_.insert(command, respond);
  };
  constexpr auto update = [](Commands& self, const Datum& command, const Respond& respond) {
    self.writes_.update(command, respond);
  };
  constexpr auto remove = [](Commands& self, const Datum& command, const Respond& respond) {
    self.writes_.remove(command, respond);
  };
  constexpr auto modify = [](Commands& self, const Datum& command, const Respond& respond) {
    self.writes_.find_and_modify(command, respond);
  };
  static constexpr std::array rows{
      Row{"hello", greet},          Row{"isMaster", greet},       Row{"ismaster", greet},
      Row{"ping", agree},           Row{"endSessions", agree},    Row{"create", agree},
      Row{"buildInfo", tell_build}, Row{"buildinfo", tell_build}, Row{"find", read},
      Row{"insert", insert},        Row{"update", update},        Row{"delete", remove},
      Row{"findAndModify", modify}, Row{"findandmodify", modify},
  };
  const auto* map = asked.get_if<Datum::Map>();
  if (map == nullptr || map->empty()) return nullptr;
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& each) {
    return is_text(&map->front().first, each.name);
  });
  return row == rows.end() ? nullptr : &*row;
}

void Commands::run(const Datum& command, const Respond& respond) {
  const Row* row = find_row(command);
  if (row == nullptr) {
    respond(refusal({59, "CommandNotFound", "no such command here"}));
  } else if (find(command, "autocommit") != nullptr) {
    respond(refusal({20, "IllegalOperation", "transactions are not supported"}));
  } else if (find(command, "txnNumber") != nullptr) {
    row->run(*this, command, [respond](Datum reply) {
      label(reply);
      respond(std::move(reply));
    });
  } else {
    row->run(*this, command, respond);
  }
}

}  // namespace assay::mongodb_front
