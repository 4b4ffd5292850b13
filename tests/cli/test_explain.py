"""xhat explain: exact output, options, every format."""

import io
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest
import zipfile

XHAT = os.environ.get("XHAT", "build/xhat")
GOLDEN = pathlib.Path(__file__).parent / "golden"
DIGITS = re.compile(r"(error|closed form|complex step|central difference)"
                    r"( +)(\d\S*)")


def explain(*arguments, stdin=None):
    environment = {k: v for k, v in os.environ.items() if k != "XHAT_ISA"}
    return subprocess.run([XHAT, "explain", *arguments], input=stdin,
                          capture_output=True, text=True, env=environment,
                          check=False)


class Explain(unittest.TestCase):
    maxDiff = None

    def shown(self, *arguments):
        done = explain(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def refused(self, status, words, *arguments):
        done = explain(*arguments)
        self.assertEqual(done.returncode, status, done.stdout)
        self.assertIn(words, done.stderr)
        self.assertEqual(done.stdout, "")

    def golden(self, name, found):
        if os.environ.get("XHAT_WRITE_GOLDEN"):
            (GOLDEN / name).write_text(found, encoding="utf-8")
        expected = (GOLDEN / name).read_text(encoding="utf-8")
        self.assertEqual(found, expected)

    def measured(self, text):
        """Measured errors must be small; their digits are the libm's."""
        def check(match):
            limit = 1e-8 if match[1].startswith("central") else 1e-13
            self.assertLessEqual(float(match[3]), limit, match[0])
            return match[1] + match[2] + "(measured)"
        return DIGITS.sub(check, text)

    def test_text(self):
        self.golden("explain_demo.txt", self.measured(self.shown("--demo")))

    def test_ascii(self):
        text = self.shown("--demo", "--ascii")
        self.assertTrue(text.isascii())
        self.golden("explain_ascii.txt", text[:text.index("x goes to")])

    def test_lines_are_no_wider_than_80(self):
        for line in self.shown("--demo").splitlines():
            self.assertLessEqual(len(line), 80, line)
            self.assertEqual(line, line.rstrip())

    def test_gates_in_words(self):
        for gate in range(1, 10):
            self.golden(f"explain_gate_{gate}.txt",
                        self.shown("--demo", "--gate", str(gate),
                                   "--cell", "0,1"))

    def test_eval(self):
        text = self.shown("1,10; 2,20; 4,40", "--mode", "eval",
                          "--running-mean", "1,2", "--running-var", "4,9")
        self.golden("explain_eval.txt", self.measured(text))

    def test_dot(self):
        self.golden("explain_demo.dot", self.to_file("dot", "--demo"))

    def test_json(self):
        found = json.loads(self.shown("--demo", "--json"))
        self.assertEqual(list(found), [
            "norm", "shape", "eps", "gates", "x", "gamma", "beta", "out", "dx",
            "dgamma", "dbeta", "dout", "agreement"])
        for gate in found["gates"]:
            self.assertLessEqual(gate.pop("complex_step_error"), 1e-13)
        agreement = found.pop("agreement")
        self.assertLessEqual(agreement["closed_form"], 1e-13)
        self.assertLessEqual(agreement["complex_step"], 1e-13)
        self.assertLessEqual(agreement["central_difference"], 1e-8)
        self.golden("explain_demo.json", json.dumps(found, indent=1) + "\n")

    def to_file(self, ending, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / f"circuit.{ending}"
            self.assertEqual(self.shown(*arguments, "-o", str(path)), "")
            if ending == "npz":
                return path.read_bytes()
            return path.read_text(encoding="utf-8")

    def test_txt_is_the_same_text(self):
        self.assertEqual(self.to_file("txt", "--demo"), self.shown("--demo"))

    def test_svg_is_well_formed_and_complete(self):
        from xml.etree import ElementTree
        svg = self.to_file("svg", "--demo")
        root = ElementTree.fromstring(svg)
        words = [e.text for e in root.iter() if e.tag.endswith("text")]
        for key in ("x", "dx", "ddev_from_mean_sq", "inverted_stddev", "dout",
                    "gamma", "dgamma", "beta", "dbeta", "from gate 7"):
            self.assertEqual(words.count(key), 1, key)
        self.assertIn("-3.92    -2", words)
        self.assertIn("prefers-color-scheme: dark", svg)
        self.assertNotIn("http://", svg.replace(
            "http://www.w3.org/2000/svg", ""))

    def test_svg_of_eval_and_of_an_empty_batch(self):
        from xml.etree import ElementTree
        svg = self.to_file("svg", "--demo", "--mode", "eval", "--running-mean",
                           "2,0", "--running-var", "4,16")
        ElementTree.fromstring(svg)
        self.assertEqual(svg.count('class="gate held"'), 3)
        for key in ("dmean", "dvar", "dev_from_mean_sq", "dstddev"):
            self.assertNotIn(f">{key}<", svg)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "empty.npy"
            header = repr({"descr": "<f8", "fortran_order": False,
                           "shape": (0, 3)}).ljust(117) + "\n"
            path.write_bytes(b"\x93NUMPY\x01\x00v\x00" + header.encode())
            ElementTree.fromstring(self.to_file("svg", str(path)))
            empty = json.loads(self.shown(str(path), "--json"))
            self.assertEqual(empty["out"], [])
            self.assertEqual(empty["dgamma"], [0, 0, 0])

    def test_a_nan_stays_in_its_feature(self):
        found = json.loads(self.shown("1,10; nan,20; 4,40", "--json"))
        for row in found["out"]:
            self.assertEqual(row[0], "nan")
            self.assertIsInstance(row[1], float)
        self.assertLessEqual(found["agreement"]["complex_step"], 1e-13)

    def test_npz_holds_every_array(self):
        data = self.to_file("npz", "--demo")
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
        self.assertEqual(len(names), 25)
        for key in ("x", "eps", "dev_from_mean_sq", "ddev_from_mean"):
            self.assertIn(key + ".npy", names)

    def test_npz_explains_itself_again(self):
        with tempfile.TemporaryDirectory() as folder:
            path = str(pathlib.Path(folder) / "demo.npz")
            self.shown("--demo", "-o", path)
            again = json.loads(self.shown(path, "--json"))
            first = json.loads(self.shown("--demo", "--json"))
            self.assertEqual(again, first)

    def test_a_large_batch_is_cut_and_says_so(self):
        rows = "; ".join(",".join(str((7 * r + 3 * c) % 11) for c in range(9))
                         for r in range(40))
        text = self.shown(rows)
        self.assertIn("the first 4 rows and 3 columns are shown", text)
        self.assertLess(len(text.splitlines()), 250)
        self.assertTrue(all(len(line) <= 80 for line in text.splitlines()))

    def test_a_default_dout_is_not_constant_and_is_said(self):
        found = json.loads(self.shown("1,10; 2,20; 4,40", "--json"))
        for feature in zip(*found["dout"]):
            self.assertGreater(len(set(feature)), 1)
        self.assertIn("No dout was given", self.shown("1,10; 2,20; 4,40"))

    def test_refusals(self):
        self.refused(2, "--demo is a batch of its own", "1;2", "--demo")
        self.refused(2, "explain needs a batch X")
        self.refused(2, "from 1 to 9", "--demo", "--gate", "10")
        self.refused(2, "0 to 3 of axis 0", "--demo", "--gate", "1", "--cell",
                     "4,0")
        self.refused(2, "rank 2", "--demo", "--gate", "1", "--cell", "1")
        self.refused(2, "--cell goes with --gate", "--demo", "--cell", "0,0")
        self.refused(2, ".txt, .json, .svg", "--demo", "-o", "circuit.html")
        self.refused(3, "dout is 3x2 but x is 2x2", "1,2; 3,5",
                     "1,2; 3,4; 5,6")


if __name__ == "__main__":
    unittest.main()
