//! Who changed what: rows for people who look after airelay.
//!
//! In: what a document was before and what it is now. Out: a row with the parts
//! that differ; secrets are named, never shown.
//!
//! A change that was made stays made when its row cannot be stored: that is
//! logged.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{AuditEntry, AuditRow};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::error::ApiResult;
use super::input::Asked;
use super::session::Administrator;

/// Rows on one page.
const PAGE: u32 = 100;

/// What stands in place of a secret.
const HIDDEN: &str = "(hidden)";

/// Fields that begin so hold sealed secrets.
const SEALED: &str = "sealed_";

/// Longest before and after, bytes: what the store takes.
const MAX_STATE_BYTES: usize = 64 * 1024;

/// Which rows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditQuery {
    /// Only older than this row: `next_before` of the page before.
    before: Option<i64>,
}

/// A page of changes, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditList {
    /// Newest first.
    pub entries: Vec<AuditView>,
    /// For the next page; `null` on the last one.
    pub next_before: Option<i64>,
}

/// One change.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditView {
    /// Number of the row; grows with time.
    pub id: i64,
    /// When, UTC.
    pub at: String,
    /// Who: an account, or "command line".
    pub who: String,
    /// What was done, and to what.
    pub what: String,
    /// The parts that differ, as they were.
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    /// The parts that differ, as they are now.
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
}

/// Changes of settings and accounts, newest first. For administrators.
#[utoipa::path(get, path = "/api/v1/audit", tag = "system", params(AuditQuery),
    responses((status = 200, body = AuditList)))]
pub(super) async fn list(
    _: Administrator,
    State(app): State<App>,
    Asked(query): Asked<AuditQuery>,
) -> ApiResult<Json<AuditList>> {
    let rows = app
        .storage
        .read(move |reader| reader.list_audit(query.before, PAGE))
        .await?;
    let next_before = (rows.len() == PAGE as usize)
        .then(|| rows.last().map(|row| row.audit_id))
        .flatten();
    Ok(Json(AuditList {
        entries: rows.into_iter().map(AuditView::new).collect(),
        next_before,
    }))
}

impl AuditView {
    fn new(row: AuditRow) -> Self {
        let value = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
        AuditView {
            id: row.audit_id,
            at: row.at.to_string(),
            who: row.entry.who,
            what: row.entry.what,
            before: value(row.entry.before),
            after: value(row.entry.after),
        }
    }
}

/// Stores a row about a document that changed.
pub(super) async fn note<T: Serialize>(
    app: &App,
    who: &str,
    what: String,
    before: Option<&T>,
    after: Option<&T>,
) {
    let (before, after) = before_and_after(before, after);
    let entry = AuditEntry {
        who: who.to_owned(),
        what,
        before,
        after,
    };
    let now = app.clock.now();
    let stored = app
        .storage
        .write(move |store| store.append_audit(&entry, now))
        .await;
    if let Err(error) = stored {
        tracing::error!(error = %format!("{error:#}"), "audit row lost");
    }
}

/// Stores a row about programs that were switched or set, in the control log.
pub(super) async fn note_control<T: Serialize>(
    app: &App,
    who: &str,
    what: String,
    before: Option<&T>,
    after: Option<&T>,
) {
    let (before, after) = before_and_after(before, after);
    append_control(app, who, what, before, after).await;
}

/// Stores a row of the control log.
pub(super) async fn append_control(
    app: &App,
    who: &str,
    what: String,
    before: Option<String>,
    after: Option<String>,
) {
    let entry = AuditEntry {
        who: who.to_owned(),
        what,
        before,
        after,
    };
    let now = app.clock.now();
    let stored = app
        .storage
        .write(move |store| store.append_control(&entry, now))
        .await;
    if let Err(error) = stored {
        tracing::error!(error = %format!("{error:#}"), "row of the control log lost");
    }
}

/// The parts of two documents that differ, as JSON text without secrets.
pub(crate) fn before_and_after<T: Serialize>(
    before: Option<&T>,
    after: Option<&T>,
) -> (Option<String>, Option<String>) {
    let value = |document: Option<&T>| {
        document.map(|document| serde_json::to_value(document).unwrap_or_default())
    };
    let (before, after) = match (value(before), value(after)) {
        (Some(mut before), Some(mut after)) => {
            keep_differences(&mut before, &mut after);
            (Some(before), Some(after))
        }
        one_sided => one_sided,
    };
    (before.map(text), after.map(text))
}

/// Takes out what both have alike, object by object; lists stay whole.
fn keep_differences(before: &mut Value, after: &mut Value) {
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        return;
    };
    let same = |name: &String, other: &Map<String, Value>, value: &Value| {
        other.get(name).is_some_and(|theirs| theirs == value)
    };
    let alike: Vec<String> = before
        .iter()
        .filter(|(name, value)| same(name, after, value))
        .map(|(name, _)| name.clone())
        .collect();
    for name in alike {
        before.remove(&name);
        after.remove(&name);
    }
    for (name, was) in before.iter_mut() {
        if let Some(is) = after.get_mut(name) {
            keep_differences(was, is);
        }
    }
}

fn text(mut value: Value) -> String {
    hide_secrets(&mut value);
    let text = value.to_string();
    if text.len() > MAX_STATE_BYTES {
        return Value::from("(too long to be kept)").to_string();
    }
    text
}

/// Shows only whether there is a secret, under its plain name.
fn hide_secrets(value: &mut Value) {
    match value {
        Value::Object(object) => {
            let sealed: Vec<String> = object
                .keys()
                .filter(|name| name.starts_with(SEALED))
                .cloned()
                .collect();
            for name in sealed {
                let is_set = object.remove(&name).is_some_and(|value| !value.is_null());
                let shown = if is_set { HIDDEN.into() } else { Value::Null };
                object.insert(name.trim_start_matches(SEALED).to_owned(), shown);
            }
            object.values_mut().for_each(hide_secrets);
        }
        Value::Array(list) => list.iter_mut().for_each(hide_secrets),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use serde_json::json;

    use super::*;

    fn check(before: Option<&Value>, after: Option<&Value>, expected: &Expect) {
        let (before, after) = before_and_after(before, after);
        let show = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        expected.assert_eq(&format!("{} -> {}", show(before), show(after)));
    }

    #[test]
    fn only_what_differs_is_kept() {
        let before = json!({"name": "a", "link": {"host": "x", "port": 1}, "zones": [1, 2]});
        let after = json!({"name": "a", "link": {"host": "y", "port": 1}, "zones": [1, 3]});
        check(
            Some(&before),
            Some(&after),
            &expect![[
                r#"{"link":{"host":"x"},"zones":[1,2]} -> {"link":{"host":"y"},"zones":[1,3]}"#
            ]],
        );
    }

    #[test]
    fn new_secret_is_named_and_never_shown() {
        check(
            Some(&json!({"link": {"sealed_password": "AAAA", "user": "u"}})),
            Some(&json!({"link": {"sealed_password": "BBBB", "user": "u"}})),
            &expect![[r#"{"link":{"password":"(hidden)"}} -> {"link":{"password":"(hidden)"}}"#]],
        );
        check(
            None,
            Some(&json!({"sealed_secret": null, "headers": [{"name": "k", "sealed_value": "C"}]})),
            &expect![[r#"- -> {"headers":[{"name":"k","value":"(hidden)"}],"secret":null}"#]],
        );
    }
}
