// Which test runs which command of the documents, by the file and by words of it that go when the test goes.
// Verbs that `make test` reaches need no entry, and neither do commands that are marked where they stand.

/** Commands that ./docs.test.js runs. */
export const HERE = [
  "make",
  "make cost",
  "make inline",
  "node infra/cloud/cost/cost.mjs --connections 5000 --hours 176 --keep-alive 240 --notifications 400",
];

/** Pages whose blocks one test runs, all of them. */
export const PAGES_ELSEWHERE = {
  "docs/CLI.md": ["infra/programs/cli/tests/cli/docs.rs", "fn every_command_of_the_page_works"],
};

const documents = (words) => ["tests/stories/docs.test.js", words];
const commandLine = ["infra/programs/cli/tests/cli/docs.rs", "fn every_command_of_the_page_works"];
const readme = (words) => ["tests/stories/first-send.test.js", words];
const example = (words) => ["tests/stories/examples.test.js", words];

export const ELSEWHERE = {
  "make run": documents("PORT=0 make run"),
  "PORT=0 make run": documents("PORT=0 make run"),
  'make run ARGS="--port 0"': documents('make run ARGS="--port 0"'),
  'make run ARGS="--help"': documents('make run ARGS="--help"'),
  "make probe": documents("make probe URL=http://127.0.0.1:8080"),
  "make probe URL=..": documents("make probe URL=http://127.0.0.1:8080"),
  "make probe URL=http://127.0.0.1:8080": documents("make probe URL=http://127.0.0.1:8080"),
  "make demo": ["Makefile", "browser: $(NODE_MARK) $(VENV_MARK) $(DEMO)"],
  "target/debug/hubcast-local": ["tests/harness/stack.js", "target/debug/hubcast-local"],
  "hubcast ready on URL": ["tests/harness/stack.js", "hubcast ready on"],
  "hubcast ready on http://127.0.0.1:8080": ["tests/harness/stack.js", "hubcast ready on"],

  "cargo run --quiet -p hubcast-cli -- send --local --user alice permissionsChanged role=admin": readme('readme("Send", "sh")'),
  [`aws sqs send-message --endpoint-url http://127.0.0.1:8080 --queue-url http://127.0.0.1:8080/000000000000/hubcast-notifications.fifo --message-group-id notifications:user:alice --message-deduplication-id "$(date +%s%N)" --message-body '{"userId":"alice","target":"permissionsChanged","arguments":[{"role":"admin"}]}'`]:
    readme('readme("Send", "sh", 1)'),
  "npm install @microsoft/signalr": ["tests/package.json", '"@microsoft/signalr"'],

  "hubcast help COMMAND": documents("hubcast help COMMAND"),
  "hubcast dlq list": documents("hubcast dlq list"),
  "hubcast dlq show ID": documents("hubcast dlq show ID"),
  "hubcast dlq drop ID": documents("hubcast dlq drop ID"),
  "hubcast connections count": documents("hubcast connections count"),
  "hubcast listen --url https://push.contoso.com --user ID --json": documents("hubcast listen --user alice --json"),
  "hubcast listen": commandLine,
  "hubcast listen --local": commandLine,
  "hubcast send --local": commandLine,
  "hubcast doctor --local": commandLine,

  "python python/notify.py role alice admin": example('example("python/notify.py")'),
  "node node/notify.mjs role alice admin": example('example("node/notify.mjs")'),
  "sh shell/notify.sh role alice admin": example('example("shell/notify.sh")'),
  'java -cp "$AWS_SDK_CLASSPATH" java/Notify.java role alice admin': example('example("java/Notify.java")'),
  "pip install boto3": ["tests/requirements.txt", "boto3"],
  "npm install @aws-sdk/client-sqs": ["tests/package.json", '"@aws-sdk/client-sqs"'],

  "python3 tests/checks/layers.py --write": ["tests/checks/crates_test.py", "def test_the_page_shows_what_is_held"],
  "apt-get install chromium": ["tests/browser/install.js", '"apt-get", "install"'],
  "npx playwright-core install chromium": ["tests/browser/install.js", '"playwright-core", "install", "chromium"'],
  "cargo test -p signalr-protocol -p hubcast-model": ["Makefile", "$(CARGO) test --quiet --workspace"],
  "cargo build -p hubcast-local && cd tests && node --test stories/user-message.test.js": ["tests/package.json", "node --test --test-concurrency=2 stories/*.test.js"],
  "cargo build": ["Makefile", "$(CARGO) build --quiet --workspace --bins"],
  "sam deploy": ["tests/stack/deployment.js", '"deploy"'],
  "node stack/run.js stories/log-out.test.js": ["tests/package.json", "node stack/run.js"],
};
