//! `MessagePack` to JSON: bodies of the management SDK that are not JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rmpv::{Value, ValueRef};
use serde_json::{Map, Number, Value as Json};

/// Deeper values are not read.
const DEPTH_MAX: usize = 64;

/// The body is no value of `MessagePack`, or has no counterpart in JSON.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoJson;

/// The one value that a body is.
pub(crate) fn read(mut body: &[u8]) -> Result<ValueRef<'_>, NoJson> {
    let value = rmpv::decode::read_value_ref_with_max_depth(&mut body, DEPTH_MAX);
    let value = value.map_err(|_| NoJson)?;
    if body.is_empty() { Ok(value) } else { Err(NoJson) }
}

/// The value as JSON has it; bytes become base64, as .NET writes them.
pub(crate) fn json(value: &Value) -> Result<Json, NoJson> {
    Ok(match value {
        Value::Nil => Json::Null,
        Value::Boolean(value) => Json::Bool(*value),
        Value::Integer(value) => integer(*value).ok_or(NoJson)?,
        Value::F32(value) => float(f64::from(*value))?,
        Value::F64(value) => float(*value)?,
        Value::String(text) => Json::String(text.as_str().ok_or(NoJson)?.to_owned()),
        Value::Binary(bytes) => Json::String(STANDARD.encode(bytes)),
        Value::Array(items) => Json::Array(items.iter().map(json).collect::<Result<_, _>>()?),
        Value::Map(entries) => Json::Object(
            entries
                .iter()
                .map(|(name, value)| Ok((key(name)?, json(value)?)))
                .collect::<Result<Map<_, _>, NoJson>>()?,
        ),
        Value::Ext(..) => return Err(NoJson),
    })
}

fn integer(value: rmpv::Integer) -> Option<Json> {
    value.as_i64().map(Json::from).or_else(|| value.as_u64().map(Json::from))
}

fn float(value: f64) -> Result<Json, NoJson> {
    Number::from_f64(value).map(Json::Number).ok_or(NoJson)
}

/// A name of an object; numbers are written out, as .NET does.
fn key(name: &Value) -> Result<String, NoJson> {
    match name {
        Value::String(text) => text.as_str().map(str::to_owned).ok_or(NoJson),
        Value::Integer(number) => Ok(number.to_string()),
        _ => Err(NoJson),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn converted(body: &[u8]) -> Result<Json, NoJson> {
        json(&read(body)?.to_owned())
    }

    #[test]
    fn values_become_what_they_are_in_json() {
        // {"Target":"m","Arguments":[1,-1,1.5,nil,true,bin(1,2),{1:"x"}]}
        let body = b"\x82\xa6Target\xa1m\xa9Arguments\x97\x01\xff\xcb\x3f\xf8\0\0\0\0\0\0\xc0\xc3\xc4\x02\x01\x02\x81\x01\xa1x";
        let expected = json!({
            "Target": "m", "Arguments": [1, -1, 1.5, null, true, "AQI=", {"1": "x"}],
        });
        assert_eq!(converted(body), Ok(expected));
    }

    #[test]
    fn what_is_no_value_or_has_no_json_is_refused() {
        let nested = [b"\x91".repeat(100), b"\xc0".to_vec()].concat();
        for body in [
            &b""[..],
            b"\xc0\xc0",
            b"\xd9\xff",
            b"\xa1\xff",
            b"\xd4\x01\x01",
            b"\xcb\x7f\xf8\0\0\0\0\0\0",
            b"\xdd\xff\xff\xff\xff",
            &nested,
        ] {
            assert_eq!(converted(body), Err(NoJson), "{body:?}");
        }
    }
}
