//! Prints, as JSON, which variables each configuration reads; `tests/checks/template.py` compares
//! them with what `template.yaml` sets.

#[expect(clippy::print_stdout, reason = "this is what it is for")]
fn main() -> Result<(), serde_json::Error> {
    println!("{}", serde_json::to_string(&hubcast_wiring::config::names())?);
    Ok(())
}
