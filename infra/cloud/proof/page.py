"""The report of a proof, in Markdown."""


def milliseconds(spread):
    """The middle and the 99th of a hundred."""
    return f"{spread['p50']:.0f} ms | {spread['p99']:.0f} ms" if "p50" in spread else "- | -"


def refused(load):
    """How many sockets and calls were answered 429."""
    return load["refusals"].get("429", 0) + load["rest"].get("429", 0)


def of_load(load):
    everybody, single = load["everybody"], load["single"]
    opened = f"{load['opened']:,} of {load['sockets']:,}"
    missed = everybody["missed"] + single["missed"]
    return (
        f"| {opened} | {milliseconds(load['connect'] or {})} | {milliseconds(everybody)} | {milliseconds(single)} "
        f"| {refused(load)} | {missed} |"
    )


def of_line(line):
    dollars = "" if line.dollars is None else f"{line.dollars:.6f}"
    return f"| {line.what} | {line.amount:,.3f} | {dollars} |"


def page(stack, region, begin, end, loads, lines, left):
    """The whole page; `left` names what the tear-down left."""
    total = sum(line.dollars or 0 for line in lines)
    head = ["sockets", "connect p50", "p99", "to everybody p50", "p99", "to one user p50", "p99", "answered 429", "missed"]
    parts = [
        f"# Proof of {begin:%Y-%m-%d}",
        f"The deployment `{stack}` in {region}, from {begin:%H:%M} to {end:%H:%M} UTC.",
        "## Load",
        "\n".join([f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *map(of_load, loads)]),
        "## Meters",
        "\n".join(["| meter | amount | dollars |", "|---|---|---|", *map(of_line, lines), f"| all | | {total:.6f} |"]),
        "## Tear-down",
        "\n".join(f"- left: {what}" for what in left) or "Nothing is left.",
    ]
    return "\n\n".join(parts) + "\n"
