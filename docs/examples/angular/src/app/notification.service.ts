// An Angular service: npm install @microsoft/signalr. Coming from Azure SignalR, only the URL changes.

import { DestroyRef, Injectable, InjectionToken, inject, signal } from "@angular/core";
import { HubConnection, HubConnectionBuilder, HubConnectionState, LogLevel, RetryContext } from "@microsoft/signalr";
import { Observable, Subject } from "rxjs";

/** Such as `https://notify.example.com/hubs/notifications`. */
export const HUB_URL = new InjectionToken<string>("HUB_URL");

/** Your own log-in: hubcast verifies the tokens that it hands out. */
export abstract class Auth {
  /** A token that is good now; asked for whenever the client connects. */
  abstract freshToken(): Promise<string>;
  /** Forgets the user on this tab and shows the log-in page. The reason is empty when the backend gave none. */
  abstract signedOut(reason: string): void;
}

export interface Licence {
  plan: string;
  seats?: number;
}

@Injectable({ providedIn: "root" })
export class NotificationService {
  /** For an icon that says whether notifications come. */
  readonly state = signal(HubConnectionState.Disconnected);
  /** The user's role, for guards and menus. */
  readonly role = signal<string | undefined>(undefined);
  /** A licence that the page does not use yet: show a banner with a refresh. */
  readonly newLicence = signal<Licence | undefined>(undefined);
  /** A log-out of all tabs is on its way: say so, save a draft; the sign-out follows at once. */
  readonly loggingOff = signal(false);
  readonly toasts: Observable<string>;
  /** What was sent in between is gone: fetch what must not be missed. */
  readonly reconnected: Observable<void>;

  private readonly auth = inject(Auth);
  private readonly toast = new Subject<string>();
  private readonly returns = new Subject<void>();
  private stopping = false;
  private readonly connection = this.build(inject(HUB_URL));

  constructor() {
    this.toasts = this.toast.asObservable();
    this.reconnected = this.returns.asObservable();
    inject(DestroyRef).onDestroy(() => void this.stop());
  }

  /** Call it after the log-in. Rejects when the first connect fails: automatic reconnect begins with the second. */
  async start(): Promise<void> {
    this.stopping = false;
    this.forget();
    this.state.set(HubConnectionState.Connecting);
    try {
      await this.connection.start();
    } finally {
      this.state.set(this.connection.state);
    }
  }

  /** Call it on a log-out of this tab only; the backend's `close` ends all tabs. */
  stop(): Promise<void> {
    this.stopping = true;
    return this.connection.stop();
  }

  /** Rooms and the like; allowed by the token or by CLIENT_JOINABLE_GROUPS. Join anew after `reconnected`. */
  join(group: string): Promise<void> {
    return this.connection.invoke("JoinGroup", group);
  }

  private build(url: string): HubConnection {
    const connection = new HubConnectionBuilder()
      .withUrl(url, { accessTokenFactory: () => this.auth.freshToken() })
      .withAutomaticReconnect({ nextRetryDelayInMilliseconds: delay })
      // A ping every four minutes instead of every 15 s; both values belong together.
      .withKeepAliveInterval(240_000)
      .withServerTimeout(500_000)
      .configureLogging(LogLevel.Warning)
      .build();
    connection.on("permissionsChanged", ({ role }: { role: string }) => this.role.set(role));
    connection.on("licenceChanged", (licence: Licence) => this.newLicence.set(licence));
    connection.on("toast", (text: string) => this.toast.next(text));
    connection.on("log_off_initiated", () => this.loggingOff.set(true));
    connection.onreconnecting(() => this.state.set(connection.state));
    connection.onreconnected(() => {
      this.state.set(connection.state);
      this.returns.next();
    });
    // The client comes back from everything but a log-out, a block and its own stop.
    // There is no error when a log-out gives no reason, or when the way back is refused.
    connection.onclose((error) => {
      this.forget();
      if (!this.stopping) this.auth.signedOut(reasonOf(error));
    });
    return connection;
  }

  /** Nothing of the user stays for whoever signs in next. */
  private forget(): void {
    this.state.set(HubConnectionState.Disconnected);
    this.role.set(undefined);
    this.newLicence.set(undefined);
    this.loggingOff.set(false);
  }
}

/** The backend's own text, without the words that the official client puts before the text. */
function reasonOf(error: Error | undefined): string {
  return (error?.message ?? "").replace(/^Server returned an error on close: /, "");
}

/** Random, so that not all tabs come back in one moment; for ever, unless the user is refused. */
function delay({ previousRetryCount, retryReason }: RetryContext): number | null {
  if (/Status code '403'/.test(retryReason.message)) return null;
  return Math.random() * Math.min(30_000, 1000 * 2 ** previousRetryCount);
}
