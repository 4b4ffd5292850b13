"""Those who train the same net side by side: xhat (bench/nets/net_steps) and
PyTorch on the CPU, which takes over xhat's first weights and the order of its
rows.  Both then compute the same numbers, but for rounding;
largest_difference() says how nearly."""
import ctypes
import gzip
import json
import pathlib
import struct
import subprocess
import tempfile
import time

import numpy

try:
    import torch
except ImportError:
    torch = None

TYPES = {"F32": numpy.float32, "F64": numpy.float64, "I64": numpy.int64}


def torch_optimizer(name, net):
    """The update rules of `xhat train` with its rates; only weight matrices
    decay."""
    weights = [p for p in net.parameters() if p.dim() == 2]
    others = [p for p in net.parameters() if p.dim() != 2]
    sgd, optim = torch.optim.SGD, torch.optim
    return {
        "sgd": lambda p: sgd(p, lr=0.1),
        "momentum": lambda p: sgd(p, lr=0.02, momentum=0.9),
        "nesterov": lambda p: sgd(p, lr=0.02, momentum=0.9, nesterov=True),
        "rmsprop": lambda p: optim.RMSprop(p, lr=1e-3, alpha=0.99),
        "adam": lambda p: optim.Adam(p, lr=1e-3),
        "adamw": lambda p: optim.AdamW(
            [{"params": weights, "weight_decay": 0.01},
             {"params": others, "weight_decay": 0}], lr=1e-3),
    }[name](net.parameters())


class Ours:
    """net_steps, which waits while others have their turn."""

    def __init__(self, program, data, case, optimizer, norm, threads):
        units, depth, batch = case
        self.process = subprocess.Popen(
            [program, str(data), str(units), str(depth), str(batch), optimizer,
             norm, str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"net_steps gave no answer to {line!r}")
        return answer.split()

    def steps(self, count):
        wall, processor, loss, kib = self.ask(f"steps {count}")
        self.memory = int(kib) * 1024
        return float(wall), float(processor), float(loss)

    def gather(self, count):
        return float(self.ask(f"gather {count}")[0])

    def order(self, epoch):
        return numpy.array(self.ask(f"order {epoch}"), numpy.int64)

    def weights(self):
        """Name -> array, as PyTorch's state_dict has them."""
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "model.safetensors"
            self.ask(f"model {file}")
            return read_safetensors(file)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def read_safetensors(file):
    content = file.read_bytes()
    length, = struct.unpack("<Q", content[:8])
    header = json.loads(content[8:8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + at for at in entry["data_offsets"])
        values = numpy.frombuffer(content[begin:end], TYPES[entry["dtype"]])
        tensors[name] = values.reshape(entry["shape"]).copy()
    return tensors


def set_blas_threads(count):
    """torch.set_num_threads does not reach a BLAS with threads of its own."""
    for name in ("libblas.so.3", "libopenblas.so.0"):
        try:
            ctypes.CDLL(name).openblas_set_num_threads(count)
        except (OSError, AttributeError):
            pass


class Torch:
    """The net of `ours`, from its weights, on its rows: x in [0, 1], y."""

    def __init__(self, ours, data, case, optimizer, norm, threads):
        units, depth, self.batch = case
        torch.set_num_threads(threads)
        set_blas_threads(threads)
        self.x, self.y = data
        self.ours = ours
        layers, width = [], self.x.shape[1]
        for _ in range(depth):
            layers += [torch.nn.Linear(width, units, bias=norm != "batch")]
            if norm == "batch":
                layers += [torch.nn.BatchNorm1d(units)]
            elif norm == "layer":
                layers += [torch.nn.LayerNorm(units)]
            layers += [torch.nn.ReLU()]
            width = units
        classes = int(self.y.max()) + 1
        layers += [torch.nn.Linear(width, classes)]
        self.net = torch.nn.Sequential(*layers).to(self.x.dtype)
        self.net.load_state_dict(
            {name: torch.tensor(value)
             for name, value in ours.weights().items()}, strict=True)
        self.loss = torch.nn.CrossEntropyLoss()
        self.optimizer = torch_optimizer(optimizer, self.net)
        self.epoch, self.at = 0, 0
        self.begin_epoch()

    def begin_epoch(self):
        self.order = torch.tensor(self.ours.order(self.epoch))
        self.at = 0
        self.epoch += 1

    def step(self):
        rows = self.order[self.at:self.at + self.batch]
        self.at += self.batch
        loss = self.loss(self.net(self.x[rows]), self.y[rows])
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def steps(self, count):
        """As net_steps answers; asking for the next epoch's order is left out
        of the time, where ours shuffles within it."""
        wall = processor = 0.0
        losses = []
        for _ in range(count):
            if self.at >= len(self.order):
                self.begin_epoch()
            since = time.perf_counter(), time.process_time()
            losses.append(self.step())
            wall += time.perf_counter() - since[0]
            processor += time.process_time() - since[1]
        return wall, processor, float(torch.stack(losses).double().mean())


def torch_data(folder, dtype=None):
    """The training images of an MNIST-like folder as numbers from 0 to 1."""
    def read(name, head):
        with gzip.open(f"{folder}/{name}.gz") as file:
            return numpy.frombuffer(file.read(), numpy.uint8)[head:]
    y = read("train-labels-idx1-ubyte", 8)
    x = read("train-images-idx3-ubyte", 16).reshape(len(y), -1)
    return as_inputs(x, y, dtype or torch.float32)


def as_inputs(x, y, dtype):
    """Bytes as xhat takes them: divided by 255."""
    return (torch.tensor(x).to(dtype) / 255, torch.tensor(y.astype("int64")))


def largest_difference(ours, theirs, steps):
    """The largest relative difference of the losses of so many steps, one by
    one.  It grows with the steps: a training enlarges the rounding it meets."""
    return max(abs(ours.steps(1)[2] / theirs.steps(1)[2] - 1)
               for _ in range(steps))
