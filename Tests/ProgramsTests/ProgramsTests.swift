// tests of Programs
