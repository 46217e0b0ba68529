#include "CEmbedded.h"
int zeroth_cembedded_version(void) { return 1; }
