int zeroth_ckernels_version(void);
