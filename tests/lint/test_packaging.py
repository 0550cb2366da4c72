"""The dashboard and the alert rules name metrics and labels that exist, and the alerts fire."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DASHBOARD = ROOT / "packaging/grafana/osproxy.json"
RULES = ROOT / "packaging/prometheus/osproxy.rules.yml"
RULES_TEST = ROOT / "packaging/prometheus/osproxy.rules.test.yml"
#: What a scrape adds to the labels of each series.
SCRAPED = {"job", "instance"}


def documented_metrics() -> dict[str, set[str]]:
    """The labels of each metric in the tables of docs/metrics.md."""
    rows = re.findall(
        r"^\| `(osproxy_\w+)` \| \w+ \| ([^|]*) \|", (ROOT / "docs/metrics.md").read_text(), re.M
    )
    return {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}


def dashboard_queries() -> list[str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", [])]


def rule_queries() -> list[str]:
    text = RULES.read_text()
    return re.findall(r"expr: (?:>\n)?(.*?)\n        (?:for|labels):", text, re.S)


def unknown_names(query: str, known: dict[str, set[str]]) -> list[str]:
    """The metrics of a query, and the labels that it selects them by, that do not exist."""
    unknown = []
    for name, selector in re.findall(r"\b(osproxy_\w+)(?:\{([^}]*)\})?", query):
        metric = re.sub(r"_(bucket|sum|count)$", "", name) if name not in known else name
        if metric not in known:
            unknown.append(name)
            continue
        labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector))
        unknown += [f"{name}{{{label}}}" for label in labels - known[metric] - SCRAPED]
    return unknown


@pytest.mark.parametrize("queries", [dashboard_queries, rule_queries])
def test_queries_name_what_docs_metrics_lists(queries):
    known = documented_metrics()
    found = queries()
    assert len(found) > 15
    assert [name for query in found for name in unknown_names(query, known)] == []


def test_a_wrong_name_or_label_is_found():
    known = {"osproxy_a_total": {"node"}, "osproxy_b_seconds": set()}
    query = 'osproxy_a_total{node="x", host="y"} + osproxy_c / osproxy_b_seconds_bucket'
    assert unknown_names(query, known) == ["osproxy_a_total{host}", "osproxy_c"]


def test_the_panels_do_not_overlap():
    taken = set()
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        place = panel["gridPos"]
        cells = {
            (place["x"] + i, place["y"] + j) for i in range(place["w"]) for j in range(place["h"])
        }
        assert not cells & taken and place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells


def test_each_alert_has_a_test():
    alerts = re.findall(r"- alert: (\w+)", RULES.read_text())
    assert len(set(alerts)) == len(alerts) > 10
    assert set(re.findall(r"- name: (\w+)", RULES_TEST.read_text())) == set(alerts)


def promtool(*arguments: str) -> subprocess.CompletedProcess:
    assert shutil.which("promtool"), "promtool is missing: scripts/install_deps test installs it"
    return subprocess.run(
        ["promtool", *arguments], cwd=RULES.parent, capture_output=True, text=True, timeout=120
    )


def test_the_alerts_fire_when_they_should():
    done = promtool("test", "rules", RULES_TEST.name)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_accepts_the_queries_of_the_dashboard(tmp_path):
    """Each as the expression of a rule, with Grafana's variables filled in."""
    rules = [
        {"record": f"panel:{i}", "expr": query.replace("$__rate_interval", "5m")}
        for i, query in enumerate(dashboard_queries())
    ]
    file = tmp_path / "dashboard.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = promtool("check", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
