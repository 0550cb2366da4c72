"""A headless Chromium that keeps every fault of the page it shows."""

import functools
import re
from pathlib import Path

import axe_core_python
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from parts import eventually

# Before the page's own scripts: what the browser refuses, and what fails in a script.
_LISTEN = """
window.faults = [];
addEventListener("securitypolicyviolation",
  (e) => faults.push(`policy: ${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
addEventListener("error", (e) => faults.push(`error: ${e.message}`));
addEventListener("unhandledrejection", (e) => faults.push(`rejection: ${e.reason}`));
"""
_FIND = """
return [...document.querySelectorAll(arguments[0])]
  .find((one) => one.textContent.includes(arguments[1])) || null;
"""
_AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_AXE_RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {runOnly: {type: "tag", values: arguments[0]}})
  .then((result) => done(result.violations.map((v) =>
    `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160) + " " + n.failureSummary).join(" | ")}`)));
"""


@functools.cache
def _axe() -> str:
    return (Path(axe_core_python.__file__).parent / "axe.min.js").read_text()


class Browser:
    """Use it as a context manager. `width` and `dark` are those of the screen."""

    def __init__(self, width=1280, height=900, dark=False):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in (
            "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--disable-dev-shm-usage", "--force-color-profile=srgb", "--lang=en-US",
        ):  # fmt: skip
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = webdriver.ChromeService("/usr/bin/chromedriver")
        self.driver = webdriver.Chrome(options=options, service=service)
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": _LISTEN})
        self.set_screen(width, height, dark)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def set_screen(self, width, height=900, dark=False) -> None:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
        )

    def open(self, url: str) -> None:
        self.driver.get("about:blank")  # a change of the hash alone loads nothing
        self.driver.get(url)

    def all(self, selector: str) -> list:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    # The page draws anew at any time. What is looked for and what is asked of it is one script, so
    # that no element goes in between.

    def find(self, selector: str, text: str = ""):
        """Waits for an element that is there, with that text in it."""
        return eventually(
            lambda: self.driver.execute_script(_FIND, selector, text),
            timeout=30, what=f"{selector} with {text!r}",
        )  # fmt: skip

    def texts(self, selector: str) -> list[str]:
        return self.driver.execute_script(
            "return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent.trim())",
            selector,
        )

    def click(self, selector: str, text: str = "") -> None:
        """By the mouse, as a person: at the place where the element is."""
        for _ in range(10):
            element = self.find(selector, text)
            try:
                self.driver.execute_script(
                    "arguments[0].scrollIntoView({block: 'center'})", element
                )
                ActionChains(self.driver).move_to_element(element).click().perform()
                return
            except StaleElementReferenceException:
                continue
        raise AssertionError(f"{selector} {text} never stays")

    def leave(self) -> None:
        """Moves the mouse to the corner, so that no row is held."""
        ActionChains(self.driver).move_to_element_with_offset(self.find("h1"), 0, 0).perform()

    def press(self, *keys: str) -> None:
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def tab_to(self, selector: str, text: str = "", most=80) -> None:
        """Presses Tab until such an element has the focus."""
        for _ in range(most):
            self.press(Keys.TAB)
            if self.has_focus(selector, text):
                return
        raise AssertionError(f"Tab does not reach {selector} {text}")

    def has_focus(self, selector: str, text: str = "") -> bool:
        return self.driver.execute_script(
            "const one = document.activeElement;"
            "return one.matches(arguments[0]) && one.textContent.includes(arguments[1])",
            selector, text,
        )  # fmt: skip

    def text(self, selector="body") -> str:
        return self.driver.execute_script(
            "return document.querySelector(arguments[0])?.textContent || ''", selector
        )

    def await_text(self, text: str, selector="body") -> str:
        return eventually(
            lambda: (found := self.text(selector)) and text in found and found,
            timeout=30, what=f"{text!r} in {selector}",
        )  # fmt: skip

    def accessibility_faults(self) -> list[str]:
        self.driver.execute_script(_axe())
        return self.driver.execute_async_script(_AXE_RUN, _AXE_RULES)

    def is_wider_than_screen(self) -> bool:
        return self.driver.execute_script(
            "return document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )

    def faults(self, *, expected: str = "$^") -> list[str]:
        """All faults since the last call but those of the pattern `expected`."""
        found = self.driver.execute_script("return (window.faults || []).splice(0)")
        found += [
            entry["message"] for entry in self.driver.get_log("browser")
            if entry["level"] in ("SEVERE", "WARNING")
        ]  # fmt: skip
        return [fault for fault in found if not re.search(expected, fault)]
