// What the console's own server answers: the results of commands, and how they failed.

/** How a command failed. */
export interface Failure {
  text: string;
  /** What to do; may be empty. */
  advice: string;
}

/** The answer of a command. */
export interface Answer<T> {
  results: T[];
  remarks: string[];
  failure?: Failure;
}

/** Where this console looks, and what it may do. */
export interface Place {
  hub: string;
  deployment: string;
  local: string | null;
  allowsChanges: boolean;
  version: string;
  connectionsMax: number;
}

export interface Connection {
  connectionId: string;
  userId: string | null;
  connectedAt?: string;
  groups?: string[];
  isReady?: boolean;
}

export interface User {
  userId: string | null;
  connections: number;
}

export interface Group {
  group: string;
  connections: number;
}

/** What the table holds of one user. */
export interface Holdings {
  userId: string;
  connections: Connection[];
  memberships: { group: string; isDenied: boolean; expiresAt: string | null }[];
  block: { until: string | null; notBefore: string | null };
  inbox: { record: unknown; expiresAt: string; progressKey: string }[];
}

/** A line of a journey. */
export interface Line {
  at: string;
  function: string;
  step: string;
  fields: Record<string, unknown>;
}

export interface Journey {
  sentence: string;
  /** Of messages: what became of the message. */
  outcome?: "underway" | "done" | "kept" | "expired" | "undeliverable" | "rejected";
  timeline: Line[];
}

/** An entry of the audit. Every field says something: what does not apply is `none`. */
export interface Deed {
  at: string;
  entry: Record<"by" | "who" | "app_id" | "roles" | "action" | "operation" | "outcome" | "hub" | "audience_kind" | "audience" | "groups" | "message_id", string>;
}

export interface Letter {
  id: string;
  reason: string;
  detail: string | null;
  messageGroup: string;
  sentAt: string | null;
  progressKey: string;
  body: string;
}

export interface Finding {
  check: string;
  verdict: "ok" | "info" | "warn" | "skip" | "bad";
  detail: string;
  advice?: string;
}

/** Figures that share an axis. */
export interface Figures {
  plot: string;
  unit: string;
  periodSeconds: number;
  lines: { name: string; points: [at: string, value: number][] }[];
}

const GONE: Failure = { text: "The console does not answer.", advice: "It ended in the terminal: run hubcast console again." };

async function answered<T>(request: Promise<Response>): Promise<Answer<T>> {
  try {
    return await (await request).json();
  } catch {
    return { results: [], remarks: [], failure: GONE };
  }
}

/** Asks for something by its path; what is undefined or empty is not asked by. */
export function ask<T>(path: string, query: Record<string, string | undefined> = {}): Promise<Answer<T>> {
  const given = Object.entries(query).filter((pair): pair is [string, string] => !!pair[1]);
  return answered(fetch(`/api/${path}?${new URLSearchParams(given)}`));
}

/** Changes something, or shows what a change would be. */
export function change<T>(path: string, body?: unknown): Promise<Answer<T>> {
  const headers = { "Content-Type": "application/json" };
  return answered(fetch(`/api/${path}`, { method: "POST", headers, body: JSON.stringify(body ?? {}) }));
}

export async function place(): Promise<Place | undefined> {
  try {
    const answer = await fetch("/api/place");
    return answer.ok ? await answer.json() : undefined;
  } catch {
    return undefined;
  }
}

/** What a connection of the console hears. */
export interface Heard {
  event: string;
  target?: string;
  arguments?: unknown[];
  connectionId?: string;
}

/** Connects as a user, and tells of each line until `signal` or the connection ends; answers why it ended, if that is a fault. */
export async function heard(user: string, signal: AbortSignal, tell: (heard: Heard) => void): Promise<Failure | undefined> {
  try {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch("/api/listen", { method: "POST", headers, body: JSON.stringify({ user }), signal });
    if (!answer.ok || !answer.body) return (await answer.json()).failure;
    let rest = "";
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return undefined;
      const lines = (rest + value).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const told = JSON.parse(line);
        if (told.event === "failed") return told;
        tell(told);
      }
    }
  } catch {
    return signal.aborted ? undefined : GONE;
  }
}
