//! Samples in a table of comma-separated values with the columns `series`, `at_hours` and `tokens_per_second`.

use std::collections::BTreeMap;

use super::sample::{Sample, sort};

const COLUMNS: [&str; 3] = ["series", "at_hours", "tokens_per_second"];
/// The largest time in hours, some ten thousand years.
const MAX_HOURS: f64 = 1e8;
const HOUR_MS: f64 = 3_600_000.0;

/// The samples of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// Its model and provider; `None` where they are unknown.
    pub origin: Option<Origin>,
    /// Its samples, sorted.
    pub samples: Vec<Sample>,
}

/// The model behind a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The id of the model.
    pub model: String,
    /// The name of its provider.
    pub provider: String,
}

/// The content of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The series, sorted by name.
    pub series: Vec<Series>,
    /// The lines without a usable speed: empty, zero or NaN.
    pub skipped: Vec<u64>,
}

/// A table that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// A column of the header is missing.
    #[error("line 1: the column `{0}` is missing; the columns are series,at_hours,tokens_per_second")]
    MissingColumn(&'static str),
    /// A value is none.
    #[error("line {line}, column `{column}`: {problem}")]
    Value {
        /// The line, from 1.
        line: u64,
        /// The name of the column.
        column: &'static str,
        /// The problem, with the value.
        problem: String,
    },
    /// A row has fewer or more values than the header.
    #[error("line {line}: {found} values instead of {expected}")]
    Length {
        /// The line, from 1.
        line: u64,
        /// The number of values in it.
        found: u64,
        /// The number of columns.
        expected: u64,
    },
    /// The text is not UTF-8.
    #[error("line {0}: not UTF-8 text")]
    Encoding(u64),
    /// The reader failed in another way.
    #[error("cannot be read as comma-separated values")]
    Unreadable(#[source] csv::Error),
}

impl TableError {
    fn of(error: csv::Error, bytes: &[u8]) -> Self {
        let line = |position: &Option<csv::Position>| position.as_ref().map_or(0, |at| line(at, bytes));
        match error.kind() {
            csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
                Self::Length { line: line(pos), found: *len, expected: *expected_len }
            }
            csv::ErrorKind::Utf8 { pos, .. } => Self::Encoding(line(pos)),
            _ => Self::Unreadable(error),
        }
    }
}

/// The line of the row at `position`, which is before the line breaks that the reader has still to skip.
fn line(position: &csv::Position, bytes: &[u8]) -> u64 {
    let rest = usize::try_from(position.byte()).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
    let breaks = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() + breaks.filter(|byte| **byte == b'\n').count() as u64
}

impl Table {
    /// Parses the bytes of a file, which may begin with a byte order mark.
    ///
    /// # Errors
    /// See [`TableError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, TableError> {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let mut reader = csv::Reader::from_reader(bytes);
        let headers = reader.headers().map_err(|error| TableError::of(error, bytes))?.clone();
        let mut at = [0; 3];
        for (index, column) in at.iter_mut().zip(COLUMNS) {
            let found = headers.iter().position(|header| header.trim() == column);
            *index = found.ok_or(TableError::MissingColumn(column))?;
        }
        let (mut row, mut skipped) = (csv::StringRecord::new(), vec![]);
        let mut series: BTreeMap<String, Vec<Sample>> = BTreeMap::new();
        while reader.read_record(&mut row).map_err(|error| TableError::of(error, bytes))? {
            let line = row.position().map_or(0, |at| line(at, bytes));
            let [name, hours, speed] = at.map(|index| row.get(index).unwrap_or_default());
            let at_ms = at_ms(hours).map_err(|problem| wrong(line, COLUMNS[1], hours, problem))?;
            let speed = usable(speed).map_err(|problem| wrong(line, COLUMNS[2], speed, problem))?;
            if !series.contains_key(name) {
                series.insert(name.to_owned(), vec![]);
            }
            match (speed, series.get_mut(name)) {
                (Some(value), Some(samples)) => samples.push(Sample { at_ms, value }),
                _ => skipped.push(line),
            }
        }
        for samples in series.values_mut() {
            sort(samples);
        }
        let series = series.into_iter().map(|(name, samples)| Series { name, origin: None, samples });
        Ok(Self { series: series.collect(), skipped })
    }
}

/// Writes series in the form that [`Table::parse`] reads.
///
/// # Errors
/// None in practice: memory takes every row.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of ten thousand years are below 2^52")]
pub fn to_csv(series: &[&Series]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(vec![]);
    writer.write_record(COLUMNS)?;
    for series in series {
        for sample in &series.samples {
            let (hours, speed) = (sample.at_ms as f64 / HOUR_MS, sample.value);
            writer.write_record([&series.name, &hours.to_string(), &speed.to_string()])?;
        }
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

fn wrong(line: u64, column: &'static str, value: &str, problem: &str) -> TableError {
    let shown: String = value.chars().take(40).collect();
    TableError::Value { line, column, problem: format!("\"{shown}\" {problem}") }
}

#[expect(clippy::cast_possible_truncation, reason = "limited to ten thousand years")]
fn at_ms(text: &str) -> Result<i64, &'static str> {
    let hours: f64 = text.trim().parse().map_err(|_| "is not a number")?;
    if hours.is_finite() && hours.abs() <= MAX_HOURS {
        Ok((hours * HOUR_MS).round() as i64)
    } else {
        Err("is not a time in hours")
    }
}

/// The speed; `None` where there was none to measure.
fn usable(text: &str) -> Result<Option<f64>, &'static str> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let speed: f64 = text.trim().parse().map_err(|_| "is not a number")?;
    if speed.is_infinite() || speed < 0.0 {
        return Err("is not a speed");
    }
    Ok(Some(speed).filter(|speed| *speed > 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Table::parse(text.as_bytes()).expect_err("no table").to_string()
    }

    #[test]
    fn a_table_with_odd_but_valid_form_is_read() {
        let text = "\u{feff}tokens_per_second,note,series,at_hours\r\n\
            90.5,,\"a, \"\"b\"\"\",30\r\n80,x,\"a, \"\"b\"\"\",-1.5\r\n0,,c,1\r\nNaN,,c,2\r\n,,c,3\r\n";
        let table = Table::parse(text.as_bytes()).expect("a table");
        assert_eq!(table.skipped, [4, 5, 6]);
        let [first, second] = &table.series[..] else { panic!("{table:?}") };
        assert_eq!((first.name.as_str(), second.name.as_str()), ("a, \"b\"", "c"));
        assert_eq!(first.samples[0], Sample { at_ms: -5_400_000, value: 80.0 });
        assert_eq!((first.samples.len(), second.samples.len()), (2, 0));
        let header = Table::parse(b"series,at_hours,tokens_per_second").expect("a table");
        assert_eq!(header, Table::default());
    }

    #[test]
    fn written_series_are_read_as_they_were() {
        let samples =
            [1_764_000_000_123, 1_764_000_100_007].map(|at_ms| Sample { at_ms, value: 96.123_456_789 });
        let series = Series { name: "a, \"b\"".into(), origin: None, samples: samples.into() };
        let read = Table::parse(&to_csv(&[&series]).expect("a table")).expect("a table");
        assert_eq!(read.series, [series]);
    }

    #[test]
    fn errors_name_line_and_column() {
        let head = "series,at_hours,tokens_per_second\n";
        assert!(error("").contains("line 1: the column `series` is missing"), "{}", error(""));
        assert!(error("series,at_hours\na,1\n").contains("`tokens_per_second` is missing"));
        for (row, expected) in [
            ("a,x,1", "line 3, column `at_hours`: \"x\" is not a number"),
            ("a,inf,1", "line 3, column `at_hours`: \"inf\" is not a time in hours"),
            ("a,1,fast", "line 3, column `tokens_per_second`: \"fast\" is not a number"),
            ("a,1,-3", "line 3, column `tokens_per_second`: \"-3\" is not a speed"),
            ("a,1", "line 3: 2 values instead of 3"),
            ("\r\n\n\"a\n\",x,1", "line 5, column `at_hours`: \"x\" is not a number"),
        ] {
            assert_eq!(error(&format!("{head}a,1,2\n{row}\n")), expected);
        }
        let bytes = [head.as_bytes(), b"a\xFF,1,2\n"].concat();
        assert_eq!(Table::parse(&bytes).expect_err("no text").to_string(), "line 2: not UTF-8 text");
    }
}
