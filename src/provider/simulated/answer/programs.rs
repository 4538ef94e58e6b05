//! Programs that are known by heart, each in three languages and with its own tests.
//!
//! Data alone; who asks for which is [`super::code`]'s business.

/// A program that is known by heart.
pub(super) struct Program {
    /// The words, or their beginnings, that call it up.
    pub cues: &'static str,
    /// How it works in a sentence.
    pub lead: &'static str,
    /// What is worth saying of it.
    pub points: &'static [(&'static str, &'static str)],
    /// A check.
    pub close: &'static str,
    /// In Rust.
    pub rust: &'static str,
    /// In Python.
    pub python: &'static str,
    /// In JavaScript.
    pub javascript: &'static str,
}

/// The programs.
pub(super) const PROGRAMS: &[Program] = &[
    Program {
        cues: "revers word",
        lead: "The function splits the sentence at white space, walks the words backwards and joins them with single spaces.",
        points: &[
            ("Splitting", "Splitting at white space also drops leading, trailing and doubled spaces."),
            ("Reversing", "Only the order of the words changes; each word keeps its letters."),
            ("Cost", "Time and memory are linear in the length of the sentence."),
            ("Punctuation", "A comma or full stop stays with its word, so it moves along."),
        ],
        close: "\"the sky is blue\" becomes \"blue is sky the\"; an empty sentence stays empty.",
        rust: r#"/// Returns the sentence with its words in reverse order.
fn reverse_words(sentence: &str) -> String {
    sentence.split_whitespace().rev().collect::<Vec<_>>().join(" ")
}

fn main() {
    assert_eq!(reverse_words("the sky is blue"), "blue is sky the");
    assert_eq!(reverse_words(""), "");
}"#,
        python: r#"def reverse_words(sentence: str) -> str:
    """Return the sentence with its words in reverse order."""
    return " ".join(reversed(sentence.split()))


assert reverse_words("the sky is blue") == "blue is sky the"
assert reverse_words("") == """#,
        javascript: r#"/** Returns the sentence with its words in reverse order. */
function reverseWords(sentence) {
  return sentence.split(/\s+/).filter(Boolean).reverse().join(" ");
}

console.assert(reverseWords("the sky is blue") === "blue is sky the");
console.assert(reverseWords("") === "");"#,
    },
    Program {
        cues: "merg interval",
        lead: "It sorts the intervals by their start and merges in one pass, so it takes O(n log n) time: the sorting dominates.",
        points: &[
            ("Sort", "After sorting, an interval can only overlap with the last one that was kept."),
            (
                "Merge",
                "If it begins before that one ends, the end moves out to the later of both; else it is kept as it is.",
            ),
            (
                "Touching",
                "Intervals that only touch, such as (1, 2) and (2, 3), are merged; write < for <= to keep them apart.",
            ),
            ("Memory", "The result needs as much room as the input, and the input is not changed."),
        ],
        close: "An interval inside another, (1, 9) and (2, 3), must not shorten it: that is why the maximum is taken.",
        rust: r"/// Merges the intervals that overlap or touch.
fn merge(mut intervals: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    intervals.sort_unstable();
    let mut merged: Vec<(i64, i64)> = Vec::new();
    for (start, end) in intervals {
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}

fn main() {
    assert_eq!(merge(vec![(5, 7), (1, 3), (2, 4)]), [(1, 4), (5, 7)]);
    assert_eq!(merge(vec![(1, 9), (2, 3)]), [(1, 9)]);
    assert_eq!(merge(vec![]), []);
}",
        python: r#"def merge(intervals):
    """Merge the (start, end) pairs that overlap or touch."""
    merged = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


assert merge([(5, 7), (1, 3), (2, 4)]) == [(1, 4), (5, 7)]
assert merge([(1, 9), (2, 3)]) == [(1, 9)]
assert merge([]) == []"#,
        javascript: r#"/** Merges the [start, end] pairs that overlap or touch. */
function merge(intervals) {
  const merged = [];
  for (const [start, end] of [...intervals].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([start, end]);
  }
  return merged;
}

console.assert(JSON.stringify(merge([[5, 7], [1, 3], [2, 4]])) === "[[1,4],[5,7]]");
console.assert(JSON.stringify(merge([[1, 9], [2, 3]])) === "[[1,9]]");
console.assert(merge([]).length === 0);"#,
    },
    Program {
        cues: "fibonacci",
        lead: "Two variables are enough: each step replaces the pair by its second number and the sum of both.",
        points: &[
            ("State", "The pair holds two neighbouring Fibonacci numbers, beginning with 0 and 1."),
            ("Cost", "n steps, constant memory; plain recursion would take exponential time."),
            (
                "Range",
                "Position 93 holds the last number that fits into 64 bits; beyond it takes big integers.",
            ),
        ],
        close: "The sequence begins 0, 1, 1, 2, 3, 5, 8; position 10 holds 55.",
        rust: r"/// The n-th Fibonacci number, counted from 0; `None` when it does not fit.
fn fibonacci(n: u32) -> Option<u64> {
    let (mut current, mut next) = (0u64, 1u64);
    for step in 0..n {
        let sum = current.checked_add(next);
        current = next;
        match sum {
            Some(sum) => next = sum,
            None if step + 1 == n => break,
            None => return None,
        }
    }
    Some(current)
}

fn main() {
    assert_eq!(fibonacci(10), Some(55));
}",
        python: r#"def fibonacci(n: int) -> int:
    """Return the n-th Fibonacci number, counted from 0."""
    current, following = 0, 1
    for _ in range(n):
        current, following = following, current + following
    return current


assert fibonacci(10) == 55"#,
        javascript: r"/** The n-th Fibonacci number, counted from 0. */
function fibonacci(n) {
  let [current, next] = [0n, 1n];
  for (let i = 0; i < n; i++) [current, next] = [next, current + next];
  return current;
}

console.assert(fibonacci(10) === 55n);",
    },
    Program {
        cues: "palindrom",
        lead: "The function keeps letters and digits in lower case and compares them with their own reverse.",
        points: &[
            (
                "Cleaning",
                "Spaces, punctuation and case do not count, so that whole sentences can be palindromes.",
            ),
            ("Comparing", "Two ends walk towards each other and stop at the first difference."),
            ("Cost", "Time is linear in the length of the text."),
        ],
        close: "\"A man, a plan, a canal: Panama\" is one; \"arena\" is not; the empty text is.",
        rust: r#"/// True when the text reads the same from both ends; only letters and digits count.
fn is_palindrome(text: &str) -> bool {
    let letters: Vec<char> =
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    letters.iter().eq(letters.iter().rev())
}

fn main() {
    assert!(is_palindrome("A man, a plan, a canal: Panama"));
    assert!(!is_palindrome("arena"));
}"#,
        python: r#"def is_palindrome(text: str) -> bool:
    """True when the text reads the same from both ends; only letters and digits count."""
    letters = [c.lower() for c in text if c.isalnum()]
    return letters == letters[::-1]


assert is_palindrome("A man, a plan, a canal: Panama")
assert not is_palindrome("arena")"#,
        javascript: r#"/** True when the text reads the same from both ends; only letters and digits count. */
function isPalindrome(text) {
  const letters = [...text.toLowerCase()].filter((c) => /[\p{L}\p{N}]/u.test(c));
  return letters.join("") === letters.reverse().join("");
}

console.assert(isPalindrome("A man, a plan, a canal: Panama"));
console.assert(!isPalindrome("arena"));"#,
    },
    Program {
        cues: "prime",
        lead: "A number is prime when no divisor up to its square root divides it; after 2 only odd divisors need a try.",
        points: &[
            ("Small numbers", "Zero and one are not prime, two is the only even prime."),
            (
                "The bound",
                "A factor above the square root has a partner below it, so the search may stop there.",
            ),
            ("Cost", "About half the square root of n divisions; for many numbers a sieve is better."),
        ],
        close: "Below 20 it finds 2, 3, 5, 7, 11, 13, 17 and 19.",
        rust: r"/// True when `n` is a prime number.
fn is_prime(n: u64) -> bool {
    match n {
        0 | 1 => false,
        2 => true,
        n if n % 2 == 0 => false,
        n => (3..).step_by(2).take_while(|d| d * d <= n).all(|d| n % d != 0),
    }
}

fn main() {
    let primes: Vec<u64> = (0..20).filter(|n| is_prime(*n)).collect();
    assert_eq!(primes, [2, 3, 5, 7, 11, 13, 17, 19]);
}",
        python: r#"from math import isqrt


def is_prime(n: int) -> bool:
    """True when n is a prime number."""
    if n < 2:
        return False
    return n == 2 or (n % 2 == 1 and all(n % d for d in range(3, isqrt(n) + 1, 2)))


assert [n for n in range(20) if is_prime(n)] == [2, 3, 5, 7, 11, 13, 17, 19]"#,
        javascript: r"/** True when n is a prime number. */
function isPrime(n) {
  if (n < 2 || (n > 2 && n % 2 === 0)) return false;
  for (let d = 3; d * d <= n; d += 2) if (n % d === 0) return false;
  return true;
}

console.assert([2, 3, 5, 7, 11, 13, 17, 19].every(isPrime) && !isPrime(9));",
    },
    Program {
        cues: "fizzbuzz",
        lead: "The loop tests for both divisors at once, which leaves four cases and no special order to remember.",
        points: &[
            ("Cases", "Divisible by 3 and 5, by 3 alone, by 5 alone, by neither."),
            ("Why a pair", "Matching on both remainders makes it plain that no case is missing."),
            ("Cost", "One line of output a number."),
        ],
        close: "15 gives FizzBuzz, 9 Fizz, 10 Buzz, and 7 itself.",
        rust: r#"fn fizzbuzz(n: u32) -> String {
    match (n % 3, n % 5) {
        (0, 0) => "FizzBuzz".to_string(),
        (0, _) => "Fizz".to_string(),
        (_, 0) => "Buzz".to_string(),
        _ => n.to_string(),
    }
}

fn main() {
    (1..=100).for_each(|n| println!("{}", fizzbuzz(n)));
}"#,
        python: r#"def fizzbuzz(n: int) -> str:
    return "Fizz" * (n % 3 == 0) + "Buzz" * (n % 5 == 0) or str(n)


for number in range(1, 101):
    print(fizzbuzz(number))"#,
        javascript: r#"const fizzbuzz = (n) => (n % 3 ? "" : "Fizz") + (n % 5 ? "" : "Buzz") || String(n);

for (let n = 1; n <= 100; n++) console.log(fizzbuzz(n));"#,
    },
];
