//! `frontdoor staff add|list|disable|reset|end-sessions`

use super::table::table;
use super::{Result, say};
use crate::access::staff::{Account, By, InitialPassword, NewAccount, StaffDesk};
use crate::app;
use crate::config::settings::Settings;
use crate::domain::{AgencyId, DestinationId, Directory, Post, Role};
use clap::builder::PossibleValuesParser;
use serde_json::json;

/// Who acts here.
const BY: By = By::CommandLine;

/// Local accounts of people who sign in.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example: frontdoor staff add ann@ridgeway.example --name \"Ann Teacher\" \
    --role sender --agency school-ridgeway --lead")]
pub(super) enum Staff {
    /// Make an account; its initial password is shown once.
    Add(Add),
    /// List accounts.
    List {
        /// JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Disable an account, and end its sessions at once.
    Disable {
        /// The name that they sign in with.
        sign_in: String,
    },
    /// Give an account, also a disabled one, a new initial password, which is shown once; its
    /// password, app, codes and sessions end.
    Reset {
        /// The name that they sign in with.
        sign_in: String,
        /// JSON instead of text.
        #[arg(long)]
        json: bool,
    },
    /// End all sessions of an account and forget its browsers; password, app and codes stay.
    EndSessions {
        /// The name that they sign in with.
        sign_in: String,
    },
}

/// Whose account, and what for.
#[derive(Debug, clap::Args)]
pub(super) struct Add {
    /// The name to sign in with, e.g. an e-mail address.
    sign_in: String,
    /// As colleagues call them.
    #[arg(long)]
    name: String,
    /// What they sign in for.
    #[arg(long, value_parser = roles())]
    role: String,
    /// The agency for which a sender refers, as `agencies.toml` names it.
    #[arg(long)]
    agency: Option<String>,
    /// The receiving team, as `destinations.toml` names it.
    #[arg(long)]
    destination: Option<String>,
    /// A named safeguarding lead, who sees what others of the agency referred.
    #[arg(long)]
    lead: bool,
    /// JSON instead of text.
    #[arg(long)]
    json: bool,
}

fn roles() -> PossibleValuesParser {
    PossibleValuesParser::new(Role::ALL.map(Role::as_str))
}

impl Staff {
    pub(super) async fn run(self, settings: Settings) -> Result {
        let desk = app::open_staff_desk(&settings).await?;
        match self {
            Staff::Add(add) => add.run(&desk, &settings).await,
            Staff::List { json } => {
                let accounts = desk.accounts().await?;
                say(if json { as_json(&accounts)? } else { as_table(&accounts) });
                Ok(())
            }
            Staff::Disable { sign_in } => {
                desk.disable(&sign_in, BY).await?;
                say("The account is disabled, and its sessions have ended.");
                Ok(())
            }
            Staff::Reset { sign_in, json } => {
                let initial = desk.reset(&sign_in, BY).await?;
                show(&initial, json)
            }
            Staff::EndSessions { sign_in } => {
                desk.end_sessions(&sign_in, BY).await?;
                say("All sessions of the account have ended.");
                Ok(())
            }
        }
    }
}

impl Add {
    async fn run(self, desk: &StaffDesk, settings: &Settings) -> Result {
        let role = Role::parse(&self.role).ok_or_else(|| anyhow::anyhow!("no such role"))?;
        let agency = self.agency.as_deref().map(AgencyId::new);
        let destination = self.destination.as_deref().map(DestinationId::new);
        let post = Post::new(role, agency, destination, self.lead)?;
        known(&app::load_rules(settings)?.directory, &post)?;
        let new = NewAccount { sign_in: self.sign_in, name: self.name, post };
        show(&desk.add(&new, BY).await?, self.json)
    }
}

/// An account of somebody who is not configured would see nothing: the name is mistyped.
fn known(directory: &Directory, post: &Post) -> anyhow::Result<()> {
    let of = |agency| directory.agencies.contains_key(agency);
    let to = |team| directory.destinations.contains_key(team);
    if let Some(agency) = post.agency().filter(|agency| !of(agency)) {
        anyhow::bail!("agencies.toml has no {agency}: check its spelling, or add it there first");
    }
    if let Some(team) = post.destination().filter(|team| !to(team)) {
        anyhow::bail!("destinations.toml has no {team}: check its spelling, or add it there first");
    }
    Ok(())
}

/// Shows an initial password: here, once, and nowhere else.
fn show(initial: &InitialPassword, json: bool) -> Result {
    let (id, until) = (initial.staff.to_string(), initial.until.to_string());
    if json {
        let told = json!({"id": id, "initial_password": initial.reveal(), "until": until});
        say(serde_json::to_string_pretty(&told)?);
        return Ok(());
    }
    say(format!("Account {id}"));
    say(format!("Initial password, shown once: {}", initial.reveal()));
    say(format!("It works until {until}, to choose a password and a second step. Give it to them"));
    say("in person or by telephone, not in the message that tells their sign-in name.");
    Ok(())
}

fn cells(account: &Account) -> Vec<String> {
    let post = &account.post;
    let of = post.agency().map(AgencyId::as_str);
    let of = of.or_else(|| post.destination().map(DestinationId::as_str)).unwrap_or("—");
    let lead = if post.is_lead() { ", lead" } else { "" };
    vec![
        account.id.to_string(),
        account.sign_in.clone(),
        account.name.clone(),
        format!("{}{lead}", post.role()),
        of.to_owned(),
        account.state.as_str().to_owned(),
        account.changed_at.to_string(),
    ]
}

fn as_table(accounts: &[Account]) -> String {
    let header = ["id", "sign-in name", "name", "role", "of", "state", "changed"];
    let rows: Vec<Vec<String>> = accounts.iter().map(cells).collect();
    table(&header, &rows)
}

fn as_json(accounts: &[Account]) -> anyhow::Result<String> {
    let rows: Vec<serde_json::Value> = accounts
        .iter()
        .map(|account| {
            json!({
                "id": account.id.to_string(),
                "sign_in": account.sign_in,
                "name": account.name,
                "role": account.post.role().as_str(),
                "agency": account.post.agency().map(AgencyId::as_str),
                "destination": account.post.destination().map(DestinationId::as_str),
                "lead": account.post.is_lead(),
                "state": account.state.as_str(),
                "made_at": account.made_at.to_string(),
                "changed_at": account.changed_at.to_string(),
            })
        })
        .collect();
    Ok(serde_json::to_string_pretty(&rows)?)
}
