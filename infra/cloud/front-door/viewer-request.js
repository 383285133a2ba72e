// What CloudFront runs on every request, before it asks an origin (runtime cloudfront-js-2.0).
//
// It gives names one spelling, since API Gateway tells /Hubs from /hubs, and ASP.NET Core does not.
// It maps upgrades to the one path that a WebSocket API answers, which is its stage, and keeps the
// query. It tells the REST function the path as the client encoded it, since an HTTP API decodes
// paths, so that `%2F` and `/` look the same. front-door.yaml holds a copy of this file, in which
// CloudFormation puts the stage's name; tests/checks/front-door.test.js holds both together.

const STAGE = "${WebSocketStage}";
const RAW_PATH = "x-hubcast-raw-path";
const NAMES = ["hub", "id", "access_token", "negotiateVersion", "useStatefulReconnect"];
// The spellings that CloudFront's behaviours send to the WebSocket API.
const SOCKETS = /^\/(client|Client|CLIENT|hubs|Hubs|HUBS)(\/|$)/;

function handler(event) {
  const request = event.request;
  // Only what is written here is true; a client could claim any path.
  delete request.headers[RAW_PATH];
  const parts = /^\/+([^/]*)(.*)$/.exec(request.uri) || ["", "", ""];
  const surface = parts[1].toLowerCase();
  if (surface === "server") return ofServers();
  if (surface === "api" && parts[2]) return rest(request, parts[2]);
  if (surface === "client" || surface === "hubs") return ofClients(request, surface, parts[2]);
  // A client whose URL lacks /hubs: the negotiate function says so in a way that pages can read.
  return /^\/+[^/]+\/negotiate$/i.test(request.uri) ? request : notFound(request);
}

function rest(request, below) {
  request.uri = "/api" + below;
  request.headers[RAW_PATH] = { value: request.uri };
  return request;
}

function ofClients(request, surface, below) {
  const leadsToSockets = SOCKETS.test(request.uri);
  spellQuery(request.querystring);
  request.uri = "/" + surface + below.replace(/\/(negotiate|refresh)$/i, (act) => act.toLowerCase());
  if (/^\/(client|hubs\/.+)\/(negotiate|refresh)$/.test(request.uri)) return request;
  return leadsToSockets ? upgrade(request) : notFound(request);
}

function upgrade(request) {
  const hub = /^\/hubs\/([^/]+)\/?$/.exec(request.uri);
  // Functions do not see the Upgrade header; to anything but an upgrade the WebSocket API says no itself.
  if (!hub && !/^\/client\/?$/.test(request.uri)) return notFound(request);
  if (hub) addHub(request.querystring, hub[1]);
  request.uri = "/" + STAGE;
  return request;
}

// A query that names a hub of its own keeps it, so that the authorizer refuses the contradiction.
function addHub(query, segment) {
  const value = segment.replace(/[&=+]/g, encodeURIComponent);
  query.hub = joined([{ value: value }].concat(values(query.hub)));
}

// What stands twice, in whatever case, stays there twice: the functions refuse it.
function spellQuery(query) {
  for (const name of Object.keys(query)) {
    const known = NAMES.find((each) => each.toLowerCase() === name.toLowerCase());
    if (!known || known === name) continue;
    query[known] = joined(values(query[known]).concat(values(query[name])));
    delete query[name];
  }
}

function values(entry) {
  return entry ? entry.multiValue || [{ value: entry.value }] : [];
}

function joined(all) {
  return all.length > 1 ? { value: all[0].value, multiValue: all } : { value: all[0].value };
}

function notFound(request) {
  const last = /([A-Za-z][\w`,.[\]]*)\/?$/.exec(request.uri);
  const hub = last ? last[1] : "{hub}";
  const host = request.headers.host ? request.headers.host.value : "HOST";
  const text = "There is nothing here: clients come to /hubs/{hub}, such as https://" + host + "/hubs/" + hub + ".";
  return answer(404, "Not Found", text);
}

// A metric of front-door.yaml counts this line.
function ofServers() {
  console.log("a server in default or persistent mode tried to connect");
  const text = "Servers do not connect to hubcast: in the management SDK, set ServiceTransportType.Transient.";
  return answer(501, "Not Implemented", text + " AddAzureSignalR does not work here (docs/MIGRATION.md).");
}

function answer(status, description, text) {
  return {
    statusCode: status,
    statusDescription: description,
    headers: { "cache-control": { value: "no-store" }, "content-type": { value: "text/plain; charset=utf-8" } },
    body: { encoding: "text", data: text },
  };
}
