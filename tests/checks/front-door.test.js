// The front door: which origin a request reaches, and as what.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { inlined } from "../../infra/cloud/front-door/inline.mjs";
import { template } from "../harness/template.js";

const { Resources } = template("infra/cloud/front-door.yaml");
const config = Resources.Distribution.Properties.DistributionConfig;
const behaviours = [...config.CacheBehaviors, { PathPattern: "*", ...config.DefaultCacheBehavior }];

/** The function as CloudFront has it once CloudFormation put the stage's name in. */
const code = Resources.ViewerRequestFunction.Properties.FunctionCode["Fn::Sub"].replaceAll("${WebSocketStage}", "prod");

/** What an origin is asked after CloudFront picked a behaviour and ran the function on a request. */
function through(target, headers = {}) {
  const [uri, query = ""] = target.split("?");
  const behaviour = behaviours.find(({ PathPattern }) => matches(PathPattern, uri));
  const event = {
    version: "1.0",
    context: { distributionDomainName: "d111.cloudfront.net", distributionId: "EDFDVBD6EXAMPLE", eventType: "viewer-request", requestId: "EXAMPLE" },
    viewer: { ip: "1.2.3.4" },
    request: { method: "GET", uri, querystring: parsed(query), headers: valued(headers), cookies: {} },
  };
  const logged = [];
  const console = { log: (line) => logged.push(line) };
  const answer = runInNewContext(`${code}; handler(event)`, { event, console });
  if (answer.statusCode) return { status: answer.statusCode, text: answer.body.data, logged };
  return { origin: behaviour.TargetOriginId, uri: answer.uri, query: written(answer.querystring), headers: plain(answer.headers) };
}

/** `*` stands for any characters and `?` for one, slashes included. */
function matches(pattern, uri) {
  const escaped = pattern.split("*").map((part) => part.replace(/[.+^$()[\]{}|\\]/g, "\\$&").replaceAll("?", "."));
  return new RegExp(`^${escaped.join(".*")}$`).test(uri);
}

/** Names and values stay encoded as they are; a repeated name has its last value and all of them. */
function parsed(query) {
  const entries = {};
  for (const pair of query.split("&").filter(Boolean)) {
    const [name, value = ""] = pair.split(/=(.*)/s);
    const earlier = entries[name] ? (entries[name].multiValue ?? [{ value: entries[name].value }]) : [];
    entries[name] = { value, ...(earlier.length > 0 && { multiValue: [...earlier, { value }] }) };
  }
  return entries;
}

const written = (entries) =>
  Object.entries(entries)
    .flatMap(([name, { value, multiValue }]) => (multiValue ?? [{ value }]).map((each) => `${name}=${each.value}`))
    .join("&");
const valued = (headers) => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, { value }]));
const plain = (headers) => Object.fromEntries(Object.entries(headers).map(([name, { value }]) => [name, value]));

test("negotiation and refresh go to the HTTP API as it is", () => {
  for (const target of [
    "/client/negotiate?hub=chat&negotiateVersion=1",
    "/hubs/chat/negotiate?negotiateVersion=1",
    "/client/refresh?hub=chat",
    "/hubs/chat/refresh?tenant=a",
    "/hubs/refresh/refresh?",
  ]) {
    const asked = through(target);
    assert.equal(asked.origin, "http");
    assert.equal(`${asked.uri}?${asked.query}`, target);
  }
});

test("names have one spelling, as on ASP.NET Core", () => {
  for (const [target, origin, asked] of [
    ["/Client/Negotiate?Hub=chat&NegotiateVersion=1", "http", "/client/negotiate?hub=chat&negotiateVersion=1"],
    ["/HUBS/Chat/negotiate?NEGOTIATEVERSION=1", "http", "/hubs/Chat/negotiate?negotiateVersion=1"],
    ["/hUbS/x/NEGOTIATE", "http", "/hubs/x/negotiate?"],
    ["/Hubs/x/REFRESH", "http", "/hubs/x/refresh?"],
    ["/CLIENT/Refresh?Hub=x", "http", "/client/refresh?hub=x"],
    ["/hubs/refresh", "websocket", "/prod?hub=refresh"],
    ["//hubs/x/negotiate", "http", "/hubs/x/negotiate?"],
    ["/Hubs/chat?Access_Token=T&Tenant=A", "websocket", "/prod?Tenant=A&access_token=T&hub=chat"],
    ["/HUBS/chat/", "websocket", "/prod?hub=chat"],
    ["/CLIENT/?Hub=chat&ID=a", "websocket", "/prod?hub=chat&id=a"],
    ["/API/V1/hubs/x?Excluded=1", "http", "/api/V1/hubs/x?Excluded=1"],
    ["//api/hubs/x/:send?api-version=1", "http", "/api/hubs/x/:send?api-version=1"],
  ]) {
    const found = through(target);
    assert.deepEqual([found.origin, `${found.uri}?${found.query}`], [origin, asked], target);
  }
});

test("a name that stands twice in different case stays there twice", () => {
  assert.equal(through("/client/?hub=chat&Hub=news").query, "hub=chat&hub=news");
  assert.equal(through("/Client/?HUB=chat&Hub=news&Hub=mail").query, "hub=chat&hub=news&hub=mail");
});

test("a socket in a spelling that no behaviour has gets a text, and no other origin", () => {
  for (const path of ["/hUbS/chat", "//hubs/chat"]) {
    const { status, text } = through(path, { host: "push.example.com" });
    assert.equal(status, 404);
    assert.match(text, /such as https:\/\/push\.example\.com\/hubs\/chat\.$/);
  }
});

test("a client whose URL lacks /hubs is told by the function that speaks to pages, or here", () => {
  for (const path of ["/notifications/negotiate", "/chat/negotiate", "/server1/negotiate", "//chat/Negotiate"]) {
    const asked = through(path);
    assert.deepEqual([asked.origin, asked.uri], ["http", path]);
  }
  const { status, text } = through("/notifications?id=x", { host: "push.example.com" });
  assert.equal(status, 404);
  assert.match(text, /https:\/\/push\.example\.com\/hubs\/notifications\.$/);
});

test("a server of Azure's default or persistent mode gets 501 with a text, and is counted", () => {
  const filter = Resources.ServerTriesFilter.Properties;
  for (const path of ["/server/?hub=chat&cid=1", "/server", "/Server/", "/server/negotiate"]) {
    const { status, text, logged } = through(path);
    assert.equal(status, 501, path);
    assert.match(text, /ServiceTransportType\.Transient/);
    assert.deepEqual(logged.map((line) => `"${line}"`), [filter.FilterPattern]);
  }
});

test("a client's socket goes to the stage with its whole query", () => {
  for (const path of ["/client", "/client/"]) {
    const asked = through(`${path}?hub=chat&id=a%2Fb%3D&access_token=x.y.z`);
    assert.equal(asked.origin, "websocket");
    assert.equal(asked.uri, "/prod");
    assert.equal(asked.query, "hub=chat&id=a%2Fb%3D&access_token=x.y.z");
  }
});

test("a hub's socket names its hub in the query", () => {
  for (const path of ["/hubs/chat", "/hubs/chat/"]) {
    const asked = through(`${path}?access_token=x.y.z`);
    assert.deepEqual([asked.origin, asked.uri, asked.query], ["websocket", "/prod", "access_token=x.y.z&hub=chat"]);
  }
});

test("a hub may be called negotiate", () => {
  const asked = through("/hubs/negotiate");
  assert.deepEqual([asked.origin, asked.uri, asked.query], ["websocket", "/prod", "hub=negotiate"]);
});

test("a hub's name means in the query what it meant in the path", () => {
  for (const [segment, name] of [["a%26b", "a&b"], ["a&b=c", "a&b=c"], ["a+b", "a+b"], ["%C3%A4", "ä"]]) {
    assert.deepEqual(new URLSearchParams(through(`/hubs/${segment}`).query).getAll("hub"), [name]);
  }
});

test("a hub in the query beside the one in the path is not hidden", () => {
  assert.equal(through("/hubs/chat?hub=news").query, "hub=chat&hub=news");
  assert.equal(through("/hubs/chat?hub=news&hub=mail").query, "hub=chat&hub=news&hub=mail");
});

test("repeated parameters of a socket stay repeated", () => {
  assert.equal(through("/client/?hub=chat&hub=news").query, "hub=chat&hub=news");
});

test("below a socket's path there is nothing", () => {
  for (const path of ["/client/more", "/hubs/", "/hubs", "/hubs/chat/more", "/client/negotiate/more"]) {
    assert.equal(through(path).status, 404, path);
  }
});

test("a path that is no surface of hubcast's costs no origin", () => {
  for (const path of ["/", "/clients", "/favicon.ico", "/api", "/.env", "/<script>"]) {
    const { status, text } = through(path);
    assert.equal(status, 404, path);
    assert.doesNotMatch(text, /<|\.env/);
  }
});

test("the REST API hears the path as it was sent", () => {
  const path = "/api/hubs/chat/users/a%2Fb%3Fc/groups/x%20y";
  const asked = through(`${path}?api-version=2024-12-01`);
  assert.deepEqual([asked.origin, asked.uri, asked.query], ["http", path, "api-version=2024-12-01"]);
  assert.equal(asked.headers["x-hubcast-raw-path"], path);
});

test("nobody can claim another path than was asked", () => {
  const claim = { "x-hubcast-raw-path": "/api/hubs/other", authorization: "Bearer x" };
  assert.equal(through("/api/hubs/chat", claim).headers["x-hubcast-raw-path"], "/api/hubs/chat");
  for (const path of ["/client/negotiate", "/hubs/chat", "/client", "/chat/negotiate"]) {
    assert.deepEqual(through(path, claim).headers, { authorization: "Bearer x" }, path);
  }
});

test("every behaviour runs the function, caches nothing and forwards everything but the host", () => {
  for (const behaviour of behaviours) {
    assert.equal(behaviour.CachePolicyId, "4135ea2d-6df8-44a3-9df3-4b5a84be39ad");
    assert.equal(behaviour.OriginRequestPolicyId, "b689b0a8-53d0-40ab-baf2-68738e2966ac");
    assert.equal(behaviour.ViewerProtocolPolicy, "https-only");
    assert.equal(behaviour.AllowedMethods.length, 7);
    assert.deepEqual(behaviour.FunctionAssociations.map((each) => each.EventType), ["viewer-request"]);
  }
});

test("errors are not cached either", () => {
  const codes = config.CustomErrorResponses.map((each) => [each.ErrorCode, each.ErrorCachingMinTTL]);
  assert.deepEqual(codes, [400, 403, 404, 405, 414, 500, 501, 502, 503, 504].map((each) => [each, 0]));
});

test("no origin has a path, which would stand before the stage", () => {
  for (const origin of config.Origins) assert.equal("OriginPath" in origin, false);
});

test("every origin hears the secret, under the name that the functions ask for", () => {
  const source = readFileSync(new URL("../../shared/model/src/front_door.rs", import.meta.url), "utf8");
  const [, asked] = source.match(/FRONT_DOOR_HEADER: &str = "(.+)"/);
  for (const { OriginCustomHeaders } of config.Origins) {
    const [condition, [header]] = OriginCustomHeaders["Fn::If"];
    assert.deepEqual([condition, header.HeaderName, header.HeaderValue.Ref], ["HasSecret", asked, "FrontDoorSecret"]);
  }
});

test("nothing that may hold a token or an address is logged", () => {
  const fields = Resources.AccessLogDelivery.Properties.RecordFields;
  const secret = /query|cookie|referer|c-ip|forwarded|c-port/i;
  assert.deepEqual(fields.filter((field) => secret.test(field)), []);
  assert.equal("Logging" in config, false);
});

test("the firewall shows no query", () => {
  const acl = Resources.WebAcl.Properties;
  const shown = [acl, ...acl.Rules].filter((each) => each.VisibilityConfig.SampledRequestsEnabled);
  assert.deepEqual(shown, []);
  assert.ok(Resources.FirewallLogs.Properties.RedactedFields.some((field) => "QueryString" in field));
});

test("the template holds the function as it is in its file", () => {
  const file = new URL("../../infra/cloud/front-door.yaml", import.meta.url);
  assert.equal(readFileSync(file, "utf8"), inlined(), "run `make inline`");
  assert.equal(code, readFileSync(new URL("../../infra/cloud/front-door/viewer-request.js", import.meta.url), "utf8").replaceAll("${WebSocketStage}", "prod"));
});

test("the function is as small and as plain as CloudFront takes it", () => {
  assert.ok(code.length < 10 * 1024);
  // Not in runtime 2.0, and `${` is CloudFormation's.
  for (const foreign of [/`[^`]*\$\{/, /\?\./, /\?\?/, /\bimport\b|\bclass\b/]) assert.doesNotMatch(code.replace(/^\/\/.*$/gm, ""), foreign);
});
