// All tabs of the page.

import { list } from "../../components/envelope";
import { Observable } from "../../components/observe";
import { Tab } from "./tab";

const HUES = 6;
const TABS_MAX = 9;

class Tabs extends Observable {
  all: Tab[] = [];
  readonly #arrived: string[] = [];

  /** Opens tabs of a user and signs them in. */
  open(user: string, groups: string[], count: number): void {
    this.hueOf(user);
    const last = Math.max(0, ...this.of(user).map((tab) => tab.number));
    for (let at = 1; at <= count; at += 1) {
      const tab = new Tab(user, groups, last + at);
      this.all = [...this.all, tab].sort((one, other) => one.user.localeCompare(other.user) || one.number - other.number);
      tab.watch(() => this.changed());
      void tab.signIn();
    }
    this.#remember();
    this.changed();
  }

  /** Opens the tabs that an address names, such as ?user=alice&groups=acme&tabs=2&user=bob&groups=&tabs=1. */
  openAll(query: URLSearchParams): void {
    const [groups, counts] = [query.getAll("groups"), query.getAll("tabs")];
    query.getAll("user").forEach((user, at) => {
      const count = Math.min(TABS_MAX, Number(counts[at] ?? 1) || 1);
      if (user.trim()) this.open(user.trim(), list(groups[at] ?? ""), count);
    });
  }

  /** Writes the tabs into the address, so that a reload opens them again. */
  #remember(): void {
    const query = new URLSearchParams();
    for (const user of this.users) {
      const tabs = this.of(user);
      query.append("user", user);
      query.append("groups", (tabs[0]?.groups ?? []).join(","));
      query.append("tabs", String(tabs.length));
    }
    history.replaceState(null, "", query.size > 0 ? `?${query}` : location.pathname);
  }

  close(tab: Tab): void {
    this.all = this.all.filter((each) => each !== tab);
    void tab.close();
    this.#remember();
    this.changed();
  }

  of(user: string): Tab[] {
    return this.all.filter((tab) => tab.user === user);
  }

  /** A number for each user, in the order in which they came. */
  hueOf(user: string): number {
    if (!this.#arrived.includes(user)) this.#arrived.push(user);
    return this.#arrived.indexOf(user) % HUES;
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
