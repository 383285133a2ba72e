// A client of our own that refreshes its token by the schedule of the .NET client 11: at half of a lifetime
// of up to ten minutes, and else five minutes before the end. A failure ends the schedule and leaves the
// connection open.

import { Condition } from "./client.js";
import { PING, readyAt } from "./raw.js";

const HALF_UP_TO_SECONDS = 600;
const BEFORE_THE_END_SECONDS = 300;
/** Timers of .NET and of JavaScript take no more. */
const TIMER_MAX_MS = 2 ** 31 - 1;
const PING_MS = 500;

const post = (url, headers) => fetch(url, { method: "POST", headers, redirect: "manual" });

/** Asks for a refresh as the .NET client does. Answers status, headers and the body as it came. */
export async function refresh(stack, path, { token, connectionToken, method = "POST", headers = {} } = {}) {
  const own = {
    ...(token && { authorization: `Bearer ${token}` }),
    ...(connectionToken && { "x-signalr-connection-token": connectionToken }),
    "x-requested-with": "XMLHttpRequest",
  };
  const answer = await fetch(`${stack.url}${path}`, { method, headers: { ...own, ...headers }, redirect: "manual" });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, body: method === "HEAD" ? undefined : JSON.parse(text) };
}

export class RefreshingClient extends Condition {
  /** `token` makes a fresh app token for each request; `refreshes` says whether there is a schedule. */
  constructor(stack, token, { hub = "notifications", refreshes = true } = {}) {
    super();
    Object.assign(this, { stack, token, hub, refreshes, answers: [], failures: [] });
  }

  async start() {
    const first = await this.#negotiate(`${this.stack.url}/hubs/${this.hub}/negotiate?negotiateVersion=1`, await this.token());
    this.lifetime = first.tokenLifetimeSeconds;
    const second = await this.#negotiate(first.url.replace("/client/?", "/client/negotiate?negotiateVersion=1&"), first.accessToken);
    // The last one wins.
    this.lifetime = second.tokenLifetimeSeconds ?? this.lifetime;
    Object.assign(this, { connectionToken: second.connectionToken, id: second.connectionId });
    const query = new URLSearchParams({ id: this.connectionToken, access_token: first.accessToken });
    this.socket = await readyAt(`${first.url}&${query}`);
    this.pings = setInterval(() => this.socket.send(PING), PING_MS);
    this.#schedule(this.lifetime);
    return this;
  }

  async #negotiate(url, token) {
    const answer = await post(url, { authorization: `Bearer ${token}` });
    if (!answer.ok) throw new Error(`negotiation was refused: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  #schedule(seconds) {
    clearTimeout(this.timer);
    if (!this.refreshes || !seconds) return;
    const pause = seconds <= HALF_UP_TO_SECONDS ? seconds / 2 : seconds - BEFORE_THE_END_SECONDS;
    this.timer = setTimeout(() => this.refresh(), Math.min(pause * 1000, TIMER_MAX_MS));
  }

  /** Refreshes once, with a fresh token or the one given. */
  async refresh(token) {
    const fresh = token ?? (await this.token());
    const answer = await refresh(this.stack, `/hubs/${this.hub}/refresh?tenant=a`, { token: fresh, connectionToken: this.connectionToken });
    if (answer.status === 200) {
      this.answers.push(answer.body);
      this.#schedule(answer.body.tokenLifetimeSeconds);
    } else {
      this.failures.push(answer);
    }
    this.notify();
    return answer;
  }

  /** Waits until the connection was refreshed so often. */
  refreshed(times) {
    const isOver = () => this.answers.length >= times || this.failures.length > 0;
    return this.until(isOver, `${times} refreshes`, times * this.lifetime * 1000);
  }

  /** The Close that hubcast sent, once it came. */
  async closes() {
    const close = () => this.socket.records.find(({ type }) => type === 7);
    await this.socket.until(close, "a Close");
    return close();
  }

  async stop() {
    clearTimeout(this.timer);
    clearInterval(this.pings);
    if (!this.socket.closed) await this.socket.close();
  }
}
