#pragma once
// The searches of all datatypes. They take long to compile, so each is compiled once, in the file
// of its name beside this one.

#include "checker/linearizability/model_checker.h"
#include "checker/models/asserting_register.h"
#include "checker/models/bank_model.h"
#include "checker/models/container_model.h"
#include "checker/models/counter_model.h"
#include "checker/models/multi_register.h"
#include "checker/models/set_model.h"

namespace assay {

extern template class ModelChecker<AssertingRegisterModel>;
extern template class ModelChecker<BankModel>;
extern template class ModelChecker<ContainerModel>;
extern template class ModelChecker<CounterModel>;
extern template class ModelChecker<MultiRegisterModel>;
extern template class ModelChecker<SetModel>;

}  // namespace assay
