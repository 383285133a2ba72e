// The entry: shows the page, and opens the tabs that its address names.

import { render } from "preact";
import { App } from "./app";
import { list } from "./envelope";
import { tabs } from "./tabs";
import "./style.css";

// Such as /?user=alice&groups=acme&tabs=2, for a link or a second window.
const query = new URLSearchParams(location.search);
const user = query.get("user")?.trim();
if (user) tabs.open(user, list(query.get("groups") ?? ""), Math.min(9, Number(query.get("tabs") ?? 1) || 1));

const root = document.getElementById("app");
if (root) render(<App />, root);
