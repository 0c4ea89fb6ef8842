//! An alarm in i-PRO's event stream, as "Active Guard" and i-PRO's sample
//! receiver read it: by literal text, so the text is written literally.
//!
//! Source: "i-PRO Active Guard integration guide" and `python-examples`,
//! `receive_onvifmeta_event/ws_metarcv.py`, both public.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use types::{EventKind, Timestamp};

/// Longest text shown in the VMS, characters.
const MAX_DETAIL_CHARS: usize = 32;
/// Longest name of a program, characters.
const MAX_APP_CHARS: usize = 256;

/// An alarm.
#[derive(Clone, Debug, PartialEq)]
pub struct AlarmEvent {
    /// Program, as `getinfo` lists it.
    pub app: String,
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub at: Timestamp,
    /// Names the camera.
    pub video_source: String,
    /// Who and where, in words; cut to 32 characters.
    pub detail: String,
    /// Belief, 0..=1.
    pub likelihood: f32,
    /// What the object looks like.
    pub jpeg: Option<std::sync::Arc<[u8]>>,
}

/// The document of one alarm.
pub fn event_document(alarm: &AlarmEvent) -> String {
    let at = Timestamp::from_millis(alarm.at.as_millis());
    let (app, kind) = (plain_name(&alarm.app), event_name(alarm.kind));
    let detail: String = alarm.detail.chars().take(MAX_DETAIL_CHARS).collect();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <tt:MetaDataStream xmlns:tt=\"http://www.onvif.org/ver10/schema\" \
         xmlns:wsnt=\"http://docs.oasis-open.org/wsn/b-2\" \
         xmlns:xsd=\"http://docs.onvif.org/ver10/schema\">\n\
         <tt:Event><wsnt:NotificationMessage>\n\
         <wsnt:Topic Dialect=\"http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet\" \
         xmlns:tns1=\"http://www.onvif.org/ver10/topics\">tns1:AppEvent/{app}/{kind}</wsnt:Topic>\n\
         <wsnt:Message><tt:Message UtcTime=\"{at}\">\n\
         <tt:Source><tt:SimpleItem Name=\"VideoSource\" Value=\"{}\"/></tt:Source>\n\
         <tt:Data><tt:SimpleItem Name=\"Event detail\" Value=\"{}\"/>\
         <tt:SimpleItem Name=\"Likelihood\" Value=\"{:.2}\"/>",
        escaped(&alarm.video_source),
        escaped(&detail),
        alarm.likelihood.clamp(0.0, 1.0),
    );
    if let Some(jpeg) = &alarm.jpeg {
        let image = STANDARD.encode(jpeg);
        write!(
            text,
            "\n<tt:ElementItem Name=\"Image\"><xsd:base64Binary>{image}</xsd:base64Binary></tt:ElementItem>"
        )
        .expect("writing to a string never fails");
    }
    text.push_str(
        "</tt:Data>\n</tt:Message></wsnt:Message></wsnt:NotificationMessage></tt:Event>\n\
         </tt:MetaDataStream>",
    );
    text
}

/// Names are limited to letters, digits, and a few signs.
fn plain_name(name: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.chars().filter(is_plain).take(MAX_APP_CHARS).collect()
}

/// `WrongWay` for `wrong_way`.
fn event_name(kind: EventKind) -> String {
    let mut name = String::new();
    for word in kind.name().split('_') {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        name.push_str(&first.to_ascii_uppercase());
        name.push_str(rest);
    }
    name
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            // XML has no place for most of these.
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn alarm_is_written_as_receivers_look_for_it() {
        let alarm = AlarmEvent {
            app: "AI-VMD".to_owned(),
            kind: EventKind::WrongWay,
            at: Timestamp::from_micros(1_782_898_200_200_999),
            video_source: "gate".to_owned(),
            detail: "person, \"North\" & a name that goes on".to_owned(),
            likelihood: 0.934,
            jpeg: Some([0xff, 0xd8, 0xff, 0xd9].into()),
        };
        expect![[r#"
            <?xml version="1.0" encoding="UTF-8"?>
            <tt:MetaDataStream xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" xmlns:xsd="http://docs.onvif.org/ver10/schema">
            <tt:Event><wsnt:NotificationMessage>
            <wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet" xmlns:tns1="http://www.onvif.org/ver10/topics">tns1:AppEvent/AI-VMD/WrongWay</wsnt:Topic>
            <wsnt:Message><tt:Message UtcTime="2026-07-01T09:30:00.200Z">
            <tt:Source><tt:SimpleItem Name="VideoSource" Value="gate"/></tt:Source>
            <tt:Data><tt:SimpleItem Name="Event detail" Value="person, &quot;North&quot; &amp; a name that go"/><tt:SimpleItem Name="Likelihood" Value="0.93"/>
            <tt:ElementItem Name="Image"><xsd:base64Binary>/9j/2Q==</xsd:base64Binary></tt:ElementItem></tt:Data>
            </tt:Message></wsnt:Message></wsnt:NotificationMessage></tt:Event>
            </tt:MetaDataStream>"#]]
        .assert_eq(&event_document(&alarm));
    }
}
