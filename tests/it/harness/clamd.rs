//! ClamAV's daemon, private to one test: on a socket in a folder of its own, with one signature of
//! the test's own, so that nothing is fetched and nothing harmful is needed.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// What the signature finds. Harmless: it is known to nobody else.
pub const MARKER: &str = "FRONTDOOR-TEST-ONLY-HARMLESS-MARKER";
/// What the daemon calls it.
pub const SIGNATURE: &str = "Frontdoor.Test.Marker.UNOFFICIAL";

/// Where Debian puts it.
const PROGRAM: &str = "/usr/sbin/clamd";

pub struct ClamAv {
    folder: tempfile::TempDir,
    child: Option<Child>,
}

impl ClamAv {
    /// Its folder, with nothing running.
    pub fn new() -> ClamAv {
        let program = std::path::Path::new(PROGRAM);
        assert!(program.exists(), "{PROGRAM} is missing: run scripts/install-missing services");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let signatures = folder.path().join("signatures");
        std::fs::create_dir(&signatures).expect("made");
        let hex: String = MARKER.bytes().map(|byte| format!("{byte:02x}")).collect();
        let signature = format!("Frontdoor.Test.Marker:0:*:{hex}\n");
        std::fs::write(signatures.join("own.ndb"), signature).expect("written");
        let settings = format!(
            "Foreground yes\nDatabaseDirectory {}\nLocalSocket {}\nStreamMaxLength 200K\n\
             MaxThreads 2\n",
            signatures.display(),
            folder.path().join("socket").display()
        );
        std::fs::write(folder.path().join("clamd.conf"), settings).expect("written");
        ClamAv { folder, child: None }
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// As the settings name it.
    pub fn address(&self) -> String {
        format!("unix:{}", self.socket().display())
    }

    /// Starts it and waits until it listens.
    pub async fn start(&mut self) {
        let settings = self.folder.path().join("clamd.conf");
        let mut command = Command::new(PROGRAM);
        command.arg(format!("--config-file={}", settings.display()));
        let log = std::fs::File::create(self.folder.path().join("log")).expect("a log");
        command.stdout(Stdio::null()).stderr(log).kill_on_drop(true);
        self.child = Some(command.spawn().expect("it starts"));
        for _ in 0..300 {
            if tokio::net::UnixStream::connect(self.socket()).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        panic!("clamd does not listen: {log}");
    }
}
