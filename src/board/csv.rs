//! Ballots as CSV: the columns `race,voter,best,second,none_good,lanes` in any order, with a header.

use std::{
    collections::HashMap,
    io::{self, Read},
    sync::Arc,
};

use ::csv::{ByteRecord, ErrorKind, ReaderBuilder, Trim, WriterBuilder};

use super::{Ballot, BallotError, Choice};

/// The largest number of ballots in a file.
pub const MAX_BALLOTS: usize = 1_000_000;

const COLUMNS: [&str; 6] = ["race", "voter", "best", "second", "none_good", "lanes"];

/// A file of ballots that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// The file cannot be read.
    #[error("cannot be read ({0})")]
    Io(#[from] io::Error),
    /// A column is missing or given twice.
    #[error("line 1: the column {0:?} {1}; the columns are {columns}", columns = COLUMNS.join(","))]
    Header(&'static str, &'static str),
    /// A row has another number of fields than the header.
    #[error("line {line}: {found} fields instead of {expected}")]
    Fields {
        /// The line of the row.
        line: u64,
        /// Its number of fields.
        found: u64,
        /// The number of columns.
        expected: u64,
    },
    /// A field is not UTF-8 text.
    #[error("line {line}, column {column}: not UTF-8 text")]
    Encoding {
        /// The line of the row.
        line: u64,
        /// The name of the column.
        column: &'static str,
    },
    /// `none_good` is neither 0 nor 1.
    #[error("line {line}, column none_good: {found:?} is neither 0 nor 1")]
    NoneGood {
        /// The line of the row.
        line: u64,
        /// The field.
        found: String,
    },
    /// A ballot contradicts itself.
    #[error("line {line}, column {column}: {error}")]
    Ballot {
        /// The line of the row.
        line: u64,
        /// The name of the column.
        column: &'static str,
        /// The contradiction.
        error: BallotError,
    },
    /// There are more than [`MAX_BALLOTS`].
    #[error("more than {MAX_BALLOTS} ballots")]
    TooMany,
}

impl From<::csv::Error> for CsvError {
    fn from(error: ::csv::Error) -> Self {
        let line = error.position().map_or(0, ::csv::Position::line);
        match error.into_kind() {
            ErrorKind::Io(error) => Self::Io(error),
            ErrorKind::UnequalLengths { expected_len: expected, len: found, .. } => {
                Self::Fields { line, found, expected }
            }
            other => Self::Io(io::Error::other(format!("{other:?}"))),
        }
    }
}

/// Reads ballots. Other columns are ignored.
///
/// # Errors
/// [`CsvError`] for the first line that is not a valid ballot.
pub fn read(input: impl Read) -> Result<Vec<Ballot>, CsvError> {
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(input);
    let columns = columns(reader.byte_headers()?)?;
    let (mut ballots, mut row, mut names) = (vec![], ByteRecord::new(), Names::default());
    while reader.read_byte_record(&mut row)? {
        if ballots.len() == MAX_BALLOTS {
            return Err(CsvError::TooMany);
        }
        ballots.push(ballot(&row, columns, &mut names)?);
    }
    Ok(ballots)
}

/// Returns the positions of [`COLUMNS`].
fn columns(header: &ByteRecord) -> Result<[usize; 6], CsvError> {
    let mut columns = [0; 6];
    for (at, name) in columns.iter_mut().zip(COLUMNS) {
        let mut found = header.iter().enumerate().filter(|(_, field)| *field == name.as_bytes());
        *at = found.next().ok_or(CsvError::Header(name, "is missing"))?.0;
        if found.next().is_some() {
            return Err(CsvError::Header(name, "is given twice"));
        }
    }
    Ok(columns)
}

fn ballot(row: &ByteRecord, columns: [usize; 6], names: &mut Names) -> Result<Ballot, CsvError> {
    let line = row.position().map_or(0, ::csv::Position::line);
    let mut fields = [""; 6];
    for ((field, at), column) in fields.iter_mut().zip(columns).zip(COLUMNS) {
        let bytes = row.get(at).unwrap_or_default();
        *field = std::str::from_utf8(bytes).map_err(|_| CsvError::Encoding { line, column })?;
    }
    let [race, voter, best, second, none_good, lanes] = fields;
    let none_good = match none_good {
        "0" => false,
        "1" => true,
        other => return Err(CsvError::NoneGood { line, found: other.into() }),
    };
    let filled = |field| Some(field).filter(|field: &&str| !field.is_empty());
    Ballot::new(
        names.name(race),
        names.name(voter),
        names.lanes(lanes),
        (filled(best), filled(second)),
        none_good,
    )
    .map_err(|error| CsvError::Ballot { line, column: column_of(&error), error })
}

/// Returns the column that holds the mistake.
fn column_of(error: &BallotError) -> &'static str {
    match error {
        BallotError::NoRace => "race",
        BallotError::NoVoter => "voter",
        BallotError::NoLanes | BallotError::InvalidContender(_) | BallotError::RepeatedLane(_) => "lanes",
        BallotError::UnknownBest(_) => "best",
        BallotError::UnknownSecond(_) | BallotError::SecondWithoutBest | BallotError::SecondIsBest(_) => {
            "second"
        }
        BallotError::NoneGoodWithBest => "none_good",
    }
}

/// The names that were read, each kept once: large files repeat few names.
#[derive(Default)]
struct Names {
    names: HashMap<String, Arc<str>>,
    lanes: HashMap<String, Arc<[Arc<str>]>>,
}

impl Names {
    fn name(&mut self, text: &str) -> Arc<str> {
        if let Some(name) = self.names.get(text) {
            return Arc::clone(name);
        }
        let name: Arc<str> = text.into();
        self.names.insert(text.to_owned(), Arc::clone(&name));
        name
    }

    fn lanes(&mut self, text: &str) -> Arc<[Arc<str>]> {
        if let Some(lanes) = self.lanes.get(text) {
            return Arc::clone(lanes);
        }
        let lanes: Arc<[Arc<str>]> = text.split_whitespace().map(|lane| self.name(lane)).collect();
        self.lanes.insert(text.to_owned(), Arc::clone(&lanes));
        lanes
    }
}

/// Returns `ballots` as CSV that [`read`] understands.
#[must_use]
pub fn write(ballots: &[Ballot]) -> Vec<u8> {
    let mut writer = WriterBuilder::new().from_writer(vec![]);
    // a write to memory does not fail
    let mut row = |fields: [&str; 6]| drop(writer.write_record(fields));
    row(COLUMNS);
    for ballot in ballots {
        let none_good = if ballot.choice() == Choice::NoneGood { "1" } else { "0" };
        let (best, second) = (ballot.best().unwrap_or_default(), ballot.second().unwrap_or_default());
        row([ballot.race(), ballot.voter(), best, second, none_good, &ballot.lanes().join(" ")]);
    }
    writer.into_inner().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "race,voter,best,second,none_good,lanes\n";

    fn error(text: &str) -> String {
        read(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn spreadsheets_and_other_column_orders_are_understood() {
        let plain = read(format!("{HEADER}1,ana,a,b,0,a b c\n2,\"b\"\"en\",,,1,a b\n").as_bytes()).unwrap();
        let odd = "\u{feff}voter,note,lanes,none_good,best,second,race\r\n\
            ana,\"x,y\",\" a  b c\",0, a ,b,1\r\n\r\n\"b\"\"en\",,a b,1,,,2";
        assert_eq!(read(odd.as_bytes()).unwrap(), plain);
        assert_eq!((plain[1].voter(), plain[1].is_none_good()), ("b\"en", true));
        assert_eq!(read(HEADER.as_bytes()).unwrap(), []);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let text =
            format!("{HEADER}1,\"a,na\",a,b,0,a b c\n2,ben,,,1,a b\n2,\"c\nd\",b,,0,a b\n3,ben,,,0,a b\n");
        let ballots = read(text.as_bytes()).unwrap();
        assert_eq!(read(&*write(&ballots)).unwrap(), ballots);
        assert_eq!(String::from_utf8(write(&ballots)).unwrap(), text);
    }

    #[test]
    fn an_error_names_line_and_column() {
        let columns = "the columns are race,voter,best,second,none_good,lanes";
        for (rows, expected) in [
            ("1,a,x,,0,a b", "line 3, column best: \"x\" is not one of the lanes"),
            ("1,a,a,x,0,a b", "line 3, column second: \"x\" is not one of the lanes"),
            ("1,a,a,a,0,a b", "line 3, column second: best and second are both \"a\""),
            ("1,a,,b,0,a b", "line 3, column second: there is a second choice, but no best"),
            ("1,a,a,,1,a b", "line 3, column none_good: none_good is 1, but a best model is named"),
            ("1,a,a,,yes,a b", "line 3, column none_good: \"yes\" is neither 0 nor 1"),
            ("1,a,a,,0,a a", "line 3, column lanes: \"a\" is listed twice"),
            ("1,a,,,1,", "line 3, column lanes: no lanes are listed"),
            (",a,a,,0,a b", "line 3, column race: the race is missing"),
            ("1,,a,,0,a b", "line 3, column voter: the voter is missing"),
            ("1,a,a,,0", "line 3: 5 fields instead of 6"),
        ] {
            assert_eq!(error(&format!("{HEADER}1,v,a,b,0,a b\n{rows}\n")), expected);
        }
        assert_eq!(error(""), format!("line 1: the column \"race\" is missing; {columns}"));
        assert_eq!(
            error("race,voter,best,best,second,none_good,lanes\n"),
            format!("line 1: the column \"best\" is given twice; {columns}")
        );
        let latin1 = [HEADER.as_bytes(), b"1,\xe9,a,,0,a b\n"].concat();
        assert_eq!(read(&*latin1).unwrap_err().to_string(), "line 2, column voter: not UTF-8 text");
    }
}
