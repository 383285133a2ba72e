//! `MessagePack` to JSON: bodies of the management SDK that are not JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rmpv::{Value, ValueRef};
use serde_json::{Map, Number, Value as Json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The type of points in time.
const TIMESTAMP: i8 = -1;
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
        Value::Ext(TIMESTAMP, bytes) => Json::String(timestamp(bytes).ok_or(NoJson)?),
        Value::Ext(..) => return Err(NoJson),
    })
}

/// A point in time, which .NET's JSON writes by RFC 3339 as well.
/// <https://github.com/msgpack/msgpack/blob/master/spec.md#timestamp-extension-type>
fn timestamp(bytes: &[u8]) -> Option<String> {
    let (seconds, nanoseconds) = match bytes.len() {
        4 => (i64::from(u32::from_be_bytes(bytes.try_into().ok()?)), 0),
        8 => {
            let packed = u64::from_be_bytes(bytes.try_into().ok()?);
            (i64::try_from(packed & 0x3_ffff_ffff).ok()?, u32::try_from(packed >> 34).ok()?)
        }
        12 => {
            let (nanoseconds, seconds) = bytes.split_at_checked(4)?;
            let nanoseconds = u32::from_be_bytes(nanoseconds.try_into().ok()?);
            (i64::from_be_bytes(seconds.try_into().ok()?), nanoseconds)
        }
        _ => return None,
    };
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    time.replace_nanosecond(nanoseconds).ok()?.format(&Rfc3339).ok()
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
    fn points_in_time_are_written_as_dates() {
        for (body, date) in [
            (&b"\xd6\xff\x6a\x00\x00\x00"[..], "2026-05-10T03:48:16Z"),
            (b"\xd7\xff\x77\x35\x94\x00\x6a\x00\x00\x00", "2026-05-10T03:48:16.5Z"),
            (
                b"\xc7\x0c\xff\0\0\0\x01\xff\xff\xff\xff\xff\xff\xff\xff",
                "1969-12-31T23:59:59.000000001Z",
            ),
        ] {
            assert_eq!(converted(body), Ok(json!(date)), "{body:?}");
        }
        for body in [
            &b"\xd4\xff\0"[..],
            b"\xd7\xff\xff\xff\xff\xff\0\0\0\0",
            b"\xc7\x0c\xff\0\0\0\0\x7f\0\0\0\0\0\0\0",
        ] {
            assert_eq!(converted(body), Err(NoJson), "{body:?}");
        }
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
