# tests of net: names in TESTS, one program a file.
