//! XML as text, element by element.

use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use quick_xml::writer::Writer;

/// Writes elements; each opened one is closed by [`close`](Self::close).
///
/// Characters that XML cannot carry become U+FFFD, so that a name typed by
/// somebody cannot break a document.
pub struct XmlWriter {
    writer: Writer<Vec<u8>>,
    open: Vec<String>,
}

impl std::fmt::Debug for XmlWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("XmlWriter")
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}

/// A whole document: the declaration, then what `body` writes.
pub fn write_document(body: impl FnOnce(&mut XmlWriter)) -> String {
    let mut xml = XmlWriter::new();
    xml.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
    body(&mut xml);
    xml.finish()
}

impl Default for XmlWriter {
    fn default() -> Self {
        Self::new()
    }
}

impl XmlWriter {
    /// Nothing written yet.
    pub fn new() -> Self {
        XmlWriter {
            writer: Writer::new(Vec::new()),
            open: Vec::new(),
        }
    }

    /// What was written.
    ///
    /// # Panics
    /// When an element is still open.
    pub fn finish(self) -> String {
        assert!(self.open.is_empty(), "still open: {:?}", self.open);
        String::from_utf8(self.writer.into_inner()).expect("only text was written")
    }

    /// Opens an element.
    pub fn open(&mut self, name: &str) {
        self.open_with(name, &[]);
    }

    /// Opens an element with attributes.
    pub fn open_with(&mut self, name: &str, attributes: &[(&str, &str)]) {
        let start = start(name, attributes);
        self.event(Event::Start(start));
        self.open.push(name.to_owned());
    }

    /// Closes the element opened last.
    ///
    /// # Panics
    /// When none is open.
    pub fn close(&mut self) {
        let name = self.open.pop().expect("an element is open");
        self.event(Event::End(BytesEnd::new(name)));
    }

    /// An element around what `body` writes.
    pub fn within(&mut self, name: &str, body: impl FnOnce(&mut Self)) {
        self.within_with(name, &[], body);
    }

    /// An element with attributes around what `body` writes.
    pub fn within_with(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        body: impl FnOnce(&mut Self),
    ) {
        self.open_with(name, attributes);
        body(self);
        self.close();
    }

    /// An element that holds only text.
    pub fn leaf(&mut self, name: &str, text: impl AsRef<str>) {
        self.leaf_with(name, &[], text);
    }

    /// An element with attributes that holds only text.
    pub fn leaf_with(&mut self, name: &str, attributes: &[(&str, &str)], text: impl AsRef<str>) {
        self.event(Event::Start(start(name, attributes)));
        self.event(Event::Text(BytesText::new(&clean(text.as_ref()))));
        self.event(Event::End(BytesEnd::new(name)));
    }

    /// An element with nothing in it.
    pub fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.event(Event::Empty(start(name, attributes)));
    }

    fn event(&mut self, event: Event<'_>) {
        self.writer
            .write_event(event)
            .expect("memory can always be written");
    }
}

fn start<'a>(name: &'a str, attributes: &[(&str, &str)]) -> BytesStart<'a> {
    let mut start = BytesStart::new(name);
    for (name, value) in attributes {
        start.push_attribute((*name, clean(value).as_str()));
    }
    start
}

/// Section 2.2 of XML 1.0: most control characters cannot be written at all.
fn clean(text: &str) -> String {
    let is_char = |character: char| {
        matches!(character, '\t' | '\n' | '\r')
            || (character >= ' ' && !matches!(character, '\u{fffe}' | '\u{ffff}'))
    };
    text.chars()
        .map(|character| match is_char(character) {
            true => character,
            false => char::REPLACEMENT_CHARACTER,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_cannot_break_out_of_text_or_attributes() {
        let text = write_document(|xml| {
            xml.within_with("a", &[("b", "\"<&>'\u{1}")], |xml| {
                xml.leaf("c", "</c>&amp;\u{0}\u{ffff}");
                xml.empty("d", &[]);
            });
        });
        assert_eq!(
            text,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
             <a b=\"&quot;&lt;&amp;&gt;&apos;\u{fffd}\">\
             <c>&lt;/c&gt;&amp;amp;\u{fffd}\u{fffd}</c><d/></a>"
        );
    }
}
