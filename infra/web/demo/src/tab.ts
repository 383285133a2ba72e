// One tab of one user: its connection, and what its app shows.

import { HubcastClient, reasonOf } from "@hubcast/client";
import { LogLevel } from "@microsoft/signalr";
import { HUB, logOut, send, signIn, type Token } from "./backend";
import { Observable } from "../../components/observe";
import { stack } from "./stack";
import { timeline } from "./timeline";
import { Wire, type Frame } from "./wire";

/** The methods that the app's backends call. */
interface Methods {
  permissionsChanged(change?: { role?: unknown }): void;
  licenceChanged(licence?: { plan?: unknown; seats?: unknown }): void;
  toast(text?: unknown): void;
  log_off_initiated(): void;
}

export interface Licence {
  plan: string;
  seats: string;
}

export interface Toast {
  id: number;
  text: string;
  tone: "plain" | "good" | "bad";
}

export type State = "connecting" | "connected" | "reconnecting" | "signed out";

const TOASTS_KEPT = 3;
const TOAST_MILLISECONDS = 8000;
const EXPIRY_MARGIN_MILLISECONDS = 60_000;
const NEWCOMER = { role: "viewer", licence: { plan: "standard", seats: "5" } };

let lastId = 0;

/** What came, as a text that can be shown. */
function shown(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export class Tab extends Observable {
  readonly id = ++lastId;
  state: State = "connecting";
  /** Why the tab is where it is. */
  why = "";
  role = NEWCOMER.role;
  licence: Licence = NEWCOMER.licence;
  /** A licence that the app has been told of and does not use yet. */
  newLicence: Licence | undefined;
  /** The groups that this tab joined by itself; a connection's own, so they are joined anew after a reconnect. */
  readonly joined = new Set<string>();
  toasts: Toast[] = [];
  /** When something last arrived for the user. */
  arrivals = 0;
  /** When the wire was cut, and until when the tab stays offline, in milliseconds. */
  #cutAt: number | undefined;
  offlineUntil: number | undefined;
  /** Whether the tab comes back without a word when its wire is cut, where the stack grants this. */
  isStateful = true;
  #client: HubcastClient<Methods>;
  #token: Token | undefined;
  readonly #wire = new Wire(
    (frame) => this.#note(frame),
    (error) => this.#refused(error),
  );

  constructor(
    readonly user: string,
    /** The groups that the token names. */
    readonly groups: string[],
    /** Which of the user's tabs this is. */
    readonly number: number,
  ) {
    super();
    this.#client = this.#connection();
  }

  get title(): string {
    return `${this.user}, tab ${this.number}`;
  }

  get connectionId(): string | null {
    return this.#client.connection.connectionId;
  }

  /** Logs in and connects. */
  async signIn(): Promise<void> {
    this.#token = undefined;
    this.#become("connecting");
    try {
      await this.#client.start();
      this.#become("connected");
    } catch (error) {
      this.#end((error as Error).message);
    }
  }

  /** Logs out of all tabs, as the user's click on the app's own button does. */
  async logOut(): Promise<void> {
    await send(logOut(this.user));
  }

  /** The tab is closed. */
  async close(): Promise<void> {
    await this.#client.stop();
  }

  /** Connects anew, with stateful reconnect or without. */
  async setStateful(isStateful: boolean): Promise<void> {
    this.isStateful = isStateful;
    // The client that stops tells nobody of its end.
    const former = this.#client;
    this.#client = this.#connection();
    await former.stop();
    await this.signIn();
  }

  cut(): void {
    this.#cutAt = Date.now();
    this.#wire.cut();
  }

  /** As in a tunnel: the wire is cut, and nothing gets through for a while. */
  stayOffline(seconds: number): void {
    this.#cutAt = Date.now();
    this.offlineUntil = this.#cutAt + seconds * 1000;
    this.#wire.stayOffline(seconds * 1000);
  }

  async join(group: string): Promise<void> {
    try {
      await this.#client.invoke("JoinGroup", group);
      this.joined.add(group);
      this.#toast(`Joined ${group}.`, "good");
    } catch (error) {
      this.#toast((error as Error).message, "bad");
    }
  }

  async leave(group: string): Promise<void> {
    await this.#client.invoke("LeaveGroup", group);
    this.joined.delete(group);
    this.changed();
  }

  /** Takes over the licence that the banner tells of. */
  refresh(): void {
    this.licence = this.newLicence ?? this.licence;
    this.newLicence = undefined;
    this.#toast(`Refreshed: the ${this.licence.plan} licence is in use.`, "good");
  }

  dismiss(toast: Toast): void {
    this.toasts = this.toasts.filter((each) => each !== toast);
    this.changed();
  }

  #connection(): HubcastClient<Methods> {
    const client = new HubcastClient<Methods>(`${location.origin}/hubs/${HUB}`, {
      ...this.#wire.options,
      logLevel: LogLevel.None,
      statefulReconnect: this.isStateful,
      token: () => this.#freshToken(),
      on: {
        // Anybody may send anything, which is no reason to stop working.
        permissionsChanged: (change) => {
          this.role = shown(change?.role);
          this.#toast(`Your role has changed: you are ${this.role} now.`, "good");
        },
        licenceChanged: (licence) => {
          this.newLicence = { plan: shown(licence?.plan), seats: shown(licence?.seats) };
          this.changed();
        },
        toast: (text) => this.#toast(shown(text), "plain"),
        log_off_initiated: () => this.#toast("You are being signed out of all tabs.", "plain"),
      },
    });
    const isCurrent = () => client === this.#client;
    client.connection.onreconnecting((error) => this.#become("reconnecting", error?.message));
    client.connection.onreconnected(() => void this.#rejoin());
    client.connection.onclose((error) => isCurrent() && this.#end(error?.message));
    return client;
  }

  /** The token of the log-in for as long as it is good: only a log-in gets a new one after a log-out. */
  async #freshToken(): Promise<string> {
    if (!this.#token || this.#token.expires - EXPIRY_MARGIN_MILLISECONDS < Date.now()) {
      this.#token = await signIn(this.user, this.groups).catch((error: Error) => {
        this.#refused(error);
        throw error;
      });
    }
    return this.#token.text;
  }

  /** The client tries again by itself; whoever looks on should know why it has to. */
  #refused(error: Error & { statusCode?: number }): void {
    // A stack that was started anew does not know the tokens of the last one; after a log-out it would be a 403.
    if (error.statusCode === 401) this.#token = undefined;
    // That nothing answers is told once, by the banner of the page.
    if (error instanceof TypeError) void stack.look();
    this.why = error instanceof TypeError ? "" : error.message;
    this.changed();
  }

  async #rejoin(): Promise<void> {
    this.#become("connected");
    this.#tellCut("as a new connection");
    for (const group of this.joined) await this.#client.invoke("JoinGroup", group).catch(() => this.joined.delete(group));
    this.changed();
  }

  /** Says what became of a cut: how the client came back. */
  #tellCut(how: string): void {
    if (this.#cutAt === undefined) return;
    const seconds = ((Date.now() - this.#cutAt) / 1000).toFixed(1);
    this.#toast(`Dropped, and back after ${seconds} s ${how}.`, "plain");
    this.#cutAt = this.offlineUntil = undefined;
  }

  /** Empties the tab: nothing of the user stays on the screen. */
  #end(why = ""): void {
    Object.assign(this, { ...NEWCOMER, newLicence: undefined, toasts: [], offlineUntil: undefined });
    this.#cutAt = undefined;
    this.joined.clear();
    this.#become("signed out", reasonOf(new Error(why)));
  }

  #become(state: State, why = ""): void {
    this.state = state;
    this.why = why;
    this.changed();
  }

  #toast(text: string, tone: Toast["tone"]): void {
    const toast = { id: ++lastId, text, tone };
    this.toasts = [...this.toasts, toast].slice(-TOASTS_KEPT);
    setTimeout(() => this.dismiss(toast), TOAST_MILLISECONDS);
    this.changed();
  }

  #note(frame: Frame): void {
    timeline.notes(this, frame);
    // The stack says where it goes on: the app has noticed nothing.
    if (frame.direction === "in" && frame.title === "sequence") this.#tellCut("on the same connection: nothing was noticed, and nothing missed");
    if (frame.direction === "in" && frame.title.startsWith("call ")) {
      this.arrivals += 1;
      this.changed();
    }
  }
}
