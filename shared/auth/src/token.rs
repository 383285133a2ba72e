//! A token before it is verified: what its header asks for, and what no token may ask for.

use hubcast_model::principal::TokenKind;
use jsonwebtoken::{Algorithm, Header};

use crate::AuthError;

/// A token of more bytes is not looked at. API Gateway takes 10,240 bytes of headers in all.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>
const TOKEN_MAX_BYTES: usize = 16 * 1024;
/// The types that an access token may have (RFC 9068). Others are meant for something else, such
/// as `logout+jwt` or `secevent+jwt` of the same issuer.
const TYPES: [&str; 3] = ["JWT", "at+jwt", "application/at+jwt"];

/// A token that was not verified yet. Anyone may have written it.
#[derive(Debug, Clone)]
pub(crate) struct Token<'a> {
    /// The whole token.
    pub(crate) text: &'a str,
    /// What its header says.
    pub(crate) header: Header,
}

impl<'a> Token<'a> {
    /// Reads a token's header.
    pub(crate) fn read(text: &'a str) -> Result<Self, AuthError> {
        if text.len() > TOKEN_MAX_BYTES {
            return Err(AuthError::Invalid("it is too long"));
        }
        let header = jsonwebtoken::decode_header(text);
        let header = header.map_err(|_| AuthError::Invalid("it is not a JWT"))?;
        let is_known = |typ: &String| TYPES.iter().any(|known| known.eq_ignore_ascii_case(typ));
        if !header.typ.iter().all(is_known) {
            return Err(AuthError::Invalid("it is of another type"));
        }
        // RFC 7515 section 4.1.11: whoever does not understand an extension must refuse the token.
        if header.crit.is_some() || header.enc.is_some() || header.zip.is_some() {
            return Err(AuthError::Invalid("it demands an extension that is not known here"));
        }
        Ok(Self { text, header })
    }

    /// Which kind the token claims to be. Each kind's check pins its algorithms again.
    pub(crate) const fn kind(&self) -> TokenKind {
        match self.header.alg {
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => TokenKind::Client,
            _ => TokenKind::App,
        }
    }
}
