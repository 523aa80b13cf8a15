//! Settings of the documents that senders attach: how many and how large, and who scans them.

use super::settings::is_this_machine;
use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Without a scanner every document stays in quarantine, and is handed to nobody.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Documents {
    /// ClamAV's daemon: `tcp://HOST:PORT` or `unix:/run/clamav/clamd.ctl`.
    pub scanner: Option<String>,
    /// `tcp://` may lead to another machine, which reads the documents in clear: for a network that
    /// is safe itself.
    pub in_clear: bool,
    /// Bytes of one document.
    pub max_bytes: usize,
    /// Documents of one referral.
    pub max_files: usize,
    /// Bytes of all documents of one referral.
    pub max_bytes_of_all: usize,
}

impl Default for Documents {
    fn default() -> Self {
        Documents {
            scanner: None,
            in_clear: false,
            max_bytes: 10 << 20,
            max_files: 20,
            max_bytes_of_all: 100 << 20,
        }
    }
}

/// Greatest document in bytes: several are in memory at once.
const MOST: usize = 25 << 20;

impl Documents {
    pub(super) fn validate(&self) -> Result<()> {
        if self.max_bytes == 0 || self.max_bytes > MOST {
            bail!("documents.max_bytes is from 1 to {MOST}");
        }
        if self.max_files == 0 || self.max_bytes_of_all < self.max_bytes {
            bail!(
                "documents.max_files is 1 or more, and documents.max_bytes_of_all is at least \
                 documents.max_bytes"
            );
        }
        let Some(text) = &self.scanner else { return Ok(()) };
        match ScannerAddress::parse(text) {
            None => bail!(
                "documents.scanner is tcp://HOST:PORT, e.g. tcp://127.0.0.1:3310, or unix: and a \
                 path, e.g. unix:/run/clamav/clamd.ctl"
            ),
            Some(ScannerAddress::Tcp(place)) if !is_this_machine(&place) && !self.in_clear => {
                bail!(
                    "documents.scanner leads to another machine, and clamd knows no TLS: run it on \
                 this one, or set documents.in_clear = true where the network itself is safe"
                )
            }
            Some(_) => Ok(()),
        }
    }

    /// Where the scanner listens.
    pub fn address(&self) -> Option<ScannerAddress> {
        self.scanner.as_deref().and_then(ScannerAddress::parse)
    }
}

/// Where the scanner listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScannerAddress {
    /// Host and port.
    Tcp(String),
    Unix(PathBuf),
}

impl ScannerAddress {
    /// Reads `tcp://HOST:PORT` or `unix:/PATH`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("unix:") {
            return path.starts_with('/').then(|| ScannerAddress::Unix(PathBuf::from(path)));
        }
        let place = text.strip_prefix("tcp://")?;
        let (host, port) = place.rsplit_once(':')?;
        let port: u16 = port.parse().ok()?;
        let whole = !host.is_empty() && port > 0 && !host.contains(['/', '@', ' ']);
        whole.then(|| ScannerAddress::Tcp(place.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scanner_is_on_this_machine_unless_the_settings_say_otherwise() {
        let told = |scanner: &str, in_clear: bool| {
            let scanner = Some(scanner.to_owned());
            Documents { scanner, in_clear, ..Documents::default() }.validate().is_ok()
        };
        assert!(Documents::default().validate().is_ok());
        for near in ["tcp://127.0.0.1:3310", "tcp://[::1]:3310", "unix:/run/clamav/clamd.ctl"] {
            assert!(told(near, false), "{near}");
        }
        assert!(!told("tcp://scanner:3310", false) && told("tcp://scanner:3310", true));
        assert!(!told("scanner", true));
    }

    #[test]
    fn sizes_go_together() {
        let with = |max_bytes, max_files, max_bytes_of_all| {
            let rest = Documents::default();
            Documents { max_bytes, max_files, max_bytes_of_all, ..rest }.validate().is_ok()
        };
        assert!(with(1 << 20, 1, 1 << 20));
        assert!(!with(0, 1, 1) && !with(MOST + 1, 1, 1 << 30));
        assert!(!with(2, 1, 1) && !with(1, 0, 1));
    }

    #[test]
    fn an_address_is_a_host_with_a_port_or_a_whole_path() {
        let tcp = |place: &str| Some(ScannerAddress::Tcp(place.to_owned()));
        assert_eq!(ScannerAddress::parse("tcp://127.0.0.1:3310"), tcp("127.0.0.1:3310"));
        assert_eq!(ScannerAddress::parse("tcp://[::1]:3310"), tcp("[::1]:3310"));
        let unix = ScannerAddress::Unix(PathBuf::from("/run/clamav/clamd.ctl"));
        assert_eq!(ScannerAddress::parse("unix:/run/clamav/clamd.ctl"), Some(unix));
        for bad in ["clamd:3310", "tcp://clamd", "tcp://:3310", "tcp://a:0", "unix:clamd.ctl", ""] {
            assert_eq!(ScannerAddress::parse(bad), None, "{bad}");
        }
    }
}
