//! Webhooks: their settings, made into receivers.

use std::sync::Arc;
use std::time::Duration;

use sink::webhook::{DeliverError, Login, Method, Template, Webhook, WebhookConfig};

use super::book::{Book, Record, sink_name};
use super::couriers::Couriers;
use super::message::test_message;
use super::parse_trust;
use super::receiver::Receiver;
use crate::settings::{FieldErrors, TemplateDocument, WebhookDocument};

/// A webhook's document with its id.
pub(crate) type WebhookRecord = Record<WebhookDocument>;

/// All webhooks.
#[derive(Debug)]
pub(crate) struct Webhooks {
    couriers: Arc<Couriers>,
    /// Documents in the store.
    pub book: Book<WebhookDocument>,
}

impl Webhooks {
    pub(super) fn new(couriers: Arc<Couriers>) -> Self {
        let parts = &couriers.parts;
        Webhooks {
            book: Book::new(parts.storage.clone(), Arc::clone(&parts.clock)),
            couriers,
        }
    }

    /// Makes the running task of a webhook follow its document.
    ///
    /// # Errors
    /// The store cannot note whether the sink is on.
    pub(crate) async fn apply(&self, record: &WebhookRecord) -> anyhow::Result<()> {
        let sink = record.sink_name();
        self.couriers.halt(&sink);
        let is_enabled = record.document.is_enabled;
        self.couriers.register(&sink, is_enabled).await?;
        if !is_enabled {
            return Ok(());
        }
        match self.make(&record.document) {
            Ok(webhook) => drop(
                self.couriers
                    .dispatch(&sink, Receiver::Webhook(Box::new(webhook))),
            ),
            Err(errors) => {
                tracing::error!(webhook = record.document.name, %errors, "webhook not started");
            }
        }
        Ok(())
    }

    /// Stops a webhook and forgets what waits for it.
    ///
    /// # Errors
    /// The store cannot write.
    pub(crate) async fn remove(&self, id: &str) -> anyhow::Result<()> {
        let sink = sink_name::<WebhookDocument>(id);
        self.couriers.remove(&sink).await
    }

    /// Checks a document as a receiver.
    ///
    /// # Errors
    /// Names the field that cannot be used.
    pub(crate) fn make(&self, document: &WebhookDocument) -> Result<Webhook, FieldErrors> {
        let parts = &self.couriers.parts;
        let open = |field: &str, sealed: &str| {
            let opened = parts.vault.open_sealed(sealed);
            opened.map_err(|error| FieldErrors::one(field, error.to_string()))
        };
        let document = document.clone().split_login(&parts.vault)?;
        let secret = document.sealed_secret.as_deref();
        let login = document.user.as_ref().map(|user| {
            let sealed = document.sealed_password.as_deref();
            let password = sealed.map_or(Ok(String::new()), |sealed| open("password", sealed))?;
            Ok::<Login, FieldErrors>(Login {
                user: user.clone(),
                password,
                is_digest: document.is_digest,
            })
        });
        let template = document.template.as_ref().map(template_of).transpose()?;
        let headers = document.headers.iter();
        Webhook::new(WebhookConfig {
            url: document.url.clone(),
            login: login.transpose()?,
            template,
            secret: secret.map(|sealed| open("secret", sealed)).transpose()?,
            headers: headers
                .map(|header| Ok((header.name.clone(), open("headers", &header.sealed_value)?)))
                .collect::<Result<_, FieldErrors>>()?,
            timeout: Duration::from_secs(document.timeout_s.into()),
            trust: parse_trust(document.fingerprint.as_deref())?,
            public_base_url: Some(parts.public_url.clone()),
            has_picture_inside: document.has_picture_inside,
        })
        .map_err(|error| FieldErrors::one(error.field, error.message))
    }

    /// Delivers one made-up event at once, past the queue.
    ///
    /// # Errors
    /// What the receiver answered.
    pub(crate) async fn test(&self, webhook: &Webhook) -> Result<(), DeliverError> {
        let now = self.couriers.parts.clock.now();
        webhook.deliver(&test_message(now), now).await
    }
}

fn template_of(document: &TemplateDocument) -> Result<Template, FieldErrors> {
    let method = Method::from_name(&document.method);
    let method = method.ok_or_else(|| FieldErrors::one("method", "choose GET, POST or PUT"))?;
    Ok(Template {
        method,
        body: document.body.clone(),
        content_type: document.content_type.clone(),
    })
}
