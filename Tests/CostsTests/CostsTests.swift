// tests of Costs
