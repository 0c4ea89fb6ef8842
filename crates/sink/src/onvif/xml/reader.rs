//! Bytes from outside as a small tree.
//!
//! Bounded in size, depth, number of elements and of attributes. No document
//! type, so no entity can be declared, and none that is not built into XML is
//! known: what grows in reading (XML bombs) and what reads files (external
//! entities) is refused before anything is made of it.

use std::fmt;
use std::sync::Arc;

use quick_xml::errors::{Error as XmlError, IllFormedError};
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use thiserror::Error;

/// Most of everything.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the document.
    pub max_bytes: usize,
    /// Elements within each other.
    pub max_depth: usize,
    /// Elements in all.
    pub max_elements: usize,
    /// Attributes of one element, namespaces included.
    pub max_attributes: usize,
}

impl Limits {
    /// For requests: real ones have a few kilobytes and about twenty levels.
    pub const REQUEST: Limits = Limits {
        max_bytes: 512 * 1024,
        max_depth: 48,
        max_elements: 16_384,
        max_attributes: 64,
    };
}

/// Why a document was not read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReadError {
    /// Larger than a limit.
    #[error("read XML: {what} exceed the limit of {max}")]
    TooLarge {
        /// Of what there is too much.
        what: &'static str,
        /// The limit.
        max: usize,
    },
    /// A start and an end do not belong together.
    #[error("read XML: {0}")]
    Mismatch(String),
    /// Not XML, or XML that we do not take.
    #[error("read XML: {0}")]
    Malformed(String),
}

/// A name with its namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Namespace; empty for none.
    pub namespace: Arc<str>,
    /// Name within it.
    pub local: String,
}

impl Name {
    /// Whether it is this one.
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        *self.namespace == *namespace && self.local == local
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}}{}", self.namespace, self.local)
    }
}

/// One element with all that is in it.
#[derive(Clone, Debug)]
pub struct Element {
    /// Its name.
    pub name: Name,
    /// Attributes in order, without namespace declarations.
    pub attributes: Vec<(Name, String)>,
    /// Elements in it, in order.
    pub children: Vec<Element>,
    /// Its own text, all pieces together.
    pub text: String,
    scope: Scope,
}

/// Prefixes in force at one element: a list that shares its tail.
#[derive(Clone, Debug, Default)]
struct Scope(Option<Arc<Binding>>);

#[derive(Debug)]
struct Binding {
    prefix: String,
    namespace: Arc<str>,
    outer: Scope,
}

impl Scope {
    fn find(&self, prefix: &str) -> Option<Arc<str>> {
        if prefix == "xml" {
            return Some("http://www.w3.org/XML/1998/namespace".into());
        }
        let mut scope = self;
        while let Scope(Some(binding)) = scope {
            if binding.prefix == prefix {
                return Some(Arc::clone(&binding.namespace));
            }
            scope = &binding.outer;
        }
        prefix.is_empty().then(|| "".into())
    }
}

impl Element {
    /// The first element of this name directly in it.
    pub fn child(&self, namespace: &str, local: &str) -> Option<&Element> {
        let mut children = self.children.iter();
        children.find(|child| child.name.is(namespace, local))
    }

    /// All elements of this name directly in it.
    pub fn children_named<'a>(
        &'a self,
        namespace: &'a str,
        local: &'a str,
    ) -> impl Iterator<Item = &'a Element> {
        let children = self.children.iter();
        children.filter(move |child| child.name.is(namespace, local))
    }

    /// Text of the first element of this name directly in it, without blanks
    /// around it.
    pub fn child_text(&self, namespace: &str, local: &str) -> Option<&str> {
        self.child(namespace, local).map(|child| child.text.trim())
    }

    /// An attribute without namespace.
    pub fn attribute(&self, local: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        let found = attributes.find(|(name, _)| name.is("", local));
        found.map(|(_, value)| value.as_str())
    }

    /// The namespace that `prefix` means here; empty is the default one.
    pub fn namespace_of(&self, prefix: &str) -> Option<Arc<str>> {
        self.scope.find(prefix)
    }

    /// A name in text, such as `tt:FieldDetector`, as meant here.
    pub fn qualified(&self, text: &str) -> Option<Name> {
        let text = text.trim();
        let (prefix, local) = text.split_once(':').unwrap_or(("", text));
        Some(Name {
            namespace: self.namespace_of(prefix)?,
            local: local.to_owned(),
        })
    }
}

/// Reads a document of UTF-8.
///
/// # Errors
/// It is larger than `limits`, not well-formed, or declares a document type.
pub fn read(bytes: &[u8], limits: Limits) -> Result<Element, ReadError> {
    if bytes.len() > limits.max_bytes {
        return Err(ReadError::TooLarge {
            what: "bytes",
            max: limits.max_bytes,
        });
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| ReadError::Malformed(format!("not UTF-8: {error}")))?;
    let text = text.trim_start_matches('\u{feff}');
    let mut tree = Tree {
        limits,
        open: Vec::new(),
        root: None,
        n_elements: 0,
    };
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event().map_err(told)? {
            Event::Start(start) => tree.start(&start)?,
            Event::Empty(start) => {
                tree.start(&start)?;
                tree.end();
            }
            Event::End(_) => tree.end(),
            Event::Text(text) => tree.text(&text.xml10_content())?,
            Event::CData(text) => tree.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => {
                let text = resolve(&reference)?;
                tree.text(&text)?;
            }
            Event::DocType(_) => {
                return Err(ReadError::Malformed(
                    "a document type is declared, which is not taken".to_owned(),
                ));
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => return tree.finish(),
        }
    }
}

fn told(error: XmlError) -> ReadError {
    match error {
        XmlError::IllFormed(
            error @ (IllFormedError::MismatchedEndTag { .. }
            | IllFormedError::UnmatchedEndTag(_)
            | IllFormedError::MissingEndTag(_)),
        ) => ReadError::Mismatch(error.to_string()),
        error => ReadError::Malformed(error.to_string()),
    }
}

/// One of the five entities of XML, or a character by its number.
fn resolve(reference: &BytesRef<'_>) -> Result<String, ReadError> {
    if let Some(character) = reference.resolve_char_ref().map_err(told)? {
        return Ok(character.to_string());
    }
    let name = reference.xml10_content();
    resolve_predefined_entity(&name)
        .map(str::to_owned)
        .ok_or_else(|| {
            let name: String = name.chars().take(40).collect();
            ReadError::Malformed(format!("unknown entity &{name};"))
        })
}

struct Tree {
    limits: Limits,
    open: Vec<Element>,
    root: Option<Element>,
    n_elements: usize,
}

impl Tree {
    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), ReadError> {
        let limits = self.limits;
        let is_beyond = |actual: usize, max: usize, what| match actual > max {
            true => Err(ReadError::TooLarge { what, max }),
            false => Ok(()),
        };
        self.n_elements += 1;
        is_beyond(self.n_elements, limits.max_elements, "elements")?;
        is_beyond(self.open.len() + 1, limits.max_depth, "levels of elements")?;
        if self.open.is_empty() && self.root.is_some() {
            return Err(ReadError::Malformed("more than one root".to_owned()));
        }
        let mut scope = self
            .open
            .last()
            .map(|element| element.scope.clone())
            .unwrap_or_default();
        let mut attributes = Vec::new();
        for (attribute_idx, attribute) in start.attributes().enumerate() {
            is_beyond(attribute_idx + 1, limits.max_attributes, "attributes")?;
            let attribute = attribute.map_err(|error| ReadError::Malformed(error.to_string()))?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(told)?
                .into_owned();
            let name = attribute.key.0;
            let prefix = match name.split_once(':') {
                Some(("xmlns", prefix)) => Some(prefix),
                None if name == "xmlns" => Some(""),
                _ => None,
            };
            match prefix {
                Some(prefix) => {
                    scope = Scope(Some(Arc::new(Binding {
                        prefix: prefix.to_owned(),
                        namespace: value.into(),
                        outer: scope,
                    })));
                }
                None => attributes.push((name.to_owned(), value)),
            }
        }
        let element = Element {
            name: named(start.name().0, &scope, true)?,
            attributes: attributes
                .into_iter()
                .map(|(name, value)| Ok((named(&name, &scope, false)?, value)))
                .collect::<Result<_, ReadError>>()?,
            children: Vec::new(),
            text: String::new(),
            scope,
        };
        self.open.push(element);
        Ok(())
    }

    fn end(&mut self) {
        // The parser has made sure that one is open.
        let Some(element) = self.open.pop() else {
            return;
        };
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), ReadError> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err(ReadError::Malformed("text outside the root".to_owned())),
        }
        Ok(())
    }

    fn finish(self) -> Result<Element, ReadError> {
        if let Some(open) = self.open.last() {
            return Err(ReadError::Mismatch(format!("{} is not closed", open.name)));
        }
        self.root
            .ok_or_else(|| ReadError::Malformed("no element".to_owned()))
    }
}

/// Attributes without prefix have no namespace, elements the default one.
fn named(text: &str, scope: &Scope, is_element: bool) -> Result<Name, ReadError> {
    let (prefix, local) = text.split_once(':').unwrap_or(("", text));
    let namespace = match prefix.is_empty() && !is_element {
        true => "".into(),
        false => scope.find(prefix).ok_or_else(|| {
            let prefix: String = prefix.chars().take(40).collect();
            ReadError::Malformed(format!("prefix {prefix:?} is not declared"))
        })?,
    };
    if local.is_empty() || local.contains(':') || text.starts_with(':') {
        let text: String = text.chars().take(40).collect();
        return Err(ReadError::Malformed(format!("{text:?} is no name")));
    }
    Ok(Name {
        namespace,
        local: local.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_text(text: &str) -> Result<Element, ReadError> {
        read(text.as_bytes(), Limits::REQUEST)
    }

    #[test]
    fn prefixes_mean_what_is_in_scope_also_in_texts() {
        let root = read_text(
            "<?xml version='1.0'?><!-- x --><p:a xmlns:p='urn:1' xmlns='urn:2' p:x='1' y='2'>\
             <b><p:c xmlns:p='urn:3'> p:T </p:c></b>&lt;&#65;<![CDATA[<]]></p:a>",
        )
        .unwrap();
        assert!(root.name.is("urn:1", "a"));
        assert_eq!(root.text, "<A<");
        assert_eq!(root.attribute("y"), Some("2"));
        assert_eq!(root.attribute("x"), None, "it has a namespace");
        let inner = root.child("urn:2", "b").unwrap().child("urn:3", "c");
        let inner = inner.unwrap();
        let name = inner.qualified(&inner.text).unwrap();
        assert!(name.is("urn:3", "T"));
        assert!(root.qualified("p:T").unwrap().is("urn:1", "T"));
        assert!(root.qualified("q:T").is_none());
    }

    #[test]
    fn bombs_external_entities_and_unknown_ones_are_refused() {
        let bomb = "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><l>&b;</l>";
        let external = "<!DOCTYPE l [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><l>&x;</l>";
        for text in [bomb, external, "<l>&nbsp;</l>", "<l a='&b;'/>"] {
            assert!(
                matches!(read_text(text), Err(ReadError::Malformed(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn every_bound_is_kept() {
        let deep = "<a>".repeat(10_000);
        let wide = format!("<a>{}</a>", "<b/>".repeat(20_000));
        let attributes: String = (0..100).map(|n| format!(" a{n}=''")).collect();
        let attributes = format!("<a{attributes}/>");
        let long = format!("<a>{}</a>", " ".repeat(600_000));
        for text in [deep, wide, attributes, long] {
            assert!(matches!(read_text(&text), Err(ReadError::TooLarge { .. })));
        }
    }

    #[test]
    fn ill_formed_documents_are_told_from_mismatched_tags() {
        for text in ["<a></b>", "<a>", "</a>", "<a><b></a></b>"] {
            assert!(
                matches!(read_text(text), Err(ReadError::Mismatch(_))),
                "{text}: {:?}",
                read_text(text)
            );
        }
        for text in [
            "", "x", "<a/><b/>", "<p:a/>", "<a b/>", "<:a/>", "<a", "\u{0}",
        ] {
            assert!(
                matches!(read_text(text), Err(ReadError::Malformed(_))),
                "{text}: {:?}",
                read_text(text)
            );
        }
        assert!(read(&[0xff, 0xfe], Limits::REQUEST).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            drop(read(&bytes, Limits::REQUEST));
        }

        #[test]
        fn any_tags_are_read_or_refused(text in "(<[/!?a:]{0,4}( x=')?[&a;'\\]>]{0,5}){0,12}") {
            drop(read(text.as_bytes(), Limits::REQUEST));
        }
    }
}
