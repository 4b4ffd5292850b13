#!/usr/bin/python3
"""Training steps of xhat beside PyTorch's on the CPU: the same net, data, batch
and number of threads, in turns, in one run.

    bench/nets/steps_beside_torch.py BUILD [--quick] [--threads N]

Each round times some steps of each contestant, one after the other; a ratio is
the median over the rounds.  Writes docs/performance-nets.md, unless
--quick.  PyTorch is Debian's python3-torch; without it only xhat is timed."""
import argparse
import ctypes
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
FASHION = "/usr/share/datasets/fashion-mnist"
# units, depth, batch; what PyTorch's step may at least take of ours
CASES = [((100, 5, 50), 5.0), ((512, 3, 128), 1.5), ((2048, 3, 512), 1.1)]
OPTIMIZERS = ["adam", "sgd"]
NORM_COST = 1.15  # of a step, at 512 units and more

try:
    import gzip
    import numpy
    import torch
except ImportError:
    torch = None


class Ours:
    """bench/nets/net_steps, which waits while others have their turn."""

    def __init__(self, build, data, case, optimizer, norm, threads):
        units, depth, batch = case
        self.process = subprocess.Popen(
            [f"{build}/bench/net_steps", data, str(units), str(depth),
             str(batch), optimizer, norm, str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def steps(self, count):
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        wall, processor, loss, kib = self.process.stdout.readline().split()
        self.memory = int(kib) * 1024
        return float(wall), float(processor), float(loss)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def set_blas_threads(count):
    """torch.set_num_threads does not reach a BLAS with threads of its own."""
    for name in ("libblas.so.3", "libopenblas.so.0"):
        try:
            ctypes.CDLL(name).openblas_set_num_threads(count)
        except (OSError, AttributeError):
            pass


class Torch:
    def __init__(self, data, case, optimizer, threads):
        units, depth, self.batch = case
        torch.set_num_threads(threads)
        set_blas_threads(threads)
        torch.manual_seed(0)
        self.x, self.y = data
        layers, width = [], self.x.shape[1]
        for _ in range(depth):
            layers += [torch.nn.Linear(width, units, bias=False),
                       torch.nn.BatchNorm1d(units), torch.nn.ReLU()]
            width = units
        layers.append(torch.nn.Linear(width, 10))
        for layer in layers:
            if isinstance(layer, torch.nn.Linear):
                torch.nn.init.kaiming_normal_(layer.weight,
                                              nonlinearity="relu")
        torch.nn.init.zeros_(layers[-1].bias)
        self.net = torch.nn.Sequential(*layers)
        self.loss = torch.nn.CrossEntropyLoss()
        parameters = self.net.parameters()
        self.optimizer = (torch.optim.Adam(parameters) if optimizer == "adam"
                          else torch.optim.SGD(parameters, lr=0.1))
        self.order, self.at = torch.randperm(len(self.x)), 0

    def step(self):
        if self.at + self.batch > len(self.x):
            self.order, self.at = torch.randperm(len(self.x)), 0
        rows = self.order[self.at:self.at + self.batch]
        self.at += self.batch
        loss = self.loss(self.net(self.x[rows]), self.y[rows])
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def steps(self, count):
        wall, processor = time.perf_counter(), time.process_time()
        losses = [self.step() for _ in range(count)]
        return (time.perf_counter() - wall, time.process_time() - processor,
                float(torch.stack(losses).mean()))


def torch_data(folder):
    """The same rows as numbers from 0 to 1."""
    def read(name, head):
        with gzip.open(f"{folder}/{name}.gz") as file:
            return numpy.frombuffer(file.read(), numpy.uint8)[head:]
    x = read("train-images-idx3-ubyte", 16).reshape(60000, -1)
    return (torch.tensor(x.astype(numpy.float32) / 255),
            torch.tensor(read("train-labels-idx1-ubyte", 8).astype("int64")))


def measure(build, data, case, optimizer, threads, rounds, seconds):
    contestants = {
        "xhat": Ours(build, FASHION, case, optimizer, "batch", threads),
        "no norm": Ours(build, FASHION, case, optimizer, "none", threads)}
    if torch is not None:
        contestants["torch"] = Torch(data, case, optimizer, threads)
    warm = {name: c.steps(5)[0] / 5 for name, c in contestants.items()}
    count = max(2, int(seconds / warm["xhat"]))
    times = {name: [] for name in contestants}
    losses = {name: [] for name in contestants}
    for turn in range(rounds):
        names = list(contestants)
        for name in names[turn % len(names):] + names[:turn % len(names)]:
            wall, _, loss = contestants[name].steps(count)
            times[name].append(wall / count)
            losses[name].append(loss)
    result = {"units": case[0], "depth": case[1], "batch": case[2],
              "optimizer": optimizer, "threads": threads, "steps": count,
              "rounds": rounds,
              "seconds": {name: statistics.median(values)
                          for name, values in times.items()},
              "losses": losses, "memory": contestants["xhat"].memory,
              "norm_cost": statistics.median(
                  a / b for a, b in zip(times["xhat"], times["no norm"]))}
    if torch is not None:
        ratios = sorted(b / a for a, b in zip(times["xhat"], times["torch"]))
        result["ratio"] = statistics.median(ratios)
        result["ratio_quartiles"] = [ratios[len(ratios) // 4],
                                     ratios[(3 * len(ratios)) // 4]]
    for contestant in contestants.values():
        if isinstance(contestant, Ours):
            contestant.close()
    return result


def row(result, goal):
    ratio = result.get("ratio")
    seconds = result["seconds"]
    rate = result["batch"] / seconds["xhat"]
    losses = result["losses"]
    verdict = "" if ratio is None else "met" if ratio >= goal else "missed"
    return [f"{result['units']}x{result['depth']}", str(result["batch"]),
            result["optimizer"], str(result["threads"]), f"{rate:,.0f}",
            "-" if ratio is None else f"{result['batch'] / seconds['torch']:,.0f}",
            "-" if ratio is None else f"{ratio:.2f}", f"{goal:.1f}", verdict,
            f"{100 * (result['norm_cost'] - 1):.0f} %",
            f"{losses['xhat'][-1]:.3f}",
            "-" if ratio is None else f"{losses['torch'][-1]:.3f}",
            f"{result['memory'] / 2**20:.0f}"]


HEAD = ["net", "batch", "optimizer", "threads", "xhat rows/s",
        "torch rows/s", "ratio", "goal", "", "norm costs", "xhat loss",
        "torch loss", "peak MiB"]


def page(results, rows):
    text = ["# Training steps beside PyTorch", "",
            "Written by `make bench-nets`. The same net (`Linear` without "
            "bias, `BatchNorm1d`, `ReLU`), data (Fashion-MNIST), batch and",
            "number of threads, in turns in one run; a ratio is the median "
            "over the rounds. \"norm costs\": a step with batch norm",
            "against one without, of xhat. Losses are means over the last "
            "round's steps, both after as many steps.", "",
            f"{results['cpu']}, {results['cores']} cores; xhat with "
            f"{results['blas']}; PyTorch {results['torch']}.", "",
            "| " + " | ".join(HEAD) + " |",
            "| " + " | ".join("---" for _ in HEAD) + " |"]
    text += ["| " + " | ".join(cells) + " |" for cells in rows]
    text.append("")
    return "\n".join(text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    if not os.path.isdir(FASHION):
        sys.exit("bench-nets: Debian's dataset-fashion-mnist is missing")
    if torch is None:
        print("bench-nets: no PyTorch (python3-torch): xhat alone")
    threads = ([options.threads] if options.threads else
               sorted({1, len(os.sched_getaffinity(0))}))
    rounds, seconds = (3, 0.2) if options.quick else (15, 0.5)
    data = None if torch is None else torch_data(FASHION)
    info = subprocess.run([f"{options.build}/xhat", "info"], check=True,
                          capture_output=True, text=True).stdout
    cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo")
                if line.startswith("model name")), platform.machine())
    results = {"cpu": cpu, "cores": len(os.sched_getaffinity(0)),
               "blas": next((line.split(None, 1)[1] for line in
                             info.splitlines() if "OpenBLAS" in line), "?"),
               "torch": None if torch is None else torch.__version__,
               "cases": []}
    rows = []
    widths = [max(len(HEAD[i]), 6) for i in range(len(HEAD))]
    print("  ".join(f"{HEAD[i]:>{widths[i]}}" for i in range(len(HEAD))))
    for case, goal in CASES:
        for optimizer in OPTIMIZERS:
            for count in threads:
                result = measure(options.build, data, case, optimizer, count,
                                 rounds, seconds)
                results["cases"].append(result)
                rows.append(row(result, goal))
                print("  ".join(f"{cell:>{widths[i]}}" for i, cell in
                                enumerate(rows[-1])), flush=True)
    if not options.quick:
        docs = ROOT / "docs"
        (pathlib.Path(options.build) / "performance-nets.json").write_text(
            json.dumps(results, indent=1) + "\n")
        (docs / "performance-nets.md").write_text(page(results, rows))
        print("written: docs/performance-nets.md, the numbers behind it in "
              f"{options.build}/performance-nets.json")
    missed = [r for r, cells in zip(results["cases"], rows)
              if "missed" in cells
              or (r["units"] >= 512 and r["norm_cost"] > NORM_COST)]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
