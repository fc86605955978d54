"""The pages in a browser: each page, each action, each role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.python.dashboard.browsing import Site, job_status

PAGES = [
    "/",
    "/jobs?text=seen",
    "/jobs/confirm?do=delete&type=work",
    "/tokens",
    "/workers",
    "/dead-letters",
    "/jobs",
    "/jobs?status=failed",
    "/jobs?type=nothing",
    "/jobs/1",
    "/jobs/2",
    "/jobs/3",
    "/jobs/4",
    "/jobs/5/edit",
]
PAGES += ["/schedules", "/schedules/1", "/flow", "/audit", "/nothing"]


def walked(site: Site, page: Page) -> Iterator[str]:
    """Each page's path, while the browser is there."""
    for path in PAGES:
        page.goto(site.url + path)
        if path == "/nothing":
            site.problems.clear()
        yield path


def test_every_page_opens_on_each_store(site: Site) -> None:
    page = site.page()
    for path in walked(site, page):
        expect(page.locator("main h1")).to_be_visible()
        assert page.evaluate("window.pwned") is None, path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_every_page_is_accessible_and_fits(any_site: Site, scheme: Any, width: int) -> None:
    page = any_site.page(color_scheme=scheme, viewport={"width": width, "height": 800})
    for path in walked(any_site, page):
        found = [one for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")]
        assert [(one["id"], one["nodes"][0]["html"], one["nodes"][0]["failureSummary"]) for one in found] == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is wider than the screen"
        assert page.evaluate("window.pwned") is None


def test_a_job_is_cancelled_and_retried_without_leaving_the_list(site: Site) -> None:
    page = site.open("/jobs")
    row = page.locator("tr[data-key='5']")
    page.evaluate("window.stayed = true")
    row.get_by_role("button", name="Cancel job 5").click()
    expect(row.locator(".badge")).to_have_text("cancelled")
    expect(page.get_by_role("status")).to_contain_text("was cancelled")
    assert job_status(site, 5) == "cancelled"
    row.get_by_role("button", name="Retry job 5").click()
    expect(row.locator(".badge")).to_have_text("pending")
    assert job_status(site, 5) == "pending"
    assert page.evaluate("window.stayed") is True


def test_a_question_comes_before_a_job_is_cancelled_on_its_page(site: Site) -> None:
    page = site.open("/jobs/5")
    page.get_by_role("button", name="Cancel").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Cancel job 5?")
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_be_hidden()
    assert job_status(site, 5) == "pending"
    page.get_by_role("button", name="Cancel").click()
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.locator(".job-top .badge")).to_have_text("cancelled")
    assert job_status(site, 5) == "cancelled"


def test_jobs_are_processed_by_the_button(site: Site) -> None:
    page = site.open("/jobs?status=completed")
    page.get_by_role("button", name="Process jobs").click()
    expect(page.get_by_role("status")).to_contain_text("1 job was run")
    expect(page.locator("tr[data-key='5']")).to_be_visible()


def test_a_token_is_completed(site: Site) -> None:
    job = site.queue.get_job(3)
    assert job is not None
    assert job.wait_token_id is not None
    page = site.open("/jobs/3", role="operator")
    expect(page.get_by_text("first step")).to_be_visible()
    page.get_by_label("What the job gets").fill('{"yes": true}')
    page.get_by_role("button", name="Complete the token").click()
    expect(page.get_by_role("status")).to_contain_text("was completed")
    expect(page.get_by_text("What it waited for is over")).to_be_visible()
    token = site.queue.get_token(job.wait_token_id)
    assert token is not None
    assert token.output == {"yes": True}


def test_a_job_is_edited(site: Site) -> None:
    page = site.open("/jobs/5")
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Payload").fill("{")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("payload is no JSON")).to_be_visible()
    site.problems.clear()
    page.go_back()
    page.get_by_label("Payload").fill('{"n": 6}')
    page.get_by_label("Priority").fill("8")
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_url(re.compile(r"/jobs/5$"))
    job = site.queue.get_job(5)
    assert job is not None
    assert (job.payload, job.priority) == ({"n": 6}, 8)


def test_a_long_payload_is_loaded_whole(site: Site) -> None:
    page = site.open("/jobs/5")
    code = page.get_by_label("Payload").locator("code")
    before = len(code.inner_text())
    page.get_by_role("link", name="Show all of it").click()
    expect(code).to_contain_text("]\n}")
    assert len(code.inner_text()) > before


def test_schedules_are_paused_resumed_and_run(site: Site) -> None:
    page = site.open("/schedules", role="operator")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("paused", exact=True)).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("status")).to_contain_text("was run now: job 6")
    assert job_status(site, 6) == "pending"


def test_a_schedule_is_edited_and_removed(site: Site) -> None:
    page = site.open("/schedules/1")
    page.get_by_label("Cron expression").fill("30 4 * * *")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("30 4 * * *")).to_be_visible()
    page.goto(site.url + "/schedules/1")
    page.get_by_role("button", name="Remove the schedule").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove the schedule").click()
    expect(page.get_by_role("status")).to_contain_text("was removed")
    assert site.queue.list_cron_jobs() == []


def test_types_and_everything_are_paused_and_resumed(site: Site) -> None:
    page = site.open("/flow", role="operator")
    page.get_by_role("textbox", name="Job type").fill("work")
    page.get_by_role("button", name="Pause the type").click()
    expect(page.get_by_text("Type work", exact=True)).to_be_visible()
    page.get_by_role("button", name="Pause everything").click()
    page.get_by_role("dialog").get_by_role("button", name="Pause everything").click()
    expect(page.locator("b").get_by_text("Everything")).to_be_visible()
    assert len(site.queue.paused()) == 2
    resume = page.get_by_role("button", name="Resume")
    for left in (1, 0):
        resume.first.click()
        expect(resume).to_have_count(left)
        expect(page.get_by_role("status")).to_contain_text("Resumed")
    expect(page.get_by_text("Nothing is paused")).to_be_visible()


def test_roles_are_shown_only_what_they_may_do(site: Site) -> None:
    for role, buttons in (("viewer", 0), ("operator", 1), ("admin", 1)):
        page = site.open("/jobs", role=role)
        assert page.get_by_role("button", name="Cancel job 5").count() == buttons
        assert page.get_by_role("button", name="Process jobs").count() == buttons
        assert page.get_by_role("link", name="Audit trail").count() == (role == "admin")
        page.goto(site.url + "/jobs/5")
        assert page.get_by_role("link", name="Edit").count() == (role == "admin")


def test_the_overview_leads_to_the_jobs_of_a_status(site: Site) -> None:
    page = site.open("/")
    expect(page.locator(".tiles li").filter(has_text="failed").locator("b")).to_have_text("1")
    page.locator(".tiles a").filter(has_text="failed").click()
    expect(page.locator("tr[data-key='2']")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(1)


def test_the_list_follows_what_happens(site: Site) -> None:
    page = site.open("/jobs")
    opened = page.locator("tr[data-key='5']")
    before = opened.bounding_box()
    page.evaluate("window.stayed = true")
    job_id = site.queue.add_job("later", None)
    row = page.locator(f"tr[data-key='{job_id}']")
    expect(row).to_be_visible()
    site.queue.cancel_job(job_id)
    expect(row.locator(".badge")).to_have_text("cancelled")
    assert page.evaluate("window.stayed") is True
    after = opened.bounding_box()
    assert before is not None
    assert after is not None
    assert (before["x"], before["width"]) == (after["x"], after["width"])


def test_what_somebody_opened_or_wrote_stays_when_news_come(site: Site) -> None:
    page = site.open("/jobs/3")
    page.get_by_label("What the job gets").fill('{"half": ')
    page.get_by_text("first step").click()
    result = page.get_by_label("Result of first step")
    expect(result).to_be_visible()
    site.queue.cancel_job(3)
    expect(page.locator(".job-top .badge")).to_have_text("cancelled")
    expect(result).to_be_visible()
    assert page.get_by_label("What the job gets").input_value() == '{"half": '


def test_following_can_be_switched_off(site: Site) -> None:
    page = site.open("/jobs")
    toggle = page.get_by_role("button", name="Live")
    expect(toggle).to_have_attribute("aria-pressed", "true")
    toggle.click()
    paused = page.get_by_role("button", name="Paused")
    expect(paused).to_have_attribute("aria-pressed", "false")
    page.reload()
    expect(paused).to_be_visible()


def test_the_theme_is_switched_and_kept(site: Site) -> None:
    page = site.open("/jobs", color_scheme="light")
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    page.reload()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_it_works_by_keyboard(site: Site) -> None:
    page = site.open("/jobs")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    button = page.get_by_role("button", name="Cancel job 5")
    for _ in range(60):
        page.keyboard.press("Tab")
        if button.evaluate("it => it === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("tr[data-key='5'] .badge")).to_have_text("cancelled")


def test_reading_and_single_actions_need_no_scripts(site: Site) -> None:
    page = site.page(java_script_enabled=False)
    page.goto(site.url + "/jobs")
    page.get_by_role("button", name="Cancel job 5").click()
    expect(page.get_by_role("status")).to_contain_text("was cancelled")
    expect(page.locator("tr[data-key='5'] .badge")).to_have_text("cancelled")
    page.goto(site.url + "/jobs/5")
    page.get_by_role("button", name="Retry now").click()
    expect(page.locator(".job-top .badge")).to_have_text("pending")
