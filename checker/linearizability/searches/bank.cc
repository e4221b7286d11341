#include "checker/linearizability/model_checker.h"
#include "checker/models/bank_model.h"

template class assay::ModelChecker<assay::BankModel>;
