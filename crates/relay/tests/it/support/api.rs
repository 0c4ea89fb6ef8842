//! A REST client as small as the tests need.

use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::{Program, soon};

/// The account that the tests make.
const NAME: &str = "installer";
const PASSWORD: &str = "correct horse battery";

/// A signed-in person.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    http: Client,
    url: String,
    cookie: String,
    csrf_token: String,
    /// Sent instead of the cookie.
    bearer: Option<String>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// `null` when the body is no JSON.
    pub(crate) json: Value,
    pub(crate) bytes: Vec<u8>,
    set_cookie: Option<String>,
}

impl Reply {
    /// The error's stable name.
    pub(crate) fn code(&self) -> &str {
        self.json["error"]["code"].as_str().unwrap_or_default()
    }

    /// The JSON of an answer that must be a success.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!(
            (200..300).contains(&self.status),
            "{}: {}",
            self.status,
            String::from_utf8_lossy(&self.bytes)
        );
        self.json
    }
}

impl Api {
    /// Nobody yet.
    pub(crate) fn anonymous(program: &Program) -> Self {
        // Whoever comes first installs it; in a process of one test that is us.
        drop(rustls::crypto::ring::default_provider().install_default());
        Api {
            http: Client::builder()
                .no_proxy()
                // A connection each: after a body that is too large the program
                // hangs up, which the next request must not stumble over.
                .pool_max_idle_per_host(0)
                .build()
                .expect("a client without options can be made"),
            url: program.url.clone(),
            cookie: String::new(),
            csrf_token: "anonymous".to_owned(),
            bearer: None,
        }
    }

    /// A program with a token.
    pub(crate) fn with_token(program: &Program, token: &str) -> Self {
        Api {
            bearer: Some(format!("Bearer {token}")),
            ..Api::anonymous(program)
        }
    }

    /// Makes the first account with the printed link.
    pub(crate) async fn set_up(program: &Program) -> Self {
        let token = program.setup_token.as_deref().expect("a first start");
        let body = json!({"token": token, "name": NAME, "password": PASSWORD});
        let mut api = Api::anonymous(program);
        let reply = api.post("/api/v1/setup", &body).await;
        assert_eq!(reply.status, 201, "{}", reply.json);
        api.keep_session(&reply);
        api
    }

    /// Signs in as the person of [`Api::set_up`].
    pub(crate) async fn sign_in(program: &Program) -> Self {
        Api::sign_in_as(program, NAME, PASSWORD).await
    }

    /// Signs in as somebody.
    pub(crate) async fn sign_in_as(program: &Program, name: &str, password: &str) -> Self {
        let mut api = Api::anonymous(program);
        let body = json!({"name": name, "password": password});
        let reply = api.post("/api/v1/session", &body).await;
        assert_eq!(reply.status, 200, "{}", reply.json);
        api.keep_session(&reply);
        api
    }

    /// Goes on with the session that `reply` begins.
    pub(crate) fn keep_session(&mut self, reply: &Reply) {
        let cookie = reply.set_cookie.as_deref().expect("a session cookie");
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"));
        self.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        self.csrf_token = reply.json["csrf_token"]
            .as_str()
            .expect("a token")
            .to_owned();
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None, Some(&self.csrf_token))
            .await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        let body = serde_json::to_vec(body).expect("JSON can be written");
        self.post_bytes(path, body).await
    }

    pub(crate) async fn post_bytes(&self, path: &str, body: Vec<u8>) -> Reply {
        self.send(Method::POST, path, Some(body), Some(&self.csrf_token))
            .await
    }

    pub(crate) async fn post_without_csrf_token(&self, path: &str, body: &Value) -> Reply {
        let body = serde_json::to_vec(body).expect("JSON can be written");
        self.send(Method::POST, path, Some(body), None).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Reply {
        let body = serde_json::to_vec(body).expect("JSON can be written");
        self.send(Method::PUT, path, Some(body), Some(&self.csrf_token))
            .await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None, Some(&self.csrf_token))
            .await
    }

    /// The first message of a stream of server-sent events; `None` when there
    /// is none within seconds.
    pub(crate) async fn first_live(&self, path: &str) -> Option<Value> {
        let request = self
            .http
            .get(format!("{}{path}", self.url))
            .header("cookie", &self.cookie);
        let first = async {
            let mut answer = request.send().await.ok()?;
            let mut text = String::new();
            loop {
                text += &String::from_utf8_lossy(&answer.chunk().await.ok()??);
                if let Some((message, _)) = text.split_once("\n\n") {
                    let data = message
                        .lines()
                        .find_map(|line| line.strip_prefix("data:"))?;
                    return serde_json::from_str(data.trim()).ok();
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), first)
            .await
            .ok()
            .flatten()
    }

    /// What `until` gives, and the scenes of a camera's live view meanwhile.
    pub(crate) async fn live_scenes<T>(
        &self,
        camera: &str,
        until: impl Future<Output = T>,
    ) -> (T, Vec<Value>) {
        let request = self
            .http
            .get(format!("{}/api/v1/cameras/{camera}/live", self.url))
            .header("cookie", &self.cookie);
        let mut bytes = Vec::new();
        let read = async {
            let mut answer = request.send().await.expect("the program answers");
            while let Ok(Some(chunk)) = answer.chunk().await {
                bytes.extend_from_slice(&chunk);
            }
            std::future::pending::<()>().await;
        };
        let given = tokio::select! {
            given = until => given,
            () = read => unreachable!("it does not end by itself"),
        };
        let mut rest = bytes.as_slice();
        let mut part = || {
            let (len, after) = rest.split_first_chunk::<4>()?;
            let len = usize::try_from(u32::from_be_bytes(*len)).ok()?;
            let (part, after) = after.split_at_checked(len)?;
            rest = after;
            Some(part)
        };
        let mut scenes = Vec::new();
        while let (Some(json), Some(_jpeg)) = (part(), part()) {
            scenes.push(serde_json::from_slice(json).expect("scenes are JSON"));
        }
        (given, scenes)
    }

    /// As [`Api::post_bytes`], for a body so large that the program may hang
    /// up before it has heard all of it.
    pub(crate) async fn try_post_bytes(&self, path: &str, body: Vec<u8>) -> Option<Reply> {
        self.try_send(Method::POST, path, Some(body), Some(&self.csrf_token))
            .await
            .ok()
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        csrf_token: Option<&str>,
    ) -> Reply {
        self.try_send(method.clone(), path, body, csrf_token)
            .await
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        csrf_token: Option<&str>,
    ) -> Result<Reply, reqwest::Error> {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.url))
            .header("cookie", &self.cookie);
        if let Some(token) = csrf_token {
            request = request.header("x-csrf-token", token);
        }
        if let Some(bearer) = &self.bearer {
            request = request.header("authorization", bearer);
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let set_cookie = answer.headers().get("set-cookie");
        let set_cookie = set_cookie.and_then(|value| Some(value.to_str().ok()?.to_owned()));
        let bytes = answer.bytes().await?.to_vec();
        Ok(Reply {
            status,
            json: serde_json::from_slice(&bytes).unwrap_or_default(),
            bytes,
            set_cookie,
        })
    }

    /// Adds a camera; returns its id.
    pub(crate) async fn add_camera(&self, name: &str, link: &Value) -> String {
        let body = json!({"name": name, "link": link});
        let camera = self.post("/api/v1/cameras", &body).await.ok();
        camera["id"].as_str().expect("cameras have ids").to_owned()
    }

    pub(crate) async fn camera(&self, id: &str) -> Value {
        self.get(&format!("/api/v1/cameras/{id}")).await.ok()
    }

    /// Changes a camera's document.
    pub(crate) async fn change_camera(&self, id: &str, change: impl FnOnce(&mut Value)) {
        let mut camera = self.camera(id).await;
        camera
            .as_object_mut()
            .expect("a camera is an object")
            .remove("status");
        change(&mut camera);
        self.put(&format!("/api/v1/cameras/{id}"), &camera)
            .await
            .ok();
    }

    /// Waits until a camera is in `state`; returns its status.
    pub(crate) async fn wait_for_state(&self, id: &str, state: &str) -> Value {
        let what = format!("camera {id} to be {state}");
        soon(&what, async || {
            let status = self.camera(id).await["status"].clone();
            (status["state"] == state).then_some(status)
        })
        .await
    }

    /// The newest events, newest first.
    pub(crate) async fn events(&self) -> Vec<Value> {
        let page = self.get("/api/v1/events?limit=500").await.ok();
        page["events"].as_array().expect("a list").clone()
    }

    /// A camera's number in `/metrics`.
    pub(crate) async fn metric(&self, name: &str, camera_id: &str) -> u64 {
        let text = String::from_utf8(self.get("/metrics").await.bytes).expect("text");
        let start = format!("{name}{{camera=\"{camera_id}\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&start));
        line.unwrap_or_else(|| panic!("no {start} in:\n{text}"))
            .parse()
            .expect("counters are whole numbers")
    }
}
