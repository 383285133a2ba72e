#!/usr/bin/env python3
"""Makes a copy of template.yaml that MiniStack can deploy, with the binaries of `cargo build`.

Everything in the copy that differs from template.yaml is done by one of CHANGES,
each of which says why. README.md tells of the gaps in words.
"""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

from samcli.yamlhelper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
FUNCTION = "AWS::Serverless::Function"
PATIENCE_SECONDS = 120


def resources(template, kind):
    return {name: it for name, it in template["Resources"].items() if it["Type"] == kind}


def without_route_responses(template, _options):
    """MiniStack refuses the type, and answers on every route that has a selection expression."""
    gone = set(resources(template, "AWS::ApiGatewayV2::RouteResponse"))
    for name in gone:
        del template["Resources"][name]
    for resource in template["Resources"].values():
        if "DependsOn" in resource:
            resource["DependsOn"] = [name for name in resource["DependsOn"] if name not in gone]


def with_local_endpoints(template, options):
    """AWS's hosts are not here: each function has a port of its own, where its calls are recorded."""
    for resource in resources(template, FUNCTION).values():
        variables = resource["Properties"]["Environment"]["Variables"]
        endpoint = options["endpoints"][binary(resource)]
        variables["AWS_ENDPOINT_URL"] = endpoint
        if "MANAGEMENT_ENDPOINT" in variables:
            stage = {"Fn::Sub": f"{endpoint}/_aws/execute-api/${{WebSocketApi}}/prod"}
            variables["MANAGEMENT_ENDPOINT"] = stage


def with_batch_action(template, _options):
    """IAM knows no sqs:SendMessageBatch: sqs:SendMessage stands for both. MiniStack asks for it."""
    for resource in resources(template, FUNCTION).values():
        for given in resource["Properties"]["Policies"][0]["Statement"]:
            for statement in given.get("Fn::If", [given]):
                if isinstance(statement, dict) and statement.get("Action") == "sqs:SendMessage":
                    statement["Action"] = ["sqs:SendMessage", "sqs:SendMessageBatch"]


def with_patience(template, _options):
    """One process answers the calls of all functions: many handshakes at once take a slow machine long.

    Functions with a time-out of their own keep theirs, which says when they hand messages back.
    """
    template["Globals"]["Function"]["Timeout"] = PATIENCE_SECONDS


def with_a_line_for_each_event(template, _options):
    """MiniStack waits 50 ms for the first line that a function writes about an event, and 5 ms for more."""
    logged = "info,lambda_runtime::runtime=trace"
    template["Globals"]["Function"]["Environment"]["Variables"]["RUST_LOG"] = logged


def with_concurrency(template, _options):
    """MiniStack compares a parameter's text with a number, and then polls no standard queue."""
    for resource in resources(template, "AWS::Lambda::EventSourceMapping").values():
        resource["Properties"]["ScalingConfig"]["MaximumConcurrency"] = 2


def without_protection(template, _options):
    """MiniStack takes the text "false" for yes, and refuses to delete the table."""
    for resource in resources(template, "AWS::DynamoDB::Table").values():
        resource["Properties"]["DeletionProtectionEnabled"] = False


def with_plain_http(template, _options):
    """Nothing here speaks TLS, so neither the public URL nor that of events has https."""
    template["Parameters"]["PublicUrl"]["AllowedPattern"] = "http://127[.]0[.]0[.]1:[0-9]+"
    template["Parameters"]["UpstreamUrl"]["AllowedPattern"] = "http://127[.]0[.]0[.]1:[0-9]+/.+"


def without_a_schedule(template, _options):
    """The canary would connect in the midst of stories that count clients; canary.test.js lets it fly."""
    for rule in resources(template, "AWS::Events::Rule").values():
        rule["Properties"]["State"] = "DISABLED"


def without_tls(template, _options):
    """The queues refuse what does not come by TLS, so nothing would come here."""
    for name, policy in resources(template, "AWS::SQS::QueuePolicy").items():
        document = policy["Properties"]["PolicyDocument"]
        document["Statement"] = [one for one in document["Statement"] if one.get("Sid") != "OnlyOverTls"]
        if not document["Statement"]:
            del template["Resources"][name]


def with_built_binaries(template, options):
    """What `cargo build` made takes the place of what `sam build` would make."""
    del template["Globals"]["Function"]["CodeUri"]
    for resource in resources(template, FUNCTION).values():
        resource["Properties"]["CodeUri"] = zipped(binary(resource), Path(options["folder"]))
        del resource["Metadata"]


CHANGES = [
    without_route_responses,
    with_local_endpoints,
    with_batch_action,
    with_patience,
    with_a_line_for_each_event,
    with_concurrency,
    without_protection,
    with_plain_http,
    without_a_schedule,
    without_tls,
    with_built_binaries,
]


def binary(resource):
    return resource["Metadata"]["BuildProperties"]["Binary"]


def zipped(name, folder):
    """Stripped and not compressed: quicker than anything smaller."""
    bootstrap, package = folder / f"{name}.bootstrap", folder / f"{name}.zip"
    subprocess.run(["strip", "-o", bootstrap, ROOT / "target" / "debug" / name], check=True)
    with zipfile.ZipFile(package, "w") as archive:
        archive.write(bootstrap, "bootstrap")
    bootstrap.unlink()
    return str(package)


def main(options):
    template = yaml_parse((ROOT / "template.yaml").read_text())
    folder = Path(options["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "original.json").write_text(json.dumps(template))
    for change in CHANGES:
        change(template, options)
    (folder / "template.json").write_text(json.dumps(template))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
