"""xhat explain: exact output, options, every format."""

import fcntl
import io
import json
import os
import pathlib
import pty
import re
import struct
import subprocess
import tempfile
import termios
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

    def test_a_cell_alone_is_followed_through_every_gate(self):
        text = self.shown("--demo", "--cell", "0,1")
        for gate in range(1, 10):
            self.assertIn(self.shown("--demo", "--gate", str(gate), "--cell",
                                     "0,1"), text)
        self.assertTrue(text.endswith("""
dx[0,1] = 2 comes back
    directly              4   leaving at gate 7
    via var               1   leaving at gate 3
    via mean             -3   leaving at gate 1
"""), text[-200:])

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
            "dgamma", "dbeta", "dout", "agreement", "not_finite"])
        for gate in found["gates"]:
            self.assertLessEqual(gate.pop("complex_step_error"), 1e-13)
        self.assertEqual(found.pop("not_finite"), [])
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

    def test_nan_is_counted_and_placed(self):
        text = self.shown("1,nan;2,3")
        self.assertIn("1 of 4 elements of x is NaN or Inf, the first x[0,1] = "
                      "nan.", text)
        self.assertIn("2 of 4 elements of out and 2 of 4 of dx", text)
        self.assertIn("(NaN or Inf, left out: 2 of 4)", text)
        self.assertIn("2 of the 4 elements of dx; left out are\n"
                      "        2 with NaN or Inf in their feature\n", text)

    def test_nothing_finite_confirms_nothing(self):
        text = self.shown("1,nan; inf,3")
        self.assertNotIn("confirms", text)
        self.assertEqual(text.count("nothing finite is left to compare"), 9)
        self.assertIn("error\n    nothing is left to compare\n", text)
        agreement = json.loads(self.shown("1,nan; inf,3", "--json"))
        self.assertEqual(set(agreement["agreement"].values()), {None})

    def test_an_overflow_is_named_by_its_gate(self):
        text = " ".join(self.shown("1e200,1;2e200,3").split())
        self.assertIn("2 of 4 elements of dev_from_mean_sq are NaN or Inf, "
                      "the first dev_from_mean_sq[0,0] = inf: gate 3, made of "
                      "finite numbers, overflows float64.", text)
        self.assertIn("2 of the 4 elements of dx", text)
        rows = "; ".join(f"{s}1.2e154,{s}1" for s in ("", "-") * 4)
        text = " ".join(self.shown(rows).split())
        self.assertIn("1 of 2 elements of var is NaN or Inf, the first var[0] "
                      "= inf: gate 4", text)

    def test_a_root_of_a_negative_number_is_no_overflow(self):
        text = " ".join(self.shown("1,2;4,3", "--mode", "eval",
                                   "--running-mean", "0,0", "--running-var",
                                   "1,-4").split())
        self.assertIn("the first stddev[1] = ", text)
        self.assertIn("nan: gate 5 makes it of finite numbers.", text)

    def test_an_infinite_dout_begins_there(self):
        self.assertIn("1 of 4 elements of dout is NaN or Inf, the first "
                      "dout[1,0] = inf.", self.shown("1,2;4,3", "1,1;inf,1"))

    def test_elements_without_a_derivative_are_said(self):
        text = self.shown("1,2;1,3", "--eps", "0")
        self.assertIn("2 where the deviation is 0: there is no derivative",
                      text)

    def test_a_gate_of_rank_4_keeps_to_80_columns(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "x.npy"
            header = repr({"descr": "<f8", "fortran_order": False,
                           "shape": (3, 2, 2, 2)}).ljust(117) + "\n"
            numbers = [-1.23456789e-5 * (k * k + 1) for k in range(24)]
            path.write_bytes(b"\x93NUMPY\x01\x00v\x00" + header.encode() +
                             struct.pack("<24d", *numbers))
            for gate in range(1, 10):
                text = self.shown(str(path), "--gate", str(gate), "--cell",
                                  "2,1,1,1")
                self.assertIn("Backward", text)
                for line in text.splitlines():
                    self.assertLessEqual(len(line), 80, line)

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

    def on_a_terminal(self, columns, *arguments):
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 50, columns, 0, 0))
        with subprocess.Popen([XHAT, "explain", *arguments], stdout=slave,
                              env={**os.environ, "NO_COLOR": "1"}) as process:
            os.close(slave)
            text = b""
            while True:
                try:
                    part = os.read(master, 65536)
                except OSError:  # the other end is closed
                    break
                if not part:
                    break
                text += part
        os.close(master)
        self.assertEqual(process.returncode, 0)
        return text.decode().replace("\r\n", "\n")

    def test_a_wide_terminal_is_used(self):
        rows = "; ".join(",".join(str((7 * r + 3 * c) % 11) for c in range(9))
                         for r in range(5))
        for columns, shown in ((70, 3), (80, 3), (120, 5), (180, 9)):
            text = self.on_a_terminal(columns, rows)
            widest = max(map(len, text.splitlines()))
            self.assertLessEqual(widest, max(columns, 80))
            self.assertGreater(widest, 0.6 * columns)
            self.assertEqual(f"rows and {shown} columns" in text, shown < 9)

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
        self.refused(2, "told in words", "--demo", "--cell", "0,0", "-o",
                     "circuit.svg")
        self.refused(2, ".html, .txt, .json", "--demo", "-o", "circuit.pdf")
        self.refused(3, "dout is 3x2 but x is 2x2", "1,2; 3,5",
                     "1,2; 3,4; 5,6")


if __name__ == "__main__":
    unittest.main()
