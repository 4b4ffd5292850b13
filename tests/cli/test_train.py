"""train, eval, predict and plot as their users run them.

The program is named by the environment variable XHAT."""
import json
import os
import pathlib
import pty
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
import zipfile

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
        self.assertEqual(len(re.findall(r"epoch \d+/20", done.stderr)), 20)
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

    def test_a_failing_run_leaves_the_one_before(self):
        """diverging, killed, interrupted, and then a good one"""
        self.trained()
        good = self.path("run/model.safetensors").read_bytes()
        kept = self.path("run.old/model.safetensors")
        done = self.xhat("train", "spiral", "--optimizer", "sgd", "--lr",
                         "1e20", "--norm", "none", "-o", "run", "--force",
                         code=4)
        self.assertIn("the run before is in run.old", done.stderr)
        self.assertEqual(kept.read_bytes(), good)
        for stop in (signal.SIGKILL, signal.SIGINT):
            self.interrupted_run("--force", stop=stop)
            self.assertEqual(kept.read_bytes(), good)
            self.xhat("eval", "run", "spiral")  # a kill leaves a model
        self.path("run/notes.txt").write_text("mine")
        self.trained("--force", "--seed", 1)
        self.assertFalse(self.path("run.old").exists())
        self.assertTrue(self.path("run/notes.txt").exists())
        self.assertNotEqual(
            self.path("run/model.safetensors").read_bytes(), good)

    def test_a_full_disk_is_noticed_after_an_epoch(self):
        self.trained()
        flowers(self.path("flowers.csv"))
        limit = "ulimit -f 20; trap '' XFSZ; exec \"$@\""  # KiB or less
        done = subprocess.run(
            ["bash", "-c", limit, "-", XHAT, "train", "flowers.csv", "-o",
             "run", "--force"], cwd=self.folder, capture_output=True,
            text=True)
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertEqual(done.stderr.count("epoch"), 1)
        self.assertIn("the run before is in run.old", done.stderr)
        self.assertTrue(self.path("run.old/model.safetensors").exists())

    def test_lines_fit_in_80_columns(self):
        done = self.xhat("train", "digits-like", "--hidden", 8, "--epochs",
                         10, "--baseline", "-o", "run")
        lines = [line for line in done.stderr.splitlines()
                 if re.search(r"epoch \d+/", line)]
        self.assertEqual(len(lines), 20)
        self.assertEqual([line for line in lines if len(line) > 80], [])
        self.assertRegex(lines[9], "batch norm  epoch 10/10  loss .* test")

    def test_a_dumb_terminal_gets_plain_lines(self):
        for term, expected in (("dumb", 0), ("xterm", 1)):
            main, other = pty.openpty()
            process = subprocess.Popen(
                [XHAT, "train", "xor", "--epochs", "3", "-o", term],
                cwd=self.folder, stdout=subprocess.DEVNULL, stderr=other,
                env={**os.environ, "TERM": term})
            os.close(other)
            said = b""
            try:
                while chunk := os.read(main, 4096):
                    said += chunk
            except OSError:
                pass  # Linux: the other end is closed
            os.close(main)
            self.assertEqual(process.wait(60), 0)
            self.assertEqual(b"\033" in said, bool(expected), said)
            self.assertGreaterEqual(said.count(b" epoch "), 3)

    def test_a_dash_is_standard_input(self):
        flowers(self.path("flowers.csv"))
        self.path("-").mkdir()
        self.xhat("train", "-", "-o", "run", "--epochs", 1,
                  stdin=self.path("flowers.csv").read_text())
        done = self.xhat("train", "flowers.csv", "-o", "-", "--force", code=2)
        self.assertIn("a run is a folder", done.stderr)

    def test_meant_otherwise(self):
        done = self.xhat("train", "spirl", code=3)
        self.assertIn('did you mean the built-in "spiral"', done.stderr)
        self.path("images").write_bytes(
            bytes([0, 0, 8, 3] + [0, 0, 0, 2] * 3 + list(range(8))))
        done = self.xhat("train", "images", code=3)
        self.assertIn("name the folder", done.stderr)
        done = self.xhat("train", "1,2; 3,4", code=3)
        self.assertIn("without labels", done.stderr)

    def test_text_labels_in_an_npz_are_unreadable_input(self):
        def npy(descr, shape, data):
            head = (f"{{'descr': '{descr}', 'fortran_order': False, "
                    f"'shape': {shape}, }}").ljust(117) + "\n"
            return (b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head))
                    + head.encode() + data)
        with zipfile.ZipFile(self.path("t.npz"), "w") as file:
            file.writestr("x.npy", npy("<f4", "(2, 1)", bytes(8)))
            file.writestr("y.npy", npy("<U1", "(2,)", "ab".encode("utf-32le")))
        self.xhat("train", "t.npz", "-o", "run", code=3)

    def test_columns_that_tell_the_answer(self):
        lines = [f"{i * 7 % 5},{int(i % 3 == 0)},{int(i % 3 == 1)},{i % 3},"
                 f"{'uvw'[i % 3]}" for i in range(30)]
        self.path("t.csv").write_text("a,is_u,is_v,code,kind\n"
                                      + "\n".join(lines) + "\n")
        done = self.xhat("train", "t.csv", "-o", "run", "--epochs", 1)
        self.assertIn("columns 2 (is_u), 3 (is_v) give the label away",
                      done.stderr)
        self.assertIn("--drop 2,3 leaves", done.stderr)
        done = self.xhat("train", "t.csv", "-o", "run", "--epochs", 1,
                         "--drop", "is_u,3,-2", "--force")
        self.assertNotIn("warning", done.stderr)
        self.assertIn("1 feature, 3 classes", done.stderr)
        run = json.loads(self.path("run/run.json").read_text())
        self.assertEqual(run["options"]["drop"], "is_u,3,-2")
        first = self.xhat("predict", "run", "t.csv").stdout
        self.xhat("eval", "run", "t.csv")
        # without a header, by place; with the label and without it
        self.path("t.csv").write_text("\n".join(lines) + "\n")
        self.xhat("train", "t.csv", "-o", "run", "--epochs", 1, "--drop",
                  "2,3,4", "--force", "--label", 5)
        self.assertEqual(self.xhat("predict", "run", "t.csv").stdout, first)
        self.xhat("eval", "run", "t.csv")

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
                ("a,b,y\n1,7,u\n2,y,v\n3,8,u\n", "t.csv:3: column 2 (b)"),
                ("a,y\n1,u\nnan,v\n", "t.csv:3: column 1 (a)"),
                ("a,y\n1,0.5\n2,1\n", "t.csv:2: the label 0.5 (y)"),
                ("a,y\n1,u\n", "1 row less"),
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
        self.assertIn("1 feature, 1 class;", done.stderr)

    def test_divergence(self):
        done = self.xhat("train", "spiral", "--optimizer", "sgd", "--lr",
                         "1e20", "--norm", "none", "-o", "run", code=4)
        self.assertIn("at step 2", done.stderr)
        self.assertIn("first not finite", done.stderr)
        run = json.loads(self.path("run/run.json").read_text())
        self.assertEqual(run["result"]["status"], "diverged")
        self.assertFalse(self.path("run/model.safetensors").exists())

    def interrupted_run(self, *words, stop=signal.SIGINT):
        metrics = self.path("run/metrics.jsonl")
        before = metrics.stat().st_mtime_ns if metrics.exists() else 0

        def fresh():
            try:
                now = metrics.stat()
            except FileNotFoundError:
                return False
            return now.st_size > 0 and now.st_mtime_ns != before

        process = subprocess.Popen(
            [XHAT, "train", "spiral", "--epochs", "100000", "-o", "run",
             *words], cwd=self.folder, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        end = time.time() + 60
        while not fresh():
            self.assertLess(time.time(), end)
            time.sleep(0.02)
        process.send_signal(stop)
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
        self.path("t.csv").write_text("1,5,2,7\n2,6,1,7\n")
        done = self.xhat("predict", "run", "t.csv", code=3)
        self.assertIn("--label", done.stderr)
        done = self.xhat("predict", "run", "t.csv", "--label", "1")
        self.assertEqual([line[:4] for line in done.stdout.splitlines()],
                         ["lily", "rose"])

    def test_columns_are_found_by_name(self):
        self.trained()
        rows = [line.split(",") for line in
                self.path("flowers.csv").read_text().splitlines()]
        self.path("t.csv").write_text("".join(
            f"{kind},{i},{width},{constant},{length}\n" for
            i, (length, width, constant, kind) in enumerate(rows)).replace(
                ",0,", ",id,", 1))
        for command in ("predict", "eval"):
            expected, done = [
                self.xhat(command, "run", name, *words)
                for words in [["--json"] if command == "predict" else []]
                for name in ("flowers.csv", "t.csv")]
            self.assertEqual(expected.stdout.replace("flowers", "t"),
                             done.stdout)
            self.assertIn("left out: id", done.stderr.replace("species, ", ""))
        self.path("t.csv").write_text("length,depth,constant\n1,2,7\n")
        done = self.xhat("predict", "run", "t.csv", code=3)
        self.assertIn('no column "width"', done.stderr)

    def test_predict_an_inline_matrix(self):
        self.trained()
        done = self.xhat("predict", "run", "5,2,7; 6,1,7")
        self.assertEqual([line[:4] for line in done.stdout.splitlines()],
                         ["lily", "rose"])
        done = self.xhat("predict", "run", "6,1,7")
        self.assertEqual([line[:4] for line in done.stdout.splitlines()],
                         ["rose"])
        done = self.xhat("predict", "run", "6,1", code=3)
        self.assertIn("2 features but the model takes 3", done.stderr)

    # ---- plot

    def test_plot(self):
        self.trained("--baseline")
        self.xhat("plot", "run", "run/baseline/", "-o", "all.svg")
        picture = self.path("all.svg").read_text()
        ElementTree.fromstring(picture)
        self.assertIn("baseline validation", picture)
        self.assertIn("prefers-color-scheme", picture)
        done = self.xhat("plot", "run", "run/baseline/", "--json")
        document = json.loads(done.stdout)
        self.assertEqual([run["name"] for run in document["runs"]],
                         ["run", "baseline"])
        self.assertEqual(
            document["runs"][0]["epochs"],
            [json.loads(line) for line in
             self.path("run/metrics.jsonl").read_text().splitlines()])
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

    @unittest.skipUnless(IRIS.exists(), f"{IRIS} is not there")
    def test_iris_without_its_tail(self):
        self.xhat("train", IRIS, "--label", 5, "--drop", "6,7", "--epochs",
                  40, "--batch-size", 16, "-o", "run")
        run = json.loads(self.path("run/run.json").read_text())
        self.assertEqual(run["data"]["features"], 4)
        result = json.loads(self.xhat("eval", "run", IRIS, "--json").stdout)
        self.assertEqual(result["n"], 150)
        self.assertEqual(result["accuracy"], 1)  # a line parts setosa
        self.xhat("predict", "run", IRIS)
        self.xhat("predict", "run", "5.1,3.5,1.4,0.2")

    @unittest.skipUnless(WINE.exists(), f"{WINE} is not there")
    def test_wine_has_text_labels(self):
        self.xhat("train", WINE, "--epochs", 40, "--batch-size", 16, "-o",
                  "run")
        result = json.loads(self.xhat("eval", "run", WINE, "--json").stdout)
        self.assertEqual(result["classes"], ["y1", "y2", "y3"])
        self.assertGreater(result["accuracy"], 0.95)


if __name__ == "__main__":
    unittest.main()
