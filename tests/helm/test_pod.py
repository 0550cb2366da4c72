"""The pod's command line, tried: for each row of values an osproxy with exactly these arguments and
variables, and with files where the pod has its mounts, serves a request and passes the probes.

Only addresses and the folder of the mounts differ, since the tests run on one machine.
"""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from cases import CASES, CHART
from echo_upstream import EchoUpstream

from parts import (
    CHEAP_PASSWORDS,
    Authority,
    Etcd,
    EtcdTls,
    Process,
    Protected,
    eventually,
    program,
    request,
)
from parts.kubernetes import template
from parts.process import free_port

TOKEN = "a-token-of-the-tests-with-32-characters"
HEX = hashlib.sha256(TOKEN.encode()).hexdigest()
DIRECTIVE = {"id": "all", "level": "Shape", "expires_at": "2099-01-01T00:00:00Z"}
DOCUMENT = json.dumps({"directives": [DIRECTIVE]})


class Mount:
    """A volume as the kubelet makes it: the files are links to `..data/FILE`, and `..data` is a link to
    a folder of the time, which an update replaces by one rename."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.folder.mkdir(parents=True)
        self._updates = 0

    def update(self, files: dict[str, str | Path]) -> None:
        self._updates += 1
        current = self.folder / f"..2026_11_30_12_00_{self._updates:02}.123456789"
        current.mkdir(mode=0o755)
        for name, content in files.items():
            text = content.read_text() if isinstance(content, Path) else content
            (current / name).write_text(text)
        before = os.readlink(self.folder / "..data") if self._updates > 1 else None
        (self.folder / "..data_tmp").symlink_to(current.name)
        (self.folder / "..data_tmp").rename(self.folder / "..data")
        for name in files:
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"..data/{name}")
        for link in self.folder.iterdir():
            if not link.name.startswith("..") and link.name not in files:
                link.unlink()
        if before:
            shutil.rmtree(self.folder / before)


class Pod(Process):
    """The container of the chart's pod as a process. `places` maps what the chart says to what it is
    here: addresses, and the folders of mounts."""

    def __init__(self, run_dir, container: dict, places: dict[str, str]):
        super().__init__(run_dir, "pod")
        self._container = container
        self._places = {
            **places,
            "/etc/osproxy/": f"{run_dir}/mounts/",
            "/var/lib/osproxy": f"{run_dir}/state",
            "$(POD_NAME)": "osproxy-0",
        }
        self.admin_ca = None

    def here(self, text: str) -> str:
        for there, place in self._places.items():
            text = text.replace(there, place)
        return text

    def command(self) -> list[str]:
        return [str(program("osproxy")), *map(self.here, self._container["args"])]

    def environment(self) -> dict[str, str]:
        return {entry["name"]: self.here(entry["value"]) for entry in self._container["env"]
                if "value" in entry}  # fmt: skip

    def ready(self) -> bool:
        return self.probe("startupProbe")

    def probe(self, which: str) -> bool:
        """Asks as the kubelet does: by a program in the pod, or by HTTP without a look at the
        certificate."""
        probe = self._container[which]
        if "exec" in probe:
            words = [str(program("osproxyctl")), *probe["exec"]["command"][1:]]
            done = subprocess.run(words, env={**os.environ, **self.environment()},
                                  capture_output=True, timeout=60, check=False)  # fmt: skip
            return done.returncode == 0
        url = f"{probe['httpGet']['scheme'].lower()}://{self.admin}{probe['httpGet']['path']}"
        return request("GET", url, ca_file=self.admin_ca, timeout=5).status == 200

    @property
    def admin(self) -> str:
        return self._places["127.0.0.1:9901"]

    def status(self) -> dict:
        return self.ctl("status")["instances"][0]["status"]

    def ctl(self, *arguments: str) -> dict:
        """Runs osproxyctl as `kubectl exec` does. Its status is not 0 if the store is not synced."""
        done = subprocess.run(
            [program("osproxyctl"), *arguments, "--output", "json"], timeout=60, check=False,
            env={**os.environ, **self.environment()}, capture_output=True, text=True,
        )  # fmt: skip
        if not done.stdout:
            raise OSError(done.stderr)
        return json.loads(done.stdout)


class Machine:
    """The surroundings of the pod: its mounts, and the Secrets and ConfigMaps in them."""

    def __init__(self, run_dir: Path):
        self.run_dir = run_dir
        self.authority = Authority(run_dir, "pki")
        self.pair = self.authority.issue("any")
        self.mounts: dict[str, Mount] = {}
        self.etcd: Etcd | None = None  # if the values name one
        # The files of each Secret of the table.
        tls = {"tls.crt": self.pair.cert, "tls.key": self.pair.key, "ca.crt": self.authority.file}
        self.secrets = {
            "osproxy-tls": tls, "osproxy-upstream": tls, "osproxy-admin-tls": tls,
            "osproxy-etcd-tls": tls,
            "osproxy-admin": {"tokens": f"ana admin sha256={HEX}\n"},
            "osproxy-principals": {"tokens": f"shop {HEX}\n"},
            "osproxy-etcd": {"password": "secret-1"},
        }  # fmt: skip
        self.config_maps = {"osproxy-directives": {"directives.json": DOCUMENT}}

    def mount(self, spec: dict) -> None:
        paths = {m["name"]: m["mountPath"] for m in spec["containers"][0]["volumeMounts"]}
        for volume in spec["volumes"]:
            if "emptyDir" in volume:
                (self.run_dir / "state").mkdir(mode=0o777)
                continue
            files = (self.secrets[volume["secret"]["secretName"]] if "secret" in volume
                     else self.config_maps[volume["configMap"]["name"]])  # fmt: skip
            name = Path(paths[volume["name"]]).name
            self.mounts[name] = Mount(self.run_dir / "mounts" / name)
            self.mounts[name].update(files)


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@pytest.fixture
def start(machine, tmp_path):
    """Starts the pod of a row of values, with the servers that it names."""
    ends = []

    def enter(part):
        part.__enter__()
        ends.append(part)
        return part

    def start_pod(values: dict) -> Pod:
        things = template(CHART, values)
        (deployment,) = (thing for thing in things if thing["kind"] == "Deployment")
        spec = deployment["spec"]["template"]["spec"]
        machine.mount(spec)
        (url,) = values["upstreams"]
        tls = url.startswith("https")
        node = enter(EchoUpstream(tls=machine.pair, client_ca=machine.authority) if tls
                     else EchoUpstream())  # fmt: skip
        admin = f"127.0.0.1:{free_port()}"
        port = free_port()
        places = {url: node.url.replace("127.0.0.1", "localhost"), "0.0.0.0:8080": f"0.0.0.0:{port}",
                  "[::]:8080": f"[::]:{port}", "0.0.0.0:9901": admin, "[::]:9901": admin,
                  "127.0.0.1:9901": admin}  # fmt: skip
        if endpoints := values.get("etcd", {}).get("endpoints"):
            secured = endpoints[0].startswith("https")
            pki = EtcdTls(machine.authority.file, machine.pair, machine.authority.file, machine.pair)
            etcd = enter(Etcd(tmp_path, tls=pki if secured else None, arguments=CHEAP_PASSWORDS))
            if secured:
                Protected(etcd, tmp_path, "search/directives")
            machine.etcd = etcd
            places |= dict.fromkeys(endpoints, etcd.endpoint)
        pod = Pod(tmp_path, spec["containers"][0], places)
        if values.get("admin", {}).get("tls"):
            pod.admin_ca = machine.authority.file
        pod.url = f"{'https' if values.get('tls') else 'http'}://127.0.0.1:{port}"
        ends.append(pod)
        return pod.start()

    yield start_pod
    for part in reversed(ends):
        part.stop() if isinstance(part, Process) else part.__exit__()


def serves(pod: Pod, machine: Machine) -> int:
    """The status of a request, with a client certificate if the pod speaks TLS."""
    done = subprocess.run(
        ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", machine.authority.file,
         "--cert", machine.pair.cert, "--key", machine.pair.key, f"{pod.url}/orders/_search"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return int(done.stdout)


@pytest.mark.parametrize("case", CASES)
def test_the_command_line_serves(case, start, machine):
    pod = start(CASES[case])
    assert serves(pod, machine) == 200
    assert pod.probe("readinessProbe") and pod.probe("livenessProbe")
    assert " error " not in pod.log()
    for fault in ("everybody on this machine", "belongs to another user"):
        assert fault not in pod.log()  # osproxy warns of no file


@pytest.mark.parametrize("case", ["least", "monitored"])
def test_the_probes_match_the_drain(case, start, machine):
    pod = start(CASES[case])
    pod.send(signal.SIGTERM)
    eventually(lambda: not pod.probe("readinessProbe"), what="the pod is not ready")
    assert pod.probe("livenessProbe")
    reply = request("GET", pod.url + "/orders/_search")
    assert (reply.status, reply.headers["Connection"]) == (200, "close")
    pod.send(signal.SIGTERM)  # ends the delay
    assert pod.process.wait(60) == 0


def test_a_new_config_map_counts_without_a_restart(start, machine):
    pod = start(CASES["directives of a ConfigMap"])
    mount = machine.mounts["directives"]
    active = lambda: [d["id"] for d in pod.status()["directives"] if d["active"]]  # noqa: E731
    assert active() == ["all"]
    mount.update({"directives.json": DOCUMENT.replace('"all"', '"next"')})
    eventually(lambda: active() == ["next"], what="the new document")


def test_an_empty_config_map_keeps_the_last_good_set(start, machine):
    pod = start(CASES["directives of a ConfigMap"])
    mount = machine.mounts["directives"]
    mount.update({"directives.json": ""})
    eventually(lambda: pod.status()["store"]["rejected"], what="the empty document is rejected")
    assert [d["id"] for d in pod.status()["directives"]] == ["all"]
    mount.update({"another-key": DOCUMENT})  # the document is gone: all is off
    eventually(lambda: pod.status()["directives"] == [], what="no directive")
    mount.update({"directives.json": DOCUMENT})
    eventually(lambda: len(pod.status()["directives"]) == 1, what="the directive is back")


def test_a_pod_keeps_the_last_good_set_without_etcd(start, machine):
    pod = start(CASES["etcd"])
    etcd = machine.etcd
    etcd.put("osproxy/directives", DOCUMENT)
    eventually(lambda: len(pod.status()["directives"]) == 1, what="the directive")
    state = Path(pod.here("/var/lib/osproxy/state/last-good.state"))
    eventually(lambda: state.exists() and "99-01-01" in state.read_text(), what="it is saved")
    etcd.stop()
    pod.stop()
    pod.start()
    assert [d["id"] for d in pod.status()["directives"]] == ["all"]


def test_a_missing_secret_is_named(start, machine):
    machine.secrets["osproxy-principals"] = {}  # a Secret without the key
    with pytest.raises(Exception, match="known-tokens-file.*must be a file that can be read"):
        start(CASES["settings"])


def test_the_order_of_arguments_is_stable():
    texts = {json.dumps(template(CHART, CASES["settings"])) for _ in range(3)}
    assert len(texts) == 1
    assert re.search(r"--max-body=104857600", texts.pop())
