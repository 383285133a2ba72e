// The site of the documents in a real browser: pictures are drawn, and the search finds a page.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { openBrowser } from "../harness/browser.js";
import { serve } from "../harness/site.js";
import { blocks, text } from "../harness/docs.js";
