"""bench: what it measures, what it refuses, what --compare says."""
import json
import math
import os
import pathlib
import subprocess
import tempfile
import unittest

XHAT = os.environ["XHAT"]
QUICK = ("--seconds", "0.01", "--passes", "2")


def xhat(*arguments, **environment):
    """(exit status, stdout, stderr) of the command."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("XHAT_")}
    env.update(environment)
    done = subprocess.run([XHAT, *map(str, arguments)], env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def bench(*arguments, **environment):
    """the JSON of a quick run"""
    status, stdout, stderr = xhat("bench", *QUICK, "--json", *arguments,
                                  **environment)
    assert (status, stderr) == (0, ""), stderr
    return json.loads(stdout)


class Measures(unittest.TestCase):
    def test_every_layout_method_mode_and_cache(self):
        for shape, layouts in (("6x3", ["nc"]), ("4x3x5", ["ncl", "nlc"]),
                               ("2x3x4x5", ["nchw", "nhwc"]),
                               ("2x3x2x3x4", ["ncdhw", "ndhwc"])):
            caches, methods = ("hot",), ("fused", "closed", "staged")
            if shape == "6x3": # eviction takes its time
                caches, methods = ("hot", "cold"), ("fused",)
            results = bench("--shape", shape, "--method", ",".join(methods),
                            "--cache", ",".join(caches))["results"]
            found = {(r["layout"], r["method"], r["mode"], r["cache"])
                     for r in results}
            self.assertEqual(found, {
                (l, method, mode, cache) for l in layouts
                for method in methods for cache in caches
                for mode in ("forward", "backward", "inference")})
            self.assertEqual(len(found), len(results))
            for r in results:
                self.assertEqual("x".join(map(str, r["shape"])), shape)

    def test_numbers_belong_together(self):
        for dtype, size in (("f32", 4), ("f64", 8)):
            for r in bench("--shape", "64x32", "--dtype", dtype, "--threads",
                           "2", "--cache", "hot")["results"]:
                self.assertEqual((r["dtype"], r["threads"]), (dtype, 2))
                moved = size * 64 * 32 * (3 if r["mode"] == "backward" else 2)
                self.assertAlmostEqual(r["gb_per_s"] * r["seconds"] * 1e9,
                                       moved, delta=1e-6 * moved)
                self.assertAlmostEqual(
                    r["fraction"], r["limit_seconds"] / r["seconds"], delta=1e-9)
                self.assertGreater(r["limit_seconds"], 0)
                self.assertGreaterEqual(r["noise"], 0)
                self.assertGreaterEqual(r["rounds"], 10)

    def test_fusions(self):
        results = bench("--shape", "32x16", "--fusion", "plain,add-relu",
                        "--cache", "hot", "--dtype", "f64")["results"]
        self.assertEqual([r["fusion"] for r in results],
                         3 * ["plain"] + 3 * ["add-relu"])
        for r in results:
            arrays = 3 if r["mode"] == "backward" else 2
            moved = 8 * 32 * 16 * (arrays + (r["fusion"] != "plain"))
            self.assertAlmostEqual(r["gb_per_s"] * r["seconds"] * 1e9, moved,
                                   delta=1e-6 * moved)
        status, stdout, _ = xhat("bench", *QUICK, "--shape", "32x16", "--cache",
                                 "hot", "--fusion", "relu")
        self.assertEqual(status, 0)
        self.assertIn("with ReLU in the same pass\n32x16", stdout)

    def test_geometric_means(self):
        document = bench("--shape", "16x8,32x8", "--cache", "hot")
        mean = [m for m in document["means"] if m["class"] == "nc-tiny"][0]
        fractions = [r["fraction"] for r in document["results"]
                     if r["class"] == "nc-tiny"]
        self.assertEqual((mean["cases"], len(fractions)), (4, 4))
        self.assertAlmostEqual(
            mean["fraction"],
            math.exp(sum(map(math.log, fractions)) / 4), delta=1e-9)

    def test_the_isa_is_the_forced_one(self):
        document = bench("--shape", "16x8", "--cache", "hot",
                         XHAT_ISA="generic")
        self.assertEqual(document["isa"], "generic")
        self.assertEqual({r["isa"] for r in document["results"]}, {"generic"})

    def test_the_table_fits_a_terminal(self):
        status, stdout, stderr = xhat("bench", *QUICK, "--shape", "64x100",
                                      "--cache", "hot")
        self.assertEqual((status, stderr), (0, ""))
        self.assertIn("nc    backward  fused  hot ", stdout)
        self.assertLessEqual(max(map(len, stdout.splitlines())), 80)


@unittest.skipUnless(os.environ.get("XHAT_HAVE_JSON", "1") == "1",
                     "this build reads no JSON")
class Compares(unittest.TestCase):
    CASE = ("--shape", "64x100", "--cache", "hot", "--threads", "1")

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="xhat-bench-")
        self.addCleanup(folder.cleanup)
        self.old = pathlib.Path(folder.name) / "old.json"
        self.document = bench(*self.CASE)

    def compare(self, *arguments):
        """against self.document, written down"""
        self.old.write_text(json.dumps(self.document))
        return xhat("bench", *QUICK, *self.CASE, "--compare", self.old,
                    *arguments)

    def scale(self, factor, mode=None):
        for r in self.document["results"]:
            if mode in (None, r["mode"]):
                r["seconds"] *= factor

    def test_the_same_code_is_not_slower(self):
        for r in self.document["results"]:
            r["noise"] = 3.0 # a busy machine must not fail this test
        status, stdout, stderr = self.compare()
        self.assertEqual((status, stderr), (0, ""), stdout)
        self.assertIn("3 of 3 cases compared, 0 slower", stdout)

    def test_one_case_that_was_ten_times_faster(self):
        for r in self.document["results"]:
            r["noise"] = 1.0
        self.scale(0.05, mode="backward")
        status, stdout, _ = self.compare()
        self.assertEqual(status, 1)
        self.assertIn("SLOWER 64x100 nc backward fused hot: ", stdout)
        self.assertIn("3 of 3 cases compared, 1 slower", stdout)

    def test_the_noise_of_the_older_run_counts(self):
        self.scale(0.2)
        for r in self.document["results"]:
            r["noise"] = 1e3
        self.assertEqual(self.compare()[0], 0)

    def test_a_machine_that_was_faster_is_no_slower_code(self):
        self.scale(0.05)
        for r in self.document["results"]:
            r["limit_seconds"] *= 0.05
            r["noise"] = 3.0
        self.assertEqual(self.compare()[0], 0)

    def test_json_says_what_was_compared(self):
        self.scale(0.01)
        status, stdout, _ = self.compare("--json")
        self.assertEqual(status, 1)
        for r in json.loads(stdout)["results"]:
            self.assertTrue(r["slower"])
            self.assertGreater(r["slowdown"], r["slowdown_allowed"])

    def test_another_cpu_is_said(self):
        for r in self.document["results"]:
            r["noise"] = 3.0
        for cpu in ("Some Other CPU", None):
            self.document["cpu"] = cpu
            status, stdout, stderr = self.compare()
            self.assertEqual(status, 0, stderr)
            self.assertIn("3 of 3 cases compared", stdout)
            self.assertIn(f"is from another CPU: {cpu or 'unknown'}, ", stderr)

    def test_a_file_that_is_not_there(self):
        status, stdout, stderr = xhat("bench", *QUICK, *self.CASE,
                                      "--compare", "nowhere.json")
        self.assertEqual((status, stdout), (3, ""))
        self.assertRegex(stderr, "^xhat: unable to open nowhere.json")

    def test_files_that_are_none(self):
        def refused(message):
            status, stdout, stderr = xhat("bench", *QUICK, *self.CASE,
                                          "--compare", self.old)
            self.assertEqual(status, 3, stderr)
            self.assertIn(message, stderr)
        refused("old.json")
        for text, message in (("", "old.json:1:"), ('{"results": [', ":1:"),
                              ("[]", 'has no "results"'),
                              ('{"results": [{}]}', 'results[0]: "layout"'),
                              ('{"results": [3]}', 'results[0]: "layout"'),
                              ('{"results": []}', "none of the cases")):
            self.old.write_text(text)
            refused(message)
        for key, value in (("shape", [64]), ("shape", [64, -1]), ("seconds", 0),
                           ("limit_seconds", None), ("mode", "sideways"),
                           ("threads", "two")):
            broken = json.loads(json.dumps(self.document))
            broken["results"][1][key] = value
            self.old.write_text(json.dumps(broken))
            refused(f'results[1]: "{key}"')
        self.document["results"] = self.document["results"][:1]
        self.document["results"][0]["shape"] = [3, 3]
        self.old.write_text(json.dumps(self.document))
        refused("holds none of the cases")
        self.assertEqual(self.compare()[1], "") # before anything is measured


class ShapeFiles(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="xhat-bench-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "shapes.csv"

    def test_the_columns_of_onednn(self):
        self.path.write_text("mb,ic,id,ih,iw,ndims,uses\n2,3,1,1,1,2,9\n"
                             "1,4,1,1,6,3,9\n1,4,1,1,1,3,9\n2,3,1,2,5,4,1\n"
                             "1,2,3,4,5,5,1\n")
        results = bench("--shape-file", self.path, "--mode", "forward",
                        "--cache", "hot")["results"]
        self.assertEqual(
            [(r["layout"], r["shape"]) for r in results],
            [("nc", [2, 3]), ("ncl", [1, 4, 6]), ("nlc", [1, 4, 6]),
             ("nchw", [2, 3, 2, 5]), ("nhwc", [2, 3, 2, 5]),
             ("ncdhw", [1, 2, 3, 4, 5]), ("ndhwc", [1, 2, 3, 4, 5])])

    def test_lines_that_are_no_shapes(self):
        for line in ("2,3,0,4", "2,3,x,4", "2,3,1.5,4", "2,,1,4", "-2,3,1,4"):
            self.path.write_text("mb,ic,ih,iw\n2,3,4,4\n" + line + "\n")
            status, stdout, stderr = xhat("bench", "--shape-file", self.path)
            self.assertEqual((status, stdout), (3, ""), stderr)
            self.assertIn("shapes.csv:", stderr)
        status, _, stderr = xhat("bench", "--shape-file", "nowhere.csv")
        self.assertEqual(status, 3)
        self.assertIn("nowhere.csv", stderr)


class Refuses(unittest.TestCase):
    def refused(self, status, message, *arguments):
        found = xhat("bench", *arguments)
        self.assertEqual(found[0], status, found[2])
        self.assertEqual(found[1], "")
        self.assertIn(message, found[2])

    def test_shapes(self):
        for text in ("", "8", "0x4", "4x", "x4", "4x-1", "4x4y", "1e3x4", "4 x4",
                     "1x2x3x4x5x6", "99999999999999999999x2", "8x8,",
                     "many"):
            self.refused(2, "is not a shape", "--shape", text)

    def test_words(self):
        self.refused(2, '"nwhc" is none of nc, ncl', "--layout", "nwhc")
        self.refused(2, '"training" is none of forward', "--mode", "training")
        self.refused(2, '"" is none of', "--method", "fused,")
        self.refused(2, '"warm" is none of hot, cold', "--cache", "warm")
        self.refused(2, "f16", "--dtype", "f16")
        self.refused(2, '"add" is none of plain, relu', "--fusion", "add")
        self.refused(3, "no gate for relu", "--fusion", "relu", "--method",
                     "fused,staged")
        self.refused(2, "no layout given is for the 2 axes of 8x8", "--shape",
                     "8x8", "--layout", "nchw")

    def test_numbers(self):
        self.refused(2, "--threads", "--threads", "0")
        self.refused(2, "--threads", "--threads", "1000000")
        self.refused(2, "--seconds", "--seconds", "0")
        self.refused(2, "--passes", "--passes", "9")

    def test_more_than_the_memory_there_is(self):
        self.refused(3, "of memory are free", "--shape", "1000000x1000000")
        self.refused(3, "", "--shape", "4294967296x4294967296")

    def test_one_value_a_channel(self):
        self.refused(3, "two values a channel", "--shape", "1x8")


if __name__ == "__main__":
    unittest.main()
