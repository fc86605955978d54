"""Entries in files of JSON and TOML: every other character stays, and what cannot be edited is refused."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataqueue.cli.assistants.json_edit import EditError, with_entry
from dataqueue.cli.assistants.toml_edit import with_table

ENTRY = {"command": "dataqueue", "args": ["mcp"]}
NAMES = st.text(max_size=4) | st.sampled_from(["servers", "dataqueue"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '{\n  "s": {\n    "dataqueue": {"command": "d"}\n  }\n}\n'),
        ("{}", '{\n  "s": {\n    "dataqueue": {"command": "d"}\n  }\n}'),
        ('{"a": 1.10}\n', '{"a": 1.10,\n  "s": {\n    "dataqueue": {"command": "d"}\n  }}\n'),
        ('{\n\t"s": { }\n}', '{\n\t"s": {\n\t\t"dataqueue": {"command": "d"}\n\t}\n}'),
        ('{"s": {"x": [1 ,2]} , "z": 0}', '{"s": {"x": [1 ,2],\n    "dataqueue": {"command": "d"}} , "z": 0}'),
    ],
)
def test_what_is_around_an_entry_stays(before: str, after: str) -> None:
    edited = with_entry(before, "s", "dataqueue", {"command": "d"})
    for brackets in ("{", "}"):
        assert edited.count(brackets) == after.count(brackets)
    assert " ".join(edited.split()).replace("{ ", "{").replace(" }", "}") == " ".join(after.split()).replace(
        "{ ", "{"
    ).replace(" }", "}")
    assert with_entry(edited, "s", "dataqueue", {"command": "d"}) == edited


def test_an_entry_is_brought_up_to_date_and_keeps_what_others_added() -> None:
    before = '{"servers": {"dataqueue": {"env": {"A": "ü"}, "command": "old"}, "other": {}},\r\n "b": 1e2}'
    edited = with_entry(before, "servers", "dataqueue", ENTRY)
    assert json.loads(edited)["servers"] == {"dataqueue": {"env": {"A": "ü"}, **ENTRY}, "other": {}}
    assert edited.startswith('{"servers": {"dataqueue": {')
    assert edited.endswith('}, "other": {}},\r\n "b": 1e2}')


@given(document=st.dictionaries(NAMES, VALUES, max_size=4), indent=st.sampled_from([None, 2, "\t"]))
def test_any_json_keeps_what_it_has(document: dict[str, Any], indent: Any) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    section = document.get("servers", {})
    if not isinstance(section, dict):
        with pytest.raises(EditError, match="is no JSON object"):
            with_entry(text, "servers", "dataqueue", ENTRY)
        return
    old = section.get("dataqueue")
    entry = {**old, **ENTRY} if isinstance(old, dict) else ENTRY
    edited = with_entry(text, "servers", "dataqueue", ENTRY)
    assert json.loads(edited) == {**document, "servers": {**section, "dataqueue": entry}}
    assert list(json.loads(edited))[: len(document)] == list(document)
    assert with_entry(edited, "servers", "dataqueue", ENTRY) == edited


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"servers": {}, // a comment\n}', "line 1, column 17"),
        ("[]", "no JSON object"),
        ('{"servers": []}', "'servers' is no JSON object"),
        ('{"a": 1, "a": 2}', "'a' twice"),
        ('{"a": NaN}', "NaN"),
        ('{"servers": {"dataqueue": {}}', "line 1"),
        ("[" * 100_000, "nested"),
    ],
)
def test_json_that_cannot_be_edited_is_refused(text: str, why: str) -> None:
    with pytest.raises(EditError, match=why):
        with_entry(text, "servers", "dataqueue", ENTRY)


MORE = "[tools]\na = 1\n"
TOML = """\
# mine
model = "x"   # why

[mcp_servers.other]
command = 'o'
list = [
  [1],
]

# the next one
[profiles.a]
b = 1
"""


def test_a_table_is_added_to_toml_and_brought_up_to_date() -> None:
    edited = with_table(TOML, "mcp_servers", "dataqueue", {"command": "old", "args": []})
    assert edited == f'{TOML}\n[mcp_servers.dataqueue]\ncommand = "old"\nargs = []\n'
    again = with_table(edited, "mcp_servers", "dataqueue", ENTRY)
    assert again == f'{TOML}\n[mcp_servers.dataqueue]\ncommand = "dataqueue"\nargs = ["mcp"]\n'
    assert with_table(again, "mcp_servers", "dataqueue", ENTRY) == again
    assert with_table("", "mcp_servers", "dataqueue", ENTRY).startswith("[mcp_servers.dataqueue]\n")


def test_a_table_in_the_middle_of_toml_keeps_what_others_added() -> None:
    before = (
        '[mcp_servers.dataqueue] # ours\ncommand = "old"\nstartup_timeout_sec = 20\n\n'
        '[mcp_servers.dataqueue.env]\nA = "1"\n\n' + MORE
    )
    edited = with_table(before, "mcp_servers", "dataqueue", ENTRY)
    assert tomllib.loads(edited)["mcp_servers"]["dataqueue"] == {
        **ENTRY,
        "startup_timeout_sec": 20,
        "env": {"A": "1"},
    }
    assert edited.endswith('\n\n[mcp_servers.dataqueue.env]\nA = "1"\n\n' + MORE)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a = = 1", "not TOML"),
        ("mcp_servers = 1", "no table"),
        ('mcp_servers = {other = {command = "x"}}', "by hand"),
        ('[mcp_servers]\ndataqueue = {command = "x"}\n', "by hand"),
        ("[mcp_servers.dataqueue]\nargs = [\n[1],\n]\n", "by hand"),
    ],
)
def test_toml_that_cannot_be_edited_is_refused(text: str, why: str) -> None:
    with pytest.raises(EditError, match=why):
        with_table(text, "mcp_servers", "dataqueue", ENTRY)
