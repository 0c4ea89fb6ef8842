//! What ONVIF clients want done.
//!
//! In: checked commands. Out: the answer's document, or a fault.

use std::collections::BTreeMap;
use std::sync::Arc;

use sink::onvif::consumer::Consumer;
use sink::onvif::device::{Caller, Device, MetadataSetup};
use sink::onvif::notification::Notification;
use sink::onvif::rule::OnvifRule;
use sink::onvif::service::{
    Command, ProfileChange, PullRequest, SubscribeRequest, UserChange, hub_fault,
    write_create_pull_point_response, write_event_brokers_response, write_pull_response,
    write_renew_response, write_subscribe_response,
};
use sink::onvif::soap::Fault;
use sink::onvif::subscription::{Delivery, HubError};
use types::{CameraId, RuleId};

use super::App;
use super::cameras::{find_record, save};
use super::error::ApiError;
use super::session::Editor;
use crate::event_brokers;
use crate::onvif::{self, OnvifDesk, push};

/// A command's surroundings.
#[derive(Clone, Debug)]
pub(super) struct Asked<'a> {
    pub(super) app: &'a App,
    pub(super) caller: &'a Caller,
    pub(super) device: &'a Device,
    /// The subscription that the address names.
    pub(super) subscription: Option<String>,
    /// The address that the header names.
    pub(super) to: Option<&'a str>,
    pub(super) relates_to: Option<&'a str>,
}

/// Carries a command out. `done` is the answer where the command brings none
/// of its own.
pub(super) async fn carry_out(
    asked: Asked<'_>,
    command: Command,
    done: String,
) -> Result<String, Fault> {
    let app = asked.app;
    match command {
        Command::CreateUsers(users) | Command::SetUsers(users) => {
            put_users(&asked, users).await?;
        }
        Command::DeleteUsers(names) => {
            for name in names {
                let removed = app.device_accounts.remove(&name, &who(&asked)).await;
                removed.map_err(|error| internal(&error))?;
            }
        }
        Command::Reboot => return Ok(reboot(&asked)),
        Command::SetDiscoverable(is_discoverable) => {
            change_settings(&asked, |document| {
                document.is_discoverable = is_discoverable;
            })
            .await?;
        }
        Command::SetScopes(scopes) => {
            change_settings(&asked, |document| document.scopes = scopes).await?;
        }
        Command::SetMetadata(camera_id, setup) => set_metadata(&asked, camera_id, setup).await?,
        Command::ChangeProfile(camera_id, changes) => {
            change_profile(&asked, camera_id, changes).await?;
        }
        Command::CreateRules(camera_id, rules) => create(&asked, camera_id, rules).await?,
        Command::ModifyRules(camera_id, rules) => modify(&asked, camera_id, rules).await?,
        Command::DeleteRules(camera_id, names) => delete(&asked, camera_id, names).await?,
        Command::CreatePullPoint(request) => return create_pull_point(&asked, request),
        Command::Subscribe(request, address) => return subscribe(&asked, request, address),
        Command::Pull(request) => return pull(&asked, request).await,
        Command::Renew(until) => {
            let (id, now) = (subscription(&asked)?, app.clock.now());
            let renewed = app.onvif.hub().renew(&id, until, now);
            renewed.map_err(|error| hub_fault(error, now))?;
            return Ok(write_renew_response(now, until, asked.relates_to));
        }
        Command::Unsubscribe => {
            let (id, now) = (subscription(&asked)?, app.clock.now());
            let removed = app.onvif.hub().remove(&id, now);
            removed.map_err(|error| hub_fault(error, now))?;
        }
        Command::SetSynchronizationPoint => {
            let (id, now) = (subscription(&asked)?, app.clock.now());
            let mut hub = app.onvif.hub();
            let told = hub.tell(&id, &app.onvif.all_states(now), now);
            told.map_err(|error| hub_fault(error, now))?;
        }
        Command::SynchronizeStream(camera_id) => app.rtsp.synchronise(&camera_id),
        Command::GetEventBrokers(address) => {
            let brokers = event_brokers::list(app, address.as_deref()).await?;
            return Ok(write_event_brokers_response(&brokers, asked.relates_to));
        }
        Command::AddEventBroker(broker) => {
            event_brokers::add(app, &who(&asked), broker).await?;
        }
        Command::DeleteEventBroker(address) => {
            event_brokers::delete(app, &who(&asked), &address).await?;
        }
    }
    Ok(done)
}

/// For settings revisions and the audit.
fn who(asked: &Asked<'_>) -> String {
    let account = asked.caller.account.as_deref().unwrap_or("unknown");
    format!("{account} (ONVIF)")
}

fn editor(asked: &Asked<'_>) -> Editor {
    Editor { name: who(asked) }
}

fn internal(error: &anyhow::Error) -> Fault {
    tracing::error!(error = %format!("{error:#}"), "ONVIF request failed");
    Fault::receiver(&["ter:Action"], format!("{error:#}"))
}

fn refused(error: &ApiError) -> Fault {
    Fault::invalid("ter:InvalidRule", error.message())
}

async fn put_users(asked: &Asked<'_>, users: Vec<UserChange>) -> Result<(), Fault> {
    let accounts = &asked.app.device_accounts;
    for user in users {
        let password = user.password.as_deref();
        let put = accounts
            .put(&user.name, user.level, password, &who(asked))
            .await;
        put.map_err(|error| internal(&error))?.map_err(|errors| {
            Fault::sender(
                &["ter:OperationProhibited", "ter:PasswordTooWeak"],
                errors.to_string(),
            )
        })?;
    }
    Ok(())
}

/// Clients are let go, cameras dialled anew. The process goes on: whoever
/// watches the web pages is not cut off by a client's button.
fn reboot(asked: &Asked<'_>) -> String {
    let app = asked.app.clone();
    tracing::warn!(by = who(asked), "restart of all cameras asked for by ONVIF");
    tokio::spawn(async move {
        app.onvif.hub().clear();
        for camera in app.fleet.all() {
            let settings = camera.current_settings();
            let _changing = app.changing.lock().await;
            app.fleet.remove(&settings.camera_id).await;
            app.fleet
                .put(crate::settings::CameraSettings::clone(&settings));
        }
    });
    sink::onvif::soap::write_envelope(None, None, asked.relates_to, |xml| {
        xml.open("tds:SystemRebootResponse");
        xml.leaf("tds:Message", "cameras and clients begin anew in a moment");
        xml.close();
    })
}

async fn change_settings(
    asked: &Asked<'_>,
    change: impl FnOnce(&mut onvif::OnvifDocument),
) -> Result<(), Fault> {
    let book = asked.app.onvif.book();
    let changed = book.change(&who(asked), change).await;
    changed.map_err(|error| internal(&error))
}

async fn set_metadata(
    asked: &Asked<'_>,
    camera_id: CameraId,
    setup: MetadataSetup,
) -> Result<(), Fault> {
    change_settings(asked, |document| document.set_metadata(&camera_id, setup)).await?;
    tell_configuration(asked, camera_id.as_str(), "Metadata");
    Ok(())
}

async fn change_profile(
    asked: &Asked<'_>,
    camera_id: CameraId,
    changes: Vec<ProfileChange>,
) -> Result<(), Fault> {
    let tokens: Vec<String> = asked
        .device
        .profiles()
        .filter(|(camera, encoding)| {
            let is_meant = |change: &ProfileChange| change.what.encoding == *encoding;
            camera.camera_id == camera_id && changes.iter().any(is_meant)
        })
        .map(|(camera, encoding)| camera.token(encoding))
        .collect();
    change_settings(asked, |document| {
        for change in &changes {
            document.set_part(&camera_id, &change.what, change.is_present);
        }
    })
    .await?;
    let now = asked.app.clock.now();
    let told = tokens.into_iter().map(|token| {
        let source = [("Token", sink::onvif::notification::Value::Token(token))];
        Notification::new(
            sink::onvif::topic::Topic::ProfileChanged,
            None,
            now,
            &source,
            &[],
        )
    });
    asked.app.onvif.publish(told.collect());
    Ok(())
}

fn tell_configuration(asked: &Asked<'_>, token: &str, kind: &str) {
    use sink::onvif::notification::Value;
    let source = [
        ("Token", Value::Token(token.to_owned())),
        ("Type", Value::Text(kind.to_owned())),
    ];
    let told = Notification::new(
        sink::onvif::topic::Topic::ConfigurationChanged,
        None,
        asked.app.clock.now(),
        &source,
        &[],
    );
    asked.app.onvif.publish(vec![told]);
}

async fn create(
    asked: &Asked<'_>,
    camera_id: CameraId,
    rules: Vec<OnvifRule>,
) -> Result<(), Fault> {
    let app = asked.app;
    let record = find_record(app, camera_id.as_str()).await;
    let record = record.map_err(|_| Fault::no_config(camera_id.as_str()))?;
    let mut document = record.document.clone();
    let names = onvif::create_rules(&mut document, &rules);
    // Before the rules themselves, so that nobody is told of them by another.
    name_rules(asked, &camera_id, &names).await?;
    let saved = save(
        app,
        &editor(asked),
        camera_id.clone(),
        document,
        Some(&record),
    )
    .await;
    if let Err(error) = saved {
        unname_rules(asked, &camera_id, names.into_keys()).await?;
        return Err(refused(&error));
    }
    app.onvif.look(&app.fleet);
    tell_configuration(asked, camera_id.as_str(), "Analytics");
    Ok(())
}

async fn modify(
    asked: &Asked<'_>,
    camera_id: CameraId,
    rules: Vec<OnvifRule>,
) -> Result<(), Fault> {
    let app = asked.app;
    let ids = rule_ids(app, &camera_id)?;
    let record = find_record(app, camera_id.as_str()).await;
    let record = record.map_err(|_| Fault::no_config(camera_id.as_str()))?;
    let mut document = record.document.clone();
    onvif::modify_rules(&mut document, &rules, &ids);
    let saved = save(
        app,
        &editor(asked),
        camera_id.clone(),
        document,
        Some(&record),
    )
    .await;
    saved.map_err(|error| refused(&error))?;
    app.onvif.look(&app.fleet);
    tell_configuration(asked, camera_id.as_str(), "Analytics");
    Ok(())
}

async fn delete(asked: &Asked<'_>, camera_id: CameraId, names: Vec<String>) -> Result<(), Fault> {
    let app = asked.app;
    let ids = rule_ids(app, &camera_id)?;
    let rule_ids: Vec<RuleId> = names
        .iter()
        .filter_map(|name| ids.get(name).copied())
        .collect();
    let record = find_record(app, camera_id.as_str()).await;
    let record = record.map_err(|_| Fault::no_config(camera_id.as_str()))?;
    let mut document = record.document.clone();
    onvif::delete_rules(&mut document, &rule_ids);
    let saved = save(
        app,
        &editor(asked),
        camera_id.clone(),
        document,
        Some(&record),
    )
    .await;
    saved.map_err(|error| refused(&error))?;
    unname_rules(asked, &camera_id, rule_ids.into_iter()).await?;
    app.onvif.look(&app.fleet);
    tell_configuration(asked, camera_id.as_str(), "Analytics");
    Ok(())
}

async fn name_rules(
    asked: &Asked<'_>,
    camera_id: &CameraId,
    names: &BTreeMap<RuleId, String>,
) -> Result<(), Fault> {
    change_settings(asked, |settings| {
        for (rule_id, name) in names {
            settings.set_rule_name(camera_id, *rule_id, Some(name.clone()));
        }
    })
    .await
}

async fn unname_rules(
    asked: &Asked<'_>,
    camera_id: &CameraId,
    rule_ids: impl Iterator<Item = RuleId>,
) -> Result<(), Fault> {
    change_settings(asked, |settings| {
        for rule_id in rule_ids {
            settings.set_rule_name(camera_id, rule_id, None);
        }
    })
    .await
}

/// Rules of a running camera by the names that clients know.
fn rule_ids(app: &App, camera_id: &CameraId) -> Result<BTreeMap<String, RuleId>, Fault> {
    let camera = app.fleet.get(camera_id);
    let camera = camera.ok_or_else(|| Fault::no_config(camera_id.as_str()))?;
    Ok(onvif::names_of(&app.onvif, &camera.current_settings()))
}

/// The subscription that a request is about: by the address it came to, or by
/// the one in its header, since some clients send everything to one address.
fn subscription(asked: &Asked<'_>) -> Result<String, Fault> {
    let by_header = asked
        .to
        .and_then(|to| to.split_once("/onvif/subscription/"));
    let by_header = by_header.map(|(_, id)| id.to_owned());
    let id = asked.subscription.clone().or(by_header);
    id.ok_or_else(|| hub_fault(HubError::Unknown, asked.caller.now))
}

fn add(
    asked: &Asked<'_>,
    request: SubscribeRequest,
    delivery: Delivery,
) -> Result<(String, String), Fault> {
    let (app, now) = (asked.app, asked.caller.now);
    let id = app
        .onvif
        .new_subscription_id()
        .map_err(|error| internal(&error))?;
    let account = asked.caller.account.as_deref().unwrap_or_default();
    let mut hub = app.onvif.hub();
    let initial: Vec<Arc<Notification>> = match request.is_changed_only {
        true => Vec::new(),
        false => app.onvif.all_states(now),
    };
    let added = hub.add(
        id.clone(),
        request.filter,
        asked.device.naming,
        delivery,
        account,
        request.terminates_at,
        &initial,
        now,
    );
    added.map_err(|error| hub_fault(error, now))?;
    let address = asked.caller.service(&format!("subscription/{id}"));
    Ok((id, address))
}

fn create_pull_point(asked: &Asked<'_>, request: SubscribeRequest) -> Result<String, Fault> {
    let until = request.terminates_at;
    let (_, address) = add(asked, request, Delivery::Pull)?;
    let now = asked.caller.now;
    Ok(write_create_pull_point_response(
        &address,
        now,
        until,
        asked.relates_to,
    ))
}

fn subscribe(
    asked: &Asked<'_>,
    request: SubscribeRequest,
    consumer: String,
) -> Result<String, Fault> {
    let made = Consumer::new(&consumer).map_err(|reason| {
        Fault::base(
            "wsnt:SubscribeCreationFailedFault",
            reason,
            asked.caller.now,
        )
    })?;
    let until = request.terminates_at;
    let (id, address) = add(asked, request, Delivery::Push(consumer.clone()))?;
    push(&asked.app.onvif, id, consumer, made);
    let now = asked.caller.now;
    Ok(write_subscribe_response(
        &address,
        now,
        until,
        asked.relates_to,
    ))
}

/// Answers at once when something waits, else as soon as something comes, or
/// at the end of the time with nothing.
async fn pull(asked: &Asked<'_>, request: PullRequest) -> Result<String, Fault> {
    let app = asked.app;
    let id = subscription(asked)?;
    let now = app.clock.now();
    let fault = |error| hub_fault(error, now);
    let wake = app
        .onvif
        .hub()
        .begin_pull(&id, request.timeout, now)
        .map_err(fault)?;
    let pulling = Pulling {
        desk: &app.onvif,
        id: &id,
    };
    let over = tokio::time::sleep(request.timeout);
    tokio::pin!(over);
    let taken = loop {
        let taken = app.onvif.hub().take(&id, request.limit, app.clock.now());
        let taken = taken.map_err(fault)?;
        if !taken.is_empty() {
            break taken;
        }
        tokio::select! {
            () = wake.notified() => {}
            () = &mut over => break Vec::new(),
            () = app.stop.cancelled() => break Vec::new(),
        }
    };
    drop(pulling);
    let now = app.clock.now();
    let until = app.onvif.hub().end_pull(&id, request.timeout, now);
    let until = until.map_err(|error| hub_fault(error, now))?;
    let naming = app.onvif.hub().naming_of(&id);
    Ok(write_pull_response(
        &taken,
        naming,
        now,
        until,
        asked.relates_to,
    ))
}

/// A pull that is in progress, also when its client hangs up.
struct Pulling<'a> {
    desk: &'a OnvifDesk,
    id: &'a str,
}

impl Drop for Pulling<'_> {
    fn drop(&mut self) {
        self.desk.hub().abandon_pull(self.id);
    }
}
