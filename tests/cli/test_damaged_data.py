"""Damaged data, of every format that train takes: an error that names the file,
exit status 3, and nothing left behind.

The program is named by the environment variable XHAT."""
import gzip
import io
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import unittest

import numpy as np

XHAT = os.path.abspath(os.environ.get("XHAT", "build/xhat"))
ZLIB = os.environ.get("XHAT_HAVE_ZLIB", "1") != "0"
ROWS = 40


def idx(array):
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim,
                       *array.shape) + array.tobytes()


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def samples():
    """format -> {file name: bytes}, the file to be damaged first"""
    draw = np.random.default_rng(1)
    labels = (np.arange(ROWS) % 3).astype(np.uint8)
    x = (draw.integers(0, 80, (ROWS, 4, 4)) + 50 * labels[:, None, None]
         ).astype(np.uint8)
    flat = x.reshape(ROWS, 16).astype(np.float32)
    mnist = {"train-images-idx3-ubyte": idx(x),
             "train-labels-idx1-ubyte": idx(labels),
             "t10k-images-idx3-ubyte": idx(x[:9]),
             "t10k-labels-idx1-ubyte": idx(labels[:9])}
    records = np.hstack([labels[:, None], draw.integers(
        0, 255, (ROWS, 3072))]).astype(np.uint8).tobytes()
    table = "a,b,c,kind\n" + "".join(
        f"{row[0]},{row[1]},{row[2]},{'xyz'[label]}\n"
        for row, label in zip(flat, labels))
    found = {"idx images": mnist,
             "idx labels": dict(reversed(mnist.items())),
             "cifar": {"data_batch_1.bin": records, "test_batch.bin": records},
             "npz": {"data.npz": npz(x=flat, y=labels)},
             "csv": {"data.csv": table.encode()}}
    if ZLIB:
        found["idx.gz"] = {f"{name}.gz": gzip.compress(data, mtime=0)
                           for name, data in mnist.items()}
    return found


def damages(data):
    """(what happened, the bytes)"""
    yield "emptied", b""
    yield "cut in its header", data[:9]
    yield "cut in the middle", data[:len(data) // 2 - 1]
    yield "zeroed", bytes(len(data))
    yield "another format", b"%PDF-1.4\n" + bytes(range(256)) * 8


def lies(name, data):
    """Headers that promise more than there is, or than there could be."""
    if name.startswith("idx") and not name.endswith("gz"):
        for count in (ROWS + 1, 2**31, 2**32 - 1):
            yield f"promises {count}", data[:4] + struct.pack(
                ">I", count) + data[8:]
        yield "promises a thousand axes", data[:3] + b"\xff" + data[4:]
    if name == "npz":
        at = data.index(b"(40, 16)")
        yield "promises more", data[:at] + b"(99, 99)" + data[at + 8:]
    if name == "idx.gz":
        yield "a damaged checksum", data[:-6] + b"\1" + data[-5:]


class DamagedData(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def train(self, files):
        data = self.folder / "data"
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir()
        for name, content in files.items():
            (data / name).write_bytes(content)
        given = data if len(files) > 1 else data / next(iter(files))
        return subprocess.run(
            [XHAT, "train", given, "-o", self.folder / "run", "--epochs", "1",
             "--batch-size", "10", "--hidden", "4"], capture_output=True,
            text=True, errors="replace", timeout=60)

    def test_whole_data_are_trained_on(self):
        for name, files in samples().items():
            with self.subTest(name):
                done = self.train(files)
                self.assertEqual(done.returncode, 0, done.stderr)
                shutil.rmtree(self.folder / "run")

    def test_damaged_data_are_refused(self):
        for name, files in samples().items():
            first = next(iter(files))
            for what, damaged in (*damages(files[first]),
                                  *lies(name, files[first])):
                if (name, what) == ("cifar", "zeroed"):
                    continue # black images of one class are data
                with self.subTest(name, what=what):
                    done = self.train({**files, first: damaged})
                    self.assertEqual(done.returncode, 3, done.stderr)
                    self.assertIn("data", done.stderr)
                    self.assertRegex(done.stderr, r"(?m)^xhat: ")
                    self.assertNotIn("warning", done.stderr)
                    self.assertFalse((self.folder / "run").exists())

    def test_a_part_that_is_missing(self):
        for name in ("idx images", "idx labels"):
            files = dict(samples()[name])
            first = next(iter(files))
            del files[first]
            done = self.train(files)
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertIn(first, done.stderr)


if __name__ == "__main__":
    unittest.main()
