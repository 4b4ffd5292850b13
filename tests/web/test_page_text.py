"""The page as a file: complete without scripts, self-contained, safe."""

import html.parser
import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

import numpy as np

from pages import XHAT, arrays, explain, folder, has_module, make

VOID = {"meta", "link", "input", "br"}
OPEN_ENDED = {"td", "th", "tr", "caption", "option", "li", "p", "thead",
              "tbody", "html", "body"}


class Reader(html.parser.HTMLParser):
    """The words of a page, the code in it, and whether its tags match."""

    def __init__(self):
        super().__init__()
        self.stack, self.words, self.faults = [], [], []
        self.codes, self.cells, self.addresses, self.labels = [], [], [], []
        self.scripts = {}

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        for name in ("src", "href", "action", "data", "poster"):
            if name in attributes:
                self.addresses.append(attributes[name])
        if any(name.startswith("on") for name in attributes):
            self.faults.append((tag, attrs))
        if "aria-label" in attributes:
            self.labels.append(attributes["aria-label"])
        if tag in VOID or tag in OPEN_ENDED:
            return
        self.stack.append((tag, attributes))
        if tag == "code" and "data-language" in attributes:
            self.codes.append([attributes["data-language"], ""])

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if tag in OPEN_ENDED or tag in VOID:
            return
        if not self.stack or self.stack[-1][0] != tag:
            self.faults.append((tag, self.stack[-1:]))
        else:
            self.stack.pop()

    def handle_data(self, data):
        tag, attributes = self.stack[-1] if self.stack else ("", {})
        if tag in ("script", "style"):
            self.scripts[attributes.get("id", tag)] = data
            return
        self.words.append(data)
        if tag == "code" and "data-language" in attributes:
            self.codes[-1][1] += data


def read(path):
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader


class PageText(unittest.TestCase):
    def setUp(self):
        place = folder()
        self.addCleanup(place.cleanup)
        self.folder = pathlib.Path(place.name)

    def page(self, *arguments):
        return read(make(self.folder, "page.html", *arguments))

    def test_it_is_well_formed_and_light(self):
        path = make(self.folder, "page.html", "--demo")
        reader = read(path)
        self.assertEqual(reader.faults, [])
        self.assertEqual(reader.stack, [])
        self.assertLess(path.stat().st_size, 200_000)
        for key in ("mean", "ddev_from_mean_sq", "inverted_stddev", "dbeta",
                    "backward step 0: dx", "gate 9: out"):
            self.assertTrue(key in reader.words or key in reader.labels, key)

    def test_no_address_leads_outside(self):
        for arguments in (["--demo"], ["--quiz", "--seed", "3"]):
            reader = self.page(*arguments)
            for address in reader.addresses:
                self.assertRegex(address, r"^(#[\w-]+|data:,)$")
            text = (self.folder / "page.html").read_text(encoding="utf-8")
            for word in ("//", "url("):
                for found in re.finditer(re.escape(word), text):
                    near = text[found.start():found.end() + 12]
                    self.assertTrue(near.startswith("url(#") or
                                    self.is_in_data(reader, near), near)
            self.assertIn("default-src 'none'", text)

    def is_in_data(self, reader, near):
        return near in reader.scripts.get("module", "") or \
            near in reader.scripts.get("state", "")

    def test_every_number_of_the_circuit_is_in_it(self):
        reader = self.page("--demo")
        words = {w.strip() for w in reader.words}
        document = json.loads(explain("--demo", "--json").stdout)
        for key, value in arrays(document).items():
            for number in np.ravel(np.array(value, float)):
                self.assertIn(f"{number + 0.0:.5g}", words, key)

    def run_numpy(self, reader, document):
        names = {"np": np, "eps": document["eps"]}
        for key in ("x", "gamma", "beta", "dout"):
            names[key] = np.array(document[key], float)
        return names, [c for l, c in reader.codes if l == "NumPy"]

    def test_its_numpy_computes_the_circuit(self):
        batch = "1,10,3; 2,25,-4; 4,40,5; 9,-3,0.5"
        document = json.loads(explain(batch, "--json").stdout)
        names, codes = self.run_numpy(self.page(batch), document)
        names["N"] = 4
        self.assertEqual(len(codes), 18)
        for code in codes:
            exec(code, names)  # pylint: disable=exec-used
        for key, value in arrays(document).items():
            if key in names and "." not in key:
                np.testing.assert_allclose(names[key], value, rtol=1e-12,
                                           atol=1e-12, err_msg=key)

    def test_its_numpy_computes_images(self):
        rng = np.random.default_rng(1)
        x = rng.normal(size=(3, 2, 2, 2))
        path = self.folder / "x.npy"
        np.save(path, x)
        document = json.loads(explain(path, "--json").stdout)
        names, codes = self.run_numpy(self.page(path), document)
        names["N"] = 12
        for key in ("x", "dout"):
            names[key] = names[key].reshape(3, 2, 4)
        for key in ("gamma", "beta"):
            names[key] = names[key].reshape(1, 2, 1)
        for code in codes:
            exec(code, names)  # pylint: disable=exec-used
        for key in ("dx", "dgamma", "out", "dvar"):
            np.testing.assert_allclose(
                np.ravel(names[key]), np.ravel(arrays(document)[key]),
                rtol=1e-11, atol=1e-13, err_msg=key)

    def compile_c(self, reader, document, rows, columns, inner):
        """A program of the C of the page; the arrays that it prints."""
        full, small = f"[{rows}][{columns}]", f"[{columns}]"
        full += f"[{inner}]" if inner > 1 else ""
        lines = ["#include <math.h>", "#include <stdio.h>",
                 f"enum {{ N = {rows}, D = {columns}, M = {inner} }};"]
        statistics = ("mean", "var", "stddev", "inverted_stddev")
        for key in ("x", "gamma", "beta", "dout"):
            numbers = np.ravel(np.array(document[key], float))
            shape = small if key in ("gamma", "beta") else full
            lines.append(f"static double {key}{shape} = {{" + ",".join(
                float(n).hex() for n in numbers) + "};")
        made = [g["name"] for g in document["gates"]]
        for key in made + ["d" + k for k in made if k != "out"] + [
                "dx", "dgamma", "dbeta"]:
            shape = small if key.lstrip("d") in statistics or key in (
                "dgamma", "dbeta", "dvar") else full
            lines.append(f"static double {key}{shape};")
        lines.append(f"int main(void) {{ const double eps = {document['eps']};")
        lines += [c for l, c in reader.codes if l == "C"]
        for key in ("out", "dx", "dgamma", "dbeta"):
            lines.append(f'for (unsigned k = 0; k < sizeof {key} / 8; k++) '
                         f'printf("%.17g ", ((double *){key})[k]); puts("");')
        source = self.folder / "page.c"
        source.write_text("\n".join(lines + ["}"]).replace(
            "-Wall", ""), encoding="utf-8")
        program = self.folder / "page"
        subprocess.run(["cc", "-std=c11", "-Wno-missing-braces", str(source),
                        "-o", str(program), "-lm"], check=True)
        done = subprocess.run([str(program)], capture_output=True, text=True,
                              check=True)
        return [np.array(l.split(), float) for l in done.stdout.splitlines()]

    @unittest.skipIf(shutil.which("cc") is None, "cc is missing")
    def test_its_c_computes_the_circuit(self):
        np.save(self.folder / "x.npy",
                np.random.default_rng(2).normal(size=(3, 2, 4)))
        for batch, shape in (("1,10,3; 2,25,-4; 4,40,5; 9,-3,0.5", (4, 3, 1)),
                             (self.folder / "x.npy", (3, 2, 4))):
            document = json.loads(explain(batch, "--json").stdout)
            found = self.compile_c(self.page(batch), document, *shape)
            for key, numbers in zip(("out", "dx", "dgamma", "dbeta"), found):
                np.testing.assert_allclose(numbers, np.ravel(document[key]),
                                           rtol=1e-11, atol=1e-13, err_msg=key)

    def test_markup_in_names_is_text(self):
        evil = "<img src=x onerror=alert(1)><script>alert(2)<!--.csv"
        path = self.folder / evil.replace("/", "")
        path.write_text("</script><b>,\"<i>\"\n1,2\n3,5\n", encoding="utf-8")
        reader = self.page(path)
        self.assertEqual(reader.faults, [])
        self.assertTrue(any(evil in w for w in reader.words))
        text = (self.folder / "page.html").read_text(encoding="utf-8")
        self.assertNotIn("<img", text)
        self.assertEqual(text.count("<script"), 4)
        self.assertEqual(text.count("</script"), 4)

    def test_a_huge_batch_shows_a_part_and_says_so(self):
        np.save(self.folder / "x.npy",
                np.random.default_rng(3).normal(size=(300, 40)))
        done = explain(self.folder / "x.npy", "-o", self.folder / "page.html")
        path = self.folder / "page.html"
        self.assertLess(path.stat().st_size, 200_000)
        words = " ".join(" ".join(read(path).words).split())
        self.assertIn("the tables show the first 6 rows and 5 columns", words)
        self.assertIn("… 294 more rows", words)
        if has_module():
            self.assertIn("too large to be computed again", words)
            self.assertIn("the page is static: x has 12000", done.stderr)

    def test_nan_is_shown_where_it_begins(self):
        reader = self.page("1,10; nan,20; 4,40")
        words = " ".join(" ".join(reader.words).split())
        self.assertIn("1 of 6 elements of x is NaN or Inf, the first x[1,0]",
                      words)
        text = (self.folder / "page.html").read_text(encoding="utf-8")
        self.assertIn(' bad">nan', text)
        found = json.loads(explain("1,10; nan,20; 4,40",
                                   "--json").stdout)["not_finite"]
        self.assertEqual(found, [{"array": "x", "gate": None, "at": [1, 0],
                                  "value": "nan", "count": 1, "of": 6}])
        found = json.loads(explain("1e200,1;2e200,3", "--json").stdout)
        self.assertEqual(found["not_finite"][0]["array"], "dev_from_mean_sq")
        self.assertEqual(found["not_finite"][0]["gate"], 3)

    def test_held_statistics(self):
        reader = self.page("--demo", "--mode", "eval", "--running-mean",
                           "2,0", "--running-var", "4,16")
        self.assertEqual(reader.faults, [])
        words = " ".join(" ".join(reader.words).split())
        self.assertIn("mean is held at given numbers", words)
        self.assertIn("No gradient flows", words)

    def test_an_empty_batch_and_one_number(self):
        np.save(self.folder / "x.npy", np.zeros((0, 3)))
        self.assertEqual(self.page(self.folder / "x.npy").faults, [])
        np.save(self.folder / "x.npy", np.array([[5.0, 6.0]]))
        self.assertEqual(self.page(self.folder / "x.npy").faults, [])

    def test_a_cell_and_a_gate_can_be_chosen(self):
        reader = self.page("--demo", "--cell", "2,1", "--gate", "3")
        self.assertIn("dx[2,1]", reader.words)
        text = (self.folder / "page.html").read_text(encoding="utf-8")
        self.assertIn('class="card now" id="forward-3"', text)

    def test_the_module_is_there_or_missed(self):
        words = " ".join(" ".join(self.page("--demo").words).split())
        self.assertEqual(has_module(),
                         "was built without WebAssembly" not in words)

    def test_refusals(self):
        def refused(*arguments):
            done = subprocess.run([XHAT, "explain", *arguments],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 2, done.stdout)
            return done.stderr
        self.assertIn("0 to 3 of axis 0", refused(
            "--demo", "--cell", "4,0", "-o", str(self.folder / "a.html")))
        self.assertIn("--quiz makes a page", refused("--quiz"))


class Quiz(unittest.TestCase):
    def setUp(self):
        place = folder()
        self.addCleanup(place.cleanup)
        self.folder = pathlib.Path(place.name)

    def quiz(self, seed, *arguments):
        path = make(self.folder, f"quiz-{seed}.html", "--quiz", "--seed", seed,
                    *arguments)
        return path, path.read_text(encoding="utf-8")

    def test_answers_are_not_in_it(self):
        # a batch whose answers are long numbers, found nowhere by chance
        rng = np.random.default_rng(4)
        np.savez(self.folder / "mine.npz", x=rng.normal(size=(5, 3)) * 1.37,
                 dout=rng.normal(size=(5, 3)), gamma=rng.normal(size=3))
        path, text = self.quiz(5, self.folder / "mine.npz")
        document = json.loads(explain(self.folder / "mine.npz",
                                      "--json").stdout)
        found = arrays(document)
        asked = re.findall(r'aria-label="(\w+)\[([\d,]+)\]" data-hash', text)
        self.assertGreater(len(asked), 30)
        keys = {key for key, _ in asked}
        self.assertEqual(len(keys), 20)  # 9 values and 11 gradients
        shown = self.shown(text)
        for key, place in asked:
            number = found[key]
            for index in place.split(","):
                number = number[int(index)]
            where = [int(i) for i in place.split(",")]
            for table in shown[key]:
                cell = table[where[0]][where[1]] if len(where) == 2 \
                    else table[0][where[0]]
                self.assertIn(cell, ("?", "asked"), key + place)
            if key != "dscaled_x":  # which is dout, and that is given
                self.assertFalse(f"{number:.17g}" in text, key + place)
        reader = read(path)
        self.assertEqual(reader.scripts.get("module", ""), "")
        self.assertEqual(reader.scripts.get("state", ""), "")

    def shown(self, text):
        """{key: the rows of cells of every table that shows the array}"""
        tables = {}
        for body in re.findall(r"<table class=.numbers[^>]*data-array"
                               r".*?</table>", text, re.S):
            key = re.search(r"<b>(\w+)</b>", body)[1]
            rows = []
            for row in body.split("<tr")[1:]:
                cells = re.findall(r"<td( class=ask)?[^>]*>([^<]*)", row)
                if cells and not row.startswith("><td><th"):
                    rows.append(["asked" if ask else cell
                                 for ask, cell in cells])
            tables.setdefault(key, []).append(rows)
        return tables

    def test_a_seed_makes_one_batch_and_its_key(self):
        _, first = self.quiz(7)
        _, again = self.quiz(7)
        self.assertEqual(first, again)
        batches = set()
        for seed in range(20):
            key = json.loads(explain("--quiz", "--seed", seed, "--json").stdout)
            x = np.array(key["x"])
            self.assertEqual(x.shape, (4, 2))
            self.assertTrue((x == np.round(x)).all())
            for stddev in key["gates"][4]["value"]:
                self.assertIn(stddev, (1, 2, 4, 5, 8, 10))
            batches.add(json.dumps(key["x"]))
        self.assertEqual(len(batches), 20)


if __name__ == "__main__":
    os.environ.pop("XHAT_ISA", None)
    unittest.main()
