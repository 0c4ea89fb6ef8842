//! Signal lost: no picture has come for some time. Told by ticks, as there is
//! no scene to tell it by.

use std::time::Duration;

use types::{Gate, Timestamp};

use super::intruder::lasted;
use super::kind::{Kind, Look};
use super::life::{Case, Desk, EndReason, Head, News, Subject, Verdict};
use crate::explain::ObjectExplanation;

#[derive(Debug)]
pub(super) struct SignalLost {
    after: Duration,
    /// Newest scene, or the first tick if none has come yet.
    silent_since: Option<Timestamp>,
    case: Case,
}

impl SignalLost {
    pub(super) fn new(after: Duration) -> Self {
        SignalLost {
            after,
            silent_since: None,
            case: Case::default(),
        }
    }

    fn advance(&mut self, verdict: Verdict, head: &mut Head, at: Timestamp, desk: &mut Desk<'_>) {
        let silent = self.silent_since.map(|since| at.saturating_since(since));
        let own = lasted("received", silent, self.after);
        let news = News {
            verdict,
            subject: Subject::default(),
            at,
            last: at,
            own: &|| Some(own.clone()),
        };
        let why = |head: &Head| [vec![own.clone()], head.gates(at)].concat();
        self.case.advance(head, &news, why, desk);
    }
}

impl Kind for SignalLost {
    fn update(&mut self, head: &mut Head, look: &Look<'_>, desk: &mut Desk<'_>) {
        let at = look.at();
        self.advance(Verdict::Over(EndReason::VideoBack), head, at, desk);
        self.silent_since = Some(at);
        self.case = Case::default();
    }

    fn tick(
        &mut self,
        head: &mut Head,
        now: Timestamp,
        last_scene_at: Option<Timestamp>,
        desk: &mut Desk<'_>,
    ) {
        let since = *self
            .silent_since
            .get_or_insert(last_scene_at.unwrap_or(now));
        let verdict = match now.saturating_since(since) >= self.after {
            true => Verdict::Holds,
            false => Verdict::Waits,
        };
        self.advance(verdict, head, now, desk);
    }

    fn end_all(&mut self, head: &mut Head, at: Timestamp, reason: EndReason, desk: &mut Desk<'_>) {
        self.case.end(head, reason, at, at, &|| None, desk);
    }

    fn is_active(&self) -> bool {
        self.case.is_open()
    }

    fn is_about_silence(&self) -> bool {
        true
    }

    fn explain(
        &self,
        head: &Head,
        _look: &Look<'_>,
        now: Timestamp,
    ) -> (Vec<Gate>, Vec<ObjectExplanation>) {
        let silent = self.silent_since.map(|since| now.saturating_since(since));
        let gates = vec![lasted("received", silent, self.after)];
        ([gates, head.gates(now)].concat(), Vec::new())
    }
}
