//! Secrets of one instance: made at random at the first `up`, kept beside its data, never in a default.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use crate::{
    failure::{Doing, Failure, Outcome},
    instance::Instance,
    process::hex,
};

/// What each instance needs, and in which form.
const NAMES: [(&str, Form); 7] = [
    ("development_key", Form::Hex),
    ("quote_secret", Form::Base64),
    ("checkout_secret", Form::Base64),
    ("callback_secret", Form::Base64),
    ("sandbox_api_key", Form::Hex),
    ("mgmt_password", Form::Hex),
    ("archival_password", Form::Hex),
];

#[derive(Debug, Clone, Copy)]
enum Form {
    Hex,
    Base64,
}

/// Reads the instance's secrets; those that are missing are made now.
pub(super) fn load(instance: &Instance) -> Outcome<BTreeMap<String, String>> {
    let path = instance.folder.join("secrets.json");
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let mut secrets: BTreeMap<String, String> = serde_json::from_str(&kept).unwrap_or_default();
    let before = secrets.len();
    for (name, form) in NAMES {
        if !secrets.contains_key(name) {
            secrets.insert(name.to_owned(), random(form)?);
        }
    }
    if secrets.len() != before {
        write_private(&path, &secrets)?;
    }
    Ok(secrets)
}

fn write_private(path: &Path, secrets: &BTreeMap<String, String>) -> Outcome {
    let text = serde_json::to_string_pretty(secrets).map_err(|error| Failure::Refused(error.to_string()))?;
    let mut file = File::options()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .doing("writing", path)?;
    file.write_all(text.as_bytes()).doing("writing", path)
}

fn random(form: Form) -> Outcome<String> {
    let source = Path::new("/dev/urandom");
    let mut bytes = [0; 33];
    File::open(source).and_then(|mut file| file.read_exact(&mut bytes)).doing("reading", source)?;
    Ok(match form {
        Form::Hex => hex(&bytes),
        Form::Base64 => base64(&bytes),
    })
}

/// RFC 4648 base 64 of whole groups of three bytes, so that no padding is needed.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letter = |index: u32| {
        let place = usize::try_from(index & 63).unwrap_or_default();
        ALPHABET.get(place).copied().map_or('A', char::from)
    };
    let group = |three: &[u8]| three.iter().fold(0u32, |sum, byte| (sum << 8) | u32::from(*byte));
    let letters = |sum: u32| [18, 12, 6, 0].map(|shift| letter(sum >> shift));
    bytes.chunks_exact(3).flat_map(|three| letters(group(three))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_64_is_rfc_4648() {
        assert_eq!(base64(b"foobar"), "Zm9vYmFy");
        assert_eq!(base64(&[0xff, 0xef, 0xbe]), "/+++");
    }

    #[test]
    fn two_secrets_differ() {
        assert_ne!(random(Form::Hex).unwrap(), random(Form::Hex).unwrap());
    }
}
