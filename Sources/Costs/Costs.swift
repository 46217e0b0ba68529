// Costs
