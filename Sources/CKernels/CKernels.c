#include "CKernels.h"
int zeroth_ckernels_version(void) { return 1; }
