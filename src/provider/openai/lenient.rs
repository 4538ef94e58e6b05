//! Lenient JSON: an unexpected type or an invalid escape never fails the event, since one odd field must not cost
//! a lane its answer.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

/// A text, borrowed if it has no escapes. An array of parts (`[{"type": "text", "text": ".."}]`) is joined; any other
/// type is empty.
#[derive(Debug, Default)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

/// A finite non-negative number; `None` for any other value.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Number(Option<f64>);

impl Number {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative; a cast from float saturates"
    )]
    pub(super) fn as_u64(self) -> Option<u64> {
        self.0.map(|number| number as u64)
    }

    pub(super) fn as_f64(self) -> Option<f64> {
        self.0
    }
}

/// An object; `None` for any other type.
#[derive(Debug)]
pub(super) struct Object<T>(pub(super) Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor).map(Self)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor).map(Self)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(PhantomData)).map(Self)
    }
}

/// Implements visitor methods that ignore their value, in place of the default ones, which fail.
macro_rules! ignore {
    ($($method:ident($($kind:ty)?)),*) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any value")
        }

        $(fn $method<E: Error>(self, $(_: $kind)?) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        })*
    };
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    ignore!(visit_unit(), visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64));

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        let mut joined = String::new();
        while let Some(part) = parts.next_element::<Text<'de>>()? {
            joined.push_str(&part.0);
        }
        Ok(Cow::Owned(joined))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut text = Cow::default();
        while let Some(name) = fields.next_key::<Text<'de>>()? {
            if name.0 == "text" || name.0 == "summary" {
                text = fields.next_value::<Text<'de>>()?.0;
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(text)
    }
}

struct NumberVisitor;

impl<'de> Visitor<'de> for NumberVisitor {
    type Value = Option<f64>;

    ignore!(visit_unit(), visit_bool(bool), visit_i64(i64), visit_str(&str));

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Some(number).filter(|n| n.is_finite() && *n >= 0.0))
    }

    #[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(number as f64))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<Self::Value, A::Error> {
        IgnoredAny.visit_seq(elements).map(|_| None)
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
        IgnoredAny.visit_map(fields).map(|_| None)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Option<T>;

    ignore!(visit_unit(), visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str));

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields)).map(Some)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<Self::Value, A::Error> {
        IgnoredAny.visit_seq(elements).map(|_| None)
    }
}

/// Replaces each escaped half of a surrogate pair with U+FFFD. JSON's grammar allows such an escape
/// (<https://www.rfc-editor.org/rfc/rfc8259#section-8.2>), but parsers reject it. Servers send one when they split a
/// character in two.
pub(super) fn replace_lone_surrogates(json: &str) -> Cow<'_, str> {
    let (mut replaced, mut copied, mut at) = (String::new(), 0, 0);
    while let Some(found) = json[at..].find('\\') {
        let escape = at + found;
        match utf16_unit(json, escape) {
            Some(0xD800..=0xDBFF) if matches!(utf16_unit(json, escape + 6), Some(0xDC00..=0xDFFF)) => {
                at = escape + 12;
            }
            Some(0xD800..=0xDFFF) => {
                replaced.push_str(&json[copied..escape]);
                replaced.push_str("\\ufffd");
                at = escape + 6;
                copied = at;
            }
            // Skip the backslash and the character that it escapes, possibly another backslash.
            _ => at = escape + 1 + json[escape + 1..].chars().next().map_or(0, char::len_utf8),
        }
    }
    if copied == 0 { json.into() } else { (replaced + &json[copied..]).into() }
}

/// The UTF-16 unit of the `\\u` escape at byte `at`, if there is one.
fn utf16_unit(json: &str, at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix("\\u")?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_any_shape_is_read() {
        let rows = [
            (r#""plain""#, "plain"),
            (r#""es\"caped \u00fc""#, "es\"caped ü"),
            (r#"[{"type":"text","text":"one "},{"type":"image","url":[1]},{"text":"two"}]"#, "one two"),
            (r#"["a","b"]"#, "ab"),
            ("null", ""),
            ("true", ""),
            ("-1", ""),
            ("1.5", ""),
            ("{}", ""),
        ];
        for (json, want) in rows {
            assert_eq!(serde_json::from_str::<Text<'_>>(json).expect(json).0, want, "{json}");
        }
        let plain = serde_json::from_str::<Text<'_>>(r#""plain""#).expect("valid").0;
        assert!(matches!(plain, Cow::Borrowed(_)), "text without escapes is not copied");
    }

    #[test]
    fn a_number_of_any_shape_is_read() {
        let rows = [("7", Some(7)), ("7.0", Some(7)), ("-7", None), ("-0.5", None), (r#""7""#, None)];
        for (json, want) in rows {
            assert_eq!(serde_json::from_str::<Number>(json).expect(json).as_u64(), want, "{json}");
        }
        for json in ["null", "false", "[1,[2]]", r#"{"a":{"b":1}}"#] {
            assert_eq!(serde_json::from_str::<Number>(json).expect(json).as_f64(), None, "{json}");
        }
    }

    #[test]
    fn only_lone_surrogates_are_replaced() {
        for (json, want) in [
            (r#""a\ud83d""#, r#""a\ufffd""#),
            (r#""\udE00b""#, r#""\ufffdb""#),
            (r#""\ud83d\ud83d\ude00\ude00""#, r#""\ufffd\ud83d\ude00\ufffd""#),
            (r#""\ud83d\u0041""#, r#""\ufffd\u0041""#),
        ] {
            assert_eq!(replace_lone_surrogates(json), want);
            assert!(serde_json::from_str::<String>(&replace_lone_surrogates(json)).is_ok(), "{json}");
        }
        for whole in
            [r#""\ud83d\ude00""#, r#""\\ud83d""#, r#""\u00e9\n""#, "\"é\\", "\\é", "\\ud8", "\\u+123", ""]
        {
            assert!(
                matches!(replace_lone_surrogates(whole), Cow::Borrowed(same) if same == whole),
                "{whole}"
            );
        }
    }
}
