"""Greedy k-center as a plain loop of numpy on what collections.ts wrote: seconds, and how many first choices are the same."""
import json, sys, time
import numpy as np

folder = sys.argv[1]
x, chosen = np.load(f"{folder}/x.npy"), np.load(f"{folder}/chosen.npy")
began = time.perf_counter()
rows = [int(chosen[0])]
best = x @ x[rows[0]]
while len(rows) < len(chosen):
    masked = best.copy()
    masked[rows] = np.inf
    rows.append(int(np.argmin(masked)))
    np.maximum(best, x @ x[rows[-1]], out=best)
seconds = time.perf_counter() - began
same = next((i for i, (a, b) in enumerate(zip(rows, chosen)) if a != b), len(rows))
print(json.dumps({"seconds": seconds, "same": same}))
