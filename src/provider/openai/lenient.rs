//! Lenient JSON: an unexpected type, a repeated field or an invalid literal never fails the event, since one odd field
//! must not cost a lane its answer.

use std::{borrow::Cow, fmt, marker::PhantomData, ops::Deref};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;

/// A value that may be missing: an empty one never replaces another in a repeated field.
pub(super) trait Lenient: Default {
    fn is_empty(&self) -> bool;
}

/// Implements the visitor methods of values that are not of the expected type: each yields the default.
macro_rules! ignore_values {
    ($($method:ident($($kind:ty)?)),*) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any value")
        }

        $(fn $method<E: Error>(self, $(_: $kind)?) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        })*
    };
}

/// Declares a JSON object: unknown fields are skipped, all known ones are optional, the last non-empty one of a
/// repeated field counts, and a value of another type is an object without fields.
macro_rules! object {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub(super) struct $name<'a> {
            $($(#[$field_doc])* pub(super) $field: $type,)*
            /// Ties the lifetime to objects without text.
            pub(super) borrowed: std::marker::PhantomData<&'a str>,
        }

        impl<'de: 'a, 'a> serde::Deserialize<'de> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Fields<'a>(std::marker::PhantomData<&'a str>);

                impl<'de: 'a, 'a> serde::de::Visitor<'de> for Fields<'a> {
                    type Value = $name<'a>;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
                        let mut object = $name::default();
                        while let Some(name) = fields.next_key::<$crate::provider::openai::lenient::Name<'de>>()? {
                            match &*name {
                                $(stringify!($field) => {
                                    let value: $type = fields.next_value()?;
                                    if !$crate::provider::openai::lenient::Lenient::is_empty(&value) {
                                        object.$field = value;
                                    }
                                })*
                                _ => {
                                    fields.next_value::<serde::de::IgnoredAny>()?;
                                }
                            }
                        }
                        Ok(object)
                    }
                }

                deserializer.deserialize_map(Fields(std::marker::PhantomData))
            }
        }
    };
}
pub(super) use {ignore_values, object};

/// The name of a field.
pub(super) struct Name<'a>(Cow<'a, str>);

impl Deref for Name<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NameVisitor)
    }
}

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Name<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Name(Cow::Borrowed(name)))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Name(Cow::Owned(name.to_owned())))
    }
}

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

impl Lenient for Number {
    fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor).map(Self)
    }
}

struct NumberVisitor;

impl<'de> Visitor<'de> for NumberVisitor {
    type Value = Option<f64>;

    ignore_values!(visit_unit(), visit_bool(bool), visit_i64(i64), visit_str(&str));

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok((number.is_finite() && number >= 0.0).then_some(number))
    }

    #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
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

/// An object; `None` for any other type.
#[derive(Debug)]
pub(super) struct Object<T>(pub(super) Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Lenient for Object<T> {
    fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut list = deserializer.deserialize_any(ListVisitor { is_array: false, element: PhantomData })?;
        Ok(Self(list.pop()))
    }
}

/// The objects in an array; a single object is an array of one, and any other value is an empty one.
#[derive(Debug)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Lenient for List<T> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor { is_array: true, element: PhantomData }).map(Self)
    }
}

struct ListVisitor<T> {
    is_array: bool,
    element: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    ignore_values!(
        visit_unit(),
        visit_bool(bool),
        visit_i64(i64),
        visit_u64(u64),
        visit_f64(f64),
        visit_str(&str)
    );

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields)).map(|element| vec![element])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        if !self.is_array {
            return IgnoredAny.visit_seq(elements).map(|_| list);
        }
        while let Some(element) = elements.next_element::<Object<T>>()? {
            list.extend(element.0);
        }
        Ok(list)
    }
}

/// Any value.
#[derive(Debug, Default)]
pub(super) struct Any(pub(super) Option<Value>);

impl Lenient for Any {
    fn is_empty(&self) -> bool {
        matches!(self.0, None | Some(Value::Null))
    }
}

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::content::Text, *};

    object! {
        /// An object of the tests.
        Sample {
            text: Text<'a>,
            number: Number,
            inner: Object<Inner<'a>>,
            list: List<Inner<'a>>,
        }
    }

    object! {
        Inner {
            text: Text<'a>,
        }
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
    fn an_object_with_odd_and_repeated_fields_is_read() {
        let json = r#"{"text":"a","text":"","x":[{}],"number":"many","inner":7,"list":{"text":"b"},"inner":{"text":"c"}}"#;
        let sample = serde_json::from_str::<Sample<'_>>(json).expect("an object");
        assert_eq!((&*sample.text, sample.number.as_u64()), ("a", None));
        assert_eq!(sample.inner.0.map(|inner| inner.text.0.into_owned()).as_deref(), Some("c"));
        assert_eq!(sample.list.0.iter().map(|inner| &*inner.text).collect::<Vec<_>>(), ["b"]);
        for odd in ["7", "[1,{\"text\":\"d\"},\"x\"]", "\"\"", "null"] {
            let list = serde_json::from_str::<List<Inner<'_>>>(odd).expect(odd);
            assert_eq!(list.0.len(), usize::from(odd.starts_with('[')), "{odd}");
        }
    }
}
