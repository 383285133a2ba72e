// The constructs, synthesized: what CloudFormation would get.

import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { Hubcast, HubcastFrontDoor, stamped } from "./index.js";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** The templates where `make package` would write them. */
function packaged() {
  const folder = mkdtempSync(join(tmpdir(), "package-"));
  copyFileSync(join(ROOT, "template.yaml"), join(folder, "template.yaml"));
  for (const name of ["front-door.yaml", "observability.yaml"]) copyFileSync(join(ROOT, "infra/cloud", name), join(folder, name));
  return folder;
}

/** Nested stacks by the beginning of their logical ids, and the texts of their templates. */
function synthesized(props, region = "eu-central-1", make = (stack) => new Hubcast(stack, "Push", { folder: packaged(), ...props })) {
  const app = new App();
  const stack = new Stack(app, "Live", { env: { region, account: "123456789012" } });
  make(stack);
  const nested = Template.fromStack(stack).findResources("AWS::CloudFormation::Stack");
  const { directory } = app.synth();
  const texts = readdirSync(directory).filter((name) => name.startsWith("asset.")).map((name) => readFileSync(join(directory, name), "utf8"));
  const one = (word) => Object.entries(nested).find(([id]) => id.includes(word))?.[1].Properties;
  return { service: one("Service"), observability: one("Observability"), frontDoor: one("FrontDoor"), texts };
}

const declared = (path) => [...readFileSync(join(ROOT, path), "utf8").split("\nParameters:")[1].split("\nResources:")[0].matchAll(/^ {2}(\w+):$/gm)].map(([, name]) => name);
const outputs = (path) => [...readFileSync(join(ROOT, path), "utf8").split("\nOutputs:")[1].matchAll(/^ {2}(\w+):$/gm)].map(([, name]) => name);
const releaseOf = (texts) => texts.map((text) => /^\s*RELEASE: (.*)$/m.exec(text)?.[1]).find(Boolean);

test("the service is its template with the parameters", () => {
  const { service, observability, texts } = synthesized({ parameters: { Hubs: "a" } });
  assert.deepEqual(service.Parameters, { Hubs: "a" });
  assert.ok(JSON.stringify(service.TemplateURL).includes("s3.eu-central-1"));
  assert.equal(texts.length, 1);
  assert.equal(observability, undefined);
});

test("a changed parameter changes the release, and nothing else does", () => {
  const release = (parameters) => releaseOf(synthesized({ parameters }).texts);
  assert.equal(release({ Hubs: "a" }), release({ Hubs: "a" }));
  assert.notEqual(release({ Hubs: "a" }), release({ Hubs: "b" }));
  assert.notEqual(release({}), "unstamped");
});

test("a template that has no place for a release is refused", () => {
  assert.throws(() => stamped("Resources: {}\n", {}), /no place/);
});

test("alarms are told of what the service is, by outputs and parameters that there are", () => {
  for (const parameters of [{}, { UpstreamQueue: "true" }, { UpstreamUrl: "https://a.example.com" }, { UpstreamUrl: "none" }]) {
    const { observability } = synthesized({ parameters, observability: { QueueAgeSeconds: "30" } });
    const { Parameters } = observability;
    const known = declared("infra/cloud/observability.yaml");
    assert.deepEqual(Object.keys(Parameters).filter((name) => !known.includes(name)), []);
    const told = [...JSON.stringify(Parameters).matchAll(/Outputs\.(\w+)/g)].map(([, name]) => name);
    assert.deepEqual(told.filter((name) => !outputs("template.yaml").includes(name)), []);
    assert.equal(Parameters.QueueAgeSeconds, "30");
    const upstream = JSON.stringify(parameters).includes("true") || JSON.stringify(parameters).includes("https");
    assert.equal("UpstreamQueue" in Parameters, upstream);
    assert.equal("UpstreamLogs" in Parameters, JSON.stringify(parameters).includes("https"));
    assert.equal("TimersQueue" in Parameters, upstream);
  }
});

test("alarms are told of the queue of what is due later, where clients may come back", () => {
  for (const [StatefulReconnect, isTold] of [["off", false], ["on", true], ["drain", true]]) {
    const { observability } = synthesized({ parameters: { StatefulReconnect }, observability: {} });
    assert.equal("TimersQueue" in observability.Parameters, isTold, StatefulReconnect);
    assert.equal("UpstreamQueue" in observability.Parameters, false);
  }
});

test("the front door is in us-east-1, and nowhere else", () => {
  const props = { folder: packaged(), webSocketDomain: "sockets.example.com", httpDomain: "http.example.com", parameters: { PriceClass: "PriceClass_All" } };
  const make = (stack) => assert.ok(new HubcastFrontDoor(stack, "Door", props).publicUrl);
  const { frontDoor } = synthesized({}, "us-east-1", make);
  const known = declared("infra/cloud/front-door.yaml");
  assert.deepEqual(Object.keys(frontDoor.Parameters).filter((name) => !known.includes(name)), []);
  assert.throws(() => synthesized({}, "eu-central-1", make), /us-east-1/);
});
