"""The page History on a real etcd: changes, and the way back, by mouse and by keyboard."""

import pytest
from selenium.webdriver.common.keys import Keys
from test_console import await_directive, directives_of

from parts import eventually


@pytest.fixture
def changed(site):
    """A directive that was on and is off."""
    for verb in (("on", "--tenant", "acme", "--level", "Shape", "--ttl", "10m", "--id", "acme-1",
                  "--reason", "INC-7", "--author", "ana"), ("off", "--all")):  # fmt: skip
        done = site.ctl(*verb)
        assert done.status == 0, done.err
    return site


def test_a_rollback_is_previewed_and_then_applied(changed, browser):
    browser.open(changed.url + "#/history")
    browser.await_text("INC-7")
    eventually(lambda: len(browser.all("[data-row]")) == 2, what="two entries")
    browser.click("tbody tr:nth-child(2) [data-row]")
    browser.await_text("on acme-1", ".diff")
    browser.click("#preview-rollback")
    browser.await_text("on acme-1", "#preview")
    assert directives_of(changed) == {}
    browser.click("#rollback")
    browser.await_text("applied 2 of 2", ".outcome")
    await_directive(changed, "acme")
    browser.await_text("console")
    assert browser.accessibility_faults() == []
    assert browser.faults() == []


def test_a_rollback_by_keyboard(changed, browser):
    browser.open(changed.url)
    browser.await_text("2 of 2 instances are well")
    browser.press("g", "h")
    eventually(lambda: len(browser.all("[data-row]")) == 2, what="two entries")
    browser.press("j", "j", Keys.ENTER)
    browser.await_text("on acme-1", ".diff")
    browser.tab_to("#preview-rollback")
    browser.press(Keys.ENTER)
    browser.await_text("on acme-1", "#preview")
    browser.tab_to("#rollback")
    browser.press(Keys.ENTER)
    browser.await_text("applied 2 of 2", ".outcome")
    await_directive(changed, "acme")
    assert browser.faults() == []
