//! Puts the page of `hubcast console` into the program, as far as somebody built the page.
//!
//! Without `make console` there is no page, and the program builds all the same.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The folder of the page's sources, within which `dist` is what the page is built into.
const PAGE: &str = "../../web/console";

fn main() -> io::Result<()> {
    let folder = Path::new(&variable("CARGO_MANIFEST_DIR")).join(PAGE);
    let mut files = Vec::new();
    collect(&folder.join("dist"), &mut files)?;
    files.sort();
    let list = list(&folder.join("dist"), &files);
    fs::write(Path::new(&variable("OUT_DIR")).join("page.rs"), list)?;
    writeln!(io::stdout(), "cargo:rerun-if-changed={}", folder.display())
}

/// What cargo tells a build script.
#[expect(clippy::disallowed_methods, reason = "cargo speaks by variables")]
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

/// The files below a folder; none where there is no folder.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.file_name() != Some(OsStr::new(".DS_Store")) {
            files.push(path);
        }
    }
    Ok(())
}

/// A Rust expression: pairs of the path within the page and the file's bytes.
fn list(folder: &Path, files: &[PathBuf]) -> String {
    let mut list = "&[".to_owned();
    for file in files {
        let path = file.strip_prefix(folder).unwrap_or(file).to_string_lossy().replace('\\', "/");
        // Writing to a String cannot fail.
        let _ = write!(
            list,
            "({path:?}, include_bytes!({:?}).as_slice()),",
            file.display().to_string()
        );
    }
    list + "]"
}
