#include "harness/run_store.h"

#include <sqlite3.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "harness/json_value.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

Error cannot_write(const std::string& path, const std::string& why) {
  return {ErrorKind::cannot_write, "cannot write '" + path + "': " + why};
}

/// fault and action of "start-partition-halves"; action is empty for f without one.
std::pair<std::string, std::string> split_fault(const std::string& f) {
  for (const std::string action : {"start", "stop"}) {
    if (f.starts_with(action + "-")) return {f.substr(action.size() + 1), action};
  }
  return {f, ""};
}

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

constexpr const char* schema =
    "CREATE TABLE IF NOT EXISTS runs("
    "folder TEXT PRIMARY KEY, target TEXT, workload TEXT, seed INTEGER, started TEXT,"
    "duration_s REAL, verdict TEXT, model TEXT, operations INTEGER, anomalies INTEGER)";
constexpr const char* insertion =
    "INSERT OR REPLACE INTO runs VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)";

}  // namespace

Result<RunFolder> RunFolder::create(const std::string& root, const std::string& target,
                                    const std::string& workload, std::uint64_t seed) {
  const fs::path parent = fs::path(root) / target / workload;
  const std::string base = utc_stamp() + "-" + std::to_string(seed);
  std::error_code failure;
  fs::create_directories(parent, failure);
  if (failure) return cannot_write(parent.string(), failure.message());
  // Two runs of one seed may begin within one second.
  fs::path folder = parent / base;
  for (int n = 2; !fs::create_directory(folder, failure); ++n) {
    if (failure) return cannot_write(folder.string(), failure.message());
    folder = parent / (base + "-" + std::to_string(n));
  }
  const fs::path link = fs::path(root) / "latest";
  const fs::path fresh = fs::path(root) / (".latest-" + folder.filename().string());
  fs::create_directory_symlink(fs::relative(folder, root), fresh, failure);
  if (!failure) fs::rename(fresh, link, failure);
  if (failure) return cannot_write(link.string(), failure.message());
  return RunFolder(folder.string());
}

Result<std::string> RunFolder::log_folder(const std::string& node) const {
  const fs::path folder = fs::path(path_) / "logs" / node;
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure) return cannot_write(folder.string(), failure.message());
  return folder.string();
}

Status write_file(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".part";
  {
    std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    if (!file) return cannot_write(path, "opening or writing failed");
  }
  std::error_code failure;
  fs::rename(fresh, path, failure);
  if (failure) return cannot_write(path, failure.message());
  return {};
}

Result<FaultLog> FaultLog::create(const std::string& path) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (!file) return cannot_write(path, "opening failed");
  return FaultLog(std::move(file));
}

Status FaultLog::append(const Event& event) {
  const auto [fault, action] = split_fault(event.f);
  Json line = {{"index", event.index}, {"time", event.time.count()}, {"fault", fault}};
  if (!action.empty()) line["action"] = action;
  line["type"] = name_of(event.type);
  if (!event.value.is_nil()) line["value"] = to_json(event.value);
  if (!event.error.empty()) line["error"] = event.error;
  file_ << line.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
  if (!file_) return Error{ErrorKind::cannot_write, "cannot append to faults.jsonl"};
  return {};
}

Status index_run(const std::string& root, const RunRecord& record) {
  const std::string path = root + "/index.sqlite";
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open(path.c_str(), &raw);
  const std::unique_ptr<sqlite3, CloseDatabase> database(raw);
  if (opened != SQLITE_OK) return cannot_write(path, sqlite3_errmsg(raw));
  sqlite3_busy_timeout(raw, 5000);
  if (sqlite3_exec(raw, schema, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return cannot_write(path, sqlite3_errmsg(raw));
  }
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(raw, insertion, -1, &prepared, nullptr) != SQLITE_OK) {
    return cannot_write(path, sqlite3_errmsg(raw));
  }
  const std::unique_ptr<sqlite3_stmt, FinalizeStatement> statement(prepared);
  const auto bind_text = [&](int at, const std::string& text) {
    sqlite3_bind_text(prepared, at, text.data(), static_cast<int>(text.size()), nullptr);
  };
  bind_text(1, record.folder);
  bind_text(2, record.target);
  bind_text(3, record.workload);
  sqlite3_bind_int64(prepared, 4, static_cast<sqlite3_int64>(record.seed));
  bind_text(5, record.started);
  sqlite3_bind_double(prepared, 6, record.duration_s);
  bind_text(7, record.verdict);
  bind_text(8, record.model);
  sqlite3_bind_int64(prepared, 9, static_cast<sqlite3_int64>(record.operations));
  sqlite3_bind_int64(prepared, 10, static_cast<sqlite3_int64>(record.anomalies));
  if (sqlite3_step(prepared) != SQLITE_DONE) return cannot_write(path, sqlite3_errmsg(raw));
  return {};
}

}  // namespace assay
