"""Reads the help that osproxy and osproxyctl print, for what is made from it: the manual pages
(scripts/man_pages) and the commented settings file (scripts/settings_example)."""

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path


def output_of(program: Path, *arguments: str) -> str:
    return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout


@dataclass
class Setting:
    """A setting of osproxy, as `osproxy help SETTING` explains it."""

    flag: str  # "--listen HOST:PORT"
    description: str
    facts: dict[str, str]  # "Default": "127.0.0.1:8080"

    @property
    def key(self) -> str:
        return self.facts["Key in file"]


@dataclass
class Group:
    title: str
    settings: list[Setting] = field(default_factory=list)


def read_setting(program: Path, name: str) -> Setting:
    head, *rest = output_of(program, "help", name).strip().split("\n\n")
    facts = dict(re.split(r" {2,}", line.strip(), maxsplit=1) for line in rest.pop().splitlines())
    description = "\n\n".join(" ".join(part.split()) for part in rest)
    return Setting(head, description, facts)


def read_settings(program: Path) -> list[Group]:
    """All settings of osproxy, by group, in the order of its help."""
    groups = []
    for line in output_of(program, "--help").splitlines():
        if title := re.match(r"(.+) \(osproxy help \w+\)$", line):
            groups.append(Group(title[1]))
        elif groups and (flag := re.match(r"  --([\w-]+) ", line)):
            groups[-1].settings.append(read_setting(program, flag[1]))
    return groups


@dataclass
class Command:
    """A command of osproxyctl, as `osproxyctl COMMAND --help` explains it."""

    name: str
    description: str
    usage: list[str]
    groups: list[tuple[str, list[tuple[str, str]]]]  # title, then names and descriptions
    footer: str  # examples and what else follows


_ROW = re.compile(r"  (\S.*?)(?: {2,}(.*))?$")


def _is_title(line: str) -> bool:
    return bool(re.fullmatch(r"[A-Z][\w ]*:", line))


def read_command(program: Path, name: str) -> Command:
    text = output_of(program, *name.split(), "--help")
    body, _, examples = text.partition("\nExamples:\n")
    description, *lines = body.splitlines()
    usage, groups = [], []
    for line in lines:
        if line.startswith("Usage: "):
            usage.append(line.removeprefix("Usage: "))
        elif _is_title(line):
            groups.append((line[:-1], []))
        elif groups and line.startswith(" " * 10):  # goes on with the row above
            names, told = groups[-1][1].pop()
            groups[-1][1].append((names, f"{told} {line.strip()}".strip()))
        elif groups and (row := _ROW.match(line)):
            groups[-1][1].append((row[1], row[2] or ""))
    return Command(name, description, usage, groups, f"Examples:\n{examples}" if examples else "")


def read_commands(program: Path) -> list[Command]:
    """osproxyctl itself, named "", then its commands, each before its subcommands."""
    commands, names = [], [""]
    while names:
        command = read_command(program, names.pop(0))
        commands.append(command)
        for title, rows in command.groups:
            if title == "Subcommands":
                inner = [f"{command.name} {name}".strip() for name, _ in rows if name != "help"]
                names = inner + names
    return commands
