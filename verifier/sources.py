"""Where a published log is read from: an address, a bundle file, or a folder."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Final, Protocol
from zipfile import BadZipFile, ZipFile

import httpx

from ledger.rules.tiles import Tile

TIMEOUT: Final = httpx.Timeout(20.0, connect=10.0)
# A full bundle is 256 entries of at most 64 KiB with their lengths.
LARGEST: Final = 256 * 65_537
AHEAD: Final = 16


class Unreachable(Exception):
    """The log could not be read: nothing is said about its content."""


class Missing(Exception):
    """A file that the log must publish is not there."""

    def __init__(self, path: str) -> None:
        super().__init__(f"the published file {path} is missing")
        self.path = path


class Source(Protocol):
    """The files of one published log."""

    name: str

    def read(self, path: str) -> bytes:
        """Return a file; raise Missing or Unreachable."""

    def read_beside(self, path: str) -> bytes:
        """Return a file that is published beside the log, such as "treaty/<sha256>.yaml"; raise Missing or Unreachable."""

    def close(self) -> None:
        """Let go of what was opened."""


class Site:
    """A log that is published at an address: a site's own, or that of its log."""

    def __init__(self, url: str, client: httpx.Client | None = None) -> None:
        self._client = client or httpx.Client(timeout=TIMEOUT, follow_redirects=True)
        self.site = url.rstrip("/").removesuffix("/tlog")
        self.name = f"{self.site}/tlog"

    def read(self, path: str) -> bytes:
        """Fetch a file, trying three times before giving up."""
        return self._tried(f"{self.name}/{path}", path)

    def read_beside(self, path: str) -> bytes:
        """Fetch a file of the site that the log belongs to."""
        return self._tried(f"{self.site}/{path}", path)

    def _tried(self, url: str, path: str) -> bytes:
        for attempt in range(3):
            try:
                return self._fetch(url, path)
            except httpx.HTTPError as error:
                if attempt == 2:
                    raise Unreachable(f"{url}: {type(error).__name__} {error}".strip()) from None
        raise AssertionError

    def _fetch(self, url: str, path: str) -> bytes:
        with self._client.stream("GET", url) as answer:
            if answer.status_code in {404, 410}:
                raise Missing(path)
            answer.raise_for_status()
            data = b""
            for chunk in answer.iter_bytes():
                data += chunk
                if len(data) > LARGEST:
                    raise Unreachable(f"{url} answers without end")
            return data

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class Bundle:
    """A log in one ZIP file, as the site offers it."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        try:
            self._archive = ZipFile(path)
        except (OSError, BadZipFile) as error:
            raise Unreachable(f"{path}: {error}") from None

    def read(self, path: str) -> bytes:
        """Return a file of the archive."""
        try:
            info = self._archive.getinfo(path)
            if info.file_size > LARGEST:
                raise Unreachable(f"{self.name}: {path} is too large")
            return self._archive.read(info)
        except KeyError:
            raise Missing(path) from None
        except BadZipFile as error:
            raise Unreachable(f"{self.name}: {error}") from None

    read_beside = read

    def close(self) -> None:
        """Close the file."""
        self._archive.close()


class Folder:
    """A log whose files lie in a folder."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path

    def read(self, path: str) -> bytes:
        """Return a file of the folder."""
        try:
            return (self._path / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            raise Missing(path) from None

    read_beside = read

    def close(self) -> None:
        """Nothing was opened."""


class Mirror:
    """Another source whose full tiles and bundles are kept in a folder, so that a second run need not fetch them again."""

    def __init__(self, source: Source, folder: Path) -> None:
        self.name = source.name
        self._source = source
        self._folder = folder

    def read(self, path: str) -> bytes:
        """Return a file from the folder, or fetch it and keep it."""
        immutable = path.startswith("tile/") and ".p/" not in path
        return self._kept(path, self._source.read) if immutable else self._source.read(path)

    def read_beside(self, path: str) -> bytes:
        """Return a file from the folder, or fetch it and keep it: it is named by its hash."""
        return self._kept(path, self._source.read_beside)

    def _kept(self, path: str, fetch: Callable[[str], bytes]) -> bytes:
        kept = self._folder / path
        if kept.is_file():
            return kept.read_bytes()
        data = fetch(path)
        kept.parent.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_name(f".{kept.name}.part")
        unfinished.write_bytes(data)
        unfinished.replace(kept)
        return data

    def close(self) -> None:
        """Close the other source."""
        self._source.close()


def open_source(place: str) -> Source:
    """Return the source that `place` names: http(s)://…, a ZIP file, or a folder."""
    if place.startswith(("http://", "https://")):
        return Site(place)
    path = Path(place)
    if path.is_dir():
        return Folder(path)
    if path.is_file():
        return Bundle(path)
    raise Unreachable(f"{place} is neither an address (https://…) nor a file")


def read_in_order(source: Source, tiles: Iterator[Tile]) -> Iterator[tuple[Tile, bytes]]:
    """Yield tiles in order, reading a few ahead."""
    if not isinstance(source, Site | Mirror):
        yield from ((tile, source.read(tile.path)) for tile in tiles)
        return
    with ThreadPoolExecutor(max_workers=AHEAD // 2) as pool:
        waiting = [(tile, pool.submit(source.read, tile.path)) for tile in islice(tiles, AHEAD)]
        while waiting:
            tile, future = waiting.pop(0)
            data = future.result()
            waiting += [(later, pool.submit(source.read, later.path)) for later in islice(tiles, 1)]
            yield tile, data
