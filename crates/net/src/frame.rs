//! The size of one relay message, judged before it is parsed.
//! Never looks at what it says.

/// Largest relay message that is looked at, in bytes. A larger one is dropped and the stream goes on.
pub const MESSAGE_BYTES_CAP: usize = 512 * 1024;
/// Most lists, objects and items of one relay message. Half a mebibyte of the smallest tags would take a hundred times its size in memory.
pub const MESSAGE_PARTS_CAP: usize = 8_192;

/// Whether a relay message is small enough to be parsed.
pub fn frame_fits(message: &[u8]) -> bool {
    message.len() <= MESSAGE_BYTES_CAP && parts(message) <= MESSAGE_PARTS_CAP
}

/// Opening brackets and commas outside of strings.
fn parts(message: &[u8]) -> usize {
    let (mut parts, mut in_string, mut escaped) = (0, false, false);
    for byte in message {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' | b',' if !in_string => parts += 1,
            _ => {}
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_outside_of_strings() {
        assert_eq!(parts(br#"["EVENT","sub",{"content":"[[,,\"[\\","tags":[["h","x"]]}]"#), 8);
        assert_eq!(parts(b""), 0);
    }

    #[test]
    fn a_message_of_too_many_parts_or_bytes_does_not_fit() {
        let list = |count: usize| format!("[{}1]", "1,".repeat(count));
        assert!(frame_fits(list(MESSAGE_PARTS_CAP - 1).as_bytes()));
        assert!(!frame_fits(list(MESSAGE_PARTS_CAP).as_bytes()));
        assert!(frame_fits(&vec![b'"'; MESSAGE_BYTES_CAP]));
        assert!(!frame_fits(&vec![b'"'; MESSAGE_BYTES_CAP + 1]));
    }
}
