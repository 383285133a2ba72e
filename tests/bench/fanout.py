#!/usr/bin/env python3
"""Measures posting and the whole publisher, beside peers and `wrk`, all in one run.

    python3 tests/bench/fanout.py [TARGET_FOLDER]

Build the examples of hubcast-tests first (`make bench` does). `wrk` and
`valgrind` are used when they are there. Figures are CPU (user and system) of
the client's process, for comparison on one machine, and not for a test.
"""

import json
import os
import platform
import re
import resource
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).resolve().parent
PROGRAMS = Path(sys.argv[1] if len(sys.argv) > 1 else BENCH.parents[1] / "target/release") / "examples"
PYTHON = os.environ.get("PYTHON", sys.executable)
ROUNDS = 3


class Stub:
    """The server that everything is posted to, in a process of its own."""

    def __init__(self, delay_millis=0):
        command = [PROGRAMS / "bench-stub", str(delay_millis)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def figures(command):
    """What a program says that it cost."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command} ended with {done.returncode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def cost(command, units, rounds=ROUNDS):
    """CPU in us, and units a second, each by unit: the median of some rounds; the peak in MiB."""
    runs = [figures(command) for _ in range(rounds)]
    cpu = statistics.median(run["cpuMicros"] for run in runs) / units
    wall = statistics.median(run["wallMicros"] for run in runs)
    return {"cpu": cpu, "rate": units / wall * 1e6, "seconds": wall / 1e6,
            "peak": max(run["peakKiB"] for run in runs) / 1024}


def wrk(url, seconds=2):
    """CPU in us for each unsigned post of the same size, by wrk."""
    if not shutil.which("wrk"):
        return None
    script = f'wrk.method = "POST"\nwrk.body = string.rep("x", 200)\nwrk.path = "/prod/@connections/0000001Abcdef%3D"\n'
    path = BENCH.parents[1] / "target" / "wrk.lua"
    path.write_text(script)
    rounds = []
    for _ in range(ROUNDS):
        command = ["wrk", "-t1", "-c32", f"-d{seconds}s", "-s", str(path), url]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        said = process.stdout.read()
        _, _, usage = os.wait4(process.pid, 0)
        requests = int(re.search(r"(\d+) requests in", said)[1])
        cpu = (usage.ru_utime + usage.ru_stime) * 1e6 / requests
        rounds.append({"cpu": cpu, "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])})
    return sorted(rounds, key=lambda each: each["cpu"])[ROUNDS // 2]


def instructions(kind, url):
    """Instructions for each post: those of 1300 posts less those of 300."""
    if not shutil.which("valgrind"):
        return None
    counts = []
    for posts in (300, 1300):
        command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                   PROGRAMS / "bench-post", kind, url, posts, 32]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        # Some versions of valgrind crash when all is said.
        found = re.search(r"Collected : (\d+)", done.stderr)
        if not done.stdout or not found:
            return None
        counts.append(int(found[1]))
    return (counts[1] - counts[0]) / 1000


def cpu_model():
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return f"{found[1] if found else 'unknown CPU'}, {os.cpu_count()} cores"


def ratio(of, to):
    return f"{of / to:.2f}x" if of / to >= 0.1 else f"1/{to / of:.0f}"


def posting(stub):
    """Posting alone; answers CPU by who posts."""
    print(platform.platform(), cpu_model())
    print("\nPosting: 32 in flight, 200 B, 900 B session token")
    costs = {"wrk, unsigned": wrk(stub.url)}
    for name, kind in (("lean", "lean"), ("SDK", "sdk")):
        costs[name] = cost([PROGRAMS / "bench-post", kind, stub.url, 20_000, 32], 20_000)
    costs = {name: each for name, each in costs.items() if each}
    for name, each in costs.items():
        beside = " ".join(f"{ratio(each['cpu'], other['cpu'])} {known}"
                          for known, other in costs.items() if known != name)
        print(f"  {name:14} {each['cpu']:6.1f} us/post {each['rate']:8.0f}/s   {beside}")
    for kind in ("lean", "sdk"):
        count = instructions(kind, stub.url)
        print(f"  {kind}: {count:,.0f} instructions/post" if count else f"  {kind}: no valgrind")
    return {name: each["cpu"] for name, each in costs.items()}


def publishing(stub, limits, sockets, notifications, invocations):
    """The whole publisher and its peers, with so many notifications in each event."""
    deliveries = sockets * notifications
    print(f"\nPublisher: {notifications} notifications to one user with {sockets} sockets; "
          "CPU per delivery")
    ours = PROGRAMS / "bench-publish"
    arguments = [sockets, notifications]
    peers_invocations = max(3, invocations // 20)
    peers = {
        "lean": ([ours, "lean", stub.url, 128, "user", *arguments], invocations),
        "SDK": ([ours, "sdk", stub.url, 128, "user", *arguments], invocations),
        "Node": (["node", BENCH / "peers/publisher.js", stub.url, *arguments], peers_invocations),
        "Python": ([PYTHON, BENCH / "peers/publisher.py", stub.url, *arguments], peers_invocations),
    }
    lean = None
    for name, (command, times) in peers.items():
        rounds = ROUNDS if name in ("lean", "SDK") else 1
        each = cost([*command, times], deliveries * times, rounds)
        lean = lean or each["cpu"]
        beside = f"lean {ratio(lean, each['cpu'])}" if name != "lean" else " ".join(
            f"{ratio(lean, limit)} {known} alone" for known, limit in limits.items())
        print(f"  {name:8} {each['cpu']:8.2f} us {each['rate']:9.0f}/s  peak {each['peak']:4.0f} MiB  {beside}")


def waiting():
    with Stub(15) as stub:
        print("\nA server that answers after 15 ms, one thread")
        # Beyond 512 in flight the official client gets no faster, and connects too slowly.
        for kind, in_flight in (("lean", 1024), ("sdk", 512)):
            each = cost([PROGRAMS / "bench-post", kind, stub.url, 100_000, in_flight], 100_000)
            print(f"  {kind:5} {in_flight:4} in flight: {each['rate']:6.0f} posts/s  {each['cpu']:5.1f} us/post"
                  f"  peak {each['peak']:.0f} MiB")


def broadcasting(stub):
    print("\nBroadcast through the publisher; above 1000 sockets by jobs")
    for sockets in (1_000, 10_000, 100_000):
        command = [PROGRAMS / "bench-publish", "lean", stub.url, 128, "hub", sockets]
        each = cost(command, sockets)
        print(f"  {sockets:7} sockets {each['seconds']:6.2f} s {each['rate']:7.0f} posts/s "
              f"{each['cpu']:5.1f} us/post  peak {each['peak']:.0f} MiB")


def main():
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192), most))
    with Stub() as stub:
        limits = posting(stub)
        limits.pop("SDK", None)
        publishing(stub, limits, 1000, 1, 40)
        publishing(stub, limits, 1000, 10, 20)
        publishing(stub, limits, 5, 1, 2000)
        broadcasting(stub)
    waiting()


main()
