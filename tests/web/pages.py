"""What both tests of the page need: to run `xhat explain`, and the arrays of
its JSON by their keys."""

import json
import os
import pathlib
import subprocess
import tempfile

XHAT = os.environ.get("XHAT", "build/xhat")


def explain(*arguments):
    done = subprocess.run([XHAT, "explain", *map(str, arguments)],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done


def make(folder, name, *arguments):
    """A page of these arguments, in the folder; its path."""
    path = pathlib.Path(folder) / name
    explain(*arguments, "-o", path, "--force")
    return path


def has_module():
    done = subprocess.run([XHAT, "info", "--json"], capture_output=True,
                          text=True, check=False)
    return json.loads(done.stdout)["page_module"]


def arrays(document):
    """{key: nested lists} of what `explain --json` wrote."""
    found = {key: document[key] for key in (
        "x", "gamma", "beta", "out", "dout", "dx", "dgamma", "dbeta")}
    for gate in document["gates"]:
        found[gate["name"]] = gate["value"]
        found.setdefault("d" + gate["name"], gate["upstream"])
        for operand, value in gate["downstream"].items():
            found[f"{gate['gate']}.{operand}"] = value
        for operand, value in gate["local"].items():
            found[f"local {gate['gate']}.{operand}"] = value
    return found


def folder():
    return tempfile.TemporaryDirectory()
