// tests of Emulator
