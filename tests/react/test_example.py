"""The React example in a browser: the bar of a running job moves, and stays where the job ends.

Run by `make react-test`, which builds its page.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser import chromium
from tests.python.dashboard.serving import served

if TYPE_CHECKING:
    import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "react" / "app.py"
SEEN = """() => {
    window.seen = [];
    new MutationObserver(() => {
        const bar = document.querySelector("progress");
        if (bar && bar.value !== window.seen.at(-1)) window.seen.push(bar.value);
    }).observe(document.body, { subtree: true, childList: true, attributes: true });
}"""


def test_the_bar_of_a_running_job_moves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATAQUEUE_URL", f"sqlite:///{tmp_path}/jobs.db")
    spec = importlib.util.spec_from_file_location("example_react", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "example_react", module)
    spec.loader.exec_module(module)
    with served(module.app, lifespan="on") as url, chromium() as browser:
        page = browser.new_page()
        told: list[str] = []
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.goto(url)
        page.evaluate(SEEN)
        page.get_by_role("button", name="Encode").click()
        expect(page.get_by_role("status")).to_have_text("processing", timeout=30_000)
        expect(page.get_by_role("status")).to_have_text("completed", timeout=60_000)
        seen = page.evaluate("window.seen")
        assert seen == sorted(seen)
        assert seen[-1] == 100
        assert len([value for value in seen if 0 < value < 100]) >= 3, seen
        assert told == []
