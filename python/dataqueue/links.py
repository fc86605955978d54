"""Signed links that complete a token: for a mail that asks somebody to decide."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from .arguments import Duration, datetime_of, seconds
from .errors import InvalidLink
from .payload import encode_json
from .tokens import Token, token_id

__all__ = ["SignedLink", "complete_token_url", "verify_token_url"]

_FIELDS = ("token", "expires", "data", "label")
_LEAST_SECRET = 16
_LONGEST = 10 * 366 * 86_400
_MOST_DATA = 1_500
_MOST_LABEL = 200


@dataclass(frozen=True, slots=True)
class SignedLink:
    """What a link says whose signature holds.

    Attributes:
        token_id: The token that it completes.
        data: What it completes it with.
        label: What the person who opens it is asked.
        expires_at: Until when it can be used, in UTC.
    """

    token_id: str
    data: Any
    label: str | None
    expires_at: datetime


def complete_token_url(
    base_url: str,
    token: str | Token,
    *,
    secret: str | bytes,
    data: Any = None,
    label: str | None = None,
    expires_in: Duration = 7 * 86_400,
) -> str:
    """A link that completes a token, whoever opens it: what it does cannot be changed without the secret.

    `TokenLinks` serves such links. Opening one shows a page with a button, and nothing is done before that is pressed:
    programs that look through mail open links too.

    Args:
        base_url: Where `TokenLinks` is mounted, such as `https://example.org/tokens`.
        token: The token or its id.
        secret: At least 16 bytes that only your servers know.
        data: What the token is completed with: any JSON value, at most 1,500 bytes of it, and readable in the link.
        label: What the person is asked, such as `Approve expense 42`; shown above the button.
        expires_in: How long the link can be used, in seconds; a week by default. The token's own timeout holds too.

    Raises:
        ValueError: The secret is too short, the data are too long, or `base_url` is no address.
        PayloadError: The data are not JSON.
    """
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"base_url is {base_url!r:.80}: give the whole address, such as 'https://example.org/tokens'")
    key = _key(secret)
    span = seconds("expires_in", expires_in)
    if not 0 < span <= _LONGEST:
        raise ValueError(f"expires_in is {span:g} seconds: it must be positive, and at most ten years")
    text = b"" if data is None else encode_json(data, "the data of the link")
    if len(text) > _MOST_DATA:
        raise ValueError(f"data has {len(text):,} bytes of JSON: a link holds at most {_MOST_DATA:,}")
    if label is not None and not 0 < len(label) <= _MOST_LABEL:
        raise ValueError(f"label has {len(label)} characters: give it 1 to {_MOST_LABEL}")
    given = {
        "token": token_id(token),
        "expires": str(int(time.time() + span)),
        "data": base64.urlsafe_b64encode(text).decode().rstrip("="),
        "label": label or "",
    }
    fields = {name: value for name, value in given.items() if value}
    query = urlencode([*fields.items(), ("signature", _signature(key, given))])
    return urlunsplit((parts.scheme, parts.netloc, parts.path, f"{parts.query}&{query}" if parts.query else query, ""))


def verify_token_url(url: str, *, secret: str | bytes) -> SignedLink:
    """What a link says, if it was made with this secret and can still be used.

    Args:
        url: The link, or its query alone.
        secret: The secret that it was made with.

    Raises:
        InvalidLink: It was changed, made with another secret, or its time is up (`expired` says which).
    """
    key = _key(secret)
    query = urlsplit(url).query or url.lstrip("?")
    try:
        values = parse_qs(query, keep_blank_values=True, max_num_fields=20)
        given = {name: _only(values, name) for name in _FIELDS}
        signature = _only(values, "signature")
    except ValueError:
        raise InvalidLink("this link is incomplete or was changed") from None
    if not hmac.compare_digest(signature.encode(), _signature(key, given).encode()):
        raise InvalidLink("this link is incomplete or was changed")
    expires = int(given["expires"])
    if expires < time.time():
        raise InvalidLink("the time of this link is up", expired=True)
    return SignedLink(given["token"], _data(given["data"]), given["label"] or None, datetime_of(expires * 1_000_000))


def _only(values: dict[str, list[str]], name: str) -> str:
    found = values.get(name, [""])
    if len(found) != 1:
        raise ValueError(name)
    return found[0]


def _data(text: str) -> Any:
    if not text:
        return None
    try:
        return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        raise InvalidLink("this link is incomplete or was changed") from None


def _signature(key: bytes, fields: dict[str, str]) -> str:
    # As JSON, so that no two sets of fields give the same text.
    text = json.dumps(["dataqueue-token-1", *(fields[name] for name in _FIELDS)], ensure_ascii=True)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _key(secret: str | bytes) -> bytes:
    if not isinstance(secret, str | bytes):
        raise TypeError(f"secret must be a str or bytes, not {type(secret).__name__}")
    key = secret.encode() if isinstance(secret, str) else secret
    if len(key) < _LEAST_SECRET:
        raise ValueError(
            f"secret has {len(key)} bytes: give it at least {_LEAST_SECRET}, such as secrets.token_urlsafe(32) makes"
        )
    return key
