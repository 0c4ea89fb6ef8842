//! What is asked, as typed, and the same checked.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use guard::search::{Facing, MAX_EXAMPLES, MAX_WISHES, Question, Wish};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{ShotId, SightingId};
use types::{CameraId, Class, NormBox, ProgramKind, Timestamp};
use utoipa::ToSchema;

use super::super::error::{ApiError, ApiResult};
use crate::search::{MAX_RANKED, Picture, Query, Source};

const DEFAULT_LIMIT: usize = 60;
/// Most of one page.
const MAX_LIMIT: usize = 200;
/// Largest picture, bytes.
const MAX_PICTURE_BYTES: usize = 4 * 1024 * 1024;
/// Most cameras, zones, lines, and values of one attribute.
const MAX_CHOICES: usize = 256;
/// Longest name or value of an attribute, bytes.
const MAX_WORD_BYTES: usize = 64;
/// Longest stay that can be asked for: a year.
const MAX_DWELL_S: f64 = 31_536_000.0;

/// Who is looked for. All that is given must hold; an empty question means
/// everybody, newest first.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::web) struct SearchInput {
    /// How they look, at most 8.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<ExampleInput>,
    /// By vectors of this maker; chosen when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maker: Option<String>,
    /// Only with at least this mean similarity to the wanted examples, -1 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_similarity: Option<f32>,
    /// Only of these cameras; all when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cameras: Vec<String>,
    /// people or vehicle; both when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Only of these classes; all when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// First seen at or after, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// First seen before, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Seen for at least so long, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dwell_least_s: Option<f64>,
    /// Seen for at most so long, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dwell_most_s: Option<f64>,
    /// Going there in the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heading: Option<HeadingInput>,
    /// Stood in one of these zones; any when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<PlaceInput>,
    /// Crossed one of these lines; any when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<PlaceInput>,
    /// What they should look like, at most 8 attributes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeInput>,
    /// What they do not look like, at most 8 attributes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<AttributeInput>,
    /// Also those of whom a wished attribute, or the heading, is not known; they
    /// come after those who are known to have it.
    pub with_unknown: bool,
    /// Answers left out at the beginning, for the next page; at most 600 are
    /// ranked.
    pub offset: usize,
    /// Answers on one page, 1 to 200; 60 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// An example: exactly one of a sighting, a best shot and a picture.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::web) struct ExampleInput {
    /// A stored sighting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sighting_id: Option<i64>,
    /// A stored best shot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shot_id: Option<i64>,
    /// A JPEG in base64, at most 4 MiB and 24 megapixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// The object in the picture, `[x1, y1, x2, y2]`, 0 to 1; the whole picture
    /// when absent.
    #[serde(rename = "box", skip_serializing_if = "Option::is_none")]
    pub bbox: Option<[f32; 4]>,
    /// What the picture shows; person when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Not looked for: those like it are pushed back.
    pub is_unwanted: bool,
}

/// A heading, more or less.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct HeadingInput {
    /// Degrees clockwise from up in the picture, 0 to 360.
    pub deg: f32,
    /// So much to either side, 1 to 180; 45 when absent.
    pub within_deg: Option<f32>,
}

/// A zone or a line of a camera.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct PlaceInput {
    /// Camera id.
    pub camera_id: String,
    /// The zone's or line's number.
    pub id: u32,
}

/// An attribute with values.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct AttributeInput {
    /// Which, such as `upper_colour`.
    pub name: String,
    /// One of these.
    pub values: Vec<String>,
}

impl SearchInput {
    /// The question, checked.
    pub(in crate::web) fn query(&self) -> ApiResult<Query> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return refuse("limit", format!("use 1 to {MAX_LIMIT}"));
        }
        if self.offset >= MAX_RANKED {
            let wish = format!("only {MAX_RANKED} answers are ranked: narrow the question");
            return refuse("offset", wish);
        }
        if self.examples.len() > MAX_EXAMPLES {
            return refuse("examples", format!("at most {MAX_EXAMPLES}"));
        }
        if let Some(least) = self.least_similarity
            && !(-1.0..=1.0).contains(&least)
        {
            return refuse("least_similarity", "use -1 to 1".to_owned());
        }
        let mut examples = Vec::with_capacity(self.examples.len());
        for example in &self.examples {
            examples.push((example.source()?, !example.is_unwanted));
        }
        Ok(Query {
            question: self.question()?,
            examples,
            maker: self.maker.clone(),
            least_similarity: self.least_similarity,
            offset: self.offset,
            limit,
        })
    }

    fn question(&self) -> ApiResult<Question> {
        let n_most = [&self.cameras, &self.classes]
            .map(Vec::len)
            .into_iter()
            .chain([self.zones.len(), self.lines.len()])
            .max();
        if n_most > Some(MAX_CHOICES) {
            return refuse(
                "cameras, classes, zones, lines",
                format!("at most {MAX_CHOICES}"),
            );
        }
        let mut classes = Vec::with_capacity(self.classes.len());
        for name in &self.classes {
            match Class::from_name(name) {
                Some(class) => classes.push(class),
                None => return refuse("classes", format!("no class {}", short(name))),
            }
        }
        let program = match self.program.as_deref() {
            None => None,
            Some(name) => match ProgramKind::from_name(name) {
                Some(program @ (ProgramKind::People | ProgramKind::Vehicle)) => Some(program),
                _ => return refuse("program", "use people or vehicle".to_owned()),
            },
        };
        let mut cameras = Vec::with_capacity(self.cameras.len());
        for camera_id in &self.cameras {
            cameras.push(camera("cameras", camera_id)?);
        }
        Ok(Question {
            cameras,
            program,
            classes,
            from: time("from", self.from.as_deref())?,
            until: time("until", self.until.as_deref())?,
            dwell_least: seconds("dwell_least_s", self.dwell_least_s)?,
            dwell_most: seconds("dwell_most_s", self.dwell_most_s)?,
            facing: self.heading.as_ref().map(facing).transpose()?,
            zones: places("zones", &self.zones)?,
            lines: places("lines", &self.lines)?,
            wishes: attributes("attributes", &self.attributes)?,
            excluded: attributes("excluded", &self.excluded)?
                .into_iter()
                .flat_map(|wish| {
                    let name = wish.name;
                    let values = wish.values.into_iter();
                    values.map(move |value| (name.clone(), value))
                })
                .collect(),
            with_unknown: self.with_unknown,
        })
    }

    /// The question without its pictures: their first 16 digits of SHA-256 stand
    /// for them.
    pub(in crate::web) fn for_audit(&self) -> SearchInput {
        let mut audited = self.clone();
        for example in &mut audited.examples {
            if let Some(picture) = &mut example.picture {
                let hash = Sha256::digest(picture.as_bytes());
                let digits: String = hash.iter().take(8).map(|b| format!("{b:02x}")).collect();
                *picture = format!("uploaded picture {digits}");
            }
        }
        audited
    }
}

impl ExampleInput {
    /// Where the example comes from, checked.
    pub(in crate::web) fn source(&self) -> ApiResult<Source> {
        let is_stored = self.picture.is_none();
        if is_stored && (self.bbox.is_some() || self.class.is_some()) {
            return refuse("examples", "box and class belong to a picture".to_owned());
        }
        match (self.sighting_id, self.shot_id, &self.picture) {
            (Some(id), None, None) => Ok(Source::Sighting(SightingId(id))),
            (None, Some(id), None) => Ok(Source::Shot(ShotId(id))),
            (None, None, Some(base64)) => Ok(Source::Picture(self.picture(base64)?)),
            _ => refuse(
                "examples",
                "give each exactly one of sighting_id, shot_id and picture".to_owned(),
            ),
        }
    }

    fn picture(&self, base64: &str) -> ApiResult<Picture> {
        let [x1, y1, x2, y2] = self.bbox.unwrap_or([0.0, 0.0, 1.0, 1.0]);
        // Written so that what is no number is refused, too.
        let is_box = [x1, y1, x2, y2]
            .iter()
            .all(|edge| (0.0..=1.0).contains(edge))
            && x1 < x2
            && y1 < y2;
        if !is_box {
            return refuse(
                "box",
                "use [x1, y1, x2, y2] of 0 to 1, left above right".to_owned(),
            );
        }
        let name = self.class.as_deref().unwrap_or(Class::Person.name());
        let Some(class) = Class::from_name(name) else {
            return refuse("class", format!("no class {}", short(name)));
        };
        let too_large =
            || format!("a picture has at most {MAX_PICTURE_BYTES} bytes: make it smaller");
        if base64.len() > MAX_PICTURE_BYTES.div_ceil(3) * 4 {
            return refuse("picture", too_large());
        }
        let Ok(jpeg) = STANDARD.decode(base64) else {
            return refuse(
                "picture",
                "it is no base64: encode the JPEG's bytes".to_owned(),
            );
        };
        if jpeg.len() > MAX_PICTURE_BYTES {
            return refuse("picture", too_large());
        }
        Ok(Picture {
            jpeg,
            bbox: NormBox::from_xyxy(x1, y1, x2, y2),
            class,
        })
    }
}

fn refuse<T>(field: &str, mut wish: String) -> ApiResult<T> {
    wish.insert_str(0, &format!("{field}: "));
    Err(ApiError::bad_request(wish))
}

/// As much of a text as belongs into an error.
fn short(text: &str) -> String {
    format!("{:?}", text.chars().take(80).collect::<String>())
}

fn camera(field: &str, camera_id: &str) -> ApiResult<CameraId> {
    let checked = CameraId::new(camera_id);
    checked.or_else(|error| refuse(field, format!("{}: {error}", short(camera_id))))
}

fn time(field: &str, text: Option<&str>) -> ApiResult<Option<Timestamp>> {
    let parse = |text| Timestamp::parse_rfc3339(text);
    let parsed = text.map(parse).transpose();
    parsed.or_else(|error| refuse(field, error.to_string()))
}

fn seconds(field: &str, seconds: Option<f64>) -> ApiResult<Option<Duration>> {
    match seconds {
        Some(seconds) if !(0.0..=MAX_DWELL_S).contains(&seconds) => {
            refuse(field, format!("use 0 to {MAX_DWELL_S} seconds"))
        }
        seconds => Ok(seconds.map(Duration::from_secs_f64)),
    }
}

fn facing(heading: &HeadingInput) -> ApiResult<Facing> {
    let within_deg = heading.within_deg.unwrap_or(45.0);
    if !(0.0..=360.0).contains(&heading.deg) || !(1.0..=180.0).contains(&within_deg) {
        return refuse(
            "heading",
            "use deg 0 to 360 and within_deg 1 to 180".to_owned(),
        );
    }
    Ok(Facing {
        heading_deg: heading.deg,
        within_deg,
    })
}

fn places(field: &str, places: &[PlaceInput]) -> ApiResult<Vec<String>> {
    let mut checked = Vec::with_capacity(places.len());
    for place in places {
        checked.push(format!("{}/{}", camera(field, &place.camera_id)?, place.id));
    }
    Ok(checked)
}

fn attributes(field: &str, attributes: &[AttributeInput]) -> ApiResult<Vec<Wish>> {
    if attributes.len() > MAX_WISHES {
        return refuse(field, format!("at most {MAX_WISHES} attributes"));
    }
    let is_word = |word: &str| !word.is_empty() && word.len() <= MAX_WORD_BYTES;
    for attribute in attributes {
        let values = &attribute.values;
        let is_good = is_word(&attribute.name)
            && !values.is_empty()
            && values.len() <= MAX_CHOICES
            && values.iter().all(|value| is_word(value));
        if !is_good {
            let wish = format!(
                "give {} one to {MAX_CHOICES} values of at most {MAX_WORD_BYTES} bytes",
                short(&attribute.name)
            );
            return refuse(field, wish);
        }
    }
    let wishes = attributes.iter().map(|attribute| Wish {
        name: attribute.name.clone(),
        values: attribute.values.clone(),
    });
    Ok(wishes.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Query, String> {
        let input: SearchInput = serde_json::from_str(json).map_err(|error| error.to_string())?;
        input.query().map_err(|error| error.message().to_owned())
    }

    #[test]
    fn question_has_all_that_was_typed() {
        let query = parse(
            r#"{"examples": [{"sighting_id": 3}, {"shot_id": 4, "is_unwanted": true},
                    {"picture": "/9j/", "box": [0, 0, 0.5, 1], "class": "car"}],
                "cameras": ["gate"], "classes": ["person"], "from": "2026-01-02T03:04:05Z",
                "dwell_least_s": 1.5, "heading": {"deg": 90}, "zones": [{"camera_id": "gate", "id": 3}],
                "attributes": [{"name": "upper_colour", "values": ["red", "orange"]}],
                "excluded": [{"name": "hat", "values": ["cap"]}], "offset": 60}"#,
        )
        .unwrap();
        let wanted: Vec<bool> = query.examples.iter().map(|(_, wanted)| *wanted).collect();
        assert_eq!(wanted, [true, false, true]);
        assert_eq!(query.question.zones, ["gate/3"]);
        assert_eq!(query.question.wishes[0].values, ["red", "orange"]);
        assert_eq!(
            query.question.excluded,
            [("hat".to_owned(), "cap".to_owned())]
        );
        assert_eq!((query.offset, query.limit), (60, DEFAULT_LIMIT));
        assert!(parse("{}").is_ok(), "everybody");
    }

    #[test]
    fn question_that_cannot_be_meant_is_refused_with_its_field() {
        for (json, field) in [
            (r#"{"limit": 0}"#, "limit"),
            (r#"{"limit": 201}"#, "limit"),
            (r#"{"offset": 600}"#, "offset"),
            (r#"{"examples": [{}]}"#, "examples"),
            (
                r#"{"examples": [{"sighting_id": 1, "shot_id": 1}]}"#,
                "examples",
            ),
            (
                r#"{"examples": [{"sighting_id": 1, "box": [0, 0, 1, 1]}]}"#,
                "examples",
            ),
            (
                r#"{"examples": [{}, {}, {}, {}, {}, {}, {}, {}, {}]}"#,
                "examples",
            ),
            (r#"{"examples": [{"picture": "??"}]}"#, "picture"),
            (
                r#"{"examples": [{"picture": "", "box": [0.5, 0, 0.5, 1]}]}"#,
                "box",
            ),
            (
                r#"{"examples": [{"picture": "", "class": "cat"}]}"#,
                "class",
            ),
            (r#"{"classes": ["cat"]}"#, "classes"),
            (r#"{"program": "vmd"}"#, "program"),
            (r#"{"cameras": ["a b"]}"#, "cameras"),
            (r#"{"from": "yesterday"}"#, "from"),
            (r#"{"dwell_most_s": -1}"#, "dwell_most_s"),
            (r#"{"heading": {"deg": 400}}"#, "heading"),
            (r#"{"zones": [{"camera_id": "", "id": 1}]}"#, "zones"),
            (
                r#"{"attributes": [{"name": "hat", "values": []}]}"#,
                "attributes",
            ),
            (
                r#"{"excluded": [{"name": "", "values": ["x"]}]}"#,
                "excluded",
            ),
            (r#"{"least_similarity": 1.5}"#, "least_similarity"),
            (r#"{"colour": "red"}"#, "unknown field"),
        ] {
            let error = parse(json).unwrap_err();
            assert!(error.starts_with(field), "{json}: {error}");
        }
    }

    #[test]
    fn audit_names_a_picture_and_does_not_hold_it() {
        let input: SearchInput =
            serde_json::from_str(r#"{"examples": [{"picture": "/9j/4AAQ"}]}"#).unwrap();
        let text = serde_json::to_string(&input.for_audit()).unwrap();
        assert!(
            !text.contains("4AAQ") && text.contains("uploaded picture"),
            "{text}"
        );
    }
}
