# tests of app: names in TESTS, one program a file.
