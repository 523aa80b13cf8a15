//! `frontdoor keys issue|list|revoke`

use super::table::table;
use super::{Result, say};
use crate::access::{OwnerKind, keys};
use crate::app;
use crate::config::settings::Settings;
use crate::domain::time::Env;
use crate::domain::{AgencyId, DestinationId, Directory};
use crate::store::{KeyRow, Store};

/// Credentials for partner agencies and for receiving teams' systems.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example: frontdoor keys issue --agency school-ridgeway")]
pub(super) enum Keys {
    /// Issue a key; it is shown once.
    #[command(group = clap::ArgGroup::new("whose").required(true))]
    Issue(Owner),
    /// List keys, without their secrets; all, or one holder's.
    #[command(group = clap::ArgGroup::new("whose"))]
    List(Owner),
    /// Stop one key at once, or all of one holder's.
    #[command(group = clap::ArgGroup::new("whose").required(true))]
    Revoke {
        /// The key's public part, as `keys list` shows it.
        #[arg(group = "whose")]
        id: Option<String>,
        #[command(flatten)]
        owner: Owner,
    },
}

/// Whose keys.
#[derive(Debug, clap::Args)]
pub(super) struct Owner {
    /// A partner agency of `agencies.toml`.
    #[arg(long, group = "whose")]
    agency: Option<String>,
    /// A receiving team of `destinations.toml`.
    #[arg(long, group = "whose")]
    destination: Option<String>,
    /// A member of operations staff.
    #[arg(long, group = "whose")]
    operations: Option<String>,
}

impl Keys {
    pub(super) async fn run(self, settings: Settings) -> Result {
        let store = app::open_store(&settings).await?;
        match self {
            Keys::Issue(owner) => {
                let Some((kind, name)) = owner.named() else { return Ok(()) };
                let rules = app::load_rules(&settings)?;
                known(&rules.directory, kind, &name)?;
                say(keys::issue(store.as_ref(), &app::OsEnv::new(), kind, &name).await?);
            }
            Keys::List(owner) => {
                let rows = held(store.as_ref(), owner.named()).await?;
                let rows: Vec<Vec<String>> = rows.into_iter().map(line).collect();
                say(table(&["key", "for", "owner", "issued", "until"], &rows));
            }
            Keys::Revoke { id, owner } => {
                let now = app::OsEnv::new().now();
                let ids = match id {
                    Some(id) => vec![id],
                    None => ids_of(store.as_ref(), &owner).await?,
                };
                for id in ids {
                    if !store.end_key(&id, now, true).await? {
                        return Err(anyhow::anyhow!("there is no key {id}; see `keys list`").into());
                    }
                    say(format!("Key {id} no longer works."));
                }
            }
        }
        Ok(())
    }
}

/// A key for somebody who is not configured would open nothing: the name is mistyped.
fn known(directory: &Directory, kind: OwnerKind, name: &str) -> anyhow::Result<()> {
    let (is_known, file) = match kind {
        OwnerKind::Agency => {
            (directory.agencies.contains_key(&AgencyId::new(name)), "agencies.toml")
        }
        OwnerKind::Destination => {
            (directory.destinations.contains_key(&DestinationId::new(name)), "destinations.toml")
        }
        OwnerKind::Operations => return Ok(()),
    };
    if is_known {
        return Ok(());
    }
    anyhow::bail!("{file} has no {name}: check its spelling, or add it there first")
}

/// The keys of one holder, or of all.
async fn held(
    store: &dyn Store,
    owner: Option<(OwnerKind, String)>,
) -> anyhow::Result<Vec<KeyRow>> {
    let mut rows = store.keys().await?;
    if let Some((kind, name)) = owner {
        rows.retain(|row| row.owner_kind == kind.as_str() && row.owner == name);
    }
    Ok(rows)
}

/// The keys of a holder that were not revoked before.
async fn ids_of(store: &dyn Store, owner: &Owner) -> anyhow::Result<Vec<String>> {
    let rows = held(store, owner.named()).await?;
    let working = rows.into_iter().filter(|row| row.revoked_at.is_none());
    let ids: Vec<String> = working.map(|row| row.id).collect();
    if ids.is_empty() {
        anyhow::bail!("no key of theirs works; see `keys list`");
    }
    Ok(ids)
}

fn line(key: KeyRow) -> Vec<String> {
    let until = key.revoked_at.or(key.expires_at);
    let until = until.map_or("—".to_owned(), |at| at.to_string());
    vec![key.id, key.owner_kind, key.owner, key.created_at.to_string(), until]
}

impl Owner {
    fn named(&self) -> Option<(OwnerKind, String)> {
        let of = |kind, name: &Option<String>| name.clone().map(|name| (kind, name));
        of(OwnerKind::Agency, &self.agency)
            .or_else(|| of(OwnerKind::Destination, &self.destination))
            .or_else(|| of(OwnerKind::Operations, &self.operations))
    }
}
