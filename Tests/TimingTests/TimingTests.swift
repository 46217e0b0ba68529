// tests of Timing
