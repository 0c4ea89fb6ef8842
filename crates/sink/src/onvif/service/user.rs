//! Accounts as clients send them.

use super::Call;
use super::Step;
use super::command::{Command, UserChange};
use crate::access::Level;
use crate::onvif::namespace as ns;
use crate::onvif::soap::Fault;

/// Most accounts of one request.
const MAX_USERS: usize = 32;

pub(super) fn create(call: Call<'_>) -> Result<Step, Fault> {
    let users = read(call)?;
    for user in &users {
        if call.device.users.iter().any(|(name, _)| *name == user.name) {
            let reason = format!("there is an account {:?} already", user.name);
            return Err(Fault::sender(
                &["ter:OperationProhibited", "ter:UsernameClash"],
                reason,
            ));
        }
        if user.password.is_none() {
            let reason = "a new account needs a password";
            return Err(Fault::sender(
                &["ter:OperationProhibited", "ter:Password"],
                reason,
            ));
        }
    }
    Step::command(Command::CreateUsers(users))
}

pub(super) fn set(call: Call<'_>) -> Result<Step, Fault> {
    let users = read(call)?;
    for user in &users {
        known(call, &user.name)?;
    }
    Step::command(Command::SetUsers(users))
}

pub(super) fn delete(call: Call<'_>) -> Result<Step, Fault> {
    let names = call.operation.children_named(ns::TDS, "Username");
    let names: Vec<String> = names
        .take(MAX_USERS)
        .map(|name| name.text.trim().to_owned())
        .collect();
    if names.is_empty() {
        return Err(Fault::sender(&["ter:InvalidArgs"], "Username is missing"));
    }
    for name in &names {
        known(call, name)?;
    }
    Step::command(Command::DeleteUsers(names))
}

fn known(call: Call<'_>, name: &str) -> Result<(), Fault> {
    if call.device.users.iter().any(|(known, _)| known == name) {
        return Ok(());
    }
    let name: String = name.chars().take(64).collect();
    Err(Fault::invalid(
        "ter:UsernameMissing",
        format!("there is no account {name:?}"),
    ))
}

fn read(call: Call<'_>) -> Result<Vec<UserChange>, Fault> {
    let users: Vec<_> = call.operation.children_named(ns::TDS, "User").collect();
    if users.is_empty() || users.len() > MAX_USERS {
        let reason = format!("send 1 to {MAX_USERS} of User");
        return Err(Fault::sender(&["ter:InvalidArgs"], reason));
    }
    users
        .into_iter()
        .map(|user| {
            let level = user.child_text(ns::TT, "UserLevel").unwrap_or_default();
            Ok(UserChange {
                name: user
                    .child_text(ns::TT, "Username")
                    .unwrap_or_default()
                    .to_owned(),
                password: user.child_text(ns::TT, "Password").map(str::to_owned),
                level: Level::from_name(level).ok_or_else(|| {
                    let level: String = level.chars().take(40).collect();
                    let reason = format!("UserLevel {level:?} is not one of ours");
                    Fault::sender(
                        &["ter:OperationProhibited", "ter:AnonymousNotAllowed"],
                        reason,
                    )
                })?,
            })
        })
        .collect()
}
