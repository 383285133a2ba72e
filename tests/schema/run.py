"""Has schemathesis call a local stack by what the OpenAPI document says.

Starts a stack on a free port, fetches an app's token from its issuer, and ends
with schemathesis's own exit code. EXAMPLES says how many examples there are in
all, spread evenly over the operations.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STACK = os.environ.get("HUBCAST_LOCAL", ROOT / "target/debug/hubcast-local")
EXAMPLES = int(os.environ.get("EXAMPLES", "5000"))


def started():
    flags = ["--port", "0", "--set", "INVOKE_TIMEOUT_SECONDS=1"]
    stack = subprocess.Popen([STACK, *flags], stdout=subprocess.PIPE, text=True)
    line = stack.stdout.readline()
    found = re.fullmatch(r"hubcast ready on (http:\S+)\n", line)
    if found is None:
        sys.exit(f"the stack did not start: {line}")
    return stack, found[1]


def token(url):
    request = {"sub": "app", "audience": "hubcast-rest", "ttlSeconds": 86400, "claims": {"roles": ["hubcast.rest"], "idtyp": "app"}}
    post = urllib.request.Request(f"{url}/dev/token", json.dumps(request).encode(), method="POST")
    with urllib.request.urlopen(post) as answer:
        return json.load(answer)["access_token"]


def operations(url):
    with urllib.request.urlopen(f"{url}/api/openapi.json") as answer:
        return sum(len(path) for path in json.load(answer)["paths"].values())


def main():
    stack, url = started()
    try:
        each = -(-EXAMPLES // operations(url))
        command = [
            Path(sys.executable).with_name("st"), "run", f"{url}/api/openapi.json",
            "--header", f"Authorization: Bearer {token(url)}", "--max-examples", str(each),
            "--phases", "examples,coverage,fuzzing", "--generation-database", "none",
            "--continue-on-failure", "--no-color", *sys.argv[1:],
        ]
        environment = {**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(ROOT / "tests/schema")}
        with tempfile.TemporaryDirectory() as folder:
            return subprocess.run(command, cwd=folder, env=environment).returncode
    finally:
        stack.terminate()
        stack.wait()


if __name__ == "__main__":
    sys.exit(main())
