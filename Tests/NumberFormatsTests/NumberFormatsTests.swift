// tests of NumberFormats
