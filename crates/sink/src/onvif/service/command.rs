//! What clients want done.

use std::time::Duration;

use types::{CameraId, Timestamp};

use super::event_broker::EventBroker;
use crate::access::Level;
use crate::onvif::device::{LeftOut, MetadataSetup};
use crate::onvif::rule::OnvifRule;
use crate::onvif::subscription::Filter;

/// Something that relay does.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Make accounts; all or none.
    CreateUsers(Vec<UserChange>),
    /// Change accounts; all or none.
    SetUsers(Vec<UserChange>),
    /// Remove accounts; all or none.
    DeleteUsers(Vec<String>),
    /// Let go of cameras and clients, and begin anew.
    Reboot,
    /// From now on these are the scopes that clients set.
    SetScopes(Vec<String>),
    /// Answer discovery, or do not.
    SetDiscoverable(bool),
    /// Set what a metadata track carries.
    SetMetadata(CameraId, MetadataSetup),
    /// Change what belongs to a profile.
    ChangeProfile(CameraId, Vec<ProfileChange>),
    /// Make rules; all or none.
    CreateRules(CameraId, Vec<OnvifRule>),
    /// Change rules; all or none.
    ModifyRules(CameraId, Vec<OnvifRule>),
    /// Remove rules by name; all or none.
    DeleteRules(CameraId, Vec<String>),
    /// Make a pull point.
    CreatePullPoint(SubscribeRequest),
    /// Post notifications to this address.
    Subscribe(SubscribeRequest, String),
    /// Give what waits, or wait.
    Pull(PullRequest),
    /// Let a subscription live until then.
    Renew(Timestamp),
    /// End a subscription.
    Unsubscribe,
    /// Tell all states anew.
    SetSynchronizationPoint,
    /// Tell all states and scenes anew on the streams of a camera.
    SynchronizeStream(CameraId),
    /// Tell which brokers there are, or the one with this address.
    GetEventBrokers(Option<String>),
    /// Add a broker, or change the one with its address.
    AddEventBroker(EventBroker),
    /// Remove the broker with this address.
    DeleteEventBroker(String),
}

/// An account as a client wants it.
#[derive(Clone, PartialEq, Eq)]
pub struct UserChange {
    /// User name.
    pub name: String,
    /// Password; `None` keeps the present one.
    pub password: Option<String>,
    /// What it may do.
    pub level: Level,
}

impl std::fmt::Debug for UserChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserChange")
            .field("name", &self.name)
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}

/// A part taken out of a profile, or put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileChange {
    /// Which part of which profile.
    pub what: LeftOut,
    /// Whether it is in the profile from now on.
    pub is_present: bool,
}

/// What a subscription shall be.
#[derive(Clone, Debug, PartialEq)]
pub struct SubscribeRequest {
    /// What is wanted.
    pub filter: Filter,
    /// Until when.
    pub terminates_at: Timestamp,
    /// No states at the start.
    pub is_changed_only: bool,
}

/// What a pull wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequest {
    /// Longest wait.
    pub timeout: Duration,
    /// Most messages.
    pub limit: usize,
}
