"""Losses of nets against the same nets written down in NumPy, in float64.

A training at a rate too small to move anything leaves its first weights in the
model file and their loss, on the one batch there is, in the metrics: that is
the training pass.  `eval` is the other one."""
import itertools
import json
import os
import pathlib
import struct
import subprocess
import tempfile
import unittest

import numpy as np

XHAT = os.path.abspath(os.environ.get("XHAT", "build/xhat"))
NET = os.environ.get("XHAT_HAVE_NET", "1") != "0"
TYPES = {"F32": np.float32, "I64": np.int64}


def model(path):
    data = pathlib.Path(path).read_bytes()
    length, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    about = json.loads(header.pop("__metadata__")["xhat"])
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + at for at in entry["data_offsets"])
        values = np.frombuffer(data[begin:end], TYPES[entry["dtype"]])
        tensors[name] = values.reshape(entry["shape"]).astype(np.float64)
    return about, tensors


def normalize(x, axis, eps):
    return ((x - x.mean(axis, keepdims=True))
            / np.sqrt(x.var(axis, keepdims=True) + eps))


def outputs(about, tensors, x, training):
    """nn.Sequential(Linear, norm, ReLU, ..., Linear)"""
    a = (x - np.array(about["input_mean"])) * np.array(about["input_scale"])
    layers = sorted({int(name.split(".")[0]) for name in tensors})
    for layer in layers:
        weight = tensors[f"{layer}.weight"]
        bias = tensors.get(f"{layer}.bias", 0)
        if weight.ndim == 2:
            a = a @ weight.T + bias
            if about["norm"] == "none" and layer != layers[-1]:
                a = np.maximum(a, 0)
            continue
        if about["norm"] == "layer":
            a = normalize(a, 1, about["eps"])
        elif training:
            a = normalize(a, 0, about["eps"])
        else:
            a = ((a - tensors[f"{layer}.running_mean"])
                 / np.sqrt(tensors[f"{layer}.running_var"] + about["eps"]))
        a = np.maximum(a * weight + bias, 0)
    return a


def loss_of(about, out, y):
    rows = np.arange(len(y))
    if about["loss"] == "squared":
        target = (y - about["target_mean"]) / about["target_scale"]
        return np.mean((out[:, 0] - target) ** 2)
    y = y.astype(int)
    if about["loss"] == "hinge":
        margins = np.maximum(out - out[rows, y][:, None] + 1, 0)
        margins[rows, y] = 0
        return margins.sum(1).mean()
    out = out - out.max(1, keepdims=True)
    return np.mean(np.log(np.exp(out).sum(1)) - out[rows, y])


@unittest.skipUnless(NET, "this build has no nets")
class NumPyNet(unittest.TestCase):
    def check(self, norm, loss, *more):
        draw = np.random.default_rng(4)
        x = draw.normal(5, 3, (150, 6))
        y = (x @ draw.normal(size=6) if loss == "squared"
             else draw.integers(0, 4, 150))
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            np.savez(folder / "data.npz", x=x, y=y)

            def xhat(*words):
                done = subprocess.run([XHAT, *words], cwd=folder, check=True,
                                      capture_output=True, text=True)
                return done.stdout

            train = ["train", "data.npz", "--hidden", "9,7", "--norm", norm,
                     "--loss", loss, "--eps", "1e-3", "--validation", "0",
                     "--batch-size", "200", *more]
            xhat(*train, "--lr", "1e-30", "--epochs", "1", "-o", "first")
            about, tensors = model(folder / "first/model.safetensors")
            metrics = json.loads(
                (folder / "first/metrics.jsonl").read_text().splitlines()[0])
            expected = loss_of(about, outputs(about, tensors, x, True), y)
            self.assertLess(abs(metrics["train_loss"] / expected - 1), 1e-6)

            xhat(*train, "--epochs", "20", "-o", "run")
            about, tensors = model(folder / "run/model.safetensors")
            out = outputs(about, tensors, x, False)
            expected = loss_of(about, out, y)
            result = json.loads(xhat("eval", "run", "data.npz", "--json"))
            self.assertLess(abs(result["loss"] / expected - 1), 2e-6)
            if loss != "squared":
                self.assertEqual(result["accuracy"],
                                 np.mean(out.argmax(1) == y))

    def test_each_norm_with_each_loss(self):
        for norm, loss in itertools.product(("batch", "layer", "none"),
                                            ("softmax", "hinge", "squared")):
            with self.subTest(norm=norm, loss=loss):
                self.check(norm, loss)

    def test_a_bias_before_the_norm(self):
        self.check("batch", "softmax", "--keep-bias")


if __name__ == "__main__":
    unittest.main()
