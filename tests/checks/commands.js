// Who answers for which command of the documents, so that none is shown that nobody runs.
// Verbs that `make test` reaches need no entry, and neither do commands that are marked where they stand.

/** Commands that ./docs.test.js runs. */
export const HERE = [
  "make",
  "make capacity",
  "make configuration",
  "make cost",
  "make inline",
  "node infra/cloud/cost/capacity.mjs --quota 10000 --keep-alive 15 --posts 5000",
  "node infra/cloud/cost/cost.mjs --connections 5000 --hours 176 --keep-alive 240 --notifications 400",
];

/** The test of this name, in a file that holds these words; `..` stands for what a title fills in. */
const byTest = (file, test, words = "") => ({ file, test, words });
/** A verb that `make test` reaches and that runs a command with these words; with a file, the command is a program of ours that holds words too. */
const byVerb = (verb, runs, file, words = "") => ({ verb, runs, file, words });
/** A package that tests/package.json or tests/requirements.txt has installed for the tests. */
const byPackage = (file, name) => ({ file, package: name });

const starts = (command) => byTest("tests/stories/docs.test.js", "`..` starts everything, and Ctrl-C ends it", `"${command}"`);
const document = (test, words) => byTest("tests/stories/docs.test.js", test, words);
const probes = document("`make probe URL=http://127.0.0.1:8080` asks the local stack");
const letters = (words) => document("lists, shows, drops and redrives dead letters as the operations guide does", words);
const guide = (words) => document("counts and listens as the migration guide does", words);
const troubles = (words) => document("looks for a client as the page of troubles does", words);
const commandLine = byTest("infra/programs/cli/tests/cli/docs.rs", "every_command_of_the_page_works");
const readme = (words) => byTest("tests/stories/first-send.test.js", "as the README shows it by .. reaches who receives as the README shows it", words);
const example = (words) => byTest("tests/stories/examples.test.js", ".. does the four jobs", words);
const fate = (test, words) => byTest("tests/stories/journey.test.js", test, words);
const localStack = byTest("infra/programs/local/tests/local/program.rs", "the_first_line_says_where_it_is_and_sigterm_ends_it_with_0", "hubcast ready on ");

/** Pages whose blocks one test runs, all of them. */
export const PAGES_ELSEWHERE = {
  "docs/CLI.md": commandLine,
};

export const ELSEWHERE = {
  "make run": starts("PORT=0 make run"),
  "PORT=0 make run": starts("PORT=0 make run"),
  'make run ARGS="--port 0"': document("`..` starts everything, and Ctrl-C ends it", `'make run ARGS="--port 0"'`),
  'make run ARGS="--help"': document('`make run ARGS="--help"` tells the flags'),
  "make probe": probes,
  "make probe URL=..": probes,
  "make probe URL=http://127.0.0.1:8080": probes,
  "target/debug/hubcast-local": localStack,
  "hubcast ready on URL": localStack,
  "hubcast ready on http://127.0.0.1:8080": localStack,

  'make run ARGS="--hubs=*"': byTest("infra/programs/local/tests/local/program.rs", "a_misspelt_hub_is_refused_where_the_hubs_are_named"),
  "PORT=8081 make run": starts("PORT=0 make run"),
  "token=$(curl -s -X POST http://127.0.0.1:8080/dev/rest-token)": readme('readme("Send", "sh")'),
  [`curl -i 'http://127.0.0.1:8080/api/hubs/notifications/users/alice/:send?api-version=2024-12-01' -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d '{"target":"permissionsChanged","arguments":[{"role":"admin"}]}'`]:
    readme('readme("Send", "sh")'),
  "cargo run -p hubcast-cli -- send --local --user alice permissionsChanged role=admin": readme('readme("Send", "sh", 2)'),
  [`aws sqs send-message --endpoint-url http://127.0.0.1:8080 --queue-url http://127.0.0.1:8080/000000000000/hubcast-notifications.fifo --message-group-id notifications:user:alice --message-deduplication-id "$(date +%s%N)" --message-body '{"userId":"alice","target":"permissionsChanged","arguments":[{"role":"admin"}]}'`]:
    readme('readme("Send", "sh", 1)'),
  "npm install http://127.0.0.1:8080/hubcast-client.tgz": byTest("tests/browser/apps.test.js", "works in an app of Angular that installs the package from the stack", "hubcast-client.tgz"),
  "npm install --install-links ../hubcast/infra/web/client-js": byTest("tests/browser/apps.test.js", "works in an app of Vite that installs the folder", "install(folder, CLIENT)"),
  "npm install @microsoft/signalr": byPackage("tests/package.json", "@microsoft/signalr"),

  "hubcast help COMMAND": document("explains its commands by `hubcast help COMMAND`"),
  "hubcast dlq list": letters('hubcast("hubcast dlq list")'),
  "hubcast dlq show ID": letters('hubcast("hubcast dlq show ID", id)'),
  "hubcast dlq drop ID": letters('hubcast("hubcast dlq drop ID", id)'),
  "hubcast connections count": guide("hubcast connections count"),
  "hubcast listen --url https://push.contoso.com --user ID --json": guide("hubcast listen --user alice --json"),
  "hubcast listen": commandLine,
  "hubcast listen --local": commandLine,
  "hubcast audit": commandLine,
  "hubcast why": commandLine,
  "hubcast why --user": fate("tells of a log-out by SQS, that the client heard it, and who ended the session", '"--user", "dora"'),
  "hubcast why --user ID": fate("tells of a log-out by SQS, that the client heard it, and who ended the session", '"--user", "dora"'),
  "hubcast why --message ID": fate("tells of a message to a user with two tabs, of which one is gone", '"--message", id'),
  "hubcast send --local": commandLine,
  "hubcast console": commandLine,
  "hubcast doctor --local": commandLine,
  "hubcast probe": commandLine,

  [`token=$(curl -s -X POST http://127.0.0.1:8080/dev/token -d '{"sub":"alice"}' | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`]: troubles("block(text("),
  [`curl -i -X POST 'http://127.0.0.1:8080/hubs/notifications/negotiate?negotiateVersion=1' -H "Authorization: Bearer $token"`]: troubles("block(text("),
  "hubcast connections list --user ID": troubles("hubcast connections list --user ID"),
  "hubcast send --connection=ID toast hello": troubles("hubcast send --connection=ID toast hello"),

  "python python/notify.py role alice admin": example('example("python/notify.py")'),
  "node node/notify.mjs role alice admin": example('example("node/notify.mjs")'),
  "sh shell/notify.sh role alice admin": example('example("shell/notify.sh")'),
  'java -cp "$AWS_SDK_CLASSPATH" java/Notify.java role alice admin': example('example("java/Notify.java")'),
  "pip install ./infra/testing/python": byTest("tests/stack/release_test.py", "test_packages_are_as_registries_want_them", "pytest_hubcast-"),
  "npm install --save-dev --install-links ../hubcast/infra/testing/node": byPackage("tests/package.json", "@hubcast/testing"),
  "pip install boto3": byPackage("tests/requirements.txt", "boto3"),
  "npm install @aws-sdk/client-sqs": byPackage("tests/package.json", "@aws-sdk/client-sqs"),

  "python3 tests/checks/layers.py --write": byTest("tests/checks/crates_test.py", "test_the_page_shows_what_is_held"),
  "python3 tests/checks/adr.py --write": byTest("tests/checks/adr_test.py", "test_records_and_their_index_agree"),
  "apt-get install chromium": byVerb("browser", "node browser/install.js", "tests/browser/install.js", '"apt-get", "install"'),
  "npx playwright-core install chromium":
    byVerb("browser", "node browser/install.js", "tests/browser/install.js", '"playwright-core", "install", "chromium"'),
  "cargo test -p signalr-protocol -p hubcast-model": byVerb("unit", "cargo test --quiet --workspace"),
  "cargo build -p hubcast-local && cd tests && node --test stories/user-message.test.js": byVerb("stories", "node --test --test-force-exit --test-concurrency=2 stories/*.test.js"),
  "cargo build": byVerb("stack", "cargo build --quiet --workspace --bins"),
  "sam deploy": byVerb("stack", "node stack/run.js", "tests/stack/deployment.js", 'run("sam", ["deploy"'),
  "node stack/run.js stories/log-out.test.js": byVerb("stack", "node stack/run.js"),
};
