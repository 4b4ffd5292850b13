"""A training that is stopped at any moment goes on to the same bits.

The program is named by the environment variable XHAT, the number of kills by
XHAT_KILLS (default 4; `make test-long` takes 50)."""
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest

XHAT = os.path.abspath(os.environ.get("XHAT", "build/xhat"))
KILLS = int(os.environ.get("XHAT_KILLS", "4"))
NET = os.environ.get("XHAT_HAVE_NET", "1") != "0"

# every kind of state there is: moments, dropout, warm-up, running statistics
COURSES = [
    ["digits-like", "--hidden", "48x2", "--dropout", "0.8", "--optimizer",
     "adam", "--lr-schedule", "cosine", "--warmup", "0.5", "--batch-size",
     "30", "--epochs", "4", "--save-every", "0"],
    ["spiral", "--hidden", "64x3", "--optimizer", "nesterov", "--patience",
     "30", "--batch-size", "10", "--epochs", "5", "--save-every", "0.02",
     "--precise-bn"],
    ["spiral", "--hidden", "100x2", "--norm", "layer", "--optimizer",
     "rmsprop", "--clip-norm", "1", "--batch-size", "7", "--epochs", "5",
     "--baseline", "--loss", "hinge"],
]
THREADS = ["--threads", "2"]


def results(run):
    """What has to be equal: everything but times."""
    run = pathlib.Path(run)
    found = {}
    for path in sorted(run.rglob("*.safetensors")):
        data = path.read_bytes()
        if path.name == "state.safetensors":
            length, = struct.unpack("<Q", data[:8])
            header = json.loads(data[8:8 + length])
            state = json.loads(header.pop("__metadata__")["xhat_state"])
            del state["seconds"]
            data = (header, state, data[8 + length:])
        found[str(path.relative_to(run))] = data
    for path in sorted(run.rglob("metrics.jsonl")):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for line in lines:
            del line["seconds"]
        found[str(path.relative_to(run))] = lines
    for path in sorted(run.rglob("run.json")):
        record = json.loads(path.read_text())
        record["result"]["last_epoch"].pop("seconds")
        found[str(path.relative_to(run))] = record
    return found


@unittest.skipUnless(NET, "this build has no nets")
class Resume(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def start(self, *words, room=None, command="train"):
        def before():
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        # Python ignores SIGXFSZ, and so does its child: a file that grows
        # beyond `room` bytes cannot be written on, as on a full disk
        return subprocess.Popen([XHAT, command, *map(str, words)],
                                cwd=self.folder, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True,
                                preexec_fn=before if room else None,
                                restore_signals=not room)

    def train(self, *words, code=0, **more):
        process = self.start(*words, **more)
        said = process.communicate(timeout=120)[1]
        self.assertEqual(process.returncode, code, f"{words}: {said}")
        return said

    def wait_for(self, name):
        end = time.monotonic() + 60
        while not (self.folder / name).exists():
            self.assertLess(time.monotonic(), end, f"no {name}")
            time.sleep(0.005)

    def same(self, a, b):
        first, second = results(self.folder / a), results(self.folder / b)
        self.assertEqual(first.keys(), second.keys())
        for name in first:
            self.assertTrue(first[name] == second[name], f"{name} differs")

    def tearDown(self):
        left = list(self.folder.rglob(".xhat-*"))
        self.assertEqual(left, [])

    def killed_run(self, course, seconds, draw):
        """Kills it again and again until it comes through; counts kills."""
        kills = 0
        words = [*course, *THREADS, "-o", "killed"]
        while True:
            process = self.start(*words)
            try:
                said = process.communicate(timeout=draw.uniform(0, seconds))[1]
                self.assertEqual(process.returncode, 0, said)
                return kills
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                kills += 1
            if (self.folder / "killed/run.json").exists():
                words = ["--resume", "killed", "--quiet"]

    def finish(self, run):
        """Goes on with a run for less than two epochs."""
        metrics = (self.folder / run / "metrics.jsonl").read_text()
        self.train("--resume", run, "--epochs", metrics.count("\n") + 1)

    def test_kills_at_random_moments(self):
        draw = random.Random(int(os.environ.get("XHAT_SEED", "1")))
        kills, seconds = 0, {}
        for i in range(1000):
            course = COURSES[i % len(COURSES)]
            whole = f"whole{i % len(COURSES)}"
            if whole not in seconds:
                began = time.monotonic()
                self.train(*course, *THREADS, "-o", whole)
                seconds[whole] = time.monotonic() - began
            kills += self.killed_run(course, seconds[whole], draw)
            self.same(whole, "killed")
            shutil.rmtree(self.folder / "killed")
            if kills >= KILLS and i + 1 >= len(COURSES):
                break
        self.assertGreaterEqual(kills, KILLS)
        print(f"{kills} kills", flush=True)

    def test_ctrl_c_says_how_to_go_on(self):
        course = [*COURSES[1][:-5], "--epochs", "400"]
        process = self.start(*course, *THREADS, "-o", "run")
        self.wait_for("run/metrics.jsonl")
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, 0, said)
        self.assertIn("xhat train --resume run", said)
        record = json.loads((self.folder / "run/run.json").read_text())
        self.assertEqual(record["result"]["status"], "interrupted")

    def test_a_full_disk_says_how_to_go_on(self):
        course = [*COURSES[0], *THREADS]
        self.train(*course, "-o", "whole")
        sizes = {path.name: path.stat().st_size
                 for path in (self.folder / "whole").iterdir()}
        for name in ("metrics.jsonl", "model.safetensors",
                     "state.safetensors", "report.html"):
            with self.subTest(name):
                # sizes differ by the digits of the seconds in them
                said = self.train(*course, "-o", "run", code=5,
                                  room=sizes[name] * 9 // 10)
                self.assertIn("cannot write run/", said)
                self.assertIn("go on with: xhat train --resume run", said)
                self.train("--resume", "run")
                self.same("whole", "run")
                shutil.rmtree(self.folder / "run")
        said = self.train(*course, "-o", "run", code=5, room=500)
        self.assertIn("cannot write run/run.json", said)
        self.assertNotIn("--resume", said) # nothing was begun
        self.train(*course, "-o", "run")
        self.same("whole", "run")

    def test_a_disk_that_fills_up_keeps_what_was_saved(self):
        course = ["digits-like", "--hidden", "48", "--optimizer", "adam",
                  *THREADS]
        self.train(*course, "--epochs", 4, "-o", "whole")
        self.train(*course, "--epochs", 2, "-o", "run")
        run = self.folder / "run"
        saved = {path.name: path.read_bytes() for path in run.iterdir()
                 if path.name != "run.json"}
        room = len(saved["model.safetensors"]) - 1
        for _ in range(2):
            said = self.train("--resume", "run", "--epochs", 4, code=5,
                              room=room)
            self.assertIn("go on with: xhat train --resume run", said)
            for name, data in saved.items():
                self.assertEqual((run / name).read_bytes(), data, name)
        self.train("--resume", "run")
        self.same("whole", "run")

    def test_no_epoch_is_lost_that_could_not_be_written(self):
        course = ["digits-like", "--hidden", "48", "--optimizer", "adam",
                  *THREADS]
        self.train(*course, "--epochs", 4, "-o", "whole")
        self.train(*course, "--epochs", 2, "-o", "run")
        for name in ("best.safetensors", "model.safetensors"):
            path = self.folder / "run" / name
            data = path.read_bytes()
            path.unlink()
            path.mkdir() # while the state, beside it, can be written
            said = self.train("--resume", "run", "--epochs", 4, code=5)
            self.assertIn(f"cannot write run/{name}", said)
            path.rmdir()
            path.write_bytes(data)
        self.train("--resume", "run")
        self.same("whole", "run")

    def test_a_full_disk_in_a_sweep(self):
        grid = ["digits-like", "--hidden", "48", "--epochs", 1, *THREADS,
                "--grid", "lr=0.1,0.01"]
        said = self.train(*grid, "-o", "sweep", command="sweep", code=5,
                          room=12000)
        self.assertIn("cannot write sweep/", said)
        self.assertIn("go on with: xhat sweep --resume sweep", said)
        self.train("--resume", "sweep", command="sweep")
        record = json.loads((self.folder / "sweep/sweep.json").read_text())
        self.assertEqual([point["status"] for point in record["points"]],
                         ["finished", "finished"])

    def test_more_epochs_go_on_where_fewer_ended(self):
        course = ["spiral", "--hidden", "16", "--lr-schedule", "constant",
                  *THREADS]
        self.train(*course, "--epochs", 6, "-o", "six")
        self.train(*course, "--epochs", 2, "-o", "run")
        self.train("--resume", "run", "--epochs", 6)
        first, second = results(self.folder / "six"), results(
            self.folder / "run")
        for name in ("model.safetensors", "metrics.jsonl"):
            self.assertEqual(first[name], second[name])

    def test_epochs_that_are_done_stay_done(self):
        self.train("spiral", "--hidden", 8, "--epochs", 3, "-o", "run")
        shutil.copytree(self.folder / "run", self.folder / "copy")
        said = self.train("--resume", "run", "--epochs", 2, code=2)
        self.assertIn("--epochs is 2 but run has 3 epochs behind it", said)
        self.same("copy", "run")
        self.train("--resume", "run", "--epochs", 3)
        self.same("copy", "run")

    def bytes_of(self, run):
        return {path: path.read_bytes()
                for path in (self.folder / run).rglob("*") if path.is_file()}

    def change_state(self, path, change):
        """change(state) edits the document that a state file carries."""
        data = path.read_bytes()
        length, = struct.unpack("<Q", data[:8])
        header = json.loads(data[8:8 + length])
        state = json.loads(header["__metadata__"]["xhat_state"])
        change(state)
        header["__metadata__"]["xhat_state"] = json.dumps(state)
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        path.write_bytes(struct.pack("<Q", len(text)) + text +
                         data[8 + length:])

    def test_a_refusal_changes_nothing(self):
        self.train("spiral", "--hidden", 8, "--epochs", 2, "-o", "run")
        state = self.folder / "run/state.safetensors"
        whole = state.read_bytes()
        for key, was, said in (("version", "0.0.1", "by xhat 0.0.1 and"),
                               ("products", "an abacus", "then: an abacus;"),
                               ("batch_size", 7, "batch_size was 7"),
                               ("step", 7, "do not fit each other")):
            state.write_bytes(whole)
            self.change_state(state, lambda s: s.update({key: was}))
            before = self.bytes_of("run")
            self.assertIn(said, self.train("--resume", "run", "--epochs", 4,
                                           code=3))
            self.assertEqual(self.bytes_of("run"), before)
        state.write_bytes(whole)
        self.train("--resume", "run", "--epochs", 4)

    def test_an_epoch_that_has_begun_stays(self):
        """As after Ctrl-C in epoch 3."""
        self.train("spiral", "--hidden", 8, "--epochs", 2, "-o", "run")

        def begin_epoch(state):
            state["step"] += 1
            state["updates"] += 1
            state["batch"] = 1

        self.change_state(self.folder / "run/state.safetensors", begin_epoch)
        before = self.bytes_of("run")
        said = self.train("--resume", "run", "--epochs", 2, code=2)
        self.assertIn("has begun epoch 3", said)
        self.assertEqual(self.bytes_of("run"), before)
        self.train("--resume", "run", "--epochs", 3)

    def test_another_number_of_threads_is_said(self):
        wide = ["--hidden", "512x2", "--batch-size", 128, "--epochs", 1]
        for shape, said in ((wide, True), (["--epochs", 1], False)):
            self.train("spiral", *shape, "--threads", 2, "-o", "run",
                       "--force")
            for threads in (2, 1):
                words = self.train("--resume", "run", "--epochs", 5 - threads,
                                   "--threads", threads)
                self.assertEqual("another number of threads" in words,
                                 said and threads == 1, words)

    def test_threads_are_for_the_rows_there_are(self):
        """A batch that is larger than the data is as large as they are."""
        self.train("spiral", "--hidden", "50x2", "--batch-size", 1000000,
                   "--epochs", 1, "--threads", 2, "-o", "run")
        seen = []
        self.change_state(self.folder / "run/state.safetensors",
                          lambda state: seen.append(state["threads"]))
        self.assertEqual(seen, [1])

    def test_a_finished_run_stays_what_it_is(self):
        self.train(*COURSES[1], *THREADS, "-o", "run")
        shutil.copytree(self.folder / "run", self.folder / "copy")
        self.train("--resume", "run")
        self.same("copy", "run")

    def test_what_cannot_go_on(self):
        self.assertIn("no such run", self.train("--resume", "run", code=3))
        (self.folder / "run").mkdir()
        self.assertIn("holds no run.json",
                      self.train("--resume", "run", code=3))
        (self.folder / "run").rmdir()
        self.train("spiral", "--epochs", 1, "-o", "run")
        self.assertIn("--lr cannot be given with --resume",
                      self.train("--resume", "run", "--lr", 1, code=2))
        self.assertIn("xor is not what run was trained on",
                      self.train("xor", "--resume", "run", code=3))
        state = self.folder / "run/state.safetensors"
        whole = state.read_bytes()
        for damaged in (whole[:1000], b"", whole[:-1], bytes(len(whole))):
            state.write_bytes(damaged)
            said = self.train("--resume", "run", "--epochs", 2, code=3)
            self.assertIn("state.safetensors", said)
        self.train("spiral", "--epochs", 1, "--hidden", 7, "-o", "other")
        shutil.copy(self.folder / "other/state.safetensors", state)
        self.assertIn("state of another net",
                      self.train("--resume", "run", code=3))
        (self.folder / "run/run.json").write_text("{")
        self.assertIn("run.json:1", self.train("--resume", "run", code=3))
        self.assertIn("DATA", self.train(code=2))

    def test_one_process_at_a_time(self):
        process = self.start("spiral", "--epochs", 100000, "-o", "run")
        self.wait_for("run/metrics.jsonl")
        for words in (["--resume", "run"],
                      ["spiral", "-o", "run", "--force"]):
            self.assertIn("another process is at work",
                          self.train(*words, code=5))
        process.kill()
        process.communicate()
        self.finish("run")

    def test_the_run_before_goes_once_the_new_one_is_done(self):
        self.train("xor", "--epochs", 1, "-o", "run")
        process = self.start("spiral", "--epochs", 100000, "-o", "run",
                             "--force")
        self.wait_for("run.old")
        self.wait_for("run/state.safetensors")
        process.kill()
        process.communicate()
        self.assertTrue((self.folder / "run.old/run.json").exists())
        self.finish("run")
        self.assertFalse((self.folder / "run.old").exists())


if __name__ == "__main__":
    unittest.main()
