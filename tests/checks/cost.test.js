// The cost calculator, by figures that were worked out by hand, and the table that it prints.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { azure, BYTES_OF_LAMBDA, cost, INVOCATION, linesOfLambda, PUBLISHING, table, total } from "../../infra/cloud/cost/cost.mjs";
import { template } from "../harness/template.js";

const near = (found, expected) => assert.ok(Math.abs(found - expected) < 0.005 * expected, `${found} is not ${expected}`);
const always = { connections: 1, hours: 720, notifications: 0 };

test("a default keep-alive all month is 172,800 pings and as many answers", () => {
  const messages = 2 * 172_800 * 1e-6;
  const invocations = 172_800 * (0.2e-6 + 0.25 * 0.005 * 0.0000133334);
  near(cost({ ...always, keepAlive: 15 }).pings, messages + invocations + (172_800 / 32) * 0.125e-6);
});

test("pings cost in proportion to how often they come", () => {
  near(cost({ ...always, keepAlive: 15 }).pings, 16 * cost({ ...always, keepAlive: 240 }).pings);
});

test("an open connection costs by the minute", () => {
  near(cost({ ...always, keepAlive: 15 }).minutes, 720 * 60 * 0.25e-6);
});

test("a connection is opened anew before two hours are over", () => {
  const once = cost({ ...always, hours: 1, keepAlive: 15 }).connects;
  near(cost({ ...always, hours: 3, keepAlive: 15 }).connects, 2 * once);
  near(once, 2e-6 + 2e-6 + 18 * 0.625e-6 + 8 * 0.125e-6 + 6 * (0.2e-6 + 0.25 * 0.005 * 0.0000133334));
});

test("a notification to many is enqueued once", () => {
  const one = { connections: 1000, hours: 1, keepAlive: 15, notifications: 10 };
  const each = 1e-6;
  const enqueued = 3 * 0.5e-6 + 0.125e-6 + 0.2e-6 + 0.5 * 0.02 * 0.0000133334;
  near(cost(one).notifications, 10_000 * (each + enqueued));
  near(cost({ ...one, audience: 1000 }).notifications, 10_000 * each + 10 * enqueued);
});

test("what Lambda would log of each ping as text is spared, which is six hundredths of what pings cost", () => {
  assert.equal(BYTES_OF_LAMBDA, 66 + 51 + 140);
  const one = { ...always, keepAlive: 15 };
  near(linesOfLambda(one), (172_800 + 404 * 6) * 257 * 0.5e-9);
  const share = linesOfLambda(one) / cost(one).pings;
  assert.ok(share > 0.05 && share < 0.07, `${share}`);
});

test("the publisher's metrics are logged once for each enqueued message", () => {
  near(cost({ connections: 1000, hours: 1, keepAlive: 15, notifications: 10 }).logs, 10_000 * 1200 * 0.5e-9);
});

test("no function of the template logs what is spared", () => {
  const functions = Object.values(template("template.yaml").Resources).filter(({ Type }) => Type === "AWS::Serverless::Function");
  for (const { Properties } of functions) assert.equal(Properties.LoggingConfig.SystemLogLevel, "WARN");
});

test("functions have the memory that the template gives them", () => {
  const { FunctionMemory, PublisherMemory } = template("template.yaml").Parameters;
  assert.equal(INVOCATION.gigabytes, FunctionMemory.Default / 1024);
  assert.equal(PUBLISHING.gigabytes, PublisherMemory.Default / 1024);
});

test("the total is all parts", () => {
  assert.equal(total({ a: 1, b: 2, c: 3.5 }), 6.5);
});

test("Azure counts units: up to ten, then tens", () => {
  for (const [connections, units] of [[1, 1], [1000, 1], [1001, 2], [10_000, 10], [10_001, 20], [100_000, 100]]) {
    near(azure({ connections, notifications: 0 }), units * 49.1);
  }
});

test("Azure charges messages beyond a million for each unit and day", () => {
  near(azure({ connections: 1000, notifications: 30_000 }), 49.1);
  near(azure({ connections: 1000, notifications: 31_000 }), 50.1);
});

test("the operations guide has the table as it is printed", () => {
  const guide = readFileSync(new URL("../../docs/OPERATIONS.md", import.meta.url), "utf8");
  assert.ok(guide.includes(`\n${table()}\n`), "copy what `make cost` prints");
});
