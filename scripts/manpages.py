#!/usr/bin/env python3
"""Man pages out of the commands' own help. Usage: manpages.py BIN OUT

BIN: the folder of cofferd and coffer. Into OUT come man1/coffer.1, man1/coffer-VERB.1 for each verb, with a section for
each verb below it, and man8/cofferd.8. Exit codes are those of docs/cli.md and docs/configuration.md. The date is
SOURCE_DATE_EPOCH, else that of the last commit, else today's."""

import json
import os
import re
import subprocess
import sys
import time

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COMMON = ("socket", "tenant", "json", "timeout", "help")


def date():
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        done = subprocess.run(["git", "-C", TREE, "log", "-1", "--format=%ct"], capture_output=True, text=True)
        epoch = done.stdout.strip() if done.returncode == 0 else ""
    return time.strftime("%Y-%m-%d", time.gmtime(int(epoch or time.time())))


def roff(text):
    """A text as roff wants it: nothing in it is a request or an escape."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga").replace("^", "\\(ha").replace("~", "\\(ti")
    for letter, name in (("…", "..."), ("→", "->"), ("−", "\\-"), ("–", "\\-"), ("×", "\\(mu"), ("'", "\\(aq")):
        text = text.replace(letter, name)
    return "\n".join("\\&" + line if line.startswith(".") else line for line in text.split("\n"))


def markdown(text):
    """A cell of one of our tables: links lose their targets, code becomes bold."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    parts = re.split(r"(`[^`]*`|\*\*[^*]*\*\*)", text)
    return "".join("\\fB%s\\fR" % roff(part.strip("`*")) if part[:1] in "`*" and part else roff(part) for part in parts)


def exit_codes(page, title):
    section = open(os.path.join(TREE, "docs", page), encoding="utf-8").read().split("\n## %s\n" % title)[1].split("\n## ")[0]
    for code, meaning in re.findall(r"(?m)^\| (\d+) \| (.*) \|$", section):
        yield code, markdown(meaning)


class Page:
    def __init__(self, name, section, version):
        self.lines = ['.TH %s %d %s "%s" "Coffer"' % (roff(name.upper()), section, date(), version)]

    def add(self, *lines):
        self.lines += [line.rstrip() for text in lines for line in text.split("\n")]

    def heading(self, text, level=1):
        self.add((".SH " if level == 1 else ".SS ") + roff(text))

    def item(self, term, text):
        self.add(".TP", term, text or "\\&")

    def prose(self, text, level):
        """The discussion of a verb: headings in capitals, indented lines as they are, the rest in paragraphs."""
        literal, fresh = False, True
        for line in text.split("\n"):
            indented = line.startswith("  ")
            if literal and not indented and line.strip():
                self.add(".EE", ".RE")
                literal = False
            if re.fullmatch(r"[A-Z][A-Z ]+", line):
                # Below a heading of its own only at the page's top level.
                self.add(".SH " + line if level == 1 else ".PP\n\\fI%s\\fR" % line.capitalize())
                fresh = False
            elif indented:
                if not literal:
                    self.add(".PP", ".RS 4", ".EX") if fresh else self.add(".RS 4", ".EX")
                    literal = True
                self.add(roff(line[2:]))
            elif line.strip():
                if fresh:
                    self.add(".PP")
                self.add(roff(line.strip()))
                fresh = False
            else:
                fresh = True
        if literal:
            self.add(".EE", ".RE")

    def write(self, path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        text = re.sub(r"\n\.PP(?=\n\.(SH|SS|PP|TP))", "", "\n".join(self.lines))
        text = re.sub(r"(?m)^(\.SH .*)\n\.PP$", r"\1", text)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text + "\n")


# MARK: One command

def shown(command):
    return [a for a in command.get("arguments") or [] if a["shouldDisplay"]]


def below(command):
    return [c for c in command.get("subcommands") or [] if c["shouldDisplay"] and c["commandName"] != "help"]


def is_common(argument):
    return argument["kind"] != "positional" and argument["preferredName"]["name"] in COMMON


def spelled(name):
    return ("--" if name["kind"] == "long" else "-") + name["name"]


def synopsis(path, command):
    """`coffer put [options] name`, bold and italic."""
    line = "\\fB%s\\fR" % roff(" ".join(path))
    for argument in shown(command):
        if argument["kind"] == "positional":
            word = "\\fI%s\\fR" % roff(argument["valueName"])
            if argument["isRepeating"]:
                word += " ..."
            line += " [%s]" % word if argument["isOptional"] else " " + word
        elif argument["kind"] == "option" and not argument["isOptional"]:
            line += " \\fB%s\\fR \\fI%s\\fR" % (roff(spelled(argument["preferredName"])), roff(argument["valueName"]))
    if any(a["kind"] != "positional" and a["isOptional"] for a in shown(command)):
        line += " [\\fIoptions\\fR]"
    return line


def term(argument):
    if argument["kind"] == "positional":
        return "\\fI%s\\fR" % roff(argument["valueName"])
    names = ", ".join("\\fB%s\\fR" % roff(spelled(name)) for name in argument["names"])
    return names if argument["kind"] == "flag" else "%s \\fI%s\\fR" % (names, roff(argument["valueName"]))


def explanation(argument):
    text = roff(argument.get("abstract") or "")
    if argument.get("discussion"):
        text += "\n" + roff(argument["discussion"])
    values = argument.get("allValues")
    if values and not all(value in (argument.get("abstract") or "") for value in values):
        text += "%sOne of %s." % ("\n" if text else "", ", ".join("\\fB%s\\fR" % roff(value) for value in values))
    if argument.get("defaultValue"):
        text += "%sUnless given: \\fB%s\\fR." % ("\n" if text else "", roff(argument["defaultValue"]))
    return text


def options(page, command, common):
    for argument in shown(command):
        if is_common(argument) == common:
            page.item(term(argument), explanation(argument))


def verb_below(page, path, command):
    """A section of a page: a verb of a verb."""
    if below(command):
        for verb in below(command):
            verb_below(page, path + [verb["commandName"]], verb)
        return
    page.heading(" ".join(path), 1)
    page.add(synopsis(path, command), ".PP", roff(command.get("abstract") or ""))
    if command.get("aliases"):
        page.add("Also: %s." % ", ".join("\\fB%s\\fR" % roff(alias) for alias in command["aliases"]))
    options(page, command, common=False)
    if command.get("discussion"):
        page.add(".PP")
        page.prose(command["discussion"], 2)


def example_of_common(command):
    """Some command at the end of the tree: it has the options that all have."""
    return example_of_common(below(command)[0]) if below(command) else command


def verb_page(verb, version):
    name = "coffer-" + verb["commandName"]
    page = Page(name, 1, version)
    page.heading("NAME")
    page.add("%s \\- %s" % (roff(name), roff((verb.get("abstract") or "").rstrip("."))))
    page.heading("SYNOPSIS")
    path = ["coffer", verb["commandName"]]
    if below(verb):
        page.add("\\fB%s\\fR \\fIverb\\fR ..." % roff(" ".join(path)))
    else:
        page.add(synopsis(path, verb))
    page.heading("DESCRIPTION")
    page.add(roff(verb.get("abstract") or ""))
    if verb.get("aliases"):
        page.add("Also: %s." % ", ".join("\\fBcoffer %s\\fR" % roff(alias) for alias in verb["aliases"]))
    if verb.get("defaultSubcommand"):
        page.add("Without a verb: \\fB%s\\fR." % roff(verb["defaultSubcommand"]))
    if verb.get("discussion"):
        page.prose("\n" + verb["discussion"], 1)
    if below(verb):
        for command in below(verb):
            verb_below(page, path + [command["commandName"]], command)
    elif any(not is_common(a) for a in shown(verb)):
        page.heading("OPTIONS")
        options(page, verb, common=False)
    page.heading("OPTIONS OF ALL VERBS")
    options(page, example_of_common(verb), common=True)
    page.heading("EXIT STATUS")
    page.add("See \\fBcoffer\\fR(1).")
    page.heading("SEE ALSO")
    page.add("\\fBcoffer\\fR(1), \\fBcofferd\\fR(8)")
    return page


def coffer_page(root, version):
    page = Page("coffer", 1, version)
    page.heading("NAME")
    page.add("coffer \\- %s" % roff(root["abstract"].rstrip(".")))
    page.heading("SYNOPSIS")
    page.add("\\fBcoffer\\fR \\fIverb\\fR ... [\\fIoptions\\fR]")
    page.heading("DESCRIPTION")
    # Exit codes come below, whole.
    page.prose("\n" + root["discussion"].split("EXIT CODES")[0].rstrip(), 1)
    page.heading("VERBS")
    for verb in below(root):
        page.item("\\fBcoffer\\-%s\\fR(1)" % roff(verb["commandName"]), roff(verb.get("abstract") or ""))
    page.heading("OPTIONS OF ALL VERBS")
    options(page, example_of_common(root), common=True)
    page.heading("ENVIRONMENT")
    page.item("\\fBCOFFER_SOCKET\\fR", "Path of the socket, where \\fB\\-\\-socket\\fR does not say another.")
    page.item("\\fBCOFFER_TENANT\\fR", "The tenant, where \\fB\\-\\-tenant\\fR does not say another.")
    page.heading("EXIT STATUS")
    for code, meaning in exit_codes("cli.md", "Exit codes"):
        page.item("\\fB%s\\fR" % code, meaning)
    page.heading("FILES")
    page.item("\\fI/run/coffer/coffer.sock\\fR", "The socket, for root and for the service. Others: \\fI$XDG_RUNTIME_DIR/coffer.sock\\fR.")
    page.heading("SEE ALSO")
    page.add("\\fBcofferd\\fR(8)")
    return page


def cofferd_page(root, version):
    page = Page("cofferd", 8, version)
    page.heading("NAME")
    page.add("cofferd \\- %s" % roff(root["abstract"][0].lower() + root["abstract"].rstrip(".")[1:]))
    page.heading("SYNOPSIS")
    page.add("\\fBcofferd\\fR [\\fIoptions\\fR]")
    page.heading("DESCRIPTION")
    page.prose("\n" + root["discussion"].split("Exit codes:")[0].rstrip(), 1)
    page.heading("OPTIONS")
    # It has no verbs: all of its options are its own.
    for argument in shown(root):
        page.item(term(argument), explanation(argument))
    page.heading("ENVIRONMENT")
    page.item("\\fBCOFFER_CONFIG\\fR", "The configuration file. Each other option has its variable, too: \\fBCOFFER_STORE\\fR, \\fBCOFFER_SOCKET\\fR, ...")
    page.item("\\fBCREDENTIALS_DIRECTORY\\fR", "Where a service manager puts \\fIcoffer.key\\fR, the secret of a slot.")
    page.item("\\fBNOTIFY_SOCKET\\fR, \\fBWATCHDOG_USEC\\fR", "Whom it tells that it serves, and how often that it lives; see \\fBsd_notify\\fR(3).")
    page.item("\\fBLISTEN_FDS\\fR, \\fBLISTEN_PID\\fR", "A Unix socket that listens already; see \\fBsd_listen_fds\\fR(3).")
    page.heading("EXIT STATUS")
    for code, meaning in exit_codes("configuration.md", "Exit codes of cofferd"):
        page.item("\\fB%s\\fR" % code, meaning)
    page.heading("FILES")
    page.item("\\fI/etc/coffer/coffer.yaml\\fR", "Settings of the service.")
    page.item("\\fI/var/lib/coffer\\fR", "The store, as root and as the service.")
    page.item("\\fI/run/coffer/coffer.sock\\fR", "The socket, as root and as the service.")
    page.heading("SIGNALS")
    page.item("\\fBSIGTERM\\fR, \\fBSIGINT\\fR", "It takes no more connections, lets what is unfinished finish for ten seconds at most, and ends.")
    page.heading("SEE ALSO")
    page.add("\\fBcoffer\\fR(1)")
    return page


def help_of(program):
    done = subprocess.run([program, "--experimental-dump-help"], capture_output=True, check=True)
    return json.loads(done.stdout)["command"]


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: manpages.py BIN OUT")
    folder, out = sys.argv[1:]
    done = subprocess.run([os.path.join(folder, "cofferd"), "--version"], capture_output=True, text=True, check=True)
    version = "coffer " + done.stdout.strip()
    root = help_of(os.path.join(folder, "coffer"))
    coffer_page(root, version).write(os.path.join(out, "man1", "coffer.1"))
    for verb in below(root):
        verb_page(verb, version).write(os.path.join(out, "man1", "coffer-%s.1" % verb["commandName"]))
    cofferd_page(help_of(os.path.join(folder, "cofferd")), version).write(os.path.join(out, "man8", "cofferd.8"))


if __name__ == "__main__":
    main()
