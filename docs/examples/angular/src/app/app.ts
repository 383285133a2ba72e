// A page that signs in and shows what backends send.

import { Component, inject, signal } from "@angular/core";
import { DevAuth } from "./dev-auth";
import { NotificationService } from "./notification.service";

@Component({
  selector: "app-root",
  template: `
    <h1>hubcast with Angular</h1>
    @if (auth.user(); as user) {
      <p>
        <strong>{{ user }}</strong> is {{ notifications.state() }}
        @if (notifications.role(); as role) { as {{ role }} }
        <button type="button" (click)="signOut()">Sign out of this tab</button>
      </p>
      @if (notifications.loggingOff()) { <p class="banner" role="status">You are being signed out of all tabs.</p> }
      @if (notifications.newLicence(); as licence) {
        <p class="banner" role="status">
          Your licence is now {{ licence.plan }}.
          <button type="button" (click)="notifications.newLicence.set(undefined)">Refresh</button>
        </p>
      }
      <ul role="log" aria-label="Toasts">
        @for (text of toasts(); track $index) { <li>{{ text }}</li> }
      </ul>
    } @else {
      @if (auth.reason(); as reason) { <p class="banner" role="status">{{ reason }}</p> }
      <form (submit)="$event.preventDefault(); signIn(name.value)">
        <label>User <input #name value="alice" required /></label>
        <button type="submit">Sign in</button>
      </form>
    }
  `,
})
export class App {
  protected readonly auth = inject(DevAuth);
  protected readonly notifications = inject(NotificationService);
  protected readonly toasts = signal<string[]>([]);

  constructor() {
    this.notifications.toasts.subscribe((text) => this.toasts.update((all) => [...all, text]));
  }

  protected async signIn(user: string): Promise<void> {
    this.auth.user.set(user);
    this.toasts.set([]);
    await this.notifications.start().catch((error: Error) => this.auth.signedOut(error.message));
  }

  protected async signOut(): Promise<void> {
    await this.notifications.stop();
    this.auth.signedOut("");
  }
}
