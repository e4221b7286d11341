#include "checker/linearizability/model_checker.h"
#include "checker/models/set_model.h"

template class assay::ModelChecker<assay::SetModel>;
