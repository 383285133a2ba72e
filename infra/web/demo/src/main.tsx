// The entry: shows the page, and opens the tabs that its address names.

import { render } from "preact";
import { App } from "./app";
import { stack } from "./stack";
import { tabs } from "./tabs";
import "./style.css";

tabs.openAll(new URLSearchParams(location.search));
void stack.look();

const root = document.getElementById("app");
if (root) render(<App />, root);
