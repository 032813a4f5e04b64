"""
faiss and scipy on what retrieval.ts wrote: seconds of an exact kNN graph, seconds a query of scipy's conjugate gradients. With "spectral",
numpy on what one-query.ts wrote: seconds a query of the product with all rows of an embedding and its best.
"""
import json, sys, time
import numpy as np

folder = sys.argv[1]
load = lambda n: np.load(f"{folder}/{n}.npy")
out = {}
if sys.argv[2:] == ["spectral"]:
    e, theirs = load("embedding"), load("scores")
    whole = e.astype(np.float64)
    top, times, difference = theirs.shape[1], [], 0.0
    for z, best in zip(load("zs"), theirs):
        began = time.perf_counter()
        s = e @ z
        ids = np.argpartition(-s, top)[:top]
        ids = ids[np.argsort(-s[ids], kind="stable")]
        times.append(time.perf_counter() - began)
        exact = np.sort(whole @ z.astype(np.float64))[::-1][:top]
        difference = max(difference, float(np.abs(exact - best).max() / abs(best[0])))
    print(json.dumps({"numpy": sorted(times)[len(times) // 2], "difference": difference}))
    sys.exit()
x = load("x")
try:
    import faiss

    index = faiss.IndexFlatIP(x.shape[1])
    index.add(x)
    times = []
    for _ in range(3):
        began = time.perf_counter()
        _, ids = index.search(x, 50)
        times.append(time.perf_counter() - began)
    out["knn"] = sorted(times)[1]
except ImportError:
    pass
import scipy.sparse as sp
import scipy.sparse.linalg as sl

n = int(sys.argv[2]) if len(sys.argv) > 2 else len(x)
s = sp.csr_matrix((load("values"), load("columns").astype(np.int32), load("starts").astype(np.int32)), shape=(n, n))
a = (sp.eye(n) - 0.99 * s).tocsr()
ids, weights = load("ids").reshape(-1, 10), load("weights").reshape(-1, 10)
times, first = [], None
for i in range(24):
    y = np.zeros(n)
    np.add.at(y, ids[i], weights[i])
    began = time.perf_counter()
    f, _ = sl.cg(a, y, tol=1e-30, maxiter=20)
    times.append(time.perf_counter() - began)
    first = f if first is None else first
out["cg"] = sorted(times)[len(times) // 2]
ours = load("ours")
out["difference"] = float(np.linalg.norm(ours - first) / np.linalg.norm(first))
print(json.dumps(out))
