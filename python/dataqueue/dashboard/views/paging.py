"""Pages by the place where each begins, and the way back."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Trail"]

_MOST = 40


@dataclass(frozen=True, slots=True)
class Trail:
    """The places where the pages before this one begin, and where this one does; the first begins nowhere."""

    before: tuple[str, ...]
    here: str

    @classmethod
    def read(cls, text: str, here: int | str | None) -> Trail:
        """The trail of a URL; what cannot be read is no trail."""
        places = tuple(place for place in text.split(".") if place.isascii() and place.isalnum())
        return cls(places[-_MOST:], "" if here is None else str(here))

    def onward(self) -> str:
        """The trail of the page behind this one."""
        return ".".join([*self.before, self.here] if self.here else self.before)

    def back(self) -> dict[str, str]:
        """The place of the page before this one, and its trail."""
        if not self.before:
            return {"cursor": "", "trail": ""}
        return {"cursor": self.before[-1], "trail": ".".join(self.before[:-1])}
