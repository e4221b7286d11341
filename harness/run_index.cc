#include "harness/run_index.h"

#include <sqlite3.h>

#include <filesystem>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

namespace assay {
namespace {

namespace fs = std::filesystem;

/// Of the tables below: another number means that another version of assay made them.
constexpr int tables_version = 2;
constexpr int busy_ms = 10'000;

constexpr const char* tables = R"sql(
CREATE TABLE runs(
  folder TEXT PRIMARY KEY, changed INTEGER NOT NULL, target TEXT, configuration TEXT, workload TEXT,
  model TEXT, seed INTEGER, started TEXT, duration_s REAL, verdict TEXT, operations INTEGER,
  anomalies INTEGER, campaign TEXT, experiment TEXT, record TEXT NOT NULL) STRICT;
CREATE TABLE findings(
  folder TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, fingerprint TEXT, family TEXT, type TEXT,
  model TEXT, count INTEGER, PRIMARY KEY(folder, fingerprint)) STRICT;
CREATE INDEX findings_by_fingerprint ON findings(fingerprint);
)sql";

Error cannot(const std::string& path, sqlite3* database) {
  return {ErrorKind::cannot_write,
          "'" + path + "': " + (database == nullptr ? "no memory" : sqlite3_errmsg(database))};
}

struct Close {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
using Database = std::unique_ptr<sqlite3, Close>;

class Statement {
 public:
  Statement(sqlite3* database, const char* sql) {
    sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr);
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(const std::string& text) {
    sqlite3_bind_text(statement_, ++bound_, text.data(), static_cast<int>(text.size()),
                      SQLITE_TRANSIENT);
    return *this;
  }
  Statement& bind(std::int64_t number) {
    sqlite3_bind_int64(statement_, ++bound_, number);
    return *this;
  }
  Statement& bind(double number) {
    sqlite3_bind_double(statement_, ++bound_, number);
    return *this;
  }
  /// SQLITE_ROW, SQLITE_DONE or an error code.
  int step() { return statement_ == nullptr ? SQLITE_ERROR : sqlite3_step(statement_); }
  bool done() { return step() == SQLITE_DONE; }
  std::string text(int column) const {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
    return bytes == nullptr ? std::string() : std::string(bytes, size);
  }
  std::int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }

 private:
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

bool execute(sqlite3* database, const char* sql) {
  return sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK;
}

bool insert(sqlite3* database, const RunRecord& record, std::int64_t changed) {
  Statement run(database, "INSERT OR REPLACE INTO runs VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  run.bind(record.folder).bind(changed).bind(record.target).bind(record.configuration);
  run.bind(record.workload).bind(record.model).bind(static_cast<std::int64_t>(record.seed));
  run.bind(record.started).bind(record.duration_s).bind(record.verdict);
  run.bind(static_cast<std::int64_t>(record.operations));
  run.bind(static_cast<std::int64_t>(record.anomalies));
  run.bind(record.campaign).bind(record.experiment).bind(to_json(record));
  if (!run.done()) return false;
  for (const Finding& finding : record.findings) {
    Statement row(database, "INSERT OR REPLACE INTO findings VALUES(?,?,?,?,?,?)");
    row.bind(record.folder).bind(finding.fingerprint).bind(finding.family).bind(finding.type);
    row.bind(finding.model).bind(static_cast<std::int64_t>(finding.count));
    if (!row.done()) return false;
  }
  return true;
}

bool erase(sqlite3* database, const std::string& folder) {
  return Statement(database, "DELETE FROM runs WHERE folder=?").bind(folder).done();
}

/// When what is known of a run was written; nothing: no run is there.
std::optional<std::int64_t> changed_at(const fs::path& folder) {
  // The file that is read, so that a plan and the summary after it never have one number.
  for (const auto& [name, bit] : {std::pair{"summary.json", 1}, std::pair{"plan.json", 0}}) {
    std::error_code failure;
    const auto time = fs::last_write_time(folder / name, failure);
    if (!failure) return (time.time_since_epoch().count() & ~std::int64_t{1}) | bit;
  }
  return std::nullopt;
}

/// Every folder of a run by its path below `root`: <target>/<workload>/<time>-<seed>.
std::map<std::string, std::int64_t> folders_of(const fs::path& root) {
  std::map<std::string, std::int64_t> found;
  std::error_code failure;
  const auto folders_in = [&](const fs::path& parent) {
    std::vector<fs::path> list;
    for (auto at = fs::directory_iterator(parent, failure);
         !failure && at != fs::directory_iterator(); at.increment(failure)) {
      const bool hidden = at->path().filename().string().starts_with('.');
      if (!hidden && at->is_directory(failure) && !at->is_symlink(failure)) {
        list.push_back(at->path());
      }
    }
    return list;
  };
  for (const fs::path& target : folders_in(root)) {
    for (const fs::path& workload : folders_in(target)) {
      for (const fs::path& run : folders_in(workload)) {
        if (const auto changed = changed_at(run)) {
          found[run.lexically_relative(root).string()] = *changed;
        }
      }
    }
  }
  return found;
}

/// A database with the tables of this version; nothing if the file is damaged or of another one.
Database try_open(const std::string& path) {
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open(path.c_str(), &raw);
  Database database(raw);
  if (opened != SQLITE_OK) return nullptr;
  sqlite3_busy_timeout(raw, busy_ms);
  if (!execute(raw, "PRAGMA foreign_keys=ON") || !execute(raw, "BEGIN IMMEDIATE")) return nullptr;
  std::int64_t version = 0;
  std::int64_t existing = 0;
  {
    Statement asked(raw, "PRAGMA user_version");
    Statement counted(raw, "SELECT count(*) FROM sqlite_schema");
    if (asked.step() != SQLITE_ROW || counted.step() != SQLITE_ROW) return nullptr;
    version = asked.number(0);
    existing = counted.number(0);
  }
  if (existing > 0 && version != tables_version) return nullptr;
  const std::string stamp = "PRAGMA user_version=" + std::to_string(tables_version);
  if (existing == 0 && (!execute(raw, tables) || !execute(raw, stamp.c_str()))) return nullptr;
  if (!execute(raw, "COMMIT")) return nullptr;
  return database;
}

}  // namespace

struct RunIndex::State {
  std::string path;
  Database database;
  std::vector<std::string> notes;

  /// Makes the tables say what the folders hold.
  Status update(const std::string& root) {
    sqlite3* db = database.get();
    if (!execute(db, "BEGIN IMMEDIATE")) return cannot(path, db);
    std::map<std::string, std::int64_t> known;
    {
      Statement asked(db, "SELECT folder, changed FROM runs");
      int code = asked.step();
      for (; code == SQLITE_ROW; code = asked.step()) known[asked.text(0)] = asked.number(1);
      if (code != SQLITE_DONE) return cannot(path, db);
    }
    const auto folders = folders_of(root);
    for (const auto& [folder, changed] : folders) {
      const auto at = known.find(folder);
      if (at != known.end() && at->second == changed) continue;
      const auto record = read_run_record(root, folder);
      // What cannot be read is said, and left out until it changes: it is never taken for a pass.
      if (!record.ok()) notes.push_back(record.error().message);
      if (!erase(db, folder) || (record.ok() && !insert(db, *record, changed))) {
        return cannot(path, db);
      }
    }
    for (const auto& [folder, changed] : known) {
      if (!folders.contains(folder) && !erase(db, folder)) return cannot(path, db);
    }
    return execute(db, "COMMIT") ? Status() : cannot(path, db);
  }
};

RunIndex::RunIndex(std::unique_ptr<State> state) : state_(std::move(state)) {}
RunIndex::RunIndex(RunIndex&&) noexcept = default;
RunIndex::~RunIndex() = default;

const std::vector<std::string>& RunIndex::notes() const { return state_->notes; }

Result<RunIndex> RunIndex::open(const std::string& root) {
  if (!fs::is_directory(root)) {
    return Error{ErrorKind::no_input, "no run store '" + root +
                                          "'; `assay run` and `assay campaign` make one, --store "
                                          "names another"};
  }
  const std::string path = root + "/index.sqlite";
  for (const bool again : {false, true}) {
    if (again) {
      std::error_code failure;
      for (const char* suffix : {"", "-journal", "-wal", "-shm"})
        fs::remove(path + suffix, failure);
    }
    auto state = std::make_unique<State>();
    state->path = path;
    state->database = try_open(path);
    if (state->database == nullptr) continue;
    if (auto status = state->update(root); !status.ok()) {
      if (again) return status.error();
      continue;
    }
    return RunIndex(std::move(state));
  }
  return Error{ErrorKind::cannot_write, "cannot make '" + path + "'"};
}

Result<std::vector<RunRecord>> RunIndex::runs(const RunFilter& filter) const {
  Statement asked(state_->database.get(),
                  "SELECT folder, record FROM runs WHERE (?1='' OR target=?1) AND (?2='' OR "
                  "workload=?2) AND (?3='' OR verdict=?3) AND (?4='' OR campaign=?4) AND (?5='' OR "
                  "folder IN (SELECT folder FROM findings WHERE fingerprint=?5 OR family=?5)) "
                  "ORDER BY started DESC, changed DESC, folder DESC");
  asked.bind(filter.target).bind(filter.workload).bind(filter.verdict).bind(filter.campaign);
  asked.bind(filter.fingerprint);
  std::vector<RunRecord> records;
  int code = asked.step();
  for (; code == SQLITE_ROW; code = asked.step()) {
    auto record = run_record_from_json(asked.text(1));
    if (!record.ok()) return record.error().in(state_->path);
    record->folder = asked.text(0);
    records.push_back(*std::move(record));
  }
  if (code != SQLITE_DONE) return cannot(state_->path, state_->database.get());
  return records;
}

Status remove_run(const std::string& root, const std::string& folder) {
  const fs::path path = fs::path(root) / folder;
  std::error_code failure;
  const bool below = folder.find("..") == std::string::npos && !fs::path(folder).is_absolute();
  if (!below || !fs::exists(path / "plan.json", failure)) {
    return Error{ErrorKind::no_input, "no run in '" + path.string() + "'"};
  }
  // Without its plan it is no run any more, whatever happens while the rest is removed.
  fs::remove(path / "summary.json", failure);
  fs::remove(path / "plan.json", failure);
  if (!failure) fs::remove_all(path, failure);
  if (failure) {
    return Error{ErrorKind::cannot_write,
                 "cannot remove '" + path.string() + "': " + failure.message()};
  }
  return {};
}

}  // namespace assay
