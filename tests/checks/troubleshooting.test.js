// Each text that TROUBLESHOOTING quotes is a text of the code or of the official client.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { describe, it } from "node:test";

const ROOT = new URL("../../", import.meta.url).pathname;
const CODE = ["functions", "shared", "infra/programs"];
const CLIENT = "tests/node_modules/@microsoft/signalr/dist/cjs";
// What AWS says, and what names a thing rather than quotes a text.
const FOREIGN = new Set(["AccessDenied", "AddAzureSignalR"]);
// Rust continues a text behind a backslash at the end of a line, and escapes quotes.
const unbroken = (code) => code.replace(/\\\n\s*/g, "").replaceAll('\\"', '"');

/** The texts of all sources below a folder. */
function read(folder, wanted) {
  const files = readdirSync(ROOT + folder, { recursive: true }).filter((file) => wanted.test(file));
  return files.map((file) => unbroken(readFileSync(`${ROOT}${folder}/${file}`, "utf8"))).join("\n");
}

/** The texts in backticks of the first cells, in tables whose first column quotes. */
function* quotes(page) {
  let quoting = false;
  for (const line of page.split("\n")) {
    if (!line.startsWith("|")) quoting = false;
    else if (/^\| (what you see|reason|line) \|/.test(line)) quoting = true;
    else if (quoting) yield* [...line.split(" | ")[0].matchAll(/`([^`]+)`/g)].map((found) => found[1]);
  }
}

/** What of a quote stands as a whole somewhere: the parts around what differs. */
const parts = (quote) => quote.split("..").map((part) => part.trim()).filter(Boolean);

describe("TROUBLESHOOTING", () => {
  const page = readFileSync(`${ROOT}docs/TROUBLESHOOTING.md`, "utf8");
  const known = [...CODE.map((folder) => read(folder, /\/src\/.*\.rs$/)), read(CLIENT, /\.js$/)].join("\n");

  it("quotes texts that exist", () => {
    const all = [...quotes(page)];
    assert.ok(all.length > 40, `only ${all.length} quotes were found`);
    const unknown = all.filter((quote) => !FOREIGN.has(quote)).flatMap(parts).filter((part) => !known.includes(part));
    assert.deepEqual(unknown, [], "no code has these texts");
  });

  it("finds a text that nobody has", () => {
    const [wrong] = quotes("| what you see | why |\n|---|---|\n| `a text that nobody says` | x |");
    assert.equal(known.includes(wrong), false);
  });
});
