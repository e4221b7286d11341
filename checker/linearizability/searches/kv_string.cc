#include "checker/models/kv_string.h"

#include "checker/linearizability/model_checker.h"

template class assay::ModelChecker<assay::StringModel>;
