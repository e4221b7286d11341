#pragma once

namespace assay::cli {

/// Of two exit codes the one that matters more: 1 > 70 > 65, 66, 69, 73, 75, 77 > 3 > 2 > 0.
/// Unknown never hides a violation.
int worse_of(int a, int b);

}  // namespace assay::cli
