//! `frontdoor demo send`, and what `serve --demo` does once it is up.

use super::table::table;
use super::{Result, say};
use crate::access::staff::{By, NewAccount};
use crate::access::{Owner, OwnerKind};
use crate::app::{App, Import, Whole, staff_desk};
use crate::config::settings::Settings;
use crate::domain::staff::StaffState;
use crate::domain::{AgencyId, Post, Role};
use crate::store::Store;
use anyhow::Context;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The example referrals, from the folder in which `make run` is called.
const EXAMPLES: &str = "examples";
/// Where the demonstration keeps its keys, so that a second run finds them again.
const KEYS: &str = "demo-keys.json";

/// The demonstration.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example: frontdoor demo send --url http://localhost:8080")]
pub(super) enum Demo {
    /// Send the example referrals to a running gateway and print where each was routed.
    Send {
        #[arg(long, default_value = "http://127.0.0.1:8080")]
        url: String,
    },
}

impl Demo {
    pub(super) async fn run(self, settings: Settings) -> Result {
        let Demo::Send { url } = self;
        let keys = read_keys(&settings).context(
            "there are no demonstration keys yet: start the gateway with `serve --demo` first",
        )?;
        say(send(&url, &keys).await?);
        say(send_formats(&url, &keys, &settings.adapters.folder).await?);
        Ok(())
    }
}

/// Keys by kind and owner, e.g. `agency/school-ridgeway`.
type Keys = BTreeMap<String, String>;

fn keys_file(settings: &Settings) -> PathBuf {
    settings.keys.master_key_file.with_file_name(KEYS)
}

fn read_keys(settings: &Settings) -> anyhow::Result<Keys> {
    Ok(serde_json::from_slice(&std::fs::read(keys_file(settings))?)?)
}

#[derive(Deserialize)]
struct Manifest {
    referrals: Vec<Example>,
    formats: Vec<Format>,
}

/// An example of an adapter: what an agency sends in its own format.
#[derive(Deserialize)]
struct Format {
    adapter: String,
    /// Among the adapter's examples.
    file: String,
    media_type: String,
    agency: String,
    title: String,
}

#[derive(Deserialize)]
struct Example {
    file: String,
    agency: String,
    title: String,
}

fn manifest() -> anyhow::Result<Manifest> {
    let path = Path::new(EXAMPLES).join("manifest.json");
    let text = std::fs::read(&path)
        .with_context(|| format!("{} cannot be read; run this in the project", path.display()))?;
    Ok(serde_json::from_slice(&text)?)
}

/// Under which name a store says whether it is the demonstration's.
const MARK: &str = "demonstration";

/// Marks an empty store as the demonstration's. One that holds referrals or people of others is
/// refused, once and for all: invented children must not be mistaken for real ones.
pub(super) async fn claim(store: &dyn Store) -> anyhow::Result<()> {
    let empty =
        store.count_people().await? == 0 && store.deliveries(None, None, 1).await?.is_empty();
    let mark: &[u8] = if empty { b"yes" } else { b"no" };
    if store.once(MARK, mark).await? == b"yes" {
        return Ok(());
    }
    anyhow::bail!(
        "the store holds referrals or people that the demonstration did not make: serve it without \
         --demo, or name an empty store in FRONTDOOR_DATABASE_URL (`make clean-demo` forgets the \
         demonstration's own)"
    )
}

/// Loads people, issues keys once, sends the examples and says what to try.
pub(super) async fn welcome(app: &App) -> Result {
    let url = app.url();
    load_people(app).await?;
    let keys = match read_keys(&app.settings) {
        Ok(keys) => keys,
        Err(_) => prepare(app).await?,
    };
    app.access.refresh().await?;
    let routes = send(&url, &keys).await?;
    say("\nWhere the example referrals went:\n");
    say(routes);
    say("\nWhere documents in agencies' own formats went:\n");
    say(send_formats(&url, &keys, &app.settings.adapters.folder).await?);
    say(
        "\nPeople who sign in (invented; the first time each chooses a password and gets codes):\n",
    );
    say(table(&["at", "sign-in name", "password"], &accounts(app).await?));
    farewell(&url, &keys);
    Ok(())
}

/// People of a school: one who refers, and their lead.
const PEOPLE: [(&str, &str, bool); 2] =
    [("teacher@ridgeway.example", "Ada Lumb", false), ("lead@ridgeway.example", "Lena Holt", true)];

/// Makes their accounts at the first run; until somebody has set one up, each run shows it a new
/// initial password.
async fn accounts(app: &App) -> anyhow::Result<Vec<Vec<String>>> {
    let (store, ring, env) = (app.store.clone(), app.ring.clone(), app.env.clone());
    let desk = staff_desk(&app.settings, store, ring, env);
    let known = desk.accounts().await?;
    let mut rows = Vec::new();
    for (sign_in, name, lead) in PEOPLE {
        let there = known.iter().find(|account| account.sign_in == sign_in);
        let initial = match there.map(|account| account.state) {
            None => {
                let agency = Some(AgencyId::new("school-ridgeway"));
                let post = Post::new(Role::Sender, agency, None, lead)?;
                let (sign_in, name) = (sign_in.to_owned(), name.to_owned());
                Some(desk.add(&NewAccount { sign_in, name, post }, By::CommandLine).await?)
            }
            Some(StaffState::New) => Some(desk.reset(sign_in, By::CommandLine).await?),
            Some(_) => None,
        };
        let chosen = "the one that was chosen".to_owned();
        let password = initial.map_or(chosen, |initial| initial.reveal().to_owned());
        rows.push(vec![format!("{}/refer", app.url()), sign_in.to_owned(), password]);
    }
    Ok(rows)
}

/// The invented people, as of now: a demonstration's records are never old.
async fn load_people(app: &App) -> anyhow::Result<()> {
    let file = Path::new(EXAMPLES).join("people.csv");
    let (store, ring, env) = (app.store.as_ref(), &app.ring, app.env.as_ref());
    let whole = Whole { source: None, as_of: Some(env.now()) };
    let (file, delta) = (file.as_path(), false);
    let imported = Import { store, ring, env, file, delta, whole, progress: &|_| {} }.run().await?;
    say(format!("{} invented people loaded.", imported.loaded));
    Ok(())
}

/// First run: a key for each agency of the examples and for two teams.
async fn prepare(app: &App) -> anyhow::Result<Keys> {
    let mut keys = Keys::new();
    let Manifest { referrals, formats } = manifest()?;
    let agencies = referrals.into_iter().map(|example| example.agency);
    let agencies = agencies.chain(formats.into_iter().map(|example| example.agency));
    let mut owners: Vec<Owner> = agencies.map(|id| Owner::new(OwnerKind::Agency, &id)).collect();
    owners.push(Owner::new(OwnerKind::Destination, "masstt"));
    owners.push(Owner::new(OwnerKind::Operations, "duty"));
    for owner in owners {
        let name = format!("{}/{}", owner.kind.as_str(), owner.id);
        if let std::collections::btree_map::Entry::Vacant(place) = keys.entry(name) {
            place.insert(app.access.issue(&owner, None).await?.reveal().to_owned());
        }
    }
    let file = keys_file(&app.settings);
    write_private(&file, &serde_json::to_vec_pretty(&keys)?)
        .with_context(|| format!("{} cannot be written", file.display()))?;
    Ok(keys)
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600).open(path)?.write_all(bytes)
}

/// Sends every example in order; returns the routing table.
async fn send(url: &str, keys: &Keys) -> anyhow::Result<String> {
    let client = reqwest::Client::new();
    let mut rows = Vec::new();
    for example in manifest()?.referrals {
        let body = std::fs::read(Path::new(EXAMPLES).join(&example.file))?;
        let key = keys.get(&format!("agency/{}", example.agency)).cloned().unwrap_or_default();
        let answer = client
            .post(format!("{url}/v1/referrals"))
            .bearer_auth(key)
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", format!("demo:{}", example.file))
            .body(body)
            .send()
            .await?;
        let status = answer.status().as_u16();
        rows.extend(lines(&example, status, &answer.json().await?));
    }
    let header = ["story", "from", "reference", "child", "level", "priority", "routed to"];
    Ok(table(&header, &rows))
}

/// Sends an example of each adapter, and asks for where each referral in it went as its sender may.
async fn send_formats(url: &str, keys: &Keys, adapters: &Path) -> anyhow::Result<String> {
    let client = reqwest::Client::new();
    let mut rows = Vec::new();
    for format in manifest()?.formats {
        let file = adapters.join(&format.adapter).join("examples").join(&format.file);
        let body =
            std::fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        let key = keys.get(&format!("agency/{}", format.agency)).cloned().unwrap_or_default();
        let answer = client
            .post(format!("{url}/v1/adapters/{}/referrals", format.adapter))
            .bearer_auth(&key)
            .header("Content-Type", &format.media_type)
            .body(body)
            .send()
            .await?;
        let (status, location) = (answer.status().as_u16(), answer.headers().get("Location"));
        let one = location.and_then(|to| to.to_str().ok()?.rsplit('/').next().map(str::to_owned));
        let references = match one {
            Some(one) => vec![one],
            None => in_table(&answer.text().await?),
        };
        let row = |cells: [String; 3]| {
            let Format { title, agency, adapter, .. } = &format;
            let first = [title.clone(), agency.clone(), adapter.clone()];
            first.into_iter().chain(cells).collect::<Vec<String>>()
        };
        if references.is_empty() {
            rows.push(row([String::new(), String::new(), format!("refused ({status})")]));
        }
        for reference in references {
            let asked = client.get(format!("{url}/v1/referrals/{reference}")).bearer_auth(&key);
            let view: Value = asked.send().await?.json().await?;
            let to = view["destinations"].as_array().into_iter().flatten();
            let to: Vec<&str> = to.filter_map(|one| one["id"].as_str()).collect();
            let state = view["status"].as_str().unwrap_or_default().to_owned();
            rows.push(row([reference, state, to.join(", ")]));
        }
    }
    let header = ["document", "from", "adapter", "reference", "state", "goes to"];
    Ok(table(&header, &rows))
}

/// The references in an answer to a table.
fn in_table(answer: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(answer.as_bytes());
    let rows = reader.records().filter_map(|row| row.ok());
    let references = rows.filter_map(|row| row.get(2).map(str::to_owned));
    references.filter(|reference| !reference.is_empty()).collect()
}

/// One row a child; a refusal is one row with what is asked.
fn lines(example: &Example, status: u16, answer: &Value) -> Vec<Vec<String>> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let row = |cells: [String; 5]| {
        let first = [example.title.clone(), example.agency.clone()];
        first.into_iter().chain(cells).collect::<Vec<String>>()
    };
    let none = String::new;
    let Some(children) = answer["children"].as_array() else {
        let said =
            format!("refused ({status}): {}; kept, and told to masstt", text(&answer["title"]));
        return vec![row([none(), none(), none(), none(), said])];
    };
    let child_row = |child: &Value| {
        let routed: Vec<String> = child["destinations"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|to| format!("{} ({})", text(&to["id"]), text(&to["purpose"])))
            .collect();
        row([
            text(&answer["reference"]),
            child["index"].to_string(),
            text(&child["level_of_need"]["code"]),
            text(&child["priority"]),
            routed.join(", "),
        ])
    };
    children.iter().map(child_row).collect()
}

fn farewell(url: &str, keys: &Keys) {
    say("\nKeys of the demonstration (invented agencies; they work on this machine only):\n");
    let rows: Vec<Vec<String>> =
        keys.iter().map(|(owner, key)| vec![owner.clone(), key.clone()]).collect();
    say(table(&["for", "key"], &rows));
    let key = keys.get("agency/school-ridgeway").map_or("KEY", String::as_str);
    say(format!(
        "\nOperations page: {url}/ops\nInterface:       {url}/docs\n\nTry:\n\n  curl -sS \
         {url}/v1/referrals -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \
         -d '{{\"referrer\":{{\"name\":\"A. Teacher\"}},\"children\":[{{\"description\":\"unknown \
         child at 1 Test Street\"}}],\"worry\":\"Heard crying for hours; nobody answers the \
         door.\"}}'\n\nCtrl-C stops it."
    ));
}
