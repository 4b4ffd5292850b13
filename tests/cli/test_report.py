"""report.html and `plot -o FILE.html`: what a page about runs says.

The program is named by the environment variable XHAT."""
import html.parser
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

XHAT = os.path.abspath(os.environ.get("XHAT", "build/xhat"))


class Page(html.parser.HTMLParser):
    """Tables, headings and figures of a page, whose tags must match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.rows, self.headings, self.figures = [], [], [], 0
        self.data = ""
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta",):
            self.open.append(tag)
        self.figures += tag == "svg"
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th", "h1", "h2"):
            self.data = ""
        for name, value in attributes:
            assert name not in ("src", "href"), (tag, name)
            assert not name.startswith("on"), (tag, name)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (self.open, tag)
        self.open.pop()
        if tag in ("td", "th"):
            self.rows[-1].append(self.data)
        if tag in ("h1", "h2"):
            self.headings.append(self.data)

    def handle_data(self, data):
        self.data += data

    def row(self, name):
        return next(r for r in self.rows if r and r[0] == name)


def health(layer, epoch):
    return {"layer": layer, "dead": 0.25, "mean_gap": 0.5 / epoch,
            "var_gap": 0.125, "gain_min": 0.5, "gain_max": 1.5, "refused": 0}


class Report(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def xhat(self, *words, code=0):
        done = subprocess.run([XHAT, *map(str, words)], cwd=self.folder,
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, code,
                         f"{words}: {done.stdout}{done.stderr}")
        return done

    def page(self, path):
        text = (self.folder / path).read_text()
        self.assertNotRegex(text, r"(?i)<script|@import|url\(|[^a-z]nan[^a-z]")
        self.assertNotRegex(text.replace("http://www.w3.org/2000/svg", ""),
                            "https?:")
        for scheme in ("prefers-color-scheme:dark", "@media print"):
            self.assertIn(scheme, text)
        for figure in re.findall(r"<svg.*?</svg>", text, re.S):
            ElementTree.fromstring(figure)
        return Page(text)

    def made(self, name="run", epochs=3, **options):
        """A run folder as training writes it, with layers and confusion."""
        run = self.folder / name
        run.mkdir()
        (run / "run.json").write_text(json.dumps({
            "versions": {"xhat": "0.1.0"},
            "options": {"batch_size": 100, "hidden": [8, 8], **options},
            "data": {"classes": ["<b>", "b&c"], "hash": "fnv1a64:1"},
            "net": "4-8-8-2, batch norm", "parameters": 130,
            "confusion": {"part": "test set", "counts": [[8, 2], [0, 5]]},
            "result": {"status": "finished"}}))
        (run / "metrics.jsonl").write_text("".join(json.dumps({
            "epoch": e, "step": 10 * e, "train_loss": 1 / e,
            "train_accuracy": 0.9, "validation_loss": 0.5,
            "validation_accuracy": [0, 0.5, 0.75, 0.625][e], "lr": 0.01,
            "seconds": 0.1 * e, "best": e < 3,
            "norm_health": [health(1, e), health(4, e)]}) + "\n"
            for e in range(1, epochs + 1)))
        return run

    def test_a_training_leaves_a_report_in_each_folder(self):
        self.xhat("train", "xor", "--epochs", 2, "--baseline", "-o", "run")
        page = self.page("run/report.html")
        self.assertEqual(page.headings[0], "Training on xor")
        self.assertEqual(page.figures, 3 + 4 + 1)  # curves, health of both
        self.assertIn("Health of the hidden layers: batch norm",
                      page.headings)
        self.assertIn("Confusion: no norm", page.headings)
        run = json.loads((self.folder / "run/run.json").read_text())
        self.assertEqual(page.row("norm"),
                         ["norm", "batch", "none"])
        self.assertEqual(page.row("hash"),
                         ["hash", run["data"]["hash"], run["data"]["hash"]])
        last = run["result"]["last_epoch"]
        self.assertIn(f"{last['train_loss']:.4f}", page.row("batch norm"))
        self.assertIn(f"{100 * last['validation_accuracy']:.2f} %",
                      page.row("batch norm"))
        alone = self.page("run/baseline/report.html")
        self.assertEqual(alone.row("norm"), ["norm", "none"])
        # a run that is written over takes its report along
        self.xhat("train", "xor", "--epochs", 1, "-o", "run", "--force")
        self.assertFalse((self.folder / "run.old").exists())
        self.assertFalse((self.folder / "run/baseline").exists())

    def test_what_a_page_says(self):
        self.made()
        self.xhat("plot", "run", "-o", "run.html")
        page = self.page("run.html")
        self.assertEqual(page.headings[:3],
                         ["The run run", "Curves",
                          "Health of the hidden layers: run"])
        self.assertEqual(page.figures, 3 + 4)
        self.assertEqual(page.row("run")[1:3], ["finished", "3"])
        self.assertIn("75.00 % (epoch 2)", page.row("run"))
        self.assertEqual(page.row("hidden"), ["hidden", "8, 8"])
        self.assertEqual(page.row("classes"), ["classes", "<b>, b&c"])
        self.assertEqual(page.row("<b>"), ["<b>", "8", "2", "80.0 %"])
        self.assertEqual(page.row("b&c"), ["b&c", "0", "5", "100.0 %"])
        text = (self.folder / "run.html").read_text()
        self.assertIn("layer 2 25.0%", text)  # dead units, at the line's end
        self.assertIn("layer 1 1.5", text)

    def test_runs_side_by_side(self):
        self.made("a", lr=0.1)
        self.made("b", epochs=2, reg=3)
        (self.folder / "c").mkdir()
        shutil.copy(self.folder / "b/metrics.jsonl", self.folder / "c")
        self.xhat("plot", "a", "b", "c", "-o", "all.html")
        page = self.page("all.html")
        self.assertEqual(page.row("lr"), ["lr", "0.1", "–", "–"])
        self.assertEqual(page.row("reg"), ["reg", "–", "3", "–"])
        text = (self.folder / "all.html").read_text()
        self.assertIn('<tr class="differs"><th>lr</th>', text)
        self.assertNotIn('<tr class="differs"><th>xhat</th><td>0.1.0</td>'
                         '<td>0.1.0</td></tr>', text)

    def test_what_cannot_be_reported_is_said(self):
        run = self.made()
        done = self.xhat("plot", *["run"] * 9, "-o", "x.html", code=2)
        self.assertIn("too many", done.stderr)
        (run / "run.json").write_text("{\n  \"options\": }")
        done = self.xhat("plot", "run", "-o", "x.html", code=3)
        self.assertIn("run.json:2:", done.stderr)
        (run / "run.json").write_text("[]")
        self.xhat("plot", "run", "-o", "x.html", code=3)
        (run / "run.json").unlink()
        (run / "metrics.jsonl").write_text("")
        done = self.xhat("plot", "run", "-o", "x.html", code=3)
        self.assertIn("no epoch", done.stderr)
        self.assertFalse((self.folder / "x.html").exists())

    def test_odd_json_does_not_break_the_page(self):
        run = self.made()
        (run / "run.json").write_text(json.dumps({
            "options": {"a": None, "b": [[1], {"c": "<i>"}], "d": {"e": 1},
                        "<k>": "</table>"},
            "data": {"classes": 7}, "versions": [], "net": {"x": 1},
            "confusion": {"part": 3, "counts": [[1], "two", None]},
            "result": {"status": ["odd"]}}))
        (run / "metrics.jsonl").write_text(
            '{"epoch": 1, "norm_health": [{"dead": "x"}, 3, null]}\n'
            '{"epoch": 2, "train_loss": "nan", "norm_health": 5}\n')
        self.xhat("plot", "run", "-o", "run.html")
        page = self.page("run.html")
        self.assertEqual(page.row("<k>"), ["<k>", "</table>"])


if __name__ == "__main__":
    if os.environ.get("XHAT_HAVE_NET", "1") == "0":
        sys.exit(77)  # skipped: this build has no nets
    unittest.main()
