//! Root certificates in PEM files, trusted beside Mozilla's.

use std::path::Path;

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use super::{ConfigError, Env};

/// Names a file with root certificates for all providers, as `OpenSSL` and curl do.
const VARIABLE: &str = "SSL_CERT_FILE";

/// Reads the file that [`VARIABLE`] names, if any.
///
/// # Errors
/// As [`read`].
pub(super) fn of_environment(env: &Env) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let Some(path) = env.text(VARIABLE)? else { return Ok(Vec::new()) };
    read(Path::new(&path)).map_err(|problem| ConfigError::in_env(VARIABLE, problem))
}

/// Reads the certificates in a PEM file. Single ones that are unusable are left out, since bundles hold odd ones.
///
/// # Errors
/// The problem, if the file cannot be read or holds no usable certificate.
pub(super) fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let shown = path.display();
    let text = std::fs::read(path).map_err(|error| {
        format!("{shown} cannot be read ({error}); name a file that this process can read")
    })?;
    let mut certificates: Vec<_> = CertificateDer::pem_slice_iter(&text).filter_map(Result::ok).collect();
    certificates.retain(|certificate| RootCertStore::empty().add(certificate.clone()).is_ok());
    if certificates.is_empty() {
        return Err(format!(
            "{shown} holds no certificate; name a PEM file with -----BEGIN CERTIFICATE----- in it"
        ));
    }
    Ok(certificates)
}
