#include "harness/worker_pool.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/assert.h"
#include "base/urgency.h"

namespace assay {

/// Where the workers leave what they finished.
struct WorkerPool::Shared {
  std::mutex mutex;
  std::condition_variable arrived;
  std::deque<Finished> finished;

  void push(Finished done) {
    {
      const std::scoped_lock lock(mutex);
      finished.push_back(std::move(done));
    }
    arrived.notify_one();
  }
};

/// One thread that carries out what it is given, one task at a time.
class WorkerPool::Worker {
 public:
  using Perform = std::function<Completion(ProcessId, const Invocation&)>;

  Worker(int thread, Shared& shared, Perform perform)
      : thread_number_(thread), shared_(shared), perform_(std::move(perform)) {
    thread_ = std::thread([this] { loop(); });
  }
  ~Worker() {
    {
      const std::scoped_lock lock(mutex_);
      closing_ = true;
    }
    given_.notify_one();
    thread_.join();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void give(ProcessId process, Invocation invocation) {
    {
      const std::scoped_lock lock(mutex_);
      ASSAY_ASSERT(!task_.has_value());
      task_ = {process, std::move(invocation)};
    }
    given_.notify_one();
  }

 private:
  void loop() {
    // A fault that comes late is another fault.
    std::optional<Urgency> urgency;
    if (thread_number_ == nemesis_thread) urgency.emplace();
    for (;;) {
      std::pair<ProcessId, Invocation> task;
      {
        std::unique_lock lock(mutex_);
        given_.wait(lock, [this] { return closing_ || task_.has_value(); });
        if (!task_.has_value()) return;
        task = std::move(*task_);
        task_.reset();
      }
      shared_.push({thread_number_, perform_safely(task.first, task.second)});
    }
  }

  Completion perform_safely(ProcessId process, const Invocation& invocation) {
    try {
      return perform_(process, invocation);
    } catch (const std::exception& thrown) {
      return {EventType::info, {}, std::string("client threw: ") + thrown.what()};
    }
  }

  int thread_number_;
  Shared& shared_;
  Perform perform_;
  std::mutex mutex_;
  std::condition_variable given_;
  std::optional<std::pair<ProcessId, Invocation>> task_;
  bool closing_ = false;
  std::thread thread_;
};

namespace {

/// Opens a client for each process, on first use, and closes it after an info.
class ClientSeat {
 public:
  ClientSeat(Target& target, std::size_t node, Nanos timeout)
      : target_(target), node_(node), timeout_(timeout) {}

  Completion operator()(ProcessId process, const Invocation& invocation) {
    if (!client_) {
      auto opened = target_.connect(node_, process);
      // Nothing was sent, so it certainly did not happen.
      if (!opened.ok()) return {EventType::fail, {}, opened.error().message};
      client_ = std::move(opened).value();
    }
    Completion completion = client_->invoke(invocation, timeout_);
    if (completion.type == EventType::info) client_.reset();
    return completion;
  }

 private:
  Target& target_;
  std::size_t node_;
  Nanos timeout_;
  std::unique_ptr<Client> client_;
};

}  // namespace

WorkerPool::WorkerPool(int threads, Target& target, const Nodes& nodes, Nemesis* nemesis,
                       Nanos operation_timeout)
    : shared_(std::make_unique<Shared>()), threads_(threads), epoch_(monotonic_now()) {
  ASSAY_ASSERT(!nodes.empty());
  for (int t = 0; t < threads; ++t) {
    const std::size_t node = static_cast<std::size_t>(t) % nodes.size();
    nodes_.push_back(nodes[node]->name());
    // std::function wants a copyable callable; the seat itself holds a client and is not.
    auto seat = std::make_shared<ClientSeat>(target, node, operation_timeout);
    workers_.push_back(std::make_unique<Worker>(
        t, *shared_, [seat](ProcessId process, const Invocation& invocation) {
          return (*seat)(process, invocation);
        }));
  }
  if (nemesis != nullptr) {
    workers_.push_back(std::make_unique<Worker>(nemesis_thread, *shared_,
                                                [nemesis](ProcessId, const Invocation& invocation) {
                                                  return nemesis->invoke(invocation);
                                                }));
  }
}

WorkerPool::~WorkerPool() = default;

int WorkerPool::threads() const { return threads_; }
Nanos WorkerPool::now() { return monotonic_now() - epoch_; }

void WorkerPool::start(int thread, ProcessId process, const Invocation& invocation) {
  const auto at = thread == nemesis_thread ? workers_.size() - 1 : static_cast<std::size_t>(thread);
  workers_[at]->give(process, invocation);
}

std::optional<Finished> WorkerPool::wait(Nanos until) {
  std::unique_lock lock(shared_->mutex);
  const auto has_some = [this] { return !shared_->finished.empty(); };
  if (!has_some() && until > now()) shared_->arrived.wait_for(lock, until - now(), has_some);
  if (!has_some()) return std::nullopt;
  Finished finished = std::move(shared_->finished.front());
  shared_->finished.pop_front();
  return finished;
}

std::string WorkerPool::node(int thread) const {
  return thread == nemesis_thread ? "" : nodes_[static_cast<std::size_t>(thread)];
}

}  // namespace assay
