//! Video management systems: events become what such a system understands.
//!
//! In: one step of an event, and which camera of the VMS it belongs to. Out:
//! delivered, or an error that says what was tried, what came back, what to do
//! and whether trying again makes sense. Also the VMS's cameras, to match ours
//! with, and a walk through every step that delivering needs.
//!
//! A repeated delivery carries the same identity, so a receiver can tell it
//! from a second alarm.
//!
//! Not here: when to deliver what (`queue`), which camera is which (`relay`).

mod caller;
mod error;
mod guid;
mod text;

pub mod genetec;
pub mod milestone;

pub use self::error::{Step, VmsError};
pub use self::genetec::Genetec;
pub use self::milestone::Milestone;
pub use self::text::EventName;
pub use crate::kinds::KindFilter;
pub use crate::walk::{TestStep, Walk};
pub use crate::words::object_word;

/// A camera as a VMS lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VmsCamera {
    /// Its identity there.
    pub id: String,
    /// As people call it there.
    pub name: String,
    /// Address of the device, where the VMS tells it.
    pub address: Option<String>,
    /// Number of the video input on that device, from 1, where it is told.
    pub channel: Option<u32>,
}

/// Which camera of the VMS a step belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Its address as registered in the VMS: `192.0.2.21`, or `192.0.2.21,2`
    /// for the second input of a device with several.
    pub address: String,
    /// Its identity in the VMS, where a person or the camera list told it.
    pub camera_id: Option<String>,
}

/// Login and address that both systems need.
#[derive(Clone)]
pub struct ServerConfig {
    /// Host name or address, without scheme and port.
    pub host: String,
    /// Port of the web interface.
    pub port: u16,
    /// Whether the web interface is asked over TLS.
    pub is_tls: bool,
    /// Whose certificate is accepted.
    pub trust: crate::Trust,
    /// User there.
    pub user: String,
    /// That user's password.
    pub password: String,
    /// Longest time for one request, 1 s to 120 s.
    pub timeout: std::time::Duration,
}

impl std::fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerConfig")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("is_tls", &self.is_tls)
            .field("trust", &self.trust)
            .finish_non_exhaustive()
    }
}

/// Either system.
#[derive(Debug)]
pub enum Vms {
    /// Milestone XProtect.
    Milestone(Milestone),
    /// Genetec Security Center.
    Genetec(Genetec),
}

impl Vms {
    /// Delivers one step; what the filter leaves out counts as delivered.
    ///
    /// # Errors
    /// It did not arrive; [`VmsError::reaction`] says what to do.
    pub async fn deliver(&self, message: &crate::Message, place: &Place) -> Result<(), VmsError> {
        match self {
            Vms::Milestone(milestone) => milestone.deliver(message, place).await,
            Vms::Genetec(genetec) => genetec.deliver(message, place).await,
        }
    }

    /// The cameras that the VMS lists for its user.
    ///
    /// # Errors
    /// It cannot be reached or does not let us in.
    pub async fn cameras(&self) -> Result<Vec<VmsCamera>, VmsError> {
        match self {
            Vms::Milestone(milestone) => milestone.cameras().await,
            Vms::Genetec(genetec) => genetec.cameras().await,
        }
    }

    /// Walks every step that delivering needs; sends one event marked as a
    /// test, in the name of the camera at `place`.
    pub async fn test(&self, message: &crate::Message, place: &Place) -> Walk {
        match self {
            Vms::Milestone(milestone) => milestone.test(message, place).await,
            Vms::Genetec(genetec) => genetec.test(message, place).await,
        }
    }

    /// Whether messages want [`crate::Picture::jpeg`].
    pub fn has_picture_inside(&self) -> bool {
        matches!(self, Vms::Milestone(_))
    }
}

#[cfg(test)]
mod tests;
