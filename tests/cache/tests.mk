# tests of cache: names in TESTS, one program a file.
