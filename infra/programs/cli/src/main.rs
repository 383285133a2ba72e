//! `hubcast`: the command line of a deployment.
//!
//! The program sends what a backend sends, listens as a browser does, reads the
//! table as an operator may, moves dead letters, and probes a deployment. The
//! program holds no rules of its own: the rules of envelopes, names and tokens
//! are in the crates of `shared/`.

// The futures of the AWS SDK nest deeper than the compiler follows by default.
#![recursion_limit = "256"]

mod argument;
mod audience;
mod audit;
mod close;
mod command;
mod completions;
mod connections;
mod console;
mod deployment;
mod dispatch;
mod dlq;
mod doctor;
mod draft;
mod equals;
mod explanation;
mod failure;
mod follow;
mod lines;
mod listen;
mod member;
mod metrics;
mod moment;
mod network;
mod output;
mod pass;
mod people;
mod period;
mod printable;
mod probe;
mod progress;
mod send;
mod token;
mod verdict;
mod why;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use command::{Cli, Command};
use deployment::Deployment;
use explanation::Explanation;
use failure::Failure;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    let arguments: Vec<String> = arguments.collect();
    if let Some(question) = equals::question(&arguments) {
        return ended(&Failure::Usage(question), None);
    }
    let Cli { place, output, command } = Cli::parse();
    let deployment = match Deployment::new(place) {
        Ok(deployment) => deployment,
        Err(failure) => return ended(&failure, None),
    };
    match run(command, &deployment, &output).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => ended(&failure, Some(&deployment)),
    }
}

fn ended(failure: &Failure, deployment: Option<&Deployment>) -> ExitCode {
    let Explanation { text, advice } = Explanation::of(failure, deployment);
    if !failure.is_unread() {
        output::complain(&text, advice);
    }
    failure.exit_code()
}

async fn run(
    command: Command,
    deployment: &Deployment,
    output: &output::Output,
) -> Result<(), Failure> {
    match command {
        Command::Send(send) => send.run(deployment, output).await,
        Command::Listen(listen) => listen.run(deployment, output).await,
        Command::Connections(connections) => connections.run(deployment, output).await,
        Command::Users(users) => users.run(deployment, output).await,
        Command::Groups(groups) => groups.run(deployment, output).await,
        Command::Why(why) => why.run(deployment, output).await,
        Command::Metrics(metrics) => metrics.run(deployment, output).await,
        Command::Audit(audit) => audit.run(deployment, output).await,
        Command::Token(token) => token.run(deployment, output).await,
        Command::Dlq(dlq) => dlq.run(deployment, output).await,
        Command::Doctor(doctor) => doctor.run(deployment, output).await,
        // Its many rows make a large future, which the other commands need not carry.
        Command::Probe(probe) => Box::pin(probe.run(deployment, output)).await,
        Command::Console(console) => console.run(deployment, output).await,
        Command::Completions(completions) => completions.run(Cli::command()),
    }
}
