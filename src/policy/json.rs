//! Which JSON can be stored: what PostgreSQL's `jsonb` and Python's own reader take, so that every store keeps the same.

use serde_json::value::RawValue;

/// How deep lists and objects may lie in each other.
pub const MAX_DEPTH: usize = 500;
/// How many digits a number may have before its point, and how many after it, when it is written without an exponent.
pub const MAX_DIGITS: i64 = 4_300;

/// Why a text is not JSON that can be stored, to be read after the name of what it is.
///
/// # Errors
/// The reason.
pub fn check(text: &[u8]) -> Result<(), String> {
    serde_json::from_slice::<&RawValue>(text).map_err(|error| format!("is not JSON: {error}"))?;
    // From here on the text is known to be well formed.
    let mut depth = 0_usize;
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = match byte {
            b'"' => check_string(after)?,
            b'-' | b'0'..=b'9' => check_number(rest)?,
            b'[' | b'{' if depth == MAX_DEPTH => {
                return Err(format!("is nested deeper than {MAX_DEPTH} levels: flatten it"));
            }
            _ => after,
        };
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// Checks a string whose opening quote was read; what follows its closing quote.
fn check_string(mut rest: &[u8]) -> Result<&[u8], String> {
    // The first half of a surrogate pair was read, and the second must follow at once.
    let mut half = false;
    while let Some((&byte, after)) = rest.split_first() {
        let code = (byte == b'\\').then(|| escaped(after)).flatten();
        let is_second = matches!(code, Some(0xDC00..=0xDFFF));
        if half != is_second {
            return Err("holds half of a surrogate pair, which is not text: decode its source anew".to_owned());
        }
        half = matches!(code, Some(0xD800..=0xDBFF));
        rest = match (byte, code) {
            (b'"', _) => return Ok(after),
            (_, Some(0)) => {
                return Err(
                    "holds a NUL character (U+0000), which PostgreSQL cannot store: remove it from the text".to_owned()
                );
            }
            (_, Some(_)) => after.get(5..).unwrap_or_default(),
            (b'\\', None) => after.get(1..).unwrap_or_default(),
            _ => after,
        };
    }
    Ok(rest)
}

/// The code unit of an escape `\uXXXX` whose backslash was read; `None` for any other escape.
fn escaped(after: &[u8]) -> Option<u16> {
    let digits = after.strip_prefix(b"u")?.get(..4)?;
    u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

/// Checks the number that the text begins with; what follows it.
fn check_number(text: &[u8]) -> Result<&[u8], String> {
    let end = text.iter().position(|byte| !matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'));
    let (number, rest) = text.split_at(end.unwrap_or(text.len()));
    let mut parts = number.split(|byte| matches!(byte, b'e' | b'E'));
    let mantissa = parts.next().unwrap_or_default();
    let exponent = parts.next().map_or(Some(0), |digits| str::from_utf8(digits).ok()?.parse::<i32>().ok());
    let mut places = mantissa.split(|byte| *byte == b'.');
    let mut digits = || places.next().map_or(0, |digits| digits.iter().filter(|byte| byte.is_ascii_digit()).count());
    let (whole, decimals) = (digits() as i64, digits() as i64);
    let written_out = exponent.map(|exponent| (whole + i64::from(exponent)).max(decimals - i64::from(exponent)));
    if written_out.is_none_or(|digits| digits > MAX_DIGITS) {
        return Err(format!(
            "holds a number of more than {MAX_DIGITS} digits before or after its point: write it as text"
        ));
    }
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_is_found_and_an_escaped_backslash_is_not() {
        for text in [r#""a\u0000b""#, r#""a\\\u0000b""#, r#"{"\u0000":1}"#] {
            assert!(check(text.as_bytes()).unwrap_err().contains("NUL"), "{text}");
        }
        for text in [r#""a\\u0000b""#, r#""plain""#, r#""\u00000""#, r#""\"\\""#] {
            assert_eq!(check(text.as_bytes()).is_ok(), !text.contains("\"\\u0000"), "{text}");
        }
    }

    #[test]
    fn halves_of_surrogate_pairs_are_found_and_pairs_are_not() {
        for text in [r#""\ud83e\udd80""#, r#""x\ud83e\udd80\ud83e\udd80y""#, r#""\\ud83e""#, "\"\u{1F980}\""] {
            assert_eq!(check(text.as_bytes()), Ok(()), "{text}");
        }
        for text in [r#""\ud83e""#, r#""\udd80""#, r#""\ud83e\ud83e\udd80""#, r#""\ud83e \udd80""#, r#""\ud83e\n""#] {
            assert!(check(text.as_bytes()).unwrap_err().contains("surrogate"), "{text}");
        }
    }

    #[test]
    fn brackets_in_text_are_no_levels() {
        let text = format!("[\"{}\"]", "[".repeat(MAX_DEPTH + 1));
        assert_eq!(check(text.as_bytes()), Ok(()));
        let many = format!("[{}0]", "[[]],".repeat(MAX_DEPTH));
        assert_eq!(check(many.as_bytes()), Ok(()));
        for (depth, fits) in [(MAX_DEPTH, true), (MAX_DEPTH + 1, false)] {
            let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            assert_eq!(check(text.as_bytes()).is_ok(), fits);
        }
    }

    #[test]
    fn numbers_are_measured_as_they_would_be_written_out() {
        let digits = |count: i64| "9".repeat(count as usize);
        let (most, more) = (digits(MAX_DIGITS), digits(MAX_DIGITS + 1));
        for number in ["0", "-1.5e308", "5e-324", "1e4299", "1e-4299", &most, &format!("-{most}.{most}"), "100e-4300"] {
            assert_eq!(check(number.as_bytes()), Ok(()), "{number:.20}");
        }
        for number in ["1e4300", "1e-4301", "0.1e-4300", "1e99999999999", "1e-99999999999", &more, &format!("0.{more}")]
        {
            assert!(check(number.as_bytes()).unwrap_err().contains("digits"), "{number:.20}");
        }
    }
}
