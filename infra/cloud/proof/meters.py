"""The meters of the bill: what CloudWatch counted of a deployment, and what that costs.

A meter is a sum of one metric. The price is the one of infra/cloud/cost/prices.mjs.
"""

import json
import subprocess
from dataclasses import dataclass
from datetime import timedelta

from stacks import ROOT

PRICES = ROOT / "infra" / "cloud" / "cost" / "prices.mjs"
FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("functions/*/Cargo.toml"))
# CloudWatch keeps sums of a minute.
PERIOD = timedelta(minutes=1)
QUEUES = ("NotificationsQueueName", "DeliveriesQueueName", "DeadLetterQueueName")
# What SQS counts as requests, as far as its metrics tell.
REQUESTS = ("NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfMessagesDeleted", "NumberOfEmptyReceives")


@dataclass(frozen=True)
class Meter:
    """One sum; `price` is the name of a price, and `factor` what makes the sum's unit the price's."""

    what: str
    namespace: str
    metric: str
    dimensions: tuple
    price: str | None = None
    factor: float = 1.0


def prices():
    """US dollars for one of each."""
    program = f"import {{ PRICES }} from '{PRICES.as_uri()}'; console.log(JSON.stringify(PRICES));"
    answer = subprocess.run(["node", "--input-type=module", "-e", program], check=True, capture_output=True, text=True)
    return json.loads(answer.stdout)


def meters(stack, outputs, gigabytes):
    """All meters of a deployment; `gigabytes` is the memory of each function by its name."""
    sockets, http = (("ApiId", outputs["WebSocketApiId"]),), (("ApiId", outputs["HttpApiId"]),)
    table = (("TableName", outputs["TableName"]),)
    yield Meter("WebSocket messages", "AWS/ApiGateway", "MessageCount", sockets, "message")
    yield Meter("WebSocket client errors", "AWS/ApiGateway", "ClientError", sockets)
    yield Meter("requests to the HTTP API", "AWS/ApiGateway", "Count", http, "httpRequest")
    yield Meter("write units", "AWS/DynamoDB", "ConsumedWriteCapacityUnits", table, "write")
    yield Meter("read units", "AWS/DynamoDB", "ConsumedReadCapacityUnits", table, "read")
    for queue in QUEUES:
        for request in REQUESTS:
            yield Meter("requests to queues", "AWS/SQS", request, (("QueueName", outputs[queue]),), "queueRequest")
    for name in FUNCTIONS:
        function = (("FunctionName", f"{stack}-{name}"),)
        yield Meter("invocations", "AWS/Lambda", "Invocations", function, "invocation")
        yield Meter("GB-seconds", "AWS/Lambda", "Duration", function, "gigabyteSecond", gigabytes[name] / 1000)
        yield Meter("throttled invocations", "AWS/Lambda", "Throttles", function)
        group = (("LogGroupName", f"/aws/lambda/{stack}-{name}"),)
        yield Meter("GB of logs", "AWS/Logs", "IncomingBytes", group, "logGigabyte", 1e-9)


def total(cloudwatch, meter, begin, end):
    """The sum of a meter between two times, in the unit of the price."""
    answer = cloudwatch.get_metric_statistics(
        Namespace=meter.namespace,
        MetricName=meter.metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in meter.dimensions],
        StartTime=begin,
        EndTime=end,
        Period=int(PERIOD.total_seconds()),
        Statistics=["Sum"],
    )
    return meter.factor * sum(point["Sum"] for point in answer["Datapoints"])


@dataclass(frozen=True)
class Line:
    """One line of the bill; no dollars for what costs nothing."""

    what: str
    amount: float
    dollars: float | None


def bill(found, known, socket_minutes):
    """The lines of the bill; `found` are pairs of a meter and its total, and `known` the prices."""
    lines = {}
    for meter, amount in found:
        dollars = amount * known[meter.price] if meter.price else None
        before = lines.get(meter.what, Line(meter.what, 0.0, None if dollars is None else 0.0))
        more = None if dollars is None else before.dollars + dollars
        lines[meter.what] = Line(meter.what, before.amount + amount, more)
    # CloudWatch has no metric of connection minutes: the load knows how long its sockets were open.
    minutes = Line("connection minutes", socket_minutes, socket_minutes * known["connectionMinute"])
    return [*lines.values(), minutes]
