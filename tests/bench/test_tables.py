"""The tables of docs/performance.md: geometric means, who is ahead, sections."""
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bench"))
import tables  # noqa: E402

CLASSES = [{"id": "nc-forward", "layouts": "NC", "mode": "forward",
            "goal": 0.6},
           {"id": "nchw-tiny", "layouts": "NCHW under 1 MB", "mode": "both",
            "goal": 0}]


def result(library, seconds, shape=(256, 1024), variant="plain", spread=0.0,
           fusion="plain"):
    return {"layout": "nc", "mode": "forward", "shape": list(shape),
            "threads": 2, "dtype": "f32", "cache": "hot", "fusion": fusion,
            "class": "nc-forward", "library": library, "variant": variant,
            "seconds": seconds, "limit_seconds": 1.0,
            "fraction": 1.0 / seconds, "spread": spread}


def cases(*results):
    return tables.cases_of({"results": list(results)})


class Means(unittest.TestCase):
    def test_fractions_and_how_far_ahead(self):
        found = cases(
            result("xhat 0.1", 2), result("oneDNN 3", 4),
            result("PyTorch 1", 8), result("xhat 0.1", 8, (4, 4)),
            result("oneDNN 3", 64, (4, 4)), result("PyTorch 1", 8, (4, 4)))
        self.assertEqual(len(found), 2)
        (c, inside, fraction, ahead), = tables.class_rows(found, CLASSES)
        self.assertEqual((c["id"], len(inside)), ("nc-forward", 2))
        self.assertAlmostEqual(fraction["xhat"], 0.25)
        self.assertAlmostEqual(fraction["onednn"], 1 / 16)
        self.assertAlmostEqual(ahead["onednn"], 4)
        self.assertAlmostEqual(ahead["torch"], 2)
        self.assertIsNone(ahead["blocked"])

    def test_the_fastest_version_of_a_library_counts(self):
        case, = cases(result("xhat", 2), result("oneDNN 3.13", 5),
                      result("oneDNN 3.2", 3),
                      result("oneDNN 3.2", 1, variant="blocked"))
        self.assertAlmostEqual(case.ahead("onednn"), 1.5)
        self.assertAlmostEqual(case.ahead("blocked"), 0.5)

    def test_the_table(self):
        found = cases(result("xhat", 2), result("PyTorch 1", 8))
        lines = tables.goal_table(found, CLASSES)
        self.assertEqual(len(lines), 3)
        self.assertEqual(lines[2], "| NC | forward | 1 | **0.50** | 0.60 |  |  "
                                   "| 0.13 |  |  | 4.00× |")


class Random(unittest.TestCase):
    def test_ahead_and_how_many_behind(self):
        found = cases(
            result("xhat", 2), result("oneDNN 3", 4),
            result("oneDNN 3", 1, variant="blocked"),
            result("xhat", 2, (4, 4)), result("oneDNN 3", 1, (4, 4)),
            result("oneDNN 3", 1, (4, 4), variant="blocked"))
        lines = tables.random_table(found)
        self.assertEqual(len(lines), 3)
        self.assertEqual(lines[2], "| nc | forward | 2 | 2 | 1.00× | 1 | 0.50× "
                                   "| 2 |  |  |")


class Behind(unittest.TestCase):
    def test_beyond_the_spread_of_both(self):
        for spread, listed in ((0.0, True), (0.2, True), (0.4, False)):
            lines = tables.behind_table(cases(
                result("xhat", 10, spread=spread),
                result("oneDNN 3", 8, spread=spread)))
            self.assertEqual(any("0.80×" in line for line in lines), listed)

    def test_nowhere(self):
        lines = tables.behind_table(cases(result("xhat", 1),
                                          result("PyTorch 1", 2)))
        self.assertEqual(len(lines), 1)
        self.assertTrue(lines[0].startswith("None:"))


class Fusions(unittest.TestCase):
    def test_cost_beside_plain(self):
        lines = tables.fusion_table(cases(
            result("xhat", 2), result("PyTorch 1", 4),
            result("xhat", 3, fusion="relu"),
            result("PyTorch 1", 9, fusion="relu")))
        self.assertEqual(lines[2:], [
            "| relu | nc | forward | 1 | 1.50× |  |  | 3.00× |"])


class Pages(unittest.TestCase):
    def test_only_the_section_changes(self):
        page = "a\n<!-- begin: t -->\nold\n<!-- end: t -->\nb\n"
        self.assertEqual(tables.replace_section(page, "t", ["new"]),
                         page.replace("old", "new"))
        for wrong in ("nothing", page + page):
            with self.assertRaises(ValueError):
                tables.replace_section(wrong, "t", [])

    def test_the_page_has_every_section_once(self):
        page = (ROOT / "docs" / "performance.md").read_text()
        for name in ("machine", "all threads", "one thread", "behind",
                     "fusions", "ladder", "caches", "shapes"):
            tables.replace_section(page, name, [])


if __name__ == "__main__":
    unittest.main()
