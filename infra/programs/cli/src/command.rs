//! The list of commands.

use clap::{Parser, Subcommand};

use crate::audit::Audit;
use crate::completions::Completions;
use crate::connections::Connections;
use crate::console::Console;
use crate::deployment::Place;
use crate::dlq::Dlq;
use crate::doctor::Doctor;
use crate::listen::Listen;
use crate::metrics::Metrics;
use crate::output::Output;
use crate::people::{Groups, Users};
use crate::probe::Probe;
use crate::send::Send;
use crate::token::Token;
use crate::why::Why;

const ENDING: &str = "\
Exit codes: 0 done, 1 failed, 2 wrong command line, 3 rejected before sending,
            4 not there (or not in time), 5 doctor found a fault

Start with a local stack (make run):
  hubcast listen --local --user alice
  hubcast send --local --user alice hello name=world";

/// Sends notifications, listens for them, and looks after a deployment of hubcast.
#[derive(Debug, Parser)]
#[command(name = "hubcast", version, after_help = ENDING, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) place: Place,

    #[command(flatten)]
    pub(crate) output: Output,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Send(Send),
    Listen(Listen),
    #[command(subcommand)]
    Connections(Connections),
    #[command(subcommand)]
    Users(Users),
    #[command(subcommand)]
    Groups(Groups),
    Why(Why),
    Metrics(Metrics),
    Audit(Audit),
    Token(Token),
    #[command(subcommand)]
    Dlq(Dlq),
    Doctor(Doctor),
    Console(Console),
    Probe(Probe),
    Completions(Completions),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// The words of a command as a shell splits them.
    fn words(line: &str) -> Vec<String> {
        let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
        for c in line.chars() {
            match quote {
                Some(open) if c == open => quote = None,
                None if c == '\'' || c == '"' => quote = Some(c),
                None if c == ' ' => words.push(std::mem::take(&mut word)),
                _ => word.push(c),
            }
        }
        words.push(word);
        words.into_iter().filter(|word| !word.is_empty()).collect()
    }

    fn all(command: &clap::Command, helps: &mut Vec<(String, String)>) {
        let help = command.get_after_help().map(ToString::to_string);
        helps.push((command.get_name().to_owned(), help.unwrap_or_default()));
        for below in command.get_subcommands() {
            all(below, helps);
        }
    }

    #[test]
    fn the_commands_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_examples_and_every_example_parses() {
        let mut helps = Vec::new();
        all(&Cli::command(), &mut helps);
        for (name, help) in helps {
            let examples: Vec<&str> = help
                .lines()
                .filter_map(|line| line.split_once("hubcast ").map(|(_, rest)| rest))
                .collect();
            assert!(!examples.is_empty(), "{name} has no example");
            for example in examples {
                let example = example.split(" | ").next().unwrap().split(" < ").next().unwrap();
                let parsed = Cli::try_parse_from(words(&format!("hubcast {example}")));
                assert!(parsed.is_ok(), "hubcast {example}: {}", parsed.unwrap_err());
            }
        }
    }
}
