//! Short text kept inline, so that a profile is one flat value and comparing allocates nothing.

use std::fmt;

/// UTF-8 text of at most `N` bytes (`N` ≤ 255); longer text is cut at a character's end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text<const N: usize> {
    bytes: [u8; N],
    length: u8,
}

impl<const N: usize> Text<N> {
    pub fn new(text: &str) -> Self {
        let mut end = text.len().min(N).min(usize::from(u8::MAX));
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let mut bytes = [0; N];
        bytes[..end].copy_from_slice(&text.as_bytes()[..end]);
        Text { bytes, length: u8::try_from(end).unwrap_or_default() }
    }

    /// Reads stored bytes; `None` when they are not text or too long.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        std::str::from_utf8(bytes).ok().filter(|text| text.len() <= N).map(Self::new)
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    pub fn len(&self) -> usize {
        usize::from(self.length)
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Text { bytes: [0; N], length: 0 }
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.length)
    }
}

/// A list of at most `N` items, kept inline; further items are dropped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Few<T, const N: usize> {
    items: [T; N],
    length: u8,
}

impl<T: Copy + Default + PartialEq, const N: usize> Few<T, N> {
    pub fn as_slice(&self) -> &[T] {
        &self.items[..usize::from(self.length)]
    }

    /// Adds an item unless it is there already or the list is full.
    pub fn add(&mut self, item: T) {
        let length = usize::from(self.length);
        if length < N && !self.as_slice().contains(&item) {
            self.items[length] = item;
            self.length += 1;
        }
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl<T: Copy + Default, const N: usize> Default for Few<T, N> {
    fn default() -> Self {
        Few { items: [T::default(); N], length: 0 }
    }
}

impl<T: Copy + Default + PartialEq + fmt::Debug, const N: usize> fmt::Debug for Few<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.as_slice()).finish()
    }
}

/// A stable 16-bit mark of a text, never 0: equal texts have equal marks, and two unequal ones
/// share a mark once in 65,535. FNV-1a, folded.
pub(super) fn mark(text: &str) -> u16 {
    let mut hash = 0x811c_9dc5_u32;
    for byte in text.bytes() {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    let folded = (hash >> 16) ^ (hash & 0xffff);
    u16::try_from(folded).unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_at_the_end_of_a_character() {
        assert_eq!(Text::<3>::new("abé").as_str(), "ab");
        assert_eq!(Text::<4>::new("abé").as_str(), "abé");
        assert!(Text::<4>::from_bytes(b"abcde").is_none());
        assert!(Text::<4>::from_bytes(&[0xff]).is_none());
    }

    #[test]
    fn a_full_list_takes_no_more_and_nothing_twice() {
        let mut list = Few::<u8, 2>::default();
        for item in [1, 1, 2, 3] {
            list.add(item);
        }
        assert_eq!(list.as_slice(), [1, 2]);
    }
}
