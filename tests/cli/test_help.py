"""help, man pages and completions: the same commands, options and words
everywhere, and in a form that its readers (terminals, groff, shells) take.

The program is named by the environment variable XHAT."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

XHAT = os.path.abspath(os.environ.get("XHAT", "build/xhat"))


def xhat(*words, code=0):
    done = subprocess.run([XHAT, *words], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60)
    assert done.returncode == code, (words, done.returncode, done.stderr)
    return done


COMMANDS = json.loads(xhat("help", "--json").stdout)["commands"]


def words_of(option):
    """batch and none of "batch|none|P": capitals stand for values."""
    return [w for w in option.get("argument", "").split("|")
            if w and not re.search("[A-Z,]", w)]


def needs(program):
    return unittest.skipUnless(shutil.which(program),
                               f"{program} is not installed")


class Help(unittest.TestCase):
    def test_every_command_and_option_with_its_words_within_80_columns(self):
        everything = xhat("help").stdout
        self.assertEqual(everything, xhat().stdout)
        self.assertEqual(everything, xhat("--help").stdout)
        for command in COMMANDS:
            name = command["name"]
            self.assertRegex(everything, rf"(?m)^  {name} +\S")
            text = xhat("help", name).stdout
            self.assertEqual(text, xhat(name, "--help").stdout)
            self.assertTrue(text.startswith(f"xhat {name}: "))
            for option in command["options"]:
                argument = option.get("argument")
                shown = f"--{option['name']}" + (f" {argument}" if argument
                                                 else "")
                self.assertRegex(text, rf"(?m)^ .*{re.escape(shown)}( |$)")
                if "letter" in option:
                    self.assertIn(f"-{option['letter']}, {shown}", text)
            self.assertNotIn("\n\n\n", text)
            for line in (text + everything).splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_no_option_stands_twice_in_a_command(self):
        for command in COMMANDS:
            for key in ("name", "letter"):
                seen = [o[key] for o in command["options"] if key in o]
                self.assertEqual(len(seen), len(set(seen)), command["name"])

    def test_the_words_of_an_option_are_those_that_it_takes(self):
        """Each listed word passes; another one is refused with the list."""
        x = "1,10; 2,20; 4,40"
        for name, words in (("forward", [x]), ("explain", [x])):
            command = next(c for c in COMMANDS if c["name"] == name)
            for option in command["options"]:
                for word in words_of(option):
                    if word == "eval" or option["name"] == "layout":
                        continue  # these need more than a word
                    xhat(name, *words, f"--{option['name']}", word)
                if words_of(option):
                    done = xhat(name, *words, f"--{option['name']}", "bogus",
                                code=2)
                    self.assertIn("bogus", done.stderr)

    def test_norm_options_stand_where_they_do_something(self):
        options = {c["name"]: {o["name"] for o in c["options"]}
                   for c in COMMANDS}
        for name in ("explain", "check"):
            self.assertFalse(options[name] & {"momentum", "batches-seen",
                                              "method", "dtype"})
            done = xhat(name, "1,10; 2,20; 4,40", "--dtype", "f32", code=2)
            self.assertIn("unknown option --dtype", done.stderr)
        self.assertLessEqual(options["forward"], options["backward"])

    def test_mistakes_are_named(self):
        self.assertIn("did you mean train?",
                      xhat("help", "trian", code=2).stderr)
        self.assertIn("unknown shell",
                      xhat("completion", "tcsh", code=2).stderr)
        for command in COMMANDS:
            if command["operands"]:
                self.assertIn("an argument is empty", xhat(
                    command["name"], "", code=2).stderr)
        self.assertIn("--man", xhat("help", "-o", "x", code=2).stderr)


class Manual(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="xhat-man-")
        cls.man = pathlib.Path(cls.folder.name) / "man1"
        xhat("help", "--man", "-o", str(cls.man))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_a_page_for_each_command_and_none_is_overwritten(self):
        self.assertEqual(
            {p.name for p in self.man.iterdir()},
            {"xhat.1"} | {f"xhat-{c['name']}.1" for c in COMMANDS})
        before = (self.man / "xhat.1").read_text()
        self.assertIn("--force", xhat("help", "--man", "-o", str(self.man),
                                      code=5).stderr)
        self.assertEqual((self.man / "xhat.1").read_text(), before)
        self.assertEqual(xhat("help", "--man", "forward").stdout,
                         (self.man / "xhat-forward.1").read_text())

    @needs("groff")
    def test_groff_finds_nothing_and_shows_everything(self):
        for page in sorted(self.man.iterdir()):
            done = subprocess.run(
                ["groff", "-man", "-Tutf8", "-ww", "-rLL=200n", "-P-c",
                 str(page)], capture_output=True, text=True)
            self.assertEqual(done.stderr, "", page)
            text = re.sub(".\x08", "", done.stdout)
            name = page.stem[5:]
            for command in COMMANDS:
                if name == "":
                    self.assertIn(command["summary"], text)
                if command["name"] != name:
                    continue
                for option in command["options"]:
                    self.assertRegex(text, rf"--{option['name']}\b")
                    for word in option["help"].split():
                        self.assertIn(word, text)
                for line in xhat("help", name).stdout.splitlines():
                    if line.startswith("    xhat "):  # examples, unfilled
                        self.assertIn(line.strip(), text)

    @needs("mandoc")
    def test_mandoc_finds_no_error(self):
        for page in sorted(self.man.iterdir()):
            done = subprocess.run(["mandoc", "-T", "lint", "-W", "error",
                                   str(page)], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout)


class Completion(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def script(self, shell):
        path = self.folder / f"xhat.{shell}"
        xhat("completion", shell, "-o", str(path))
        self.assertEqual(path.read_text(), xhat("completion", shell).stdout)
        return path

    def bash(self, *words):
        """What bash offers for the last of the words."""
        line = " ".join(f"'{w}'" for w in words)
        done = subprocess.run(
            ["bash", "-c", f"source {self.script_path}; COMP_WORDS=({line}); "
             f"COMP_CWORD={len(words) - 1}; _xhat; "
             'printf "%s\\n" "${COMPREPLY[@]}"'], cwd=self.folder,
            capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        return done.stdout.split("\n")[:-1] if done.stdout != "\n" else []

    @needs("bash")
    def test_bash(self):
        self.script_path = self.script("bash")
        (self.folder / "my batch.npy").touch()
        names = [c["name"] for c in COMMANDS]
        self.assertEqual(self.bash("xhat", ""),
                         names + ["--help", "--version"])
        self.assertEqual(self.bash("xhat", "ex"), ["explain", "export"])
        self.assertEqual(self.bash("xhat", "nonsense", ""), [])
        for command in COMMANDS:
            name = command["name"]
            offered = self.bash("xhat", name, "-")
            for option in command["options"]:
                self.assertIn(f"--{option['name']}", offered)
                if "letter" in option:
                    self.assertIn(f"-{option['letter']}", offered)
            self.assertEqual(
                len(offered), sum(1 + ("letter" in o)
                                  for o in command["options"]))
        for option in COMMANDS[0]["options"]:
            if words_of(option):
                self.assertEqual(
                    self.bash("xhat", "forward", f"--{option['name']}", ""),
                    words_of(option))
        self.assertEqual(self.bash("xhat", "forward", "--mode", "e"), ["eval"])
        self.assertEqual(self.bash("xhat", "forward", "--mode", "=", "e"),
                         ["eval"])
        self.assertEqual(self.bash("xhat", "forward", "--mode", "="),
                         ["train", "eval"])
        self.assertEqual(self.bash("xhat", "forward", "--eps", ""), [])
        self.assertEqual(self.bash("xhat", "forward", "my"), ["my batch.npy"])
        self.assertEqual(self.bash("xhat", "forward", "--gamma", "my"),
                         ["my batch.npy"])
        self.assertEqual(self.bash("xhat", "forward", "-o", "my"),
                         ["my batch.npy"])
        self.assertEqual(self.bash("xhat", "completion", ""),
                         ["bash", "zsh", "fish"])
        self.assertEqual(self.bash("xhat", "help", ""), names)

    @needs("fish")
    def test_fish(self):
        script = self.script("fish")
        (self.folder / "batch.npy").touch()

        def offered(line):
            done = subprocess.run(
                ["fish", "--no-config", "-c",
                 f"source {script}; complete -C '{line}'"],
                cwd=self.folder, capture_output=True, text=True,
                env={**os.environ, "HOME": str(self.folder)})
            self.assertEqual(done.stderr, "")
            return [row.split("\t")[0] for row in done.stdout.splitlines()]

        names = {c["name"] for c in COMMANDS}
        self.assertEqual(set(offered("xhat ")), names)
        for command in COMMANDS:
            self.assertLessEqual({f"--{o['name']}" for o in
                                  command["options"]},
                                 set(offered(f"xhat {command['name']} --")))
        self.assertEqual(set(offered("xhat forward --mode ")),
                         {"train", "eval"})
        self.assertIn("batch.npy", offered("xhat forward ba"))
        self.assertIn("batch.npy", offered("xhat forward --gamma ba"))
        self.assertEqual(offered("xhat forward --eps ba"), [])
        self.assertEqual(set(offered("xhat completion ")),
                         {"bash", "zsh", "fish"})
        self.assertEqual(set(offered("xhat help ")), names)

    @needs("zsh")
    def test_zsh(self):
        """zsh completes only on a terminal: one is made with zpty."""
        self.script("zsh").rename(self.folder / "_xhat")
        (self.folder / "batch.npy").touch()
        driver = self.folder / "driver.zsh"
        driver.write_text(f"""
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1=; stty -echo columns 200; fpath=({self.folder} $fpath)'
zpty -w shell 'autoload -Uz compinit; compinit -u -d {self.folder}/dump'
zpty -w shell 'zstyle ":completion:*" list-prompt ""; LISTMAX=1000'
zpty -w shell 'cd {self.folder}; TERM=dumb; print RE""ADY'
while zpty -r shell line; do [[ $line == *READY* ]] && break; done
zpty -n -w shell "$1"$'\\t'
sleep $2
zpty -n -w shell $'\\x15print DO\"\"NE\\n'
while zpty -r shell line; do
    print -r -- "$line"
    [[ $line == *DONE* ]] && break
done
""")

        def offers(line, *expected):
            for delay in ("0.4", "2", "8"):  # as a busy machine may need
                done = subprocess.run(["zsh", "-f", str(driver), line, delay],
                                      capture_output=True, text=True,
                                      timeout=60)
                text = re.sub("\x1b\\[[0-9;?]*[a-zA-Z]", "", done.stdout)
                if all(e in text for e in expected):
                    return
            self.fail(f"{line}: {text}")

        offers("xhat expl", "xhat explain")
        offers("xhat forward --batches", "--batches-seen")
        offers("xhat forward --mode ev", "--mode eval")
        offers("xhat forward ba", "batch.npy")
        offers("xhat completion fi", "completion fish")
        offers("xhat ", *(command["name"] for command in COMMANDS))


if __name__ == "__main__":
    unittest.main()
