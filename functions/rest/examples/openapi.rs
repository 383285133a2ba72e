//! Prints the `OpenAPI` document, as `docs/openapi.json` has it.

#![expect(clippy::print_stdout, reason = "that is what it is for")]

fn main() -> Result<(), serde_json::Error> {
    println!("{}", serde_json::to_string_pretty(&rest::openapi())?);
    Ok(())
}
