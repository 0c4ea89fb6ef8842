//! Alarms in i-PRO's form, made once for all who receive them.
//!
//! Each waits a moment for the picture of its object, which is often chosen
//! only after the alarm.

use std::sync::Arc;
use std::time::Duration;

use sink::ipro::{AlarmEvent, event_document};
use store::{EventRow, Reader};
use tokio::sync::broadcast;
use types::{CameraId, EventId, Phase, ProgramKind, Timestamp};

use super::Rtsp;

/// Alarms kept for slow receivers.
const ALARMS_KEPT: usize = 64;
/// How often, and how many times, the picture is looked for.
const PICTURE_EVERY: Duration = Duration::from_millis(250);
const PICTURE_TRIES: u32 = 6;

/// One alarm, ready to be sent.
#[derive(Debug)]
pub(super) struct Alarm {
    pub(super) camera_id: CameraId,
    pub(super) at: Timestamp,
    pub(super) document: String,
}

/// Where receivers hear of alarms.
#[derive(Debug)]
pub(super) struct Alarms {
    sender: broadcast::Sender<Arc<Alarm>>,
}

impl Default for Alarms {
    fn default() -> Self {
        Alarms {
            sender: broadcast::Sender::new(ALARMS_KEPT),
        }
    }
}

impl Alarms {
    /// Alarms of all cameras from now on.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<Arc<Alarm>> {
        self.sender.subscribe()
    }
}

impl Rtsp {
    /// Takes steps of events that were just stored, on the store's thread.
    pub(crate) fn take_stored(
        &self,
        reader: &Reader,
        event_ids: impl Iterator<Item = EventId>,
    ) -> Result<(), store::Error> {
        if self.shared.alarms.sender.receiver_count() == 0 {
            return Ok(());
        }
        for event_id in event_ids {
            let row = reader.event(event_id)?;
            let begin = row.filter(|row| row.phase == Phase::Begin);
            if let Some(row) = begin {
                let rtsp = self.clone();
                let work = async move { rtsp.send_alarm(row).await };
                self.shared.parts.runtime.spawn(work);
            }
        }
        Ok(())
    }

    async fn send_alarm(&self, row: EventRow) {
        let mut jpeg = None;
        if row.track_id.is_some() {
            for _ in 0..PICTURE_TRIES {
                jpeg = self.picture_of(row.event_id).await;
                if jpeg.is_some() {
                    break;
                }
                tokio::time::sleep(PICTURE_EVERY).await;
            }
        }
        let settings = self.shared.parts.fleet.settings(&row.camera_id);
        let zone = row
            .zone_id
            .and_then(|zone_id| Some(settings.as_ref()?.zone_name(zone_id)?.to_owned()));
        let who = row.class.map(|class| class.name().to_owned());
        let words: Vec<String> = who.into_iter().chain(zone).collect();
        let alarm = AlarmEvent {
            app: app_name(row.program).to_owned(),
            kind: row.kind,
            at: row.at,
            video_source: row.camera_id.to_string(),
            detail: match words.is_empty() {
                true => row.rule_name,
                false => words.join(", "),
            },
            likelihood: row.score,
            jpeg: jpeg.map(Into::into),
        };
        // Fails when nobody listens any more.
        drop(self.shared.alarms.sender.send(Arc::new(Alarm {
            camera_id: row.camera_id,
            at: row.at,
            document: event_document(&alarm),
        })));
    }

    async fn picture_of(&self, event_id: EventId) -> Option<Vec<u8>> {
        let storage = &self.shared.parts.storage;
        let read = storage.read(move |reader| match reader.event_shot(event_id)? {
            Some(shot) => reader.shot_jpeg(shot.shot_id),
            None => Ok(None),
        });
        // The alarm goes out without it.
        read.await.ok().flatten()
    }
}

/// A program as `getinfo` lists it.
const fn app_name(program: ProgramKind) -> &'static str {
    match program {
        ProgramKind::Vmd => "AI-VMD",
        ProgramKind::People => "AI-People",
        ProgramKind::Vehicle => "AI-Vehicle",
        ProgramKind::Occupancy => "AI-Occupancy",
        ProgramKind::State => "AI-State",
        ProgramKind::Extension => "AiEncoderApp",
    }
}
