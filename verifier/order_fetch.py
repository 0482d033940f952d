"""Asking a site for a small text: no redirect, little time, little of it. The standard library alone."""

import time
from http.client import HTTPException
from typing import Final
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

LARGEST: Final = 65_536
SECONDS: Final = 10.0


class _Stay(HTTPRedirectHandler):
    """An order is where it is: whoever sends the gate elsewhere is not followed."""

    def redirect_request(self, *_given: object) -> None:
        """Follow nothing."""


def fetch(url: str, etag: str = "") -> str:
    """Return the text at `url`, or nothing where it still is the one with this tag; raise OSError for all else."""
    end = time.monotonic() + SECONDS
    request = Request(url, headers={"If-None-Match": f'"{etag}"'} if etag else {})  # noqa: S310 - the person at the gate names the site
    try:
        with build_opener(_Stay).open(request, timeout=SECONDS) as answer:
            data = b""
            while chunk := answer.read1(LARGEST):
                data += chunk
                if len(data) > LARGEST or time.monotonic() > end:
                    raise OSError("it answers without end")
        return data.decode()
    except HTTPError as error:
        error.close()
        if error.code == 304 and etag:
            return ""
        raise OSError(f"{url} answers {error.code}") from None
    except (HTTPException, UnicodeDecodeError, ValueError) as error:
        raise OSError(f"{type(error).__name__} {error}") from None
