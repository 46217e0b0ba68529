// FineTuning
