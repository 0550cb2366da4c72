"""Takes a picture of every page of the console (scripts/console_pictures)."""

import json
import sys
import tempfile
import time
from pathlib import Path

from browser import Browser
from console_site import Site, Upstream
from PIL import Image

from parts import Etcd

# The chart of Top shows one minute.
TRAFFIC_SECONDS = 80
SCREENS = {"": (1280, 860, False), "-dark": (1280, 860, True), "-narrow": (390, 860, False)}


def start_clients(site: Site) -> None:
    site.client("acme", 0.03, agent="hammer/1.0")
    site.client("globex", 0.3, agent="opensearch-py/2.4")
    site.client("initech", 0.5, path="/items/_count")
    site.client("umbrella", 0.7, agent="reports/7", path="/slow/_search")
    site.client("hooli", 5, path="/failing/_search")
    site.client("globex", 0.5, proxy=site.proxies[1])


def publish(site: Site) -> None:
    for arguments in (
        ("--tenant", "acme", "--level", "ShapeRewriteDiff", "--ttl", "10m", "--id", "acme-7f3",
         "--reason", "INC-2291: who hammers orders?", "--author", "ana"),
        ("--endpoint", "Search", "--level", "ShapeTiming", "--ttl", "2h", "--min-latency", "1s",
         "--id", "slow-searches", "--author", "ben"),
    ):  # fmt: skip
        done = site.ctl("on", *arguments)
        if done.status != 0:
            sys.exit(done.err)


def break_the_document(site: Site) -> None:
    """As a person does who edits it in etcd."""
    site.etcd.put(site.key, '{"directives": [{"id": "acme-7f3", "level": "Full"}]}')


def shoot(browser: Browser, path: Path) -> None:
    time.sleep(0.5)  # the last change of the page is drawn
    browser.driver.save_screenshot(str(path))


def take(site: Site, browser: Browser, folder: Path, suffix: str) -> None:
    def open_page(page: str, *texts: str) -> None:
        browser.open(site.url + "#/" + page)
        for text in texts:
            browser.await_text(text)

    open_page("fleet", "of 2 instances")
    shoot(browser, folder / f"fleet{suffix}.png")
    open_page("directives", "acme-7f3", "slow-searches")
    shoot(browser, folder / f"directives{suffix}.png")
    open_page("directives/new?tenant=globex&index=orders", "it would have recorded")
    shoot(browser, folder / f"new-directive{suffix}.png")
    open_page("live?directive=acme-7f3", "acme")
    browser.click("tbody tr:nth-child(4) [data-row]")
    browser.await_text("recorded it", ".record")
    shoot(browser, folder / f"live{suffix}.png")
    open_page("top", "acme")
    browser.find("#last").send_keys("1 min")
    browser.click("[data-row]", "acme")
    browser.find(".chart svg")
    browser.leave()
    shoot(browser, folder / f"top{suffix}.png")
    open_page("recent", "umbrella")
    shoot(browser, folder / f"recent{suffix}.png")
    open_page("inflight", "umbrella")
    shoot(browser, folder / f"inflight{suffix}.png")
    open_page("history", "acme-7f3")
    browser.click("tbody tr:nth-child(2) [data-row]")
    browser.click("#preview-rollback")
    browser.await_text("off slow-searches", "#preview")
    shoot(browser, folder / f"history{suffix}.png")


def reduce(folder: Path) -> None:
    """To a palette: the pages have few colours."""
    for path in folder.glob("*.png"):
        picture = Image.open(path).convert("RGB").quantize(64, dither=Image.Dither.NONE)
        picture.save(path, optimize=True)


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as run_dir:
        run = Path(run_dir)
        with Etcd(run) as etcd, Upstream() as upstream, Site(run, etcd, upstream) as site:
            start_clients(site)
            time.sleep(TRAFFIC_SECONDS)
            publish(site)
            for suffix, (width, height, dark) in SCREENS.items():
                with Browser(width, height, dark) as browser:
                    take(site, browser, folder, suffix)
                    faults = browser.faults()
                    if faults:
                        sys.exit("\n".join(faults))
            break_the_document(site)
            with Browser(1280, 860) as browser:
                browser.open(site.url)
                browser.await_text("was rejected")
                browser.find("tr.wrong")
                shoot(browser, folder / "fleet-wrong.png")
    reduce(folder)
    print(json.dumps({path.name: path.stat().st_size for path in sorted(folder.glob("*.png"))}))


if __name__ == "__main__":
    main()
