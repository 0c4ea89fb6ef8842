//! `airelay user`: list and change accounts, also while airelay runs.
//!
//! Passwords are read from standard input, never from the command line, where
//! other users of the machine could see them.

use std::io::BufRead as _;

use anyhow::Context as _;
use clap::{Subcommand, ValueEnum};
use store::{ReaderOpener, Store, UserChange, UserId};
use types::Clock as _;

use super::{audit_entry, say};
use crate::SystemClock;
use crate::config::Config;
use crate::web::{Role, check_account, hash_password};

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// List accounts
    List,
    /// Add an account; the password is read from standard input
    Add {
        /// Name for signing in
        name: String,
        /// What the account may do
        #[arg(long, value_enum, default_value_t = RoleArg::Administrator)]
        role: RoleArg,
    },
    /// Set a new password, read from standard input; ends the account's sessions
    Password {
        /// Name for signing in
        name: String,
    },
    /// Change what an account may do
    Role {
        /// Name for signing in
        name: String,
        /// What the account may do from now on
        #[arg(value_enum)]
        role: RoleArg,
    },
    /// Remove an account and its sessions
    Remove {
        /// Name for signing in
        name: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum RoleArg {
    Administrator,
    Operator,
    Viewer,
}

impl RoleArg {
    const fn role(self) -> Role {
        match self {
            RoleArg::Administrator => Role::Administrator,
            RoleArg::Operator => Role::Operator,
            RoleArg::Viewer => Role::Viewer,
        }
    }
}

pub(super) fn run(config: &Config, command: UserCommand) -> anyhow::Result<()> {
    if matches!(command, UserCommand::List) {
        return list(config);
    }
    let mut store = Store::open_beside(&config.data_dir)?;
    match command {
        UserCommand::List => {}
        UserCommand::Add { name, role } => {
            let password = read_password()?;
            check_account(&name, &password)?;
            let hash = hash_password(&password)?;
            store.create_user(&name, &hash, role.role().name(), SystemClock::new().now())?;
            note(&mut store, format!("added account {name}"))?;
            say(&format!("added {name}"));
        }
        UserCommand::Password { name } => {
            let password = read_password()?;
            check_account(&name, &password)?;
            let change = UserChange {
                password_hash: Some(&hash_password(&password)?),
                ..UserChange::default()
            };
            store.change_user(find(&store, &name)?, &change, None)?;
            note(&mut store, format!("set a new password for account {name}"))?;
            say(&format!("new password for {name}; its sessions ended"));
        }
        UserCommand::Role { name, role } => {
            let role = role.role().name();
            let change = UserChange {
                role: Some(role),
                ..UserChange::default()
            };
            store.change_user(find(&store, &name)?, &change, None)?;
            note(&mut store, format!("made account {name} {role}"))?;
            say(&format!("{name} is now {role}"));
        }
        UserCommand::Remove { name } => {
            // Who holds the data folder may lock everybody out, and in again.
            store.delete_user(find(&store, &name)?, None)?;
            note(&mut store, format!("removed account {name}"))?;
            say(&format!("removed {name}"));
        }
    }
    Ok(())
}

fn find(store: &Store, name: &str) -> anyhow::Result<UserId> {
    let user = store.user(name)?;
    let user =
        user.with_context(|| format!("there is no account {name:?}: see airelay user list"))?;
    Ok(user.user_id)
}

fn note(store: &mut Store, what: String) -> anyhow::Result<()> {
    let entry = audit_entry::<()>(what, None);
    store.append_audit(&entry, SystemClock::new().now())?;
    Ok(())
}

fn list(config: &Config) -> anyhow::Result<()> {
    let reader = ReaderOpener::of_folder(&config.data_dir).open()?;
    for user in reader.list_users()? {
        let off = user.disabled_at.map_or("", |_| "\tswitched off");
        say(&format!(
            "{}\t{}\tsince {}{off}",
            user.name, user.role, user.created_at
        ));
    }
    Ok(())
}

fn read_password() -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .context("read password from standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
