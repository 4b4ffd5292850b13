"""forward, backward, info, help: results against NumPy, exact messages, the
rules that every command keeps."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import numpy as np

XHAT = os.environ["XHAT"]


def xhat(*arguments, stdin=None, **environment):
    """(exit status, stdout, stderr) of the command."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("XHAT_")}
    env.update(environment)
    done = subprocess.run([XHAT, *map(str, arguments)], input=stdin,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=env)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def channel_axes(x, axis):
    """x with its channel axis last, and the shape that broadcasts (C)."""
    return np.moveaxis(x, axis, -1)


def reference_forward(x, gamma, beta, eps, axis=1, mean=None, var=None):
    """float64, channels last: out, mean, var, inverted_stddev, x_norm."""
    moved = channel_axes(x.astype(np.float64), axis)
    over = tuple(range(moved.ndim - 1))
    mean = moved.mean(axis=over) if mean is None else mean
    var = ((moved - mean) ** 2).mean(axis=over) if var is None else var
    invstd = 1 / np.sqrt(var + eps)
    x_norm = (moved - mean) * invstd
    out = np.moveaxis(gamma * x_norm + beta, -1, axis)
    return out, mean, var, invstd, x_norm


def reference_backward(x, dout, gamma, eps, axis=1, mean=None, var=None):
    frozen = mean is not None
    _, mean, var, invstd, x_norm = reference_forward(x, gamma, 0 * gamma, eps,
                                                     axis, mean, var)
    moved = channel_axes(dout.astype(np.float64), axis)
    over = tuple(range(moved.ndim - 1))
    m = moved.size / moved.shape[-1]
    dbeta, dgamma = moved.sum(axis=over), (moved * x_norm).sum(axis=over)
    dx = gamma * invstd * moved
    if not frozen:
        dx -= gamma * invstd / m * (dbeta + x_norm * dgamma)
    return np.moveaxis(dx, -1, axis), dgamma, dbeta


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="xhat-cli-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def save(self, name, *array, **arrays):
        path = self.folder / name
        if array:
            np.save(path, array[0])
        else:
            np.savez(path, **arrays)
        return path

    def forward(self, *arguments):
        out = self.folder / "result.npz"
        status, stdout, stderr = xhat(*arguments, "-o", out, "--force")
        self.assertEqual((status, stdout), (0, ""), stderr)
        with np.load(out) as file:
            return dict(file)

    backward = forward

    def assert_error(self, expected_status, message, *arguments, **options):
        status, stdout, stderr = xhat(*arguments, **options)
        self.assertEqual(stderr, f"xhat: {message}\n")
        self.assertEqual((status, stdout), (expected_status, ""))


LAYOUTS = {"nc": ((6, 3), 1), "ncl": ((4, 3, 5), 1), "nchw": ((2, 3, 4, 5), 1),
           "ncdhw": ((2, 3, 2, 3, 4), 1), "nlc": ((4, 5, 3), 2),
           "nhwc": ((2, 4, 5, 3), 3), "ndhwc": ((2, 2, 3, 4, 3), 4)}


class Normalize(Folder):
    def test_every_method_layout_mode_and_dtype(self):
        random = np.random.default_rng(1)
        for layout, (shape, axis) in LAYOUTS.items():
            gamma, beta = random.normal(1, 0.5, (2, 3))
            mean, var = random.normal(2, 1, 3), random.uniform(1, 4, 3)
            x = random.normal(2, 3, shape)
            dout = random.normal(0, 1, shape)
            files = {k: self.save(k + ".npy", v) for k, v in dict(
                gamma=gamma, beta=beta, mean=mean, var=var, x=x,
                dout=dout).items()}
            for method in ("fused", "closed", "staged"):
                for dtype, close in (("f32", 2e-5), ("f64", 1e-12)):
                    for mode in ("train", "eval"):
                        self.compare(files, layout, axis, method, dtype, mode,
                                     close)

    def compare(self, files, layout, axis, method, dtype, mode, close):
        a = {k: np.load(v).astype(np.float32 if dtype == "f32" else float)
             .astype(float) for k, v in files.items()}
        fixed = (a["mean"], a["var"]) if mode == "eval" else ()
        options = ["--layout", layout, "--method", method, "--dtype", dtype,
                   "--mode", mode, "--gamma", files["gamma"], "--beta",
                   files["beta"], "--running-mean", files["mean"],
                   "--running-var", files["var"]]
        result = self.forward("forward", files["x"], *options)
        expected = reference_forward(a["x"], a["gamma"], a["beta"], 1e-5, axis,
                                     *fixed)
        kind = np.dtype("f4" if dtype == "f32" else "f8")
        for key, value in zip(("out", "mean", "var", "inverted_stddev"),
                              expected):
            self.assertEqual(result[key].dtype, kind, key)
            np.testing.assert_allclose(result[key], value, close, close, key)
        self.assertEqual("running_mean" in result, mode == "train")
        if mode == "train":
            m = a["x"].size / 3
            np.testing.assert_allclose(
                result["running_var"],
                0.9 * a["var"] + 0.1 * expected[2] * m / (m - 1), close)
        self.assertEqual("scaled_x" in result, method == "staged")
        result = self.backward("backward", files["x"], files["dout"], *options)
        expected = reference_backward(a["x"], a["dout"], a["gamma"], 1e-5,
                                      axis, *fixed)
        for key, value in zip(("dx", "dgamma", "dbeta"), expected):
            self.assertEqual(result[key].dtype, kind, key)
            np.testing.assert_allclose(result[key], value, close, close, key)
        self.assertEqual("dx_norm" in result, method == "staged")

    def test_types_of_input(self):
        x = np.array([[1, 10], [2, 20], [4, 40]])
        for kind, expected in (("f2", "f4"), (">f4", "f4"), ("<f8", "f8"),
                               (">f8", "f8"), ("u1", "f4"), ("<i4", "f4"),
                               (">i8", "f4"), ("?", "f4")):
            path = self.save("x.npy", x.astype(kind))
            result = self.forward("forward", path)
            self.assertEqual(result["out"].dtype, np.dtype(expected), kind)
            as_read = x.astype(kind).astype(float)
            np.testing.assert_allclose(
                result["out"], reference_forward(as_read, np.ones(2),
                                                 np.zeros(2), 1e-5)[0],
                1e-5, 1e-6)
        path = self.save("x.npy", x.astype("i8") + 2 ** 40)
        self.assertEqual(self.forward("forward", path)["out"].dtype, "f8")
        path = self.save("x.npy", np.asfortranarray(x.astype(float)))
        np.testing.assert_allclose(self.forward("forward", path)["mean"],
                                   x.mean(axis=0))

    def test_no_affine_and_shapes(self):
        x = np.random.default_rng(2).normal(size=(5, 3))
        path = self.save("x.npy", x)
        result = self.forward("forward", path, "--no-affine")
        np.testing.assert_allclose(result["out"].std(axis=0), 1, 1e-4)
        self.assertEqual(result["out"].shape, (5, 3))
        self.assertEqual(result["mean"].shape, (3,))

    def test_threads_change_no_bit(self):
        x = np.random.default_rng(3).normal(size=(300, 700)).astype("f4")
        path = self.save("x.npy", x)
        one = self.forward("forward", path, "--threads", 1)
        for threads in (2, 7):
            many = self.forward("forward", path, "--threads", threads)
            for key in one:
                self.assertEqual(one[key].tobytes(), many[key].tobytes(), key)

    def test_conventions(self):
        x = np.array([[2.0], [6], [6], [2]])  # mean 4, var 4, unbiased 16/3
        path = self.save("x.npz", x=x, running_mean=[1.0], running_var=[3.0])
        for convention, weight, var in (
                ("torch", 0.1, 16 / 3), ("cs231n", 0.1, 4), ("onnx", 0.1, 4),
                ("keras", 0.01, 4), ("paper", 1, 16 / 3)):
            result = self.forward("forward", path, "--convention", convention)
            np.testing.assert_allclose(result["running_mean"],
                                       [1 + weight * 3], 1e-14)
            np.testing.assert_allclose(result["running_var"],
                                       [3 + weight * (var - 3)], 1e-14)
            eps = 1e-3 if convention == "keras" else 1e-5
            np.testing.assert_allclose(result["inverted_stddev"],
                                       [1 / np.sqrt(4 + eps)], 1e-14)
        # the same weight of the new batch in both senses
        for convention, momentum in (("torch", 0.25), ("keras", 0.75)):
            result = self.forward("forward", path, "--convention", convention,
                                  "--momentum", momentum)
            self.assertEqual(result["running_mean"], [1.75])
        result = self.forward("forward", path, "--momentum", "none",
                              "--batches-seen", 3)
        self.assertEqual(result["running_mean"], [1.75])

    def test_not_finite_keeps_the_running_statistics(self):
        path = self.save("x.npz", x=np.array([[1, 1], [2, np.nan], [3, 5.0]]),
                         running_mean=[0.0, 7], running_var=[1.0, 8])
        for method in ("fused", "closed", "staged"):
            out = self.folder / "r.npz"
            status, _, stderr = xhat("forward", path, "--method", method, "-o",
                                     out, "--force")
            self.assertEqual(status, 0)
            self.assertEqual(stderr, "xhat: warning: x holds 1 value that is "
                             "not finite, the first at [1,1]: its channel's "
                             "results are NaN\nxhat: warning: the statistics "
                             "of 1 of 2 channels are not finite: they keep "
                             "their running statistics\n")
            result = np.load(out)
            self.assertEqual(result["running_mean"][1], 7)
            self.assertEqual(result["running_var"][1], 8)
            self.assertTrue(np.isnan(result["out"][:, 1]).all())
            self.assertTrue(np.isfinite(result["out"][:, 0]).all())

    def test_no_rows(self):
        path = self.save("x.npz", x=np.zeros((0, 2)), dout=np.zeros((0, 2)),
                         running_mean=[1.0, 2], running_var=[3.0, 4])
        for method in ("fused", "closed", "staged"):
            result = self.forward("forward", path, "--method", method)
            self.assertEqual(result["out"].shape, (0, 2))
            self.assertEqual(list(result["running_mean"]), [1, 2])
            self.assertEqual(list(result["running_var"]), [3, 4])
            result = self.backward("backward", path, "--method", method)
            self.assertEqual(result["dx"].shape, (0, 2))
            self.assertEqual(list(result["dgamma"]), [0, 0])
            self.assertEqual(list(result["dbeta"]), [0, 0])

    def test_constant_channel_with_eps_0(self):
        path = self.save("x.npz", x=np.array([[5.0, 1], [5, 3]]),
                         dout=np.ones((2, 2)), beta=[9.0, 0])
        for method in ("fused", "closed", "staged"):
            result = self.forward("forward", path, "--eps", 0, "--method",
                                  method)
            self.assertEqual(result["inverted_stddev"][0], 0)
            self.assertEqual(list(result["out"][:, 0]), [9, 9])
            result = self.backward("backward", path, "--eps", 0, "--method",
                                   method)
            self.assertEqual(list(result["dx"][:, 0]), [0, 0])

    def test_the_ends_of_float64(self):
        for scale in (1e155, 1e200, 1e300, 1e307):
            x = np.array([[1.0, 1], [2, 5], [4, 9]])
            path = self.save("x.npz", x=x * scale, dout=np.eye(3, 2))
            result = self.forward("forward", path)
            np.testing.assert_allclose(
                result["out"], reference_forward(x, np.ones(2), np.zeros(2),
                                                 0)[0], 1e-14, 1e-15)
            dx = self.backward("backward", path)["dx"] * scale
            np.testing.assert_allclose(
                dx, reference_backward(x, np.eye(3, 2), np.ones(2), 0)[0],
                1e-13, 1e-15)

    def test_overflow_of_the_plain_tellings_is_said(self):
        for method in ("closed", "staged"):
            status, _, stderr = xhat("forward", "1e200,1;2e200,5", "--method",
                                     method)
            self.assertEqual(status, 0)
            self.assertIn("var overflows in 1 of 2 channels", stderr)

    def test_negative_running_var(self):
        path = self.save("x.npy", np.array([[1.0, 2], [3, 4]]))
        status, stdout, stderr = xhat(
            "forward", path, "--mode", "eval", "--running-mean", "0,0",
            "--running-var", "-1,1")
        self.assertEqual(status, 0)
        self.assertIn("running_var is negative in 1 of 2 channels", stderr)
        self.assertEqual(json.loads(stdout)["out"][0][0], "nan")

    def test_aliases_inline_stdin_and_formats(self):
        path = self.save("b.npz", x=np.array([[1.0, 2], [3, 5]]),
                         dy=np.array([[1.0, 0], [0, 0]]))
        out = self.folder / "o.npz"
        status, _, stderr = xhat("backward", path, "-o", out)
        self.assertEqual((status, stderr),
                         (0, 'xhat: "dy" is read as dout\n'))
        status, stdout, _ = xhat("forward", "1,2; 3,5")
        self.assertEqual(status, 0)
        from_text = json.loads(stdout)
        status, stdout, _ = xhat("forward", "-", stdin=b"1,2\n3,5\n")
        self.assertEqual(json.loads(stdout), from_text)
        for ending in ("npy", "csv", "tsv", "json"):
            target = self.folder / f"o.{ending}"
            self.assertEqual(xhat("forward", "1,2; 3,5", "-q", "-o",
                                  target)[0], 0)
        rows = np.loadtxt(self.folder / "o.csv", delimiter=",")
        np.testing.assert_array_equal(rows, from_text["out"])
        np.testing.assert_array_equal(np.load(self.folder / "o.npy"), rows)


class Refusals(Folder):
    def test_shapes(self):
        x = self.save("x.npy", np.ones((4, 2)))
        self.assert_error(3, "gamma has 3 values but x has 2 channels (x is "
                          "4x2, layout nc)", "forward", x, "--gamma", "1,2,3")
        self.assert_error(3, "beta has 1 value but x has 2 channels (x is 4x2,"
                          " layout nc)", "forward", x, "--beta", "1")
        self.assert_error(3, "running_mean has 3 values but x has 2 channels "
                          "(x is 4x2, layout nc)", "forward", x,
                          "--running-mean", "1,2,3", "--running-var", "1,1")
        self.assert_error(3, "x has rank 2 but layout nchw has rank 4 (x is "
                          "4x2)", "forward", x, "--layout", "nchw")
        dout = self.save("dout.npy", np.ones((3, 2)))
        self.assert_error(3, "dout is 3x2 but x is 4x2: they must have the "
                          "same shape", "backward", x, dout)
        one = self.save("one.npy", np.ones((1, 2)))
        for method in ("fused", "closed", "staged"):
            status, stdout, stderr = xhat("forward", one, "--method", method)
            self.assertEqual((status, stdout), (3, ""))
            self.assertIn("training needs two values a channel", stderr)
        none = self.save("none.npy", np.ones((4, 0)))
        self.assert_error(3, "x has no channels (x is 4x0, layout nc)",
                          "forward", none)

    def test_usage(self):
        x = self.save("x.npy", np.ones((4, 2)))
        for arguments, message in (
                (["--mode", "eval"],
                 "--mode eval needs --running-mean and --running-var"),
                (["--running-mean", "1,2"], "--running-var is missing: the "
                 "running mean and variance go together"),
                (["--eps", "-1"], "--eps is -1 but must be a finite number of "
                 "at least 0"),
                (["--eps", "nan"], "--eps is nan but must be a finite number "
                 "of at least 0"),
                (["--eps", "inf"], "--eps is inf but must be a finite number "
                 "of at least 0"),
                (["--seed", "x"], '--seed: "x" is not a whole number'),
                (["--eps", "1e-3x"], '--eps: "1e-3x" is not a number'),
                (["--eps", ""], '--eps: "" is not a number'),
                (["--momentum", "1.5"],
                 "--momentum is 1.5 but must be from 0 to 1"),
                (["--momentum", "half"],
                 '--momentum: "half" is not a number'),
                (["--threads", "0"],
                 "--threads is 0 but must be from 1 to 1024"),
                (["--method", "fussed"], '--method: unknown method "fussed"; '
                 "did you mean fused? (one of fused, closed, staged)"),
                (["--convention", "tf"], '--convention: unknown convention '
                 '"tf" (one of torch, cs231n, onnx, keras, paper)'),
                (["--layout", "nwhc"], '--layout: unknown layout "nwhc"; did '
                 "you mean nhwc? (one of nc, ncl, nchw, ncdhw, nlc, nhwc, "
                 "ndhwc)"),
                (["--norm", "laier"], '--norm: unknown norm "laier"; did you '
                 "mean layer? (one of batch, layer)"),
                (["--no-affine", "--gamma", "1,1"],
                 "--no-affine goes without --gamma and --beta"),
                (["--epz", "1"], "forward: unknown option --epz; did you mean "
                 "--eps?"),
                (["--eps"], "--eps needs a value: --eps E"),
                (["--json=1"], "--json takes no value"),
                (["more"], 'forward: "more" is one argument too many; usage: '
                 "xhat forward X")):
            self.assert_error(2, message, "forward", x, *arguments)
        self.assert_error(2, "forward: an argument is missing; usage: xhat "
                          "forward X (`xhat help forward` for more)",
                          "forward")
        self.assert_error(2, 'unknown command "forwad"; did you mean forward?',
                          "forwad")
        self.assert_error(2, "XHAT_THREADS=many must be a whole number from 1 "
                          "to 1024", "forward", x, XHAT_THREADS="many")
        code, _, stderr = xhat("forward", x, XHAT_ISA="mmx")
        self.assertEqual(code, 2)
        self.assertRegex(stderr, r"^xhat: XHAT_ISA=mmx is not a kernel tier "
                         r"\(built: .*generic\)\n$")

    def test_files(self):
        self.assert_error(3, "cannot read none.npy: No such file or directory",
                          "forward", "none.npy")
        text = self.folder / "batch.csv"
        text.write_text("a,b\n1,2\n3,n/a\n")
        self.assert_error(3, f'{text}:3:3: "n/a" is not a number', "forward",
                          text, "-q")
        wrong = self.save("wrong.npz", a=np.ones(2), b=np.ones(3))
        self.assert_error(3, f"{wrong}: no array is called x", "forward",
                          wrong)
        pickled = self.save("object.npy", np.array([{}, None]))
        status, _, stderr = xhat("forward", pickled)
        self.assertEqual(status, 3)
        self.assertIn("object", stderr)

    def test_the_place_of_a_nan(self):
        text = self.folder / "nan.csv"
        text.write_text("a,b\n1,2\n3,nan\n5,6\n")
        status, _, stderr = xhat("forward", text)
        self.assertEqual(status, 0)
        self.assertIn("the first NaN or Inf is at line 3, column 3", stderr)
        self.assertIn("x holds 1 value that is not finite, the first at [1,1]",
                      stderr)

    def test_json_beside_a_file(self):
        status, stdout, _ = xhat("forward", "1,2; 3,4", "--json", "-o",
                                 self.folder / "o.npz")
        self.assertEqual(status, 0)
        np.testing.assert_array_equal(
            json.loads(stdout)["out"], np.load(self.folder / "o.npz")["out"])

    def test_a_table_of_higher_rank(self):
        x = self.save("x.npy", np.random.default_rng(4).normal(size=(3, 2, 4)))
        self.assert_error(2, f"{self.folder}/o.csv: out has rank 3, which a "
                          "table cannot hold: write an .npy or .npz",
                          "forward", x, "-o", self.folder / "o.csv")

    def test_outputs(self):
        out = self.folder / "out.npz"
        out.write_bytes(b"precious")
        status, _, stderr = xhat("forward", "1,2; 3,4", "-o", out)
        self.assertEqual(status, 5)
        self.assertIn("--force", stderr)
        self.assertEqual(out.read_bytes(), b"precious")
        self.assertEqual(xhat("forward", "1,2; 3,4", "-o", out,
                              "--force")[0], 0)
        status, _, stderr = xhat("forward", "1,2; 3,4", "-o",
                                 self.folder / "no" / "out.npz")
        self.assertEqual(status, 5)
        self.assert_error(2, "out.xls: the ending says the format: .npz, "
                          ".npy, .csv, .tsv or .json", "forward", "1,2; 3,4",
                          "-o", "out.xls")
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()),
                         ["out.npz"])

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full")
    def test_a_full_disk(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([XHAT, "forward", "1,2; 3,4"], stdout=full,
                                  stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 5)
        self.assertTrue(done.stderr.startswith(
            b"xhat: cannot write standard output: "), done.stderr)


class Help(unittest.TestCase):
    def test_everywhere_the_same(self):
        status, all_help, stderr = xhat()
        self.assertEqual((status, stderr), (0, ""))
        self.assertEqual(xhat("help")[1], all_help)
        self.assertEqual(xhat("--help")[1], all_help)
        for command in ("forward", "backward", "explain", "check", "train",
                        "eval", "predict", "plot", "info"):
            self.assertIn(f"  {command} ", all_help)
            status, text, stderr = xhat("help", command)
            self.assertEqual((status, stderr), (0, ""), command)
            self.assertEqual(xhat(command, "--help")[1], text)
            if "not in this build" not in text:
                self.assertIn(f"    xhat {command}", text)  # an example
            self.assertIn("--threads N", text)
            for line in (all_help + text).splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_version_and_info(self):
        status, text, _ = xhat("--version")
        self.assertRegex(text, r"^xhat \d+\.\d+\.\d+\n$")
        status, text, _ = xhat("info")
        self.assertEqual(status, 0)
        self.assertIn("self-test  passed", text)
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80, line)
        status, text, _ = xhat("info", "--json", XHAT_ISA="generic")
        info = json.loads(text)
        self.assertEqual(info["isa"], "generic")
        self.assertEqual(info["isa_why"], "forced by XHAT_ISA")
        self.assertIs(info["self_test"], True)


class LayerNorm(Folder):
    """The same three tellings with a statistic for each row."""

    @staticmethod
    def reference(x, dout, gamma, beta, eps):
        """Channels in axis 1; the statistics go over all but axis 0."""
        over = tuple(range(1, x.ndim))
        broadcast = (1, -1) + (1,) * (x.ndim - 2)
        g, b = gamma.reshape(broadcast), beta.reshape(broadcast)
        mean = x.mean(axis=over, keepdims=True)
        var = x.var(axis=over, keepdims=True)
        invstd = 1 / np.sqrt(var + eps)
        x_norm = (x - mean) * invstd
        d = dout * g
        dx = invstd * (d - d.mean(axis=over, keepdims=True)
                       - x_norm * (d * x_norm).mean(axis=over, keepdims=True))
        sums = (0,) + tuple(range(2, x.ndim))
        return {"out": g * x_norm + b, "mean": mean.ravel(),
                "var": var.ravel(), "inverted_stddev": invstd.ravel(),
                "dx": dx, "dgamma": (dout * x_norm).sum(axis=sums),
                "dbeta": dout.sum(axis=sums)}

    def test_tellings_agree_with_numpy(self):
        draw = np.random.default_rng(3)
        for shape in ((5, 7), (1, 4), (3, 4, 5), (2, 3, 4, 5)):
            x, dout = draw.normal(3, 2, shape), draw.normal(size=shape)
            gamma, beta = draw.normal(size=(2, shape[1]))
            expected = self.reference(x, dout, gamma, beta, 1e-3)
            path = self.save("b.npz", x=x, dout=dout, gamma=gamma, beta=beta)
            for method in ("fused", "closed", "staged"):
                for command in ("forward", "backward"):
                    target = self.folder / "o.npz"
                    status, _, said = xhat(
                        command, path, "--norm", "layer", "--eps", "1e-3",
                        "--method", method, "-o", target, "--force", "-q")
                    self.assertEqual(status, 0, said)
                    with np.load(target) as found:
                        for name in found.files:
                            if name not in expected:
                                continue
                            np.testing.assert_allclose(
                                found[name], expected[name], rtol=1e-11,
                                atol=1e-12, err_msg=f"{method} {name}")
                            self.assertEqual(found[name].shape,
                                             expected[name].shape)

    def test_float32(self):
        draw = np.random.default_rng(5)
        x, dout = draw.normal(1e4, 1, (2, 6, 50)).astype("f4")
        ones, zeros = np.ones(50), np.zeros(50)
        expected = self.reference(x.astype("f8"), dout.astype("f8"), ones,
                                  zeros, 1e-5)
        path = self.save("b.npz", x=x, dout=dout)
        target = self.folder / "o.npz"
        xhat("backward", path, "--norm", "layer", "-o", target)
        with np.load(target) as found:
            self.assertEqual(found["dx"].dtype, np.float32)
            np.testing.assert_allclose(found["dx"], expected["dx"], rtol=1e-5,
                                       atol=1e-4 * abs(expected["dx"]).max())

    def test_no_rows(self):
        path = self.save("x.npy", np.zeros((0, 3)))
        for method in ("fused", "staged"):
            status, out, said = xhat("forward", path, "--norm", "layer",
                                     "--method", method)
            self.assertEqual(status, 0, said)
            self.assertEqual(json.loads(out)["mean"], [])

    def test_refusals(self):
        for words, status, says in (
                (["1;2", "--method", "fused"], 3, "two values a row"),
                (["1;2", "--method", "staged"], 3, "two values a row"),
                (["1,2;3,4", "--mode", "eval"], 2, "no running statistics"),
                (["1,2;3,4", "--running-mean", "1,2"], 2,
                 "no running statistics"),
                (["1,2;3,4", "--gamma", "1,2,3"], 3, "2 channels")):
            found, _, said = xhat("forward", *words, "--norm", "layer")
            self.assertEqual(found, status, said)
            self.assertIn(says, said)
        path = self.save("b.npz", x=np.eye(3), dout=np.eye(3))
        found, _, said = xhat("check", path, "--norm", "layer")
        self.assertEqual(found, 2)
        self.assertIn("batch norm only", said)

    def test_explained(self):
        status, out, said = xhat("explain", "1,10,4; 2,20,9", "--norm",
                                 "layer", "--json")
        self.assertEqual(status, 0, said)
        told = json.loads(out)
        self.assertEqual(told["norm"], "layer")
        self.assertLess(told["agreement"]["closed_form"], 1e-14)
        self.assertLess(told["agreement"]["complex_step"], 1e-14)


if __name__ == "__main__":
    unittest.main()
