// The documents as a site, in a real browser: pictures are drawn, the search finds, and nobody else is asked.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { readdirSync } from "node:fs";
import { launch, picture } from "../harness/browser.js";
import { blocks, text } from "../harness/docs.js";
import { PATIENCE_MS, poll } from "../harness/poll.js";
import { startStack } from "../harness/stack.js";

const DEMO = fileURLToPath(new URL("../../infra/web/demo/dist", import.meta.url));
const SITE = fileURLToPath(new URL("../../target/site", import.meta.url));
const KINDS = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml" };
const guides = readdirSync(new URL("../../docs", import.meta.url)).filter((name) => name.endsWith(".md"));
const pictures = guides.map((name) => [name, blocks(text(`docs/${name}`)).filter(({ language }) => language === "mermaid").length]);

let browser, server, url;
before(async () => {
  server = createServer(async (request, answer) => {
    const path = new URL(request.url, "http://x").pathname;
    const body = await readFile(join(SITE, path === "/" ? "index.html" : path)).catch(() => undefined);
    answer.writeHead(body ? 200 : 404, { "content-type": KINDS[extname(path)] ?? "text/html" }).end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${server.address().port}`;
  browser = await launch();
});
after(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
});

async function opened(path) {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(`${url}/${path}`);
  return { page, asked };
}

describe("the site of the documents", () => {
  for (const [name, count] of pictures.filter(([, count]) => count > 0)) {
    it(`draws the ${count} picture(s) of ${name}`, async () => {
      const { page, asked } = await opened(name.replace(/md$/, "html"));
      // Mermaid draws into a closed shadow tree, so that the size of its element tells.
      await page.waitForFunction((wanted) => {
        const drawn = [...document.querySelectorAll(".mermaid")].filter((it) => it.tagName === "DIV" && it.clientHeight > 50);
        return drawn.length === wanted;
      }, count);
      await picture(page, `document-${name.replace(/\.md$/, "").toLowerCase()}`);
      assert.deepEqual(asked.filter((it) => !it.startsWith(url) && !it.startsWith("blob:") && !it.startsWith("data:")), []);
      await page.close();
    });
  }

  it("finds a page by a word", async () => {
    const { page } = await opened("index.html");
    const box = page.locator("input[placeholder]").last();
    const open = async () => (await box.isVisible()) || page.keyboard.press("/").then(() => box.isVisible());
    await poll(open, Boolean, () => "the search does not open");
    await box.fill("For those who come later");
    await page.getByText("A retained value is for feature flags").first().waitFor();
    await page.close();
  });
});

describe("the documents beside the demo page", () => {
  let stack;
  before(async () => (stack = await startStack("--demo", DEMO)));
  after(() => stack?.stop());

  /** The ids of a page, and where its links lead. */
  async function read(address) {
    const answer = await fetch(address);
    assert.equal(answer.status, 200, address);
    const html = await answer.text();
    assert.match(html, /<h1/, address);
    const all = (pattern) => [...html.matchAll(pattern)].map(([, text]) => text);
    return { ids: all(/ id="([^"]*)"/g), links: all(/<a href="([^"]*)"/g).map((href) => new URL(href, address).href) };
  }

  it("lead nowhere by no link", async () => {
    const [known, wanted, waiting] = [new Map(), [], [`${stack.url}/docs/index.html`]];
    while (waiting.length > 0) {
      const address = waiting.pop();
      if (known.has(address)) continue;
      const { ids, links } = await read(address);
      known.set(address, ids);
      const own = links.filter((link) => link.startsWith(`${stack.url}/docs/`));
      wanted.push(...own);
      waiting.push(...own.map((link) => link.split("#")[0]));
    }
    for (const name of guides) assert.ok(known.has(`${stack.url}/docs/${name.replace(/md$/, "html")}`), name);
    const lost = wanted.map((link) => link.split("#")).filter(([page, id]) => id && !known.get(page).includes(decodeURIComponent(id)));
    assert.deepEqual(lost, []);
  });

  it("are what the demo page links to, and render within its policy", async () => {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const complaints = [];
    page.on("console", (message) => complaints.push(message.text()));
    await page.goto(stack.url);
    await page.getByRole("link", { name: "protocol" }).click();
    await page.getByRole("heading", { level: 1, name: "Protocol" }).waitFor();
    assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector("table")).borderCollapse), "collapse");
    await picture(page, "document-beside-the-demo");
    assert.deepEqual(complaints, []);
    await page.close();
  });
});
