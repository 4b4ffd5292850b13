"""What is timed twice beside other libraries: both times count."""
import math
import pathlib
import sys
import types
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bench" / "peers"))
import compare  # noqa: E402

CASE = {"layout": "nc", "mode": "forward", "shape": [8, 4], "threads": 1,
        "dtype": "f32", "cache": "hot", "fusion": "plain"}


def turn(name, samples, order="time"):
    worker = types.SimpleNamespace(name=name, variant="plain")
    made = compare.Turn(worker, order)
    made.samples = list(samples)
    return made


def measured(xhat, peer, bound=(1.0, 1.0, 1.0)):
    return compare.Measured(
        CASE, "nc-forward", [turn("xhat 0.1", bound, "loop 0 1")],
        [turn("xhat 0.1", xhat), turn("oneDNN 3", peer)])


class RandomShapes(unittest.TestCase):
    def test_as_many_as_asked_for_and_the_same_each_time(self):
        shapes = compare.random_shapes(40, 3).split(",")
        self.assertEqual(len(set(shapes)), 40)
        self.assertEqual(shapes[:9], compare.random_shapes(9, 3).split(","))
        self.assertNotEqual(shapes[:9], compare.random_shapes(9, 4).split(","))
        for shape in shapes:
            sizes = list(map(int, shape.split("x")))
            self.assertIn(len(sizes), (2, 4))
            self.assertTrue(2048 <= math.prod(sizes) <= 1 << 23)


class Twice(unittest.TestCase):
    def test_behind_beyond_the_spread_alone(self):
        self.assertTrue(measured([4, 4, 4], [3, 3, 3]).behind())
        self.assertFalse(measured([4, 4, 4], [2, 3.9, 6]).behind())
        self.assertFalse(measured([3, 3, 3], [4, 4, 4]).behind())

    def test_the_samples_of_both_times_count(self):
        first = measured([4, 4, 4], [3, 3, 3])
        first.add(measured([2, 2, 2, 2], [3, 3, 3, 3], [0.5] * 4))
        xhat, peer = first.results()
        self.assertEqual((xhat["seconds"], xhat["rounds"]), (2, 7))
        self.assertEqual((peer["seconds"], peer["rounds"]), (3, 7))
        self.assertEqual(xhat["limit_seconds"], 0.5)
        self.assertFalse(first.behind())

    def test_who_was_lost_keeps_what_it_has(self):
        first, second = measured([4, 4], [3, 3]), measured([5, 5], [9, 9])
        second.turns = second.turns[:1]
        first.add(second)
        self.assertEqual([r["rounds"] for r in first.results()], [4, 2])


if __name__ == "__main__":
    unittest.main()
