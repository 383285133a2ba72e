// A real Chromium: the system's own, or the one that Playwright installed.

import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];
/** Quiet: a browser that asks nobody but the page for anything. */
export const FLAGS = [
  "--no-sandbox",
  "--headless",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Where a browser is; says what to install when there is none. */
export function executable() {
  const found = [process.env.CHROMIUM, ...PLACES, chromium.executablePath()].find((path) => path && existsSync(path));
  if (found) return found;
  throw new Error(
    "There is no Chromium: install one (apt-get install chromium, or npx playwright-core install chromium in tests/), " +
      "or set CHROMIUM to the path of yours.",
  );
}

/** A browser; pages of `*.example` come from this machine. */
export function launch() {
  return chromium.launch({
    executablePath: executable(),
    args: [...FLAGS, "--host-resolver-rules=MAP *.example 127.0.0.1"],
  });
}

const ARTEFACTS = fileURLToPath(new URL("../artefacts/browser/", import.meta.url));

/** Keeps a picture of the page, to look at. */
export async function picture(page, name) {
  await mkdir(ARTEFACTS, { recursive: true });
  // Else what sticks to the top of the window would stand in the middle of the picture.
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: `${ARTEFACTS}${name}.png`, fullPage: true, animations: "disabled" });
}

/** Notes what a page asks of servers, preflights included, which pages themselves do not see. */
export async function traffic(page) {
  const cdp = await page.context().newCDPSession(page);
  const requests = new Map();
  // What is told of one request comes in any order.
  const note = (requestId, more) => requests.set(requestId, { ...requests.get(requestId), ...more });
  cdp.on("Network.requestWillBeSent", ({ requestId, request }) =>
    note(requestId, { ...request, headers: lower(request.headers) }),
  );
  cdp.on("Network.responseReceivedExtraInfo", ({ requestId, statusCode, headers }) =>
    note(requestId, { answer: { statusCode, headers: lower(headers) } }),
  );
  await cdp.send("Network.enable");
  /** What was asked and answered so far. */
  const answered = () => [...requests.values()].filter(({ url, answer }) => url && answer);
  return { of: (method, path) => answered().filter((each) => each.method === method && new URL(each.url).pathname === path) };
}

function lower(headers = {}) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
