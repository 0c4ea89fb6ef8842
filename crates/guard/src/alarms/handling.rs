//! What may be done with an alarm, and how it stands afterwards.
//!
//! ```text
//!          acknowledge        assign
//!   new ──────────────▶ acknowledged ◀────────▶ assigned
//!    │                       │       release      │
//!    └──────────┬────────────┴───────────────────┘
//!             close                      reopen: back to acknowledged
//! ```
//!
//! In: how the alarm stands, the revision that somebody has seen, and what he
//! wants. Out: how it stands then, or why not. Two people at once: the second
//! one's revision is old, and nothing is done. A note, or taking evidence out,
//! needs no revision, for it takes nothing back.
//!
//! Not here: who may handle alarms, and what else was done (`store`).

use types::{AlarmState, CloseReason, Handling, HandlingKind, Standing};

/// Most notes of one alarm.
pub const MAX_NOTES: u32 = 200;
/// Most changes of one alarm.
pub const MAX_REVISION: u32 = 1_000;
/// Longest note or text, characters.
pub const MAX_TEXT_CHARS: usize = 2_000;
/// Longest name of somebody, characters.
pub const MAX_NAME_CHARS: usize = 64;

/// Why nothing is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Somebody else was quicker.
    #[error("somebody else has changed it meanwhile")]
    Changed,
    /// It is so already.
    #[error("that is done already")]
    Already,
    /// It is closed.
    #[error("it is closed: reopen it first")]
    Closed,
    /// It is not closed.
    #[error("it is not closed")]
    NotClosed,
    /// Nobody has it.
    #[error("it is given to nobody")]
    NotAssigned,
    /// The bound on changes.
    #[error("it has been changed {MAX_REVISION} times, which is the most")]
    TooManyChanges,
    /// The bound on notes.
    #[error("it has {MAX_NOTES} notes, which is the most")]
    TooManyNotes,
}

/// A field that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadHandling {
    /// Which field.
    pub field: &'static str,
    /// What is wrong with it, and what to do.
    pub message: String,
}

/// Checks what can be checked without the alarm.
///
/// # Errors
/// Names the first field that cannot be used.
pub fn check(handling: &Handling) -> Result<(), BadHandling> {
    let bad = |field, message: &str| {
        Err(BadHandling {
            field,
            message: message.to_owned(),
        })
    };
    let n_chars = handling.text.chars().count();
    if n_chars > MAX_TEXT_CHARS {
        let message = format!("{n_chars} characters: use at most {MAX_TEXT_CHARS}");
        return bad("text", &message);
    }
    let is_control = |c: char| c.is_control() && c != '\n' && c != '\t';
    if handling.text.chars().any(is_control) {
        return bad("text", "contains a character that cannot be shown");
    }
    let has_text = !handling.text.trim().is_empty();
    match handling.kind {
        HandlingKind::Assign => match handling.assignee.as_deref() {
            None | Some("") => return bad("assignee", "say who is to look after it"),
            Some(name) if name.chars().count() > MAX_NAME_CHARS => {
                return bad("assignee", "there is no such account");
            }
            Some(_) => {}
        },
        _ if handling.assignee.is_some() => {
            return bad("assignee", "only assign takes a name: leave it out");
        }
        _ => {}
    }
    match (handling.kind, handling.reason) {
        (HandlingKind::Close, None) => return bad("reason", "say what it was"),
        (HandlingKind::Close, Some(CloseReason::Other)) if !has_text => {
            return bad("text", "say what it was");
        }
        (HandlingKind::Close, Some(_)) => {}
        (_, Some(_)) => return bad("reason", "only close takes a reason: leave it out"),
        (_, None) => {}
    }
    if handling.kind == HandlingKind::Note && !has_text {
        return bad("text", "the note is empty");
    }
    Ok(())
}

/// How an alarm stands after `handling`, for somebody who has seen it at
/// `seen_revision`. The handling was [checked](check).
///
/// # Errors
/// Why nothing is to be done.
pub fn stands(
    before: &Standing,
    seen_revision: u32,
    handling: &Handling,
) -> Result<Standing, Refusal> {
    if handling.kind == HandlingKind::Note {
        if before.n_notes >= MAX_NOTES {
            return Err(Refusal::TooManyNotes);
        }
        return Ok(Standing {
            n_notes: before.n_notes + 1,
            ..before.clone()
        });
    }
    if handling.kind == HandlingKind::Export {
        return Ok(before.clone());
    }
    if before.revision != seen_revision {
        return Err(Refusal::Changed);
    }
    if before.revision >= MAX_REVISION {
        return Err(Refusal::TooManyChanges);
    }
    let is_closed = before.state == AlarmState::Closed;
    let (state, assignee, reason) = match handling.kind {
        HandlingKind::Reopen if !is_closed => return Err(Refusal::NotClosed),
        HandlingKind::Close if is_closed && before.reason == handling.reason => {
            return Err(Refusal::Already);
        }
        HandlingKind::Acknowledge
        | HandlingKind::Assign
        | HandlingKind::Release
        | HandlingKind::Close
            if is_closed =>
        {
            return Err(Refusal::Closed);
        }
        HandlingKind::Acknowledge if before.state != AlarmState::New => {
            return Err(Refusal::Already);
        }
        HandlingKind::Assign if before.assignee == handling.assignee => {
            return Err(Refusal::Already);
        }
        HandlingKind::Release if before.state != AlarmState::Assigned => {
            return Err(Refusal::NotAssigned);
        }
        HandlingKind::Acknowledge | HandlingKind::Release | HandlingKind::Reopen => {
            (AlarmState::Acknowledged, None, None)
        }
        HandlingKind::Assign => (AlarmState::Assigned, handling.assignee.clone(), None),
        HandlingKind::Close => (AlarmState::Closed, None, handling.reason),
        HandlingKind::Note | HandlingKind::Export => unreachable!("done with above"),
    };
    Ok(Standing {
        state,
        assignee,
        reason,
        revision: before.revision + 1,
        n_notes: before.n_notes,
    })
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    /// "acknowledge", "assign ann", "close real", "note text".
    fn handling(line: &str) -> Handling {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        let kind = HandlingKind::from_name(kind).unwrap();
        let reason = CloseReason::from_name(rest.split(' ').next().unwrap());
        Handling {
            kind,
            assignee: (kind == HandlingKind::Assign).then(|| rest.to_owned()),
            reason: reason.filter(|_| kind == HandlingKind::Close),
            text: match kind {
                HandlingKind::Note => rest.to_owned(),
                _ => String::new(),
            },
        }
    }

    /// One line after another, each by somebody who has seen the one before.
    fn check_life(lines: &[&str], expected: &Expect) {
        let mut standing = Standing::NEW;
        let mut told = String::new();
        for line in lines {
            told.push_str(&format!("{line}: "));
            match stands(&standing, standing.revision, &handling(line)) {
                Ok(next) => {
                    standing = next;
                    let who = standing.assignee.as_deref().map(|who| format!(" to {who}"));
                    let why = standing
                        .reason
                        .map(|reason| format!(" as {}", reason.name()));
                    told.push_str(&format!(
                        "{}{}{}, revision {}, notes {}\n",
                        standing.state.name(),
                        who.unwrap_or_default(),
                        why.unwrap_or_default(),
                        standing.revision,
                        standing.n_notes
                    ));
                }
                Err(refusal) => told.push_str(&format!("no, {refusal}\n")),
            }
        }
        expected.assert_eq(&told);
    }

    #[test]
    fn alarm_goes_from_new_to_closed_and_back() {
        check_life(
            &[
                "acknowledge",
                "acknowledge",
                "assign ann",
                "assign ann",
                "assign bob",
                "note at the gate",
                "acknowledge",
                "release",
                "release",
                "close false_alarm",
                "close false_alarm",
                "close real",
                "assign ann",
                "note it was a cat",
                "reopen",
                "reopen",
                "close real",
            ],
            &expect![[r#"
                acknowledge: acknowledged, revision 1, notes 0
                acknowledge: no, that is done already
                assign ann: assigned to ann, revision 2, notes 0
                assign ann: no, that is done already
                assign bob: assigned to bob, revision 3, notes 0
                note at the gate: assigned to bob, revision 3, notes 1
                acknowledge: no, that is done already
                release: acknowledged, revision 4, notes 1
                release: no, it is given to nobody
                close false_alarm: closed as false_alarm, revision 5, notes 1
                close false_alarm: no, that is done already
                close real: no, it is closed: reopen it first
                assign ann: no, it is closed: reopen it first
                note it was a cat: closed as false_alarm, revision 5, notes 2
                reopen: acknowledged, revision 6, notes 2
                reopen: no, it is not closed
                close real: closed as real, revision 7, notes 2
            "#]],
        );
    }

    #[test]
    fn second_of_two_people_is_refused_but_for_notes() {
        let seen = Standing::NEW;
        let first = stands(&seen, seen.revision, &handling("close real")).unwrap();
        for line in ["acknowledge", "assign ann", "close real", "reopen"] {
            let second = stands(&first, seen.revision, &handling(line));
            assert_eq!(second, Err(Refusal::Changed), "{line}");
        }
        assert!(stands(&first, seen.revision, &handling("note mine")).is_ok());
    }

    #[test]
    fn changes_and_notes_have_a_bound() {
        let full = Standing {
            revision: MAX_REVISION,
            n_notes: MAX_NOTES,
            ..Standing::NEW
        };
        let close = stands(&full, MAX_REVISION, &handling("close real"));
        assert_eq!(close, Err(Refusal::TooManyChanges));
        let note = stands(&full, MAX_REVISION, &handling("note more"));
        assert_eq!(note, Err(Refusal::TooManyNotes));
    }

    #[test]
    fn handling_that_cannot_be_meant_is_refused_by_field() {
        let long = format!("note {}", "x".repeat(MAX_TEXT_CHARS + 1));
        let name = format!("assign {}", "x".repeat(MAX_NAME_CHARS + 1));
        for (line, field) in [
            ("note ", "text"),
            ("note \u{7}", "text"),
            (long.as_str(), "text"),
            ("assign ", "assignee"),
            (name.as_str(), "assignee"),
            ("close", "reason"),
            ("close other", "text"),
        ] {
            let refused = check(&handling(line)).unwrap_err();
            assert_eq!(refused.field, field, "{line:.20}");
        }
        for kind in [HandlingKind::Acknowledge, HandlingKind::Note] {
            let with = |assignee: Option<&str>, reason| Handling {
                kind,
                assignee: assignee.map(str::to_owned),
                reason,
                text: "x".to_owned(),
            };
            assert_eq!(check(&with(None, None)), Ok(()));
            assert_eq!(
                check(&with(Some("ann"), None)).unwrap_err().field,
                "assignee"
            );
            let reason = Some(CloseReason::Real);
            assert_eq!(check(&with(None, reason)).unwrap_err().field, "reason");
        }
        assert_eq!(check(&handling("note line\ntwo")), Ok(()));
    }

    proptest! {
        #[test]
        fn whatever_is_done_fields_fit_the_state(
            picks in proptest::collection::vec(0_usize..7, 0..40),
        ) {
            let lines = ["acknowledge", "assign ann", "assign bob", "release", "close test",
                "reopen", "note x"];
            let mut standing = Standing::NEW;
            for pick in picks {
                let before = standing.clone();
                if let Ok(next) = stands(&before, before.revision, &handling(lines[pick])) {
                    prop_assert_eq!(next.assignee.is_some(), next.state == AlarmState::Assigned);
                    prop_assert_eq!(next.reason.is_some(), next.state == AlarmState::Closed);
                    prop_assert!(next != before, "something is done");
                    standing = next;
                }
            }
        }
    }
}
