//! Alarms by e-mail: their settings, made into receivers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sink::mail::{Budget, Encryption, Held, Mail, MailConfig};
use sink::{KindFilter, Walk};
use types::{EventKind, Severity};

use super::book::{Book, Record, sink_name};
use super::couriers::{Couriers, lock};
use super::message::test_message;
use super::parse_trust;
use super::receiver::Receiver;
use crate::settings::{FieldErrors, MailDocument};

/// A mail server's document with its id.
pub(crate) type MailRecord = Record<MailDocument>;

/// All ways to send mails.
#[derive(Debug)]
pub(crate) struct Mails {
    couriers: Arc<Couriers>,
    /// Documents in the store.
    pub book: Book<MailDocument>,
    /// Mails of the last hour, by id: they outlive changes of the settings.
    budgets: Mutex<BTreeMap<String, Arc<Mutex<Budget>>>>,
}

impl Mails {
    pub(super) fn new(couriers: Arc<Couriers>) -> Self {
        let parts = &couriers.parts;
        Mails {
            book: Book::new(parts.storage.clone(), Arc::clone(&parts.clock)),
            couriers,
            budgets: Mutex::default(),
        }
    }

    /// Makes the running task of a mail server follow its document.
    ///
    /// # Errors
    /// The store cannot note whether the sink is on.
    pub(crate) async fn apply(&self, record: &MailRecord) -> anyhow::Result<()> {
        let sink = record.sink_name();
        self.couriers.halt(&sink);
        let document = &record.document;
        self.couriers.register(&sink, document.is_enabled).await?;
        if !document.is_enabled {
            return Ok(());
        }
        let budget = Arc::clone(lock(&self.budgets).entry(record.id.clone()).or_default());
        match self.make_with(document, budget) {
            Ok(mail) => drop(
                self.couriers
                    .dispatch(&sink, Receiver::Mail(Box::new(mail))),
            ),
            Err(errors) => tracing::error!(mail = document.name, %errors, "e-mail not started"),
        }
        Ok(())
    }

    /// Stops a mail server and forgets what waits for it.
    ///
    /// # Errors
    /// The store cannot write.
    pub(crate) async fn remove(&self, id: &str) -> anyhow::Result<()> {
        lock(&self.budgets).remove(id);
        self.couriers.remove(&sink_name::<MailDocument>(id)).await
    }

    /// What is held back at present, to be told by the next mail.
    pub(crate) fn held(&self, id: &str) -> Option<Held> {
        let budget = lock(&self.budgets).get(id).cloned()?;
        lock(&budget).held()
    }

    /// Checks a document as a way to send mails.
    ///
    /// # Errors
    /// Names the field that cannot be used.
    pub(crate) fn make(&self, document: &MailDocument) -> Result<Mail, FieldErrors> {
        self.make_with(document, Arc::default())
    }

    fn make_with(
        &self,
        document: &MailDocument,
        budget: Arc<Mutex<Budget>>,
    ) -> Result<Mail, FieldErrors> {
        let parts = &self.couriers.parts;
        let sealed = document.sealed_password.as_deref();
        let password = sealed
            .map(|sealed| parts.vault.open_sealed(sealed))
            .transpose();
        let password = password.map_err(|error| FieldErrors::one("password", error.to_string()))?;
        let encryption = Encryption::from_name(&document.encryption);
        let severity = Severity::from_name(&document.least_severity);
        let kinds = document.kinds.iter();
        let config = MailConfig {
            host: document.host.clone(),
            port: document.port,
            encryption: encryption
                .ok_or_else(|| FieldErrors::one("encryption", "choose tls, starttls or none"))?,
            trust: parse_trust(document.fingerprint.as_deref())?,
            login: (!document.user.is_empty())
                .then(|| (document.user.clone(), password.unwrap_or_default())),
            from: document.from.clone(),
            to: document.to.clone(),
            timeout: Duration::from_secs(document.timeout_s.into()),
            filter: KindFilter {
                kinds: kinds
                    .filter_map(|name| EventKind::from_name(name))
                    .collect(),
                has_ends: document.has_ends,
            },
            least_severity: severity
                .ok_or_else(|| FieldErrors::one("least_severity", "choose a severity"))?,
            max_per_hour: document.max_per_hour,
            public_base_url: Some(parts.public_url.clone()),
        };
        Mail::new(config, budget).map_err(|error| FieldErrors::one(error.field, error.message))
    }

    /// Walks every step to a server; the last one sends a mail marked as a
    /// test.
    pub(crate) async fn test(&self, mail: &Mail) -> Walk {
        let now = self.couriers.parts.clock.now();
        let mut message = test_message(now);
        message.rule_name = "Test of alarms by e-mail".to_owned();
        mail.test(&message, now).await
    }
}
