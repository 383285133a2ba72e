// What CloudFront runs on every request, before it picks an origin (runtime cloudfront-js-2.0).
//
// It maps upgrades to the one path that a WebSocket API answers, which is its stage, and keeps the
// query. It tells the REST function the path as the client encoded it, since an HTTP API decodes
// paths, so that `%2F` and `/` look the same. front-door.yaml holds a copy of this file, in which
// CloudFormation puts the stage's name; tests/checks/front-door.test.js holds both together.

const STAGE = "${WebSocketStage}";
const RAW_PATH = "x-hubcast-raw-path";

function handler(event) {
  const request = event.request;
  // Only what is written here is true; a client could claim any path.
  delete request.headers[RAW_PATH];
  if (request.uri.startsWith("/api/")) {
    request.headers[RAW_PATH] = { value: request.uri };
    return request;
  }
  if (/^\/(client|hubs\/.+)\/negotiate$/.test(request.uri)) return request;
  if (/^\/(client|hubs)(\/|$)/.test(request.uri)) return upgrade(request);
  return request;
}

function upgrade(request) {
  const hub = /^\/hubs\/([^/]+)\/?$/.exec(request.uri);
  // Functions do not see the Upgrade header; to anything but an upgrade the WebSocket API says no itself.
  if (!hub && !/^\/client\/?$/.test(request.uri)) return notFound();
  if (hub) addHub(request.querystring, hub[1]);
  request.uri = "/" + STAGE;
  return request;
}

// A query that names a hub of its own keeps it, so that the authorizer refuses the contradiction.
function addHub(query, segment) {
  const value = segment.replace(/[&=+]/g, encodeURIComponent);
  const others = query.hub ? query.hub.multiValue || [{ value: query.hub.value }] : [];
  query.hub = { value: value };
  if (others.length > 0) query.hub.multiValue = [{ value: value }].concat(others);
}

function notFound() {
  return { statusCode: 404, statusDescription: "Not Found", headers: { "cache-control": { value: "no-store" } } };
}
