//! Every command of `docs/CLI.md`, run as a reader runs it.

use std::path::Path;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::rig::{PATIENCE, Rig};

/// The commands of all `sh` blocks, in order.
fn commands(document: &str) -> Vec<&str> {
    let mut is_shell = false;
    let mut commands = Vec::new();
    for line in document.lines() {
        match line.strip_prefix("```") {
            Some(language) => is_shell = language == "sh",
            None if is_shell => commands.push(line),
            None => {}
        }
    }
    commands
}

/// A shell with the program on its path, whose local stack is the rig's; what talks to AWS finds
/// the rig too.
fn shell(rig: &Rig, command: &str, folder: &Path) -> Command {
    let url = rig.stack.url();
    let command = command.replace("--local", &format!("--local={url}"));
    let command = command.replace("https://push.example.com", url);
    let program = Path::new(env!("CARGO_BIN_EXE_hubcast")).parent().unwrap();
    let mut shell = Command::new("sh");
    shell.env_clear().kill_on_drop(true);
    for (name, value) in rig.by_environment(&[]).as_std().get_envs() {
        shell.env(name, value.unwrap());
    }
    shell.env("PATH", format!("{}:/usr/bin:/bin", program.display()));
    shell.env_remove("PUBLIC_URL").current_dir(folder);
    shell.arg("-c").arg(command);
    shell
}

async fn listening(rig: &Rig, command: &str, folder: &Path) -> Child {
    let command = format!("exec {} --json", command.trim_end_matches(" --json"));
    let mut shell = shell(rig, &command, folder);
    let mut child = shell.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap();
    assert!(line.contains("connected") || line.contains("?secret="), "{command}: {line}");
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    child
}

#[tokio::test]
async fn every_command_of_the_page_works() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/CLI.md");
    let page = std::fs::read_to_string(page).unwrap();
    let commands = commands(&page);
    assert!(commands.len() > 25, "{}", commands.len());
    let (rig, folder) = (Rig::start().await, tempfile::tempdir().unwrap());
    let mut listeners = Vec::new();
    for command in commands {
        if command.starts_with("hubcast listen") || command.starts_with("hubcast console") {
            listeners.push(listening(&rig, command, folder.path()).await);
            continue;
        }
        let run = shell(&rig, command, folder.path()).output();
        let output = timeout(PATIENCE, run).await.unwrap().unwrap();
        assert!(output.status.success(), "{command}: {output:?}");
    }
    assert!(listeners.len() > 3, "{}", listeners.len());
}

#[test]
fn the_page_names_every_command_and_exit_code() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/CLI.md");
    let page = std::fs::read_to_string(page).unwrap();
    let commands = [
        "send",
        "why",
        "audit",
        "listen",
        "connections, users, groups",
        "token",
        "dlq",
        "metrics",
        "console",
        "doctor",
        "probe",
        "completions",
    ];
    for command in commands {
        assert!(page.contains(&format!("\n## {command}\n")), "{command}");
    }
    for code in 0..=5 {
        assert!(page.contains(&format!("\n| {code} | ")), "{code}");
    }
}
