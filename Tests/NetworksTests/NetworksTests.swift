// tests of Networks
