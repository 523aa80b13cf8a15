//! `frontdoor keys issue|list|revoke`

use super::table::table;
use super::{Result, say};
use crate::access::{OwnerKind, keys};
use crate::app;
use crate::config::settings::Settings;
use crate::domain::time::Env;

/// Credentials for partner agencies and for receiving teams' systems.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example: frontdoor keys issue --agency school-ridgeway")]
pub(super) enum Keys {
    /// Issue a key; it is shown once.
    Issue(Owner),
    /// List keys, without their secrets.
    List,
    /// Stop a key at once.
    Revoke {
        /// The key's public part.
        id: String,
    },
}

/// Whose key it is.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct Owner {
    /// A partner agency of `agencies.toml`.
    #[arg(long)]
    agency: Option<String>,
    /// A receiving team of `destinations.toml`.
    #[arg(long)]
    destination: Option<String>,
    /// A member of operations staff.
    #[arg(long)]
    operations: Option<String>,
}

impl Keys {
    pub(super) async fn run(self, settings: Settings) -> Result {
        let store = app::open_store(&settings).await?;
        let env = app::OsEnv::new();
        match self {
            Keys::Issue(owner) => {
                let (kind, name) = owner.named();
                let issued = keys::issue(store.as_ref(), &env, kind, &name).await?;
                say(issued);
            }
            Keys::List => {
                let rows: Vec<Vec<String>> = store
                    .keys()
                    .await?
                    .into_iter()
                    .map(|key| {
                        let until = key.revoked_at.or(key.expires_at);
                        let until = until.map_or("—".to_owned(), |at| at.to_string());
                        vec![key.id, key.owner_kind, key.owner, key.created_at.to_string(), until]
                    })
                    .collect();
                say(table(&["key", "for", "owner", "issued", "until"], &rows));
            }
            Keys::Revoke { id } => {
                if !store.end_key(&id, env.now(), true).await? {
                    return Err(anyhow::anyhow!("there is no key {id}; see `keys list`").into());
                }
                say(format!("Key {id} no longer works."));
            }
        }
        Ok(())
    }
}

impl Owner {
    fn named(self) -> (OwnerKind, String) {
        match self {
            Owner { agency: Some(name), .. } => (OwnerKind::Agency, name),
            Owner { destination: Some(name), .. } => (OwnerKind::Destination, name),
            Owner { operations, .. } => (OwnerKind::Operations, operations.unwrap_or_default()),
        }
    }
}
