"""A network of Covis in PyTorch, operator by operator, with the same weights: descriptors and a training step, timed.

Reads graph.json and .npy files that torch.ts wrote. Usage: torch_graph.py FOLDER REPEATS [cpu|gpu]  ->  one JSON object on standard output
"""
import json
import resource
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

folder, repeats = sys.argv[1], int(sys.argv[2])
device = "cuda" if sys.argv[3:] == ["gpu"] else "cpu"
if device == "cuda" and not torch.cuda.is_available():
    raise SystemExit("this torch finds no GPU")
graph = json.load(open(f"{folder}/graph.json"))
torch.set_num_threads(graph["threads"])
values = {name: torch.from_numpy(np.load(f"{folder}/{i}.npy")).to(device) for i, name in enumerate(graph["constants"])}
for name in graph["trained"]:
    values[name].requires_grad_()
images = torch.from_numpy(np.load(f"{folder}/images.npy")).to(device)


def run(x):
    v = dict(values)
    v["image"] = x
    for n in graph["nodes"]:
        a = n["attributes"]
        i = [v[name] if name else None for name in n["inputs"]]
        op = n["op"]
        if op == "Conv":
            top, left, bottom, right = a.get("pads", [0, 0, 0, 0])
            x = i[0]
            if top != bottom or left != right:
                x, top, left = F.pad(x, (left, right, top, bottom)), 0, 0
            y = F.conv2d(x, i[1], i[2] if len(i) > 2 else None, a.get("strides", [1, 1]), (top, left), a.get("dilations", [1, 1]), a.get("group", 1))
        elif op == "Relu":
            y = F.relu(i[0])
        elif op == "Clip":
            y = i[0].clamp(None if i[1] is None else float(i[1]), None if len(i) < 3 or i[2] is None else float(i[2]))
        elif op == "MaxPool":
            y = F.max_pool2d(i[0], a["kernel_shape"], a["strides"], a["pads"][:2])
        elif op == "Add":
            y = i[0] + i[1]
        elif op == "Mul":
            y = i[0] * i[1]
        elif op == "Div":
            y = i[0] / i[1]
        elif op == "Pow":
            y = i[0].pow(i[1])
        elif op == "Sqrt":
            y = i[0].sqrt()
        elif op == "ReduceMean":
            y = i[0].mean(a["axes"], keepdim=a.get("keepdims", 1) == 1)
        elif op == "ReduceSum":
            y = i[0].sum([int(k) for k in i[1]], keepdim=a.get("keepdims", 1) == 1)
        else:
            raise SystemExit(f"no {op} here")
        v[n["outputs"][0]] = y
    return v["descriptor"]


parameters = [values[n] for n in graph["trained"]]
optimiser = torch.optim.Adam(parameters, lr=1e-9)


def step():
    optimiser.zero_grad()
    d = run(images)
    q, pos, neg = d[0:1], d[1:2], d[2:]
    loss = 0.5 * ((q - pos + 1e-6).norm(dim=1) ** 2).sum()
    loss = loss + 0.5 * ((graph["margin"] - (q - neg + 1e-6).norm(dim=1)).clamp(min=0) ** 2).sum()
    loss.backward()
    optimiser.step()
    return float(loss)


def wait():
    if device == "cuda":
        torch.cuda.synchronize()


def middle(work, times):
    work()
    taken = []
    for _ in range(times):
        wait()
        began = time.perf_counter()
        work()
        wait()
        taken.append(time.perf_counter() - began)
    return sorted(taken)[len(taken) // 2]


with torch.no_grad():
    # One image at a time, as the reference code does, or all together: what is faster counts.
    one = min(middle(lambda: run(images[0:1]), 4 * repeats), middle(lambda: run(images), 2 * repeats) / len(images))
loss = step()
seconds = middle(step, repeats)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
said = torch.cuda.get_device_name() if device == "cuda" else "CPU"
print(json.dumps({"torch": torch.__version__, "device": said, "extract": one, "step": seconds, "loss": loss, "peak": peak}))
