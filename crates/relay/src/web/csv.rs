//! Rows of CSV files, as RFC 4180 writes them.

/// Adds a row; every field is quoted.
pub(super) fn push_row(text: &mut String, fields: &[String]) {
    for (idx, field) in fields.iter().enumerate() {
        if idx > 0 {
            text.push(',');
        }
        text.push_str(&quoted(field));
    }
    text.push_str("\r\n");
}

/// What a spreadsheet would run as a formula gets a quotation mark in front,
/// since names come from people.
fn quoted(field: &str) -> String {
    let shield = if field.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        "'"
    } else {
        ""
    };
    format!("\"{shield}{}\"", field.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_formulas_are_disarmed() {
        for (field, expected) in [
            ("stop", "\"stop\""),
            ("a \"b\", c", "\"a \"\"b\"\", c\""),
            ("=1+1", "\"'=1+1\""),
            ("", "\"\""),
        ] {
            assert_eq!(quoted(field), expected);
        }
        let mut text = String::new();
        push_row(&mut text, &["a".to_owned(), "b".to_owned()]);
        assert_eq!(text, "\"a\",\"b\"\r\n");
    }
}
