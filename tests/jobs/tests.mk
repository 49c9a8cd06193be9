# tests of jobs: names in TESTS, one program a file.
