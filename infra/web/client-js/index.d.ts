import type { HubConnection, IHttpConnectionOptions, LogLevel, RetryContext } from "@microsoft/signalr";

/** How often the client pings. */
export declare const KEEP_ALIVE_MILLISECONDS: number;
/** How long the server may be silent. */
export declare const SERVER_TIMEOUT_MILLISECONDS: number;

/** How long to wait before the next try; null when trying again does not help. */
export declare function nextDelay(
  context: Pick<RetryContext, "previousRetryCount" | "retryReason">,
  random?: () => number,
): number | null;

/** Methods of any name and arguments: what a client has that names none. */
export type AnyMethods = Record<string, (...args: any[]) => void>;

/** What a client can be told, beside everything that `withUrl` of the official client takes. */
export interface HubcastOptions<M extends object> extends Omit<IHttpConnectionOptions, "accessTokenFactory"> {
  /** Answers a token of your own log-in that is good now; asked whenever the client connects. */
  token?: () => string | undefined | Promise<string | undefined>;
  /** What to do when backends call. */
  on?: Partial<M>;
  /**
   * Called when the user is out: after a log-out, a block, and every close that lets nobody come back; not after `stop`.
   * The reason is the backend's own text, and empty when there is none or when the user was refused.
   */
  onSignedOut?: (reason: string) => void;
  /** Whether the client asks to come back without a word when its socket is cut; true when absent. */
  statefulReconnect?: boolean;
  logLevel?: LogLevel;
}

/** The reason that a backend gave for a close; empty when there is none. */
export declare function reasonOf(error: Error | undefined): string;

/** A connection to a hub, by the official client with the settings that hubcast recommends. */
export declare class HubcastClient<M extends object = AnyMethods> {
  constructor(url: string, options?: HubcastOptions<M>);
  /** The official client's connection, for everything else. */
  readonly connection: HubConnection;
  readonly isConnected: boolean;
  /** Calls `handler` whenever a backend calls `method`; answers a function that ends this. */
  on<K extends keyof M & string>(method: K, handler: M[K]): () => void;
  /** Calls a method of the server, such as `JoinGroup`. */
  invoke<T = void>(method: string, ...args: unknown[]): Promise<T>;
  /** Connects, and tries until it succeeds; fails only when the user is refused or `stop` was called. */
  start(): Promise<void>;
  /** Disconnects for good, also while it is still trying. */
  stop(): Promise<void>;
}
