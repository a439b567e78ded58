"""Copies a hashed lock from standard input to standard output without one package."""

import re
import sys

left_out = sys.argv[1]
keep = True
for line in sys.stdin:
    if not line[0].isspace():
        keep = re.split(r"[=\[ ;]", line)[0] != left_out
    if keep:
        sys.stdout.write(line)
