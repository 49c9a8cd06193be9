# tests of http: names in TESTS, one program a file.
