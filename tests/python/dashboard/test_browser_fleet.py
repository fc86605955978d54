"""Many jobs at once, workers, tokens and dead letters in a browser."""

from __future__ import annotations

from playwright.sync_api import expect

from dataqueue import JobHandlers
from tests.python.dashboard.browsing import Site, job_status


def test_a_selection_is_cancelled_and_deleted(site: Site) -> None:
    page = site.open("/jobs")
    expect(page.get_by_text("None selected")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel selected")).to_be_disabled()
    page.get_by_label("Select job 4").check()
    page.get_by_label("Select job 5").check()
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.get_by_role("button", name="Cancel selected").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel selected").click()
    expect(page.get_by_role("status")).to_contain_text("2 jobs were cancelled")
    assert [job_status(site, job_id) for job_id in (4, 5)] == ["cancelled", "cancelled"]
    page.get_by_role("button", name="Delete selected").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete selected").click()
    expect(page.locator("tr[data-key='5']")).to_have_count(0)
    assert site.queue.get_job(5) is None


def test_selected_jobs_are_edited_and_enter_presses_no_other_button(site: Site) -> None:
    page = site.open("/jobs")
    page.get_by_label("Select job 5").check()
    page.get_by_text("Edit selected").first.click()
    page.get_by_label("Priority", exact=True).last.fill("7")
    page.get_by_label("Priority", exact=True).last.press("Enter")
    assert job_status(site, 5) == "pending"
    page.get_by_role("button", name="Edit selected").click()
    expect(page.get_by_role("status")).to_contain_text("1 job was changed")
    job = site.queue.get_job(5)
    assert job is not None
    assert (job.priority, job.status.value) == (7, "pending")


def test_all_that_a_filter_finds_is_deleted_after_a_count(site: Site) -> None:
    page = site.open("/jobs?type=work")
    page.get_by_role("link", name="Delete all").click()
    expect(page.get_by_text("2 jobs meet the filter")).to_be_visible()
    page.get_by_role("button", name="Delete 2 jobs").click()
    expect(page.get_by_role("status")).to_contain_text("2 jobs were deleted")
    expect(page.get_by_text("No job fits")).to_be_visible()
    assert site.queue.count_jobs(job_type="work") == 0


def test_a_worker_is_drained(site: Site) -> None:
    handlers = JobHandlers({"nothing": lambda payload: None})
    processor = site.queue.create_processor(handlers, worker_id="worker-one")
    processor.start_in_background()
    page = site.open("/workers")
    row = page.locator("tr").filter(has_text="worker-one")
    row.get_by_role("button", name="Drain").click()
    page.get_by_role("dialog").get_by_role("button", name="Drain").click()
    expect(page.get_by_role("status")).to_contain_text("was asked to drain")
    processor.stop_and_drain(30)


def test_a_token_of_the_list_is_completed(site: Site) -> None:
    page = site.open("/tokens?status=waiting", role="operator")
    page.get_by_role("link", name="Complete", exact=True).click()
    page.get_by_label("What whoever waits gets").fill("[1]")
    page.get_by_role("button", name="Complete the token").click()
    expect(page.get_by_role("status")).to_contain_text("was completed")
    (token,) = site.queue.get_tokens()
    assert token.output == [1]


def test_dead_letters_are_redriven(site: Site) -> None:
    handlers = JobHandlers()

    @handlers.job("dying", max_attempts=1, dead_letter_job_type="letter")
    def dying(payload: object) -> None:
        raise RuntimeError("dead")

    job_id = site.queue.add_job(dying, None)
    site.queue.create_processor(handlers).start()
    page = site.open("/dead-letters", role="operator")
    expect(page.get_by_text("dead", exact=True)).to_be_visible()
    page.get_by_role("button", name=f"Redrive job {job_id}").click()
    expect(page.get_by_text("No dead letters")).to_be_visible()
    assert job_status(site, job_id) == "pending"
