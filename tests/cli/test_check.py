"""xhat check: somebody's arrays, with and without mistakes, as files."""

import json
import os
import pathlib
import struct
import subprocess
import tempfile
import unittest
import zipfile

XHAT = os.environ.get("XHAT", "build/xhat")


def npy(rows, kind="<f8"):
    """The bytes of an .npy of a list of lists, or of a list."""
    nested = isinstance(rows[0], list)
    shape = (len(rows), len(rows[0])) if nested else (len(rows),)
    flat = [v for row in rows for v in row] if nested else rows
    header = repr({"descr": kind, "fortran_order": False, "shape": shape})
    header = header.ljust(117) + "\n"
    letter = {"<f8": "d", "<f4": "f", "<f2": "e"}[kind]
    return (b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) +
            header.encode() + struct.pack(f"<{len(flat)}{letter}", *flat))


# The demo with eps = 0, worked out by hand.
RIGHT = {
    "x": [[-4., 1.], [2., 1.], [4., 5.], [10., 5.]],
    "gamma": [10., 4.],
    "beta": [1., -1.],
    "dout": [[1., 2.], [-1., 0.], [3., 1.], [1., 3.]],
    "out": [[-13., -5.], [-1., -5.], [3., 3.], [15., 3.]],
    "dx": [[.56, 2.], [-3.92, -2.], [3.92, -2.], [-.56, 2.]],
    "dgamma": [.8, 2.],
    "dbeta": [4., 6.],
    "dvar": [-.16, -1.],
    "ddev_from_mean_sq": [[-.04, -.25]] * 4,
    "dstddev": [-1.6, -4.],
}


class Check(unittest.TestCase):
    maxDiff = None

    def run_on(self, arrays, *options, kind="<f8"):
        with tempfile.TemporaryDirectory() as folder:
            with zipfile.ZipFile(pathlib.Path(folder) / "mine.npz", "w") as f:
                for name, rows in arrays.items():
                    of = kind if isinstance(kind, str) else kind.get(name)
                    f.writestr(name + ".npy", npy(rows, of or "<f8"))
            return subprocess.run([os.path.abspath(XHAT), "check", "mine.npz",
                                   *options], cwd=folder, capture_output=True,
                                  text=True, check=False)

    def report(self, arrays, *options, **kinds):
        done = self.run_on(arrays, "--eps", "0", "--json", *options, **kinds)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        found = json.loads(done.stdout)
        self.assertEqual(done.returncode, 0 if found["verdict"] == "ok" else 1)
        return found

    def some(self, *keys, **changed):
        keys = ("x", "gamma", "beta", "dout", *keys)
        return {**{k: RIGHT[k] for k in keys}, **changed}

    def test_the_example(self):
        """One gate without its 1/N, and dx that follows from it."""
        wrong = [[-.16, -1.]] * 4
        dx = [[2.24, 5.], [-3.68, 1.], [3.68, -5.], [-2.24, -1.]]
        done = self.run_on(
            self.some("out", "dgamma", "dbeta", "dvar", dx=dx,
                      ddev_from_mean_sq=wrong), "--eps", "0")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, """\
mine.npz: x gamma beta dout; yours: out dgamma dbeta dvar dx ddev_from_mean_sq
  ok     out, dbeta, dgamma, dvar
  WRONG  ddev_from_mean_sq gate 4    yours -1  expected -0.25   row 0, feature 1
  WRONG  dx                          follows from gate 4
Gate 4 (var = 1/N sum dev_from_mean_sq) is the first wrong gate. Likely cause:
its 1/N is missing: yours is exactly N = 4 times too large everywhere. Fix:
ddev_from_mean_sq = dvar / N * np.ones_like(x).
The next, "1/D for 1/N" (gate 4), is 0.12 off, where 0 is the same and 1 nothing
alike.
Relative errors, max |a - b| / (|a| + |b|): ddev_from_mean_sq 6.0e-01, dx
    1.0e+00
Tolerance, of the terms that a number is the sum of: 1e-10 for float64.
""")

    def test_right_arrays(self):
        found = self.report(RIGHT)
        self.assertEqual(found["verdict"], "ok")
        self.assertIsNone(found["first_wrong_gate"])
        self.assertEqual(found["causes"], [])
        self.assertTrue(all(a["ok"] for a in found["arrays"].values()))
        self.assertEqual(len(found["arrays"]), 7)

    def test_float32_rounding_is_no_mistake(self):
        self.assertEqual(self.report(RIGHT, kind="<f4")["verdict"], "ok")
        off = self.some(dx=[[.56, 2.], [-3.92, -2.], [3.92, -2.], [-.56, 2.001]])
        self.assertEqual(self.report(off, kind="<f4")["verdict"], "wrong")

    def test_an_input_in_float16_hides_nothing(self):
        """N - 1 for N in dgamma, 1e-3 off; x alone is float16."""
        inputs = {"x": "<f2", "gamma": "<f2", "dout": "<f4"}
        off = self.some(dbeta=[4.004, 6.006])
        self.assertEqual(self.report(off, kind=inputs)["verdict"], "wrong")
        inputs["dbeta"] = "<f2"
        self.assertEqual(self.report(off, kind=inputs)["verdict"], "ok")

    def test_what_a_coarse_array_lost_is_no_mistake_below_it(self):
        third = [[v / 3 for v in row] for row in RIGHT["dout"]]
        mine = {"x": RIGHT["x"], "dout": third,
                "dinverted_stddev": [4 / 3, 4 / 3],
                "dstddev": [-4 / 75, -1 / 3]}
        mine["dinverted_stddev"] = [struct.unpack("<e", struct.pack("<e", v))[0]
                                    for v in mine["dinverted_stddev"]]
        mine["dstddev"] = [-mine["dinverted_stddev"][0] / 25,
                           -mine["dinverted_stddev"][1] / 4]
        found = self.report(mine, kind={"dinverted_stddev": "<f2"})
        self.assertEqual(found["verdict"], "ok")
        self.assertEqual(self.report(mine)["verdict"], "wrong")
        done = self.run_on(mine, "--eps", "0",
                           kind={"dinverted_stddev": "<f2"})
        self.assertIn("1e-02 for float16", done.stdout)
        mine["var"] = [25., 4.]
        done = self.run_on(mine, "--eps", "0",
                           kind={"dinverted_stddev": "<f2"})
        self.assertIn("1e-10 for var (float64);\n    1e-02 for "
                      "dinverted_stddev, dstddev (float16).", done.stdout)

    def test_no_sum_for_dbeta(self):
        found = self.report(self.some("out", dbeta=RIGHT["dout"]))
        self.assertEqual(found["first_wrong_gate"], 9)
        self.assertEqual([c["id"] for c in found["causes"]], ["dbeta-not-summed"])
        self.assertIn("it is not summed over the rows",
                      found["causes"][0]["text"])
        self.assertIn("axis=0", found["causes"][0]["fix"])
        self.assertEqual(len(found["arrays"]["dbeta"]["at"]), 2)
        terms = [[-1.4, -2.], [.2, -0.], [.6, 1.], [1.4, 3.]]
        found = self.report(self.some("out", "dx", dgamma=terms))
        self.assertEqual(found["first_wrong_gate"], 8)
        self.assertEqual(found["causes"][0]["id"], "dgamma-not-summed")
        self.assertTrue(found["arrays"]["dx"]["ok"])
        done = self.run_on(self.some(dgamma=RIGHT["dout"]))
        self.assertEqual(done.returncode, 3)

    def test_averaged_instead_of_summed(self):
        found = self.report(self.some("out", dbeta=[1., 1.5]))
        self.assertEqual(found["first_wrong_gate"], 9)
        self.assertEqual(found["causes"][0]["id"], "dbeta-averaged")
        found = self.report(self.some("out", dgamma=[.2, .5]))
        self.assertEqual(found["first_wrong_gate"], 8)
        self.assertEqual(found["causes"][0]["id"], "dgamma-averaged")

    def test_lines_are_no_wider_than_80(self):
        mine = {**RIGHT, "mean": [3., 3.], "var": [25., 4.],
                "stddev": [5., 2.], "inverted_stddev": [.2, .5],
                "dev_from_mean": [[-7., -2.], [-1., -2.], [1., 2.], [7., 2.]],
                "dinverted_stddev": [40., 16.], "dmean": [-8., -12.]}
        for changed in ({}, {"dx": [[.123456789, 1e-7]] * 4}):
            done = self.run_on({**mine, **changed}, "--eps", "0")
            self.assertIn("ok     mean, dev_from_mean", done.stdout)
            for line in done.stdout.splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_json_keys(self):
        wrong = self.some("dvar", ddev_from_mean_sq=[[-.16, -1.]] * 4)
        found = self.report(wrong)
        self.assertEqual(found["first_wrong_gate"], 4)
        array = found["arrays"]["ddev_from_mean_sq"]
        self.assertFalse(array["ok"])
        self.assertAlmostEqual(array["max_abs_error"], .75)
        self.assertEqual(array["at"], [0, 1])
        cause = found["causes"][0]
        self.assertEqual((cause["id"], cause["gate"]), ("dvar-missing-1/N", 4))
        self.assertEqual(sorted(cause),
                         ["distance", "fix", "gate", "id", "text"])

    def test_a_dropped_branch(self):
        found = self.report(self.some("out", dx=[
            [2.56, 5.], [-1.92, 1.], [5.92, 1.], [1.44, 5.]]))
        self.assertEqual(found["first_wrong_gate"], 1)
        self.assertEqual(found["causes"][0]["id"], "mean-branch-dropped")

    def test_other_spellings_are_said(self):
        arrays = self.some("out", divar=[40., 16.], dy=RIGHT["dout"])
        del arrays["dout"]
        done = self.run_on(arrays, "--eps", "0")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('"divar" is read as dinverted_stddev', done.stderr)
        self.assertIn('"dy" is read as dout', done.stderr)

    def test_unknown_arrays_are_said(self):
        done = self.run_on(self.some("out", banana=[1., 2.]), "--eps", "0")
        self.assertEqual(done.returncode, 0)
        self.assertIn('"banana" is no array of the circuit', done.stderr)

    def test_shapes(self):
        done = self.run_on(self.some(dbeta=RIGHT["x"]))
        self.assertEqual(done.returncode, 3)
        self.assertIn("dbeta is 4x2 but must have 2 values", done.stderr)
        done = self.run_on(self.some(dx=[1., 2.]))
        self.assertEqual(done.returncode, 3)
        self.assertIn("dx is 2 but must be 4x2, like x", done.stderr)
        done = self.run_on({"x": RIGHT["x"], "dx": RIGHT["dx"]})
        self.assertEqual(done.returncode, 3)
        self.assertIn("no array is called dout", done.stderr)
        for alone, missing in (("x", "dout"), ("dx", "x"), ("foo", "x")):
            done = self.run_on({alone: RIGHT["x"]})
            self.assertEqual(done.returncode, 3)
            self.assertIn(f"no array is called {missing};", done.stderr)

    def test_nothing_to_tell(self):
        found = self.report(self.some())
        self.assertEqual(found["verdict"], "cannot-tell")
        found = self.report(self.some(dout=[[1., 1.]] * 4, dx=[[0., 0.]] * 4))
        self.assertEqual(found["verdict"], "cannot-tell")
        self.assertIn("dout is constant in every feature: dx and dgamma are 0 "
                      "on paper", found["probe_warnings"])

    def test_eval(self):
        """Held statistics: dx = gamma r dout."""
        dx = [[5., 2.], [-5., 0.], [15., 1.], [5., 3.]]
        options = ["--mode", "eval", "--running-mean", "2,0", "--running-var",
                   "4,16"]
        found = self.report(self.some(dx=dx, dvar=[0., 0.]), *options)
        self.assertEqual(found["verdict"], "ok")
        self.assertEqual(found["arrays"]["dvar"]["state"], "unused")
        found = self.report(self.some(dx=RIGHT["dx"]), *options)
        self.assertEqual(found["verdict"], "wrong")

    def test_running_statistics(self):
        """mean 3, 3; var 25, 4; N = 4: the step of each convention."""
        before = {"running_mean": [1., 2.], "running_var": [5., 8.]}
        steps = {"torch": (.1, [4 / 3 * 25, 4 / 3 * 4]),
                 "cs231n": (.1, [25., 4.]), "keras": (.01, [25., 4.])}
        for name, (w, var) in steps.items():
            after = {"new_running_mean": [(1 - w) * 1 + w * 3,
                                          (1 - w) * 2 + w * 3],
                     "new_running_var": [(1 - w) * 5 + w * var[0],
                                         (1 - w) * 8 + w * var[1]]}
            found = self.report(self.some(**before, **after))
            self.assertEqual(found["verdict"], "ok")
            self.assertIn(name, found["running_statistics"]["conventions"])
            self.assertTrue(found["arrays"]["new_running_var"]["ok"])
            found = self.report(self.some(**before, **after), "--convention",
                                "paper")
            self.assertEqual(found["verdict"], "wrong")
        start = {"new_running_mean": [.3, .3], "new_running_var": [2.5, .4]}
        found = self.report(self.some("out", **start))
        self.assertEqual(found["running_statistics"]["conventions"], ["cs231n"])
        turned = {"new_running_mean": [.1 * 1 + .9 * 3, .1 * 2 + .9 * 3]}
        found = self.report(self.some(**before, **turned))
        self.assertEqual(found["verdict"], "wrong")
        self.assertAlmostEqual(
            found["running_statistics"]["weight_of_new_mean"], .9)
        done = self.run_on(self.some(**before, **turned))
        self.assertIn("in the other sense", done.stdout)
        own = {"new_running_mean": [.7 * 1 + .3 * 3, .7 * 2 + .3 * 3],
               "new_running_var": [.7 * 5 + .3 * 25, .7 * 8 + .3 * 4]}
        self.assertEqual(self.report(self.some(**before, **own))["verdict"],
                         "ok")
        std = {"new_running_var": [.9 * 5 + .1 * 5, .9 * 8 + .1 * 2]}
        done = self.run_on(self.some(**before, **std), "--eps", "0")
        self.assertIn("the deviation, not the variance",
                      " ".join(done.stdout.split()))
        done = self.run_on(self.some("out", running_mean=[.3, .3],
                                     running_var=[2.5, .4]), "--eps", "0")
        self.assertIn("are what cs231n has after one step", done.stderr)
        options = ["--mode", "eval"]
        found = self.report(self.some(**before, new_running_mean=[1., 2.]),
                            *options)
        self.assertEqual(found["verdict"], "ok")
        found = self.report(self.some(**before, new_running_mean=[1., 3.]),
                            *options)
        self.assertEqual(found["verdict"], "wrong")

    def test_shapes_that_a_mistake_explains(self):
        x = [[-4., 1., 2.], [2., 1., 0.], [4., 5., 3.], [10., 5., 7.]]
        dout = [[1., 2., 5.], [-1., 0., 1.], [3., 1., -2.], [1., 3., .5]]
        mine = {"x": x, "dout": dout, "dbeta": [sum(row) for row in dout]}
        found = self.report(mine)
        self.assertEqual([c["id"] for c in found["causes"]],
                         ["dbeta-wrong-axis"])
        mine["dbeta"] = [sum(map(sum, dout))]
        found = self.report(mine)
        self.assertEqual([c["id"] for c in found["causes"]],
                         ["dbeta-summed-over-all"])
        mine["dbeta"] = [1., 2., 3., 4.]
        self.assertEqual(self.run_on(mine).returncode, 3)
        del mine["dbeta"]
        mine["out"] = [list(column) for column in zip(*x)]
        done = self.run_on(mine)
        self.assertEqual(done.returncode, 3)
        self.assertIn("out is 3x4 but must be 4x3, like x: it is transposed, "
                      "save out.T", done.stderr)
        mine = {key: [list(column) for column in zip(*RIGHT[key])]
                for key in ("x", "dout", "dx")}
        done = self.run_on({**mine, "gamma": RIGHT["gamma"]})
        self.assertEqual(done.returncode, 3)
        self.assertIn("x is 2x4 and gamma has 2 values: x is transposed",
                      done.stderr)

    def test_probe(self):
        with tempfile.TemporaryDirectory() as folder:
            def run(*arguments):
                return subprocess.run([os.path.abspath(XHAT), "check",
                                       *arguments], cwd=folder, text=True,
                                      capture_output=True, check=False)
            self.assertEqual(run("--make-probe", "p.npz").returncode, 0)
            self.assertEqual(run("--make-probe", "p.npz").returncode, 5)
            found = json.loads(run("p.npz", "--json").stdout)
            self.assertEqual(found["verdict"], "cannot-tell")
            self.assertEqual(found["probe_warnings"], [])
            self.assertEqual(found["not_shown"], [])
            for layout in ("ncl", "nchw", "ncdhw", "nlc", "nhwc", "ndhwc"):
                name = layout + ".npz"
                self.assertEqual(run("--make-probe", name, "--layout",
                                     layout).returncode, 0)
                found = json.loads(run(name, "--layout", layout,
                                       "--json").stdout)
                self.assertEqual(found["not_shown"], [], layout)
            self.assertEqual(run("--make-probe", "p.xyz").returncode, 2)
        self.assertEqual(self.run_on({}).returncode, 3)

    def test_the_list_of_mistakes(self):
        done = subprocess.run([os.path.abspath(XHAT), "check",
                               "--list-mistakes"], capture_output=True,
                              text=True, check=True)
        self.assertTrue(all(len(line) <= 80
                            for line in done.stdout.splitlines()))
        done = subprocess.run([os.path.abspath(XHAT), "check", "--json",
                               "--list-mistakes"], capture_output=True,
                              text=True, check=True)
        listed = json.loads(done.stdout)
        self.assertGreaterEqual(len(listed), 30)
        self.assertEqual(sorted(listed[0]), ["fix", "gate", "id", "telling",
                                             "text", "title"])

    def test_inputs_that_hide_are_said(self):
        mine = {"x": RIGHT["x"], "dout": RIGHT["dout"],
                "dbeta": RIGHT["dbeta"]}
        done = self.run_on(mine, "--eps", "0")
        self.assertEqual(done.returncode, 0)
        self.assertIn("known mistakes would not show", done.stderr)
        found = self.report(mine)
        self.assertIn("gamma-forgotten", found["not_shown"])
        self.assertNotIn("dbeta-averaged", found["not_shown"])

    def test_a_nan_is_wrong(self):
        nan = float("nan")
        found = self.report(self.some("out", dgamma=[nan, 2.]))
        self.assertEqual(found["first_wrong_gate"], 8)
        self.assertEqual(found["arrays"]["dgamma"]["at"], [0])


if __name__ == "__main__":
    unittest.main()
