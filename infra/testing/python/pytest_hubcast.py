"""Starts the local stack of hubcast for tests of an app, as another program does: by its flags and its first line.

`hubcast_stack` is one stack for the whole run; `hubcast` is the same stack, emptied before each test.
"""

import json
import os
import re
import shutil
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

HUB = "notifications"
VERSION = "2024-12-01"
PATIENCE_SECONDS = 10
FIRST_LINE = re.compile(r"^hubcast ready on (http:\S+)$")
SEPARATOR = "\x1e"
# The type of a call, in the SignalR protocol.
INVOCATION = 1
PLACES = {"user_id": "users", "group_name": "groups", "connection_id": "connections"}


class Client:
    """A client of a user; remembers every message, whatever the method, and waits for messages."""

    def __init__(self, url: str):
        self.messages: list[tuple[str, list]] = []
        self._taken: set[int] = set()
        self._changed = threading.Condition()
        self._socket = connect(url, max_size=None, ping_interval=None)
        self._socket.send(json.dumps({"protocol": "json", "version": 1}) + SEPARATOR)
        self._rest = ""
        refusal = json.loads(self._records()[0]).get("error")
        if refusal:
            raise ConnectionError(refusal)
        # A first answer promises that everything sent from now on is heard.
        self._socket.send(json.dumps({"type": INVOCATION, "invocationId": "0", "target": "GetConnectionId", "arguments": []}) + SEPARATOR)
        ready = threading.Event()
        threading.Thread(target=self._read, args=(ready,), daemon=True).start()
        if not ready.wait(PATIENCE_SECONDS):
            raise TimeoutError("the stack did not answer the client")

    def wait_for_message(self, target: str, timeout: float = PATIENCE_SECONDS, where: Callable[..., bool] = lambda *_: True) -> list:
        """Answers the arguments of the next message of a method that no earlier call answered."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._next(target, where) is not None, timeout):
                came = ", ".join(name for name, _ in self.messages) or "nothing"
                raise TimeoutError(f"no message of {target} came within {timeout} s; these came: {came}")
            at = self._next(target, where)
            self._taken.add(at)
            return self.messages[at][1]

    def _next(self, target, where):
        fits = (
            at
            for at, (name, arguments) in enumerate(self.messages)
            if name == target and at not in self._taken and where(*arguments)
        )
        return next(fits, None)

    def _records(self):
        """Waits for the next whole records."""
        while SEPARATOR not in self._rest:
            self._rest += self._socket.recv()
        *records, self._rest = self._rest.split(SEPARATOR)
        return records

    def _read(self, ready):
        try:
            while True:
                for record in map(json.loads, self._records()):
                    if record.get("invocationId") == "0":
                        ready.set()
                    elif record.get("type") == INVOCATION:
                        with self._changed:
                            self.messages.append((record["target"], record["arguments"]))
                            self._changed.notify_all()
        except (ConnectionClosed, OSError):
            ready.set()

    def stop(self):
        self._socket.close()


class Stack:
    """A running stack: its URLs, its tokens, what a backend does, and clients."""

    def __init__(self, url: str):
        self.url = url.rstrip("/")
        self._clients: list[Client] = []

    @property
    def queue_url(self) -> str:
        """The queue that backends send to; the endpoint of every AWS SDK is `url`."""
        return f"{self.url}/000000000000/hubcast-notifications.fifo"

    def hub_url(self, hub: str = HUB) -> str:
        """The URL for a SignalR client."""
        return f"{self.url}/hubs/{hub}"

    def token(self, user: str, **more) -> str:
        """An app token of a user; `more` holds groups, ttlSeconds, audience and claims."""
        return json.loads(self._post("/dev/token", {"sub": user, **more}))["access_token"]

    def rest_token(self) -> str:
        """A token of a backend for the REST API."""
        return self._post("/dev/rest-token").decode()

    def send(self, target: str, *arguments, hub: str = HUB, **audience: str):
        """Sends as a backend does, to one of user_id, group_name and connection_id, or to everyone."""
        if len(audience) > 1 or not audience.keys() <= PLACES.keys():
            raise TypeError(f"send takes one of {', '.join(PLACES)}, and not {', '.join(audience)}")
        place = "".join(f"/{PLACES[name]}/{urllib.parse.quote(value, safe='')}" for name, value in audience.items())
        path = f"/api/hubs/{urllib.parse.quote(hub, safe='')}{place}/:send?api-version={VERSION}"
        self._post(path, {"target": target, "arguments": arguments}, {"Authorization": f"Bearer {self.rest_token()}"})

    def connect(self, user: str, hub: str = HUB, **more) -> Client:
        """A client of a user that hears everything from now on."""
        query = urllib.parse.urlencode({"access_token": self.token(user, **more)})
        client = Client(f"{self.hub_url(hub).replace('http', 'ws', 1)}?{query}")
        self._clients.append(client)
        return client

    def reset(self):
        """Closes all sockets, and empties the table and the queues."""
        for client in self._clients:
            client.stop()
        self._clients.clear()
        self._post("/dev/reset")

    def _post(self, path, body=None, headers=None):
        content = b"" if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, content, {"Content-Type": "application/json", **(headers or {})})
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.read()
        except urllib.error.HTTPError as refused:
            raise RuntimeError(f"{path} was answered {refused.code}: {refused.read().decode()}") from refused


def start(program: str | None = None, flags: list[str] | None = None):
    """Starts a stack on a free port; answers the stack and its process."""
    named = program or os.environ.get("HUBCAST_LOCAL", "hubcast-local")
    path = shutil.which(named)
    if path is None:
        raise FileNotFoundError(f"there is no program {named}: put hubcast-local on the PATH, or set HUBCAST_LOCAL to the path of the program")
    process = subprocess.Popen([path, "--port", "0", *(flags or [])], stdout=subprocess.PIPE, text=True)
    ready = FIRST_LINE.match(process.stdout.readline().strip())
    if ready is None:
        raise RuntimeError(f"the stack did not start; it ended with {process.wait()}")
    # Whatever else the stack writes must not fill the pipe.
    threading.Thread(target=process.stdout.read, daemon=True).start()
    return Stack(ready[1]), process


@pytest.fixture(scope="session")
def hubcast_flags() -> list[str]:
    """Flags of the program, such as ["--client-joinable-groups", "*"]; override this fixture to give some."""
    return []


@pytest.fixture(scope="session")
def hubcast_stack(hubcast_flags):
    """One stack for the whole run; the one at HUBCAST_URL, if the variable is set."""
    url = os.environ.get("HUBCAST_URL")
    if url:
        yield Stack(url)
        return
    stack, process = start(flags=hubcast_flags)
    yield stack
    process.terminate()
    process.wait()


@pytest.fixture
def hubcast(hubcast_stack):
    """The stack, emptied before the test."""
    hubcast_stack.reset()
    return hubcast_stack
