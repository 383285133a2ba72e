//! Answers in XML, of services that speak the query protocol.

use aws_smithy_xml::decode::{Document, XmlDecodeError, try_data};

/// The texts of all elements with one of these names, each with the name, in the order of the answer.
/// The elements hold nothing but text.
///
/// # Errors
/// When this is no XML.
pub(super) fn texts(body: &[u8], names: &[&str]) -> Result<Vec<(String, String)>, XmlDecodeError> {
    let mut document = Document::try_from(body)?;
    let mut texts = Vec::new();
    while let Some(element) = document.next_start_element() {
        let name = element.local().to_owned();
        if names.contains(&name.as_str()) {
            let text = try_data(&mut document.scoped_to(element))?.into_owned();
            texts.push((name, text));
        }
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_at_any_depth_and_read_without_escapes() {
        let body = "<a xmlns='x'><b><Key>one</Key><Value>&lt;1&gt; &amp; \"2\"</Value></b>\
                    <b><Key>two</Key><Value></Value></b><b><Key>three</Key><Value/></b></a>";
        let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        assert_eq!(
            texts(body.as_bytes(), &["Key", "Value"]).unwrap(),
            [
                pair("Key", "one"),
                pair("Value", "<1> & \"2\""),
                pair("Key", "two"),
                pair("Value", ""),
                pair("Key", "three"),
                pair("Value", ""),
            ]
        );
        assert_eq!(texts(b"{}", &["Key"]).unwrap_or_default(), []);
    }
}
