//! The API Gateway: token, cameras, alarms.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{RequestBuilder, StatusCode};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::super::caller::{Answer, Caller};
use super::super::error::{Step, VmsError};
use super::super::{Place, ServerConfig, VmsCamera};
use crate::words::description;
use crate::{ConfigError, Message};

const TOKEN_PATH: &str = "/API/IDP/connect/token";
const REST: &str = "/api/rest/v1";
/// Cameras asked for at once.
const PAGE: usize = 100;
/// Most pages: ten thousand cameras.
const MAX_PAGES: usize = 100;
/// A token is not used in its last seconds.
const MARGIN: Duration = Duration::from_secs(30);

/// One gateway, with its token.
#[derive(Debug)]
pub(super) struct Gateway {
    caller: Caller,
    user: String,
    password: Secret,
    token: Mutex<Option<Token>>,
}

/// Never shown.
struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

#[derive(Debug)]
struct Token {
    text: Secret,
    until: Instant,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    #[serde(default)]
    expires_in: Option<u64>,
}

#[derive(Deserialize)]
struct Page<T> {
    array: Vec<T>,
}

#[derive(Deserialize)]
struct CameraAnswer {
    id: String,
    #[serde(default)]
    name: String,
    /// From 0.
    #[serde(default)]
    channel: Option<u32>,
    #[serde(default)]
    relations: Option<Relations>,
}

#[derive(Deserialize)]
struct Relations {
    #[serde(default)]
    parent: Option<Relation>,
}

#[derive(Deserialize)]
struct Relation {
    #[serde(default)]
    id: String,
}

#[derive(Deserialize)]
struct HardwareAnswer {
    id: String,
    #[serde(default)]
    address: Option<String>,
}

impl Gateway {
    pub(super) fn new(config: &ServerConfig) -> Result<Self, ConfigError> {
        Ok(Gateway {
            caller: Caller::web(config)?,
            user: config.user.clone(),
            password: Secret(config.password.clone()),
            token: Mutex::default(),
        })
    }

    pub(super) fn origin(&self) -> String {
        self.caller.origin()
    }

    pub(super) fn refused_certificate(&self) -> Option<[u8; 32]> {
        self.caller.refused_certificate()
    }

    /// Gets a new token.
    pub(super) async fn sign_in(&self) -> Result<(), VmsError> {
        let token = self.new_token().await?;
        *self.token.lock().await = Some(token);
        Ok(())
    }

    async fn new_token(&self) -> Result<Token, VmsError> {
        let form = [
            ("grant_type", "password"),
            ("username", &self.user),
            ("password", &self.password.0),
            ("client_id", "GrantValidatorClient"),
        ];
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let asked_at = Instant::now();
        let request = self
            .caller
            .post(TOKEN_PATH)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body);
        let answer = self.caller.call(Step::SignIn, request).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Err(self
                .caller
                .retry(Step::SignIn, answer.problem())
                .with_advice(
                    "the API Gateway was not found: install it, or type the port it serves",
                ));
        }
        if !answer.status.is_success() {
            let problem = format!("it does not let {:?} in ({})", self.user, answer.problem());
            return Err(self.caller.retry(Step::SignIn, problem).with_advice(
                "look at user name and password; it must be a basic user of XProtect, not a Windows user",
            ));
        }
        let token: TokenAnswer = self.read(Step::SignIn, &answer)?;
        let lasts = Duration::from_secs(token.expires_in.unwrap_or(3_600));
        Ok(Token {
            text: Secret(token.access_token),
            until: asked_at + lasts.saturating_sub(MARGIN).min(Duration::from_hours(24)),
        })
    }

    /// Sends a request with a token; once more with a new one when it expired.
    async fn ask(
        &self,
        step: Step,
        request: impl Fn(&Caller) -> RequestBuilder,
    ) -> Result<Answer, VmsError> {
        let mut is_fresh = false;
        loop {
            let bearer = {
                let mut held = self.token.lock().await;
                let is_good = held
                    .as_ref()
                    .is_some_and(|token| token.until > Instant::now());
                if !is_good {
                    *held = Some(self.new_token().await?);
                    is_fresh = true;
                }
                held.as_ref()
                    .map(|token| token.text.0.clone())
                    .unwrap_or_default()
            };
            let request = request(&self.caller).bearer_auth(bearer);
            let answer = self.caller.call(step, request).await?;
            if answer.status != StatusCode::UNAUTHORIZED || is_fresh {
                return Ok(answer);
            }
            *self.token.lock().await = None;
        }
    }

    /// All cameras, with the addresses of their devices where the user may
    /// read them.
    pub(super) async fn cameras(&self) -> Result<Vec<VmsCamera>, VmsError> {
        let cameras: Vec<CameraAnswer> = self.pages("cameras").await?;
        let addresses: BTreeMap<String, String> =
            match self.pages::<HardwareAnswer>("hardware").await {
                Ok(hardware) => hardware
                    .into_iter()
                    .filter_map(|device| Some((device.id, host_of(&device.address?)?)))
                    .collect(),
                // Without them cameras are matched by hand.
                Err(_) => BTreeMap::new(),
            };
        Ok(cameras
            .into_iter()
            .map(|camera| {
                let parent = camera.relations.and_then(|relations| relations.parent);
                VmsCamera {
                    address: parent.and_then(|parent| addresses.get(&parent.id).cloned()),
                    channel: camera.channel.map(|channel| channel.saturating_add(1)),
                    id: camera.id,
                    name: camera.name,
                }
            })
            .collect())
    }

    async fn pages<T: serde::de::DeserializeOwned>(&self, what: &str) -> Result<Vec<T>, VmsError> {
        let mut all = Vec::new();
        for page in 0..MAX_PAGES {
            let path = format!("{REST}/{what}?page={page}&size={PAGE}");
            let answer = self.ask(Step::Cameras, |caller| caller.get(&path)).await?;
            self.check(Step::Cameras, &answer)?;
            let one: Page<T> = self.read(Step::Cameras, &answer)?;
            let is_last = one.array.len() < PAGE;
            all.extend(one.array);
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    /// Raises an alarm; its identity there.
    pub(super) async fn trigger_alarm(
        &self,
        name: &str,
        message: &Message,
        place: &Place,
    ) -> Result<String, VmsError> {
        let Some(camera_id) = &place.camera_id else {
            return Err(self
                .caller
                .refuse(
                    Step::Send,
                    format!("no camera there stands for {:?}", message.camera_name),
                )
                .with_advice("choose the VMS's camera for it, then send the event again"));
        };
        let body = serde_json::json!({
            "name": name,
            "message": format!("{} [{}]", description(message), message.idempotency_key()),
            "source": camera_id,
        })
        .to_string();
        let path = format!("{REST}/alarms");
        let answer = self
            .ask(Step::Send, |caller| {
                caller
                    .post(&path)
                    .header("Content-Type", "application/json")
                    .body(body.clone())
            })
            .await?;
        self.check(Step::Send, &answer)?;
        let value: serde_json::Value = self.read(Step::Send, &answer)?;
        let id = value
            .pointer("/data/id")
            .and_then(serde_json::Value::as_str);
        id.map(str::to_owned).ok_or_else(|| {
            self.caller.refuse(
                Step::Send,
                format!("no alarm in the answer: {}", answer.shown()),
            )
        })
    }

    /// # Errors
    /// The status is no success. A refused token waits: somebody mends it.
    fn check(&self, step: Step, answer: &Answer) -> Result<(), VmsError> {
        match answer.status {
            status if status.is_success() => Ok(()),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(self
                .caller
                .retry(step, answer.problem())
                .with_advice("give the user the rights for this in the Management Client")),
            _ => Err(self.caller.refuse(step, answer.problem())),
        }
    }

    fn read<T: serde::de::DeserializeOwned>(
        &self,
        step: Step,
        answer: &Answer,
    ) -> Result<T, VmsError> {
        serde_json::from_slice(&answer.body).map_err(|error| {
            self.caller
                .refuse(
                    step,
                    format!("the answer cannot be read ({error}): {}", answer.shown()),
                )
                .with_advice("is this XProtect's API Gateway? Look at address and port")
        })
    }
}

/// The host of a device's address such as `http://192.0.2.21/`.
fn host_of(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok();
    let host = url.as_ref().and_then(|url| url.host_str());
    let text = host.unwrap_or(address).trim_matches(['[', ']', '/']).trim();
    (!text.is_empty()).then(|| text.to_owned())
}
