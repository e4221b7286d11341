#include "checker/linearizability/model_checker.h"
#include "checker/models/container_model.h"

template class assay::ModelChecker<assay::ContainerModel>;
