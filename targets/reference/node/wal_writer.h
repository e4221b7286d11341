#pragma once
// Group commit: a thread that writes and syncs. While one sync is under way, further writes
// gather; the next sync takes them all.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"
#include "targets/reference/node/wal.h"

namespace assay::reference {

class WalWriter {
 public:
  /// `durable` is called on the writer's thread with the highest durable token; `failed` once, with
  /// the error, after which nothing more becomes durable.
  WalWriter(std::unique_ptr<WalFile> file, std::function<void(WriteToken)> durable,
            std::function<void(const Error&)> failed);
  WalWriter(const WalWriter&) = delete;
  WalWriter& operator=(const WalWriter&) = delete;
  ~WalWriter();  ///< writes what was appended, then stops the thread

  /// Thread-safe; returns at once. Tokens must ascend.
  void append(const Write& write);

 private:
  void work();

  std::unique_ptr<WalFile> file_;
  std::function<void(WriteToken)> durable_;
  std::function<void(const Error&)> failed_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string gathered_;
  WriteToken gathered_token_ = 0;
  bool gathered_replaces_ = false;  // the file, with the snapshot that was gathered
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace assay::reference
