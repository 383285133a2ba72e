//! Messages of the `MessagePack` hub protocol as records of the JSON hub protocol.
//!
//! Apps whose clients speak `MessagePack` only have the management SDK encode
//! for this protocol only. A message is an array behind its own length.
//! <https://github.com/dotnet/aspnetcore/blob/main/src/SignalR/docs/specs/HubProtocol.md#messagepack-msgpack-encoding>

use rmpv::Value;
use serde_json::{Value as Json, json};

use crate::msgpack::{self, NoJson};

/// A length takes at most five bytes of seven bits each.
const LENGTH_MAX_BYTES: usize = 5;
const INVOCATION: u64 = 1;
const STREAM_ITEM: u64 = 2;

/// The record of an invocation, or of an item of a stream: what backends send.
pub(crate) fn record(encoded: &[u8]) -> Result<String, NoJson> {
    let message = msgpack::read(body(encoded)?)?.to_owned();
    let fields = message.as_array().ok_or(NoJson)?;
    let json = match fields.as_slice() {
        // Behind the type come headers, which hold nothing for clients.
        [kind, _, _, target, Value::Array(arguments), ..] if kind.as_u64() == Some(INVOCATION) => {
            let arguments = arguments.iter().map(msgpack::json).collect::<Result<Vec<_>, _>>()?;
            json!({ "type": INVOCATION, "target": text(target)?, "arguments": arguments })
        }
        [kind, _, id, item, ..] if kind.as_u64() == Some(STREAM_ITEM) => {
            json!({ "type": STREAM_ITEM, "invocationId": text(id)?, "item": msgpack::json(item)? })
        }
        _ => return Err(NoJson),
    };
    Ok(json.to_string())
}

/// The message behind its length, which must be the rest.
fn body(encoded: &[u8]) -> Result<&[u8], NoJson> {
    let last = encoded.iter().take(LENGTH_MAX_BYTES).position(|byte| byte & 0x80 == 0);
    let (length, body) = encoded.split_at_checked(last.ok_or(NoJson)? + 1).ok_or(NoJson)?;
    let bits = |length: u64, byte: &u8| (length << 7) | u64::from(byte & 0x7f);
    let length = length.iter().rev().fold(0, bits);
    if u64::try_from(body.len()) == Ok(length) { Ok(body) } else { Err(NoJson) }
}

fn text(value: &Value) -> Result<Json, NoJson> {
    value.as_str().map(Json::from).ok_or(NoJson)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(body: &[u8]) -> Vec<u8> {
        let mut framed = Vec::new();
        let mut rest = body.len();
        while rest > 0x7f {
            framed.push(u8::try_from(rest & 0x7f).unwrap() | 0x80);
            rest >>= 7;
        }
        framed.push(u8::try_from(rest).unwrap());
        framed.extend_from_slice(body);
        framed
    }

    #[test]
    fn calls_and_items_become_records() {
        let call = framed(b"\x96\x01\x80\xc0\xa1m\x92\x2a\xa1x\x90");
        let record_of = |encoded: &[u8]| record(encoded).map(|text| text.parse::<Json>().unwrap());
        let expected = json!({ "type": 1, "target": "m", "arguments": [42, "x"] });
        assert_eq!(record_of(&call), Ok(expected));
        let item = framed(b"\x94\x02\x80\xa17\x81\xa1a\x01");
        assert_eq!(
            record_of(&item),
            Ok(json!({ "type": 2, "invocationId": "7", "item": { "a": 1 } }))
        );
        let long = [b"\x95\x01\x80\xc0\xa1m\x91\xda\x01\x00".to_vec(), vec![b'x'; 256]].concat();
        let long = record_of(&framed(&long)).unwrap();
        assert_eq!(long["arguments"][0].as_str().unwrap().len(), 256);
    }

    #[test]
    fn what_is_no_message_for_clients_is_refused() {
        let call = b"\x95\x01\x80\xc0\xa1m\x90";
        for encoded in [
            &b""[..],
            b"\x01",
            b"\x80\x80\x80\x80\x80\x80\x00",
            b"\xff\xff\xff\xff\x7f",
            &framed(b"\x91\x06"),
            &framed(b"\x95\x01\x80\xc0\x01\x90"),
            &framed(b"\x95\x01\x80\xc0\xa1m\x91\xd4\x05\x00"),
            &[&[6], &call[..]].concat(),
            &[framed(call), framed(call)].concat(),
        ] {
            assert_eq!(record(encoded), Err(NoJson), "{encoded:?}");
        }
    }
}
