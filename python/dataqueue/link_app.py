"""The web application that serves signed links to tokens: plain ASGI, to be mounted in any framework."""

from __future__ import annotations

import asyncio
import contextlib
import html
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from .aio import AsyncJobQueue
from .errors import InvalidLink, TokenNotFound
from .links import SignedLink, verify_token_url

if TYPE_CHECKING:
    from .blocking import JobQueue

__all__ = ["TokenLinks"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title}</title><style>
:root {{ color-scheme: light dark }}
body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 18vh auto 0; padding: 0 1.5rem }}
button {{ font: inherit; padding: .6rem 1.4rem; border: 0; border-radius: .5rem; background: #1d4ed8;
  color: #fff; cursor: pointer }}
button:focus-visible {{ outline: 3px solid #93c5fd; outline-offset: 2px }}
</style></head><body><main><h1>{title}</h1>{body}</main></body></html>
"""
_HEADERS = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex"),
    (b"x-content-type-options", b"nosniff"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
    ),
]


class TokenLinks:
    """An ASGI application for links of `complete_token_url`.

    `GET` shows what the link is for, and a button; `POST`, which the button sends, completes the token. A link that was
    changed is answered 403, one whose time is up 410, a token that is over already 409, and one that is not there 404.

    Example:
        ```python
        app.mount("/tokens", TokenLinks(queue, secret=SECRET))
        ```
    """

    def __init__(self, queue: AsyncJobQueue | JobQueue, *, secret: str | bytes) -> None:
        """An application.

        Args:
            queue: The queue whose tokens are completed, of either twin.
            secret: The secret that the links are made with.

        Raises:
            ValueError: The secret is too short.
        """
        self._queue = queue
        self._secret = secret
        # A secret that cannot be used is found now.
        with contextlib.suppress(InvalidLink):
            verify_token_url("", secret=secret)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answers one connection."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"TokenLinks serves http, not {scope['type']}")
        method = scope["method"]
        if method not in ("GET", "HEAD", "POST"):
            await _answer(send, 405, "Not allowed", "", [(b"allow", b"GET, HEAD, POST")])
            return
        query = scope.get("query_string", b"").decode("latin-1")
        try:
            link = verify_token_url(f"?{query}", secret=self._secret)
            if method == "POST":
                await self._complete(link, send)
            else:
                await self._ask(link, query, send, with_body=method == "GET")
        except InvalidLink as error:
            title = "This link has expired" if error.expired else "This link does not work"
            await _answer(send, 410 if error.expired else 403, title, "Ask for a new one.")
        except TokenNotFound:
            await _answer(send, 404, "This link is no longer needed", "What it was for is over.")

    async def _ask(self, link: SignedLink, query: str, send: Send, *, with_body: bool) -> None:
        token = await self._call("get_token", link.token_id)
        if token is None:
            raise TokenNotFound(link.token_id)
        if token.status != "waiting":
            await _over(send)
            return
        title = html.escape(link.label or "Please confirm")
        form = f'<form method="post" action="?{html.escape(query)}"><button>Confirm</button></form>'
        await _answer(send, 200, title, form if with_body else "", escaped=True)

    async def _complete(self, link: SignedLink, send: Send) -> None:
        if await self._call("complete_token", link.token_id, link.data):
            await _answer(send, 200, "Thank you", "Your answer was recorded. You can close this page.")
        else:
            await _over(send)

    async def _call(self, method: str, *args: Any) -> Any:
        call = getattr(self._queue, method)
        if isinstance(self._queue, AsyncJobQueue):
            return await call(*args)
        return await asyncio.to_thread(call, *args)


async def _over(send: Send) -> None:
    await _answer(send, 409, "This was answered already", "It was answered before, or its time is up.")


async def _answer(
    send: Send,
    status: int,
    title: str,
    body: str,
    headers: list[tuple[bytes, bytes]] | None = None,
    *,
    escaped: bool = False,
) -> None:
    page = _PAGE.format(title=title, body=body if escaped else f"<p>{body}</p>").encode()
    length = (b"content-length", str(len(page)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*_HEADERS, length, *(headers or [])]})
    await send({"type": "http.response.body", "body": page})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
