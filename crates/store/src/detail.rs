//! What only some kinds of events know, as text in one column.
//!
//! In: an event's detail. Out: JSON that leaves out what is unknown, and the
//! same detail back.

use serde::{Deserialize, Serialize};
use types::{
    Crossing, DetectorId, EventDetail, HealthPart, LineId, PictureProblem, StateId, WatchMatch,
    ZoneId,
};

use crate::events::finite;

/// The stored form; unknown fields are an error, missing ones are `None`.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct DetailJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_left_to_right: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heading_deg: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_zone: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    doubt: Option<String>,
    /// Detector and state.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<(u32, u32)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    watch: Option<WatchJson>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WatchJson {
    list: u32,
    example: u32,
    similarity: f32,
    sighting: i64,
}

/// The column's text for `detail`.
pub fn to_json(detail: &EventDetail) -> String {
    let json = DetailJson {
        line: detail.line_id.map(|line_id| line_id.0),
        is_left_to_right: detail
            .crossing
            .map(|crossing| crossing == Crossing::LeftToRight),
        // JSON has no infinity; a heading that is no number is unknown.
        heading_deg: detail.heading_deg.filter(|heading| heading.is_finite()),
        count: detail.count,
        from_zone: detail.from_zone_id.map(|zone_id| zone_id.0),
        problem: detail.problem.map(|problem| problem.name().to_owned()),
        doubt: detail.doubt.map(|doubt| doubt.name().to_owned()),
        state: detail.state.map(|(detector, state)| (detector.0, state.0)),
        watch: detail.watch.map(|watch| WatchJson {
            list: watch.list_id,
            example: watch.example_id,
            similarity: finite(watch.similarity),
            sighting: watch.sighting_id,
        }),
    };
    serde_json::to_string(&json).expect("text and numbers are always JSON")
}

/// The detail that `json` holds; `None` when it is not of our making.
pub fn from_json(json: &str) -> Option<EventDetail> {
    let json: DetailJson = serde_json::from_str(json).ok()?;
    let problem = match &json.problem {
        Some(name) => Some(PictureProblem::from_name(name)?),
        None => None,
    };
    let doubt = match &json.doubt {
        Some(name) => Some(HealthPart::from_name(name)?),
        None => None,
    };
    Some(EventDetail {
        line_id: json.line.map(LineId),
        crossing: json.is_left_to_right.map(|is_left_to_right| {
            if is_left_to_right {
                Crossing::LeftToRight
            } else {
                Crossing::RightToLeft
            }
        }),
        heading_deg: json.heading_deg,
        count: json.count,
        from_zone_id: json.from_zone.map(ZoneId),
        problem,
        doubt,
        state: json
            .state
            .map(|(detector, state)| (DetectorId(detector), StateId(state))),
        watch: json.watch.map(|watch| WatchMatch {
            list_id: watch.list,
            example_id: watch.example,
            similarity: watch.similarity,
            sighting_id: watch.sighting,
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detail_comes_back_as_it_was_stored() {
        let full = EventDetail {
            line_id: Some(LineId(3)),
            crossing: Some(Crossing::RightToLeft),
            heading_deg: Some(270.5),
            count: Some(12),
            from_zone_id: Some(ZoneId(2)),
            problem: Some(PictureProblem::Defocused),
            doubt: Some(HealthPart::Calm),
            state: Some((DetectorId(3), StateId(2))),
            watch: Some(WatchMatch {
                list_id: 3,
                example_id: 1,
                similarity: 0.875,
                sighting_id: 77,
            }),
        };
        for detail in [EventDetail::default(), full] {
            assert_eq!(from_json(&to_json(&detail)), Some(detail));
        }
        assert_eq!(to_json(&EventDetail::default()), "{}");
    }

    #[test]
    fn detail_of_another_making_is_refused() {
        for json in ["", "null", "{\"lines\": 3}", "{\"problem\": \"stolen\"}"] {
            assert_eq!(from_json(json), None, "{json}");
        }
    }
}
