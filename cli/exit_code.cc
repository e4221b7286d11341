#include "cli/exit_code.h"

namespace assay::cli {
namespace {

int rank(int code) {
  switch (code) {
    case 0:
      return 0;
    case 4:
      return 1;
    case 2:
      return 2;
    case 3:
      return 3;
    case 70:
      return 5;
    case 1:
      return 6;
    default:
      return 4;
  }
}

}  // namespace

int worse_of(int a, int b) { return rank(a) >= rank(b) ? a : b; }

}  // namespace assay::cli
