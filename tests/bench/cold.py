#!/usr/bin/env python3
"""Measures cold starts and sizes: from spawn to the first response, beside Node and Python.

    python3 tests/bench/cold.py [FOLDER_OF_BINARIES]

A small server plays Lambda's Runtime API, DynamoDB and the management API, all
over plain HTTP; the rows "over TLS" make the calls of the function over TLS, to
a server of an authority of the bench's own. CPU and the peak of memory are those
of the function's process at the moment of its response; "init" is the part until
the function asks for its first event. For comparison on one machine, and not a
test: the ratios are what counts.
"""

import base64
import hmac
import json
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

ROOT = Path(__file__).resolve().parents[2]
BINARIES = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "target/release"
PEERS = ROOT / "tests/bench/peers"
PYTHON = os.environ.get("PYTHON", sys.executable)
ROUNDS = 11
SOCKETS = 3
QUEUE = "http://127.0.0.1:9/000000000000/hubcast"


class Lambda(BaseHTTPRequestHandler):
    """One event for one process, and the services that it calls."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        self.server.asked()
        if self.server.is_handed_out:
            self.server.ended.wait()
            self.close_connection = True
            return
        self.server.is_handed_out = True
        deadline = str(int(time.time() * 1000) + 30_000)
        self.answer(self.server.event, {
            "Lambda-Runtime-Aws-Request-Id": "r1", "Lambda-Runtime-Deadline-Ms": deadline,
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:f"})

    def do_POST(self):
        self.server.lambda_api.calls += not self.path.startswith("/2018-06-01/")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.endswith("/response"):
            self.server.responded()
        if self.path.endswith("/error"):
            # What the authorizer says to refuse a token is an answer too.
            refuses = b'"Unauthorized"' in body
            self.server.responded() if refuses else self.server.failed(body)
        is_query = self.headers.get("X-Amz-Target", "").endswith(".Query")
        self.answer(ITEMS if is_query else b"{}", {"Content-Type": "application/x-amz-json-1.0"})

    def answer(self, body, headers):
        self.send_response(200)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing."""


def item(number):
    end = int(time.time()) + 3600
    return {"pk": {"S": "USER#notifications#u3"}, "sk": {"S": f"s{number}="},
            "connectionId": {"S": f"s{number}="}, "ttl": {"N": str(end)}, "expiresAt": {"N": str(end * 1000)}}


ITEMS = json.dumps({"Items": [item(n) for n in range(SOCKETS)], "Count": SOCKETS, "ScannedCount": SOCKETS}).encode()


class Services(ThreadingHTTPServer):
    """What the function calls, over TLS."""

    daemon_threads = True

    def __init__(self, lambda_api, authority):
        super().__init__(("127.0.0.1", 0), Lambda)
        self.lambda_api = lambda_api
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority / "server.pem", authority / "server.key")
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, *_):
        """Says nothing: a client that does not know the authority yet breaks off."""


class Start(ThreadingHTTPServer):
    """One cold start."""

    daemon_threads = True

    def __init__(self, event, authority=None):
        super().__init__(("127.0.0.1", 0), Lambda)
        self.event, self.is_handed_out, self.ended = event, False, Event()
        self.outcome, self.responses, self.init = None, Event(), None
        self.authority, self.lambda_api, self.calls = authority, self, 0

    def cpu(self):
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6

    def asked(self):
        """The function has started, and asks for an event."""
        if self.init is None:
            self.init = {"init cpu": self.cpu(), "init wall": (time.perf_counter() - self.began) * 1e3}

    def handle_error(self, *_):
        """Says nothing: processes are ended with their connections open."""

    def responded(self):
        wall = time.perf_counter() - self.began
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        self.outcome = {"cpu": self.cpu(), "wall": wall * 1e3, "peak": int(peak.split()[1]) / 1024, **self.init}
        self.responses.set()

    def failed(self, body):
        self.outcome = body.decode()
        self.responses.set()

    def measure(self, command, variables):
        Thread(target=self.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{self.server_address[1]}"
        services = url
        if self.authority:
            secured = Services(self, self.authority)
            Thread(target=secured.serve_forever, daemon=True).start()
            services = f"https://localhost:{secured.server_address[1]}"
            variables = {**variables, "SSL_CERT_FILE": str(self.authority / "authority.pem")}
        command = [str(part).replace("URL", services) for part in command]
        environment = {name: value.replace("URL", services) for name, value in variables.items()}
        environment["AWS_LAMBDA_RUNTIME_API"] = url.removeprefix("http://")
        self.began = time.perf_counter()
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        is_in_time = self.responses.wait(60)
        self.process.kill()
        self.process.wait()
        self.ended.set()
        self.shutdown()
        self.server_close()
        if self.authority:
            secured.shutdown()
            secured.server_close()
        if not is_in_time or isinstance(self.outcome, str):
            sys.exit(f"{command}: {self.outcome or 'no response'}")
        if self.authority and self.calls == 0:
            sys.exit(f"{command}: made no call over TLS")
        return self.outcome


VARIABLES = {
    "PATH": os.environ["PATH"], "HOME": "/nonexistent", "RUST_LOG": "info",
    "AWS_ACCESS_KEY_ID": "ASIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "t" * 900,
    "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "NODE_NO_WARNINGS": "1", "AWS_ENDPOINT_URL": "URL", "AWS_LAMBDA_FUNCTION_NAME": "f",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_FUNCTION_VERSION": "1",
    "TABLE_NAME": "hubcast", "MANAGEMENT_ENDPOINT": "URL/prod", "NOTIFICATIONS_QUEUE_URL": f"{QUEUE}-notifications.fifo",
    "DELIVERIES_QUEUE_URL": f"{QUEUE}-deliveries.fifo", "DLQ_URL": f"{QUEUE}-dlq.fifo",
    "PUBLIC_URL": "https://live.example.com", "ALLOWED_ORIGINS": "https://app.example.com", "HUBS": "notifications",
    "DEFAULT_HUB": "notifications", "ACCESS_KEYS": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH",
    "TOKEN_ISSUERS": json.dumps([{"issuer": "https://login.example.com", "audience": "hubcast"}]),
}


def recorded(function, name, change=lambda event: None):
    event = json.loads((ROOT / "functions" / function / "events" / f"{name}.json").read_text())
    change(event)
    return json.dumps(event).encode()


def lately(event):
    # Neither young nor near its cut, so that most pings look nothing up.
    event["requestContext"]["connectedAt"] = int(time.time() * 1000) - 600_000


def token(audience):
    """A token of a backend, signed with the access key."""
    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    now = int(time.time())
    parts = [{"typ": "JWT", "alg": "HS256"}, {"aud": audience, "iat": now, "nbf": now, "exp": now + 3600}]
    text = b".".join(part(json.dumps(each).encode()) for each in parts)
    return (text + b"." + part(hmac.digest(VARIABLES["ACCESS_KEYS"].encode(), text, "sha256"))).decode()


def look_at_a_group(event):
    """A REST call that takes a read and a query of the table."""
    path = "/api/hubs/notifications/groups/staff"
    event.update(rawPath=path, body="")
    event["requestContext"]["http"].update(method="HEAD", path=path)
    event["headers"]["authorization"] = f"Bearer {token(VARIABLES['PUBLIC_URL'] + path)}"


OF_UPSTREAM = {"UPSTREAM_URL": "URL/hook", "UPSTREAM_QUEUE_URL": f"{QUEUE}-upstream.fifo"}


def call_of_a_client():
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    event = {"eventId": "e", "category": "messages", "event": "Add", "hub": "notifications", "connectionId": "c",
             "claims": {}, "query": {}, "timestamp": now, "target": "Add", "arguments": [1]}
    attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": str(int(time.time() * 1000)),
                  "MessageGroupId": "notifications:connection:c"}
    record = {"messageId": "m", "receiptHandle": "r", "body": json.dumps(event), "attributes": attributes}
    return json.dumps({"Records": [record]}).encode()


def one_record(event):
    event["Records"] = event["Records"][:1]
    body = {"userId": "u3", "target": "permissionsChanged", "arguments": [{"role": "admin"}]}
    event["Records"][0]["body"] = json.dumps(body)
    event["Records"][0]["attributes"]["SentTimestamp"] = str(int(time.time() * 1000))


def median(command, event, variables, authority=None):
    runs = [Start(event, authority).measure(command, {**VARIABLES, **variables}) for _ in range(ROUNDS)]
    return {what: statistics.median(run[what] for run in runs) for what in runs[0]}


def made(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def authority(folder):
    """An authority and a certificate of localhost, in a folder."""
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    made(folder, "req", "-x509", *curve, "-keyout", "authority.key", "-out", "authority.pem", "-days", "2", "-subj", "/CN=bench")
    made(folder, "req", *curve, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    made(folder, "x509", "-req", "-in", "server.csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial",
         "-days", "2", "-extfile", "names", "-out", "server.pem")
    return folder


def over_tls(title, event, function):
    """One function, whose calls go over TLS: what its start costs, and what its first invocation."""
    print(f"\n{title}, over TLS")
    with tempfile.TemporaryDirectory() as folder:
        each = median([BINARIES / function], event, {}, authority(Path(folder)))
    init, wall = (each["init cpu"], each["init wall"]), (each["cpu"] - each["init cpu"], each["wall"] - each["init wall"])
    print(f"  {function:20} init: CPU {init[0]:6.2f} ms, time {init[1]:6.2f} ms"
          f"  first invocation: CPU {wall[0]:6.2f} ms, time {wall[1]:6.2f} ms")


def compared(title, event, function, kind=None, variables={}):
    print(f"\n{title}")
    commands = {f"{function} (Rust)": [BINARIES / function]}
    if kind:
        commands["Node 20"] = ["node", PEERS / "cold.js", kind, "URL"]
        commands["Python"] = [PYTHON, PEERS / "cold.py", kind, "URL"]
    ours = None
    for name, command in commands.items():
        each = median(command, event, variables)
        ours = ours or each
        beside = "" if each is ours else (
            f"   Rust: CPU 1/{each['cpu'] / ours['cpu']:.0f}, time 1/{each['wall'] / ours['wall']:.0f},"
            f" memory 1/{each['peak'] / ours['peak']:.1f}")
        print(f"  {name:20} CPU {each['cpu']:7.2f} ms  spawn to response {each['wall']:7.2f} ms"
              f"  peak {each['peak']:6.1f} MiB{beside}")


def sizes():
    print("\nSizes, in MB")
    folder = ROOT / "target" / "zips"
    folder.mkdir(exist_ok=True)
    for function in sorted(path.parent.name for path in ROOT.glob("functions/*/Cargo.toml")):
        binary = BINARIES / function
        if not binary.exists():
            continue
        packed = folder / f"{function}.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
            file.write(binary, "bootstrap")
        print(f"  {function:12} binary {binary.stat().st_size / 1e6:5.2f}  zip {packed.stat().st_size / 1e6:5.2f}")


def main():
    sizes()
    compared("One notification to three sockets: a Query and three posts",
             recorded("publisher", "batch", one_record), "publisher", "publisher")
    compared("A ping, which needs nobody", recorded("message", "ping", lately), "message", "ping")
    compared("A call of JoinGroup", recorded("group-join", "join-group", lately), "group-join")
    compared("A connect", recorded("connect", "browser"), "connect")
    compared("A disconnect", recorded("disconnect", "tab-closed"), "disconnect")
    over_tls("A disconnect: one call", recorded("disconnect", "tab-closed"), "disconnect")
    over_tls("One notification to three sockets", recorded("publisher", "batch", one_record), "publisher")
    over_tls("A REST call that looks at a group: two calls", recorded("rest", "send", look_at_a_group), "rest")
    compared("A token that is refused", recorded("authorizer", "query-token"), "authorizer")
    compared("A negotiation that is refused", recorded("negotiate", "client"), "negotiate")
    compared("A REST call that is refused", recorded("rest", "send"), "rest")
    compared("A call of a client, posted to an endpoint", call_of_a_client(), "upstream", variables=OF_UPSTREAM)


main()
