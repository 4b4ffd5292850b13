"""sweep and the presets, as their users run them.

The program is named by the environment variable XHAT."""
import json
import math
import os
import pathlib
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as ElementTree

XHAT = os.path.abspath(os.environ.get("XHAT", "build/xhat"))
SMALL = ("--hidden", "8", "--epochs", "2", "--batch-size", "50")


class Sweep(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def xhat(self, *words, code=0):
        done = subprocess.run([XHAT, *map(str, words)], cwd=self.folder,
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, code,
                         f"{words}: {done.stdout}{done.stderr}")
        return done

    def sweep(self, *words, data="spiral", code=0):
        return self.xhat("sweep", data, *SMALL, *words, code=code)

    def points(self, folder="s"):
        return json.loads((self.folder / folder / "sweep.json").read_text()
                          )["points"]

    # ---- a sweep

    def test_every_point_is_a_run_of_its_own(self):
        done = self.sweep("--grid", "lr=0.1,0.01", "--grid",
                          "norm=batch,none", "-o", "s", "--json")
        document = json.loads(done.stdout)
        self.assertEqual(document, json.loads(
            (self.folder / "s/sweep.json").read_text()))
        self.assertEqual([p["values"] for p in document["points"]],
                         [{"lr": lr, "norm": norm} for lr in (0.1, 0.01)
                          for norm in ("batch", "none")])
        for point in document["points"]:
            run = self.folder / point["run"]
            self.assertEqual(point["run"], "s/lr={lr:g},norm={norm}".format(
                **point["values"]))
            written = json.loads((run / "run.json").read_text())
            self.assertEqual(written["options"]["lr"], point["values"]["lr"])
            self.assertEqual(written["options"]["norm"],
                             point["values"]["norm"])
            self.assertEqual(written["options"]["epochs"], 2)
            epochs = [json.loads(line) for line in
                      (run / "metrics.jsonl").read_text().splitlines()]
            self.assertEqual(point["status"], "finished")
            self.assertEqual(point["best_validation_accuracy"],
                             max(e["validation_accuracy"] for e in epochs))
            self.assertEqual(point["best_train_accuracy"],
                             max(e["train_accuracy"] for e in epochs))
            self.assertEqual(point["final_train_loss"],
                             epochs[-1]["train_loss"])
            self.assertTrue((run / "report.html").exists())

    def test_a_point_equals_the_training_alone(self):
        """Sharing data and a process changes no bit."""
        self.sweep("--grid", "seed=3,4", "--grid", "norm=batch,none", "-o",
                   "s", "--threads", 1)
        for point in self.points():
            self.xhat("train", "spiral", *SMALL, "--threads", 1, "--seed",
                      int(point["values"]["seed"]), "--norm",
                      point["values"]["norm"], "-o", "alone", "--force")
            self.assertEqual(
                (self.folder / "alone/model.safetensors").read_bytes(),
                (self.folder / point["run"] /
                 "model.safetensors").read_bytes(), point["values"])

    def test_the_table_the_picture_and_the_page(self):
        done = self.sweep("--grid", "weight-scale=0.001..1:4log", "--grid",
                          "norm=batch,none", "-o", "s")
        table = done.stdout.splitlines()
        self.assertEqual(len(table), 1 + 8)
        self.assertTrue(all(len(line) <= 80 for line in table), table)
        for line, point in zip(table[1:], self.points()):
            self.assertEqual(float(line.split()[0]),
                             point["values"]["weight-scale"])
            self.assertIn(f"{100 * point['best_validation_accuracy']:.2f}%",
                          line)
        picture = (self.folder / "s/sweep.svg").read_text()
        ElementTree.fromstring(picture)
        for text in ("weight-scale, log axis", "norm batch ", "norm none ",
                     "best validation accuracy", "final training loss"):
            self.assertIn(text, picture)
        page = (self.folder / "s/report.html").read_text()
        self.assertEqual(page.count("<tr><td>"), 8)
        for point in self.points():
            self.assertIn(f"{100 * point['best_train_accuracy']:.2f} %", page)
        self.assertEqual(done.stderr.count("left"), 8)
        self.assertNotIn("\r", done.stderr)

    def test_means_over_seeds(self):
        self.sweep("--grid", "lr=0.1,0.2", "--grid", "seed=1..3", "-o", "s")
        picture = (self.folder / "s/sweep.svg").read_text()
        self.assertIn("means of 3 seeds", picture)
        self.assertEqual(picture.count('class="line'), 3)
        last = [p["best_validation_accuracy"] for p in self.points()
                if p["values"]["lr"] == 0.2]
        shown = re.findall(r'class="label[^>]*>[^<]* ([0-9.]+)%<', picture)
        self.assertAlmostEqual(float(shown[0]), 100 * sum(last) / 3,
                               delta=0.06)

    def test_predictions_of_numbers_have_losses_instead(self):
        (self.folder / "line.csv").write_text("a,b\n" + "".join(
            f"{i / 40},{3 * i / 40 + 1}\n" for i in range(40)))
        done = self.xhat("sweep", "line.csv", "--loss", "squared", *SMALL,
                         "--batch-size", 10, "--grid", "lr=0.1,0.01", "-o",
                         "s")
        self.assertRegex(done.stdout, r"lr +val loss +final loss")
        self.assertNotIn("nan", done.stdout + done.stderr)
        picture = (self.folder / "s/sweep.svg").read_text()
        self.assertIn("lowest validation loss", picture)
        self.assertNotIn("accuracy", picture)
        for point in self.points():
            self.assertNotIn("best_train_accuracy", point)
            self.assertIn(f"{point['least_validation_loss']:.4g}",
                          done.stdout)

    # ---- values

    def test_values(self):
        def values(spec):
            self.sweep("--grid", spec, "--epochs", 1, "-o", "s")
            found = [p["values"] for p in self.points()]
            shutil.rmtree(self.folder / "s")
            return [next(iter(v.values())) for v in found]

        scales = values("weight-scale=1e-2..1:5log")
        for i, scale in enumerate(scales):
            self.assertAlmostEqual(math.log10(scale), -2 + i / 2, places=5)
        self.assertEqual(values("lr=0.1..0.3:3"), [0.1, 0.2, 0.3])
        self.assertEqual(values("seed=2..4"), [2, 3, 4])
        self.assertEqual(values("batch-size=10..1000:3log"), [10, 100, 1000])
        self.assertEqual(values("hidden=8;8,4;none"), ["8", "8,4", "none"])

    def test_bad_grids_are_refused_before_anything_is_made(self):
        for grid, words in (
                ("lr", "not OPTION=VALUES"), ("lr=", "empty"),
                ("lr=0.1,,1", "empty"), ("lr=1..0", "no range"),
                ("lr=0..1:3log", "above 0"), ("lr=1..2:1", "no range"),
                ("lr=1..2:3logs", "no range"), ("lr=0.1..0.5", "no range"),
                ("lr=0.1,0.1", "twice"), ("seed=1..1000", "more than"),
                ("bogus=1", "no option --bogus"),
                ("output=a,b", "no values"), ("keep-bias=1", "no values"),
                ("norm=batch,bogus", "bogus"), ("lr=0.1,x", "not a number"),
                ("hidden=8,4;8_4", "hidden")):
            done = self.sweep("--grid", grid, "-o", "s", code=2)
            self.assertIn(words, done.stderr, grid)
            self.assertFalse((self.folder / "s").exists(), grid)
        self.sweep("--grid", "lr=1,2", "--grid", "lr=3", "-o", "s", code=2)
        done = self.sweep("-o", "s", code=2)
        self.assertIn("nothing to vary", done.stderr)

    def test_divergence_is_a_row(self):
        done = self.sweep("--grid", "lr=1e28,0.01", "--optimizer", "sgd",
                          "--norm", "none", "-o", "s")
        first, second = self.points()
        self.assertEqual(first["status"], "diverged")
        self.assertIn("not finite", first["message"])
        self.assertEqual(second["status"], "finished")
        self.assertIn("diverged", done.stdout)
        self.assertIn("not finite", (self.folder / "s/report.html"
                                     ).read_text())
        for file in ("sweep.svg", "report.html"):
            self.assertNotRegex((self.folder / "s" / file).read_text(),
                                r"[^a-z](nan|inf)[^a-z]")
        self.sweep("--grid", "lr=1e28,1e29", "--optimizer", "sgd", "--norm",
                   "none", "-o", "t", code=4)

    # ---- going on

    def stamps(self):
        return {p: (p.stat().st_mtime_ns, p.stat().st_ino)
                for p in self.folder.glob("s/*/model.safetensors")}

    def test_what_is_done_is_not_done_again(self):
        grid = ("--grid", "lr=0.1,0.01", "-o", "s")
        self.sweep(*grid)
        before, points = self.stamps(), self.points()
        done = self.sweep(*grid)
        self.assertIn("2 of 2 trainings are done already", done.stderr)
        self.assertEqual(self.stamps(), before)
        self.assertEqual(self.points(), points)
        # a point that is lost is made again, and to the same end
        shutil.rmtree(self.folder / "s/lr=0.01")
        self.xhat("sweep", "--resume", "s")
        self.assertEqual(self.stamps()[self.folder / "s/lr=0.1" /
                                       "model.safetensors"],
                         before[self.folder / "s/lr=0.1/model.safetensors"])
        for old, new in zip(points, self.points()):
            self.assertEqual({**old, "seconds": 0}, {**new, "seconds": 0})
        # a grid may grow
        self.sweep("--grid", "lr=0.1,0.05,0.01", "-o", "s")
        self.assertEqual([p["values"]["lr"] for p in self.points()],
                         [0.1, 0.05, 0.01])
        self.assertEqual(self.stamps()[self.folder / "s/lr=0.1" /
                                       "model.safetensors"],
                         before[self.folder / "s/lr=0.1/model.safetensors"])
        # --force does all of it again, whatever has become of it
        (self.folder / "s/lr=0.1/run.json").write_text("{")
        self.assertIn("run.json:1:", self.xhat("sweep", "--resume", "s",
                                               code=3).stderr)
        self.sweep("--grid", "lr=0.1", "-o", "s", "--force")
        self.assertNotEqual(self.stamps()[self.folder / "s/lr=0.1" /
                                          "model.safetensors"],
                            before[self.folder / "s/lr=0.1/model.safetensors"])
        self.assertFalse(list(self.folder.glob("s/*.old")))

    def test_changed_options_are_refused(self):
        self.sweep("--grid", "lr=0.1,0.01", "-o", "s")
        before = self.stamps()
        for words, said in (
                (("--grid", "lr=0.1"), "not lose points"),
                (("--grid", "lr=0.1,0.01", "--reg", 1),
                 "begun without --reg, this is with --reg 1"),
                (("--grid", "lr=0.1,0.01", "--hidden", 9),
                 "begun with --hidden 8, this is with --hidden 9"),
                (("--grid", "lr=0.1,0.01", "--grid", "seed=0"), "grid"),
                (("--grid", "seed=0,1"), "grid")):
            done = self.sweep(*words, "-o", "s", code=2)
            self.assertIn(said, done.stderr)
        done = self.xhat("sweep", "xor", *SMALL, "--grid", "lr=0.1,0.01",
                         "-o", "s", code=3)
        self.assertIn("its hash is", done.stderr)
        done = self.xhat("sweep", "--resume", "s", "--reg", 1, code=2)
        self.assertIn("cannot be given with --resume", done.stderr)
        self.assertEqual(self.stamps(), before)

    def test_folders_that_hold_something_else(self):
        (self.folder / "s").mkdir()
        (self.folder / "s/letter.txt").write_text("mine")
        done = self.sweep("--grid", "lr=0.1", "-o", "s", code=5)
        self.assertIn("holds no sweep", done.stderr)
        self.assertEqual([p.name for p in (self.folder / "s").iterdir()],
                         ["letter.txt"])
        done = self.xhat("sweep", "--resume", "nowhere", code=3)
        self.assertIn("no such sweep", done.stderr)
        self.sweep("--grid", "lr=0.1", "-o", "t")
        record = self.folder / "t/sweep.json"
        for text in ("", "[]", "{}", '{"arguments": [3]}', record.read_text()
                     [:100], '{"arguments": ["--bogus"], "data": "spiral", '
                     '"hash": "x"}'):
            record.write_text(text)
            done = self.xhat("sweep", "--resume", "t", code=None or 3) \
                if "bogus" not in text else \
                self.xhat("sweep", "--resume", "t", code=2)
            self.assertIn("xhat: ", done.stderr)

    def test_killed_at_any_moment_it_goes_on_to_the_same_end(self):
        words = [XHAT, "sweep", "spiral", "--hidden", "50x3", "--epochs", "6",
                 "--grid", "lr=0.1,0.01,0.001", "--grid", "norm=batch,none",
                 "--threads", "1", "--quiet"]
        subprocess.run([*words, "-o", "whole"], cwd=self.folder, check=True,
                       capture_output=True)
        began = time.monotonic()
        for attempt in range(200):
            process = subprocess.Popen([*words, "-o", "s"], cwd=self.folder,
                                       stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            try:
                process.wait(timeout=0.05 + 0.03 * attempt)
                break
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
        self.assertEqual(process.returncode, 0)
        self.assertGreater(attempt, 0)
        self.assertLess(time.monotonic() - began, 100)
        whole, broken = self.points("whole"), self.points()
        for a, b in zip(whole, broken):
            self.assertEqual({**a, "seconds": 0, "run": 0},
                             {**b, "seconds": 0, "run": 0})
            self.assertEqual(
                (self.folder / a["run"] / "model.safetensors").read_bytes(),
                (self.folder / b["run"] / "model.safetensors").read_bytes())

    def test_a_point_of_another_version_can_be_begun_anew(self):
        self.sweep("--grid", "lr=0.1,0.01", "-o", "s")
        run = self.folder / "s/lr=0.1"
        record = json.loads((run / "run.json").read_text())
        record["result"]["status"] = "interrupted"
        (run / "run.json").write_text(json.dumps(record))
        state = (run / "state.safetensors").read_bytes()
        other = re.sub(rb'(version\\": \\"[^"\\]*)[^"\\]\\"', rb'\1x\\"',
                       state, count=1)
        self.assertNotEqual(other, state)
        (run / "state.safetensors").write_bytes(other)
        for _ in range(2):
            done = self.xhat("sweep", "--resume", "s", code=3)
            self.assertIn("only the same version", done.stderr)
            self.assertIn("remove the folder s/lr=0.1, and xhat sweep "
                          "--resume s", done.stderr)
        shutil.rmtree(run)
        self.xhat("sweep", "--resume", "s")
        self.assertEqual([p["status"] for p in self.points()],
                         ["finished"] * 2)

    def test_ctrl_c_stops_between_steps_and_says_how_to_go_on(self):
        process = subprocess.Popen(
            [XHAT, "sweep", "spiral", "--hidden", "100x3", "--epochs",
             "100000", "--grid", "lr=0.1,0.01", "-o", "s"], cwd=self.folder,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while not (self.folder / "s/lr=0.1/metrics.jsonl").exists():
            time.sleep(0.02)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, err)
        self.assertIn("go on with: xhat sweep --resume s", err)
        self.assertIn("not begun", out)
        self.assertEqual([p["status"] for p in self.points()],
                         ["interrupted", "waiting"])

    def test_two_at_once_do_not_meet(self):
        first = subprocess.Popen(
            [XHAT, "sweep", "spiral", "--hidden", "100x3", "--epochs",
             "100000", "--grid", "lr=0.1,0.01", "-o", "s"], cwd=self.folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while not (self.folder / "s/lr=0.1/metrics.jsonl").exists():
                time.sleep(0.02)
            record = (self.folder / "s/sweep.json").read_bytes()
            done = self.xhat("sweep", "--resume", "s", code=5)
            self.assertIn("another", done.stderr)
            self.sweep("--grid", "lr=0.3", "-o", "s", "--force", code=5)
            self.assertEqual((self.folder / "s/sweep.json").read_bytes(),
                             record)
        finally:
            first.kill()
            first.wait()

    # ---- terminal

    def test_a_progress_line_on_a_terminal(self):
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [XHAT, "sweep", "spiral", "--hidden", "100x3", "--epochs", "60",
             "--grid", "lr=0.1,0.01", "-o", "s"], cwd=self.folder,
            stdout=subprocess.DEVNULL, stderr=slave,
            env={**os.environ, "TERM": "xterm"})
        os.close(slave)
        shown = b""
        while True:
            try:
                part = os.read(master, 4096)
            except OSError:
                break
            if not part:
                break
            shown += part
        os.close(master)
        self.assertEqual(process.wait(), 0)
        lines = shown.decode().split("\r\x1b[K")
        self.assertTrue(any(re.match(
            r"1/2  lr=0.1  epoch \d+/60  loss [\d.]+  [\d.]+%  \d+ rows/s  "
            r"\d+:\d\d left$", line) for line in lines), lines)

    # ---- presets

    def test_presets(self):
        done = self.xhat("train", "spiral", "--preset", "six-layer",
                         "--train-rows", 100, "--validation", 50, "--epochs",
                         1, "-o", "run")
        options = json.loads((self.folder / "run/run.json").read_text()
                             )["options"]
        self.assertEqual(options["hidden"], [100] * 5)
        self.assertEqual(options["weight_scale"], 0.02)
        self.assertEqual(options["batch_size"], 50)
        self.assertEqual(options["epochs"], 1)  # what is given counts
        self.assertEqual(options["lr_schedule"], "constant")
        data = json.loads((self.folder / "run/run.json").read_text())["data"]
        self.assertEqual(data["train_rows"], 100)
        self.assertIn("no norm", done.stdout)
        self.xhat("train", "spiral", "--preset", "six-layer", "--train-rows",
                  100, "--validation", 50, "--epochs", 1, "--norm", "none",
                  "-o", "none")
        small = ("--train-rows", 60, "--validation", 30, "--epochs", 1, "-o",
                 "s", "--force", "--quiet")
        for name, count, axes in (
                ("weight-scale", 40, ["weight-scale", "norm"]),
                ("batch-size", 6, ["batch-size", "norm"]),
                ("layer-norm", 9, ["batch-size", "norm"]),
                ("depth", 15, ["hidden", "norm"])):
            self.xhat("sweep", "spiral", "--preset", name, *small)
            points = self.points()
            self.assertEqual(len(points), count)
            self.assertEqual(list(points[0]["values"]), axes)
            self.assertTrue(all(p["epochs"] == 1 or p["status"] == "diverged"
                                for p in points))
            shutil.rmtree(self.folder / "s")
        # an option given replaces the preset's, and its axis
        self.xhat("sweep", "spiral", "--preset", "batch-size", "--norm",
                  "layer", *small)
        self.assertEqual([p["values"] for p in self.points()],
                         [{"batch-size": n} for n in (5, 10, 50)])
        shutil.rmtree(self.folder / "s")
        self.xhat("sweep", "spiral", "--preset", "batch-size", "--grid",
                  "norm=layer,none", "--grid", "batch-size=20", *small)
        self.assertEqual([p["values"] for p in self.points()],
                         [{"norm": n, "batch-size": 20}
                          for n in ("layer", "none")])

    def test_center_subtracts_the_mean_image(self):
        """The course's nets learn from centered images."""
        import numpy
        draw = numpy.random.default_rng(1)
        x = draw.integers(0, 256, (40, 6), dtype=numpy.uint8)
        numpy.savez(self.folder / "images.npz", x=x,
                    y=(x[:, 0] > 127).astype(int))
        for words, mean in (((), 0), (("--center",), x.mean(0))):
            self.xhat("train", "images.npz", "--hidden", 4, "--epochs", 1,
                      "--validation", 0, "-o", "run", "--force", *words)
            data = (self.folder / "run/model.safetensors").read_bytes()
            length = int.from_bytes(data[:8], "little")
            model = json.loads(json.loads(data[8:8 + length])["__metadata__"]
                               ["xhat"])
            numpy.testing.assert_allclose(model["input_mean"], mean,
                                          rtol=1e-12)
            numpy.testing.assert_allclose(model["input_scale"], 1 / 255)

    def test_presets_that_are_not(self):
        done = self.xhat("sweep", "spiral", "--preset", "depht", code=2)
        self.assertIn("did you mean depth?", done.stderr)
        done = self.xhat("train", "spiral", "--preset", "depth", code=2)
        self.assertIn("xhat sweep", done.stderr)
        for command in ("train", "sweep"):
            text = self.xhat("help", command).stdout
            names = re.search(r"--preset (\S+)", text)[1].split("|")
            for name in names:
                self.assertRegex(text, rf"(?m)^    {name} ")


if __name__ == "__main__":
    if os.environ.get("XHAT_HAVE_NET", "1") == "0":
        sys.exit(77)  # skipped: this build has no nets
    unittest.main()
