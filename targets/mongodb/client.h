#pragma once
// A client of a MongoDB replica set: registers, sets, counters, and transactions over lists and
// registers. An object is one document of the collection that is named as its datatype.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "harness/client.h"
#include "targets/functions.h"
#include "targets/mongodb/driver.h"

namespace assay::mongodb {

/// What the client performs.
Functions functions();

class MongoClient final : public Client {
 public:
  /// `open` is called at the first operation, with the time that each has.
  using Open = std::function<std::unique_ptr<Driver>(Nanos timeout)>;
  MongoClient(std::string datatype, Open open)
      : datatype_(std::move(datatype)), open_(std::move(open)) {}
  Completion invoke(const Invocation& invocation, Nanos timeout) override;

 private:
  Completion attempt(const Invocation& invocation, Nanos deadline);
  Completion read(const Value& key, Nanos deadline);
  Completion cas(const Value& key, const Value& value, Nanos deadline);
  Completion transact(const Value& steps, Nanos deadline);

  std::string datatype_;
  Open open_;
  std::unique_ptr<Driver> driver_;
};

}  // namespace assay::mongodb
