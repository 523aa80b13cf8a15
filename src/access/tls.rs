//! TLS for the listener: certificate and key from PEM files, at least TLS 1.2, and a certificate
//! that is renewed on disk is used without a restart.

use crate::domain::Timestamp;
use arc_swap::ArcSwap;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Where certificate and key lie.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// PEM: the server's certificate first, then the chain.
    pub certificate: PathBuf,
    /// PEM: PKCS #8, SEC 1 or PKCS #1.
    pub key: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error(
        "{} cannot be read: {why}; name a PEM file that this process may read",
        .path.display()
    )]
    Unreadable { path: PathBuf, why: std::io::Error },
    #[error("{} holds no certificate in PEM form", .0.display())]
    NoCertificate(PathBuf),
    #[error("{} holds no private key in PEM form", .0.display())]
    NoKey(PathBuf),
    #[error("{} and {} cannot be used together: {why}", .certificate.display(), .key.display())]
    Mismatch { certificate: PathBuf, key: PathBuf, why: rustls::Error },
    #[error("TLS cannot be set up: {0}")]
    Setup(rustls::Error),
}

/// What was last found on disk.
#[derive(PartialEq, Eq)]
struct Found {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// Hands out the certificate that was last read whole and matching its key.
pub struct Certificates {
    current: ArcSwap<CertifiedKey>,
    files: TlsFiles,
    found: Mutex<Found>,
    provider: Arc<CryptoProvider>,
}

impl Certificates {
    /// Reads the files.
    ///
    /// # Errors
    /// When they cannot be read or do not belong together.
    pub fn open(files: TlsFiles) -> Result<Arc<Self>, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let found = read(&files)?;
        let current = ArcSwap::from_pointee(certified(&files, &found, &provider)?);
        Ok(Arc::new(Certificates { current, files, found: Mutex::new(found), provider }))
    }

    /// The listener's settings, with this as its source of certificates.
    pub fn server_config(self: &Arc<Self>) -> Result<ServerConfig, TlsError> {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .map_err(TlsError::Setup)?;
        let resolver: Arc<dyn ResolvesServerCert> = Arc::<Self>::clone(self);
        Ok(builder.with_no_client_auth().with_cert_resolver(resolver))
    }

    /// Until when the certificate that is in use is good.
    pub fn ends(&self) -> Option<Timestamp> {
        self.current.load().cert.first().and_then(|first| super::expiry::ends(first))
    }

    /// Reads the files again; true when a new certificate is in use from now on. After an error
    /// the old one stays, so that a half-written file harms nobody.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let found = read(&self.files)?;
        let mut last = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if *last == found {
            return Ok(false);
        }
        self.current.store(Arc::new(certified(&self.files, &found, &self.provider)?));
        *last = found;
        Ok(true)
    }

    /// Looks at the files again and again, for as long as it is polled.
    pub async fn keep_fresh(&self, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            match self.reload() {
                Ok(true) => tracing::info!("the TLS certificate was renewed"),
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "the old TLS certificate stays in use"),
            }
        }
    }
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificates({})", self.files.certificate.display())
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

fn read(files: &TlsFiles) -> Result<Found, TlsError> {
    let content = |path: &Path| {
        std::fs::read(path).map_err(|why| TlsError::Unreadable { path: path.to_owned(), why })
    };
    Ok(Found { certificate: content(&files.certificate)?, key: content(&files.key)? })
}

fn certified(
    files: &TlsFiles,
    found: &Found,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, TlsError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&found.certificate).collect();
    let chain = chain.unwrap_or_default();
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(files.certificate.clone()));
    }
    let key = PrivateKeyDer::from_pem_slice(&found.key)
        .map_err(|_| TlsError::NoKey(files.key.clone()))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|why| TlsError::Mismatch {
        certificate: files.certificate.clone(),
        key: files.key.clone(),
        why,
    })
}
