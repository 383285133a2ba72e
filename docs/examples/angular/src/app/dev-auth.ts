// A log-in for development: the local stack signs a token for any name.

import { signal } from "@angular/core";
import { Auth } from "./notification.service";

export class DevAuth extends Auth {
  readonly user = signal<string | undefined>(undefined);
  /** Why the user is out; for the log-in page. */
  readonly reason = signal("");

  constructor(private readonly tokenUrl: string) {
    super();
  }

  override async freshToken(): Promise<string> {
    const answer = await fetch(this.tokenUrl, { method: "POST", body: JSON.stringify({ sub: this.user() }) });
    if (!answer.ok) throw new Error(await answer.text());
    return ((await answer.json()) as { access_token: string }).access_token;
  }

  override signedOut(reason: string): void {
    this.user.set(undefined);
    this.reason.set(reason || "You are signed out.");
  }
}
