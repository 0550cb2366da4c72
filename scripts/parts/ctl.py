"""Runs osproxyctl as a person runs it."""

import json
import subprocess
from dataclasses import dataclass

from .proxy import program


@dataclass(frozen=True)
class CtlResult:
    status: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out)


class Ctl:
    """Passes the same `where` to every call: `--endpoints H:P --key K`, or `--admin URL`."""

    def __init__(self, *where: str):
        self.where = list(where)

    @classmethod
    def of_etcd(cls, etcd, key: str) -> "Ctl":
        return cls("--endpoints", etcd.endpoint, "--key", key)

    @classmethod
    def of_admin(cls, proxy) -> "Ctl":
        return cls("--admin", proxy.admin_url)

    def command(self, verb: str, *arguments: str) -> list[str]:
        return [str(program("osproxyctl")), verb, *arguments, *self.where]

    def __call__(self, verb: str, *arguments: str, stdin: str = "") -> CtlResult:
        done = subprocess.run(
            self.command(verb, *arguments), input=stdin, capture_output=True, text=True, timeout=60
        )
        return CtlResult(done.returncode, done.stdout, done.stderr)
