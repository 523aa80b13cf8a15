//! The TLS listener.

use super::{Setup, World};
use frontdoor::access::tls::{Certificates, TlsError, TlsFiles};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

fn files(folder: &Path) -> TlsFiles {
    TlsFiles { certificate: folder.join("server.pem"), key: folder.join("server.key") }
}

/// Writes a new certificate and returns its PEM.
fn renew(folder: &Path) -> String {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let files = files(folder);
    std::fs::write(&files.certificate, cert.pem()).expect("written");
    std::fs::write(&files.key, signing_key.serialize_pem()).expect("written");
    cert.pem()
}

/// A client that trusts this certificate alone and opens a new connection.
async fn connects(url: &str, pem: &str, version: Option<reqwest::tls::Version>) -> bool {
    let root = reqwest::Certificate::from_pem(pem.as_bytes()).expect("a certificate");
    let mut client = reqwest::Client::builder().tls_certs_only([root]);
    if let Some(version) = version {
        client = client.max_tls_version(version);
    }
    let client = client.build().expect("a client");
    let answer = client.get(format!("{url}/health/live")).send().await;
    answer.is_ok_and(|answer| answer.status() == 200)
}

#[tokio::test]
async fn a_renewed_certificate_is_used_without_a_restart_and_a_broken_one_is_not() {
    let folder = TempDir::new().expect("a folder");
    let first = renew(folder.path());
    let certificates = Certificates::open(files(folder.path())).expect("opens");
    let tls = Some(Arc::clone(&certificates));
    let world = World::with(Setup { tls, ..Setup::default() }).await;
    assert!(connects(&world.url, &first, None).await);
    assert!(connects(&world.url, &first, Some(reqwest::tls::Version::TLS_1_2)).await);
    assert!(!certificates.reload().expect("reads"), "nothing has changed");

    let second = renew(folder.path());
    assert!(certificates.reload().expect("reads"));
    assert!(connects(&world.url, &second, None).await);
    assert!(!connects(&world.url, &first, None).await);

    // A new key without its certificate: the old pair stays in use.
    let other = TempDir::new().expect("a folder");
    renew(other.path());
    std::fs::copy(files(other.path()).key, files(folder.path()).key).expect("copied");
    assert!(matches!(certificates.reload(), Err(TlsError::Mismatch { .. })));
    assert!(connects(&world.url, &second, None).await);
}

#[test]
fn faults_name_the_file() {
    let folder = TempDir::new().expect("a folder");
    let files = files(folder.path());
    let fault =
        |files: &TlsFiles| Certificates::open(files.clone()).expect_err("faulty").to_string();
    assert!(fault(&files).contains("server.pem"));
    renew(folder.path());
    std::fs::write(&files.certificate, "nonsense").expect("written");
    assert!(fault(&files).contains("holds no certificate"));
    renew(folder.path());
    std::fs::write(&files.key, "nonsense").expect("written");
    assert!(fault(&files).contains("server.key holds no private key"));
}
