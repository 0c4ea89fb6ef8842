//! The services: what each operation answers.
//!
//! In: a request, what the device is, how the caller asked. Out: the answer's
//! document, or a [`Command`] that relay carries out, with the document to
//! answer when that went well.

mod access;
mod analytics;
mod command;
mod configurations;
mod device_io;
mod device_service;
mod event_broker;
mod events;
mod imaging;
mod media;
mod media2;
mod scopes;
mod user;

pub use self::access::{Access, access_of};
pub use self::command::{Command, ProfileChange, PullRequest, SubscribeRequest, UserChange};
pub use self::event_broker::EventBroker;
pub use self::events::{
    hub_fault, read_termination, write_create_pull_point_response, write_event_brokers_response,
    write_notify, write_pull_response, write_renew_response, write_subscribe_response,
};

use super::device::{Caller, Device};
use super::namespace as ns;
use super::soap::{Envelope, Fault, write_envelope};
use super::xml::{Element, XmlWriter};

/// What an operation answers.
#[derive(Debug)]
pub enum Reply {
    /// This document.
    Document(String),
    /// Something must be done first; then this document, unless the command
    /// brings its own.
    Command(Box<Command>, String),
}

/// One request with all that its answer depends on.
#[derive(Clone, Copy, Debug)]
struct Call<'a> {
    operation: &'a Element,
    device: &'a Device,
    caller: &'a Caller,
}

/// Services with the last part of their address.
const SERVICES: [(&str, &str, &str); 7] = [
    (ns::TDS, "tds", "device_service"),
    (ns::TRT, "trt", "media_service"),
    (ns::TR2, "tr2", "media2_service"),
    (ns::TEV, "tev", "event_service"),
    (ns::TAN, "tan", "analytics_service"),
    (ns::TIMG, "timg", "imaging_service"),
    (ns::TMD, "tmd", "deviceio_service"),
];

/// Answers a request.
///
/// # Errors
/// The fault that goes back instead.
pub fn answer(envelope: &Envelope, device: &Device, caller: &Caller) -> Result<Reply, Fault> {
    let call = Call {
        operation: &envelope.operation,
        device,
        caller,
    };
    let name = &call.operation.name;
    let relates_to = envelope.message_id.as_deref();
    if *name.namespace == *ns::WSNT || *name.namespace == *ns::TEV {
        return events::answer(call, envelope);
    }
    let (prefix, answer) = match &*name.namespace {
        ns::TDS => ("tds", device_service::answer(call)?),
        ns::TRT => ("trt", media::answer(call)?),
        ns::TR2 => ("tr2", media2::answer(call)?),
        ns::TAN => ("tan", analytics::answer(call)?),
        ns::TIMG => ("timg", imaging::answer(call)?),
        ns::TMD => ("tmd", device_io::answer(call)?),
        _ => return Err(Fault::not_supported(&name.local)),
    };
    let (command, body) = match answer {
        Step::Answer(body) => (None, body),
        Step::Command(command) => (Some(command), nothing()),
        Step::CommandThen(command, body) => (Some(command), body),
    };
    let response = format!("{prefix}:{}Response", name.local);
    let action = relates_to.map(|_| format!("{}/{}Response", name.namespace, name.local));
    let document = write_envelope(action.as_deref(), None, relates_to, |xml| {
        xml.within(&response, body);
    });
    Ok(match command {
        None => Reply::Document(document),
        Some(command) => Reply::Command(command, document),
    })
}

/// What one operation does.
enum Step {
    Answer(Body),
    Command(Box<Command>),
    /// A command, and what its answer holds.
    CommandThen(Box<Command>, Body),
}

/// What writes the parts of an answer.
type Body = Box<dyn FnOnce(&mut XmlWriter)>;

impl Step {
    fn command(command: Command) -> Result<Self, Fault> {
        Ok(Step::Command(Box::new(command)))
    }
}

/// An answer that a closure writes.
fn wrote(body: impl FnOnce(&mut XmlWriter) + 'static) -> Result<Step, Fault> {
    Ok(Step::Answer(Box::new(body)))
}

fn nothing() -> Body {
    Box::new(|_| {})
}

impl<'a> Call<'a> {
    /// Text of a parameter of the operation's own namespace; empty when it is
    /// missing.
    fn text(&self, name: &str) -> &'a str {
        let text = self
            .operation
            .child_text(&self.operation.name.namespace, name);
        text.unwrap_or_default()
    }

    /// A parameter that must be there.
    fn child(&self, name: &str) -> Result<&'a Element, Fault> {
        let child = self.operation.child(&self.operation.name.namespace, name);
        child.ok_or_else(|| Fault::sender(&["ter:InvalidArgs"], format!("{name} is missing")))
    }
}

#[cfg(test)]
mod tests;
