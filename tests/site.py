"""A whole site in real processes: PostgreSQL database of its own, Valkey, granian, Celery worker and beat."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from config import processes
from config.servers import valkey
from tests.databases import database
from tests.forms import Form, forms_of

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Site:
    url: str
    environment: dict[str, str]
    state: Path
    running: dict[str, subprocess.Popen] = field(default_factory=dict)
    visitors: list["Visitor"] = field(default_factory=list)
    public: list["Visitor"] = field(default_factory=list)

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"manage.py {' '.join(arguments)} failed\n{done.stdout}\n{done.stderr}")
        return done

    def start(self, name: str, command: list[str]) -> subprocess.Popen:
        with (self.state / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        return self.running[name]

    def stop(self, name: str, how: int = signal.SIGTERM) -> None:
        process = self.running.pop(name)
        if process.poll() is None:
            os.killpg(process.pid, how)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    @property
    def observer(self) -> "Visitor":
        """A member of the public, always the same one."""
        if not self.public:
            self.public.append(self.client())
        return self.public[0]

    def logs(self) -> str:
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-4000:]}" for path in self.state.glob("*.log")
        )

    def client(self, name: str | None = None) -> "Visitor":
        self.visitors.append(Visitor(self))
        if name:
            self.visitors[-1].become(name)
        return self.visitors[-1]

    def until(self, what: Callable[[], object], seconds: float = 30, saying: str = "") -> object:
        """Wait until `what()` is truthy; what it raises as AssertionError or transport error counts as not yet.

        The longer it takes, the more seldom it is asked: to answer costs the site what it would work with.
        """
        began, last = time.monotonic(), None
        while True:
            waited = time.monotonic() - began
            try:
                if answer := what():
                    return answer
                last = answer
            except (AssertionError, httpx.TransportError) as error:
                last = error
            if waited >= seconds:
                raise AssertionError(f"not within {seconds} s: {saying or what}: {last}\n{self.logs()}")
            time.sleep(min(0.1 + waited / 5, 1, seconds - waited))


class Visitor:
    """A browser without JavaScript: follows forms with their tokens, as a person would."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.http = httpx.Client(
            base_url=site.url, follow_redirects=True, timeout=30, headers={"Referer": site.url + "/"}
        )

    def become(self, name: str) -> None:
        found = [form for form in forms_of(self.get("/demo/people/")) if name in form.text]
        assert found, f"no button to become {name}"
        self.send(found[0])

    def get(self, path: str, status: int = 200) -> str:
        answer = self.http.get(path)
        assert answer.status_code == status, f"GET {path}: {answer.status_code}\n{answer.text[-3000:]}"
        return answer.text

    def json(self, path: str) -> dict:
        return json.loads(self.get(path))

    def send(self, form: Form, *, status: int = 200, files: object = None, at: str = "", **values: object) -> str:
        answer = self.http.post(form.action or at, data=form.filled(**values), files=files)
        assert answer.status_code == status, f"POST {form.action or at}: {answer.status_code}\n{main_of(answer.text)}"
        return answer.text

    def fill(self, path: str, *, having: str = "", status: int = 200, files: object = None, **values: object) -> str:
        """Open the page and send its form: the one with a field `having`, else the first in the main part."""
        page = main_of(self.get(path))
        found = [form for form in forms_of(page) if not having or having in form.fields or having in dict(form.buttons)]
        assert found, f"no form {having!r} on {path}\n{page[-3000:]}"
        return self.send(found[0], at=path, status=status, files=files, **values)


def main_of(page: str) -> str:
    """The main part of a page, without the frame's own forms."""
    return page[page.find("<main") : page.rfind("</main>")] if "<main" in page else page


def surroundings(state: Path, port: int, database_url: str, redis_url: str) -> dict[str, str]:
    """The environment of a site's processes, with its files in `state`."""
    (state / "static").mkdir(exist_ok=True)  # WhiteNoise warns where it is missing
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "COV"))},
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "FERMATA_DEMO": "1",
        "FERMATA_STATE": str(state),
        "FERMATA_SECRET_KEY": secrets.token_hex(32),
        "FERMATA_SITE_URL": f"http://localhost:{port}",
    }


@contextmanager
def ending(here: Site) -> Iterator[Site]:
    """End whatever was started meanwhile."""
    try:
        yield here
    finally:
        for visitor in here.visitors:
            visitor.http.close()
        for running in list(here.running):
            here.stop(running)


@contextmanager
def site(
    state: Path, *, name: str, prepare: tuple[tuple[str, ...], ...] = (), settings: dict[str, str] | None = None
) -> Iterator[Site]:
    """Start everything in `state`; `prepare` are manage.py commands to run on the empty database."""
    port = free_port()
    with database(os.environ["DATABASE_URL"], name) as database_url, valkey(state / "valkey") as redis_url:
        environment = surroundings(state, port, database_url, redis_url) | (settings or {})
        with ending(Site(f"http://localhost:{port}", environment, state)) as here:
            for command in prepare:
                here.manage(*command)
            here.start("web", processes.web(port))
            here.start("worker", processes.worker())
            here.start("beat", processes.beat(state))
            here.until(lambda: httpx.get(here.url + "/healthz", timeout=5).status_code == 200, 240, "the site answers")
            yield here
