//! `airelay user`: list and change accounts, also while airelay runs.
//!
//! Passwords are read from standard input, never from the command line, where
//! other users of the machine could see them.

use std::io::BufRead as _;

use anyhow::Context as _;
use clap::{Subcommand, ValueEnum};
use store::{ReaderOpener, Store};
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
    /// Remove an account and its sessions
    Remove {
        /// Name for signing in
        name: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum RoleArg {
    Administrator,
    Viewer,
}

impl RoleArg {
    const fn role(self) -> Role {
        match self {
            RoleArg::Administrator => Role::Administrator,
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
            store.set_password_hash(&name, &hash_password(&password)?)?;
            note(&mut store, format!("set a new password for account {name}"))?;
            say(&format!("new password for {name}; its sessions ended"));
        }
        UserCommand::Remove { name } => {
            store.delete_user(&name)?;
            note(&mut store, format!("removed account {name}"))?;
            say(&format!("removed {name}"));
        }
    }
    Ok(())
}

fn note(store: &mut Store, what: String) -> anyhow::Result<()> {
    let entry = audit_entry::<()>(what, None);
    store.append_audit(&entry, SystemClock::new().now())?;
    Ok(())
}

fn list(config: &Config) -> anyhow::Result<()> {
    let reader = ReaderOpener::of_folder(&config.data_dir).open()?;
    for user in reader.list_users()? {
        say(&format!(
            "{}\t{}\tsince {}",
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
