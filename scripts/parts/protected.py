"""An etcd that asks who one is, with the users and roles of docs/etcd-access.md."""

import re
import subprocess
from pathlib import Path

from .client import request
from .ctl import Ctl
from .etcd import Etcd
from .process import PartFailed

# etcd's argument for what it spends on a password. By default that is so much that on a busy machine
# a token which etcdctl has just been given is over before it can be used.
CHEAP_PASSWORDS = ["--bcrypt-cost", "4"]


class Protected:
    """Turns authentication on at `etcd`, which runs, and holds what our programs need to use it.

    The user `osproxy` may do what an instance must, `ana` what an operator does; etcdctl is root.
    """

    def __init__(self, etcd: Etcd, folder: Path, key: str = "osproxy/directives"):
        self.etcd = etcd
        self.key = key
        self._folder = folder / "passwords"
        self._folder.mkdir()
        self._protect()

    def _protect(self) -> None:
        run = self.etcd.run_etcdctl
        prefix = self.key.removesuffix("directives")
        run("user", "add", "root:root-password")
        run("user", "grant-role", "root", "root")
        run("role", "add", "osproxy")
        self.grant_reading()
        for below in ("fleet/", "anchors/"):
            run("role", "grant-permission", "osproxy", "readwrite", prefix + below, "--prefix=true")
        run("user", "add", "osproxy:secret-1")
        run("user", "grant-role", "osproxy", "osproxy")
        run("role", "add", "osproxy-operator")
        run("role", "grant-permission", "osproxy-operator", "readwrite", self.key)
        run("user", "add", "ana:secret-2")
        run("user", "grant-role", "ana", "osproxy-operator")
        run("auth", "enable")
        self.etcd.user = "root:root-password"

    def grant_reading(self) -> None:
        self.etcd.run_etcdctl("role", "grant-permission", "osproxy", "read", self.key)

    def revoke_reading(self) -> None:
        self.etcd.run_etcdctl("role", "revoke-permission", "osproxy", self.key)

    def change_password(self, password: str) -> None:
        """That of `osproxy`."""
        self.etcd.run_etcdctl("user", "passwd", "osproxy", "--interactive=false", stdin=password)

    def password_file(self, password: str) -> Path:
        path = self._folder / f"password-{len(list(self._folder.iterdir()))}"
        path.write_text(password + "\n")
        return path

    def flags(self, user="osproxy", password="secret-1", *, file=None) -> list[str]:
        file = file or self.password_file(password)
        return ["--etcd-user", user, "--etcd-password-file", str(file)]

    def ctl(self, user="ana", password="secret-2") -> Ctl:
        where = ("--endpoints", self.etcd.endpoint, "--key", self.key)
        return Ctl(*where, *self.flags(user, password))

    def tokens_given(self) -> float:
        """How often etcd has checked a password and given a token for it."""
        metrics = request("GET", f"{self.etcd.url}/metrics").body.decode()
        name = r'grpc_server_handled_total\{grpc_code="OK",grpc_method="Authenticate",.*\} (\S+)'
        found = re.search(name, metrics)
        if not found:
            raise PartFailed("etcd does not count its calls")
        return float(found[1])


def short_tokens(kind: str, folder: Path) -> list[str]:
    """etcd's arguments for tokens that are over before the next proof read, after two seconds.

    `kind` is "simple", which etcd keeps, or "jwt", which it signs.
    """
    if kind == "simple":
        return ["--auth-token-ttl", "2", *CHEAP_PASSWORDS]
    private, public = folder / "jwt.key", folder / "jwt.pub"
    for arguments in (
        ["genrsa", "-out", private, "2048"],
        ["rsa", "-in", private, "-pubout", "-out", public],
    ):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
    options = f"jwt,pub-key={public},priv-key={private},sign-method=RS256,ttl=2s"
    return ["--auth-token", options, *CHEAP_PASSWORDS]
