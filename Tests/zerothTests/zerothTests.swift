// tests of zeroth
