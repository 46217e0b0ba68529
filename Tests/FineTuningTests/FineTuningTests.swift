// tests of FineTuning
