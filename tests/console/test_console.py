"""The console in a real Chromium: as a person at 3 a.m. uses it, by mouse and by keyboard."""

import json
import re

import pytest
from browser import Browser
from console_site import Site
from selenium.webdriver.common.keys import Keys

from parts import eventually

PAGES = ["fleet", "directives", "directives/new?tenant=acme", "live", "top", "recent", "inflight"]
HOSTILE = "<img src=x onerror=alert(1)>"
REVERSED = "\u202egnp.exe"


def directives_of(site: Site) -> dict:
    """The directives in force, by id."""
    document = site.proxies[0].admin("GET", "/admin/directives").json()
    return {one["id"]: one for one in document["directives"]}


def await_directive(site: Site, tenant: str) -> str:
    """The id of the directive for that tenant, once it is in force."""
    return eventually(
        lambda: next((i for i, d in directives_of(site).items() if d.get("tenant") == tenant), None),
        what=f"a directive for {tenant}",
    )


def rows(browser: Browser) -> list[str]:
    return browser.texts("[data-row]")


def put(site: Site, *directives: dict) -> None:
    revision = site.etcd.put(site.key, json.dumps({"directives": directives}))
    eventually(
        lambda: all(p.status()["store"]["revision"] >= revision for p in site.proxies),
        what="the document on both",
    )


@pytest.fixture
def hammered(site) -> Site:
    site.hammer()
    return site


def test_by_mouse_from_the_hammering_client_to_rollback(hammered, browser):
    browser.open(hammered.url)
    browser.await_text("2 of 2 instances are well")
    browser.click("nav a", "Top")
    eventually(lambda: rows(browser)[:1] == ["acme"], timeout=30, what="acme as the first row")
    browser.click("tbody tr:first-child a.button", "Record")
    eventually(lambda: int(browser.text("#planned") or 0) > 0, timeout=30, what="a plan")
    assert "osproxyctl on --tenant acme --level ShapeTiming" in browser.text("#command")
    browser.click("#publish")
    browser.await_text("applied 2 of 2", ".outcome")
    directive = await_directive(hammered, "acme")
    browser.click("[data-row]", directive)
    browser.find("[data-row]")
    browser.click("tbody tr:nth-child(2) [data-row]")
    record = browser.await_text("first byte", ".record")
    assert "acme" in record and "hammer/1.0" in record
    browser.await_text("recorded it", ".record")
    browser.click("nav a", "Directives")
    browser.click("button", "Off")
    browser.await_text(f"{directive} is off", ".outcome")
    eventually(lambda: directives_of(hammered) == {}, what="no directive")
    browser.click("nav a", "History")
    eventually(lambda: len(rows(browser)) == 2, what="the two changes")
    browser.click("tbody tr:nth-child(2) [data-row]")
    browser.click("#preview-rollback")
    browser.await_text(f"on {directive}", "#preview")
    browser.click("#rollback")
    browser.await_text("applied 2 of 2", ".outcome")
    assert await_directive(hammered, "acme") == directive
    assert browser.faults() == []


def test_by_keyboard_from_the_hammering_client_to_rollback(hammered, browser):
    browser.open(hammered.url)
    browser.await_text("2 of 2 instances are well")
    browser.press("g", "t")
    eventually(lambda: rows(browser)[:1] == ["acme"], timeout=30, what="acme as the first row")
    browser.press("j")
    browser.tab_to("a.button", "Record")
    browser.press(Keys.ENTER)
    eventually(lambda: int(browser.text("#planned") or 0) > 0, timeout=30, what="a plan")
    assert browser.has_focus("#form-tenant")
    browser.press(Keys.ENTER)
    browser.await_text("applied 2 of 2", ".outcome")
    directive = await_directive(hammered, "acme")
    browser.find("[data-row]", directive)
    browser.press("j", Keys.ENTER)
    browser.await_text("Live", "h1")
    browser.find("[data-row]")
    browser.press("j", Keys.ENTER)
    browser.await_text("recorded it", ".record")
    browser.press(Keys.ESCAPE)
    eventually(lambda: not browser.all(".record"), what="the record closed")
    assert browser.has_focus("[data-row]")
    browser.press("g", "d")
    browser.find("[data-row]", directive)
    browser.tab_to("button", "Off")
    browser.press(Keys.ENTER)
    browser.await_text(f"{directive} is off", ".outcome")
    eventually(lambda: directives_of(hammered) == {}, what="no directive")
    browser.press("g", "h")
    eventually(lambda: len(rows(browser)) == 2, what="the two changes")
    browser.press("j", "j", Keys.ENTER)
    browser.await_text(f"on {directive}", ".diff")
    browser.tab_to("#preview-rollback")
    browser.press(Keys.ENTER)
    browser.await_text(f"on {directive}", "#preview")
    browser.tab_to("#rollback")
    browser.press(Keys.ENTER)
    browser.await_text("applied 2 of 2", ".outcome")
    assert await_directive(hammered, "acme") == directive
    assert browser.faults() == []


def test_a_conflict_loses_neither_change(site, browser):
    browser.open(site.url + "#/directives/new?tenant=acme")
    browser.find("#planned")
    # The page reads the document every second: while it cannot, somebody else publishes.
    browser.driver.execute_script(
        "const real = fetch; const held = [];"
        "window.fetch = (path, options) => path === 'admin/directives' && options.method === 'GET'"
        " ? new Promise((done) => held.push(() => done(real(path, options)))) : real(path, options);"
        "window.goOn = () => { window.fetch = real; for (const call of held) call(); };"
    )
    put(site, {"id": "theirs", "level": "Shape", "ttl_secs": 600, "tenant": "x", "author": "ben"})
    browser.click("#publish")
    browser.driver.execute_script("goOn()")
    notice = browser.await_text("Someone published meanwhile", ".notice.warn")
    assert "added: theirs" in notice and "by ben" in notice
    assert list(directives_of(site)) == ["theirs"]
    (status,) = site.proxies[0].status()["directives"]
    browser.click("button", "Publish on top of it")
    browser.await_text("applied 2 of 2", ".outcome")
    now_on = directives_of(site)
    assert {d["tenant"] for d in now_on.values()} == {"acme", "x"}
    assert now_on["theirs"]["expires_at"] == status["expires_at"], "its life does not start again"
    assert browser.faults(expected="412") == []


@pytest.mark.parametrize("page", ["live", "directives"])
def test_counts_of_one_instance_say_so(site, browser, page):
    put(site, {"id": "a", "level": "Shape", "ttl_secs": 600, "tenant": "acme"})
    browser.open(site.url + "#/" + page)
    browser.await_text("this instance, proxy-a", "#whose")


def test_everything_off_asks_first(site, browser):
    put(site, *({"id": name, "level": "Shape", "ttl_secs": 600, "tenant": "x"} for name in "ab"))
    browser.open(site.url + "#/directives")
    browser.click("button", "Everything off")
    browser.await_text("2 directives end", "dialog")
    browser.press(Keys.ESCAPE)
    eventually(lambda: not browser.all("dialog"), what="the dialog closed")
    assert len(directives_of(site)) == 2
    browser.click("button", "Everything off")
    browser.click("dialog button.danger")
    browser.await_text("Everything is off", ".outcome")
    eventually(lambda: directives_of(site) == {}, what="no directive")
    assert browser.faults() == []


def test_everything_off_replaces_a_malformed_document(site, browser):
    put(site, {"id": "a", "level": "Shape", "ttl_secs": 600, "tenant": "x"})
    site.etcd.put(site.key, "nonsense")
    browser.open(site.url + "#/directives")
    browser.click("button", "Everything off")
    browser.click("dialog button.danger")
    browser.await_text("has not accepted that document", ".notice.warn")
    browser.click("button", "Publish on top of it")
    browser.await_text("Everything is off", ".outcome")
    eventually(lambda: directives_of(site) == {}, what="no directive")
    assert site.proxies[0].status()["store"]["rejected"] is None
    assert browser.faults(expected="412") == []


def test_a_fault_in_the_form_is_shown_at_its_field(site, browser):
    browser.open(site.url + "#/directives/new?tenant=acme&status=nonsense")
    browser.await_text("bad_status", ".plan")
    assert browser.all("#form-status[aria-invalid]")
    browser.click("#form-status")
    browser.press(*[Keys.BACKSPACE] * 8, "5", "x", "x")
    browser.find("#planned")
    assert not browser.all("#form-status[aria-invalid]")
    assert '"status": "5xx"' in browser.text("#document")
    assert browser.faults(expected="400") == []


def test_the_token_is_asked_for_and_kept_in_memory(make_site, browser, tmp_path):
    token = tmp_path / "token"
    token.write_text("0123456789abcdef\n")
    site = make_site("--admin-token-file", str(token))
    browser.open(site.url + "#/directives")
    browser.await_text("Admin token", "h1")
    browser.press("wrong-token", Keys.ENTER)
    browser.await_text("does not know this token", "#token-fault")
    browser.press("0123456789abcdef", Keys.ENTER)  # in place of the wrong one
    browser.await_text("Nothing is on")
    script = "return [document.cookie, localStorage.length, sessionStorage.length, location.href]"
    cookie, local, session, address = browser.driver.execute_script(script)
    assert (cookie, local, session) == ("", 0, 0) and "0123456789" not in address
    browser.driver.refresh()
    browser.await_text("Admin token", "h1")
    assert browser.faults(expected="401") == []


@pytest.mark.parametrize("page", ["top", "recent", "live", "inflight", "directives"])
def test_hostile_names_are_text(site, browser, page):
    long = "x" * 600  # a longer one is no tenant
    put(site, {"id": HOSTILE, "level": "Shape", "ttl_secs": 600, "endpoint": "Search",
               "reason": REVERSED, "author": "<b>"})  # fmt: skip
    for tenant in (HOSTILE, "safe\u202eexe".encode().decode("latin-1"), long):
        for path in ("/failing/_search", "/slow/_search"):
            site.client(tenant, 0.1, path=path)
    browser.open(site.url + "#/" + page)
    shown = browser.await_text(HOSTILE)
    if page == "directives":
        assert "<U+202E>gnp.exe" in shown
    else:
        browser.await_text("<U+202E>")
        browser.await_text("… 480 more")
    assert "\u202e" not in browser.text()
    assert not browser.all("main img, main b")
    assert browser.faults() == []


@pytest.mark.parametrize("page", [*PAGES, "history"])
def test_no_page_shows_a_character_that_reorders_text(site, browser, page):
    name = "a\u202eb\u200bc"
    put(site, {"id": name, "level": "ShapeRewriteDiff", "ttl_secs": 600, "endpoint": "Search",
               "tenant": name, "reason": REVERSED, "author": name})  # fmt: skip
    tenant = name.encode().decode("latin-1")
    for path in ("/failing/_search", "/slow/_search"):
        site.client(tenant, 0.1, path=path, agent=tenant)
    browser.open(site.url + "#/" + page)
    browser.find("main h1")
    eventually(lambda: "Loading" not in browser.text(), timeout=30, what="the data")
    if page != "fleet":
        browser.await_text("<U+202E>")
    if page in ("live", "recent", "history"):
        browser.click("[data-row]")
        browser.find(".record")
        browser.click("summary")
        browser.await_text("<U+200B>", ".record pre")
    names = [one.get_attribute("aria-label") for one in browser.all("[aria-label]")]
    for text in (browser.text(), *names):
        assert not {"\u202e", "\u200b"} & set(text), text
    if page == "directives":
        assert any("<U+202E>" in one for one in names), names
    assert browser.faults() == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_page_is_accessible_and_fits(hammered, width, dark):
    put(hammered, {"id": "acme-1", "level": "ShapeRewriteDiff", "ttl_secs": 600, "tenant": "acme"})
    hammered.client("initech", 0.2, path="/failing/_search")
    hammered.client("umbrella", 0.1, path="/slow/_search")
    with Browser(width, dark=dark) as browser:
        for page in PAGES:
            browser.open(hammered.url + "#/" + page)
            browser.find("main h1")
            eventually(lambda: "Loading" not in browser.text(), timeout=30, what="the data")
            if page in ("live", "recent"):
                browser.click("[data-row]")
                browser.find(".record .stages")
            assert browser.accessibility_faults() == [], page
            assert not browser.is_wider_than_screen(), page
            assert browser.faults() == [], page


def test_rows_keep_their_places_while_they_are_read(site, browser):
    put(site, {"id": "all", "level": "Shape", "ttl_secs": 600, "endpoint": "Search"})
    browser.open(site.url + "#/live")
    browser.await_text("Waiting for a record")
    for _ in range(3):
        site.send("first")
    eventually(lambda: len(rows(browser)) == 3, what="three rows")
    browser.press("j", "j")
    before = rows(browser)
    for _ in range(4):
        site.send("second")
    browser.await_text("Held while you read, 4 new", "#live-state")
    assert rows(browser) == before
    browser.await_text("new records", "[role=status][aria-live=polite]")
    browser.click("#show-new")
    eventually(lambda: len(rows(browser)) == 7, what="seven rows")
    browser.click("[data-pause]")
    browser.leave()
    site.send("third")
    browser.await_text("Paused, 1 new", "#live-state")
    browser.click("[data-pause]")
    browser.leave()
    eventually(lambda: len(rows(browser)) == 8, what="eight rows")
    assert browser.faults() == []


def test_what_is_wrong_comes_first_and_old_data_is_named(site, browser):
    site.etcd.put(site.key, '{"directives":[{"id":"a"}]}')
    browser.open(site.url)
    browser.await_text("was rejected")
    browser.find("tr.wrong", "missing_level")
    site.proxies[0].stop()
    browser.find("[role=alert]", "Shown is the state of")
    assert "proxy-a" in browser.text("[role=alert]")
    site.proxies[0].start()
    eventually(lambda: not browser.all("[role=alert]"), timeout=30, what="the page goes on")
    assert browser.faults(expected="ERR_CONNECTION_REFUSED|ERR_EMPTY|ERR_CONNECTION_RESET") == []


def test_top_shows_what_changed_and_a_chart_by_key(hammered, browser):
    browser.open(hammered.url + "#/top")
    browser.click("[data-row]", "globex")
    browser.await_text("globex", "#chart-title")
    browser.find("[data-row][aria-pressed=true]", "globex")
    browser.click("#against")
    browser.await_text("The recorder holds the last")
    browser.find(".chart svg[role=img]")
    assert re.search(r"Requests over time; now", browser.all(".chart svg")[0].get_attribute("aria-label"))
    assert browser.faults() == []


def test_top_adds_up_the_whole_fleet_and_names_who_is_missing(site, browser):
    eventually(lambda: all(one["ack"]["admin"] for one in site.ctl("fleet", "-o", "json").json()["instances"]),
               timeout=40, what="the addresses in all acks")  # fmt: skip
    for _ in range(3):
        site.send("acme")
    for _ in range(4):
        site.send("acme", proxy=site.proxies[1])
    browser.open(site.url + "#/top")
    browser.await_text("7 requests in")
    assert not browser.all("#missing")
    browser.click("#whole-fleet")
    browser.await_text("3 requests in")
    browser.click("#whole-fleet")
    browser.await_text("7 requests in")
    site.proxies[1].process.kill()
    assert "proxy-b: connection refused" in browser.await_text("1 of 2 instances are missing")
    browser.await_text("3 requests in")
    assert browser.faults() == []


def test_a_store_without_a_history_says_so(start_alone, browser):
    browser.open(start_alone().admin_url + "/#/history")
    browser.await_text("This store keeps no history.")
    assert browser.faults(expected="404") == []


def test_keys_are_listed_and_can_be_turned_off(site, browser):
    browser.open(site.url)
    browser.await_text("2 of 2 instances are well")
    browser.press("?")
    browser.await_text("go to Directives", "dialog")
    browser.click("dialog input[type=checkbox]")
    browser.press(Keys.ESCAPE)
    eventually(lambda: not browser.all("dialog"), what="the dialog closed")
    browser.press("g", "d")
    browser.press(Keys.TAB)
    assert browser.text("h1") == "Fleet"
    assert browser.faults() == []


def test_the_page_can_be_neither_scripted_nor_framed(site, browser):
    browser.open(site.url)
    browser.await_text("2 of 2 instances are well")
    browser.driver.execute_script(
        "const s = document.createElement('script'); s.textContent = 'window.ran = true';"
        "document.head.append(s);"
        "const p = document.createElement('p'); p.innerHTML = '<img src=x onerror=\"window.ran = true\">';"
        "document.body.append(p);"
    )
    faults = eventually(lambda: browser.faults(), what="the policy's word")
    assert any("policy" in fault or "Content Security Policy" in fault for fault in faults)
    assert not browser.driver.execute_script("return window.ran")
