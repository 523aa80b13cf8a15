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
    pub keys: Keys,
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
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthoritySettings {
    /// The authority's folder, e.g. `config/calderdale`.
    pub config: PathBuf,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keys {
    /// 32 bytes in hexadecimal, readable by the gateway alone.
    pub master_key_file: PathBuf,
    /// Make the master key where there is none: for trying things out.
    pub create: bool,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ops {
    /// The operations page needs no key: for trying things out on this machine.
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

impl Default for Keys {
    fn default() -> Self {
        Keys { master_key_file: PathBuf::from(".frontdoor/master.key"), create: false }
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        Telemetry { format: "text".to_owned(), filter: "info".to_owned(), otlp: None }
    }
}

/// Environment shorthands and the settings they stand for.
const SHORTHANDS: [(&str, &str); 5] = [
    ("FRONTDOOR_CONFIG", "authority.config"),
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

    fn validate(&self) -> Result<()> {
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
        let url = &self.database.url;
        if !url.starts_with("sqlite:") && !url.starts_with("postgres") {
            bail!("database.url begins with sqlite: or postgres:");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
