"""What `make install` puts in place: programs that run from there, a manual that has every verb, completions that shells can read, units."""

import subprocess

from common import *


def verbs(command, path=()):
    """Every verb, with those below it: [('slot', 'add', 'key-file'), …]"""
    for verb in command.get("subcommands") or []:
        if verb["shouldDisplay"] and verb["commandName"] != "help":
            here = (*path, verb["commandName"])
            yield here, verb
            yield from verbs(verb, here)


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = space()
        binary("coffer")
        done = run([os.path.join(TREE, "scripts", "install.sh"), os.path.dirname(binary("coffer"))],
                   env={"DESTDIR": cls.root, "PREFIX": "/usr/local", "PATH": os.environ["PATH"]}, timeout=300)
        assert done.code == 0, done
        cls.root_command = json.loads(run([binary("coffer"), "--experimental-dump-help"]).out)["command"]

    def at(self, path):
        return os.path.join(self.root, "usr", "local", path)

    def pages(self):
        return [os.path.join(at, name) for at, _, names in os.walk(self.at("share/man")) for name in names]

    def test_programs(self):
        for program in ("coffer", "cofferd"):
            self.assertEqual(run([self.at("bin/" + program), "--version"]).code, 0)
        self.assertEqual(mode(self.at("bin/coffer")), 0o755)
        self.assertEqual(mode(self.root + "/etc/coffer/coffer.yaml"), 0o640)

    def test_settings_that_are_there_stay(self):
        path = self.root + "/etc/coffer/coffer.yaml"
        with open(path) as file:
            before = file.read()
        with open(path, "a") as file:
            file.write("# mine\n")
        env = {"DESTDIR": self.root, "PREFIX": "/usr/local", "PATH": os.environ["PATH"]}
        self.assertEqual(run([os.path.join(TREE, "scripts", "install.sh"), os.path.dirname(binary("coffer"))], env=env, timeout=300).code, 0)
        with open(path) as file:
            self.assertEqual(file.read(), before + "# mine\n")

    def test_units_know_where_the_program_is(self):
        with open(self.at("lib/systemd/system/cofferd.service")) as file:
            self.assertIn("\nExecStart=/usr/local/bin/cofferd --config", file.read())
        for path in ("lib/systemd/system/cofferd.socket", "lib/sysusers.d/coffer.conf", "lib/tmpfiles.d/coffer.conf",
                     "share/doc/coffer/docs/operations.md", "share/doc/coffer/prometheus/coffer.rules.yaml"):
            self.assertTrue(os.path.isfile(self.at(path)), path)

    def test_every_verb_and_option_has_its_place(self):
        read = {}
        for page in self.pages():
            with open(page, encoding="utf-8") as file:
                # Back from roff, as far as names go.
                read[os.path.basename(page)] = file.read().replace("\\-", "-").replace("\\fB", "").replace("\\fR", "").replace("\\fI", "")
        seen = 0
        for path, verb in verbs(self.root_command):
            page = read["coffer-%s.1" % path[0]]
            if len(path) == 1:
                self.assertIn("coffer-%s(1)" % path[0], read["coffer.1"])
            elif not verb.get("subcommands"):
                self.assertIn("\n.SH coffer " + " ".join(path) + "\n", page)
            for argument in verb.get("arguments") or []:
                if argument["shouldDisplay"] and argument["kind"] != "positional":
                    self.assertIn("--" + argument["preferredName"]["name"], page, path)
                    seen += 1
        self.assertGreater(seen, 500)
        self.assertEqual(len(read), 2 + len(self.root_command["subcommands"]) - 1)
        # Exit codes stand in the manual (every one of them).
        for page, codes in (("coffer.1", range(0, 14)), ("cofferd.8", (0, 64, 65, 73, 75, 77, 78, 1))):
            for code in codes:
                self.assertIn("\n.TP\n%d\n" % code, read[page])

    def test_pages_are_well_formed(self):
        done = run([tool("mandoc"), "-T", "lint", "-W", "warning", *self.pages()])
        self.assertEqual((done.code, done.text), (0, ""), done)

    def test_pages_can_be_shown(self):
        man = tool("man")
        for page in self.pages():
            done = run([man, "--warnings", "-E", "UTF-8", "-l", page], env={"LC_ALL": "C.UTF-8", "MANWIDTH": "100", "PATH": os.environ["PATH"]})
            self.assertEqual(done.code, 0, done)
            self.assertEqual([line for line in done.error.split("\n") if "warning" in line], [], page)
            self.assertIn("NAME", done.text)

    def test_completions(self):
        for program in ("coffer", "cofferd"):
            bash = self.at("share/bash-completion/completions/" + program)
            done = run(["/bin/bash", "-c", 'source "$1" && complete -p "$2"', "bash", bash, program])
            self.assertEqual(done.code, 0, done)
            self.assertIn(program, done.text)
            for shell, path in (("zsh", "share/zsh/site-functions/_" + program), ("fish", "share/fish/vendor_completions.d/%s.fish" % program)):
                path = self.at(path)
                self.assertGreater(os.path.getsize(path), 200)
                program_path = shutil.which(shell)
                if program_path:
                    done = run([program_path, "-n", path])
                    self.assertEqual(done.code, 0, done)
        with open(self.at("share/fish/vendor_completions.d/coffer.fish")) as file:
            words = file.read()
        for path, _ in verbs(self.root_command):
            self.assertIn(path[-1], words)


def mode(path):
    return os.stat(path).st_mode & 0o7777


if __name__ == "__main__":
    unittest.main()
