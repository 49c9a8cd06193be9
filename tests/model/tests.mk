# tests of model: names in TESTS, one program a file.
