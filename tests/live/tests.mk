# tests of live: names in TESTS, one program a file.
