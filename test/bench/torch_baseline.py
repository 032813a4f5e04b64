"""The embedded network in PyTorch on the CPU: descriptor and one training step, timed. Reads what index.ts wrote.

Usage: torch_baseline.py FOLDER REPEATS  ->  one JSON object on standard output
"""
import json
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

folder, repeats = sys.argv[1], int(sys.argv[2])
spec = json.load(open(f"{folder}/spec.json"))
torch.set_num_threads(spec["threads"])


def load(name):
    return torch.from_numpy(np.load(f"{folder}/{name}.npy"))


layers = [
    (load(l["weight"]).requires_grad_(), load(l["bias"]).requires_grad_(), l["stride"], l["groups"]) for l in spec["layers"]
]
p = torch.tensor([3.0], requires_grad=True)
images = load("images")


def same(size, kernel, stride):
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def describe(x):
    for w, b, stride, groups in layers:
        top, bottom = same(x.shape[2], w.shape[2], stride)
        left, right = same(x.shape[3], w.shape[3], stride)
        if top == bottom and left == right:
            x = F.conv2d(x, w, b, stride, (top, left), 1, groups)
        else:
            x = F.conv2d(F.pad(x, (left, right, top, bottom)), w, b, stride, 0, 1, groups)
        x = F.relu6(x)
    f = x.clamp(min=1e-6).pow(p).mean((2, 3)).pow(1.0 / p)
    return f / (f.norm(dim=1, keepdim=True) + 1e-6)


parameters = [t for l in layers for t in l[:2]] + [p]
optimiser = torch.optim.Adam(parameters, lr=1e-9)


def step():
    optimiser.zero_grad()
    d = describe(images)
    q, pos, neg = d[0:1], d[1:2], d[2:]
    loss = 0.5 * ((q - pos + 1e-6).norm(dim=1) ** 2).sum()
    loss = loss + 0.5 * ((0.7 - (q - neg + 1e-6).norm(dim=1)).clamp(min=0) ** 2).sum()
    loss.backward()
    optimiser.step()
    return float(loss)


def best(work):
    work()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return sorted(times)[len(times) // 2]


with torch.no_grad():
    descriptor = describe(images[0:1])[0].tolist()
    one = best(lambda: describe(images[0:1]))
loss = step()
print(json.dumps({"torch": torch.__version__, "extract": one, "step": best(step), "loss": loss, "descriptor": descriptor}))
