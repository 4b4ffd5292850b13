"""The trainer against PyTorch: from the same weights, on the same rows, both
have the same losses, step by step, for every optimizer and every norm.

In float64 the two differ by rounding alone; in float32, where a training
enlarges rounding by and by, the first steps do."""
import itertools
import pathlib
import sys
import tempfile
import unittest

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "bench/nets"))
import contestants  # noqa: E402

NET_STEPS, NET_STEPS_DOUBLE = sys.argv[1:3]
OPTIMIZERS = ("sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw")
CASE = (24, 3, 32)  # units, depth, batch: a last batch of 13 in an epoch
STEPS = 60          # three epochs and more


class SameLosses(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        draw = numpy.random.default_rng(5)
        cls.x = draw.integers(0, 256, (525, 40)).astype(numpy.uint8)
        cls.y = ((cls.x[:, :3] > 127) @ [1, 2, 4]).astype(numpy.int64)
        cls.folder = tempfile.TemporaryDirectory()
        cls.data = pathlib.Path(cls.folder.name) / "data.npz"
        numpy.savez(cls.data, x=cls.x, y=cls.y)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def difference(self, program, dtype, optimizer, norm, steps):
        ours = contestants.Ours(program, self.data, CASE, optimizer, norm, 1)
        try:
            theirs = contestants.Torch(
                ours, contestants.as_inputs(self.x, self.y, dtype), CASE,
                optimizer, norm, 1)
            return contestants.largest_difference(ours, theirs, steps)
        finally:
            ours.close()

    def test_in_float64(self):
        for optimizer, norm in itertools.product(OPTIMIZERS,
                                                 ("batch", "layer", "none")):
            with self.subTest(optimizer=optimizer, norm=norm):
                self.assertLess(
                    self.difference(NET_STEPS_DOUBLE, contestants.torch.float64,
                                    optimizer, norm, STEPS), 1e-10)

    def test_in_float32(self):
        for optimizer in OPTIMIZERS:
            with self.subTest(optimizer=optimizer):
                self.assertLess(
                    self.difference(NET_STEPS, contestants.torch.float32,
                                    optimizer, "batch", 10), 1e-4)


if __name__ == "__main__":
    if contestants.torch is None:
        print("skipped: no PyTorch (python3-torch)")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])
