// tests of Hardware
