"""train, eval, predict and plot as their users run them.

The program is named by the environment variable XHAT."""
import json
import os
import pathlib
import random
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest
import xml.etree.ElementTree as ElementTree

XHAT = os.path.abspath(os.environ.get("XHAT", "build/xhat"))
SHARED = pathlib.Path(os.environ.get(
    "XHAT_SHARED",
    pathlib.Path(__file__).resolve().parents[2].parent / "shared"))
IRIS = SHARED / "data/csv/iris.data"
WINE = SHARED / "data/csv/wine.data"


def flowers(path, rows=60, header=True):
    """A table of two kinds that a net tells apart easily."""
    draw = random.Random(1)
    lines = ["length,width,constant,species"] if header else []
    for i in range(rows):
        kind = i % 2
        lines.append(f"{5 + kind + draw.gauss(0, .2):.3f},"
                     f"{2 - kind + draw.gauss(0, .2):.3f},7,"
                     f"{['lily', 'rose'][kind]}")
    pathlib.Path(path).write_text("\n".join(lines) + "\n")


def tensors(path):
    data = pathlib.Path(path).read_bytes()
    length, = struct.unpack("<Q", data[:8])
    return json.loads(data[8:8 + length])


NET = os.environ.get("XHAT_HAVE_NET", "1") != "0"


@unittest.skipIf(NET, "this build has nets")
class WithoutNets(unittest.TestCase):
    def test_each_command_says_what_is_missing(self):
        for words in (["train", "xor"], ["eval", "a", "b"],
                      ["predict", "a", "b"], ["plot", "a"]):
            done = subprocess.run([XHAT, *words], capture_output=True,
                                  text=True)
            self.assertEqual(done.returncode, 2)
            self.assertIn("built without OpenBLAS", done.stderr)


@unittest.skipUnless(NET, "this build has no nets")
class Commands(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def xhat(self, *words, code=0, stdin=None):
        done = subprocess.run([XHAT, *map(str, words)], input=stdin,
                              cwd=self.folder, capture_output=True, text=True,
                              timeout=120)
        self.assertEqual(done.returncode, code,
                         f"{words}: {done.stdout}{done.stderr}")
        return done

    def path(self, name):
        return self.folder / name

    def trained(self, *words, code=0):
        flowers(self.path("flowers.csv"))
        return self.xhat("train", "flowers.csv", "--epochs", 20,
                         "--batch-size", 10, "-o", "run", *words, code=code)

    # ---- train

    def test_a_run_folder_holds_what_it_should(self):
        done = self.trained()
        run = json.loads(self.path("run/run.json").read_text())
        self.assertEqual(run["result"]["status"], "finished")
        self.assertEqual(run["options"]["optimizer"], "adam")
        self.assertEqual(run["options"]["seed"], 0)
        self.assertEqual(run["data"]["classes"], ["lily", "rose"])
        self.assertEqual(run["data"]["train_rows"], 54)
        self.assertEqual(run["data"]["validation_rows"], 6)
        self.assertRegex(run["data"]["hash"], "^fnv1a64:[0-9a-f]{16}$")
        lines = self.path("run/metrics.jsonl").read_text().splitlines()
        self.assertEqual(len(lines), 20)
        last = json.loads(lines[-1])
        self.assertEqual(last["epoch"], 20)
        self.assertEqual(last["step"], 20 * 6)
        self.assertEqual(last["validation_accuracy"], 1)
        self.assertNotIn("test_loss", last)
        ElementTree.parse(self.path("run/curves.svg"))
        self.assertEqual(
            set(tensors(self.path("run/model.safetensors")))
            - {"__metadata__"},
            {f"{i}.{name}" for i in (1, 4) for name in (
                "weight", "bias", "running_mean", "running_var",
                "num_batches_tracked")}
            | {"0.weight", "3.weight", "6.weight", "6.bias"})
        table = done.stdout.splitlines()
        self.assertEqual(len(table), 2)
        self.assertTrue(all(len(line) <= 80 for line in table))
        self.assertEqual(done.stderr.count("epoch"), 20)
        self.assertNotIn("\r", done.stderr)

    def test_two_runs_are_equal_and_another_seed_is_not(self):
        flowers(self.path("flowers.csv"))
        models = []
        for seed in (7, 7, 8):
            self.xhat("train", "flowers.csv", "--epochs", 3, "--seed", seed,
                      "--threads", 2, "-o", f"run{len(models)}")
            models.append(self.path(
                f"run{len(models)}/model.safetensors").read_bytes())
        self.assertEqual(models[0], models[1])
        self.assertNotEqual(models[0], models[2])

    def test_the_default_folder_is_fresh(self):
        for i in (1, 2):
            self.xhat("train", "xor", "--epochs", 1)
            self.assertTrue(self.path(f"runs/xor-{i}/run.json").exists())

    def test_an_existing_run_is_kept(self):
        self.trained()
        before = self.path("run/run.json").read_bytes()
        done = self.trained("--seed", 1, code=5)
        self.assertIn("--force", done.stderr)
        self.assertEqual(self.path("run/run.json").read_bytes(), before)
        self.trained("--seed", 1, "--force")
        self.assertNotEqual(self.path("run/run.json").read_bytes(), before)

    def test_baseline(self):
        done = self.trained("--baseline")
        self.assertEqual([line[:10] for line in done.stdout.splitlines()],
                         [" " * 10, "batch norm", "no norm   "])
        names = tensors(self.path("run/baseline/model.safetensors"))
        self.assertIn("0.bias", names)
        self.assertNotIn("1.running_mean", names)
        picture = self.path("run/curves.svg").read_text()
        for name in ("batch norm train", "no norm validation"):
            self.assertIn(name, picture)

    def test_json_is_a_line_an_event(self):
        done = self.trained("--json", "--baseline", "--quiet")
        events = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([e["event"] for e in events],
                         (["begin"] + ["epoch"] * 20 + ["end"]) * 2)
        self.assertEqual(events[21]["status"], "finished")
        self.assertEqual(events[22]["norm"], "none")
        self.assertEqual(done.stderr, "")

    def test_every_option(self):
        for words in (["--optimizer", "sgd", "--lr", ".05"],
                      ["--optimizer", "momentum", "--reg", "1e-3"],
                      ["--norm", "none", "--init", "xavier"],
                      ["--hidden", "8x3", "--weight-scale", "0.1"],
                      ["--hidden", "none", "--validation", "0"],
                      ["--hidden", "9,3x2", "--validation", "10"],
                      ["--label", "species", "--lr-decay", "1"]):
            self.trained(*words, "--force")
        run = json.loads(self.path("run/run.json").read_text())
        self.assertEqual(run["net"], "3-100-100-2, batch norm")

    def test_usage_errors(self):
        for words, message in (
                (["--hidden", "5x"], "--hidden"),
                (["--hidden", "0"], "--hidden"),
                (["--batch-size", "1"], "--batch-size"),
                (["--epochs", "0"], "--epochs"),
                (["--lr", "0"], "--lr"),
                (["--optimizer", "adm"], "adam"),
                (["--validation", "1.5"], "--validation"),
                (["--init", "he", "--weight-scale", "1"], "give one"),
                (["--norm", "none", "--baseline"], "--baseline")):
            done = self.trained(*words, code=2)
            self.assertIn(message, done.stderr)
            self.assertFalse(self.path("run").exists())

    def test_data_errors(self):
        for text, message in (
                ("a,b,y\n1,x,u\n2,y,v\n", "t.csv:2: column 2 (b)"),
                ("a,y\n1,u\nnan,v\n", "t.csv:3: column 1 (a)"),
                ("a,y\n1,0.5\n2,1\n", "t.csv:2: the label 0.5 (y)"),
                ("a,y\n1,u\n", "1 rows"),
                ("a,y\n1,u\n2,v\n3\n", "t.csv:4")):
            self.path("t.csv").write_text(text)
            done = self.xhat("train", "t.csv", "-o", "run", code=3)
            self.assertIn(message, done.stderr)
            self.assertFalse(self.path("run").exists())
        self.xhat("train", "nothing.csv", "-o", "run", code=3)

    def test_one_class_is_warned_of(self):
        self.path("t.csv").write_text("a,y\n1,u\n2,u\n3,u\n")
        done = self.xhat("train", "t.csv", "-o", "run", "--epochs", 1)
        self.assertIn("one class only (u)", done.stderr)

    def test_divergence(self):
        done = self.xhat("train", "spiral", "--optimizer", "sgd", "--lr",
                         "1e20", "--norm", "none", "-o", "run", code=4)
        self.assertIn("at step 2", done.stderr)
        self.assertIn("first not finite", done.stderr)
        run = json.loads(self.path("run/run.json").read_text())
        self.assertEqual(run["result"]["status"], "diverged")
        self.assertFalse(self.path("run/model.safetensors").exists())

    def interrupted_run(self, *words):
        process = subprocess.Popen(
            [XHAT, "train", "spiral", "--epochs", "100000", "-o", "run",
             *words], cwd=self.folder, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        metrics = self.path("run/metrics.jsonl")
        end = time.time() + 60
        while not (metrics.exists() and metrics.stat().st_size):
            self.assertLess(time.time(), end)
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def test_an_interrupted_run_is_saved(self):
        code, out, err = self.interrupted_run("--baseline")
        self.assertEqual(code, 0, err)
        self.assertRegex(err, "stopped after step [0-9]+ of")
        self.assertIn("interrupted", out)
        self.assertFalse(self.path("run/baseline").exists())
        run = json.loads(self.path("run/run.json").read_text())
        self.assertEqual(run["result"]["status"], "interrupted")
        self.xhat("eval", "run", "spiral")

    # ---- eval

    def test_eval(self):
        self.trained()
        done = self.xhat("eval", "run", "flowers.csv", "--json",
                         "--confusion", "--per-class")
        result = json.loads(done.stdout)
        self.assertEqual(result["n"], 60)
        self.assertEqual(result["accuracy"], 1)
        self.assertLess(result["loss"], 0.2)
        self.assertEqual(result["confusion"], [[30, 0], [0, 30]])
        self.assertEqual(result["per_class"][1]["recall"], 1)
        low, high = result["accuracy_95"]
        self.assertAlmostEqual(low, 0.93982, places=4)
        self.assertEqual(result["part"], "all rows")
        text = self.xhat("eval", "run/model.safetensors", "flowers.csv",
                         "--confusion", "--per-class").stdout
        self.assertRegex(text, r"accuracy +100\.00% +\(95% interval 93\.98%")
        self.assertRegex(text, r"lily +30 +0\n")

    def test_eval_takes_the_test_set(self):
        self.xhat("train", "spiral", "--epochs", 2, "-o", "run")
        result = json.loads(
            self.xhat("eval", "run", "spiral", "--json").stdout)
        self.assertEqual((result["part"], result["n"]), ("test set", 300))
        last = json.loads(
            self.path("run/metrics.jsonl").read_text().splitlines()[-1])
        self.assertEqual(result["accuracy"], last["test_accuracy"])
        self.assertAlmostEqual(result["loss"], last["test_loss"], places=5)

    def test_eval_errors(self):
        self.trained()
        self.path("t.csv").write_text("1,2,3,4,rose\n2,3,4,5,lily\n")
        done = self.xhat("eval", "run", "t.csv", code=3)
        self.assertIn("4 features but the model takes 3", done.stderr)
        self.path("t.csv").write_text("1,2,3,tulip\n2,3,4,lily\n")
        done = self.xhat("eval", "run", "t.csv", code=3)
        self.assertIn('"tulip" is unknown to the model', done.stderr)
        self.xhat("eval", "nowhere", "flowers.csv", code=3)
        self.xhat("eval", "flowers.csv", "flowers.csv", code=3)

    # ---- predict

    def test_predict_keeps_the_order(self):
        self.trained()
        lines = self.xhat("predict", "run", "flowers.csv").stdout.splitlines()
        self.assertEqual([line.split("\t")[0] for line in lines],
                         ["lily", "rose"] * 30)
        text = self.path("flowers.csv").read_text()
        bare = re.sub(",[a-z]*$", "", text, flags=re.M)
        done = self.xhat("predict", "run", "-", stdin=bare)
        self.assertEqual(done.stdout.splitlines(), lines)
        top = self.xhat("predict", "run", "flowers.csv", "--top", 9).stdout
        name, first, other, second = top.splitlines()[0].split("\t")
        self.assertEqual((name, other), ("lily", "rose"))
        self.assertAlmostEqual(float(first) + float(second), 1, places=5)
        rows = json.loads(
            self.xhat("predict", "run", "flowers.csv", "--json").stdout)
        self.assertEqual([row["row"] for row in rows], list(range(60)))
        self.assertEqual(rows[1]["class"], "rose")

    def test_predict_leaves_a_column_out(self):
        self.trained()
        self.path("t.csv").write_text("id,a,b,c\n1,5,2,7\n2,6,1,7\n")
        done = self.xhat("predict", "run", "t.csv", code=3)
        self.assertIn("--label", done.stderr)
        done = self.xhat("predict", "run", "t.csv", "--label", "id")
        self.assertEqual([line[:4] for line in done.stdout.splitlines()],
                         ["lily", "rose"])

    # ---- plot

    def test_plot(self):
        self.trained("--baseline")
        self.xhat("plot", "run", "run/baseline/", "-o", "all.svg")
        picture = self.path("all.svg").read_text()
        ElementTree.fromstring(picture)
        self.assertIn("baseline validation", picture)
        self.assertIn("prefers-color-scheme", picture)
        self.xhat("plot", "run", "-o", "all.svg", code=5)
        self.xhat("plot", "run", "-o", "all.png", code=2)
        self.xhat("plot", "nowhere", "-o", "b.svg", code=3)
        self.assertTrue(
            self.xhat("plot", "run").stdout.startswith("<svg"))

    # ---- real tables

    @unittest.skipUnless(IRIS.exists(), f"{IRIS} is not there")
    def test_iris(self):
        self.xhat("train", IRIS, "--epochs", 40, "--batch-size", 16, "-o",
                  "run")
        result = json.loads(self.xhat("eval", "run", IRIS, "--json").stdout)
        self.assertEqual(result["n"], 150)
        self.assertGreater(result["accuracy"], 0.95)

    @unittest.skipUnless(WINE.exists(), f"{WINE} is not there")
    def test_wine_has_text_labels(self):
        self.xhat("train", WINE, "--epochs", 40, "--batch-size", 16, "-o",
                  "run")
        result = json.loads(self.xhat("eval", "run", WINE, "--json").stdout)
        self.assertEqual(result["classes"], ["y1", "y2", "y3"])
        self.assertGreater(result["accuracy"], 0.95)


if __name__ == "__main__":
    unittest.main()
