// The alarms and the dashboard: what they look at exists, and what exists is looked at.
//
// That the publisher emits the metrics of the namespace `hubcast` is held by its own tests, which run the function.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { matches } from "./filter.js";
import { template } from "../harness/template.js";

const { Parameters, Resources } = template("infra/cloud/observability.yaml");
const alarms = Object.entries(Resources).filter(([, { Type }]) => Type === "AWS::CloudWatch::Alarm");
const [[pageName, { Properties: page }]] = Object.entries(Resources).filter(([, { Type }]) => Type === "AWS::CloudWatch::CompositeAlarm");
/** The alarms that the page is made of, in the order of its rule. */
const causes = [...page.AlarmRule["Fn::Sub"].matchAll(/ALARM\("\$\{(\w+)\}"\)/g)].map(([, name]) => name);
const called = (name) => `\${Deployment}-${name.replace(/Alarm$/, "")}`;
const dashboard = JSON.parse(Resources.Dashboard.Properties.DashboardBody["Fn::Sub"]);
const operations = readFileSync(new URL("../../docs/OPERATIONS.md", import.meta.url), "utf8");

/** Where is logged what metric filters count. */
const LOGGING = ["shared/membership/src/presence.rs", "shared/connection/src/frames/hand_up.rs", "functions/upstream/src/delivery.rs", "functions/upstream/src/wrong_address.rs", "functions/authorizer/src/lib.rs", "functions/negotiate/src/lib.rs"];
const errors = LOGGING.map((path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")).join("\n");

/** The metrics that AWS itself publishes, by their dimensions; from each service's page of metrics. */
const PUBLISHED = {
  "AWS/ApiGateway ApiId,Stage": ["ConnectCount", "MessageCount", "ClientError", "ExecutionError", "IntegrationError", "IntegrationLatency"],
  "AWS/ApiGateway ApiId": ["Count", "4xx", "5xx", "Latency", "IntegrationLatency"],
  "AWS/DynamoDB TableName": ["ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "ReadThrottleEvents", "WriteThrottleEvents"],
  "AWS/Lambda FunctionName": ["ConcurrentExecutions", "Duration", "Errors", "Invocations", "Throttles"],
  "AWS/SQS QueueName": ["ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"],
};

/** All that alarms and widgets look at: namespace, name, names of dimensions, parameters that name the thing. */
const looks = [...alarms.flatMap(([, { Properties }]) => ofAlarm(Properties)), ...dashboard.widgets.flatMap(ofWidget)];

function ofAlarm({ Metrics, ...single }) {
  const metrics = Metrics ? Metrics.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Metric] : [])) : [single];
  return metrics.map(({ Namespace, MetricName, Dimensions = [] }) => ({
    namespace: Namespace["Fn::Sub"] ?? Namespace,
    name: MetricName,
    dimensions: Dimensions.map(({ Name }) => Name),
    things: Dimensions.map(({ Value }) => Value["Fn::Sub"] ?? `\${${Value.Ref}}`),
  }));
}

function ofWidget({ properties: { metrics = [] } }) {
  const named = metrics.filter(([namespace]) => typeof namespace === "string");
  return named.map(([namespace, name, ...rest]) => {
    const pairs = rest.filter((each) => typeof each === "string");
    const dimensions = pairs.filter((_, at) => at % 2 === 0);
    const things = pairs.filter((_, at) => at % 2 === 1);
    return { namespace, name, dimensions, things };
  });
}

/** Metrics that are counted from log lines. */
const filters = Object.values(Resources).filter(({ Type }) => Type === "AWS::Logs::MetricFilter");
const isByHub = ({ Condition }) => Condition === "HasHubMetrics";
const OF_LINES = "hubcast/${Deployment}/lines";
const isOfLines = ({ Properties }) => Properties.MetricTransformations[0].MetricNamespace["Fn::Sub"] === OF_LINES;
const counted = filters.filter((one) => !isByHub(one) && !isOfLines(one)).map(({ Properties }) => Properties);
/** Those of connections that outlive their sockets. */
const ofLines = filters.filter(isOfLines).map(({ Properties }) => Properties);
/** Those that are counted for each hub. */
const byHub = filters.filter(isByHub).map(({ Properties }) => Properties);
/** What Lambda itself writes of a function that ends without an answer is no line of ours. */
const OF_LAMBDA = Resources.BrokenAuthorizerFilter.Properties.FilterPattern;
const OF_LOGS = "hubcast/${Deployment}";

test("every metric of log lines is counted, from lines that are logged, of a function that there is", () => {
  const names = looks.filter(({ namespace }) => namespace === OF_LOGS).map(({ name }) => name);
  const metrics = counted.flatMap(({ MetricTransformations }) => MetricTransformations);
  assert.deepEqual(new Set(metrics.map(({ MetricName }) => MetricName)), new Set(names));
  for (const { MetricNamespace } of metrics) assert.equal(MetricNamespace["Fn::Sub"], OF_LOGS);
  for (const { FilterPattern, LogGroupName } of counted.filter(({ FilterPattern }) => FilterPattern !== OF_LAMBDA)) {
    const texts = [...FilterPattern.matchAll(/\$\.fields\.message = "([^"]+)"/g)].map(([, text]) => text);
    assert.ok(texts.length > 0, FilterPattern);
    for (const text of texts) {
      assert.match(errors, new RegExp(`tracing::(error|warn)!\\([^;]*"${text}"`), text);
      assert.ok(operations.includes(text), `OPERATIONS.md does not tell of '${text}'`);
    }
    const group = LogGroupName["Fn::Sub"] ?? "/aws/lambda/${Deployment}-upstream";
    assert.ok(functions.includes(group.replace("/aws/lambda/", "")), group);
  }
});

test("an authorizer that ends without an answer is counted, and a token that it refuses is not", () => {
  const line = (type, record) => JSON.stringify({ time: "2026-11-30T12:00:00.000Z", type: `platform.${type}`, record: { requestId: "1", ...record } });
  const broken = [
    line("report", { status: "timeout", metrics: { durationMs: 10_000 } }),
    line("runtimeDone", { status: "timeout" }),
    line("report", { status: "error", errorType: "Runtime.ExitError" }),
    line("initReport", { status: "error", phase: "init", errorType: "Runtime.ExitError" }),
    line("runtimeDone", { status: "failure", errorType: "Runtime.Unknown" }),
  ];
  const answered = [
    line("report", { status: "success" }),
    // Unauthorized has to be an error, so that API Gateway answers 401.
    line("report", { status: "error", errorType: "&alloc::string::String" }),
    line("runtimeDone", { status: "error" }),
    JSON.stringify({ level: "INFO", fields: { message: "a record of ours", status: "timeout" } }),
    "Task timed out, as text",
  ];
  for (const each of broken) assert.ok(matches(OF_LAMBDA, each), each);
  for (const each of answered) assert.ok(!matches(OF_LAMBDA, each), each);
});

test("every text that is counted is found in a line of ours, and in no other", () => {
  const line = (message) => JSON.stringify({ level: "ERROR", fields: { message } });
  for (const { FilterPattern } of counted.filter(({ FilterPattern }) => FilterPattern !== OF_LAMBDA)) {
    const texts = [...FilterPattern.matchAll(/"([^"]+)"/g)].map(([, text]) => text);
    for (const text of texts) assert.ok(matches(FilterPattern, line(text)), text);
    assert.ok(!matches(FilterPattern, line("a message is retried late")));
  }
});

test("what is counted for each hub is in lines of the journey, and on the dashboard", () => {
  const line = (step, more = {}) => JSON.stringify({ level: "INFO", target: "journey", fields: { step, hub: "n", ...more } });
  const step = ({ FilterPattern }) => /\$\.fields\.step = "(\w+)"/.exec(FilterPattern)[1];
  for (const filter of byHub) {
    assert.ok(matches(filter.FilterPattern, line(step(filter))), filter.FilterPattern);
    assert.ok(!matches(filter.FilterPattern, line("resumed")));
    assert.ok(!matches(filter.FilterPattern, line(step(filter)).replace("journey", "audit")));
    assert.ok(operations.includes(`| \`${step(filter)}\` |`), step(filter));
    const [{ MetricNamespace, Dimensions, DefaultValue, MetricValue }] = filter.MetricTransformations;
    assert.equal(MetricNamespace["Fn::Sub"], `${OF_LOGS}/hubs`);
    assert.deepEqual(Dimensions, [{ Key: "hub", Value: "$.fields.hub" }]);
    // CloudWatch refuses a default value beside dimensions.
    assert.equal(DefaultValue, undefined);
    assert.ok(["1", "$.fields.after_ms"].includes(MetricValue));
    assert.equal(filter.LogGroupName["Fn::Sub"], "/aws/lambda/${Deployment}-publisher");
  }
  const expressions = dashboard.widgets.flatMap(({ properties: { metrics = [] } }) => metrics.flatMap(([{ expression }]) => expression ?? []));
  const searches = expressions.filter((text) => !text.includes(OF_LINES));
  const shown = searches.flatMap((text) => [...text.split("MetricName=")[1].matchAll(/"(\w+)"/g)].map(([, name]) => name));
  assert.deepEqual(shown.sort(), byHub.map(({ MetricTransformations: [{ MetricName }] }) => MetricName).sort());
  for (const text of searches) assert.ok(text.includes(`{"${OF_LOGS}/hubs",hub}`), text);
});

/** The text that a filter of lines looks for. */
const textOf = ({ FilterPattern }) => /\$\.fields\.message = "([^"]+)"/.exec(FilterPattern)[1];
/** The module that writes these lines: one function for each line. */
const tale = readFileSync(new URL("../../shared/line/src/tale.rs", import.meta.url), "utf8");
const TALES = Object.fromEntries([...tale.matchAll(/pub\(crate\) fn (\w+)\([^]*?\n}/g)].map(([body, name]) => [/"([^"]+)"\s*\)?;\n}/.exec(body)[1], { name, body }]));
/** The functions that come to a call of each line, by the crates that they are made of. */
const WRITERS = { back: ["message"], refused: ["connect"], abandoned: ["publisher"], cut: ["disconnect", "group-join", "message", "publisher"], posted: ["group-join", "message", "publisher"] };
const WRITER_OF = { resumed: "back", refused: "refused", abandoned: "abandoned", cut: "cut", taken_over: "posted", waited: "posted", overflowed: "posted" };

test("every line about lines is counted, in each function that writes it, by fields that it has", () => {
  assert.deepEqual(new Set(ofLines.map(textOf)), new Set(Object.keys(TALES)));
  for (const [text, { name, body }] of Object.entries(TALES)) {
    assert.match(body, /tracing::(info|warn)!\(\s*target: TARGET,/, text);
    assert.ok(operations.includes(`\`${text}\``), `OPERATIONS.md does not tell of '${text}'`);
    const filters = ofLines.filter((filter) => textOf(filter) === text);
    for (const metric of new Set(filters.map(({ MetricTransformations: [{ MetricName }] }) => MetricName))) {
      const groups = filters.filter(({ MetricTransformations: [{ MetricName }] }) => MetricName === metric).map(({ LogGroupName }) => LogGroupName["Fn::Sub"]);
      assert.deepEqual(groups.sort(), WRITERS[WRITER_OF[name]].map((each) => `/aws/lambda/\${Deployment}-${each}`), metric);
      assert.ok(operations.includes(`| \`${metric}\` |`), metric);
    }
    for (const { FilterPattern, MetricTransformations: [{ MetricValue, Dimensions = [], DefaultValue }] } of filters) {
      for (const field of [MetricValue, ...Dimensions.map(({ Value }) => Value)].filter((value) => value !== "1")) {
        assert.ok(body.includes(field.replace("$.fields.", "")), field);
      }
      // Without lines there is nothing to pay for.
      assert.equal(DefaultValue, undefined);
      const line = (target) => JSON.stringify({ level: "INFO", target, fields: { message: text, reason: "gone" } });
      assert.ok(matches(FilterPattern, line("line")) && !matches(FilterPattern, line("hubcast_line::tale")), FilterPattern);
    }
  }
});

test("every error about lines has its first action", () => {
  const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
  const sources = readdirSync(new URL("../../shared/line/src", import.meta.url)).map((name) => read(`shared/line/src/${name}`));
  const errors = [...sources, read("shared/connection/src/line.rs"), read("shared/connection/src/line/ends.rs")].flatMap((source) => [...source.matchAll(/tracing::error!\([^"]*"([^"]+)"\)/g)]);
  assert.ok(errors.length >= 3, `${errors.length}`);
  for (const [, text] of errors) assert.ok(operations.includes(`\`${text}\``), text);
});

test("every metric of lines is on the dashboard, and alarms look at nothing else", () => {
  const named = looks.filter(({ namespace }) => namespace === OF_LINES).map(({ name }) => name);
  const searched = dashboard.widgets.flatMap(({ properties: { metrics = [] } }) => metrics.flatMap(([{ expression = "" }]) => (expression.includes(OF_LINES) ? [/MetricName="(\w+)"/.exec(expression)[1]] : [])));
  const metrics = ofLines.map(({ MetricTransformations: [{ MetricName }] }) => MetricName);
  assert.deepEqual(new Set([...named, ...searched]), new Set(metrics));
  const byReason = ofLines.filter(({ MetricTransformations: [{ Dimensions }] }) => Dimensions).map(({ MetricTransformations: [{ MetricName }] }) => MetricName);
  assert.deepEqual(new Set(searched), new Set(byReason));
});

test("a client that may not come back is no fault of the functions of sockets", () => {
  const { Metrics } = Resources.SocketIntegrationErrorsAlarm.Properties;
  const [value, errors, refused] = ["value", "errors", "refused"].map((id) => Metrics.find(({ Id }) => Id === id));
  assert.equal(value.Expression, "FILL(errors, 0) - FILL(refused, 0)");
  assert.equal(errors.MetricStat.Metric.MetricName, "IntegrationError");
  const { MetricName, Namespace, Dimensions } = refused.MetricStat.Metric;
  const counting = ofLines.filter(({ MetricTransformations: [each] }) => each.MetricName === MetricName);
  assert.deepEqual(counting.map(textOf), ["a client may not come back"]);
  // A metric with dimensions is another metric than the same name without.
  assert.deepEqual([Namespace["Fn::Sub"], Dimensions, counting[0].MetricTransformations[0].Dimensions], [OF_LINES, undefined, undefined]);
});

test("what is counted has a value before the first line, so that its alarm has data", () => {
  for (const { MetricTransformations } of counted) for (const each of MetricTransformations) assert.equal(each.DefaultValue, 0);
});

test("lines of Lambda that filters read are JSON, as all functions have them", () => {
  const functions = Object.values(template("template.yaml").Resources).filter(({ Type }) => Type === "AWS::Serverless::Function");
  assert.equal(functions.length, readdirSync(new URL("../../functions", import.meta.url)).length);
  for (const { Properties } of functions) assert.equal(Properties.LoggingConfig.LogFormat, "JSON");
});

test("the functions that tell backends of clients are listened to for the same lines", () => {
  const patterns = counted.map(({ FilterPattern }) => FilterPattern).filter((pattern) => pattern.includes("an upstream event is lost"));
  assert.equal(patterns.length, 4);
  assert.equal(new Set(patterns).size, 1);
});

test("what the dashboard shows of frames is what the function counts", () => {
  const source = readFileSync(new URL("../../functions/message/src/lib.rs", import.meta.url), "utf8");
  const counters = [...source.matchAll(/metrics::counter!\("(\w+)"\)/g)].map(([, name]) => name);
  const shown = looks.filter(({ things }) => things.includes("${Deployment}-message")).filter(({ namespace }) => namespace === "hubcast");
  assert.deepEqual(shown.map(({ name }) => name).sort(), counters.sort());
});

test("every metric of AWS is one that it publishes, under these dimensions", () => {
  for (const { namespace, name, dimensions } of looks.filter(({ namespace }) => !namespace.startsWith("hubcast"))) {
    assert.ok(PUBLISHED[`${namespace} ${dimensions}`]?.includes(name), `${namespace} ${name} by ${dimensions}`);
  }
});

const functions = readdirSync(new URL("../../functions", import.meta.url)).map((name) => `\${Deployment}-${name}`);

test("what is looked at is a parameter, or a function that there is", () => {
  const named = { ApiId: /Api/, Stage: /Stage/, TableName: /TableName/, QueueName: /Queue/ };
  for (const { dimensions, things } of looks) {
    dimensions.forEach((dimension, at) => {
      if (/function/i.test(dimension)) return assert.ok(functions.includes(things[at]), things[at]);
      assert.match(things[at], named[dimension]);
      assert.ok(things[at].slice(2, -1) in Parameters, things[at]);
    });
  }
});

test("every function, queue, API and table is looked at", () => {
  const named = Object.keys(Parameters).filter((name) => /(Queue|ApiId|Stage|TableName)$/.test(name));
  const seen = new Set(looks.flatMap(({ things }) => things));
  const all = [...functions, ...named.map((name) => `\${${name}}`)];
  assert.deepEqual(all.filter((thing) => !seen.has(thing)), []);
});

test("the dashboard shows the state of every alarm", () => {
  const [{ properties }] = dashboard.widgets.filter(({ type }) => type === "alarm");
  assert.deepEqual(properties.alarms, [pageName, ...alarms.map(([name]) => name)].map((name) => `\${${name}.Arn}`));
});

test("no widget lies on another", () => {
  const cells = dashboard.widgets.flatMap(({ x, y, width, height }) =>
    Array.from({ length: width * height }, (_, at) => `${x + (at % width)},${y + Math.floor(at / width)}`),
  );
  assert.equal(new Set(cells).size, cells.length);
});

test("a metric that has no value counts as zero in what alarms compute", () => {
  for (const [name, { Properties: { Metrics = [] } }] of alarms) {
    const expressions = Metrics.filter(({ Expression }) => Expression).map(({ Expression }) => Expression["Fn::Sub"] ?? Expression);
    const ids = Metrics.filter(({ MetricStat }) => MetricStat).map(({ Id }) => Id);
    for (const expression of expressions) {
      const bare = expression.replaceAll(/FILL\(\w+, 0\)|\$\{\w+\}/g, "");
      assert.deepEqual(ids.filter((id) => new RegExp(`\\b${id}\\b`).test(bare)), [], name);
    }
  }
});

test("every alarm is named after its place, and quiet is no alarm", () => {
  for (const [name, { Properties }] of alarms) {
    assert.deepEqual(Properties.AlarmName["Fn::Sub"], called(name));
    // Between two flights of the canary nothing is known.
    assert.equal(Properties.TreatMissingData, name === "CanaryAlarm" ? "ignore" : "notBreaching", name);
  }
  assert.deepEqual(page.AlarmName["Fn::Sub"], called(pageName));
});

test("nobody is woken but by one alarm, and every other one is a ticket or a cause of it", () => {
  const ticket = { "Fn::If": ["HasTopic", [{ Ref: "AlarmTopicArn" }], { Ref: "AWS::NoValue" }] };
  const woken = { "Fn::If": ["HasPageTopic", [{ Ref: "PageTopicArn" }], ticket] };
  for (const [name, { Properties }] of alarms) {
    const expected = causes.includes(name) ? undefined : ticket;
    for (const actions of [Properties.AlarmActions, Properties.OKActions]) assert.deepEqual(actions, expected, name);
  }
  for (const actions of [page.AlarmActions, page.OKActions]) assert.deepEqual(actions, woken);
  assert.deepEqual(causes, ["ConnectOutageAlarm", "FrameOutageAlarm", "DeliveryOutageAlarm", "CanaryAlarm"]);
});

/** What CloudWatch computes, for metrics of one minute: enough of its language for the causes of the page. */
function computed(name, metrics) {
  const { Metrics } = Resources[name].Properties;
  const ids = Metrics.filter(({ MetricStat }) => MetricStat).map(({ Id }) => Id);
  assert.deepEqual(Object.keys(metrics).filter((id) => !ids.includes(id)), []);
  const value = (id) => {
    const { Expression } = Metrics.find(({ Id }) => Id === id);
    const text = (Expression["Fn::Sub"] ?? Expression)
      .replaceAll(/FILL\((\w+), 0\)/g, (_, metric) => metrics[metric] ?? 0)
      .replaceAll("${QueueAgeSeconds}", Parameters.QueueAgeSeconds.Default)
      .replaceAll(/\b(bad|good)\b/g, (other) => `(${value(other)})`)
      .replaceAll(" AND ", " && ");
    return new Function("IF", `return ${text}`)((when, then, otherwise) => (when ? then : otherwise));
  };
  const { Threshold, ComparisonOperator } = Resources[name].Properties;
  return ComparisonOperator === "GreaterThanThreshold" ? value("value") > Threshold : value("value") >= Threshold;
}

test("a few failures among many wake nobody, and failures of most do", () => {
  const cases = [
    ["ConnectOutageAlarm", { invocations: 1000, errors: 20, http: 100 }, false],
    ["ConnectOutageAlarm", { http: 30 }, true],
    ["ConnectOutageAlarm", { unchecked: 40, invocations: 10 }, true],
    ["ConnectOutageAlarm", { authorizer_throttles: 300, invocations: 200 }, true],
    ["ConnectOutageAlarm", { http: 4 }, false],
    ["ConnectOutageAlarm", {}, false],
    ["FrameOutageAlarm", { invocations: 5000, errors: 100, throttles: 200 }, false],
    ["FrameOutageAlarm", { invocations: 100, throttles: 200 }, true],
    ["FrameOutageAlarm", { invocations: 100, errors: 90 }, true],
    ["FrameOutageAlarm", {}, false],
    ["DeliveryOutageAlarm", { age: 3000, posts: 1 }, false],
    ["DeliveryOutageAlarm", { age: 3000, stalled: 1 }, false],
    ["DeliveryOutageAlarm", { age: 3000, gone: 1 }, false],
    ["DeliveryOutageAlarm", { age: 59 }, false],
    ["DeliveryOutageAlarm", { age: 60 }, true],
    ["DeliveryOutageAlarm", {}, false],
  ];
  for (const [name, metrics, wakes] of cases) assert.equal(computed(name, metrics), wakes, `${name} ${JSON.stringify(metrics)}`);
});

test("the operations guide tells of every alarm, and of no other", () => {
  const told = [...operations.split("## Alarms")[1].split("\n## ")[0].matchAll(/^\| `(\w+)` \| /gm)].map(([, name]) => name);
  assert.deepEqual(told.sort(), [pageName, ...alarms.map(([name]) => name)].map((name) => name.replace(/Alarm$/, "")).sort());
});
