#include "targets/registry.h"

#include <array>

#include "harness/lab/site.h"
#include "targets/etcd/target.h"
#include "targets/external/target.h"
#include "targets/mariadb/target.h"
#include "targets/mongodb/front.h"
#include "targets/mongodb/target.h"
#include "targets/mysql/target.h"
#include "targets/postgres/target.h"
#include "targets/redis/target.h"
#include "targets/reference/target.h"
#include "targets/zookeeper/target.h"

namespace assay {

std::span<const TargetEntry> targets() {
  static const std::array table{
      reference::reference_target_entry(), postgres::postgres_target_entry(),
      mariadb::mariadb_target_entry(),     etcd::etcd_target_entry(),
      redis::redis_target_entry(),         zookeeper::zookeeper_target_entry(),
      mysql::mysql_target_entry(),         mongodb::mongodb_target_entry(),
      mongodb::front_target_entry(),       external::external_target_entry()};
  return table;
}

const TargetEntry* find_target(std::string_view name) {
  for (const auto& entry : targets()) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

std::string_view suite_of(std::string_view target) {
  return target == "mysql" ? mysql::suite : default_suite;
}

}  // namespace assay
