"""The other side of a model: what reads the files of the command without it.

PyTorch builds the net and loads its tensors; onnxruntime and onnx's reference,
from the virtual environment that XHAT_ENVIRONMENT names, run its graph, and so
does numpy, node by node.  What is not installed is None, or false."""
import json
import os
import pathlib
import shutil
import struct
import subprocess

import numpy as np

HERE = pathlib.Path(__file__).resolve()
ENVIRONMENT = pathlib.Path(os.environ.get(
    "XHAT_ENVIRONMENT", HERE.parents[2] / "build/python-environment"))
DTYPES = {"F32": np.float32, "F64": np.float64, "I64": np.int64}

try:
    import torch
except ImportError:
    torch = None
try:
    import onnx
except ImportError:
    onnx = None


def has_engines():
    python = ENVIRONMENT / "bin/python"
    return python.exists() and subprocess.run(
        [python, "-c", "import onnxruntime, onnx.reference"],
        capture_output=True).returncode == 0


RUNTIME = has_engines()


def safetensors(path):
    """The tensors of a file, and its metadata."""
    data = pathlib.Path(path).read_bytes()
    length, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(
            data[8 + length + begin:8 + length + end],
            DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors, metadata


# ---- a small reader of ONNX: enough to look at the structure of a file

def fields(data):
    """(number, value) of each field of a protobuf message."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            value = varint()
        elif key & 7 == 2:
            size = varint()
            value, at = data[at:at + size], at + size
            assert len(value) == size
        elif key & 7 == 5:
            value, at = data[at:at + 4], at + 4
        else:
            raise AssertionError(f"wire type {key & 7}")
        yield key >> 3, value


def every(message, number):
    return [value for field, value in fields(message) if field == number]


def read_onnx(path):
    model = pathlib.Path(path).read_bytes()
    graph, = every(model, 7)
    opset, = every(model, 8)
    nodes = [{"op": every(n, 4)[0].decode(),
              "inputs": [i.decode() for i in every(n, 1)],
              "outputs": [o.decode() for o in every(n, 2)]}
             for n in every(graph, 1)]
    arrays = {}
    for tensor in every(graph, 5):
        shape = every(tensor, 1)
        kind = {1: np.float32}[every(tensor, 2)[0]]
        arrays[every(tensor, 8)[0].decode()] = np.frombuffer(
            every(tensor, 9)[0], kind).reshape(shape)
    return {
        "ir": every(model, 1)[0], "opset": every(opset, 2)[0],
        "nodes": nodes, "arrays": arrays,
        "inputs": [every(v, 1)[0].decode() for v in every(graph, 11)],
        "outputs": [every(v, 1)[0].decode() for v in every(graph, 12)],
        "metadata": {every(m, 1)[0].decode(): every(m, 2)[0].decode()
                     for m in every(model, 14)}}


# ---- the other side

def torch_net(tensors, run):
    """The nn.Sequential that run.json describes, with the file's tensors."""
    options = run["options"]
    widths = [run["data"]["features"], *options["hidden"],
              tensors[max((n for n in tensors if n.endswith("weight")),
                          key=lambda n: int(n.split(".")[0]))].shape[0]]
    norm, keep = options["norm"], options.get("dropout", 1)
    bias = norm != "batch" or options.get("keep_bias", False)
    layers = []
    for i in range(len(widths) - 2):
        layers.append(torch.nn.Linear(widths[i], widths[i + 1], bias=bias))
        if norm == "batch":
            layers.append(torch.nn.BatchNorm1d(widths[i + 1]))
        elif norm == "layer":
            layers.append(torch.nn.LayerNorm(widths[i + 1]))
        layers.append(torch.nn.ReLU())
        if keep < 1:
            layers.append(torch.nn.Dropout(1 - keep))
    layers.append(torch.nn.Linear(widths[-2], widths[-1]))
    net = torch.nn.Sequential(*layers)
    net.load_state_dict({name: torch.from_numpy(np.array(value))
                         for name, value in tensors.items()}, strict=True)
    return net.eval()


ENGINES = {
    "onnxruntime": ("import onnxruntime as o\n"
                    "def open_model(path):\n"
                    "    s = o.InferenceSession(path, providers="
                    "['CPUExecutionProvider'])\n"
                    "    return s, [v.name for v in s.get_outputs()]\n"),
    "reference": ("from onnx.reference import ReferenceEvaluator\n"
                  "def open_model(path):\n"
                  "    s = ReferenceEvaluator(path)\n"
                  "    return s, s.output_names\n"),
}
RUN = ("import sys, numpy\n"
       "for i in range(int(sys.argv[1])):\n"
       "    s, names = open_model(f'{i}.onnx')\n"
       "    numpy.savez(f'{i}.npz', **dict(zip(names, s.run(names, "
       "{'x': numpy.load(f'{i}.npy')}))))\n")


def run_onnx(folder, cases, engine):
    """What an engine makes of each (path, x): [{output: array}]."""
    for i, (path, x) in enumerate(cases):
        shutil.copy(path, folder / f"{i}.onnx")
        np.save(folder / f"{i}.npy", np.asarray(x, np.float32))
    done = subprocess.run(
        [ENVIRONMENT / "bin/python", "-c", ENGINES[engine] + RUN,
         str(len(cases))], capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return [dict(np.load(folder / f"{i}.npz")) for i in range(len(cases))]


def run_numpy(model, x):
    """The graph of a net with batch norm, node by node."""
    values = {"x": x, **model["arrays"]}
    for node in model["nodes"]:
        a = [values[name] for name in node["inputs"]]
        if node["op"] == "Gemm":
            out = a[0] @ a[1].T + (a[2] if len(a) > 2 else 0)
        elif node["op"] == "BatchNormalization":
            out = a[1] * (a[0] - a[3]) / np.sqrt(a[4] + 1e-5) + a[2]
        elif node["op"] == "Softmax":
            out = np.exp(a[0] - a[0].max(1, keepdims=True))
            out /= out.sum(1, keepdims=True)
        else:
            out = {"Relu": lambda v: np.maximum(v, 0), "Sub": np.subtract,
                   "Mul": np.multiply}[node["op"]](*a)
        values[node["outputs"][0]] = out
    return values["probabilities"]
