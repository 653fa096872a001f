"""The engines of browsers, each behind the same few acts: open a page of some size, run a script in it, take its picture.

Chromium is Playwright's, as everywhere in tests/browser. Playwright brings engines of its own for the others, which no reader
has; these are what Debian ships: Firefox ESR by WebDriver BiDi, WebKitGTK by WebDriver on a screen that nobody sees.
"""

import contextlib
import json
import os
import shutil
import subprocess
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import Browser
from selenium.webdriver import WebKitGTK
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

from tests.support.npm import TOOLS, install_packages
from tests.support.processes import ROOT, ServerError

FIREFOX = ROOT / "tests" / "clients" / "firefox"
#: What a window of WebKit's browser has above the page.
TOOLBAR = 38
SECONDS = 15.0
#: No graphics card, no bus and nobody's screen: what the page looks like does not depend on them.
HEADLESS = {
    "GDK_BACKEND": "x11",
    "LIBGL_ALWAYS_SOFTWARE": "1",
    "NO_AT_BRIDGE": "1",
    "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
    "WEBKIT_DISABLE_DMABUF_RENDERER": "1",
    "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
}


class Engine(Protocol):
    """A page in one of the engines."""

    def open(self, url: str, width: int, height: int) -> None: ...
    def run(self, script: str) -> Any:
        """What the body of a function returns in the page."""

    def take_picture(self, path: Path) -> None: ...


def wait_for(engine: Engine, expression: str, *, seconds: float = SECONDS) -> None:
    """Returns once the expression is true in the page. Raises ServerError when it is not in time."""
    deadline = time.monotonic() + seconds
    while not engine.run(f"return Boolean({expression});"):
        if time.monotonic() > deadline:
            raise ServerError(f"{type(engine).__name__}: {expression} was not true within {seconds:g} s.")
        time.sleep(0.05)


class Chromium:
    def __init__(self, browser: Browser) -> None:
        self._page = browser.new_page()

    def open(self, url: str, width: int, height: int) -> None:
        self._page.set_viewport_size({"width": width, "height": height})
        self._page.goto(url)

    def run(self, script: str) -> Any:
        return self._page.evaluate(f"() => {{ {script} }}")

    def take_picture(self, path: Path) -> None:
        self._page.screenshot(path=path)


class Firefox:
    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def open(self, url: str, width: int, height: int) -> None:
        self._act(act="open", url=url, width=width, height=height)

    def run(self, script: str) -> Any:
        return self._act(act="run", script=script)

    def take_picture(self, path: Path) -> None:
        self._act(act="picture", path=str(path))

    def _act(self, **said: object) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{json.dumps(said)}\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"error": "Firefox has gone."}')
        if "error" in answer:
            raise ServerError(answer["error"])
        return answer.get("value")


class WebKit:
    def __init__(self, driver: WebKitGTK) -> None:
        self._driver = driver

    def open(self, url: str, width: int, height: int) -> None:
        self._driver.set_window_size(width, height + TOOLBAR)
        self._driver.get(url)

    def run(self, script: str) -> Any:
        return self._driver.execute_script(script)

    def take_picture(self, path: Path) -> None:
        self._driver.save_screenshot(str(path))


@contextlib.contextmanager
def firefox() -> Iterator[Engine]:
    """Firefox ESR, without a window."""
    install_packages(FIREFOX)
    command = [str(TOOLS / "node"), str(FIREFOX / "drive.mjs"), _find("firefox-esr", "firefox")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Firefox(process)
        finally:
            assert process.stdin
            process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)
            process.kill()


@contextlib.contextmanager
def webkit() -> Iterator[Engine]:
    """WebKitGTK's own small browser, on a screen that nobody sees."""
    options = Options()
    options.binary_location = next(map(str, Path("/usr/lib").glob("*/webkit2gtk-4.1/MiniBrowser")), "MiniBrowser")
    options.add_argument("--automation")
    with _screen() as display:
        service = Service(_find("WebKitWebDriver"), env={**os.environ, **HEADLESS, "DISPLAY": display})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of selenium's own making
            driver = WebKitGTK(options=options, service=service)
        try:
            yield WebKit(driver)
        finally:
            driver.quit()


@contextlib.contextmanager
def _screen() -> Iterator[str]:
    reads, writes = os.pipe()
    command = [_find("Xvfb"), "-displayfd", str(writes), "-screen", "0", "3900x2300x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writes], stderr=subprocess.DEVNULL) as process:
        os.close(writes)
        try:
            with os.fdopen(reads) as numbers:
                yield f":{numbers.readline().strip()}"
        finally:
            process.terminate()


def _find(*names: str) -> str:
    for name in names:
        if path := shutil.which(name):
            return path
    raise ServerError(f"{names[0]} was not found (Debian: apt-get install firefox-esr webkit2gtk-driver xvfb).")


OTHERS: dict[str, Callable[[], contextlib.AbstractContextManager[Engine]]] = {"firefox": firefox, "webkit": webkit}
