"""What NumPy writes is read, and what is written NumPy reads.

usage: numpy_cross_check.py CONVERT_ARRAYS HAVE_JSON
"""

import gzip
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile

try:
    import numpy as np
except ImportError:
    print("NumPy is missing: skipped")
    sys.exit(77)

CONVERT, HAVE_JSON = sys.argv[1], sys.argv[2] == "1"
TYPES = ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]
SHAPES = [(), (1,), (7,), (0,), (2, 3), (3, 0, 2), (2, 3, 4, 5),
          (1, 2, 1, 2, 1, 2, 1, 3)]


def values(dtype, shape, seed=0):
    """Random bits of that type, NaN and infinities among them."""
    dtype = np.dtype(dtype)
    count = int(np.prod(shape, dtype=int))
    bits = np.random.default_rng(seed).bytes(count * dtype.itemsize)
    if dtype == bool:
        return (np.frombuffer(bits, np.uint8) & 1).astype(bool).reshape(shape)
    return np.frombuffer(bits, dtype).reshape(shape)


class CrossCheck(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()

    def tearDown(self):
        self.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def convert(self, source, target):
        done = subprocess.run([CONVERT, source, target], capture_output=True,
                              text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def same(self, expected, got):
        """The same bits in native byte order and C order."""
        native = expected.astype(expected.dtype.newbyteorder("="))
        self.assertEqual(native.dtype, got.dtype)
        self.assertEqual(native.shape, got.shape)
        self.assertTrue(got.flags.c_contiguous)
        self.assertEqual(native.tobytes(), got.tobytes())

    def test_npy(self):
        for kind in TYPES:
            for shape in SHAPES:
                for order in "<>":
                    for layout in "CF":
                        array = np.asarray(values(kind, shape), order=layout)
                        array = array.astype(array.dtype.newbyteorder(order))
                        np.save(self.path("a.npy"), array)
                        if (kind, order) not in [("f4", "<"), ("i2", ">")] \
                                and len(shape) > 2:
                            continue
                        self.convert(self.path("a.npy"), self.path("b.npy"))
                        self.same(array, np.load(self.path("b.npy")))

    def test_npy_versions(self):
        array = values("f8", (3, 5))
        for version in [(1, 0), (2, 0), (3, 0)]:
            with open(self.path("a.npy"), "wb") as file:
                np.lib.format.write_array(file, array, version=version)
            self.convert(self.path("a.npy"), self.path("b.npy"))
            self.same(array, np.load(self.path("b.npy")))

    def test_npz(self):
        arrays = {f"array {kind}": values(kind, (3, 4)) for kind in TYPES}
        arrays["eps"] = np.float64(1e-5)
        arrays["large"] = np.zeros((300, 1000), np.float32)
        for save in np.savez, np.savez_compressed:
            save(self.path("a.npz"), **arrays)
            self.convert(self.path("a.npz"), self.path("b.npz"))
            with np.load(self.path("b.npz")) as back:
                self.assertEqual(sorted(back), sorted(arrays))
                for name in back:
                    self.same(np.asarray(arrays[name]), back[name])
            with zipfile.ZipFile(self.path("b.npz")) as archive:
                self.assertIsNone(archive.testzip())

    def test_pickles_are_refused(self):
        np.save(self.path("a.npy"), np.array([{}, 1], dtype=object),
                allow_pickle=True)
        done = subprocess.run([CONVERT, self.path("a.npy"), "no.npy"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("'|O': Python objects", done.stderr)

    def test_csv(self):
        array = values("f8", (50, 3))
        array = np.where(np.isnan(array), np.nan, array)
        np.save(self.path("a.npy"), array)
        self.convert(self.path("a.npy"), self.path("b.csv"))
        self.same(array, np.loadtxt(self.path("b.csv"), delimiter=","))
        np.savetxt(self.path("c.csv"), array, delimiter=";", fmt="%.17g",
                   header="a;b;c")
        self.convert(self.path("c.csv"), self.path("d.npy"))
        self.same(array, np.load(self.path("d.npy")))

    def test_decimals(self):
        """Short and long decimals are rounded as Python rounds them."""
        draw = np.random.default_rng(1)
        words = [f"{'-' * draw.integers(2)}{draw.integers(10 ** int(d))}."
                 f"{draw.integers(10 ** int(e))}"
                 for d, e in draw.integers(0, 18, (3000, 2))]
        with open(self.path("a.csv"), "w", encoding="ascii") as file:
            file.write("\n".join(words) + "\n")
        self.convert(self.path("a.csv"), self.path("b.npy"))
        self.same(np.array([[float(word)] for word in words]),
                  np.load(self.path("b.npy")))

    def test_gzip(self):
        array = values("u1", (100, 28, 28))
        idx = bytes([0, 0, 8, 3]) + struct.pack(">3I", *array.shape)
        with gzip.open(self.path("a"), "wb") as file:
            file.write(idx + array.tobytes())
        self.convert(self.path("a"), self.path("b.npy"))
        self.same(array, np.load(self.path("b.npy")))
        with gzip.open(self.path("c"), "wb") as file:
            np.save(file, np.zeros(3000000))
        self.convert(self.path("c"), self.path("d.npy"))
        self.same(np.zeros(3000000), np.load(self.path("d.npy")))

    @unittest.skipUnless(HAVE_JSON, "built without jansson")
    def test_safetensors(self):
        arrays = {kind: values(kind, (3,)) for kind in TYPES}
        np.savez(self.path("a.npz"), **arrays)
        self.convert(self.path("a.npz"), self.path("b.safetensors"))
        with open(self.path("b.safetensors"), "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header, data = json.loads(file.read(length)), file.read()
        self.assertEqual(length % 8, 0)
        for kind, array in arrays.items():
            begin, end = header[kind]["data_offsets"]
            self.assertEqual(begin % array.itemsize, 0)
            self.assertEqual(header[kind]["shape"], [3])
            self.assertEqual(data[begin:end], array.tobytes())
        self.convert(self.path("b.safetensors"), self.path("c.npz"))
        with np.load(self.path("c.npz")) as back:
            for kind, array in arrays.items():
                self.same(array, back[kind])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
