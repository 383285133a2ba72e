// The official SignalR client with the settings that hubcast recommends. Everything works without it.

import { HubConnectionBuilder, HubConnectionState, LogLevel } from "@microsoft/signalr";

/**
 * A ping every four minutes keeps a socket open: API Gateway ends one that is idle for ten, and a
 * background tab may be a minute late. Each ping costs money, so the client's 15 s would cost 16 times more.
 */
export const KEEP_ALIVE_MILLISECONDS = 240_000;
/** How long the server may be silent: two pings and a little. */
export const SERVER_TIMEOUT_MILLISECONDS = 500_000;
const LONGEST_DELAY_MILLISECONDS = 30_000;

/**
 * How long to wait before the next try: random, so that not all come back in the same moment,
 * and never more than half a minute. Null, the end, only when the user is blocked or has logged out.
 */
export function nextDelay({ previousRetryCount, retryReason }, random = Math.random) {
  if (isRefused(retryReason)) return null;
  const longest = Math.min(LONGEST_DELAY_MILLISECONDS, 1000 * 2 ** previousRetryCount);
  return Math.round(random() * longest);
}

/** Trying again does not help against a 403; a 401 may be over with the next token. */
function isRefused(error) {
  return error?.statusCode === 403 || /Status code '403'/.test(error?.message ?? "");
}

/** The reason that a backend gave for a close, without the words of the official client and of hubcast's. */
export function reasonOf(error) {
  return (error?.message ?? "").replace(/^.*?Server returned an error on close: /, "");
}

/** A connection to a hub. `url` is `https://HOST/hubs/{hub}`, or what your own negotiation redirects from. */
export class HubcastClient {
  #stopped = false;
  #signedOut = () => {};
  #giveUpWaiting = () => {};

  constructor(url, { token, on = {}, onSignedOut = () => {}, statefulReconnect = true, logLevel = LogLevel.Warning, ...options } = {}) {
    // The client asks for the token whenever it connects, so a fresh one is always at hand.
    const accessTokenFactory = token && (async () => (await token()) ?? "");
    const builder = new HubConnectionBuilder()
      .withUrl(url, { ...options, ...(accessTokenFactory && { accessTokenFactory }) })
      .withAutomaticReconnect({ nextRetryDelayInMilliseconds: (context) => nextDelay(context) })
      .configureLogging(logLevel);
    // A deployment that does not grant it answers as ever.
    this.connection = (statefulReconnect ? builder.withStatefulReconnect() : builder).build();
    this.connection.keepAliveIntervalInMilliseconds = KEEP_ALIVE_MILLISECONDS;
    this.connection.serverTimeoutInMilliseconds = SERVER_TIMEOUT_MILLISECONDS;
    for (const [method, handler] of Object.entries(on)) this.connection.on(method, handler);
    this.#signedOut = onSignedOut;
    // The client comes back from everything but a log-out, a block and its own stop.
    this.connection.onclose((error) => {
      if (!this.#stopped) onSignedOut(reasonOf(error));
    });
  }

  /** Calls `handler` whenever a backend calls `method`; answers a function that ends this. */
  on(method, handler) {
    this.connection.on(method, handler);
    return () => this.connection.off(method, handler);
  }

  /** Calls a method of the server, such as `JoinGroup`. */
  invoke(method, ...args) {
    return this.connection.invoke(method, ...args);
  }

  /** Connects, and tries until it succeeds; fails only when the user is refused or `stop` was called. */
  async start() {
    this.#stopped = false;
    for (let previousRetryCount = 0; ; previousRetryCount += 1) {
      try {
        return await this.connection.start();
      } catch (retryReason) {
        const delay = this.#stopped ? null : nextDelay({ previousRetryCount, retryReason });
        if (delay !== null && (await this.#waited(delay))) continue;
        if (!this.#stopped) this.#signedOut("");
        throw retryReason;
      }
    }
  }

  /** Disconnects for good, also while it is still trying. */
  async stop() {
    this.#stopped = true;
    this.#giveUpWaiting();
    await this.connection.stop();
  }

  get isConnected() {
    return this.connection.state === HubConnectionState.Connected;
  }

  /** Whether the wait came to its end without a `stop`. */
  #waited(delay) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delay, true);
      this.#giveUpWaiting = () => {
        clearTimeout(timer);
        resolve(false);
      };
    });
  }
}
