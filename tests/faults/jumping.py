"""`smartcity` whose clock somebody sets while it runs: a file says by how many seconds it is fast.

python jumping.py FILE ingest
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

if __name__ == "__main__":
    said, true_time, true_time_ns = Path(sys.argv[1]), time.time, time.time_ns
    time.time = lambda: true_time() + int(said.read_text())
    time.time_ns = lambda: true_time_ns() + int(said.read_text()) * 1_000_000_000

    import smartcity  # behind the clock, so that all who ask for the time get this one

    sys.argv = ["smartcity", *sys.argv[2:]]
    smartcity.main()
