//! Made-up JPEGs for tests: right in structure, without meaning.

/// A JPEG with `n_coded` bytes of entropy-coded data that depend on `seed`.
pub(crate) fn jpeg(seed: u8, n_coded: usize) -> Vec<u8> {
    let mut bytes = vec![0xFF, 0xD8];
    segment(&mut bytes, 0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    scan(&mut bytes, seed, n_coded);
    bytes
}

/// A JPEG whose EXIF segment holds another JPEG, with its own start and end.
pub(crate) fn jpeg_with_thumbnail(seed: u8) -> Vec<u8> {
    let mut bytes = vec![0xFF, 0xD8];
    let exif = [b"Exif\0\0".as_slice(), &jpeg(seed, 20)].concat();
    segment(&mut bytes, 0xE1, &exif);
    scan(&mut bytes, seed, 60);
    bytes
}

fn segment(bytes: &mut Vec<u8>, code: u8, content: &[u8]) {
    let len = u16::try_from(content.len() + 2).expect("segments are small");
    bytes.extend([0xFF, code]);
    bytes.extend(len.to_be_bytes());
    bytes.extend(content);
}

fn scan(bytes: &mut Vec<u8>, seed: u8, n_coded: usize) {
    segment(bytes, 0xDA, &[1, 1, 0, 0, 63, 0]);
    let mut value = seed;
    for _ in 0..n_coded {
        value = value.wrapping_mul(37).wrapping_add(11);
        bytes.push(value);
        if value == 0xFF {
            bytes.push(0);
        }
    }
    bytes.extend([0xFF, 0xD9]);
}
