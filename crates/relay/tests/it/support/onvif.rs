//! An ONVIF client as small as the tests need: it signs in by HTTP Digest.

use reqwest::Client;

/// A client with an account.
#[derive(Clone, Debug)]
pub(crate) struct OnvifClient {
    http: Client,
    /// `http://HOST:PORT`.
    url: String,
    user: String,
    password: String,
}

/// Prefixes that requests may use.
const PREFIXES: &str = "xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
    xmlns:tds=\"http://www.onvif.org/ver10/device/wsdl\" \
    xmlns:trt=\"http://www.onvif.org/ver10/media/wsdl\" \
    xmlns:tr2=\"http://www.onvif.org/ver20/media/wsdl\" \
    xmlns:tev=\"http://www.onvif.org/ver10/events/wsdl\" \
    xmlns:tan=\"http://www.onvif.org/ver20/analytics/wsdl\" \
    xmlns:tt=\"http://www.onvif.org/ver10/schema\" \
    xmlns:wsnt=\"http://docs.oasis-open.org/wsn/b-2\" \
    xmlns:wsa=\"http://www.w3.org/2005/08/addressing\" \
    xmlns:tns1=\"http://www.onvif.org/ver10/topics\"";

impl OnvifClient {
    pub(crate) fn new(url: &str, user: &str, password: &str) -> Self {
        OnvifClient {
            http: Client::builder()
                .no_proxy()
                .build()
                .expect("a client without options can be made"),
            url: url.to_owned(),
            user: user.to_owned(),
            password: password.to_owned(),
        }
    }

    /// Asks a service such as `event_service`, or a subscription by its
    /// address; status and document.
    pub(crate) async fn try_ask(&self, service: &str, operation: &str) -> (u16, String) {
        let address = match service.starts_with("http") {
            true => service.to_owned(),
            false => format!("{}/onvif/{service}", self.url),
        };
        let path = address
            .strip_prefix(&self.url)
            .expect("an address of the same program");
        let first = self.send(&address, operation, None).await;
        let challenge = first.headers().get("www-authenticate");
        let Some(challenge) = challenge.filter(|_| first.status() == 401) else {
            return text_of(first).await;
        };
        let challenge = challenge.to_str().expect("challenges are text");
        let mut login = http_auth::PasswordClient::try_from(challenge).expect("a known challenge");
        let header = login.respond(&http_auth::PasswordParams {
            username: &self.user,
            password: &self.password,
            uri: path,
            method: "POST",
            body: None,
        });
        let header = header.expect("Digest is known");
        text_of(self.send(&address, operation, Some(header)).await).await
    }

    /// As [`try_ask`](Self::try_ask), for what must succeed.
    pub(crate) async fn ask(&self, service: &str, operation: &str) -> String {
        let (status, text) = self.try_ask(service, operation).await;
        assert_eq!(status, 200, "{operation}: {text}");
        text
    }

    async fn send(
        &self,
        address: &str,
        operation: &str,
        login: Option<String>,
    ) -> reqwest::Response {
        let envelope = format!("<s:Envelope {PREFIXES}><s:Body>{operation}</s:Body></s:Envelope>");
        let mut request = self
            .http
            .post(address)
            .header("content-type", "application/soap+xml; charset=utf-8")
            .body(envelope);
        if let Some(login) = login {
            request = request.header("authorization", login);
        }
        request.send().await.expect("the program answers")
    }
}

async fn text_of(answer: reqwest::Response) -> (u16, String) {
    let status = answer.status().as_u16();
    (status, answer.text().await.expect("answers are text"))
}

/// All notifications in a document, as they stand there.
pub(crate) fn notifications(document: &str) -> Vec<String> {
    let parts = document.split("<wsnt:NotificationMessage>").skip(1);
    let ended = parts.filter_map(|part| part.split("</wsnt:NotificationMessage>").next());
    ended.map(str::to_owned).collect()
}
