#include "checker/models/asserting_register.h"

#include "checker/linearizability/model_checker.h"

template class assay::ModelChecker<assay::AssertingRegisterModel>;
