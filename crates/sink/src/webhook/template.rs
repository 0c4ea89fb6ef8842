//! Requests of one's own form, for receivers that know nothing of airelay: a
//! method, an address and a body with places such as `{camera}`.
//!
//! In: what a person typed, and messages. Out: a request line and a body in
//! which each place holds what the message says, escaped for where it stands.
//!
//! Braces that are no place - `{"alarm": 1}` - stay as they are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use types::Phase;
use url::Url;

use crate::{ConfigError, Message, words};

/// Longest body as typed, bytes.
const MAX_BODY_BYTES: usize = 16 * 1024;
/// Longest content type, bytes.
const MAX_TYPE_BYTES: usize = 128;

/// The places there are, and what each holds.
pub const PLACES: [(&str, &str); 23] = [
    (
        "text",
        "one line that says what happened, where and by which rule",
    ),
    ("kind", "what happened, in words"),
    (
        "kind_id",
        "what happened, as airelay calls it: `cross_line`",
    ),
    ("object", "who did it: Human, Vehicle, Bicycle or Object"),
    ("class", "its class: `person`, `car`; empty when not known"),
    ("camera", "the camera's name"),
    ("camera_id", "its identity"),
    ("zone", "the zone's name; empty without one"),
    ("line", "the line's name; empty without one"),
    ("rule", "the rule's name"),
    ("rule_id", "its number"),
    ("program", "which program decided: `vmd`"),
    ("phase", "`begin`, `update` or `end`"),
    ("active", "1 while it lasts, 0 when it ended"),
    ("score", "how sure, 0 to 100"),
    ("count", "how many, where that was counted; else empty"),
    ("at", "when this step was decided, UTC"),
    ("unix", "the same in seconds since 1970"),
    ("started_at", "when the event began, UTC"),
    ("event_id", "its identity, the same in all steps"),
    ("step", "number of the step, from 0"),
    (
        "picture_url",
        "a link to the picture; empty while there is none",
    ),
    (
        "picture",
        "the picture as base64, if the webhook has it inside; else empty",
    ),
];

/// With what a request is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// Without a body: what happened stands in the address.
    Get,
    /// With a body.
    #[default]
    Post,
    /// With a body, where a receiver wants that.
    Put,
}

impl Method {
    /// As it stands in the request.
    pub const fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
        }
    }

    /// The method called `name`, in capitals.
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Method::Get, Method::Post, Method::Put];
        all.into_iter().find(|method| method.name() == name)
    }
}

/// A request of one's own form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// With what it is sent.
    pub method: Method,
    /// What is sent, with places; at most 16 KiB. Not sent with [`Method::Get`].
    pub body: String,
    /// Content type of the body; says how places in it are escaped.
    pub content_type: String,
}

/// How a place is escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escape {
    Plain,
    Url,
    Json,
    Xml,
}

impl Template {
    /// Checks the template.
    ///
    /// # Errors
    /// Too long, an unusable content type, or a place that does not exist.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let invalid = |field: &'static str, message: String| ConfigError { field, message };
        if self.body.len() > MAX_BODY_BYTES {
            let text = format!("the body must have at most {MAX_BODY_BYTES} bytes");
            return Err(invalid("body", text));
        }
        let is_type = self.content_type.contains('/')
            && self.content_type.len() <= MAX_TYPE_BYTES
            && self
                .content_type
                .bytes()
                .all(|byte| (b' '..=b'~').contains(&byte));
        if !is_type {
            let text = "type a content type such as application/json";
            return Err(invalid("content_type", text.to_owned()));
        }
        check_places(&self.body).map_err(|text| invalid("body", text))
    }

    /// The body for `message`.
    pub(super) fn body(&self, message: &Message, public_base_url: Option<&str>) -> Vec<u8> {
        let kind = self.content_type.to_ascii_lowercase();
        let escape = match kind.split(';').next().unwrap_or_default().trim() {
            kind if kind.ends_with("json") => Escape::Json,
            kind if kind.ends_with("xml") || kind == "text/html" => Escape::Xml,
            "application/x-www-form-urlencoded" => Escape::Url,
            _ => Escape::Plain,
        };
        filled(&self.body, message, public_base_url, escape).into_bytes()
    }
}

/// The address for `message`. Places stand in its path and query only, which
/// [`check_url`] has seen to.
pub(super) fn url_of(
    url: &str,
    message: &Message,
    public_base_url: Option<&str>,
) -> Result<Url, url::ParseError> {
    Url::parse(&filled(url, message, public_base_url, Escape::Url))
}

/// Checks the places of an address; gives it with each place left empty.
///
/// # Errors
/// A place does not exist, or stands where the host is named.
pub(super) fn check_url(url: &str) -> Result<String, ConfigError> {
    let invalid = |message: String| ConfigError {
        field: "url",
        message,
    };
    check_places(url).map_err(invalid)?;
    let is_behind_host = |bare: &str| {
        let rest = bare.split_once("://").map(|(_, rest)| rest);
        rest.is_some_and(|rest| rest.contains(['/', '?', '#']))
    };
    let mut bare = String::new();
    for part in parts(url) {
        match part {
            Part::Text(text) => bare.push_str(text),
            Part::Place(_) if is_behind_host(&bare) => {}
            Part::Place(_) => {
                return Err(invalid(
                    "places such as {camera} may stand behind the host only".to_owned(),
                ));
            }
        }
    }
    Ok(bare)
}

fn check_places(text: &str) -> Result<(), String> {
    let is_known = |name: &str| PLACES.iter().any(|(known, _)| *known == name);
    for part in parts(text) {
        if let Part::Place(name) = part
            && !is_known(name)
        {
            let known: Vec<&str> = PLACES.iter().map(|(known, _)| *known).collect();
            let known = known.join(", ");
            return Err(format!("there is no {{{name}}}; there are {known}"));
        }
    }
    Ok(())
}

/// A piece of a text with places.
#[derive(Clone, Copy, Debug)]
enum Part<'a> {
    Text(&'a str),
    /// The name between the braces.
    Place(&'a str),
}

/// Cuts a text at its places: `{name}` of small letters and `_` only.
fn parts(text: &str) -> Vec<Part<'_>> {
    let is_name = |name: &str| {
        let mut bytes = name.bytes();
        !name.is_empty() && bytes.all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        parts.push(Part::Text(before));
        rest = match after.split_once('}') {
            Some((name, tail)) if is_name(name) => {
                parts.push(Part::Place(name));
                tail
            }
            _ => {
                parts.push(Part::Text("{"));
                after
            }
        };
    }
    parts.push(Part::Text(rest));
    parts
}

/// `text` with every place filled, in one pass: braces in people's names stay
/// as they are.
fn filled(text: &str, message: &Message, public_base_url: Option<&str>, escape: Escape) -> String {
    let mut whole = String::with_capacity(text.len());
    for part in parts(text) {
        match part {
            Part::Text(text) => whole.push_str(text),
            Part::Place(name) => escape.add(&mut whole, &value(name, message, public_base_url)),
        }
    }
    whole
}

fn value(name: &str, message: &Message, public_base_url: Option<&str>) -> String {
    let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
    match name {
        "text" => words::description(message),
        "kind" => words::kind_word(message.kind).to_owned(),
        "kind_id" => message.kind.name().to_owned(),
        "object" => words::object_word(message).to_owned(),
        "class" => message.class.map_or("", types::Class::name).to_owned(),
        "camera" => message.camera_name.clone(),
        "camera_id" => message.camera_id.to_string(),
        "zone" => or_empty(&message.zone_name),
        "line" => or_empty(&message.line_name),
        "rule" => message.rule_name.clone(),
        "rule_id" => message.rule_id.0.to_string(),
        "program" => message.program.name().to_owned(),
        "phase" => message.phase.name().to_owned(),
        "active" => u8::from(message.phase != Phase::End).to_string(),
        "score" => format!("{:.0}", message.score * 100.0),
        "count" => message
            .detail
            .count
            .map(|count| count.to_string())
            .unwrap_or_default(),
        "at" => message.at.to_string(),
        "unix" => message.at.as_millis().div_euclid(1_000).to_string(),
        "started_at" => message.started_at.to_string(),
        "event_id" => message.event_id.to_string(),
        "step" => message.step.to_string(),
        "picture_url" => match (&message.picture, public_base_url) {
            (Some(picture), Some(base)) => {
                format!("{}{}", base.trim_end_matches('/'), picture.path)
            }
            _ => String::new(),
        },
        "picture" => message
            .picture
            .as_ref()
            .and_then(|picture| picture.jpeg.as_ref())
            .map(|jpeg| STANDARD.encode(jpeg))
            .unwrap_or_default(),
        _ => String::new(),
    }
}

impl Escape {
    fn add(self, whole: &mut String, value: &str) {
        match self {
            Escape::Plain => whole.push_str(value),
            Escape::Url => {
                let encoded = url::form_urlencoded::byte_serialize(value.as_bytes());
                // A space as `+` is read in queries only, `%20` everywhere.
                whole.extend(encoded.map(|part| if part == "+" { "%20" } else { part }));
            }
            Escape::Json => {
                let quoted = serde_json::Value::from(value).to_string();
                let bare = quoted
                    .strip_prefix('"')
                    .and_then(|text| text.strip_suffix('"'));
                whole.push_str(bare.unwrap_or_default());
            }
            Escape::Xml => whole.push_str(&quick_xml::escape::escape(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::testing::message;

    fn check(content_type: &str, body: &str, expected: &Expect) {
        let template = Template {
            method: Method::Post,
            body: body.to_owned(),
            content_type: content_type.to_owned(),
        };
        template.check().unwrap();
        let mut message = message();
        message.camera_name = r#"Gate "2" & <yard> {rule}"#.to_owned();
        let body = template.body(&message, Some("https://relay.example/"));
        expected.assert_eq(&String::from_utf8(body).unwrap());
    }

    #[test]
    fn places_are_escaped_for_where_they_stand() {
        check(
            "application/json",
            r#"{"name": "{camera}", "n": {step}, "other": {"a": 1}}"#,
            &expect![[r#"{"name": "Gate \"2\" & <yard> {rule}", "n": 0, "other": {"a": 1}}"#]],
        );
        check(
            "text/xml; charset=utf-8",
            "<alarm camera=\"{camera}\">{kind}</alarm>",
            &expect![[
                r#"<alarm camera="Gate &quot;2&quot; &amp; &lt;yard&gt; {rule}">Intruder</alarm>"#
            ]],
        );
        check(
            "application/x-www-form-urlencoded",
            "c={camera}",
            &expect!["c=Gate%20%222%22%20%26%20%3Cyard%3E%20%7Brule%7D"],
        );
        check(
            "text/plain",
            "{camera}: {score} % {}",
            &expect![[r#"Gate "2" & <yard> {rule}: 87 % {}"#]],
        );
    }

    #[test]
    fn every_place_is_known_and_filled_in_an_address() {
        let names = PLACES.map(|(name, _)| format!("{name}={{{name}}}"));
        let url = format!("http://vms:8080/alarm?{}", names.join("&"));
        check_url(&url).unwrap();
        let filled = url_of(&url, &message(), Some("https://relay")).unwrap();
        assert!(!filled.as_str().contains('{'), "{filled}");
        assert_eq!(filled.host_str(), Some("vms"));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_a_reason() {
        let url = |text: &str| check_url(text).map_err(|error| error.message);
        assert_eq!(
            url("http://h/{camera}/x?a={step}b"),
            Ok("http://h//x?a=b".to_owned())
        );
        for text in [
            "http://{camera}/x",
            "http://h:{step}/",
            "http://u{rule}@h/",
            "http://{zone}",
        ] {
            let refused = url(text).unwrap_err();
            assert!(
                refused.contains("behind the host only"),
                "{text}: {refused}"
            );
        }
        let refused = url("http://h/{camara}").unwrap_err();
        assert!(
            refused.starts_with("there is no {camara}; there are text, kind"),
            "{refused}"
        );
        let template = |body: &str, content_type: &str| Template {
            method: Method::Put,
            body: body.to_owned(),
            content_type: content_type.to_owned(),
        };
        let field = |template: Template| template.check().map_err(|error| error.field);
        assert_eq!(
            field(template(&"x".repeat(MAX_BODY_BYTES + 1), "a/b")),
            Err("body")
        );
        assert_eq!(field(template("{nobody}", "a/b")), Err("body"));
        for content_type in ["", "json", "a/b\r\nX: y", "a/b\u{e9}"] {
            assert_eq!(field(template("", content_type)), Err("content_type"));
        }
    }
}
