//! Commands, as they are put on the queue.

use hubcast_backend::Command;

use crate::office::Office;

#[tokio::test]
async fn many_commands_are_cut_into_messages_that_the_queue_takes() {
    let office = Office::default();
    for n in 0..3 {
        office.user(&format!("s{n}="), "alice").await;
    }
    let text = "x".repeat(100 * 1024);
    let command =
        format!(r#"[{{"type":"SendMessage","message":{{"target":"m","arguments":["{text}"]}}}}]"#);
    let commands = Command::list(&command).expect("commands");
    office.backend.execution(&office.hub).execute(None, &commands).await.expect("executed");
    let sizes: Vec<usize> = office.queue.sent().iter().map(|sent| sent.body.len()).collect();
    assert!(sizes.len() == 2 && sizes.iter().all(|size| *size < 256 * 1024), "{sizes:?}");
}
