//! The texts of an answer, lenient in their types: strings, numbers, booleans, and parts of them.

use std::{borrow::Cow, fmt, ops::Deref};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

use super::lenient::{Lenient, Name, ignore_values};

/// A text, borrowed if it has no escapes. Numbers and booleans are written out, an array of parts
/// (`[{"type": "text", "text": ".."}]`) is joined; any other value is empty.
#[derive(Debug, Default)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Lenient for Text<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> From<Content<'a>> for Text<'a> {
    fn from(Content { mut text, reasoning }: Content<'a>) -> Self {
        if !reasoning.is_empty() {
            text.to_mut().push_str(&reasoning);
        }
        Self(text)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Content::deserialize(deserializer).map(Self::from)
    }
}

/// The content of a message, with the parts of it that are marked as reasoning
/// (`[{"type": "thinking", "thinking": ".."}, {"type": "text", "text": ".."}]`).
#[derive(Debug, Default)]
pub(super) struct Content<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) reasoning: Cow<'a, str>,
}

impl<'a> Content<'a> {
    fn of(text: Cow<'a, str>) -> Self {
        Self { text, reasoning: Cow::default() }
    }

    fn append(&mut self, part: Self) {
        for (whole, part) in [(&mut self.text, part.text), (&mut self.reasoning, part.reasoning)] {
            if whole.is_empty() {
                *whole = part;
            } else if !part.is_empty() {
                whole.to_mut().push_str(&part);
            }
        }
    }
}

impl Lenient for Content<'_> {
    fn is_empty(&self) -> bool {
        self.text.is_empty() && self.reasoning.is_empty()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content<'de>;

    ignore_values!(visit_unit());

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Content::of(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Content::of(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Content::of(Cow::Borrowed(if value { "true" } else { "false" })))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Content::of(Cow::Owned(number.to_string())))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Content::of(Cow::Owned(number.to_string())))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Content::of(Cow::Owned(Value::from(number).to_string())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        let mut content = Content::default();
        while let Some(part) = parts.next_element::<Content<'de>>()? {
            content.append(part);
        }
        Ok(content)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let (mut content, mut kind) = (Content::default(), Text::default());
        while let Some(name) = fields.next_key::<Name<'de>>()? {
            match &*name {
                "text" | "content" => content.append(fields.next_value()?),
                "thinking" | "reasoning" | "summary" => {
                    let reasoning = fields.next_value::<Text<'de>>()?.0;
                    content.append(Content { text: Cow::default(), reasoning });
                }
                "type" => kind = fields.next_value()?,
                _ => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        if ["think", "reason", "thought", "summary"].iter().any(|word| kind.contains(word)) {
            let text = std::mem::take(&mut content.text);
            content.append(Content { text: Cow::default(), reasoning: text });
        }
        Ok(content)
    }
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
            ("true", "true"),
            ("-1", "-1"),
            ("7", "7"),
            ("1.0", "1.0"),
            ("{}", ""),
        ];
        for (json, want) in rows {
            assert_eq!(&*serde_json::from_str::<Text<'_>>(json).expect(json), want, "{json}");
        }
        let plain = serde_json::from_str::<Text<'_>>(r#""plain""#).expect("valid").0;
        assert!(matches!(plain, Cow::Borrowed(_)), "text without escapes is not copied");
    }

    #[test]
    fn parts_that_are_marked_as_reasoning_are_kept_apart() {
        let rows = [
            (
                r#"[{"type":"thinking","thinking":[{"type":"text","text":"r"}]},{"type":"text","text":"a"}]"#,
                "r",
                "a",
            ),
            (r#"[{"type":"reasoning","summary":[{"type":"summary_text","text":"r"}]}]"#, "r", ""),
            (r#"[{"text":"r","type":"reasoning.text"},"a"]"#, "r", "a"),
            (r#"{"type":"thinking","thinking":"r"}"#, "r", ""),
            (r#""a""#, "", "a"),
        ];
        for (json, reasoning, text) in rows {
            let content = serde_json::from_str::<Content<'_>>(json).expect(json);
            assert_eq!((&*content.reasoning, &*content.text), (reasoning, text), "{json}");
        }
    }
}
