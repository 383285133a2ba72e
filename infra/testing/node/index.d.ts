import type { HubConnection } from "@microsoft/signalr";

export interface StartOptions {
  /** The program `hubcast-local`; otherwise the variable HUBCAST_LOCAL, or the program on the PATH. */
  program?: string;
  /** Flags of the program, such as `["--client-joinable-groups", "*"]`. */
  flags?: string[];
  /** A stack that somebody else started and stops; otherwise the variable HUBCAST_URL. */
  url?: string;
}

/** Starts a stack of its own, on a free port. */
export declare function startHubcast(options?: StartOptions): Promise<Stack>;

export interface TokenOptions {
  groups?: string[];
  ttlSeconds?: number;
  audience?: string;
  claims?: Record<string, unknown>;
}

export interface Message {
  /** The method that clients are called by. */
  target: string;
  arguments?: unknown[];
  hub?: string;
  /** One audience at most; everyone when there is none. */
  userId?: string;
  groupName?: string;
  connectionId?: string;
}

export declare class Stack {
  /** Such as `http://127.0.0.1:41234`. */
  readonly url: string;
  readonly queueUrl: string;
  readonly dlqUrl: string;
  /** What the stack wrote to standard error. */
  readonly logs: string;
  /** The URL for `withUrl` of a SignalR client. */
  hubUrl(hub?: string): string;
  /** An app token of a user, as your log-in hands out tokens. */
  token(user: string, more?: TokenOptions): Promise<string>;
  /** A token of a backend for the REST API. */
  restToken(): Promise<string>;
  /** Sends as a backend does, by the REST API. */
  send(message: Message): Promise<void>;
  /** A client of a user that hears everything from now on. */
  connect(user: string, more?: TokenOptions & { hub?: string }): Promise<TestClient>;
  /** Closes all sockets, and empties the table and the queues. */
  reset(): Promise<void>;
  /** Stops the stack; answers its exit code. */
  stop(signal?: string): Promise<number | null>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface TestClient {
  readonly connection: HubConnection;
  /** What came so far, oldest first. */
  readonly messages: { target: string; arguments: unknown[] }[];
  /** Answers the arguments of the next message of a method that no earlier call answered. */
  waitForMessage<A extends unknown[] = any[]>(
    target: string,
    options?: { timeoutMs?: number; where?: (...args: A) => boolean },
  ): Promise<A>;
  stop(): Promise<void>;
}
