"""A wire between a browser and a site that can be cut, and that can lose answers on the way: what happens in a data hall."""

import socket
import threading
from contextlib import suppress


class Wire:
    """Listens on a port of its own and passes every byte on. `is_cut`: nothing passes. `is_deaf`: what is sent arrives, no answer returns."""

    def __init__(self, port: int) -> None:
        self.far = port
        self.is_cut = self.is_deaf = False
        self.ends: set[socket.socket] = set()
        self.door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://localhost:{self.door.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                near, _address = self.door.accept()
                if self.is_cut:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self.far))
                self.ends |= {near, far}
                for one, other, is_answer in ((near, far, False), (far, near, True)):
                    threading.Thread(target=self._pass, args=(one, other, is_answer), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket, is_answer: bool) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                if is_answer and self.is_deaf:
                    break
                other.sendall(data)
        for end in (one, other):
            self._end(end)

    def _end(self, end: socket.socket) -> None:
        self.ends.discard(end)
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()

    def cut(self) -> None:
        self.is_cut = True
        for end in list(self.ends):
            self._end(end)

    def mend(self) -> None:
        self.is_cut = self.is_deaf = False

    def close(self) -> None:
        self.door.close()
        self.cut()
