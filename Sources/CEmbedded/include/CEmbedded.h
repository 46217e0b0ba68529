int zeroth_cembedded_version(void);
