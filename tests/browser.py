"""A browser for tests of pages: Chromium as it is on this machine, or as it can be installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.pooler import NotHereError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_INSTALL_DEADLINE = 300


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running Chromium.

    Raises:
        NotHereError: There is none on this machine, and it cannot be installed.
    """
    from playwright.sync_api import sync_playwright

    binary = _binary()
    with sync_playwright() as playwright:
        # Its sandbox does not start for root, nor in most containers; the pages are ours.
        browser = playwright.chromium.launch(executable_path=binary, args=["--no-sandbox", "--disable-dev-shm-usage"])
        try:
            yield browser
        finally:
            browser.close()


def _binary() -> str:
    found = _found() or (_installed() if os.geteuid() == 0 else None)
    if found is None:
        raise NotHereError("Chromium is not on this machine: install it (apt-get install chromium)")
    return found


def _found() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def _installed() -> str | None:
    if shutil.which("apt-get") is None:
        return None
    apt = ["apt-get", "-o", "DPkg::Lock::Timeout=240"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # A machine that was just made knows no packages yet.
    for command in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
        try:
            subprocess.run(
                [*apt, *command], env=environment, capture_output=True, timeout=_INSTALL_DEADLINE, check=False
            )
        except subprocess.TimeoutExpired:
            return None
    return _found()
