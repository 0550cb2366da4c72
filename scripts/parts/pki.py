"""Authorities and certificates for tests. Needs the program `openssl`."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def _openssl(*arguments) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, as PEM files."""

    cert: Path
    key: Path

    def replace_by(self, other: "Pair") -> None:
        """Renews the files, as an operator does: in place, one after the other."""
        shutil.copyfile(other.cert, self.cert)
        shutil.copyfile(other.key, self.key)


class Authority:
    """A certificate authority. `file` is its certificate."""

    def __init__(self, run_dir: Path, name: str):
        self.name = name
        self.dir = Path(run_dir) / f"ca-{name}"
        self.dir.mkdir(parents=True)
        self.file = self.dir / "ca.crt"
        self._key = self.dir / "ca.key"
        _openssl("req", "-x509", *_KEY, "-keyout", self._key, "-out", self.file, "-days", 2,
                 "-subj", f"/CN={name}")  # fmt: skip

    def issue(self, name: str, *, alt_names="IP:127.0.0.1,DNS:localhost", days=2) -> Pair:
        """Issues a certificate for servers and clients. With negative `days` it has expired."""
        pair = Pair(self.dir / f"{name}.crt", self.dir / f"{name}.key")
        request, extensions = self.dir / f"{name}.csr", self.dir / f"{name}.ext"
        extensions.write_text(
            f"subjectAltName={alt_names}\nextendedKeyUsage=serverAuth,clientAuth\n"
        )
        _openssl("req", *_KEY, "-keyout", pair.key, "-out", request, "-subj", f"/CN={name}")
        _openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self._key,
                 "-CAcreateserial", "-extfile", extensions, "-days", days,
                 "-out", pair.cert)  # fmt: skip
        return pair
