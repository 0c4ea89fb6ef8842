//! Examples, verdicts and changes of state as REST shows them.

use programs::state::{Outcome, Verdict};
use serde::Serialize;
use store::{MAX_CAMERA_PICTURE_BYTES, MAX_CANDIDATES, MAX_EXAMPLES, StatePicture, StateVersion};
use utoipa::ToSchema;

use crate::settings::DetectorPart;
use crate::states;

/// What is known of a detector's examples.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct ExamplesView {
    /// Examples, and pictures that wait for a label; oldest first.
    pub pictures: Vec<ExampleView>,
    /// How many examples would be told right if they were not among them.
    pub n_right: usize,
    /// How many would be taken for another state.
    pub n_wrong: usize,
    /// How many would be left unsure.
    pub n_unsure: usize,
    /// The same in words, with what to do next.
    pub advice: String,
    /// Most examples of a detector.
    pub max_examples: usize,
    /// Most pictures that wait for a label.
    pub max_waiting: usize,
    /// Bytes of all pictures of this camera's detectors, and the most there
    /// may be.
    pub picture_bytes: u64,
    /// See `picture_bytes`.
    pub max_picture_bytes: u64,
    /// Versions of the examples, newest first.
    pub versions: Vec<VersionView>,
}

/// One kept picture.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct ExampleView {
    /// Its number.
    pub id: i64,
    /// When it was taken, UTC.
    pub captured_at: String,
    /// colour or grey.
    pub light: &'static str,
    /// The state it is an example of; absent while it waits for a label.
    pub state_id: Option<u32>,
    /// Who labelled it.
    pub who: Option<String>,
    /// When, UTC.
    pub labelled_at: Option<String>,
    /// What it would be taken for if it were no example (of one that waits:
    /// what it is taken for).
    pub verdict: Option<VerdictView>,
}

/// What a look is taken for.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct VerdictView {
    /// sure, like_none, between or untaught.
    pub outcome: &'static str,
    /// The same in words.
    pub text: &'static str,
    /// The most likely state.
    pub state_id: Option<u32>,
    /// Belief in it, 0 to 1.
    pub likelihood: f32,
    /// Belief in each state that has examples, most likely first.
    pub likelihoods: Vec<LikelihoodView>,
}

/// Belief in one state.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct LikelihoodView {
    /// Which state.
    pub state_id: u32,
    /// 0 to 1; all together 1.
    pub likelihood: f32,
}

/// A version of the examples.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct VersionView {
    /// Counted from 1.
    pub version: u32,
    /// When it was made, UTC.
    pub at: String,
    /// By whom.
    pub who: String,
    /// add, relabel, remove or roll_back.
    pub what: &'static str,
    /// Of which state the example is that made it.
    pub state_id: Option<u32>,
    /// Examples in it.
    pub n_examples: u32,
}

/// The picture that was kept.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct ExampleAdded {
    /// Its number.
    pub id: i64,
}

/// When which state came.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct StateHistory {
    /// Oldest first; the first one may be from before the asked time.
    pub changes: Vec<StateChangeView>,
    /// There are more than one answer holds: ask for a shorter time.
    pub is_cut: bool,
}

/// A state came.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct StateChangeView {
    /// When, UTC.
    pub at: String,
    /// Which state; absent: from here on it was not known.
    pub state_id: Option<u32>,
    /// Belief in it, 0 to 1.
    pub likelihood: f32,
}

impl VerdictView {
    pub(in crate::web) fn new(verdict: &Verdict) -> Self {
        VerdictView {
            outcome: verdict.outcome.name(),
            text: verdict.outcome.words(),
            state_id: verdict.likelihoods.first().map(|(state_id, _)| state_id.0),
            likelihood: verdict.likelihood(),
            likelihoods: verdict
                .likelihoods
                .iter()
                .map(|(state_id, likelihood)| LikelihoodView {
                    state_id: state_id.0,
                    likelihood: *likelihood,
                })
                .collect(),
        }
    }
}

/// Examples, what they are worth, and their versions.
pub(super) fn view_of(
    part: &DetectorPart,
    pictures: &[StatePicture],
    versions: Vec<StateVersion>,
    picture_bytes: u64,
) -> ExamplesView {
    let (places, examples) = states::ready(pictures, part);
    let mut verdicts: Vec<Option<Verdict>> = pictures
        .iter()
        .map(|picture| match picture.label {
            Some(_) => None,
            None => Some(examples.judge(&picture.look, picture.is_grey)),
        })
        .collect();
    let (mut n_right, mut n_wrong, mut n_unsure) = (0, 0, 0);
    let left_out = examples.leave_one_out();
    for (place, (verdict, example)) in places
        .into_iter()
        .zip(left_out.into_iter().zip(examples.examples()))
    {
        match verdict.outcome {
            Outcome::Sure(state_id) if state_id == example.state_id => n_right += 1,
            Outcome::Sure(_) => n_wrong += 1,
            Outcome::LikeNone | Outcome::Between | Outcome::Untaught => n_unsure += 1,
        }
        verdicts[place] = Some(verdict);
    }
    let counts: Vec<(&str, usize)> = part
        .detector
        .states
        .iter()
        .map(|(state_id, name)| {
            let shown = examples.examples().iter();
            let n = shown
                .filter(|example| example.state_id == *state_id)
                .count();
            (name.as_str(), n)
        })
        .collect();
    ExamplesView {
        advice: advice(&counts, n_right, n_wrong, n_unsure),
        pictures: pictures
            .iter()
            .zip(verdicts)
            .map(|(picture, verdict)| ExampleView::new(picture, verdict.as_ref()))
            .collect(),
        n_right,
        n_wrong,
        n_unsure,
        max_examples: MAX_EXAMPLES,
        max_waiting: MAX_CANDIDATES,
        picture_bytes,
        max_picture_bytes: MAX_CAMERA_PICTURE_BYTES,
        versions: versions.into_iter().map(VersionView::new).collect(),
    }
}

/// How good the examples are, and what to do next. `counts` are the states
/// with the number of their examples.
fn advice(counts: &[(&str, usize)], n_right: usize, n_wrong: usize, n_unsure: usize) -> String {
    let none: Vec<&str> = counts
        .iter()
        .filter(|(_, n)| *n == 0)
        .map(|(name, _)| *name)
        .collect();
    if !none.is_empty() {
        let names = none.join(", ");
        return format!(
            "No example yet of: {names}. Wait until the camera shows it, then press its button."
        );
    }
    if let Some((name, _)) = counts.iter().find(|(_, n)| *n < 3) {
        return format!(
            "Show “{name}” again, at another time of day if you can: three examples of each state \
             are a good start, and more tell how reliable they are."
        );
    }
    let n_all = n_right + n_wrong + n_unsure;
    let told = format!("{n_right} of {n_all} examples would be told right");
    if n_wrong > 0 {
        format!(
            "{told}, {n_wrong} would be taken for another state: look at those that are marked. \
             They may carry the wrong label, or the region may show too little of what differs."
        )
    } else if n_unsure > 0 {
        format!("{told}, {n_unsure} would leave it unsure: show more pictures like those marked.")
    } else {
        format!("{told}.")
    }
}

impl ExampleView {
    fn new(picture: &StatePicture, verdict: Option<&Verdict>) -> Self {
        let label = picture.label.as_ref();
        ExampleView {
            id: picture.picture_id.0,
            captured_at: picture.captured_at.to_string(),
            light: if picture.is_grey { "grey" } else { "colour" },
            state_id: label.map(|label| label.state_id.0),
            who: label.map(|label| label.who.clone()),
            labelled_at: label.map(|label| label.at.to_string()),
            verdict: verdict.map(VerdictView::new),
        }
    }
}

impl VersionView {
    fn new(version: StateVersion) -> Self {
        VersionView {
            version: version.version,
            at: version.at.to_string(),
            who: version.who,
            what: version.kind.name(),
            state_id: version.state_id.map(|state_id| state_id.0),
            n_examples: version.n_examples,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_says_how_good_the_examples_are_and_what_to_do_next() {
        for (counts, (n_right, n_wrong, n_unsure), expected) in [
            (
                [("open", 0), ("shut", 2)],
                (0, 0, 0),
                "No example yet of: open. Wait",
            ),
            ([("open", 5), ("shut", 2)], (7, 0, 0), "Show “shut” again"),
            (
                [("open", 7), ("shut", 6)],
                (13, 0, 0),
                "13 of 13 examples would be told right.",
            ),
            (
                [("open", 7), ("shut", 6)],
                (12, 1, 0),
                "12 of 13 examples would be told right, 1 would be taken",
            ),
            (
                [("open", 7), ("shut", 6)],
                (12, 0, 1),
                "12 of 13 examples would be told right, 1 would leave",
            ),
        ] {
            let text = advice(&counts, n_right, n_wrong, n_unsure);
            assert!(text.starts_with(expected), "{text}");
        }
    }
}
