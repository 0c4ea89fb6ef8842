//! Which pictures of one camera belong to a clip.
//!
//! In: pictures and scenes as they come, steps of events. Out: pictures and
//! boxes to be written, and what each alarm claims of them.
//!
//! The last seconds wait in memory. When an event begins they are written, and
//! with them every picture until the event has been over for some seconds; what
//! two alarms want is written once. An alarm that lasts too long keeps its begin
//! and its end.
//!
//! Time is that of the pictures. Where it jumps back, what waits is dropped and
//! recording stops: nothing there could be put in order.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use clip::TracksAt;
use store::Clip;
use types::{EncodedFrame, Event, EventId, Phase, Scene, Timestamp};

use crate::settings::ClipSettings;

/// Longest begin of a clip, counted from its first picture. Longer alarms keep
/// this and their end.
pub(super) const LONGEST: Duration = Duration::from_secs(60);
/// How much longer than asked for pictures wait: an event is decided on when
/// its picture was analysed.
const MARGIN: Duration = Duration::from_secs(2);
/// Most alarms of one camera that are told apart at once; the pictures of more
/// are kept only as far as these reach.
const MAX_CLAIMS: usize = 512;

/// What is to be written.
#[derive(Debug)]
pub(super) enum Item {
    /// A picture.
    Picture(EncodedFrame),
    /// What was followed at a time.
    Tracks(TracksAt),
    /// For now nothing follows.
    Pause,
}

/// The last seconds of one camera, and what its alarms want.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    pictures: VecDeque<EncodedFrame>,
    pictures_bytes: usize,
    tracks: VecDeque<TracksAt>,
    last_at: Option<Timestamp>,
    /// When the next picture is due, by the rate that is kept.
    due_at: Timestamp,
    claims: BTreeMap<EventId, Clip>,
    is_writing: bool,
}

impl Recorder {
    /// Takes a picture. At most `max_bytes` of them wait.
    pub(super) fn frame(
        &mut self,
        frame: EncodedFrame,
        settings: &ClipSettings,
        max_bytes: usize,
        out: &mut Vec<Item>,
    ) {
        let at = frame.captured_at;
        if !settings.is_on || self.last_at.is_some_and(|last_at| at < last_at) {
            self.forget(out);
        }
        self.last_at = Some(at);
        if !settings.is_on || !self.is_due(at, settings.interval) {
            return;
        }
        if self.until().is_some_and(|until| at <= until) {
            self.is_writing = true;
            out.push(Item::Picture(frame));
            return;
        }
        self.pause(out);
        self.pictures_bytes += frame.jpeg.len();
        self.pictures.push_back(frame);
        self.trim(at.saturating_sub(settings.before + MARGIN), max_bytes);
    }

    /// Takes what was found in a picture.
    pub(super) fn scene(&mut self, scene: &Scene, out: &mut Vec<Item>) {
        let waits_from = self.pictures.front().map(|frame| frame.captured_at);
        let tracks = TracksAt::of_scene(scene);
        if self.is_writing && waits_from.is_none_or(|from| scene.captured_at < from) {
            out.push(Item::Tracks(tracks));
        } else if waits_from.is_some() {
            self.tracks.push_back(tracks);
        }
    }

    /// Takes steps of events; gives back what each claims from now on.
    pub(super) fn note(
        &mut self,
        events: &[Event],
        settings: &ClipSettings,
        out: &mut Vec<Item>,
    ) -> Vec<Clip> {
        self.forget_passed();
        let mut changed = Vec::new();
        for event in events {
            if event.phase != Phase::Update && settings.is_on && self.claims.len() < MAX_CLAIMS {
                let is_new = !self.claims.contains_key(&event.event_id);
                if is_new && event.step == 0 {
                    let clip = self.begin(event, settings, out);
                    self.claims.insert(event.event_id, clip.clone());
                    changed.push(clip);
                }
            }
            if event.phase == Phase::End
                && let Some(mut clip) = self.claims.remove(&event.event_id)
            {
                self.end(&mut clip, event, settings, out);
                self.claims.insert(event.event_id, clip.clone());
                changed.retain(|known: &Clip| known.event_id != clip.event_id);
                changed.push(clip);
            }
        }
        changed
    }

    fn begin(&mut self, event: &Event, settings: &ClipSettings, out: &mut Vec<Item>) -> Clip {
        let alarm_at = event.at;
        let mut from = alarm_at.saturating_sub(settings.before);
        // No picture for a while, as with a lost signal: the last there were.
        if let Some(newest) = self.pictures.back()
            && newest.captured_at < from
        {
            from = newest.captured_at.saturating_sub(settings.before);
        }
        self.drain(from, out);
        Clip {
            event_id: event.event_id,
            camera_id: event.camera_id.clone(),
            alarm_at,
            is_open: true,
            begin: (from, from.saturating_add(LONGEST)),
            end: None,
        }
    }

    fn end(
        &mut self,
        clip: &mut Clip,
        event: &Event,
        settings: &ClipSettings,
        out: &mut Vec<Item>,
    ) {
        clip.is_open = false;
        let ended_at = event.ended_at.unwrap_or(event.at).max(clip.alarm_at);
        let until = ended_at.saturating_add(settings.after);
        let (from, longest) = clip.begin;
        if until <= longest {
            clip.begin = (from, until);
            return;
        }
        let end_from = ended_at.saturating_sub(settings.before).max(longest);
        self.drain(end_from, out);
        clip.end = Some((end_from, until));
    }

    /// Until when pictures are wanted.
    fn until(&self) -> Option<Timestamp> {
        let claims = self.claims.values();
        claims
            .map(|clip| clip.end.map_or(clip.begin.1, |(_, until)| until))
            .max()
    }

    /// Writes what waits from `from` on.
    fn drain(&mut self, from: Timestamp, out: &mut Vec<Item>) {
        if self.pictures.is_empty() {
            return;
        }
        self.is_writing = true;
        for frame in self.pictures.drain(..) {
            if frame.captured_at >= from {
                out.push(Item::Picture(frame));
            }
        }
        self.pictures_bytes = 0;
        for tracks in self.tracks.drain(..) {
            if tracks.captured_at >= from {
                out.push(Item::Tracks(tracks));
            }
        }
    }

    fn pause(&mut self, out: &mut Vec<Item>) {
        if std::mem::take(&mut self.is_writing) {
            out.push(Item::Pause);
        }
        self.forget_passed();
    }

    /// Of alarms that are over nobody waits for more.
    fn forget_passed(&mut self) {
        let last_at = self.last_at.unwrap_or_default();
        self.claims.retain(|_, clip| {
            let until = clip.end.map_or(clip.begin.1, |(_, until)| until);
            clip.is_open || last_at <= until
        });
    }

    fn forget(&mut self, out: &mut Vec<Item>) {
        self.pictures.clear();
        self.pictures_bytes = 0;
        self.tracks.clear();
        self.claims.clear();
        self.due_at = Timestamp::default();
        self.pause(out);
    }

    fn trim(&mut self, from: Timestamp, max_bytes: usize) {
        while let Some(oldest) = self.pictures.front()
            && (oldest.captured_at < from || self.pictures_bytes > max_bytes)
        {
            self.pictures_bytes -= oldest.jpeg.len();
            self.pictures.pop_front();
        }
        let from = self.pictures.front().map(|frame| frame.captured_at);
        while let Some(oldest) = self.tracks.front()
            && from.is_none_or(|from| oldest.captured_at < from)
        {
            self.tracks.pop_front();
        }
    }

    /// Whether this picture is kept at a rate of one every `interval`. A camera
    /// that is as fast as that may jitter.
    fn is_due(&mut self, at: Timestamp, interval: Duration) -> bool {
        if at.saturating_add(interval / 4) < self.due_at {
            return false;
        }
        let next = self.due_at.saturating_add(interval);
        self.due_at = if next <= at {
            at.saturating_add(interval)
        } else {
            next
        };
        true
    }
}

#[cfg(test)]
#[path = "recorder_tests.rs"]
mod tests;
