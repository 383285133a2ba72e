//! `hubcast console`: who is let in, what the page is told, and what the page may change.

use reqwest::header::{COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::rig::{PATIENCE, Rig, program, service};

/// A console that runs, and the address that the terminal shows.
pub(crate) struct Console {
    child: Child,
    entrance: String,
    base: String,
    http: Client,
    cookie: String,
}

impl Console {
    /// Starts a console that nobody has opened yet.
    async fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        let entrance = told["url"].as_str().unwrap().to_owned();
        let base = entrance.split_once("/?secret=").unwrap().0.to_owned();
        let http = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        Self { child, entrance, base, http, cookie: String::new() }
    }

    /// Starts a console, and opens its address.
    pub(crate) async fn opened(rig: &Rig, flags: &[&str]) -> Self {
        let mut command = rig.hubcast(&["console", "--json"]);
        command.args(flags);
        let console = Self::start(command).await;
        let answer = console.http.get(&console.entrance).send().await.unwrap();
        let cookie = cookie(&answer).unwrap();
        Self { cookie, ..console }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        request.header(COOKIE, &self.cookie)
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        read(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        read(self.request(Method::POST, path).header(ORIGIN, &self.base).json(body)).await
    }
}

fn cookie(answer: &Response) -> Option<String> {
    let cookie = answer.headers().get(SET_COOKIE)?.to_str().ok()?;
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
    cookie.split(';').next().map(str::to_owned)
}

async fn read(request: RequestBuilder) -> (StatusCode, Value) {
    let answer = timeout(PATIENCE, request.send()).await.unwrap().unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or_else(|_| json!(text)))
}

#[tokio::test]
async fn the_address_of_the_terminal_is_good_once() {
    let rig = Rig::start().await;
    let console = Console::start(rig.hubcast(&["console", "--json"])).await;
    let get = |path: String| console.http.get(path);
    let (status, text) = read(get(format!("{}/", console.base))).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(text.as_str().unwrap().contains("open the address"), "{text}");
    let wrong = read(get(format!("{}/?secret=guess", console.base))).await;
    assert_eq!(wrong.0, StatusCode::FORBIDDEN);
    let first = get(console.entrance.clone()).send().await.unwrap();
    assert_eq!(
        (first.status(), &first.headers()[LOCATION]),
        (StatusCode::SEE_OTHER, &"/".parse().unwrap())
    );
    let cookie = cookie(&first).unwrap();
    let (status, text) = read(get(console.entrance.clone())).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "the secret a second time");
    assert!(text.as_str().unwrap().contains("was used before"), "{text}");
    let again = get(console.entrance.clone()).header(COOKIE, &cookie).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::SEE_OTHER, "who is in already may come by it");
    assert!(again.headers().get(SET_COOKIE).is_none());
    let page = get(format!("{}/", console.base)).header(COOKIE, &cookie).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    assert_eq!(page.headers()["cache-control"], "no-store");
}

#[tokio::test]
async fn other_names_of_this_machine_and_other_origins_are_refused() {
    let rig = Rig::start().await;
    let console = Console::opened(&rig, &["--allow-changes"]).await;
    let port = console.base.rsplit_once(':').unwrap().1;
    let users = || console.request(Method::GET, "/api/users");
    for host in [format!("console.example:{port}"), "127.0.0.1:1".to_owned()] {
        let (status, told) = read(users().header(HOST, &host)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{host}");
        assert!(told["failure"]["text"].as_str().unwrap().contains("no other name"), "{told}");
    }
    for origin in ["http://console.example", rig.stack.url(), "null"] {
        assert_eq!(read(users().header(ORIGIN, origin)).await.0, StatusCode::FORBIDDEN, "{origin}");
        let send = console.request(Method::POST, "/api/messages").header(ORIGIN, origin);
        assert_eq!(read(send.body("{}")).await.0, StatusCode::FORBIDDEN, "{origin}");
    }
    let silent = console.request(Method::POST, "/api/messages").body("{}");
    assert_eq!(read(silent).await.0, StatusCode::FORBIDDEN, "a change without an origin");
    assert_eq!(read(users()).await.0, StatusCode::OK);
}

#[tokio::test]
async fn the_page_is_told_what_the_commands_tell() {
    let rig = Rig::start().await;
    let _alice = rig.listener(&["--user", "alice", "--group", "admins"]).await;
    let _bob = rig.listener(&["--user", "bob"]).await;
    rig.until(&["connections", "list", "--json"], 2).await;
    let console = Console::opened(&rig, &[]).await;
    for (path, command) in [
        ("/api/connections", &["connections", "list", "--details"] as &[_]),
        ("/api/connections?user=alice", &["connections", "list", "--details", "--user", "alice"]),
        (
            "/api/connections?group=admins",
            &["connections", "list", "--details", "--group", "admins"],
        ),
        ("/api/users", &["users", "list"]),
        ("/api/groups", &["groups", "list"]),
        ("/api/user?id=alice", &["users", "show", "alice"]),
        ("/api/user?id=nobody", &["users", "show", "nobody"]),
        ("/api/letters", &["dlq", "list"]),
    ] {
        let (status, told) = console.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {told}");
        let expected = rig.run(&[command, &["--json"]].concat()).await.exits(0).json();
        assert_eq!(told["results"], json!(expected), "{path}");
    }
    let (_, place) = console.get("/api/place").await;
    assert_eq!((&place["hub"], &place["allowsChanges"]), (&json!("notifications"), &json!(false)));
    let (_, findings) = console.get("/api/findings").await;
    let checks: Vec<&Value> =
        findings["results"].as_array().unwrap().iter().map(|finding| &finding["check"]).collect();
    assert!(checks.contains(&&json!("endpoint")), "{findings}");
    assert!(!checks.contains(&&json!("round trip")), "a look sends nothing: {findings}");
}

#[tokio::test]
async fn without_allow_changes_the_server_changes_nothing() {
    let rig = Rig::start().await;
    rig.enqueue("dlq", "notifications:hub", r#"{"targt":"t"}"#, &[]).await;
    let console = Console::opened(&rig, &[]).await;
    let letter = console.get("/api/letters").await.1["results"][0]["id"].clone();
    let envelope = json!({ "userId": "alice", "action": "block" });
    for (path, body) in [
        ("/api/messages", &envelope),
        ("/api/letters/drop", &json!({ "ids": [letter] })),
        ("/api/letters/redrive", &json!({ "ids": [letter], "force": true })),
        ("/api/doctor", &json!({})),
        ("/api/listen", &json!({ "user": "alice" })),
    ] {
        let (status, told) = console.post(path, body).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
        let text = told["failure"]["text"].as_str().unwrap();
        assert!(text.contains("--allow-changes"), "{path}: {text}");
    }
    assert_eq!(console.get("/api/letters").await.1["results"][0]["id"], letter);
    assert_eq!(
        console.get("/api/user?id=alice").await.1["results"][0]["block"]["until"],
        json!(null)
    );
    let (status, shown) = console.post("/api/preview", &envelope).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(shown["results"][0]["messageGroup"], "notifications:user:alice");
    let (status, told) = console.post("/api/preview", &json!({ "usrId": "alice" })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(told["failure"]["text"].as_str().unwrap().contains("usrId"), "{told}");
}

#[tokio::test]
async fn with_allow_changes_messages_arrive_and_their_journey_is_told() {
    let rig = Rig::start().await;
    let mut alice = rig.listener(&["--user", "alice"]).await;
    let console = Console::opened(&rig, &["--allow-changes"]).await;
    let envelope = json!({ "userId": "alice", "target": "toast", "arguments": ["Hi"] });
    let (status, sent) = console.post("/api/messages", &envelope).await;
    assert_eq!(status, StatusCode::OK, "{sent}");
    assert_eq!(alice.call().await, ("toast".to_owned(), r#"["Hi"]"#.to_owned()));
    let id = sent["results"][0]["ids"][0].as_str().unwrap().to_owned();
    let told = timeout(PATIENCE, async {
        loop {
            let (_, told) = console.get(&format!("/api/why?message={id}")).await;
            if told["results"][0]["outcome"] == "done" {
                return told;
            }
        }
    });
    let told = told.await.unwrap();
    assert_eq!(told["results"][0]["timeline"][0]["step"], "delivered", "{told}");
    let (status, told) = console.get("/api/why?message=unknown").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(told["failure"]["text"].as_str().unwrap().contains("no line since"), "{told}");
    // The figures of all stacks of this process are in one book.
    let (_, figures) = console.get("/api/metrics?since=1h").await;
    let plots: Vec<&str> = figures["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["plot"].as_str())
        .collect();
    assert_eq!(plots.len(), 6, "{figures}");
    let done = &figures["results"][0]["lines"][1];
    assert_eq!(done["name"], "done");
    assert!(done["points"][0][1].as_f64().unwrap() >= 1.0, "{done}");
}

#[tokio::test]
async fn with_allow_changes_the_console_hears_messages_itself() {
    let rig = Rig::start().await;
    let console = Console::opened(&rig, &["--allow-changes"]).await;
    let listen = console.request(Method::POST, "/api/listen").header(ORIGIN, &console.base);
    let mut answer = listen.json(&json!({ "user": "op" })).send().await.unwrap();
    let mut next = async || -> Value {
        let line = timeout(PATIENCE, answer.chunk()).await.unwrap().unwrap().unwrap();
        serde_json::from_slice(&line).unwrap()
    };
    assert_eq!(next().await["event"], "connected");
    let envelope = json!({ "userId": "op", "target": "toast", "arguments": [1] });
    console.post("/api/messages", &envelope).await;
    assert_eq!(next().await, json!({ "event": "call", "target": "toast", "arguments": [1] }));
    drop(answer);
    rig.until(&["connections", "list", "--json"], 0).await;
    let (status, told) = console.post("/api/listen", &json!({ "user": "" })).await;
    assert_eq!((status, told["results"].clone()), (StatusCode::BAD_REQUEST, json!([])));
}

#[tokio::test]
async fn with_allow_changes_letters_are_redriven_and_dropped() {
    let rig = Rig::start().await;
    let mut alice = rig.listener(&["--user", "alice"]).await;
    let good = r#"{"userId":"alice","target":"late"}"#;
    rig.enqueue("dlq", "one", good, &[("RejectReason", "TooOld")]).await;
    rig.enqueue("dlq", "two", "nonsense", &[("RejectReason", "NotJson")]).await;
    let console = Console::opened(&rig, &["--allow-changes"]).await;
    let letters = console.get("/api/letters").await.1;
    let of = |reason: &str| {
        let letters = letters["results"].as_array().unwrap();
        letters.iter().find(|letter| letter["reason"] == reason).unwrap()["id"].clone()
    };
    let (good, bad) = (of("TooOld"), of("NotJson"));
    let (status, told) = console.post("/api/letters/redrive", &json!({ "ids": [good, bad] })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{told}");
    assert_eq!(told["results"][0], json!({ "redriven": 1, "stayed": 1 }));
    assert_eq!(alice.call().await.0, "late");
    let (status, told) = console.post("/api/letters/drop", &json!({ "ids": [bad] })).await;
    assert_eq!((status, &told["results"][0]["dropped"]), (StatusCode::OK, &json!(1)));
    assert_eq!(console.get("/api/letters").await.1["results"], json!([]));
    let (status, _) = console.post("/api/letters/drop", &json!({ "ids": [] })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let Console { mut child, .. } = console;
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = timeout(PATIENCE, async {
        loop {
            let line = told.next_line().await.unwrap().unwrap();
            if line.contains(" stack drop ") {
                return line;
            }
        }
    });
    let bad = bad.as_str().unwrap();
    let line = line.await.unwrap();
    assert!(line.ends_with(&format!(" somebody at the local stack drop {bad}: done")), "{line}");
}

/// The status and the failure of a look at the users.
async fn trouble(mut command: Command) -> (StatusCode, String) {
    command.args(["console", "--json"]);
    let console = Console::start(command).await;
    let answer = console.http.get(&console.entrance).send().await.unwrap();
    let console = Console { cookie: cookie(&answer).unwrap(), ..console };
    let (status, told) = console.get("/api/users").await;
    let part = |name: &str| told["failure"][name].as_str().unwrap().to_owned();
    (status, format!("{}; {}", part("text"), part("advice")))
}

#[tokio::test]
async fn each_trouble_is_a_sentence() {
    let mut nowhere = program();
    nowhere.arg("--local=127.0.0.1:1");
    let (status, text) = trouble(nowhere).await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert!(text.starts_with("nothing answers at http://127.0.0.1:1; start it"), "{text}");

    let aws = |pairs: &[(&str, &str)]| {
        let mut command = program();
        command.args(["--table", "hubcast"]).env("AWS_EC2_METADATA_DISABLED", "true");
        command.envs(pairs.iter().copied());
        command
    };
    let (_, text) = trouble(aws(&[])).await;
    assert!(text.contains("region") && text.contains("say --region"), "{text}");
    let region = ("AWS_REGION", "eu-central-1");
    let (_, text) = trouble(aws(&[region])).await;
    assert!(text.contains("there are no credentials of AWS; sign in"), "{text}");
    let refusal = json!({
        "__type": "AccessDeniedException",
        "message": "User: arn:aws:iam::1:user/ann is not authorized to perform: dynamodb:Query",
    });
    let url = service(move |_, _| (StatusCode::BAD_REQUEST, refusal.clone())).await;
    let signed = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
    let (status, text) =
        trouble(aws(&[&[region, ("AWS_ENDPOINT_URL", &url)], &signed[..]].concat())).await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert!(
        text.contains("not authorized to perform: dynamodb:Query; ask for a permission"),
        "{text}"
    );
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_refused_in_words() {
    let rig = Rig::start().await;
    let console = Console::opened(&rig, &[]).await;
    for (path, words) in [
        ("/api/user?id=", "a user's name"),
        ("/api/why", "a message, a user or a connection"),
        ("/api/why?message=a&user=b", "a message, a user or a connection"),
        ("/api/metrics?since=soon", "90s, 30m, 3h or 2d"),
    ] {
        let (status, told) = console.get(path).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        assert!(told["failure"]["text"].as_str().unwrap().contains(words), "{told}");
    }
}
