//! Whom TLS trusts.
//!
//! Parsing all of the system's root certificates is more than half of a cold
//! start, and AWS uses five. So connections start with those. A server whose
//! certificate leads to none of them (an endpoint behind a proxy of one's own,
//! a partition with other authorities, a root that was replaced) is tried
//! again with the system's roots, which are read then and not before.

mod sdk;
#[cfg(test)]
pub(crate) mod testing;

use std::error::Error;
use std::io;

use tokio_rustls::rustls;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{CertificateError, RootCertStore};

pub use sdk::http_client;

/// The roots of Amazon Trust Services.
const AMAZON: &str = include_str!("trust/amazon.pem");

/// The roots that AWS uses.
pub(crate) fn amazon() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(AMAZON.as_bytes()).flatten());
    roots
}

/// All roots that this machine trusts.
pub(crate) fn system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for err in found.errors {
        tracing::warn!(error = %err, "a root certificate of the system is not readable");
    }
    roots.add_parsable_certificates(found.certs);
    roots
}

/// Whether a connection failed since nobody who is trusted vouches for the server. Nothing was
/// sent over it then.
pub(crate) fn is_stranger(err: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(err);
    while let Some(err) = cause {
        if let Some(rustls::Error::InvalidCertificate(reason)) = err.downcast_ref() {
            return matches!(reason, CertificateError::UnknownIssuer);
        }
        // The source of an I/O error is not the error that it wraps, but that one's source.
        let wrapped = err.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = wrapped.map(|err| err as &(dyn Error + 'static)).or_else(|| err.source());
    }
    false
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::{SHA256, digest};

    use super::*;

    fn certificates() -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_slice_iter(AMAZON.as_bytes()).map(Result::unwrap).collect()
    }

    fn fingerprint(der: &CertificateDer<'_>) -> String {
        let digest = digest(&SHA256, der);
        digest.as_ref().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
    }

    #[test]
    fn every_root_is_the_one_whose_fingerprint_is_noted() {
        let noted: Vec<&str> =
            AMAZON.lines().filter_map(|line| line.strip_prefix("SHA-256 ")).collect();
        let found = certificates().into_iter().map(|der| fingerprint(&der));
        assert_eq!(found.collect::<Vec<_>>(), noted);
        assert_eq!(amazon().len(), noted.len());
    }

    #[test]
    fn the_system_s_roots_are_another_set() {
        assert!(system().len() > amazon().len());
    }

    #[test]
    fn only_an_unknown_issuer_makes_a_stranger() {
        let tls = |reason| rustls::Error::InvalidCertificate(reason);
        assert!(is_stranger(&tls(CertificateError::UnknownIssuer)));
        let wrapped = io::Error::other(tls(CertificateError::UnknownIssuer));
        assert!(is_stranger(&wrapped));
        assert!(is_stranger(&io::Error::other(wrapped)));
        for other in [tls(CertificateError::Expired), rustls::Error::DecryptError] {
            assert!(!is_stranger(&io::Error::other(other)));
        }
        assert!(!is_stranger(&io::Error::from(io::ErrorKind::ConnectionReset)));
    }
}
