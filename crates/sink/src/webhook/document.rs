//! The JSON document of a webhook: declared here, converted by hand, and held
//! to `tests/document.json`. New fields may be added; the meaning of one that
//! is there never changes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use types::{Crossing, NormBox, PictureProblem, ShotStage};

use super::WebhookConfig;
use crate::{Message, Picture};

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    is_test: bool,
    event_id: String,
    step: u32,
    phase: &'static str,
    kind: &'static str,
    program: &'static str,
    at: String,
    started_at: String,
    ended_at: Option<String>,
    camera: Named<'a>,
    rule: Named<'a>,
    zone: Option<Named<'a>>,
    line: Option<Named<'a>>,
    crossing: Option<&'static str>,
    heading_deg: Option<f64>,
    count: Option<u32>,
    from_zone: Option<Named<'a>>,
    problem: Option<&'static str>,
    doubt: Option<&'static str>,
    /// Who was recognised, by which watch list.
    watch: Option<Watch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    learnt: Option<Learnt<'a>>,
    object: Option<Object>,
    why: Vec<Gate<'a>>,
    picture: Option<Shot>,
}

/// Something with an id and a name; ids are text.
#[derive(Serialize)]
struct Named<'a> {
    id: String,
    name: &'a str,
}

impl<'a> Named<'a> {
    /// The name is empty when nobody knows it any more.
    fn new(id: u32, name: Option<&'a str>) -> Self {
        Named {
            id: id.to_string(),
            name: name.unwrap_or_default(),
        }
    }
}

/// Which learnt state of which detector.
#[derive(Serialize)]
struct Learnt<'a> {
    detector: Named<'a>,
    state: Named<'a>,
}

/// Who caused the event.
#[derive(Serialize)]
struct Object {
    track_id: Option<String>,
    class: Option<&'static str>,
    score: f64,
    /// Left, top, right, bottom; 0 to 1 from the picture's top-left.
    bbox: Option<[f64; 4]>,
}

#[derive(Serialize)]
struct Watch {
    list_id: String,
    example_id: String,
    similarity: f64,
    sighting_id: String,
}

#[derive(Serialize)]
struct Gate<'a> {
    gate: &'a str,
    passed: bool,
    text: &'a str,
}

#[derive(Serialize)]
struct Shot {
    url: Option<String>,
    stage: &'static str,
    captured_at: String,
    content_type: &'static str,
    width_px: u32,
    height_px: u32,
    quality: f64,
    base64: Option<String>,
}

/// The body for `message`.
pub(super) fn to_json(message: &Message, config: &WebhookConfig) -> Vec<u8> {
    let has_object =
        message.track_id.is_some() || message.class.is_some() || message.bbox.is_some();
    let detail = &message.detail;
    let document = Document {
        version: 1,
        is_test: message.is_test,
        event_id: message.event_id.to_string(),
        step: message.step,
        phase: message.phase.name(),
        kind: message.kind.name(),
        program: message.program.name(),
        at: message.at.to_string(),
        started_at: message.started_at.to_string(),
        ended_at: message.ended_at.map(|at| at.to_string()),
        camera: Named {
            id: message.camera_id.to_string(),
            name: &message.camera_name,
        },
        rule: Named {
            id: message.rule_id.0.to_string(),
            name: &message.rule_name,
        },
        zone: message
            .zone_id
            .map(|zone_id| Named::new(zone_id.0, message.zone_name.as_deref())),
        line: detail
            .line_id
            .map(|line_id| Named::new(line_id.0, message.line_name.as_deref())),
        crossing: detail.crossing.map(|crossing| match crossing {
            Crossing::LeftToRight => "left_to_right",
            Crossing::RightToLeft => "right_to_left",
        }),
        heading_deg: detail.heading_deg.map(rounded),
        count: detail.count,
        from_zone: detail
            .from_zone_id
            .map(|zone_id| Named::new(zone_id.0, message.from_zone_name.as_deref())),
        problem: detail.problem.map(PictureProblem::name),
        doubt: detail.doubt.map(types::HealthPart::name),
        watch: detail.watch.map(|watch| Watch {
            list_id: watch.list_id.to_string(),
            example_id: watch.example_id.to_string(),
            similarity: rounded(watch.similarity),
            sighting_id: watch.sighting_id.to_string(),
        }),
        learnt: detail.state.map(|(detector_id, state_id)| Learnt {
            detector: Named::new(detector_id.0, message.detector_name.as_deref()),
            state: Named::new(state_id.0, message.state_name.as_deref()),
        }),
        object: has_object.then(|| Object {
            track_id: message.track_id.map(|track_id| track_id.to_string()),
            class: message.class.map(types::Class::name),
            score: rounded(message.score),
            bbox: message.bbox.map(edges),
        }),
        why: message
            .why
            .iter()
            .map(|why| Gate {
                gate: &why.gate,
                passed: why.passed,
                text: &why.text,
            })
            .collect(),
        picture: message
            .picture
            .as_ref()
            .map(|picture| to_shot(picture, config)),
    };
    serde_json::to_vec(&document).expect("text and finite numbers are always JSON")
}

fn to_shot(picture: &Picture, config: &WebhookConfig) -> Shot {
    let inside = picture.jpeg.as_ref().filter(|_| config.has_picture_inside);
    Shot {
        url: config
            .public_base_url
            .as_ref()
            .map(|base| format!("{}{}", base.trim_end_matches('/'), picture.path)),
        stage: match picture.stage {
            ShotStage::Early => "early",
            ShotStage::Final => "final",
        },
        captured_at: picture.captured_at.to_string(),
        content_type: "image/jpeg",
        width_px: picture.width_px,
        height_px: picture.height_px,
        quality: rounded(picture.quality.total),
        base64: inside.map(|jpeg| STANDARD.encode(jpeg)),
    }
}

fn edges(bbox: NormBox) -> [f64; 4] {
    [bbox.x1(), bbox.y1(), bbox.x2(), bbox.y2()].map(rounded)
}

/// Four decimals: a fifth of a pixel in 1080p, and no false precision of
/// 0.10000000149.
fn rounded(value: f32) -> f64 {
    if value.is_finite() {
        (f64::from(value) * 10_000.0).round() / 10_000.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect_file;
    use serde_json::json;
    use types::{EventDetail, LineId, ZoneId};

    use super::*;
    use crate::testing::{message, picture};

    fn pretty(message: &Message, config: &WebhookConfig) -> String {
        let document: serde_json::Value =
            serde_json::from_slice(&to_json(message, config)).unwrap();
        format!("{document:#}\n")
    }

    #[test]
    fn document_is_the_committed_one() {
        let message = Message {
            picture: Some(picture()),
            ..message()
        };
        let config = WebhookConfig {
            public_base_url: Some("https://relay.example:8092/".to_owned()),
            has_picture_inside: true,
            ..WebhookConfig::default()
        };
        expect_file!["../../tests/document.json"].assert_eq(&pretty(&message, &config));
    }

    #[test]
    fn document_without_object_zone_or_picture_says_null() {
        let message = Message {
            zone_id: None,
            track_id: None,
            class: None,
            bbox: None,
            score: f32::NAN,
            is_test: true,
            ..message()
        };
        expect_file!["../../tests/document_least.json"]
            .assert_eq(&pretty(&message, &WebhookConfig::default()));
    }

    #[test]
    fn lines_counts_and_problems_are_told() {
        let message = Message {
            detail: EventDetail {
                line_id: Some(LineId(2)),
                crossing: Some(Crossing::RightToLeft),
                heading_deg: Some(271.5),
                count: Some(4),
                from_zone_id: Some(ZoneId(9)),
                problem: Some(PictureProblem::Covered),
                doubt: Some(types::HealthPart::Calm),
                watch: Some(types::WatchMatch {
                    list_id: 3,
                    example_id: 1,
                    similarity: 0.875,
                    sighting_id: 77,
                }),
                state: Some((types::DetectorId(4), types::StateId(2))),
            },
            line_name: Some("Kerb".to_owned()),
            from_zone_name: Some("Yard".to_owned()),
            detector_name: Some("Door".to_owned()),
            state_name: Some("open".to_owned()),
            ..message()
        };
        let document: serde_json::Value =
            serde_json::from_slice(&to_json(&message, &WebhookConfig::default())).unwrap();
        assert_eq!(document["line"], json!({"id": "2", "name": "Kerb"}));
        assert_eq!(document["crossing"], "right_to_left");
        assert_eq!(document["heading_deg"], 271.5);
        assert_eq!(document["count"], 4);
        assert_eq!(document["from_zone"], json!({"id": "9", "name": "Yard"}));
        assert_eq!(document["problem"], "covered");
        assert_eq!(document["doubt"], "calm");
        assert_eq!(document["watch"]["list_id"], "3");
        assert_eq!(document["watch"]["similarity"], 0.875);
        let learnt = json!({"detector": {"id": "4", "name": "Door"},
            "state": {"id": "2", "name": "open"}});
        assert_eq!(document["learnt"], learnt);
    }

    #[test]
    fn picture_stays_out_unless_asked_for() {
        let message = Message {
            picture: Some(picture()),
            ..message()
        };
        let text = pretty(&message, &WebhookConfig::default());
        assert!(
            text.contains("\"base64\": null") && text.contains("\"url\": null"),
            "{text}"
        );
    }
}
