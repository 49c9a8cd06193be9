#!/bin/bash
# The model of the cache protocol holds in every configuration, and with any one guard taken out
# it does not.  Bounded: 2 GB, 60 s of processor time.
set -eu

ulimit -v 2097152
ulimit -t 60
exec "${top_builddir:-.}/tests/proof/protocol"
