"""What the benchmarks share."""

import statistics
import time


def median_seconds(run, repeats=5):
    """Of several runs, after a first one that compiles."""
    run()
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)
