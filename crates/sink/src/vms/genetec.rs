//! Genetec Security Center through its Web SDK: custom events, alarms and
//! bookmarks on a camera, and the list of cameras.
//!
//! Facts: Genetec's published Web SDK requests as used by public clients. The
//! answer's `Status` is always read, since a failure comes with HTTP 200 too.
//! The Web SDK has no picture of ours, so its text names the event.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;
use types::EventKind;

use super::caller::{Answer, Caller, invalid};
use super::error::{Step, VmsError};
use super::guid::parse_guid;
use super::{KindFilter, Place, ServerConfig, VmsCamera, Walk};
use crate::words::{description, kind_word};
use crate::{ConfigError, Message};

/// Cameras asked for at once.
const PAGE: usize = 1_000;
/// Most pages.
const MAX_PAGES: usize = 10;
/// Cameras whose names are asked for in one request: keeps its line short.
const NAMES_AT_ONCE: usize = 20;
/// Longest text of an event, characters.
const MAX_TEXT_CHARS: usize = 250;
/// The system entity, which holds the custom events.
const SYSTEM_ENTITY: &str = "00000000-0000-0000-0000-000000000007";

/// Where and how to deliver.
#[derive(Clone, Debug)]
pub struct GenetecConfig {
    /// The Web SDK.
    pub server: ServerConfig,
    /// First part of its paths; `WebSdk` unless changed there.
    pub base_path: String,
    /// The application id that Genetec gave out for this use: a GUID.
    pub application_id: String,
    /// Number of the custom event for the first kind; the others follow.
    pub first_event_number: u32,
    /// Alarm to raise as well: its identity in Security Center.
    pub alarm_id: Option<String>,
    /// Whether a bookmark is set as well.
    pub has_bookmarks: bool,
    /// Which events are sent.
    pub filter: KindFilter,
}

/// A Security Center, with its connections.
pub struct Genetec {
    caller: Caller,
    base: String,
    authorization: HeaderValue,
    config: GenetecConfig,
}

impl std::fmt::Debug for Genetec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Genetec")
            .field("caller", &self.caller)
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

impl Genetec {
    /// Checks `config`; connects to nobody yet.
    ///
    /// # Errors
    /// A field cannot be meant.
    pub fn new(mut config: GenetecConfig) -> Result<Self, ConfigError> {
        let caller = Caller::web(&config.server)?;
        if config.server.user.contains([';', ':']) {
            return Err(invalid("user", "the name must not contain ; or :"));
        }
        config.application_id = parse_guid(&config.application_id).ok_or_else(|| {
            invalid(
                "application_id",
                "type the 32 hexadecimal digits of the application id from Genetec",
            )
        })?;
        config.alarm_id = match config
            .alarm_id
            .as_deref()
            .filter(|id| !id.trim().is_empty())
        {
            Some(id) => Some(parse_guid(id).ok_or_else(|| {
                invalid(
                    "alarm_id",
                    "type the 32 hexadecimal digits of the alarm's id",
                )
            })?),
            None => None,
        };
        let n_kinds = u32::try_from(EventKind::ALL.len()).expect("few kinds");
        if config.first_event_number == 0 || config.first_event_number > u32::MAX - n_kinds {
            return Err(invalid("first_event_number", "type a number from 1 on"));
        }
        let base = config.base_path.trim_matches('/');
        let is_plain = base
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
        if base.is_empty() || base.len() > 100 || !is_plain || base.contains("..") {
            return Err(invalid("base_path", "type a plain path such as WebSdk"));
        }
        let login = format!(
            "{};{}:{}",
            config.server.user, config.application_id, config.server.password
        );
        let mut authorization = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(login)))
            .expect("base 64 fits into a header");
        authorization.set_sensitive(true);
        Ok(Genetec {
            caller,
            base: format!("/{base}/"),
            authorization,
            config,
        })
    }

    #[cfg(test)]
    pub(super) const fn config_for_tests(&mut self) -> &mut GenetecConfig {
        &mut self.config
    }

    /// Numbers and names of the custom events that the filter needs.
    pub fn custom_events(&self) -> BTreeMap<u32, String> {
        let kinds = self.config.filter.kinds.iter();
        kinds
            .map(|&kind| {
                (
                    self.event_number(kind),
                    format!("airelay {}", kind_word(kind)),
                )
            })
            .collect()
    }

    fn event_number(&self, kind: EventKind) -> u32 {
        self.config.first_event_number + place_of(kind)
    }

    /// Delivers one step; what the filter leaves out counts as delivered.
    ///
    /// # Errors
    /// It did not arrive; [`VmsError::reaction`] says what to do.
    pub async fn deliver(&self, message: &Message, place: &Place) -> Result<(), VmsError> {
        if !self.config.filter.takes(message) {
            return Ok(());
        }
        self.send(message, place).await
    }

    /// The cameras that the user sees. Security Center's public requests tell
    /// their names, not their addresses.
    ///
    /// # Errors
    /// It cannot be reached or does not let us in.
    pub async fn cameras(&self) -> Result<Vec<VmsCamera>, VmsError> {
        let mut ids = Vec::new();
        for page in 1..=MAX_PAGES {
            let query = format!("EntityTypes@Camera,Page={page},PageSize={PAGE}");
            let path = self.path("report/EntityConfiguration", Some(&query));
            let result = self.ask(Step::Cameras, self.caller.get(&path)).await?;
            let found: Vec<String> = entities(&result).filter_map(guid_in).collect();
            let is_last = found.len() < PAGE;
            ids.extend(found);
            if is_last {
                break;
            }
        }
        let mut cameras = Vec::with_capacity(ids.len());
        for ids in ids.chunks(NAMES_AT_ONCE) {
            let queries: Vec<String> = ids
                .iter()
                .map(|id| format!("entity={id},Guid,Name,EntityType"))
                .collect();
            let path = self.path("entity", Some(&queries.join(",")));
            let result = self.ask(Step::Cameras, self.caller.get(&path)).await?;
            cameras.extend(entities(&result).filter_map(|entity| {
                Some(VmsCamera {
                    id: guid_in(entity)?,
                    name: text_in(entity, "Name").unwrap_or_default(),
                    address: None,
                    channel: None,
                })
            }));
        }
        Ok(cameras)
    }

    /// Makes the custom events of [`custom_events`](Self::custom_events) that
    /// Security Center does not have yet.
    ///
    /// # Errors
    /// It cannot be reached, or the user may not change it.
    pub async fn make_custom_events(&self) -> Result<(), VmsError> {
        for (number, name) in self.custom_events() {
            let query = format!(
                "entity={SYSTEM_ENTITY},CustomEvents.Add({number},{},Camera)",
                escaped(&name)
            );
            let path = self.path("entity", Some(&query));
            self.ask(Step::Send, self.caller.post(&path)).await?;
        }
        Ok(())
    }

    /// Signs in, reads the cameras and sends `message`.
    pub async fn test(&self, message: &Message, place: &Place) -> Walk {
        let mut walk = Walk::default();
        self.walk(&mut walk, message, place).await;
        walk.refused_certificate = self.caller.refused_certificate();
        walk
    }

    async fn walk(&self, walk: &mut Walk, message: &Message, place: &Place) -> Option<()> {
        let signed_in = self.ask(Step::SignIn, self.caller.get(&self.base)).await;
        let signed_in = signed_in.map(|_| ((), "signed in".to_owned()));
        walk.note(format!("Sign in at {}", self.caller.origin()), signed_in)?;
        let cameras = self.cameras().await;
        let cameras = cameras.map(|cameras| {
            let text = format!("{} cameras", cameras.len());
            (cameras, text)
        });
        let cameras = walk.note("Read the cameras", cameras)?;
        let place = match (&place.camera_id, cameras.first()) {
            (None, Some(camera)) => Place {
                camera_id: Some(camera.id.clone()),
                address: place.address.clone(),
            },
            _ => place.clone(),
        };
        let what = format!("Raise the custom event {}", self.event_number(message.kind));
        let sent = self.send(message, &place).await;
        walk.note(what, sent.map(|()| ((), "taken".to_owned())))
    }

    async fn send(&self, message: &Message, place: &Place) -> Result<(), VmsError> {
        let camera_id = place
            .camera_id
            .as_deref()
            .and_then(parse_guid)
            .ok_or_else(|| {
                self.caller
                    .refuse(
                        Step::Send,
                        format!("no camera there stands for {:?}", message.camera_name),
                    )
                    .with_advice(
                        "choose Security Center's camera for it, then send the event again",
                    )
            })?;
        let text = self.text(message);
        let number = self.event_number(message.kind);
        let path = self.path(
            &format!(
                "events/RaiseCustomEvent/{number}/{camera_id}/{}",
                percent(&text)
            ),
            None,
        );
        self.ask(Step::Send, self.caller.post(&path)).await.map_err(|error| {
            let advice = format!(
                "is there a custom event with number {number}? It is made in Config Tool, or from here"
            );
            match error.advice.is_empty() {
                true => error.with_advice(advice),
                false => error,
            }
        })?;
        if let Some(alarm_id) = &self.config.alarm_id {
            let query = format!("TriggerAlarm({alarm_id},{camera_id})");
            let path = self.path("alarm", Some(&query));
            self.ask(Step::Send, self.caller.get(&path)).await?;
        }
        if self.config.has_bookmarks {
            let query = format!(
                "AddCameraBookmark({camera_id},{},{})",
                message.at,
                escaped(&text)
            );
            let path = self.path("action", Some(&query));
            self.ask(Step::Send, self.caller.post(&path)).await?;
        }
        Ok(())
    }

    /// What people read there; the key at its end tells a repeated delivery.
    fn text(&self, message: &Message) -> String {
        let key = format!(" [{}]", message.idempotency_key());
        let room = MAX_TEXT_CHARS.saturating_sub(key.len());
        let short: String = description(message).chars().take(room).collect();
        // A slash would end the part of the path that holds the text.
        short.replace(['/', '\\'], " ") + &key
    }

    fn path(&self, path: &str, query: Option<&str>) -> String {
        match query {
            Some(query) => format!("{}{path}?q={}", self.base, percent(query)),
            None => format!("{}{path}", self.base),
        }
    }

    /// Sends a request; the answer's result.
    async fn ask(&self, step: Step, request: RequestBuilder) -> Result<Value, VmsError> {
        let request = request
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, "text/json");
        let answer = self.caller.call(step, request).await?;
        match answer.status {
            StatusCode::UNAUTHORIZED => Err(self
                .caller
                .retry(step, answer.problem())
                .with_advice("look at user name and password; it must be a user of Security Center itself")),
            StatusCode::FORBIDDEN => Err(self.caller.retry(step, answer.problem()).with_advice(
                "look at the application id and its licence, and give the user the privilege \"Log on using the SDK\"",
            )),
            StatusCode::NOT_FOUND => Err(self
                .caller
                .refuse(step, answer.problem())
                .with_advice("look at the port and base path of the role \"Web-based SDK\"")),
            status if status.is_success() => self.read(step, &answer),
            _ => Err(self.caller.refuse(step, answer.problem())),
        }
    }

    /// The result of a good answer: `{"Rsp":{"Status":"Ok","Result":...}}`.
    fn read(&self, step: Step, answer: &Answer) -> Result<Value, VmsError> {
        let mut value: Value = serde_json::from_slice(&answer.body).map_err(|error| {
            let problem = format!("the answer cannot be read ({error}): {}", answer.shown());
            self.caller
                .refuse(step, problem)
                .with_advice("is this the Web SDK? Look at address, port and base path")
        })?;
        let status = value.pointer("/Rsp/Status").and_then(Value::as_str);
        match status {
            Some(status) if status.eq_ignore_ascii_case("ok") => Ok(value
                .pointer_mut("/Rsp/Result")
                .map(Value::take)
                .unwrap_or_default()),
            Some(_) => Err(self
                .caller
                .refuse(step, format!("it failed: {}", answer.shown()))),
            None => Err(self
                .caller
                .refuse(step, format!("no status in the answer: {}", answer.shown()))
                .with_advice("is this the Web SDK? Look at address, port and base path")),
        }
    }
}

/// Which custom event a kind is, counted from the first. These never change:
/// people have defined them in Security Center.
const fn place_of(kind: EventKind) -> u32 {
    match kind {
        EventKind::Intruder => 0,
        EventKind::Loitering => 1,
        EventKind::Direction => 2,
        EventKind::WrongWay => 3,
        EventKind::CrossLine => 4,
        EventKind::Enter => 5,
        EventKind::Exit => 6,
        EventKind::Stopped => 7,
        EventKind::ObjectLeft => 8,
        EventKind::ObjectRemoved => 9,
        EventKind::CountOverLimit => 10,
        EventKind::ZoneSequence => 11,
        EventKind::PictureProblem => 12,
        EventKind::SignalLost => 13,
        EventKind::Occupancy => 14,
        EventKind::Program => 15,
        EventKind::UTurn => 16,
        EventKind::State => 17,
        EventKind::WatchList => 18,
    }
}

/// The entities of a result: a list, or one alone.
fn entities(result: &Value) -> impl Iterator<Item = &Value> {
    let list = result.as_array().map(Vec::as_slice);
    let one = result.is_object().then(|| std::slice::from_ref(result));
    list.or(one).unwrap_or_default().iter()
}

fn guid_in(entity: &Value) -> Option<String> {
    parse_guid(entity.get("Guid")?.as_str()?)
}

fn text_in(entity: &Value, name: &str) -> Option<String> {
    Some(entity.get(name)?.as_str()?.to_owned())
}

/// Commas and brackets separate values in a query, so they are escaped.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, ',' | '\\') {
            escaped.push('\\');
        }
        escaped.push(if matches!(c, '(' | ')') { ' ' } else { c });
    }
    escaped
}

/// Percent-encoded, spaces as `%20`: fits into a path and into a query.
fn percent(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
