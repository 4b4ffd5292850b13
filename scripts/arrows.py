#!/usr/bin/env python3
"""Holds the dependency arrows: which folder may include which.

    base <- kernels <- norm <- net <- cli
    base <- circuit <- cli
    base <- formats <- data, cli
    data <- net, cli
    net <- report <- cli
    circuit, norm <- web <- cli

circuit never includes norm nor norm circuit: the oracle stays independent.
File names are unique in the tree.  Prints what breaks a rule; exits 1 then.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# folder -> the folders and public headers whose files it may include
ALLOWED = {
    "src/base": {"src/base", "status.h"},
    "src/kernels": {"src/base", "src/kernels", "status.h", "xhat.h"},
    "src/norm": {"src/base", "src/kernels", "src/norm", "status.h", "xhat.h"},
    "src/circuit": {"src/base", "src/circuit", "status.h", "circuit.h"},
    "src/formats": {"src/base", "src/formats", "status.h", "formats.h"},
    "src/data": {"src/base", "src/formats", "src/data", "status.h",
                 "formats.h", "data.h"},
    "src/net": {"src/base", "src/formats", "src/data", "src/net", "status.h",
                "xhat.h", "formats.h", "data.h", "net.h"},
    "src/report": {"src/base", "src/report", "status.h", "xhat.h",
                   "formats.h", "net.h"},
    "web": {"src/base", "src/circuit", "src/norm", "web", "status.h",
            "circuit.h", "xhat.h"},
    "bench/nets": {"src/base", "src/net", "status.h", "net.h"},
    "bench": {"src/base", "src/kernels", "bench", "status.h", "xhat.h",
              "circuit.h"},
    "cli": {"src/base", "src/kernels", "src/circuit", "src/formats",
            "src/net", "src/report", "bench", "web", "cli", "status.h",
            "xhat.h", "circuit.h", "formats.h", "data.h", "net.h"},
    "include/xhat": {"status.h", "xhat.h", "formats.h", "data.h"},
}

SOURCES = (".c", ".h", ".inc", ".def")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def folder_of(path):
    """The key of ALLOWED that a file belongs to."""
    relative = path.relative_to(ROOT).as_posix()
    return next((f for f in ALLOWED if relative.startswith(f + "/")), None)


def included_folder(path, name):
    """What an include names: a folder of ALLOWED or a public header."""
    if name.startswith("xhat/"):
        return name[len("xhat/"):]
    for base in (path.parent, ROOT / "src", ROOT, ROOT / "web"):
        found = base / name
        if found.is_file():
            return folder_of(found.resolve())
    return None


def main():
    faults, names = [], {}
    for folder, allowed in ALLOWED.items():
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix not in SOURCES or folder_of(path) != folder:
                continue
            for name in INCLUDE.findall(path.read_text()):
                target = included_folder(path, name)
                if target not in allowed:
                    faults.append(f"{path.relative_to(ROOT)} includes {name} "
                                  f"({target}): {folder} may not")
    for top in ("src", "cli", "include", "tests", "bench", "web"):
        for path in (ROOT / top).rglob("*"):
            if path.suffix in SOURCES:
                names.setdefault(path.name, []).append(path)
    for name, paths in sorted(names.items()):
        if len(paths) > 1:
            faults.append(f"{name} is the name of several files: " +
                          ", ".join(str(p.relative_to(ROOT)) for p in paths))
    print("\n".join(faults) or "the arrows hold")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
