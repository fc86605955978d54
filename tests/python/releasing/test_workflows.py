"""What runs in the name of the project runs only what was looked at, with no more rights than it needs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.releasing.__main__ import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_hash_and_name_their_version(workflow: Path) -> None:
    used = re.findall(r"uses: (.*)", workflow.read_text(encoding="utf-8"))
    assert used
    for one in used:
        assert re.fullmatch(r"\./\S+|[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one), one


def test_an_action_is_pinned_to_the_same_commit_everywhere() -> None:
    used = {one for path in WORKFLOWS for one in re.findall(r"uses: ([^.].*)", path.read_text(encoding="utf-8"))}
    names = [one.partition("@")[0] for one in used]
    assert len(names) == len(set(names)), sorted(used)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_rights_are_given_where_they_are_needed_and_every_job_ends(workflow: Path) -> None:
    text = workflow.read_text(encoding="utf-8")
    assert re.search(r"^permissions:(?: \{\}|\n  contents: read)\n", text, flags=re.MULTILINE)
    jobs = re.split(r"^  (?=[\w-]+:$)", text.partition("\njobs:\n")[2], flags=re.MULTILINE)[1:]
    for job in jobs:
        assert "timeout-minutes:" in job or "uses: ./" in job, job
        # Only what publishes may write, and it does nothing but publish.
        assert "write" not in job or job.startswith(("attest:", "publish:", "announce:")), job
