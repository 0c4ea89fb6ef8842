//! The mail about a step: subject, plain text, simple HTML, the best shot.
//!
//! Its `Message-ID` is made of the event and the step, so that a mail that
//! comes twice, because an answer was lost, is recognised.

use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use quick_xml::escape::escape;
use types::{Phase, Timestamp};

use super::{Held, MailConfig};
use crate::Message;
use crate::words::{description, kind_word, object_word};

/// How the HTML names the picture.
const PICTURE_ID: &str = "best-shot@airelay";

/// What is to be told.
pub(super) struct Letter<'a> {
    pub(super) config: &'a MailConfig,
    pub(super) from: &'a Mailbox,
    pub(super) to: &'a [Mailbox],
    pub(super) message: &'a Message,
    /// What was held back before this mail.
    pub(super) held: Option<Held>,
    pub(super) now: Timestamp,
}

impl Letter<'_> {
    /// The mail as it goes over the wire.
    ///
    /// # Errors
    /// A header cannot be written; says which.
    pub(super) fn write(&self) -> Result<Vec<u8>, String> {
        let message = self.message;
        let sent_at = u64::try_from(self.now.as_millis()).unwrap_or_default();
        let mut builder = lettre::Message::builder()
            .from(self.from.clone())
            .date(SystemTime::UNIX_EPOCH + Duration::from_millis(sent_at))
            .subject(self.subject())
            .message_id(Some(self.message_id(message.step)))
            .raw_header(plain_header("Auto-Submitted", "auto-generated"));
        for to in self.to {
            builder = builder.to(to.clone());
        }
        if message.step > 0 {
            // Mail programs show the end below the begin.
            builder = builder.references(self.message_id(0));
        }
        let html = SinglePart::html(self.html());
        let picture = message.picture.as_ref();
        let jpeg = picture.and_then(|picture| picture.jpeg.as_ref());
        let shown = match jpeg {
            None => MultiPart::alternative()
                .singlepart(SinglePart::plain(self.text()))
                .singlepart(html),
            Some(jpeg) => {
                let kind = ContentType::parse("image/jpeg").map_err(|error| error.to_string())?;
                let inline = Attachment::new_inline_with_name(
                    PICTURE_ID.to_owned(),
                    format!("{}.jpg", message.event_id),
                );
                MultiPart::alternative()
                    .singlepart(SinglePart::plain(self.text()))
                    .multipart(
                        MultiPart::related()
                            .singlepart(html)
                            .singlepart(inline.body(jpeg.to_vec(), kind)),
                    )
            }
        };
        let mail = builder.multipart(shown);
        Ok(mail.map_err(|error| error.to_string())?.formatted())
    }

    /// The same for every attempt at a step.
    fn message_id(&self, step: u32) -> String {
        let (event_id, domain) = (self.message.event_id, self.from.email.domain());
        format!("<{event_id}-{step}.airelay@{domain}>")
    }

    fn subject(&self) -> String {
        format!(
            "{}, {}",
            description(self.message),
            time_of(self.message.at)
        )
    }

    /// What is told, as label and value.
    fn facts(&self) -> Vec<(&'static str, String)> {
        let message = self.message;
        let mut facts = vec![("What", kind_word(message.kind).to_owned())];
        let mut add = |label, value: Option<String>| {
            facts.extend(value.map(|value| (label, value)));
        };
        add("Camera", Some(message.camera_name.clone()));
        add("Zone", message.zone_name.clone());
        add("Line", message.line_name.clone());
        add("Came from", message.from_zone_name.clone());
        let state = message
            .detector_name
            .as_ref()
            .zip(message.state_name.as_ref());
        add(
            "State",
            state.map(|(detector, state)| format!("{detector} is {state}")),
        );
        add(
            "Present",
            message.detail.count.map(|count| count.to_string()),
        );
        add("Rule", Some(message.rule_name.clone()));
        add("Severity", Some(message.severity.name().to_owned()));
        add("Began", Some(full_time(message.started_at)));
        add("Ended", message.ended_at.map(full_time));
        let who = message.class.map(|class| {
            format!(
                "{} ({}), score {:.0} %",
                object_word(message),
                class.name(),
                message.score * 100.0
            )
        });
        add("Object", who);
        facts
    }

    /// The gates that were asked, a line each.
    fn why(&self) -> impl Iterator<Item = String> {
        self.message.why.iter().map(|why| {
            let verdict = if why.passed { "yes" } else { "no" };
            format!("{}: {} ({verdict})", why.gate, why.text)
        })
    }

    fn headline(&self) -> &'static str {
        match (self.message.is_test, self.message.phase) {
            (true, _) => "This is a test of airelay's alarms by e-mail. Nothing happened.",
            (false, Phase::End) => "An alarm is over.",
            (false, Phase::Begin | Phase::Update) => "An alarm was raised.",
        }
    }

    /// What was held back, in words.
    fn held(&self) -> Option<String> {
        let held = self.held?;
        let plural = if held.n_alarms == 1 { "" } else { "s" };
        Some(format!(
            "{} more alarm{plural} since {} were not mailed one by one: at most {} mails an hour are sent.",
            held.n_alarms,
            full_time(held.since),
            self.config.max_per_hour
        ))
    }

    fn link(&self) -> Option<String> {
        let base = self.config.public_base_url.as_ref()?;
        let base = base.trim_end_matches('/');
        Some(match self.message.is_test {
            true => format!("{base}/alarms"),
            false => format!("{base}/alarms/{}", self.message.event_id),
        })
    }

    fn text(&self) -> String {
        let mut text = format!("{}\n\n", self.headline());
        if let Some(held) = self.held() {
            text.push_str(&format!("{held}\n\n"));
        }
        for (label, value) in self.facts() {
            text.push_str(&format!("{label}: {value}\n"));
        }
        let why: Vec<String> = self.why().collect();
        if !why.is_empty() {
            text.push_str("\nWhy:\n");
            for line in why {
                text.push_str(&format!("- {line}\n"));
            }
        }
        if let Some(link) = self.link() {
            text.push_str(&format!("\nOpen it: {link}\n"));
        }
        text
    }

    fn html(&self) -> String {
        let mut html = String::from(
            "<!doctype html><html><body style=\"font-family:sans-serif;line-height:1.4\">",
        );
        html.push_str(&format!(
            "<p><strong>{}</strong></p>",
            escape(self.headline())
        ));
        if let Some(held) = self.held() {
            html.push_str(&format!("<p>{}</p>", escape(held.as_str())));
        }
        let has_picture = self.message.picture.as_ref();
        if has_picture.is_some_and(|picture| picture.jpeg.is_some()) {
            html.push_str(&format!(
                "<p><img src=\"cid:{PICTURE_ID}\" alt=\"Best shot\" style=\"max-width:100%\"></p>"
            ));
        }
        html.push_str("<table cellpadding=\"3\">");
        for (label, value) in self.facts() {
            html.push_str(&format!(
                "<tr><th align=\"left\" valign=\"top\">{label}</th><td>{}</td></tr>",
                escape(value.as_str())
            ));
        }
        html.push_str("</table>");
        let why: Vec<String> = self.why().collect();
        if !why.is_empty() {
            html.push_str("<p>Why:</p><ul>");
            for line in why {
                html.push_str(&format!("<li>{}</li>", escape(line.as_str())));
            }
            html.push_str("</ul>");
        }
        if let Some(link) = self.link() {
            html.push_str(&format!(
                "<p><a href=\"{}\">Open the alarm in airelay</a></p>",
                escape(link.as_str())
            ));
        }
        html.push_str("</body></html>");
        html
    }
}

fn plain_header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// `2026-07-01 09:30:02 UTC`.
fn full_time(at: Timestamp) -> String {
    let text = at.to_string();
    let whole = text.split(['.', 'Z']).next().unwrap_or(&text);
    format!("{} UTC", whole.replace('T', " "))
}

/// `09:30:02 UTC`.
fn time_of(at: Timestamp) -> String {
    let full = full_time(at);
    full.split_once(' ')
        .map_or(full.clone(), |(_, time)| time.to_owned())
}
