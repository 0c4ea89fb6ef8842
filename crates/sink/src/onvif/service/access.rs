//! Who may do what: access classes by ONVIF's default policy (Core, "Default
//! Access Policy").

use crate::access::Level;
use crate::onvif::namespace as ns;
use crate::onvif::xml::Name;

/// Access class of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody, also without an account.
    PreAuth,
    /// Configuration without secrets.
    ReadSystem,
    /// Configuration that tells much about the site.
    ReadSystemSensitive,
    /// Configuration with secrets.
    ReadSystemSecret,
    /// Pictures and events.
    ReadMedia,
    /// What can be undone and harms nobody.
    Actuate,
    /// Settings.
    WriteSystem,
    /// What cannot be undone.
    Unrecoverable,
}

impl Access {
    /// The least account that may; `None` for everybody.
    pub const fn least_level(self) -> Option<Level> {
        Some(match self {
            Access::PreAuth => return None,
            Access::ReadSystem | Access::ReadMedia => Level::User,
            Access::ReadSystemSensitive | Access::Actuate => Level::Operator,
            Access::ReadSystemSecret | Access::WriteSystem | Access::Unrecoverable => {
                Level::Administrator
            }
        })
    }
}

/// Access class of an operation. What we do not know may be tried by every
/// account, and is then refused as not supported.
pub fn access_of(name: &Name) -> Access {
    let local = name.local.as_str();
    match &*name.namespace {
        _ if local == "GetServiceCapabilities" => Access::PreAuth,
        ns::TDS => match local {
            "GetSystemDateAndTime"
            | "GetServices"
            | "GetCapabilities"
            | "GetWsdlUrl"
            | "GetEndpointReference"
            | "GetHostname" => Access::PreAuth,
            "GetUsers" => Access::ReadSystemSecret,
            "SystemReboot" => Access::Unrecoverable,
            _ if local.starts_with("Get") => Access::ReadSystem,
            _ => Access::WriteSystem,
        },
        ns::TEV | ns::WSNT => match local {
            "AddEventBroker" | "DeleteEventBroker" => Access::WriteSystem,
            "GetEventBrokers" => Access::ReadSystemSensitive,
            _ => Access::ReadMedia,
        },
        ns::TRT | ns::TR2 if local == "SetSynchronizationPoint" => Access::ReadMedia,
        ns::TRT | ns::TR2 | ns::TAN | ns::TIMG | ns::TMD => match local.starts_with("Get") {
            true => Access::ReadMedia,
            false => Access::Actuate,
        },
        _ => Access::ReadSystem,
    }
}
