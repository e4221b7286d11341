#include "checker/linearizability/model_checker.h"
#include "checker/models/counter_model.h"

template class assay::ModelChecker<assay::CounterModel>;
