"""An etcd with authentication, and the users and roles of docs/etcd-access.md."""

import re
import subprocess
from pathlib import Path

from .client import request
from .ctl import Ctl
from .etcd import Etcd
from .process import PartFailed

# etcd's argument for the cost of checking a password. The default is so high that, on a busy
# machine, a new token of etcdctl has expired before it can be used.
CHEAP_PASSWORDS = ["--bcrypt-cost", "4"]


class Protected:
    """Turns authentication on at a running `etcd`, and gives the flags that programs need.

    The user `osproxy` has the permissions of an instance, and `ana` those of an operator. etcdctl
    is root.
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
        for below in ("fleet/", "anchors/", "history/"):
            run("role", "grant-permission", "osproxy", "readwrite", prefix + below, "--prefix=true")
        run("user", "add", "osproxy:secret-1")
        run("user", "grant-role", "osproxy", "osproxy")
        run("role", "add", "osproxy-operator")
        run("role", "grant-permission", "osproxy-operator", "readwrite", self.key)
        self.grant_operators_the_history()
        run("user", "add", "ana:secret-2")
        run("user", "grant-role", "ana", "osproxy-operator")
        run("auth", "enable")
        self.etcd.user = "root:root-password"

    def grant_reading(self) -> None:
        self.etcd.run_etcdctl("role", "grant-permission", "osproxy", "read", self.key)

    def grant_operators_the_fleet(self) -> None:
        fleet = self.key.removesuffix("directives") + "fleet/"
        self.etcd.run_etcdctl(
            "role", "grant-permission", "osproxy-operator", "read", fleet, "--prefix=true"
        )

    def grant_operators_the_history(self) -> None:
        history = self.key.removesuffix("directives") + "history/"
        self.etcd.run_etcdctl(
            "role", "grant-permission", "osproxy-operator", "readwrite", history, "--prefix=true"
        )

    def revoke_operators_the_history(self) -> None:
        history = self.key.removesuffix("directives") + "history/"
        self.etcd.run_etcdctl(
            "role", "revoke-permission", "osproxy-operator", history, "--prefix=true"
        )

    def revoke_reading(self) -> None:
        self.etcd.run_etcdctl("role", "revoke-permission", "osproxy", self.key)

    def change_password(self, password: str) -> None:
        """Changes the password of `osproxy`."""
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
        """The number of times that etcd has checked a password and given a token."""
        metrics = request("GET", f"{self.etcd.url}/metrics").body.decode()
        name = r'grpc_server_handled_total\{grpc_code="OK",grpc_method="Authenticate",.*\} (\S+)'
        found = re.search(name, metrics)
        if not found:
            raise PartFailed("etcd has no metric of its authentication calls")
        return float(found[1])


def short_tokens(kind: str, folder: Path) -> list[str]:
    """etcd's arguments for tokens that expire after two seconds, before the next proof read.

    `kind` is "simple" (etcd stores the tokens) or "jwt" (etcd signs them).
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
