//! Video management systems: their settings, made into receivers, and which of
//! their cameras is which of ours.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sink::Message;
use sink::vms::genetec::GenetecConfig;
use sink::vms::milestone::{MilestoneConfig, Way};
use sink::vms::{
    EventName, Genetec, KindFilter, Milestone, Place, ServerConfig, Vms, VmsCamera, VmsError, Walk,
};
use types::{CameraId, EventKind};

use super::book::{Book, Record, sink_name};
use super::couriers::Couriers;
use super::message::test_message;
use super::parse_trust;
use super::receiver::{Failure, Receiver};
use crate::settings::{FieldErrors, MatchDocument, SystemDocument, VmsDocument};
use crate::supervise::Fleet;

/// A VMS's document with its id.
pub(crate) type VmsRecord = Record<VmsDocument>;

/// All video management systems.
#[derive(Debug)]
pub(crate) struct VmsServers {
    couriers: Arc<Couriers>,
    /// Documents in the store.
    pub book: Book<VmsDocument>,
}

/// One VMS with the cameras that stand for ours.
#[derive(Debug)]
pub(super) struct VmsLink {
    vms: Vms,
    matches: BTreeMap<String, MatchDocument>,
    fleet: Arc<Fleet>,
}

impl VmsLink {
    /// Delivers one step.
    pub(super) async fn deliver(&self, message: &Message) -> Result<(), Failure> {
        let place = place_of(&self.fleet, &self.matches, &message.camera_id);
        let delivered = self.vms.deliver(message, &place).await;
        delivered.map_err(|error: VmsError| Failure {
            text: error.to_string(),
            reaction: error.reaction(),
        })
    }

    pub(super) fn wants_picture(&self) -> bool {
        self.vms.has_picture_inside()
    }
}

/// Which camera of the VMS stands for ours: what a person chose, else our
/// link's address and channel.
fn place_of(
    fleet: &Fleet,
    matches: &BTreeMap<String, MatchDocument>,
    camera_id: &CameraId,
) -> Place {
    let chosen = matches.get(&camera_id.to_string());
    let address = chosen
        .and_then(|chosen| chosen.address.clone())
        .filter(|address| !address.is_empty())
        .or_else(|| {
            let settings = fleet.settings(camera_id)?;
            let link = &settings.link;
            Some(address_of(&link.host(), link.channel()))
        });
    Place {
        address: address.unwrap_or_else(|| camera_id.to_string()),
        camera_id: chosen.and_then(|chosen| chosen.vms_camera_id.clone()),
    }
}

/// As XProtect writes it: the channel stands behind a comma where it is not
/// the first.
fn address_of(host: &str, channel: u8) -> String {
    match channel {
        0 | 1 => host.to_owned(),
        _ => format!("{host},{channel}"),
    }
}

/// Our cameras and those of the VMS that have the same address and channel.
pub(crate) fn same_addresses<'a>(
    ours: impl IntoIterator<Item = (&'a CameraId, &'a str, u8)>,
    theirs: &[VmsCamera],
) -> BTreeMap<String, String> {
    let is_same = |camera: &VmsCamera, host: &str, channel: u8| {
        let address = camera.address.as_deref();
        address.is_some_and(|address| address.eq_ignore_ascii_case(host))
            && camera.channel.unwrap_or(1) == u32::from(channel.max(1))
    };
    ours.into_iter()
        .filter_map(|(camera_id, host, channel)| {
            let mut same = theirs
                .iter()
                .filter(|camera| is_same(camera, host, channel));
            let one = same.next()?;
            // Two that look alike are for a person to tell apart.
            same.next()
                .is_none()
                .then(|| (camera_id.to_string(), one.id.clone()))
        })
        .collect()
}

impl VmsServers {
    pub(super) fn new(couriers: Arc<Couriers>) -> Self {
        let parts = &couriers.parts;
        VmsServers {
            book: Book::new(parts.storage.clone(), Arc::clone(&parts.clock)),
            couriers,
        }
    }

    /// Makes the running task of a VMS follow its document.
    ///
    /// # Errors
    /// The store cannot note whether the sink is on.
    pub(crate) async fn apply(&self, record: &VmsRecord) -> anyhow::Result<()> {
        let sink = record.sink_name();
        self.couriers.halt(&sink);
        let document = &record.document;
        self.couriers.register(&sink, document.is_enabled).await?;
        if !document.is_enabled {
            return Ok(());
        }
        match self.make(document) {
            Ok(vms) => {
                let link = VmsLink {
                    vms,
                    matches: document.matches.clone(),
                    fleet: Arc::clone(&self.couriers.parts.fleet),
                };
                drop(self.couriers.dispatch(&sink, Receiver::Vms(Box::new(link))));
            }
            Err(errors) => tracing::error!(vms = document.name, %errors, "VMS not started"),
        }
        Ok(())
    }

    /// Stops a VMS and forgets what waits for it.
    ///
    /// # Errors
    /// The store cannot write.
    pub(crate) async fn remove(&self, id: &str) -> anyhow::Result<()> {
        self.couriers.remove(&sink_name::<VmsDocument>(id)).await
    }

    /// Checks a document as a VMS.
    ///
    /// # Errors
    /// Names the field that cannot be used.
    pub(crate) fn make(&self, document: &VmsDocument) -> Result<Vms, FieldErrors> {
        let vault = &self.couriers.parts.vault;
        let sealed = document.sealed_password.as_deref();
        let password = sealed.map(|sealed| vault.open_sealed(sealed)).transpose();
        let password = password.map_err(|error| FieldErrors::one("password", error.to_string()))?;
        let server = ServerConfig {
            host: document.host.clone(),
            port: document.port,
            is_tls: document.is_tls,
            trust: parse_trust(document.fingerprint.as_deref())?,
            user: document.user.clone(),
            password: password.unwrap_or_default(),
            timeout: Duration::from_secs(document.timeout_s.into()),
        };
        let kinds = document.kinds.iter();
        let filter = KindFilter {
            kinds: kinds
                .filter_map(|name| EventKind::from_name(name))
                .collect(),
            has_ends: document.has_ends,
        };
        let vms = match &document.system {
            SystemDocument::Milestone {
                notification_port,
                has_alarms,
                event_name,
                priority,
            } => EventName::parse(event_name).and_then(|event_name| {
                Milestone::new(MilestoneConfig {
                    server,
                    notification_port: *notification_port,
                    way: if *has_alarms {
                        Way::Alarms
                    } else {
                        Way::AnalyticsEvents
                    },
                    event_name,
                    priority: *priority,
                    filter,
                })
                .map(Vms::Milestone)
            }),
            SystemDocument::Genetec {
                application_id,
                base_path,
                first_event_number,
                alarm_id,
                has_bookmarks,
            } => Genetec::new(GenetecConfig {
                server,
                base_path: base_path.clone(),
                application_id: application_id.clone(),
                first_event_number: *first_event_number,
                alarm_id: alarm_id.clone(),
                has_bookmarks: *has_bookmarks,
                filter,
            })
            .map(Vms::Genetec),
        };
        vms.map_err(|error| FieldErrors::one(error.field, error.message))
    }

    /// Walks every step to a VMS; its last one sends an event marked as a test
    /// in the name of the first camera that the VMS knows.
    pub(crate) async fn test(&self, document: &VmsDocument, vms: &Vms) -> Walk {
        let parts = &self.couriers.parts;
        let mut message = test_message(parts.clock.now());
        let mut place = Place::default();
        // A camera that was matched is surely known there.
        let cameras = parts.fleet.all();
        let matched = cameras
            .iter()
            .find(|camera| document.matches.contains_key(&camera.camera_id.to_string()))
            .or(cameras.first());
        if let Some(camera) = matched {
            place = place_of(&parts.fleet, &document.matches, &camera.camera_id);
            message.camera_name = camera.current_settings().name.clone();
        }
        message.rule_name = "Test of this VMS server".to_owned();
        vms.test(&message, &place).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera(id: &str, address: Option<&str>, channel: Option<u32>) -> VmsCamera {
        VmsCamera {
            id: id.to_owned(),
            name: id.to_owned(),
            address: address.map(str::to_owned),
            channel,
        }
    }

    #[test]
    fn cameras_are_matched_by_address_and_channel_and_never_by_guess() {
        let theirs = [
            camera("a", Some("192.0.2.1"), Some(1)),
            camera("b", Some("192.0.2.2"), Some(1)),
            camera("c", Some("192.0.2.2"), Some(2)),
            camera("d", Some("192.0.2.3"), Some(1)),
            camera("e", Some("192.0.2.3"), Some(1)),
            camera("f", None, None),
        ];
        let ids: Vec<CameraId> = ["one", "two", "twins", "none"]
            .into_iter()
            .map(|id| CameraId::new(id).unwrap())
            .collect();
        let hosts = [
            ("192.0.2.1", 1),
            ("192.0.2.2", 2),
            ("192.0.2.3", 1),
            ("192.0.2.9", 1),
        ];
        let ours = ids
            .iter()
            .zip(hosts)
            .map(|(id, (host, channel))| (id, host, channel));
        let found = same_addresses(ours, &theirs);
        let expected = [("one", "a"), ("two", "c")];
        assert_eq!(
            found,
            expected
                .map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned()))
                .into()
        );
    }

    #[test]
    fn further_channels_stand_behind_a_comma() {
        assert_eq!(address_of("192.0.2.1", 1), "192.0.2.1");
        assert_eq!(address_of("192.0.2.1", 3), "192.0.2.1,3");
    }
}
