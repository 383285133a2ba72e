//! How deep JSON nests.
//!
//! The reader of .NET stops at 64 levels, in every client and in every server,
//! and no setting raises this number. Each object and each array is a level.

/// The most levels of a whole record. The values of an array of arguments may take 62 of these.
pub const DEPTH_MAX: usize = 64;

/// Whether a JSON text that lies under `above` levels nests deeper than a reader follows.
///
/// Of a text that is no JSON the answer says nothing.
pub fn is_too_deep(json: &str, above: usize) -> bool {
    let most = DEPTH_MAX.saturating_sub(above);
    // Each level takes a byte at least.
    json.len() > most && deepest(json) > most
}

/// The number of levels at the deepest place.
fn deepest(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut is_text, mut is_escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'[' | b'{' if !is_text => depth += 1,
            b']' | b'}' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> String {
        format!("{}{}", "[".repeat(levels), "]".repeat(levels))
    }

    #[test]
    fn levels_are_counted_and_those_above_too() {
        for above in [0, 1, 2] {
            assert!(!is_too_deep(&nested(DEPTH_MAX - above), above));
            assert!(is_too_deep(&nested(DEPTH_MAX - above + 1), above));
        }
        let objects = format!("{}1{}", "{\"a\":".repeat(65), "}".repeat(65));
        assert!(is_too_deep(&objects, 0));
    }

    #[test]
    fn what_stands_side_by_side_or_in_a_text_is_no_level() {
        assert!(!is_too_deep(&format!("[{}1]", "[],{},".repeat(100)), 0));
        assert!(!is_too_deep(&format!("[\"{}\\\"{}\"]", "[".repeat(100), "{".repeat(100)), 0));
        assert!(!is_too_deep(&format!("[\"\\\\\",\"{}\"]", "[".repeat(100)), 0));
    }
}
