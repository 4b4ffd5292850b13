"""Whole trainings and the figures they have to reach.

    optdigits       test accuracy of at least 0.97
    Fashion-MNIST   test accuracy of at least 0.895 in ten epochs, 512-256
    weight scale    1e-4, six layers: learns with batch norm, not without

The program is named by XHAT, optional data by XHAT_SHARED.  What is missing is
left out with a notice."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

XHAT = os.path.abspath(os.environ.get("XHAT", "build/xhat"))
ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("XHAT_SHARED", ROOT.parent / "shared"))
FASHION = pathlib.Path("/usr/share/datasets/fashion-mnist")
OPTDIGITS = SHARED / "data/csv/optdigits.tra"
failed = []


def xhat(folder, *words):
    done = subprocess.run([XHAT, *map(str, words)], cwd=folder, check=True,
                          capture_output=True, text=True)
    return done.stdout


def last_epoch(folder, run):
    lines = (pathlib.Path(folder) / run / "metrics.jsonl").read_text()
    return json.loads(lines.splitlines()[-1])


def judge(what, value, least):
    good = value >= least
    print(f"{'ok    ' if good else 'FAILED'}  {what}: {value:.4f}, "
          f"at least {least}", flush=True)
    if not good:
        failed.append(what)


def optdigits(folder):
    for seed in range(5):
        run = f"optdigits-{seed}"
        xhat(folder, "train", OPTDIGITS, "-o", run, "--hidden", "256,128",
             "--epochs", 30, "--lr-schedule", "cosine", "--batch-size", 50,
             "--dropout", 0.8, "--seed", seed)
        result = json.loads(xhat(folder, "eval", run,
                                 OPTDIGITS.with_suffix(".tes"), "--json"))
        judge(f"optdigits, seed {seed}, test accuracy", result["accuracy"],
              0.97)


def fashion(folder):
    xhat(folder, "train", FASHION, "-o", "fashion", "--hidden", "512,256",
         "--epochs", 10, "--lr-schedule", "cosine", "--warmup", 0.5)
    judge("Fashion-MNIST, 512-256, ten epochs, test accuracy",
          last_epoch(folder, "fashion")["test_accuracy"], 0.895)


def weight_scale(folder):
    xhat(folder, "train", FASHION, "-o", "scale", "--hidden", "100x5",
         "--weight-scale", 1e-4, "--epochs", 2, "--baseline")
    judge("six layers, weight scale 1e-4, with batch norm, test accuracy",
          last_epoch(folder, "scale")["test_accuracy"], 0.8)
    judge("the same without: at most chance, 1 - test accuracy",
          1 - last_epoch(folder, "scale/baseline")["test_accuracy"], 0.85)


with tempfile.TemporaryDirectory() as place:
    for data, trainings in ((OPTDIGITS, [optdigits]),
                            (FASHION, [fashion, weight_scale])):
        if not data.exists():
            print(f"left out: {data.name} is not here", flush=True)
            continue
        for training in trainings:
            training(place)
sys.exit(1 if failed else 0)
