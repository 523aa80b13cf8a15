//! Settings of one installation: a TOML file, then `FRONTDOOR__SECTION__KEY`, then shorthands.

use anyhow::{Context, Result, bail};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// All settings. Unknown keys are faults, so that a misspelt one is noticed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    pub http: Http,
    pub database: Database,
    pub broker: Broker,
    pub authority: AuthoritySettings,
    pub adapters: Adapters,
    pub keys: Keys,
    pub feeds: Feeds,
    pub ops: Ops,
    pub telemetry: Telemetry,
}

/// The listener and its limits.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    pub listen: SocketAddr,
    /// Something in front of the gateway ends TLS.
    pub behind_proxy: bool,
    /// PEM files; both or neither.
    pub certificate: Option<PathBuf>,
    pub private_key: Option<PathBuf>,
    /// Greatest body in bytes.
    pub max_body: usize,
    /// Referrals under way at once before further ones are asked to wait.
    pub max_referrals: usize,
    /// Reads, dry runs and batches under way at once: shed long before referrals.
    pub max_others: usize,
    /// Whether agencies are held to their rates; off for load tests.
    pub rate_limits: bool,
    /// Worker threads of the HTTP server; 0 takes one per processor.
    pub workers: usize,
    /// Connections open at once.
    pub max_connections: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `sqlite:PATH` or `postgres:…`.
    pub url: String,
}

/// Without a URL, the embedded broker keeps its queues in the database.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Broker {
    /// `amqp://…` or `amqps://…`.
    pub url: Option<String>,
    /// `amqp://`, without TLS, may lead to another machine: for a network that is safe itself.
    pub in_clear: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthoritySettings {
    /// The authority's folder, e.g. `config/calderdale`.
    pub config: PathBuf,
}

/// Agencies' own formats.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Adapters {
    /// The folder of all adapters; where there is none, canonical JSON alone is read.
    pub folder: PathBuf,
    /// Processes that read them at once, two at least.
    pub workers: usize,
    /// Bytes that one of these may use.
    pub worker_memory: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keys {
    /// 32 bytes in hexadecimal, readable by the gateway alone.
    pub master_key_file: PathBuf,
    /// Make the master key where there is none: for trying things out.
    pub create: bool,
}

/// The authority's own records, as they are loaded.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Feeds {
    /// Hours after which what a system told is stale, and alarms.
    pub stale_after_hours: u32,
    /// Systems that metrics and pages call by their names; any other is `other`.
    pub named: Vec<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ops {
    /// `/ops` and `/metrics` need no key: for trying things out on this machine.
    pub open: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// `text` or `json`.
    pub format: String,
    /// Filter as of `tracing-subscriber`, e.g. `info,frontdoor=debug`.
    pub filter: String,
    /// OTLP/HTTP endpoint for traces; none sends nothing.
    pub otlp: Option<String>,
}

impl Default for Http {
    fn default() -> Self {
        Http {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            behind_proxy: false,
            certificate: None,
            private_key: None,
            max_body: 1024 * 1024,
            max_referrals: 2048,
            max_others: 64,
            rate_limits: true,
            workers: 0,
            max_connections: 8_192,
        }
    }
}

impl Default for Database {
    fn default() -> Self {
        Database { url: "sqlite:.frontdoor/frontdoor.db".to_owned() }
    }
}

impl Default for AuthoritySettings {
    fn default() -> Self {
        AuthoritySettings { config: PathBuf::from("config/calderdale") }
    }
}

impl Default for Adapters {
    fn default() -> Self {
        Adapters { folder: PathBuf::from("adapters"), workers: 2, worker_memory: 256 << 20 }
    }
}

impl Default for Keys {
    fn default() -> Self {
        Keys { master_key_file: PathBuf::from(".frontdoor/master.key"), create: false }
    }
}

impl Default for Feeds {
    fn default() -> Self {
        Feeds { stale_after_hours: 36, named: ["lcs", "ehm", "yjs"].map(str::to_owned).into() }
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        Telemetry { format: "text".to_owned(), filter: "info".to_owned(), otlp: None }
    }
}

/// Environment shorthands and the settings they stand for.
const SHORTHANDS: [(&str, &str); 6] = [
    ("FRONTDOOR_CONFIG", "authority.config"),
    ("FRONTDOOR_ADAPTERS", "adapters.folder"),
    ("FRONTDOOR_DATABASE_URL", "database.url"),
    ("FRONTDOOR_AMQP_URL", "broker.url"),
    ("FRONTDOOR_LISTEN", "http.listen"),
    ("FRONTDOOR_MASTER_KEY_FILE", "keys.master_key_file"),
];

impl Settings {
    /// Reads the file, where one is given, and the environment.
    ///
    /// # Errors
    /// Names the setting at fault and what it should be.
    pub fn load(file: Option<&Path>) -> Result<Settings> {
        let mut figment = Figment::from(Serialized::defaults(Settings::default()));
        if let Some(file) = file {
            if !file.exists() {
                bail!("there is no settings file {}", file.display());
            }
            figment = figment.merge(Toml::file(file));
        }
        figment = figment.merge(Env::prefixed("FRONTDOOR__").split("__"));
        for (variable, setting) in SHORTHANDS {
            if let Ok(value) = std::env::var(variable)
                && !value.is_empty()
            {
                figment = figment.merge((setting, value));
            }
        }
        let settings: Settings = figment.extract().context("the settings cannot be used")?;
        settings.validate()?;
        Ok(settings)
    }

    /// Whether the settings go together; also after some were changed.
    ///
    /// # Errors
    /// Names the setting at fault and what it should be.
    pub fn validate(&self) -> Result<()> {
        let tls = self.http.certificate.is_some();
        if tls != self.http.private_key.is_some() {
            bail!("http.certificate and http.private_key go together; give both or neither");
        }
        if !self.http.listen.ip().is_loopback() && !tls && !self.http.behind_proxy {
            bail!(
                "http.listen is {}, which others can reach: give http.certificate and \
                 http.private_key, or set http.behind_proxy = true where something in front \
                 ends TLS",
                self.http.listen
            );
        }
        if self.ops.open && !self.http.listen.ip().is_loopback() {
            bail!(
                "ops.open shows operations to whoever reaches http.listen, which is {}: listen on \
                 127.0.0.1, or leave ops.open out and issue keys with \
                 `frontdoor keys issue --operations NAME`",
                self.http.listen
            );
        }
        let clear = self.broker.url.as_deref().and_then(|url| url.strip_prefix("amqp://"));
        if clear.is_some_and(|rest| !is_this_machine(rest)) && !self.broker.in_clear {
            bail!(
                "broker.url leads to another machine without TLS: give an amqps:// URL, or set \
                 broker.in_clear = true where the network itself is safe"
            );
        }
        let url = &self.database.url;
        if !url.starts_with("sqlite:") && !url.starts_with("postgres") {
            bail!("database.url begins with sqlite: or postgres:");
        }
        Ok(())
    }
}

/// Whether a URL's authority, e.g. `user:secret@127.0.0.1:5672/vhost`, is this machine's own.
fn is_this_machine(rest: &str) -> bool {
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let host = match place.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => place.split(':').next().unwrap_or_default(),
    };
    let address: Option<std::net::IpAddr> = host.parse().ok();
    host.eq_ignore_ascii_case("localhost") || address.is_some_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_open_on_this_machine_only() {
        let mut settings = Settings::default();
        settings.ops.open = true;
        assert!(settings.validate().is_ok());
        settings.http.listen = SocketAddr::from(([0, 0, 0, 0], 8080));
        settings.http.behind_proxy = true;
        assert!(settings.validate().is_err());
    }

    #[test]
    fn a_broker_on_another_machine_is_reached_by_tls_unless_the_settings_say_otherwise() {
        let told = |url: &str, in_clear: bool| {
            let broker = Broker { url: Some(url.to_owned()), in_clear };
            Settings { broker, ..Settings::default() }.validate().is_ok()
        };
        for near in ["amqp://127.0.0.1:5672/v", "amqp://g:g@localhost", "amqp://g:g@[::1]:5672"] {
            assert!(told(near, false), "{near}");
        }
        for far in ["amqp://broker:5672", "amqp://localhost@broker/v", "amqp://10.0.0.1/localhost"]
        {
            assert!(!told(far, false) && told(far, true), "{far}");
        }
        assert!(told("amqps://broker:5671", false));
    }

    #[test]
    fn a_listener_that_others_can_reach_needs_tls_or_a_proxy() {
        let mut settings = Settings::default();
        assert!(settings.validate().is_ok());
        settings.http.listen = SocketAddr::from(([0, 0, 0, 0], 8080));
        assert!(settings.validate().is_err());
        settings.http.behind_proxy = true;
        assert!(settings.validate().is_ok());
    }
}
