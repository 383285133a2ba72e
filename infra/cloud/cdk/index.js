// hubcast as nested stacks of one CDK stack: its packaged templates stay the one description of what there is.
//
// `make package BUCKET=..` puts the functions' code into a bucket and writes the templates; this hands them to
// CloudFormation with your parameters. The front door lives in us-east-1, always, so it is a construct of its own
// for a stack there.

import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CfnStack, Stack, Token } from "aws-cdk-lib";
import { Asset } from "aws-cdk-lib/aws-s3-assets";
import { Construct } from "constructs";

const STAMP = /^(\s*RELEASE:).*$/m;

/**
 * The template with a release stamp that is made of all that may change. SAM publishes a version of a function
 * when a text changes, and does not see that a parameter did.
 */
export function stamped(template, parameters) {
  if (!STAMP.test(template)) throw new Error("the template has no place for the release stamp, so changed parameters would have no effect");
  const release = createHash("sha256").update(JSON.stringify([template, parameters])).digest("hex").slice(0, 32);
  return template.replace(STAMP, `$1 ${release}`);
}

/** A nested stack of a template; `output(name)` is what it tells. */
class Nested extends Construct {
  constructor(scope, id, template, parameters) {
    super(scope, id);
    const path = join(mkdtempSync(join(tmpdir(), "hubcast-")), `${id}.template.yaml`);
    writeFileSync(path, template);
    const asset = new Asset(this, "Template", { path });
    this.stack = new CfnStack(this, "Stack", { templateUrl: asset.httpUrl, parameters });
  }

  output(name) {
    return Token.asString(this.stack.getAtt(`Outputs.${name}`));
  }
}

/** The functions, APIs, table and queues, and alarms if you like. */
export class Hubcast extends Construct {
  constructor(scope, id, { folder, parameters = {}, observability }) {
    super(scope, id);
    this.service = new Nested(this, "Service", stamped(readFileSync(join(folder, "template.yaml"), "utf8"), parameters), parameters);
    if (observability) this.observability = this.#observability(folder, observability, parameters);
  }

  /** What the service tells, such as `NotificationsQueueUrl`, `NotificationsQueueArn`, `HubUrl`. */
  output(name) {
    return this.service.output(name);
  }

  #observability(folder, own, parameters) {
    const plain = ["WebSocketApiId", "WebSocketStage", "HttpApiId", "TableName"];
    const queues = ["NotificationsQueue", "DeliveriesQueue", "DeadLetterQueue"];
    const hasUrl = !["", "none", undefined].includes(parameters.UpstreamUrl);
    const ofUpstream = hasUrl || parameters.UpstreamQueue === "true" ? ["UpstreamQueue", "UpstreamDeadLetterQueue"] : [];
    const hasLines = !["off", undefined].includes(parameters.StatefulReconnect);
    const ofTimers = ofUpstream.length > 0 || hasLines ? ["TimersQueue"] : [];
    const ofIngress = parameters.IngressQueue === "true" ? ["IngressQueue", "IngressDeadLetterQueue"] : [];
    const told = {
      // Functions are named after the stack that has them.
      Deployment: Token.asString(this.service.stack.getAtt("Outputs.Deployment")),
      ...Object.fromEntries(plain.map((name) => [name, this.output(name)])),
      ...Object.fromEntries([...queues, ...ofIngress, ...ofUpstream, ...ofTimers].map((name) => [name, this.output(`${name}Name`)])),
      ...(hasUrl ? { UpstreamLogs: this.output("UpstreamLogs") } : {}),
    };
    const template = readFileSync(join(folder, "observability.yaml"), "utf8");
    return new Nested(this, "Observability", template, { ...told, ...own });
  }
}

/** CloudFront before both APIs, in a stack of us-east-1. Domains are outputs of the service, from a stack of another region. */
export class HubcastFrontDoor extends Construct {
  constructor(scope, id, { folder, webSocketDomain, httpDomain, parameters = {} }) {
    super(scope, id);
    const { region } = Stack.of(this);
    if (!Token.isUnresolved(region) && region !== "us-east-1") throw new Error("the front door can only be in us-east-1");
    const told = { WebSocketDomain: webSocketDomain, HttpDomain: httpDomain };
    this.nested = new Nested(this, "FrontDoor", readFileSync(join(folder, "front-door.yaml"), "utf8"), { ...told, ...parameters });
  }

  /** What clients connect to, and the parameter PublicUrl of the service. */
  get publicUrl() {
    return this.nested.output("PublicUrl");
  }
}
