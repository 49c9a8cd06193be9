# tests of base: names in TESTS, one program a file.
