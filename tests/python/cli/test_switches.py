"""`dataqueue schedules`, `pause`, `resume` and `paused`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataqueue import Paused, ScheduleStatus

if TYPE_CHECKING:
    from dataqueue import JobQueue
    from tests.python.cli.conftest import Cli


def test_schedules_are_listed_paused_resumed_and_run(cli: Cli, jobs: JobQueue) -> None:
    assert cli("schedules", "list").stderr == "No schedules.\n"
    first = jobs.add_cron_job(
        schedule_name="daily report", cron_expression="0 9 * * *", job_type="report", payload={"n": 1}, tags=["r"]
    )
    jobs.add_cron_job(schedule_name="7", cron_expression="@hourly", job_type="sweep", payload=None)
    assert [one["schedule_name"] for one in cli.json("schedules", "list")] == ["daily report", "7"]
    header, report, sweep = cli("schedules", "list").stdout.splitlines()
    assert header.split() == ["ID", "NAME", "CRON", "ZONE", "STATUS", "NEXT", "LAST", "TYPE"]
    assert "0 9 * * *" in report
    assert " in " in sweep

    ran = cli("schedules", "pause", "daily report")
    assert (ran.exit_code, ran.stdout) == (0, "daily report: paused\n")
    assert cli("schedules", "pause", "daily report").stdout == "daily report: paused already\n"
    assert [one["id"] for one in cli.json("schedules", "list", "--status", "paused")] == [first]
    ran = cli("schedules", "run", "daily report")
    made = jobs.get_job(int(ran.stdout))
    assert made is not None
    assert (made.job_type, made.payload, made.tags) == ("report", {"n": 1}, ["r"])
    after = jobs.get_cron_job(first)
    assert after is not None
    assert (after.status, after.last_job_id) == (ScheduleStatus.PAUSED, None)
    told = cli.json("schedules", "resume", "daily report")
    assert (told["changed"], told["schedule"]["status"]) == (True, "active")
    assert cli.json("schedules", "resume", "daily report")["changed"] is False


def test_a_schedule_that_is_not_there_is_an_error(cli: Cli, jobs: JobQueue) -> None:
    for verb in ("pause", "resume", "run"):
        ran = cli("schedules", verb, "none")
        assert ran.exit_code == 1
        assert "there is no schedule 'none'" in ran.stderr
        assert cli("schedules", verb, "").exit_code == 2
    assert jobs.count_jobs() == 0


def test_what_is_paused_is_shown_and_let_go_on(cli: Cli, jobs: JobQueue) -> None:
    assert cli("paused").stdout == "Nothing is paused.\n"
    assert cli("pause", "--type", "mail").stdout == "type mail: paused\n"
    assert cli("pause", "--group", "g").stdout == "group g: paused\n"
    assert cli.json("pause") == {"changed": True, "job_type": None, "group": None}
    assert cli("pause").stdout == "everything: paused already\n"
    assert sorted(cli("paused").stdout.splitlines()) == ["everything", "group g", "type mail"]
    assert {"job_type": "mail", "group": None} in cli.json("paused")
    assert cli("resume").stdout == "everything: not paused\n"
    assert cli.json("resume", "--group", "g")["changed"] is True
    assert jobs.paused() == [Paused(job_type="mail")]
    both = cli("pause", "--type", "mail", "--group", "g")
    assert both.exit_code == 2
    assert "one after the other" in both.stderr
