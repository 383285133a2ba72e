// All tabs of the page.

import { Observable } from "./observe";
import { Tab } from "./tab";

class Tabs extends Observable {
  all: Tab[] = [];

  /** Opens tabs of a user and signs them in. */
  open(user: string, groups: string[], count: number): void {
    const last = Math.max(0, ...this.of(user).map((tab) => tab.number));
    for (let at = 1; at <= count; at += 1) {
      const tab = new Tab(user, groups, last + at);
      this.all = [...this.all, tab].sort((one, other) => one.user.localeCompare(other.user) || one.number - other.number);
      tab.watch(() => this.changed());
      void tab.signIn();
    }
    this.changed();
  }

  close(tab: Tab): void {
    this.all = this.all.filter((each) => each !== tab);
    void tab.close();
    this.changed();
  }

  of(user: string): Tab[] {
    return this.all.filter((tab) => tab.user === user);
  }

  get users(): string[] {
    return [...new Set(this.all.map((tab) => tab.user))];
  }

  /** The groups that tabs are in, by their tokens or by joining. */
  get groups(): string[] {
    return [...new Set(this.all.flatMap((tab) => [...tab.groups, ...tab.joined]))].sort();
  }
}

export const tabs = new Tabs();
