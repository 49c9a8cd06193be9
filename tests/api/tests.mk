# tests of api: names in TESTS, one program a file.
