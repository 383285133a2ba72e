// The cost calculator, by figures that were worked out by hand, and the table that it prints.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ACCESS_LINE_BYTES, azure, BYTES_OF_LAMBDA, cost, costOfLines, COUNTED, fixed, fixedTable, INVOCATION, JOURNEY_LINE_BYTES, linesOfLambda, lineTable, METRICS_OF_LINES, PUBLISHER_LINES_BYTES, PUBLISHING, table, total } from "../../infra/cloud/cost/cost.mjs";
import { capacity, concurrency, CONNECTS, page, QUOTAS } from "../../infra/cloud/cost/capacity.mjs";
import { PRICED, PRICES, priceTable, READ } from "../../infra/cloud/cost/prices.mjs";
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
  near(once, 2e-6 + 2e-6 + 18 * 0.625e-6 + (8 + 41) * 0.125e-6 + 6 * (0.2e-6 + 0.25 * 0.005 * 0.0000133334));
});

test("a notification to many is enqueued once", () => {
  const one = { connections: 1000, hours: 1, keepAlive: 15, notifications: 10 };
  const each = 1e-6;
  const enqueued = 3 * 0.5e-6 + 0.125e-6 + 0.2e-6 + 0.5 * 0.02 * 0.0000133334;
  near(cost(one).notifications, 10_000 * (each + enqueued));
  near(cost({ ...one, audience: 1000 }).notifications, 10_000 * each + 10 * enqueued);
});

test("a message of the ingress queue takes three writes and a read more", () => {
  const one = { connections: 1000, hours: 1, keepAlive: 15, notifications: 10, audience: 10 };
  const more = (ingress) => cost({ ...one, ingress }).notifications - cost(one).notifications;
  near(more(1), 1000 * (3 * 0.625e-6 + 0.125e-6));
  near(more(0.5), more(1) / 2);
});

/** What a function of the stack, and an alarm, cost. */
const RUN = 0.2e-6 + 0.25 * 0.005 * 0.0000133334;
const ALARM = 3 * 0.5e-6 + 0.125e-6 + 0.2e-6 + 0.5 * 0.02 * 0.0000133334;

test("a message with stateful reconnect takes three writes, three reads and an acknowledgement more", () => {
  const one = { connections: 100, hours: 1, keepAlive: 15, notifications: 10 };
  near(costOfLines(one).notifications - cost(one).notifications, 1000 * (1e-6 + RUN + 3 * 0.625e-6 + 3 * 0.125e-6));
});

test("a ping with stateful reconnect reads the record of its connection", () => {
  near(costOfLines({ ...always, keepAlive: 15 }).pings - cost({ ...always, keepAlive: 15 }).pings, 172_800 * 0.125e-6);
});

test("a return costs less than a connect, and a day has one connect", () => {
  const connect = (hours) => costOfLines({ ...always, hours, keepAlive: 15 }).connects;
  const plain = cost({ ...always, hours: 1, keepAlive: 15 }).connects;
  near(connect(1), plain + 3 * 0.625e-6 + 7 * 0.125e-6 + ALARM);
  const resume = connect(3) - connect(1);
  near(resume, 2e-6 + 4 * RUN + 5 * 0.625e-6 + 8 * 0.125e-6 + 3 * ALARM);
  assert.ok(resume < 0.7 * plain, `${resume} of ${plain}`);
  near(connect(21), connect(1) + 11 * resume);
  near(connect(22), 2 * connect(1) + 11 * resume);
});

test("what happens to lines has as many metrics as the calculator counts, each reason as one", () => {
  const { Resources } = template("infra/cloud/observability.yaml");
  const ofLines = Object.values(Resources).flatMap(({ Properties: { MetricTransformations = [] } }) => MetricTransformations.filter(({ MetricNamespace }) => MetricNamespace["Fn::Sub"]?.endsWith("/lines")));
  const names = new Set(ofLines.map(({ MetricName }) => MetricName));
  const tale = readFileSync(new URL("../../shared/line/src/tale.rs", import.meta.url), "utf8");
  const admission = readFileSync(new URL("../../shared/line/src/admission.rs", import.meta.url), "utf8");
  const cuts = [...tale.matchAll(/Self::\w+ => "\w+"/g)].length;
  const refusals = [...admission.matchAll(/=> Some\("\w+"\)/g)].length;
  assert.deepEqual([cuts, refusals], [4, 5]);
  assert.equal(METRICS_OF_LINES, names.size - 2 + cuts + refusals);
  near(fixed({ hasLines: true }).metrics - fixed().metrics, METRICS_OF_LINES * 0.3);
});

test("a rare ping is looked at rarely in the first minutes", () => {
  const reads = (keepAlive) => cost({ ...always, hours: 1, keepAlive }).connects;
  near(reads(15) - reads(240), (615 / 15 - 615 / 240) * 0.125e-6);
});

test("what Lambda would log of each ping as text is spared, which is six hundredths of what pings cost", () => {
  assert.equal(BYTES_OF_LAMBDA, 66 + 51 + 140);
  const one = { ...always, keepAlive: 15 };
  near(linesOfLambda(one), (172_800 + 404 * 6) * 257 * 0.5e-9);
  const share = linesOfLambda(one) / cost(one).pings;
  assert.ok(share > 0.05 && share < 0.07, `${share}`);
});

test("the publisher logs of each enqueued message, API Gateway of each request, and functions of each journey", () => {
  const one = { connections: 1000, hours: 1, keepAlive: 15, notifications: 10 };
  const connects = 1000 * (2 * ACCESS_LINE_BYTES + 4 * JOURNEY_LINE_BYTES);
  const published = (journey) => 10_000 * (PUBLISHER_LINES_BYTES + journey);
  near(cost(one).logs, (published(JOURNEY_LINE_BYTES) + connects) * 0.5e-9);
  near(cost({ ...one, sample: 10 }).logs, (published(JOURNEY_LINE_BYTES / 10) + connects) * 0.5e-9);
});

test("the migration guide begins with what a long keep-alive saves", () => {
  const guide = readFileSync(new URL("../../docs/MIGRATION.md", import.meta.url), "utf8");
  const [first] = guide.matchAll(/^## (.+)$/gm);
  assert.equal(first[1], "Keep-alive, and what it costs");
  const one = { connections: 10_000, hours: 720, notifications: 400 };
  const told = { "Azure SignalR Service": azure(one), "hubcast, a ping every 15 s": total(cost({ ...one, keepAlive: 15 })), "hubcast, a ping every 240 s": total(cost({ ...one, keepAlive: 240 })) };
  for (const [what, dollars] of Object.entries(told)) assert.ok(guide.includes(`| ${what} | ${Math.round(dollars).toLocaleString("en-US")} |`), what);
});

test("`hubcast doctor` counts pings at the price of the calculator", () => {
  const source = readFileSync(new URL("../../infra/programs/cli/src/doctor/pings.rs", import.meta.url), "utf8");
  const [, dollars] = /DOLLARS_PER_MILLION: f64 = ([\d.]+);/.exec(source);
  near(Number(dollars), (cost({ ...always, keepAlive: 15 }).pings / 172_800) * 1e6);
});

test("X-Ray costs nothing unless it records, and then by the request", () => {
  const one = { ...always, keepAlive: 15 };
  assert.equal(cost(one).traces, 0);
  near(cost({ ...one, traced: 0.05 }).traces, 0.05 * (172_800 + 404 * 6) * 5e-6);
});

test("the template has X-Ray off, and access logs of the HTTP API on", () => {
  const { Conditions, Globals, Parameters } = template("template.yaml");
  assert.equal(Parameters.AccessLogs.Default, "http");
  assert.equal(Parameters.Tracing.Default, "false");
  assert.deepEqual(Conditions.HasTracing, { "Fn::Equals": [{ Ref: "Tracing" }, "true"] });
  assert.deepEqual(Globals.Function.Tracing, { "Fn::If": ["HasTracing", "Active", "PassThrough"] });
});

/** What infra/cloud/observability.yaml and the functions have of what CloudWatch bills by the month. */
function counted() {
  const { Resources } = template("infra/cloud/observability.yaml");
  const of = (kind) => Object.values(Resources).filter(({ Type }) => Type === `AWS::${kind}`).map(({ Properties }) => Properties);
  const looked = of("CloudWatch::Alarm").flatMap(({ Metrics, ...single }) =>
    Metrics ? Metrics.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Metric] : [])) : [single],
  );
  const [{ DashboardBody }] = of("CloudWatch::Dashboard");
  const shown = JSON.parse(DashboardBody["Fn::Sub"]).widgets.flatMap(({ properties: { metrics = [] } }) => metrics);
  // What is only asked for (HubMetrics) is searched for, and there are metrics of lines only where there are lines.
  const usual = shown.filter(([namespace]) => typeof namespace === "string");
  const named = [...usual, ...looked.map(({ Namespace, MetricName }) => [Namespace["Fn::Sub"] ?? Namespace, MetricName])];
  const metrics = new Set(named.filter(([space]) => space.startsWith("hubcast") && !space.endsWith("/lines")).map(([space, name]) => `${space} ${name}`));
  return { metrics: metrics.size, alarmMetrics: looked.length, composites: of("CloudWatch::CompositeAlarm").length, dashboards: 1 };
}

test("what is paid in a month in which nobody is connected is counted from the templates", () => {
  assert.deepEqual(COUNTED, counted());
  const parts = fixed();
  near(parts.alarms, COUNTED.alarmMetrics * 0.1 + 0.5);
  near(parts.metrics, COUNTED.metrics * 0.3);
  assert.deepEqual([parts.key, parts.canary], [0, 0]);
});

test("a key of one's own costs a dollar, and a request for each function and service every five minutes", () => {
  near(fixed({ hasKey: true }).key, 1 + (30 * 24 * 12 * 30 * 0.03) / 10_000);
});

test("a canary every five minutes costs less than a dollar a month", () => {
  const { canary } = fixed({ canaryMinutes: 5 });
  assert.ok(canary > 0 && canary < 1, `${canary}`);
  near(fixed({ canaryMinutes: 1 }).canary, 5 * canary);
});

test("every price has a page, says who says so, and is dated", () => {
  for (const [name, [, dollars, , where, by, when]] of Object.entries(PRICED)) {
    assert.ok(dollars > 0 && PRICES[name] > 0, name);
    assert.match(where, /^[a-z0-9.]+\/[a-z0-9/-]+$/, name);
    assert.ok(["AWS", "AWS's price list", "others"].includes(by), name);
    // Only a page of AWS is what AWS says.
    assert.ok(by === "others" || where.startsWith("aws.amazon.com/"), name);
    assert.match(when, /^20\d\d(-\d\d(-\d\d)?)?$/, name);
  }
  assert.match(READ, /^20\d\d-\d\d-\d\d$/);
});

test("sockets by quota are those that were worked out by hand", () => {
  assert.equal(capacity({ quota: 10_000, keepAlive: 15 }).sockets, 150_000);
  assert.equal(capacity({ quota: 10_000, keepAlive: 15, posts: 5000 }).sockets, 75_000);
  assert.equal(capacity({ quota: 2_500, keepAlive: 15 }).sockets, 37_500);
  assert.equal(capacity({ quota: 2_500, keepAlive: 15, posts: 5000 }).sockets, 0);
  near(capacity({ quota: 10_000, keepAlive: 15 }).renewals, (150_000 / 6420) * 4);
  near(capacity({ quota: 10_000, keepAlive: 15 }).minutesToReturn, 5);
});

test("short requests need a tenth of their number as concurrency, and long ones their time", () => {
  assert.equal(concurrency(10_000), 1000);
  assert.equal(concurrency(1), 1);
});

test("the capacity page goes by the defaults of the template", () => {
  const { FanoutMaxRate, ConnectMaxRate, PublisherConcurrency, UpstreamConcurrency } = template("template.yaml").Parameters;
  const written = page();
  assert.ok(written.includes(`default \`FanoutMaxRate\` of ${FanoutMaxRate.Default.toLocaleString("en-US")} posts`));
  assert.ok(written.includes(`twice \`PublisherConcurrency\`: ${2 * PublisherConcurrency.Default} by default`));
  assert.ok(written.includes(`\`UpstreamConcurrency\`: ${UpstreamConcurrency.Default} by default`));
  assert.equal(CONNECTS, ConnectMaxRate.Default);
  assert.deepEqual(QUOTAS, { usual: 10_000, newer: 2_500 });
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
  assert.ok(guide.includes(`looked up on ${READ}`));
  for (const printed of [table(), lineTable(), fixedTable(), priceTable()]) {
    assert.ok(guide.includes(`\n${printed}\n`), `copy what \`make cost\` prints:\n${printed}`);
  }
});
