//! Picture problem: covered, defocused, turned, too dark, too bright. Each
//! problem is an event of its own.

use std::time::Duration;

use types::{EventDetail, Gate, PictureProblem, Timestamp};

use super::intruder::lasted;
use super::kind::{Kind, Look};
use super::life::{Case, Desk, EndReason, Head, News, Subject, Verdict};
use crate::explain::ObjectExplanation;
use crate::filter::{asked, gate};

#[derive(Debug)]
pub(super) struct Picture {
    lasting: Duration,
    /// One for each problem that counts.
    problems: Vec<Trouble>,
}

#[derive(Debug)]
struct Trouble {
    problem: PictureProblem,
    /// Since when, and until when it was last seen.
    seen: Option<(Timestamp, Timestamp)>,
    case: Case,
}

impl Picture {
    pub(super) fn new(problems: &[PictureProblem], lasting: Duration) -> Self {
        let chosen = PictureProblem::ALL
            .into_iter()
            .filter(|problem| problems.contains(problem));
        let trouble = |problem| Trouble {
            problem,
            seen: None,
            case: Case::default(),
        };
        Picture {
            lasting,
            problems: chosen.map(trouble).collect(),
        }
    }
}

impl Trouble {
    fn gates(&self, at: Timestamp, lasting: Duration) -> Vec<Gate> {
        let name = self.problem.name();
        let since = self.seen.map(|(since, _)| at.saturating_since(since));
        let outcome = asked(since.is_some(), name, || format!("not {name}"));
        vec![gate("picture", outcome), lasted("dwell", since, lasting)]
    }
}

impl Kind for Picture {
    fn update(&mut self, head: &mut Head, look: &Look<'_>, desk: &mut Desk<'_>) {
        let (at, lasting) = (look.at(), self.lasting);
        let seen_now = &look.view.scene.picture.problems;
        for trouble in &mut self.problems {
            let now = seen_now
                .iter()
                .find(|(problem, _)| *problem == trouble.problem);
            if let Some((_, since)) = now {
                let (known_since, last) = trouble.seen.get_or_insert((*since, at));
                *known_since = (*known_since).min(*since);
                *last = at;
            }
            let Some((since, last)) = trouble.seen else {
                continue;
            };
            let verdict = if at.saturating_since(last) > head.rule.grace {
                Verdict::Over(EndReason::PictureGood)
            } else if now.is_some() && at.saturating_since(since) >= lasting {
                Verdict::Holds
            } else {
                Verdict::Waits
            };
            let gates = trouble.gates(at, lasting);
            let news = News {
                verdict,
                subject: Subject {
                    detail: EventDetail {
                        problem: Some(trouble.problem),
                        ..EventDetail::default()
                    },
                    ..Subject::default()
                },
                at,
                last,
                own: &|| gates.last().cloned(),
            };
            let why = |head: &Head| [gates.clone(), head.gates(at)].concat();
            trouble.case.advance(head, &news, why, desk);
            if let Verdict::Over(_) = verdict {
                trouble.seen = None;
                trouble.case = Case::default();
            }
        }
    }

    fn end_all(&mut self, head: &mut Head, at: Timestamp, reason: EndReason, desk: &mut Desk<'_>) {
        for trouble in &mut self.problems {
            let last = trouble.seen.map_or(at, |(_, last)| last);
            trouble.case.end(head, reason, at, last, &|| None, desk);
        }
    }

    fn is_active(&self) -> bool {
        self.problems.iter().any(|trouble| trouble.case.is_open())
    }

    fn explain(
        &self,
        head: &Head,
        look: &Look<'_>,
        _now: Timestamp,
    ) -> (Vec<Gate>, Vec<ObjectExplanation>) {
        let at = look.at();
        let worst = self
            .problems
            .iter()
            .min_by_key(|trouble| trouble.seen.map_or(at, |(since, _)| since));
        let mut gates = worst.map_or_else(Vec::new, |trouble| trouble.gates(at, self.lasting));
        gates.extend(head.gates(at));
        (gates, Vec::new())
    }
}
