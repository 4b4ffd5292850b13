#!/usr/bin/env python3
"""Measures the errors of xhat and of other libraries on the same inputs, and
writes them into docs/accuracy.md: accuracy.py BUILD [--print]

BUILD holds the workers (bench/run.py builds them).  In the reference the means
are exact; the rest has the 64-bit mantissas of the x87 (numpy.longdouble)."""
import fractions
import math
import pathlib
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import peers.compare as compare  # noqa: E402
import tables  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "accuracy.md"
RATIOS = (1.0, 1e2, 1e4, 1e6)
SHAPES = (("nc", (4096, 16)), ("nchw", (8, 16, 28, 28)),
          ("nhwc", (8, 16, 28, 28)))
EPS, U = 1e-5, 2.0 ** -24
COLUMNS = ("mean", "invstd", "out", "dx", "dgamma", "dbeta")
Wide = np.longdouble


def make_inputs(ratio, shape, seed):
    """x with mean `ratio` and deviation 1, and the rest; (N, C, spatial)"""
    random = np.random.default_rng(seed)
    channels = shape[1]
    return {"x": (random.normal(0, 1, shape) + ratio).astype(np.float32),
            "dout": random.normal(0, 1, shape).astype(np.float32),
            "gamma": random.uniform(0.5, 1.5, channels).astype(np.float32),
            "beta": random.uniform(-1, 1, channels).astype(np.float32)}


def rows(array):
    """(C, values of the channel)"""
    return np.moveaxis(array, 1, 0).reshape(array.shape[1], -1)


def exact_mean(values):
    """each channel's mean, as a longdouble: the sum is exact"""
    means = []
    for channel in values:
        total = sum(map(fractions.Fraction, channel.tolist()))
        mean = total / len(channel)
        high = float(mean)
        means.append(Wide(high) + Wide(float(mean - fractions.Fraction(high))))
    return np.array(means, dtype=Wide)[:, None]


def reference(inputs):
    """every array exactly enough, channel by channel, and its error's scale"""
    x, dout = rows(inputs["x"]).astype(Wide), rows(inputs["dout"]).astype(Wide)
    gamma = inputs["gamma"].astype(Wide)[:, None]
    beta = inputs["beta"].astype(Wide)[:, None]
    count = x.shape[1]
    mean = exact_mean(rows(inputs["x"]))
    d = x - mean
    invstd = 1 / np.sqrt((d * d).mean(axis=1, keepdims=True) + Wide(EPS))
    x_norm = d * invstd
    dout_mean = exact_mean(rows(inputs["dout"]))
    centered = dout - dout_mean
    dgamma = (dout * x_norm).sum(axis=1, keepdims=True)
    rms = np.sqrt((centered * centered).mean(axis=1, keepdims=True))
    values = {"mean": mean, "invstd": invstd, "out": gamma * x_norm + beta,
              "dx": gamma * invstd * (centered - x_norm * dgamma / count),
              "dgamma": dgamma, "dbeta": dout_mean * count}
    scales = {"mean": abs(mean), "invstd": invstd,
              "out": abs(gamma * x_norm) + abs(beta),
              "dx": gamma * invstd * (abs(centered) + rms),
              "dgamma": abs(dout * x_norm).sum(axis=1, keepdims=True),
              "dbeta": abs(dout).sum(axis=1, keepdims=True)}
    return values, scales


def to_layout(array, layout):
    return np.moveaxis(array, 1, -1) if layout == "nhwc" else array


def from_layout(flat, layout, shape):
    if layout != "nhwc":
        return flat.reshape(shape)
    stored = (shape[0],) + shape[2:] + (shape[1],)
    return np.moveaxis(flat.reshape(stored), -1, 1)


def results_of(worker, folder, layout, shape):
    """{array: (C, values)} of one library, or None where it has no such case"""
    path, found = pathlib.Path(folder) / "results", {}
    full, channels = math.prod(shape), shape[1]
    text = "x".join(map(str, shape))
    for mode in ("forward", "backward"):
        if not worker.ask(f"open plain {layout} {mode} f32 plain 1 "
                          f"{text}").startswith("ok"):
            return None
        if worker.ask(f"save {path}") != "ok":
            return None
        flat = np.fromfile(path, dtype=np.float32)
        sizes = {"out": full, "dx": full if mode == "backward" else 0,
                 "mean": channels, "invstd": channels, "dgamma": channels,
                 "dbeta": channels}
        at = 0
        for name, size in sizes.items():
            of_mode = ("out", "mean", "invstd") if mode == "forward" else \
                ("dx", "dgamma", "dbeta")
            if name in of_mode:
                part = flat[at:at + size]
                found[name] = rows(from_layout(part, layout, shape)) \
                    if size == full else part[:, None]
            at += size
    worker.ask("close")
    return found


def errors_of(found, values, scales):
    """the largest error of each array, in units of roundoff of its scale"""
    return {name: float((abs(found[name].astype(Wide) - values[name]) /
                         scales[name]).max() / U) for name in COLUMNS}


def measure(workers, folder):
    """{(ratio, library): {column: error}}, the worst over the layouts"""
    worst = {}
    for ratio in RATIOS:
        for seed, (layout, shape) in enumerate(SHAPES):
            inputs = make_inputs(ratio, shape, seed)
            values, scales = reference(inputs)
            path = pathlib.Path(folder) / "inputs"
            with open(path, "wb") as file:
                for name in ("x", "dout"):
                    file.write(to_layout(inputs[name], layout).tobytes())
                for name in ("gamma", "beta"):
                    file.write(inputs[name].tobytes())
            for worker in workers:
                if worker.ask(f"inputs {path}") != "ok":
                    sys.exit(f"xhat: {path} is too long a name")
                found = results_of(worker, folder, layout, shape)
                if found is None:
                    continue
                errors = errors_of(found, values, scales)
                kept = worst.setdefault((ratio, worker.name), errors)
                for name in COLUMNS:
                    kept[name] = max(kept[name], errors[name])
    return worst


def error_text(value):
    return f"{value:.2f}" if value < 100 else f"{value:.2g}"


def table(worst):
    cells = [[f"{ratio:.0e}" if ratio > 1 else "1", library] +
             [error_text(errors[name]) for name in COLUMNS]
             for (ratio, library), errors in worst.items()]
    return tables.markdown(["mean/deviation", "library", *COLUMNS], cells,
                           right=range(2, 2 + len(COLUMNS)))


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if np.finfo(Wide).nmant < 63:
        print("xhat: this machine's long double is no wider than double: the "
              "other libraries' errors are not measured", file=sys.stderr)
        return
    workers = [w for w in compare.start_workers(sys.argv[1], 1)
               if w.variant == "plain"]
    with tempfile.TemporaryDirectory(prefix="xhat-accuracy-") as folder:
        lines = table(measure(workers, folder))
    for worker in workers:
        worker.close()
    print("\n".join(lines))
    if "--print" not in sys.argv:
        PAGE.write_text(tables.replace_section(PAGE.read_text(), "peers",
                                               lines))


if __name__ == "__main__":
    main()
