//! A model's size, read from the text on its card.

/// Returns the billions of parameters in a text such as "7B", "1.5 b", "135M", "1T", "large (671B)".
#[must_use]
pub fn billions(text: &str) -> Option<f64> {
    let text = text.to_lowercase();
    let starts = text.char_indices().filter(|&(at, c)| c.is_ascii_digit() && !after_digit(&text[..at]));
    starts.map(|(at, _)| &text[at..]).find_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let mut after = rest[end..].trim_start().chars();
        let unit = match after.next()? {
            'm' => 0.001,
            'b' => 1.0,
            't' => 1_000.0,
            _ => return None,
        };
        let is_word = after.next().is_some_and(char::is_alphanumeric);
        (!is_word).then(|| rest[..end].parse::<f64>().ok().map(|n| n * unit)).flatten()
    })
}

fn after_digit(before: &str) -> bool {
    before.ends_with(|c: char| c.is_ascii_digit() || c == '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read_in_its_usual_spellings() {
        let read = ["2B", "large (671B)", "135M", "1.5 b", "1T", "480B-A35B", "huge", "v2 base", ""];
        let sizes = read.map(|text| billions(text).map(|n| (n * 1000.0).round()));
        let known = [2_000.0, 671_000.0, 135.0, 1_500.0, 1_000_000.0, 480_000.0].map(Some);
        assert_eq!(sizes[..6], known);
        assert_eq!(sizes[6..], [None, None, None]);
    }
}
