// tests of Kernels
