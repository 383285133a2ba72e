// An answer for a command fails when a verb or a test is renamed, and says so.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { text } from "../harness/docs.js";
import { fault, testsOf } from "./answers.js";
import { Makefile } from "./makefile.js";

const SMALL = String.raw`
CARGO ?= cargo
DONE := done
.PHONY: all unit
all: unit $(DONE) ## All.
unit: export X ?= 1
unit: ## Tests.
	$(CARGO) test \
	  --all
	cd tests && npm run --silent stories
$(DONE):
	touch $@
also: $(DONE)
other:
	false
`;

describe("a Makefile", () => {
  const makefile = new Makefile(SMALL);

  test("tells what a verb reaches, and what it covers thereby", () => {
    assert.deepEqual([...makefile.reached("all")], ["all", "unit", "done"]);
    const covered = ["unit", "done", "also", "other", "none"].filter((verb) => makefile.covers("all", verb));
    assert.deepEqual(covered, ["unit", "done", "also"]);
  });

  test("tells what a verb runs, scripts included", () => {
    const [first, second, script] = makefile.commands("unit");
    assert.deepEqual([first, second], ["cargo test --all", "cd tests && npm run --silent stories"]);
    assert.match(script, /^NODE_NO_WARNINGS=1 node --test .* stories\/\*\.test\.js/);
  });
});

describe("the tests of a file", () => {
  test("are found by their titles, their names, their methods", () => {
    const script = "it(`a ${b} \\`c\\``, f); itBySqs('d', f); submit('e')";
    assert.deepEqual(testsOf("x.test.js", script), ["a .. `c`", "d"]);
    assert.deepEqual(testsOf("x.rs", "#[tokio::test(start_paused = true)]\nasync fn a() {}\nfn b() {}"), ["a"]);
    assert.deepEqual(testsOf("x_test.py", "class A(TestCase):\n    def test_a(self):\n        pass\n\n    def b(self):\n"), ["test_a"]);
  });
});

describe("an answer", () => {
  const makefile = new Makefile(text("Makefile"));

  test("by a verb holds while `make test` reaches the verb and the verb runs the command", () => {
    const answer = { verb: "unit", runs: "cargo test --quiet --workspace" };
    assert.equal(fault(answer, makefile), undefined);
    assert.equal(fault({ ...answer, verb: "units" }, makefile), "the Makefile has no verb units");
    assert.equal(fault({ verb: "soak", runs: "cargo" }, makefile), "make test does not reach soak");
    assert.equal(fault({ ...answer, runs: "cargo bench" }, makefile), "make unit does not run: cargo bench");
  });

  test("by a test holds while the test has this name", () => {
    const answer = { file: "tests/stories/docs.test.js", test: "explains its commands by `hubcast help COMMAND`" };
    assert.equal(fault(answer, makefile), undefined);
    assert.match(fault({ ...answer, test: "explains" }, makefile), /has no test of the name: explains$/);
    assert.match(fault({ ...answer, words: "hubcast never" }, makefile), /does not hold: hubcast never$/);
    assert.match(fault({ ...answer, file: "tests/gone.test.js" }, makefile), /there is no file tests\/gone\.test\.js$/);
  });

  test("by a package holds while the tests install it", () => {
    assert.equal(fault({ file: "tests/package.json", package: "@microsoft/signalr" }, makefile), undefined);
    assert.match(fault({ file: "tests/requirements.txt", package: "boto" }, makefile), /does not install boto$/);
  });
});
