"""Models that others open: what PyTorch, onnx and onnxruntime make of them.

Nets are trained by the command, written by it, and run by the other side; its
answers must be ours to 1e-5.  What is not installed is skipped, with a notice.
The program is named by XHAT, the virtual environment with onnxruntime by
XHAT_ENVIRONMENT."""
import json
import math
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

import numpy as np

from other_side import (ENGINES, RUNTIME, onnx, read_onnx, run_numpy,
                        run_onnx, safetensors, torch, torch_net)

XHAT = os.path.abspath(os.environ.get("XHAT", "build/xhat"))
TOLERANCE = 1e-5


def table(path, gaps=False, numbers=False):
    """Two columns of numbers, one of text, and a label."""
    draw = random.Random(3)
    lines = ["length,color,depth,kind"]
    for i in range(90):
        kind = i % 3
        length = 50 + 4 * kind + draw.gauss(0, 1)
        depth = 2e-3 * (2 - kind) + draw.gauss(0, 1e-3)
        color = ["red", "green", "blue"][(kind + (draw.random() < .2)) % 3]
        label = (f"{100 + 3 * length + 1000 * depth + draw.gauss(0, .5):.4f}"
                 if numbers else ["ash", "elm", "oak"][kind])
        depth = "" if gaps and i % 7 == 5 else f"{depth:.6f}"
        color = "?" if gaps and i % 11 == 3 else color
        lines.append(f"{length:.3f},{color},{depth},{label}")
    path.write_text("\n".join(lines) + "\n")


def features(path):
    """The table as a net takes it: length, blue, green, red, depth."""
    rows = []
    for line in path.read_text().splitlines()[1:]:
        length, color, depth, _ = line.split(",")
        hot = [math.nan] * 3 if color == "?" else [
            float(color == name) for name in ("blue", "green", "red")]
        rows.append([float(length), *hot,
                     float(depth) if depth else math.nan])
    return np.array(rows)


class Models(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.data = self.folder / "trees.csv"

    def xhat(self, *words, code=0):
        done = subprocess.run([XHAT, *map(str, words)], cwd=self.folder,
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, code,
                         f"{words}: {done.stdout}{done.stderr}")
        return done

    def trained(self, *words, gaps=False, numbers=False):
        table(self.data, gaps, numbers)
        self.xhat("train", self.data, "--hidden", "12,9", "--epochs", 4,
                  "--batch-size", 10, "-o", "run", "--force", *words)
        return json.loads((self.folder / "run/run.json").read_text())

    def predictions(self, model="run"):
        """(rows, classes) in the order of the classes, or (rows, 1)."""
        rows = json.loads(self.xhat("predict", model, self.data, "--top", 99,
                                    "--json", "--quiet").stdout)
        if "top" not in rows[0]:
            return np.array([[row["prediction"]] for row in rows])
        return np.array([[entry["probability"] for entry in sorted(
            row["top"], key=lambda entry: entry["class"])] for row in rows])

    def standardized(self, metadata):
        document = json.loads(metadata["xhat"])
        x = (features(self.data) - document["input_mean"]) * np.array(
            document["input_scale"])
        return np.nan_to_num(x, nan=0), document

    def check_close(self, ours, theirs):
        self.assertEqual(ours.shape, theirs.shape)
        self.assertTrue(np.isfinite(theirs).all())
        scale = np.maximum(1, np.abs(ours).max())
        self.assertLess(np.abs(ours - theirs).max() / scale, TOLERANCE)

    VARIANTS = (
        [], ["--norm", "none"], ["--norm", "layer"], ["--dropout", "0.8"],
        ["--norm", "layer", "--dropout", "0.8", "--loss", "hinge"],
        ["--hidden", "none"], ["--keep-bias"])

    # ---- PyTorch

    @unittest.skipUnless(torch, "PyTorch (python3-torch) is not installed")
    def test_pytorch_takes_the_state_dict_as_it_is(self):
        for words in self.VARIANTS:
            with self.subTest(words):
                run = self.trained(*words)
                tensors, metadata = safetensors(
                    self.folder / "run/model.safetensors")
                net = torch_net(tensors, run)
                x, _ = self.standardized(metadata)
                with torch.no_grad():
                    scores = net(torch.from_numpy(x.astype(np.float32)))
                    theirs = torch.softmax(scores.double(), 1).numpy()
                self.check_close(self.predictions(), theirs)
                if run["options"]["norm"] == "batch" and not (
                        "none" in words):
                    count = tensors["1.num_batches_tracked"]
                    self.assertEqual(count.shape, ())
                    self.assertEqual(count.dtype, np.int64)
                    self.assertEqual(
                        int(count), run["result"]["last_epoch"]["step"])

    @unittest.skipUnless(torch, "PyTorch (python3-torch) is not installed")
    def test_pytorch_takes_a_folded_net_and_raw_rows(self):
        for words in ([], ["--norm", "layer"], ["--hidden", "none"]):
            for fold in ([], ["--fold-norm"]):
                with self.subTest(words + fold):
                    run = self.trained(*words)
                    self.xhat("export", "run", "-o", "raw.safetensors",
                              "--standardize", "--force", *fold)
                    tensors, _ = safetensors(self.folder / "raw.safetensors")
                    options = run["options"]
                    options["keep_bias"] = True
                    if fold and options["norm"] == "batch":
                        options["norm"] = "none"
                    net = torch_net(tensors, run).double()
                    with torch.no_grad():
                        theirs = torch.softmax(net(torch.from_numpy(
                            features(self.data))), 1).numpy()
                    self.check_close(self.predictions(), theirs)
                    self.check_close(self.predictions("raw.safetensors"),
                                     theirs)

    # ---- ONNX

    def onnx_files(self, words, **data):
        """(path, input, name) of every way to export one trained net."""
        self.trained(*words, **data)
        _, metadata = safetensors(self.folder / "run/model.safetensors")
        x, _ = self.standardized(metadata)
        files = []
        for fold in ([], ["--fold-norm"]):
            for standardize in ([], ["--standardize"]):
                path = self.folder / f"net-{len(files)}.onnx"
                self.xhat("export", "run", "-o", path, "--force", *fold,
                          *standardize)
                files.append((path, features(self.data) if standardize else x,
                              words + fold + standardize))
        return files

    def check_runtime(self, output, *words, **data):
        """The `output` of every such file is what we predict, in onnxruntime
        and in the reference that comes with onnx."""
        files = self.onnx_files(list(words), **data)
        ours = self.predictions()
        for engine in ENGINES:
            outs = run_onnx(self.folder, [(path, x) for path, x, _ in files],
                            engine)
            for (_, x, name), out in zip(files, outs):
                with self.subTest(engine=engine, words=name):
                    self.check_close(ours, out[output])
        return files, ours, outs

    @unittest.skipUnless(onnx, "onnx (python3-onnx) is not installed")
    def test_the_checker_of_onnx_is_content(self):
        for words in self.VARIANTS:
            for path, _, name in self.onnx_files(words):
                with self.subTest(name):
                    model = onnx.load(str(path))
                    onnx.checker.check_model(model, full_check=True)
                    self.assertEqual(model.opset_import[0].version, 15)

    @unittest.skipUnless(RUNTIME, "onnxruntime and onnx are not "
                         "installed (scripts/python-environment.sh)")
    def test_onnx_predicts_the_same(self):
        for words in self.VARIANTS:
            self.check_runtime("probabilities", *words)

    @unittest.skipUnless(RUNTIME, "onnxruntime and onnx are not "
                         "installed (scripts/python-environment.sh)")
    def test_onnx_fills_in_what_is_missing(self):
        files, _, _ = self.check_runtime("probabilities", "--missing", "mean",
                                         gaps=True)
        for _, x, name in files:
            self.assertEqual(np.isnan(x).any(), "--standardize" in name)

    @unittest.skipUnless(RUNTIME, "onnxruntime and onnx are not "
                         "installed (scripts/python-environment.sh)")
    def test_onnx_predicts_numbers_in_their_units(self):
        _, ours, outs = self.check_runtime(
            "prediction", "--loss", "squared", "--label", "kind", numbers=True)
        self.assertGreater(ours.min(), 100)
        for out in outs:
            self.assertEqual(list(out), ["prediction"])

    def test_the_structure_of_an_onnx_file(self):
        """Without other programs: what is in it, computed with NumPy."""
        for path, x, name in self.onnx_files([]):
            with self.subTest(name):
                model = read_onnx(path)
                self.assertEqual((model["ir"], model["opset"]), (8, 15))
                self.assertEqual(model["inputs"], ["x"])
                self.assertEqual(model["outputs"], ["probabilities", "scores"])
                self.assertEqual(json.loads(model["metadata"]["xhat"])
                                 ["classes"], ["ash", "elm", "oak"])
                known = {"x", *model["arrays"]}
                used = set()
                for node in model["nodes"]: # in order of execution
                    self.assertLessEqual(set(node["inputs"]), known)
                    used |= set(node["inputs"])
                    known |= set(node["outputs"])
                self.assertLessEqual(set(model["outputs"]), known)
                self.assertLessEqual(set(model["arrays"]), used)
                self.check_close(self.predictions(), run_numpy(model, x))
                folded = "--fold-norm" in name
                self.assertEqual(
                    "BatchNormalization" in [n["op"] for n in model["nodes"]],
                    not folded)

    # ---- inspect

    def inspected(self, file):
        return json.loads(self.xhat("inspect", file, "--json").stdout)

    def test_inspect_tells_parameters_from_statistics(self):
        self.trained()
        tensors, _ = safetensors(self.folder / "run/model.safetensors")
        self.xhat("export", "run", "-o", "net.onnx")
        for file in ("run", "run/model.safetensors", "net.onnx"):
            found = self.inspected(file)
            self.assertEqual(found["parameters"],
                             5 * 12 + 2 * 12 + 12 * 9 + 2 * 9 + 9 * 3 + 3)
            self.assertEqual(found["statistics"],
                             2 * 12 + 2 * 9 + (0 if "onnx" in file else 2))
            for array in found["arrays"]:
                values = tensors[array["name"]]
                self.assertEqual(tuple(array["shape"]), values.shape)
                self.assertEqual(array["dtype"], str(values.dtype))
                self.assertEqual(array["role"], "statistic" if
                                 "running" in array["name"] or
                                 "num" in array["name"] else "parameter")
                for key, expected in (("min", values.min()),
                                      ("max", values.max()),
                                      ("mean", values.mean(dtype=float)),
                                      ("deviation", values.std(dtype=float))):
                    self.assertAlmostEqual(array[key], float(expected), 6)
        text = self.xhat("inspect", "run").stdout
        for part in ("5-12-9-3, batch norm", "classes     ash, elm, oak",
                     "finished, 4 epochs", "parameters  240",
                     "statistics  44, not counted"):
            self.assertIn(part, text)
        self.assertIn("nodes       Gemm BatchNormalization Relu Gemm",
                      self.xhat("inspect", "net.onnx").stdout)

    def test_inspect_finds_what_is_not_finite(self):
        np.savez(self.folder / "a.npz", x=np.array(
            [[1, np.nan, 3], [np.inf, -np.inf, np.nan]]), whole=np.arange(4),
            none=np.full(2, np.nan))
        found = {a["name"]: a for a in self.inspected("a.npz")["arrays"]}
        self.assertEqual((found["x"]["nan"], found["x"]["inf"]), (2, 2))
        self.assertEqual((found["x"]["min"], found["x"]["max"]), (1, 3))
        self.assertEqual(found["whole"]["mean"], 1.5)
        self.assertIsNone(found["none"]["mean"])
        text = self.xhat("inspect", "a.npz").stdout
        self.assertTrue(all(len(line) <= 80 for line in text.splitlines()))
        self.assertRegex(text, "none +float64 +2 +- +- +- +2 +0")

    def test_inspect_tables(self):
        table(self.data, gaps=True)
        found = self.inspected("trees.csv")
        self.assertEqual((found["format"], found["rows"]), ("table", 90))
        columns = {c["name"]: c for c in found["columns"]}
        self.assertEqual(columns["color"]["type"], "text")
        self.assertEqual(columns["color"]["different"], 4) # "?" is one
        self.assertEqual(columns["depth"]["missing"], 13)
        text = self.xhat("inspect", "trees.csv").stdout
        self.assertRegex(text, "kind +text +0 +3 different texts")

    def test_inspect_errors(self):
        (self.folder / "empty").mkdir()
        for file, code, message in (
                ("nothing.npz", 3, "nothing.npz"), ("empty", 3, "no run"),
                ("bad.bin", 3, "not a file of arrays")):
            (self.folder / "bad.bin").write_bytes(b"\0\1\2\3" * 9)
            done = self.xhat("inspect", file, code=code)
            self.assertIn(message, done.stderr)

    # ---- eval and predict

    def test_messages_name_what_was_given(self):
        self.xhat("train", "spiral", "--epochs", 1, "--hidden", 4, "-o", "run")
        said = self.xhat("predict", "run", "1,nan", code=3).stderr
        self.assertIn("row 0, feature 1 (both from 0) is nan", said)
        done = subprocess.run([XHAT, "predict", "run", "-"], input="1,2\n",
                              cwd=self.folder, text=True, capture_output=True)
        self.assertIn("all rows of standard input, 1 row\n", done.stderr)
        self.xhat("export", "run", "-o", "net.onnx")
        said = self.xhat("predict", "net.onnx", "1,2", code=3).stderr
        self.assertIn("net.onnx is no model.safetensors but onnx", said)

    def test_neither_order_nor_threads_change_what_eval_says(self):
        self.trained()
        rows = self.data.read_text().splitlines()
        answers = set()
        for seed in range(4):
            shuffled = rows[1:]
            random.Random(seed).shuffle(shuffled)
            self.data.write_text("\n".join([rows[0], *shuffled]) + "\n")
            found = json.loads(self.xhat("eval", "run", self.data, "--json",
                                         "--confusion", "--threads",
                                         1 + seed % 2).stdout)
            del found["rows_per_second"]
            answers.add(json.dumps(found))
        self.assertEqual(len(answers), 1)

    def test_a_row_alone_is_predicted_as_among_others(self):
        self.trained()
        lines = self.data.read_text().splitlines()
        together = self.xhat("predict", "run", self.data).stdout.splitlines()
        for i in (0, 41, 89):
            done = subprocess.run(
                [XHAT, "predict", "run", "-"], cwd=self.folder, text=True,
                input=f"{lines[0]}\n{lines[i + 1]}\n", capture_output=True)
            self.assertEqual(done.stdout.splitlines(), [together[i]])

    def test_numbers_are_judged_in_their_units(self):
        table(self.data, numbers=True)
        done = self.xhat("train", self.data, "--label", "kind", "--epochs", 60,
                         "--batch-size", 10, "--hidden", "24", "--lr", 0.01, "-o",
                         "run")
        self.assertIn("numbers to predict", done.stderr)
        found = json.loads(self.xhat("eval", "run", self.data, "--json").stdout)
        ours = self.predictions()[:, 0]
        truth = np.array([float(line.split(",")[3]) for line
                          in self.data.read_text().splitlines()[1:]])
        rmse = math.sqrt(((ours - truth) ** 2).mean())
        self.assertAlmostEqual(found["rmse"] / rmse, 1, 5)
        self.assertAlmostEqual(found["r2"], 1 - rmse ** 2 / truth.var(), 5)
        self.assertGreater(found["r2"], 0.9)
        self.assertNotIn("accuracy", found)
        text = self.xhat("eval", "run", self.data).stdout
        self.assertRegex(text, r"rmse +[0-9.]+\nr2 +0\.9[0-9]+\n")
        lines = self.xhat("predict", "run", self.data).stdout.split()
        np.testing.assert_allclose(np.array(lines, float), ours, rtol=1e-6)
        done = self.xhat("eval", "run", self.data, "--confusion", code=2)
        self.assertIn("no classes", done.stderr)
        table(self.data) # texts where numbers were
        self.xhat("eval", "run", self.data, code=3)

    def test_whole_numbers_are_predicted_when_asked(self):
        rows = [f"{i},{3 * i + 7}" for i in range(60)]
        self.data.write_text("x,y\n" + "\n".join(rows) + "\n")
        self.xhat("train", self.data, "--loss", "squared", "--epochs", 3,
                  "-o", "run")
        self.assertIn("rmse", self.xhat("eval", "run", self.data).stdout)
        done = self.xhat("train", self.data, "--epochs", 1, "-o", "classes",
                         "--validation", 0)
        self.assertIn("--loss squared", done.stderr)
        self.data.write_text("x,y\n1,2.5\n2,3.5\n3,4\n") # not named
        done = self.xhat("train", self.data, "-o", "none", code=3)
        self.assertIn("--loss squared", done.stderr)

    # ---- missing values

    def test_missing_values(self):
        table(self.data, gaps=True)
        done = self.xhat("train", self.data, "-o", "none", code=3)
        self.assertIn("trees.csv:5: column 2 (color) is missing", done.stderr)
        self.trained("--missing", "drop", gaps=True)
        done = self.xhat("eval", "run", self.data)
        self.assertIn("left out for lack of a value", done.stderr)
        done = self.xhat("predict", "run", self.data, code=3)
        self.assertIn("trees.csv:5", done.stderr)
        self.assertIn("--missing mean fills in", done.stderr)
        self.assertNotIn("--missing drop", done.stderr) # predict refuses it
        np.save(self.folder / "rows.npy", features(self.data))
        done = self.xhat("predict", "run", "rows.npy", code=3)
        self.assertIn("--missing mean fills in", done.stderr)
        self.assertNotIn("--missing drop", done.stderr)
        done = self.xhat("predict", "run", self.data, "--missing", "drop",
                         code=2)
        self.assertIn("--missing mean fills in", done.stderr)
        done = self.xhat("predict", "run", self.data, "--missing", "mean")
        self.assertEqual(len(done.stdout.splitlines()), 90)
        run = self.trained("--missing", "mean", gaps=True)
        self.assertEqual(run["options"]["missing"], "mean")
        done = self.xhat("predict", "run", self.data)
        self.assertEqual(len(done.stdout.splitlines()), 90)
        self.assertIn("filled in with the mean", done.stderr)

    # ---- tables of others

    def test_tables_of_others(self):
        shared = pathlib.Path(os.environ.get("XHAT_SHARED", "none")) / "data/csv"
        if not shared.exists():
            self.skipTest(f"{shared} is not there")
        for file, words, least in (
                ("iris.data", ["--label", "5,6,7"], 0.95),
                ("wdbc.data", ["--label", "32,33", "--drop", "1"], 0.95),
                ("wine.data", [], 0.98)):
            self.xhat("train", shared / file, *words, "--epochs", 40,
                      "--batch-size", 16, "-o", "run", "--force")
            found = json.loads(self.xhat("eval", "run", shared / file,
                                         "--json").stdout)
            self.assertGreater(found["accuracy"], least, file)
        done = self.xhat("train", shared / "iris.data", "--epochs", 1, "-o",
                         "run", "--force")
        self.assertIn("columns 5, 6 give the label away together", done.stderr)
        self.assertIn("--label 5,6,7", done.stderr)

    def test_export_says_what_it_wrote(self):
        self.trained()
        done = self.xhat("export", "run", "-o", "net.onnx", "--fold-norm",
                         "--json")
        self.assertEqual(json.loads(done.stdout), {
            "file": "net.onnx", "format": "onnx", "net": "5-12-9-3, no norm",
            "parameters": 5 * 12 + 12 + 12 * 9 + 9 + 9 * 3 + 3,
            "folded": True, "standardizes": False})
        self.assertIn("input_mean", done.stderr)

    def test_export_errors(self):
        self.trained()
        for words, code, message in (
                (["run"], 2, "-o says where to"),
                (["run", "-o", "net.h5"], 2, ".onnx or .safetensors"),
                (["nothing", "-o", "net.onnx"], 3, "no such run"),
                (["run", "-o", "no/net.onnx"], 5, "no/net.onnx"),
                (["trees.csv", "-o", "net.onnx"], 3, "trees.csv")):
            done = self.xhat("export", *words, code=code)
            self.assertIn(message, done.stderr)
        (self.folder / "net.onnx").write_text("precious")
        done = self.xhat("export", "run", "-o", "net.onnx", code=5)
        self.assertIn("--force", done.stderr)
        self.assertEqual((self.folder / "net.onnx").read_text(), "precious")
        self.trained("--missing", "mean")
        done = self.xhat("export", "run", "-o", "raw.safetensors",
                         "--standardize", code=2)
        self.assertIn("write .onnx", done.stderr)
        self.assertFalse((self.folder / "raw.safetensors").exists())


if __name__ == "__main__":
    for name, there in (("PyTorch", torch), ("onnx", onnx),
                        ("onnxruntime", RUNTIME)):
        if not there:
            print(f"skipped: {name} is not installed", file=sys.stderr)
    unittest.main()
