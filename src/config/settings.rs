//! Settings of one installation: a TOML file, then `FRONTDOOR__SECTION__KEY`, then shorthands.

use super::documents::Documents;
use crate::domain::Address;
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
    pub sessions: Sessions,
    pub feeds: Feeds,
    pub notices: Notices,
    pub documents: Documents,
    pub ops: Ops,
    pub telemetry: Telemetry,
}

/// The listener and its limits.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    pub listen: SocketAddr,
    /// Something in front of the gateway ends TLS. It must pass `Host` on as it came, and append to
    /// `X-Forwarded-For` the address that it was called from; nothing else may reach the listener.
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

/// How long people who sign in stay signed in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sessions {
    /// Minutes without a page after which somebody signs in again.
    pub idle_minutes: u32,
    /// Hours after which everybody does.
    pub absolute_hours: u32,
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

/// How whoever must know that something waits is told. Without a mail server nobody is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notices {
    /// `smtps://USER:PASSWORD@HOST:465`, or `smtp://HOST:25`, which goes on under TLS.
    pub smtp: Option<Secret>,
    /// `smtp://` may lead to another machine without TLS: for a network that is safe itself.
    pub in_clear: bool,
    /// The address from which notices come.
    pub from: Option<String>,
    /// Where people sign in: the URL that a notice gives.
    pub sign_in: Option<String>,
}

/// What no log line may show.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
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

impl Default for Sessions {
    fn default() -> Self {
        Sessions { idle_minutes: 30, absolute_hours: 12 }
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
        self.notices.validate()?;
        self.documents.validate()?;
        let Sessions { idle_minutes, absolute_hours } = self.sessions;
        if !(1..=120).contains(&idle_minutes) || !(1..=24).contains(&absolute_hours) {
            bail!("sessions.idle_minutes is 1 to 120, and sessions.absolute_hours 1 to 24");
        }
        let url = &self.database.url;
        if !url.starts_with("sqlite:") && !url.starts_with("postgres") {
            bail!("database.url begins with sqlite: or postgres:");
        }
        Ok(())
    }
}

impl Notices {
    /// Whether `smtp://` is spoken in clear.
    pub fn speaks_in_clear(&self) -> bool {
        let clear = self.smtp.as_ref().and_then(|url| url.0.strip_prefix("smtp://"));
        clear.is_some_and(|rest| self.in_clear || is_this_machine(rest))
    }

    /// The URL is repeated by no fault: it holds a password.
    fn validate(&self) -> Result<()> {
        let Some(Secret(url)) = &self.smtp else { return Ok(()) };
        let scheme = url.starts_with("smtps://") || url.starts_with("smtp://");
        if !scheme || url.contains(['?', '#']) {
            bail!(
                "notices.smtp is smtps://USER:PASSWORD@HOST:465 or smtp://HOST:25, and nothing \
                 behind that; what is special in a password is written %21 and so on"
            );
        }
        if self.from.as_deref().and_then(Address::parse).is_none() {
            bail!("notices.from is the e-mail address from which notices come; give it as well");
        }
        let sign_in = self.sign_in.as_deref().unwrap_or_default();
        let web = sign_in.starts_with("https://") || sign_in.starts_with("http://");
        if !web || sign_in.contains(|c: char| !c.is_ascii_graphic()) {
            bail!("notices.sign_in is the URL at which people sign in; give it as well");
        }
        Ok(())
    }
}

/// Whether a URL's authority, e.g. `user:secret@127.0.0.1:5672/vhost`, is this machine's own.
pub(super) fn is_this_machine(rest: &str) -> bool {
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
    fn notices_need_a_sender_and_a_place_to_sign_in_and_tell_no_password() {
        let whole = Notices {
            smtp: Some(Secret("smtps://gateway:hunter2@mail.example.org:465".to_owned())),
            in_clear: false,
            from: Some("frontdoor@example.org".to_owned()),
            sign_in: Some("https://frontdoor.example.org/".to_owned()),
        };
        let told = |notices: Notices| {
            let told = Settings { notices, ..Settings::default() }.validate();
            told.err().map_or(String::new(), |error| format!("{error:#}"))
        };
        let smtp = |url: &str| Notices { smtp: Some(Secret(url.to_owned())), ..whole.clone() };
        assert_eq!(told(whole.clone()), "");
        assert_eq!(told(Notices::default()), "", "nothing is configured");
        for url in ["mail.example.org", "http://hunter2@m", "smtp://hunter2@m?tls=none"] {
            let told = told(smtp(url));
            assert!(told.contains("notices.smtp") && !told.contains("hunter2"), "{told}");
        }
        assert!(told(Notices { from: None, ..whole.clone() }).contains("notices.from"));
        let two_lines = Some("https://a.example.org\nBcc: b".to_owned());
        for sign_in in [None, Some("ftp://a".to_owned()), two_lines] {
            assert!(told(Notices { sign_in, ..whole.clone() }).contains("notices.sign_in"));
        }
        assert!(!format!("{whole:?}").contains("hunter2"));
        for (url, in_clear, clear) in [
            ("smtp://localhost:25", false, true),
            ("smtp://mail.example.org:25", false, false),
            ("smtp://mail.example.org:25", true, true),
            ("smtps://localhost:465", true, false),
        ] {
            let notices = Notices { in_clear, ..smtp(url) };
            assert_eq!(notices.speaks_in_clear(), clear, "{url}");
        }
    }

    #[test]
    fn sessions_last_neither_no_time_nor_for_good() {
        for (idle_minutes, absolute_hours, fits) in [
            (1, 1, true),
            (120, 24, true),
            (0, 12, false),
            (121, 12, false),
            (30, 0, false),
            (30, 25, false),
        ] {
            let sessions = Sessions { idle_minutes, absolute_hours };
            let settings = Settings { sessions, ..Settings::default() };
            assert_eq!(settings.validate().is_ok(), fits, "{idle_minutes} {absolute_hours}");
        }
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
