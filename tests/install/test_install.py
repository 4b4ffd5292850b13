"""Installs into a temporary prefix and uses the result as others would: the
examples through the CMake package, one through pkg-config, the README's
program, the exported symbols, the command."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

BUILD, SOURCE, CMAKE = (pathlib.Path(a) for a in sys.argv[1:4])


def run(*command, **options):
    result = subprocess.run([str(c) for c in command], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            **options)
    if result.returncode != 0:
        raise AssertionError(f"{command} failed:\n{result.stdout}")
    return result.stdout


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="xhat-install-")
        cls.work = pathlib.Path(cls.folder.name)
        cls.prefix = cls.work / "prefix"
        run(CMAKE, "--install", BUILD, "--prefix", cls.prefix)
        cls.shared_object = next(cls.prefix.rglob("libxhat.so"))
        cls.environment = dict(os.environ,
                               LD_LIBRARY_PATH=str(cls.shared_object.parent))
        cls.environment["PKG_CONFIG_PATH"] = str(
            next(cls.prefix.rglob("xhat.pc")).parent)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_examples_through_the_cmake_package(self):
        build = self.work / "examples"
        run(CMAKE, "-S", SOURCE / "examples", "-B", build,
            f"-DCMAKE_PREFIX_PATH={self.prefix}")
        run(CMAKE, "--build", build)
        first = run(build / "01-first-use", env=self.environment)
        self.assertIn("dgamma 0.8000", first)
        self.assertIn("dbeta 4.0000 6.0000", first)
        layer = run(build / "02-train-a-layer", env=self.environment)
        means = [float(m) for m in re.findall(r"mean +(\S+),", layer)]
        for expected, mean in zip((0, 10, 20), means):
            self.assertAlmostEqual(mean, expected, delta=0.5)
        circuit = run(build / "03-the-circuit", env=self.environment)
        self.assertRegex(circuit, r"stddev +5 +2\n")
        self.assertRegex(circuit, r"dvar +-0.16 +-1\n")
        cpp = run(build / "04-from-cpp", env=self.environment)
        self.assertIn("-1.069045", cpp)

    def test_through_pkg_config(self):
        flags = run("pkg-config", "--cflags", "--libs", "xhat",
                    env=self.environment).split()
        program = self.work / "first"
        run(os.environ.get("CC", "cc"),
            SOURCE / "examples" / "01-first-use.c", *flags, "-o", program)
        self.assertIn("dbeta", run(program, env=self.environment))

    def test_the_program_in_the_readme(self):
        readme = (SOURCE / "README.md").read_text()
        programs = re.findall(r"```c\n(.*?)```", readme, re.S)
        self.assertTrue(programs, "the README shows no program")
        flags = run("pkg-config", "--cflags", "--libs", "xhat",
                    env=self.environment).split()
        for program in programs:
            (self.work / "readme.c").write_text(program)
            run(os.environ.get("CC", "cc"), "-Wall", "-Werror",
                self.work / "readme.c", *flags, "-o", self.work / "readme")
            run(self.work / "readme", env=self.environment)

    def test_only_xhat_symbols_are_exported(self):
        symbols = re.findall(r" [A-Z] (\S+)$",
                             run("nm", "-D", "--defined-only",
                                 self.shared_object), re.M)
        self.assertIn("xhat_forward", symbols)
        for symbol in symbols:
            self.assertTrue(symbol.startswith("xhat_"), symbol)
        self.assertNotIn("xhat_fail", symbols)

    def test_soname(self):
        text = run("readelf", "-d", self.shared_object)
        self.assertRegex(text, r"SONAME.*libxhat\.so\.\d+\.\d+\]")

    def test_the_command(self):
        text = run(self.prefix / "bin" / "xhat", "--version")
        self.assertRegex(text, r"^xhat \d+\.\d+\.\d+\n$")

    def test_the_manual_and_the_completions(self):
        share = self.prefix / "share"
        pages = {p.name for p in (share / "man/man1").iterdir()}
        self.assertLessEqual({"xhat.1", "xhat-train.1", "xhat-help.1"}, pages)
        for path in ("bash-completion/completions/xhat",
                     "zsh/site-functions/_xhat",
                     "fish/vendor_completions.d/xhat.fish"):
            self.assertIn("forward", (share / path).read_text())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
