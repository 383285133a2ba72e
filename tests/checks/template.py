#!/usr/bin/env python3
"""Checks that template.yaml agrees with the code, where no linter looks and no emulator shows it.

Run by the environment that holds SAM, which reads CloudFormation's YAML.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

from samcli.yamlhelper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text())
RESOURCES = TEMPLATE["Resources"]
# Read, but never set in a deployment: plain keys could be read by whoever may see a function's configuration.
LOCAL_ONLY = {"ACCESS_KEYS"}
# Read by logging, which every function starts: by its library, and by this configuration.
OF_LOGGING = {"RUST_LOG"}
LOG_CONFIG = "LogConfig"
# Read by nobody: it makes each deployment publish versions (infra/cloud/deploy/stamp.py).
OF_DEPLOYING = {"RELEASE"}
# So many times its consumer's timeout a queue hides what it handed out, as AWS advises.
TIMEOUTS = 6
# FIFO queues delay all messages alike, so reminders have a queue of another kind; a lost one is no dead letter.
TIMERS = "TimersQueue"
# SNS and EventBridge send to queues of this kind, whose dead letters need another such queue.
INGRESS = ["IngressMessagesQueue", "IngressDeadLetterQueue"]


def of(kind):
    return {name: it["Properties"] for name, it in RESOURCES.items() if it["Type"] == kind}


def functions():
    for name, resource in RESOURCES.items():
        if resource["Type"] == "AWS::Serverless::Function":
            yield name, resource["Metadata"]["BuildProperties"]["Binary"], resource["Properties"]


def binaries():
    command = ["cargo", "metadata", "--format-version", "1", "--no-deps", "--offline", "--locked"]
    packages = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)["packages"]
    for package in packages:
        if Path(package["manifest_path"]).parent.parent == ROOT / "functions":
            yield from (it["name"] for it in package["targets"] if "bin" in it["kind"])


def wrong_names():
    folders = {path.parent.name for path in ROOT.glob("functions/*/Cargo.toml")}
    built = set(binaries())
    deployed = {binary for _, binary, _ in functions()}
    for one, other, text in [
        (folders, built, "has no binary of its name"),
        (built, folders, "is a binary of another folder's"),
        (folders, deployed, "is not in template.yaml"),
        (deployed, folders, "is in template.yaml, but there is no such function"),
    ]:
        for name in sorted(one - other):
            yield f"{name} {text}"
    for logical, binary, _ in functions():
        expected = "".join(part.capitalize() for part in binary.split("-")) + "Function"
        if logical != expected:
            yield f"{logical} should be {expected}, after its folder"


def variables_read():
    """Function name to the variables that its configuration reads."""
    command = ["cargo", "run", "--quiet", "--package", "hubcast-wiring", "--example", "variables"]
    read = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    for _, binary, _ in functions():
        path = ROOT / "functions" / binary / "src" / "main.rs"
        main = path.read_text() if path.exists() else ""
        configs = [LOG_CONFIG, *re.findall(r"\b(\w+Config)::(?:from_env|read)\b", main)]
        yield binary, OF_LOGGING.union(*(read[config] for config in configs)) - LOCAL_ONLY


def wrong_variables():
    read = dict(variables_read())
    everywhere = set(TEMPLATE["Globals"]["Function"]["Environment"]["Variables"])
    for _, binary, properties in functions():
        given = everywhere | set(properties["Environment"]["Variables"])
        for name in sorted(read[binary] - given):
            yield f"{binary} reads {name}, which template.yaml does not set for it"
        for name in sorted(given - read[binary] - OF_DEPLOYING):
            yield f"template.yaml sets {name} for {binary}, which does not read it"


def wrong_queues():
    queues = of("AWS::SQS::Queue")
    for source in of("AWS::Lambda::EventSourceMapping").values():
        name = source["EventSourceArn"]["Fn::GetAtt"][0]
        consumer = source["FunctionName"]["Ref"].removesuffix(".Alias")
        if queues[name]["VisibilityTimeout"] != TIMEOUTS * RESOURCES[consumer]["Properties"]["Timeout"]:
            yield f"{name} should hide messages for {TIMEOUTS} times the timeout of {consumer}"
        if source["FunctionResponseTypes"] != ["ReportBatchItemFailures"]:
            yield f"what consumes {name} would lose what {consumer} reports as failed"
    if "FifoQueue" in queues[TIMERS]:
        yield f"{TIMERS} could not delay each message by a time of its own"
    for name, queue in queues.items():
        if name == TIMERS:
            continue
        dead_letters = "RedrivePolicy" not in queue
        if dead_letters and queue["MessageRetentionPeriod"] != 14 * 24 * 3600:
            yield f"{name} should keep dead letters as long as PROGRESS rows live: 14 days"
        if name in INGRESS:
            if "FifoQueue" in queue:
                yield f"{name} should be a standard queue"
            continue
        if not queue.get("FifoQueue") or queue["FifoThroughputLimit"] != "perMessageGroupId":
            yield f"{name} should be a FIFO queue of high throughput"


def wrong_dead_letters():
    """SQS refuses a queue whose dead letters are on a queue of another kind."""
    queues = of("AWS::SQS::Queue")
    for name, queue in queues.items():
        if "RedrivePolicy" in queue:
            target = queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
            if queue.get("FifoQueue") != queues[target].get("FifoQueue"):
                yield f"the dead letters of {name} cannot be on {target}, which is of another kind"


def wrong_age():
    """A call that a crash may have interrupted would be made twice."""
    source = (ROOT / "functions" / "upstream" / "src" / "delivery.rs").read_text()
    age = int(re.search(r"AGE_MAX: Duration = Duration::from_secs\((\d+)\)", source).group(1))
    if RESOURCES["UpstreamEventsQueue"]["Properties"]["VisibilityTimeout"] < age + 10:
        yield "UpstreamEventsQueue should hide calls until they are too old to be made"


def routes():
    """Every route with the path of its permission and the function that its integration names."""
    integrations = of("AWS::ApiGatewayV2::Integration")
    for name, route in of("AWS::ApiGatewayV2::Route").items():
        api = route["ApiId"]["Ref"]
        target = re.fullmatch(r"integrations/\$\{(\w+)\}", route["Target"]["Fn::Sub"]).group(1)
        function = integrations[target]["IntegrationUri"]["Fn::Sub"][1]["Function"]["Ref"]
        key = route["RouteKey"]
        path = f"prod/{key}" if api == "WebSocketApi" else "*/" + ("*" + key.partition(" ")[2] if " " in key else key)
        yield name, route, function, f"${{{api}}}/{path}"


def wrong_permissions():
    """MiniStack lets API Gateway invoke whatever it likes."""
    given = {(it["FunctionName"]["Ref"], it["SourceArn"]["Fn::Sub"]) for it in of("AWS::Lambda::Permission").values()}
    for name, _, function, path in routes():
        arn = f"arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:{path}"
        if (function, arn) not in given:
            yield f"API Gateway may not invoke {function} for {name}: no permission for {arn}"


def wrong_replies():
    """MiniStack knows no route responses; without one AWS sends no reply."""
    answered = {it["RouteId"]["Ref"] for it in of("AWS::ApiGatewayV2::RouteResponse").values()}
    for name, route, function, _ in routes():
        replies = function in {"MessageFunction.Alias", "GroupJoinFunction.Alias"}
        if replies and (name not in answered or route.get("RouteResponseSelectionExpression") != "$default"):
            yield f"what {function} answers on {name} would not reach the client"


def wrong_logs():
    for name, stage in of("AWS::ApiGatewayV2::Stage").items():
        for branch in stage["AccessLogSettings"]["Fn::If"][1:]:
            if "query" in branch.get("Format", "").lower():
                yield f"the access log of {name} would hold tokens"
        settings = stage.get("DefaultRouteSettings", {})
        is_of_sockets = stage["ApiId"]["Ref"] == "WebSocketApi"
        if settings.get("DataTraceEnabled") or (is_of_sockets and "ThrottlingRateLimit" in settings):
            yield f"{name} would log tokens or drop clients"
        if not is_of_sockets and "ThrottlingRateLimit" not in settings:
            yield f"a flood on {name} would spend the quota that frames need"


def wrong_cors():
    """MiniStack does not read the CORS configuration of a template."""
    source = (ROOT / "functions" / "negotiate" / "src" / "answer.rs").read_text()
    own = re.search(r'CLIENT_HEADERS: &str =\s*"([^"]+)"', source).group(1)
    cors = RESOURCES["HttpApi"]["Properties"]["CorsConfiguration"]["Fn::If"][1]
    base = cors["AllowHeaders"]["Fn::Split"][1]["Fn::Join"][1][0]
    if set(base.split(",")) != {name.strip() for name in own.lower().split(",")}:
        yield f"the HTTP API allows the headers {base}; negotiate allows {own}"
    if cors["AllowCredentials"] is not True or "*" in str(cors["AllowOrigins"]):
        yield "the HTTP API would refuse credentials"


CHECKS = [wrong_names, wrong_variables, wrong_queues, wrong_dead_letters, wrong_age, wrong_permissions, wrong_replies, wrong_logs, wrong_cors]


def main():
    faults = [fault for check in CHECKS for fault in check()]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
