#include "targets/reference/node/wal_writer.h"

#include <utility>

namespace assay::reference {

WalWriter::WalWriter(std::unique_ptr<WalFile> file, std::function<void(WriteToken)> durable,
                     std::function<void(const Error&)> failed)
    : file_(std::move(file)), durable_(std::move(durable)), failed_(std::move(failed)) {
  thread_ = std::thread([this] { work(); });
}

WalWriter::~WalWriter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void WalWriter::append(const Write& write) {
  {
    const std::lock_guard lock(mutex_);
    if (write.snapshot) {
      // It holds all that was gathered before.
      gathered_.clear();
      gathered_replaces_ = true;
    }
    encode_wal_write(write, gathered_);
    gathered_token_ = write.token;
  }
  wake_.notify_one();
}

void WalWriter::work() {
  std::string bytes;
  while (true) {
    WriteToken token = 0;
    bool replaces = false;
    bytes.clear();
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !gathered_.empty(); });
      if (gathered_.empty()) return;
      bytes.swap(gathered_);
      token = gathered_token_;
      replaces = std::exchange(gathered_replaces_, false);
    }
    if (const auto status = replaces ? file_->replace(bytes) : file_->append(bytes); !status) {
      failed_(status.error());
      return;
    }
    durable_(token);
  }
}

}  // namespace assay::reference
