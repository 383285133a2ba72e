// What an app does with the official client, for tests to call: it runs in the browser.

/** What happened so far. */
window.seen = { events: [], calls: [], sockets: 0 };

const PlainSocket = WebSocket;
window.WebSocket = class extends PlainSocket {
  constructor(...args) {
    super(...args);
    window.seen.sockets += 1;
  }
};

/** Connects; answers once everything that is sent is heard. */
window.start = async ({ url, token, settings = {}, reconnect = [0, 100, 200, 500, 1000, 2000], stateful, ...options }) => {
  const builder = new signalR.HubConnectionBuilder()
    .withUrl(url, { accessTokenFactory: () => token, ...options })
    .withAutomaticReconnect(reconnect)
    .configureLogging(signalR.LogLevel.None);
  const connection = (stateful ? builder.withStatefulReconnect() : builder).build();
  Object.assign(connection, settings);
  const note = (event) => (detail) => window.seen.events.push({ event, detail: detail?.message ?? detail });
  connection.onreconnecting(note("reconnecting"));
  connection.onclose(note("closed"));
  connection.onreconnected(async () => {
    await connection.invoke("GetConnectionId");
    note("reconnected")();
  });
  connection.on("notify", (...args) => window.seen.calls.push(args));
  await connection.start();
  await connection.invoke("GetConnectionId");
  window.connection = connection;
};

/** How the start failed. */
window.failure = (settings) => window.start(settings).then(() => "it did not", ({ message }) => message);
