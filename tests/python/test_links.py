"""Signed links that complete tokens, and the pages behind them."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from dataqueue import (
    AsyncJobQueue,
    InvalidLink,
    JobQueue,
    Token,
    TokenLinks,
    complete_token_url,
    verify_token_url,
)

SECRET = "a secret of more than sixteen bytes"
BASE = "https://example.org/tokens"


def request(app: Any, url: str, method: str = "GET") -> tuple[int, dict[str, str], str]:
    """What the application answers."""
    parts = urlsplit(url)
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "method": method,
        "path": parts.path,
        "query_string": parts.query.encode(),
        "headers": [],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    asyncio.run(app(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, sent[1]["body"].decode()


@pytest.fixture
def token(sqlite_store_url: str) -> Token:
    with JobQueue(sqlite_store_url) as queue:
        return queue.create_token()


def changed(url: str, **fields: str) -> str:
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return parts._replace(query=urlencode({**query, **fields})).geturl()


def test_a_link_says_what_it_was_made_for(token: Token) -> None:
    url = complete_token_url(f"{BASE}?lang=de", token, secret=SECRET, data={"a": [1, "ä"]}, label="Approve é")
    link = verify_token_url(url, secret=SECRET.encode())
    assert (link.token_id, link.data, link.label) == (token.id, {"a": [1, "ä"]}, "Approve é")
    assert 6.9 * 86_400 < link.expires_at.timestamp() - time.time() <= 7 * 86_400
    plain = verify_token_url(urlsplit(complete_token_url(BASE, token.id, secret=SECRET)).query, secret=SECRET)
    assert (plain.data, plain.label) == (None, None)


def test_a_link_that_was_changed_is_refused(token: Token) -> None:
    url = complete_token_url(BASE, token, secret=SECRET, data={"action": "reject"}, label="Reject")
    other = complete_token_url(BASE, token, secret=SECRET, data={"action": "approve"})
    data = parse_qs(urlsplit(other).query)["data"][0]
    wrong = [
        changed(url, data=data),
        changed(url, token="wp_other"),
        changed(url, expires="99999999999"),
        changed(url, label="Approve"),
        changed(url, signature="0" * 64),
        changed(url, signature="ä"),
        f"{url}&data={data}",
        url.replace("signature=", "sig="),
        url[:-1],
        BASE,
        "",
        "?" + "&".join(f"a{at}=1" for at in range(100)),
    ]
    for one in wrong:
        with pytest.raises(InvalidLink, match="incomplete or was changed") as raised:
            verify_token_url(one, secret=SECRET)
        assert not raised.value.expired
    with pytest.raises(InvalidLink):
        verify_token_url(url, secret=f"{SECRET}!")


def test_a_link_has_a_time(token: Token, monkeypatch: pytest.MonkeyPatch) -> None:
    url = complete_token_url(BASE, token, secret=SECRET, expires_in=60)
    later = time.time() + 62
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(InvalidLink, match="time of this link is up") as raised:
        verify_token_url(url, secret=SECRET)
    assert raised.value.expired


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"secret": "short"}, "secret has 5 bytes: give it at least 16"),
        ({"secret": 7}, "secret must be a str or bytes, not int"),
        ({"base_url": "/tokens"}, "base_url is '/tokens': give the whole address"),
        ({"data": "x" * 2_000}, "a link holds at most 1,500"),
        ({"data": object()}, "not JSON"),
        ({"expires_in": 0}, "it must be positive"),
        ({"expires_in": -1}, "must not be negative"),
        ({"label": ""}, "label has 0 characters"),
        ({"token": ""}, "token_id is empty"),
    ],
)
def test_bad_arguments_of_a_link_are_refused(given: dict[str, Any], told: str) -> None:
    arguments: dict[str, Any] = {"base_url": BASE, "token": "wp_1", "secret": SECRET, **given}
    with pytest.raises((ValueError, TypeError), match=told):
        complete_token_url(arguments.pop("base_url"), arguments.pop("token"), **arguments)


def test_a_page_asks_and_its_button_completes_the_token(sqlite_store_url: str) -> None:
    for kind in (AsyncJobQueue, JobQueue):
        with JobQueue(sqlite_store_url) as queue:
            token = queue.create_token()
            app = TokenLinks(kind(sqlite_store_url), secret=SECRET)
            url = complete_token_url(BASE, token, secret=SECRET, data={"ok": True}, label="Approve <b>42</b> & go")
            for method in ("GET", "HEAD"):
                status, headers, page = request(app, url, method)
                assert (status, headers["cache-control"]) == (200, "no-store")
                assert headers["referrer-policy"] == "no-referrer"
                assert "default-src 'none'" in headers["content-security-policy"]
            # A program that looks through mail may open the link: nothing is done by that.
            assert getattr(queue.get_token(token), "status", None) == "waiting"
            status, _, page = request(app, url)
            assert "Approve &lt;b&gt;42&lt;/b&gt; &amp; go" in page
            assert '<form method="post"' in page
            assert "<b>" not in page
            status, _, page = request(app, url, "POST")
            assert (status, "Thank you" in page) == (200, True)
            over = queue.get_token(token)
            assert over is not None
            assert (over.status, over.output) == ("completed", {"ok": True})
            for method in ("GET", "POST"):
                assert request(app, url, method)[0] == 409


def test_pages_for_links_that_do_not_work(sqlite_store_url: str, token: Token, monkeypatch: pytest.MonkeyPatch) -> None:
    app = TokenLinks(JobQueue(sqlite_store_url), secret=SECRET)
    url = complete_token_url(BASE, token, secret=SECRET, expires_in=60)
    unknown = complete_token_url(BASE, "wp_unknown", secret=SECRET, expires_in=60)
    for method in ("GET", "POST"):
        assert request(app, changed(url, token="wp_other"), method)[0] == 403
        assert request(app, BASE, method)[0] == 403
        assert request(app, unknown, method)[0] == 404
    status, headers, _ = request(app, url, "DELETE")
    assert (status, headers["allow"]) == (405, "GET, HEAD, POST")
    later = time.time() + 62
    monkeypatch.setattr(time, "time", lambda: later)
    for method in ("GET", "POST"):
        assert request(app, url, method)[0] == 410
    with pytest.raises(ValueError, match="secret has 3 bytes"):
        TokenLinks(JobQueue(sqlite_store_url), secret="abc")


def test_the_application_answers_a_server_that_starts_and_stops() -> None:
    app = TokenLinks(JobQueue("sqlite://:memory:"), secret=SECRET)
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent: list[str] = []

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(app({"type": "lifespan"}, receive, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
