"""Every known mistake, made in NumPy as a learner would make it.

The layer below was written from docs/derivation.md, not from the catalogue.
Each mistake is made on the inputs of `xhat check --make-probe`, in code that
goes gate by gate and in code that uses the closed form; `xhat check` must name
it, from all arrays, from out, dx, dgamma and dbeta, and from what it changes
alone.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy as np
except ImportError:
    sys.exit(77)

XHAT = os.path.abspath(os.environ.get("XHAT", "build/xhat"))
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def forward(p, wrong):
    """The arrays of gates 1 to 9; p: the inputs."""
    x, gamma, beta, eps = p["x"], p["gamma"], p["beta"], p["eps"]
    N = x.shape[0]
    a = {}
    if wrong == "transposed-input":
        x = x.T
    axis = 1 if wrong == "layer-axis" else 0
    keep = {"axis": axis, "keepdims": wrong == "layer-axis"}
    mean = x.mean(**keep)
    if wrong == "mean-missing-1/N":
        mean = x.sum(axis=0)
    if wrong == "mean-n-minus-1":
        mean = x.sum(axis=0) / (N - 1)
    if wrong in ("running-statistics-in-training", "eval-in-training"):
        mean = p["running_mean"]
    d = x - mean
    if wrong == "mean-not-subtracted":
        d = x.copy()
    if wrong == "dev-sign":
        d = mean - x
    sq = d ** 2
    if wrong == "absolute-deviation":
        sq = np.abs(d)
    if wrong == "square-of-x":
        sq = x ** 2
    var = sq.mean(**keep)
    if wrong == "var-missing-1/N":
        var = sq.sum(axis=0)
    if wrong in ("var-n-minus-1", "var-n-minus-1-throughout"):
        var = sq.sum(axis=0) / (N - 1)
    if wrong == "var-1/N-twice":
        var = sq.mean(axis=0) / N
    if wrong == "std-for-var":
        var = np.sqrt(sq.mean(axis=0))
    if wrong in ("running-statistics-in-training", "eval-in-training"):
        var = p["running_var"]
    std = np.sqrt(var + eps)
    if wrong == "var-holds-eps":
        var = var + eps
        std = np.sqrt(var)
    if wrong == "eps-outside-root":
        std = np.sqrt(var) + eps
    if wrong == "eps-forgotten":
        std = np.sqrt(var)
    if wrong == "eps-twice":
        std = np.sqrt(var + eps + eps)
    if wrong == "root-forgotten":
        std = var + eps
    ivar = 1 / std
    if wrong == "inverse-of-variance":
        ivar = 1 / std ** 2
    if wrong == "not-inverted":
        ivar = std
    x_hat = d * ivar
    if wrong == "x-not-centered":
        x_hat = x * ivar
    if wrong == "dev-overwritten":
        d = x_hat
    scaled = gamma * x_hat
    if wrong == "gamma-forgotten":
        scaled = x_hat
    if wrong == "gamma-twice":
        scaled = gamma * (gamma * x_hat)
    if wrong == "gamma-plus-1":
        scaled = (1 + gamma) * x_hat
    if wrong == "gamma-beta-swapped":
        scaled = beta * x_hat
    out = scaled + beta
    if wrong == "gamma-beta-swapped":
        out = scaled + gamma
    if wrong == "x_norm-overwritten":
        x_hat = scaled
    if wrong == "x_norm-overwritten-by-out":
        x_hat = out
    if wrong == "beta-forgotten":
        out = scaled
    if wrong == "beta-sign":
        out = scaled - beta
    a.update(mean=np.squeeze(mean), dev_from_mean=d, dev_from_mean_sq=sq,
             var=np.squeeze(var), stddev=np.squeeze(std),
             inverted_stddev=np.squeeze(ivar), x_norm=x_hat, scaled_x=scaled,
             out=out)
    return a, x, mean, var, std, ivar


def backward(p, forwarded, wrong):
    """The gradients, gate by gate from 9 down."""
    a, x, mean, var, std, ivar = forwarded
    gamma, beta, eps, dout = p["gamma"], p["beta"], p["eps"], p["dout"]
    N, D = dout.shape
    d, x_hat = a["dev_from_mean"], a["x_norm"]
    layer = wrong == "layer-axis"

    def total(t):
        return t.sum(axis=1, keepdims=True) if layer else t.sum(axis=0)

    n = D if layer else N
    dbeta = dout.sum(axis=0)
    if wrong == "dbeta-not-summed":
        dbeta = dout
    if wrong == "dbeta-averaged":
        dbeta = dout.mean(axis=0)
    if wrong == "dbeta-wrong-axis":
        dbeta = dout.sum(axis=1)
    if wrong == "dbeta-summed-over-all":
        dbeta = dout.sum()
    dgamma = (dout * x_hat).sum(axis=0)
    if wrong == "dgamma-not-summed":
        dgamma = dout * x_hat
    if wrong == "dgamma-averaged":
        dgamma = (dout * x_hat).mean(axis=0)
    if wrong == "dgamma-wrong-axis":
        dgamma = (dout * x_hat).sum(axis=1)
    if wrong == "dgamma-summed-over-all":
        dgamma = (dout * x_hat).sum()
    if wrong == "dgamma-of-x":
        dgamma = (dout * x).sum(axis=0)
    if wrong == "dgamma-of-dev":
        dgamma = (dout * d).sum(axis=0)
    if wrong == "dgamma-of-out":
        dgamma = (dout * a["out"]).sum(axis=0)
    if wrong == "dgamma-of-scaled_x":
        dgamma = (dout * a["scaled_x"]).sum(axis=0)
    if wrong == "dgamma-without-x_norm":
        dgamma = dout.sum(axis=0)
    dx_hat = dout * gamma
    if wrong == "dout-overwritten":
        dbeta = dx_hat.sum(axis=0)
        dgamma = (dx_hat * x_hat).sum(axis=0)
    if wrong == "gamma-forgotten-backward":
        dx_hat = dout
    if wrong == "gamma-twice-backward":
        dx_hat = dout * gamma * gamma
    if wrong == "gamma-plus-1":
        dx_hat = dout * (1 + gamma)
    if wrong == "gamma-beta-swapped":
        dx_hat = dout * beta
    if wrong == "divided-by-gamma":
        dx_hat = dout / gamma
    divar = total(dx_hat * d)
    if wrong == "x-not-centered-backward":
        divar = (dx_hat * x).sum(axis=0)
    if wrong == "x_norm-for-dev-backward":
        divar = (dx_hat * x_hat).sum(axis=0)
    if wrong == "dinverted_stddev-averaged":
        divar = (dx_hat * d).mean(axis=0)
    if wrong == "dinverted_stddev-not-summed":
        divar = dx_hat * d
    direct = dx_hat * ivar
    if wrong == "direct-branch-dropped":
        direct = np.zeros_like(direct)
    if wrong == "direct-branch-unscaled":
        direct = dx_hat
    if wrong == "direct-branch-by-stddev":
        direct = dx_hat * std
    dstd = -divar / std ** 2
    if wrong == "inverse-1/s":
        dstd = -divar / std
    if wrong == "inverse-1/s^3":
        dstd = -divar / std ** 3
    if wrong == "inverse-missing-1/s^2":
        dstd = -divar
    if wrong == "inverse-sign":
        dstd = divar / std ** 2
    if wrong == "inverse-back-no-eps":
        dstd = -divar / var
    dvar = 0.5 * dstd / std
    if wrong == "root-missing-1/2":
        dvar = dstd / std
    if wrong == "root-1/s^2":
        dvar = dstd / std ** 2
    if wrong == "root-1/2s^2":
        dvar = 0.5 * dstd / (std * std)
    if wrong == "root-s/2":
        dvar = 0.5 * dstd * std
    if wrong == "root-back-no-eps":
        dvar = 0.5 * dstd / np.sqrt(var)
    dsq = dvar / n * np.ones_like(x)
    if wrong == "dvar-missing-1/N":
        dsq = dvar * np.ones_like(x)
    if wrong == "d-for-n":
        dsq = dvar / D * np.ones_like(x)
    if wrong in ("dvar-n-minus-1", "var-n-minus-1-throughout"):
        dsq = dvar / (N - 1) * np.ones_like(x)
    if wrong == "dvar-1/N-twice":
        dsq = dvar / N / N * np.ones_like(x)
    square = 2 * d * dsq
    if wrong == "square-missing-2":
        square = d * dsq
    if wrong == "square-back-of-x":
        square = 2 * x * dsq
    if wrong == "square-without-d":
        square = 2 * dsq
    if wrong in ("variance-branch-dropped", "eval-gradient-in-training",
                 "eval-in-training"):
        square = 0
    dd = direct + square
    dmean = -total(dd)
    if wrong == "dmean-sign":
        dmean = dd.sum(axis=0)
    if wrong == "dmean-of-dx_norm":
        dmean = -dx_hat.sum(axis=0)
    if wrong == "dmean-not-summed":
        dmean = -dd
    mean_part = dmean / n
    if wrong == "dmean-missing-1/N":
        mean_part = dmean
    if wrong == "d-for-n":
        mean_part = dmean / D
    if wrong == "dmean-n-minus-1":
        mean_part = dmean / (N - 1)
    if wrong == "dmean-1/N-twice":
        mean_part = dmean / N ** 2
    if wrong in ("mean-branch-dropped", "eval-gradient-in-training",
                 "eval-in-training"):
        mean_part = 0
    dx = dd + mean_part
    if wrong == "dx-only-through-mean":
        dx = mean_part * np.ones_like(x)
    if wrong == "ddev-overwritten":
        dd = dx
    return dict(dscaled_x=dout, dx_norm=dx_hat,
                dinverted_stddev=np.squeeze(divar), dstddev=np.squeeze(dstd),
                dvar=np.squeeze(dvar), ddev_from_mean_sq=dsq,
                ddev_from_mean=dd, dmean=np.squeeze(dmean), dx=dx,
                dgamma=dgamma, dbeta=dbeta)


def closed(p, forwarded, wrong):
    """dx with pen and paper; dgamma and dbeta beside it."""
    a, x, mean, var, std, ivar = forwarded
    g, dout, eps = p["gamma"], p["dout"], p["eps"]
    N = x.shape[0]
    h, d = a["x_norm"], a["dev_from_mean"]
    db = dout.sum(axis=0)
    dg = (dout * h).sum(axis=0)
    bracket = N * dout - db - h * dg
    dx = g * ivar / N * bracket
    forms = {
        "closed-missing-1/N": lambda: g * ivar * bracket,
        "closed-n-minus-1": lambda: g * ivar / (N - 1) * bracket,
        "closed-1/N-twice": lambda: g * ivar / N ** 2 * bracket,
        "closed-dout-without-N": lambda: g * ivar / N * (dout - db - h * dg),
        "closed-sums-for-means": lambda: g * ivar * (dout - db - h * dg),
        "closed-means-for-sums": lambda:
            g * ivar / N * (N * dout - dout.mean(0) - h * (dout * h).mean(0)),
        "closed-dbeta-sign": lambda: g * ivar / N * (N * dout + db - h * dg),
        "closed-dgamma-sign": lambda: g * ivar / N * (N * dout - db + h * dg),
        "closed-dev-for-x_norm": lambda:
            g * ivar / N * (N * dout - db - d * dg),
        "closed-x-for-x_norm": lambda:
            g * ivar / N * (N * dout - db - x * dg),
        "closed-without-x_norm": lambda: g * ivar / N * (N * dout - db - dg),
        "closed-dgamma-not-summed": lambda:
            g * ivar / N * (N * dout - db - h * (dout * h)),
        "closed-gamma-inside": lambda:
            g * ivar / N * (N * dout - (dout * g).sum(0)
                            - h * (dout * g * h).sum(0)),
        "closed-inverse-of-variance": lambda: g / (var + eps) / N * bracket,
        "closed-without-inverse": lambda: g / N * bracket,
        "closed-times-stddev": lambda: g * std / N * bracket,
        "closed-eps-forgotten": lambda: g / np.sqrt(var) / N * bracket,
        # the same mistakes as of single gates
        "gamma-forgotten-backward": lambda: ivar / N * bracket,
        "variance-branch-dropped": lambda: g * ivar / N * (N * dout - db),
        "mean-branch-dropped": lambda: g * ivar / N * (N * dout - h * dg),
        "dmean-missing-1/N": lambda:
            g * ivar * (dout - db - h * dg / N),
        "dvar-missing-1/N": lambda: g * ivar * (dout - db / N - h * dg),
        "eval-gradient-in-training": lambda: g * ivar * dout,
        "root-missing-1/2": lambda:
            g * ivar / N * (N * dout - db - 2 * h * dg),
    }
    if wrong in forms:
        dx = forms[wrong]()
    return dict(dx=dx, dgamma=dg, dbeta=db)


def evaluation(p, wrong):
    """Inference, and the frozen gradient."""
    x, gamma, beta, eps = p["x"], p["gamma"], p["beta"], p["eps"]
    mean, var = p["running_mean"], p["running_var"]
    if wrong == "batch-statistics-in-eval":
        mean, var = x.mean(0), x.var(0)
    ivar = 1 / np.sqrt(var + eps)
    h = (x - mean) * ivar
    dout = p["dout"]
    dg, db = (dout * h).sum(0), dout.sum(0)
    dx = gamma * ivar * dout
    N = len(x)
    if wrong == "batch-statistics-in-eval":  # and all that comes with them
        dx = gamma * ivar / N * (N * dout - db - h * dg)
    if wrong == "training-gradient-in-eval":
        dh = dout * gamma
        dv = (dh * (x - mean)).sum(0) * -.5 * ivar ** 3
        dd = dh * ivar + 2 * (x - mean) * dv / N
        dx = dd - dd.sum(0) / N
    return dict(out=gamma * h + beta, dx=dx, dgamma=dg, dbeta=db)


def spatial(p, wrong):
    """A batch of images, NCHW."""
    x, dout = p["x"], p["dout"]
    axes = (2, 3) if wrong == "instance-axis" else (0, 2, 3)
    gamma = p["gamma"][None, :, None, None]
    beta = p["beta"][None, :, None, None]
    mean = x.mean(axis=axes, keepdims=True)
    var = x.var(axis=axes, keepdims=True)
    ivar = 1 / np.sqrt(var + p["eps"])
    h = (x - mean) * ivar
    dh = dout * gamma
    dx = ivar * (dh - dh.mean(axis=axes, keepdims=True)
                 - h * (dh * h).mean(axis=axes, keepdims=True))
    return dict(out=gamma * h + beta, dx=dx,
                dgamma=(dout * h).sum(axis=(0, 2, 3)),
                dbeta=dout.sum(axis=(0, 2, 3)))


INPUTS = ("x", "dout", "gamma", "beta", "eps", "running_mean", "running_var")
ENDS = ("out", "dx", "dgamma", "dbeta")


def catalogue():
    """Ids and tellings of src/circuit/mistakes.def."""
    text = (ROOT / "src/circuit/mistakes.def").read_text()
    return dict(re.findall(r'^MISTAKE\(\w+, "([^"]+)", \d,\s*([A-Z_]+)', text,
                           re.M))


class Mistakes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.probe = cls.make_probe("probe.npz")
        cls.images = cls.make_probe("images.npz", "--layout", "nchw")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def make_probe(cls, name, *options):
        path = pathlib.Path(cls.folder.name) / name
        subprocess.run([XHAT, "check", "--make-probe", path, "--quiet",
                        *options], check=True)
        with np.load(path) as arrays:
            return dict(arrays)

    def check(self, inputs, arrays, *options):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "mine.npz"
            np.savez(path, **inputs, **arrays)
            done = subprocess.run([XHAT, "check", path, "--json", *options],
                                  capture_output=True, text=True, check=False)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return json.loads(done.stdout)

    def named(self, wrong, inputs, arrays, *options):
        """The mistake is named, alone or among those that are the same."""
        found = self.check(inputs, arrays, *options)
        what = f"{wrong}, from {', '.join(arrays)}"
        self.assertEqual(found["verdict"], "wrong", what)
        ids = [cause["id"] for cause in found["causes"]]
        self.assertIn(wrong, ids, what)
        tolerance = max(a["tolerance"] for a in found["arrays"].values())
        for cause in found["causes"]:
            self.assertLessEqual(cause["distance"], tolerance, what)
        distances = [cause["distance"] for cause in found["causes"]]
        self.assertEqual(distances, sorted(distances), what)
        return found

    def every(self, tasks):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(*task) for task in tasks]:
                done.result()

    def test_every_id_is_made(self):
        """No mistake of the catalogue is without NumPy code here."""
        text = pathlib.Path(__file__).read_text()
        missing = [i for i in catalogue() if f'"{i}"' not in text]
        self.assertEqual(missing, [])
        self.assertGreaterEqual(len(catalogue()), 30)

    def staged(self, wrong, dtype=np.float64):
        inputs = {k: self.probe[k].astype(dtype) for k in INPUTS}
        if wrong == "transposed-input":
            inputs["x"] = inputs["x"][:4]
            inputs["dout"] = inputs["dout"][:4]
        done = forward(inputs, wrong)
        return inputs, {**done[0], **backward(inputs, done, wrong)}

    def stages_of(self):
        return [i for i, telling in catalogue().items()
                if telling != "CLOSED_FORM" and "in-eval" not in i
                and i != "instance-axis"]

    def one_staged(self, wrong):
        inputs, arrays = self.staged(wrong)
        right_inputs, right = self.staged("none")
        found = self.named(wrong, inputs, arrays)
        self.assertEqual(found["causes"][0]["id"], wrong)
        wanted = found["causes"][0]["gate"]
        self.assertEqual(found["first_wrong_gate"], wanted, wrong)
        red = [k for k, a in found["arrays"].items() if a["state"] == "wrong"]
        self.assertEqual(len(red), 1, f"{wrong}: {red}")
        changed = {k for k in ENDS if arrays[k].shape != right[k].shape or
                   not np.allclose(arrays[k], right[k], 1e-6, 1e-9)}
        if wrong == "transposed-input":
            changed = set(ENDS) - {"dbeta"}
        if changed:  # some mistakes show in an array between alone
            self.named(wrong, inputs, {k: arrays[k] for k in ENDS})
        for key in changed:
            self.named(wrong, inputs, {key: arrays[key]})

    def test_gate_by_gate(self):
        self.every([(self.one_staged, wrong) for wrong in self.stages_of()])

    def one_closed(self, wrong):
        inputs = {k: self.probe[k] for k in INPUTS}
        done = forward(inputs, "none")
        arrays = closed(inputs, done, wrong)
        self.named(wrong, inputs, arrays)
        found = self.named(wrong, inputs, {"dx": arrays["dx"]})
        gates = {c["gate"] for c in found["causes"]} - {0}
        wanted = gates.pop() if len(gates) == 1 else None if gates else 0
        self.assertEqual(found["first_wrong_gate"], wanted, wrong)

    def test_closed_form(self):
        tellings = catalogue()
        wrongs = [i for i in tellings if tellings[i] == "CLOSED_FORM"]
        self.every([(self.one_closed, wrong) for wrong in wrongs + [
            "gamma-forgotten-backward", "variance-branch-dropped",
            "mean-branch-dropped", "dmean-missing-1/N", "dvar-missing-1/N",
            "eval-gradient-in-training", "root-missing-1/2"]])

    def test_right_code_is_right(self):
        for dtype in (np.float64, np.float32):
            inputs, arrays = self.staged("none", dtype)
            found = self.check(inputs, arrays)
            self.assertEqual(found["verdict"], "ok", dtype)
            self.assertEqual(found["not_shown"], [])
            self.assertEqual(found["probe_warnings"], [])

    def test_float32(self):
        """What was computed in float32 is known by its mistakes as well."""
        for wrong in ("dvar-missing-1/N", "eps-forgotten", "dgamma-of-x",
                      "inverse-1/s", "var-n-minus-1", "layer-axis"):
            inputs, arrays = self.staged(wrong, np.float32)
            self.named(wrong, inputs, {k: arrays[k] for k in ENDS})

    def test_eval(self):
        inputs = {k: self.probe[k] for k in INPUTS}
        mode = ("--mode", "eval")
        self.assertEqual(self.check(inputs, evaluation(inputs, "none"),
                                    *mode)["verdict"], "ok")
        for wrong in ("batch-statistics-in-eval", "training-gradient-in-eval"):
            self.named(wrong, inputs, evaluation(inputs, wrong), *mode)
            self.named(wrong, inputs,
                       {"dx": evaluation(inputs, wrong)["dx"]}, *mode)

    def test_images(self):
        inputs = {k: self.images[k] for k in INPUTS}
        self.assertEqual(self.check(inputs, spatial(inputs, "none"))["verdict"],
                         "ok")
        wrong = "instance-axis"
        self.named(wrong, inputs, spatial(inputs, wrong))
        self.named(wrong, inputs, {"dx": spatial(inputs, wrong)["dx"]})

    def test_two_at_once(self):
        """From dx alone: both are named, or a pair that is the same."""
        inputs = {k: self.probe[k] for k in INPUTS}
        done = forward(inputs, "none")
        a, x, mean, var, std, ivar = done
        d, h, dout, N = a["dev_from_mean"], a["x_norm"], inputs["dout"], len(x)
        db, dg = dout.sum(0), (dout * h).sum(0)
        pairs = {  # gamma forgotten, and
            "inverse-1/s": ivar / N * (N * dout - db - d * dg),
            "mean-branch-dropped": ivar / N * (N * dout - h * dg),
            "square-missing-2": ivar / N * (N * dout - db - h * dg / 2),
        }
        for other, dx in pairs.items():
            found = self.check(inputs, {"dx": dx})
            ids = [set(c["id"].split("+")) for c in found["causes"]]
            self.assertIn({"gamma-forgotten-backward", other}, ids)

    def test_what_is_in_no_catalogue(self):
        """No cause is made up; the nearest is said, and how far it is."""
        inputs = {k: self.probe[k] for k in INPUTS}
        right = closed(inputs, forward(inputs, "none"), "none")
        noise = np.random.default_rng(1).normal(size=right["dx"].shape)
        found = self.check(inputs, {"dx": right["dx"] * (1 + .1 * noise)})
        self.assertEqual(found["verdict"], "wrong")
        self.assertEqual(found["causes"], [])
        self.assertIsNone(found["first_wrong_gate"])
        self.assertGreater(found["runner_up"]["distance"], 1e-3)


if __name__ == "__main__":
    unittest.main()
