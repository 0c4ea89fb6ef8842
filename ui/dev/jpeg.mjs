// A small baseline JPEG encoder (4:4:4, standard Huffman tables of ITU-T T.81 annex K),
// so that the mock server can draw pictures without any package.

const ZIGZAG = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46,
  53, 60, 61, 54, 47, 55, 62, 63,
];
const LUMA = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22,
  29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103,
  121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
// One pair of tables (the luminance ones) serves all three components.
const DC_COUNTS = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
const DC_SYMBOLS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const AC_COUNTS = [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d];
const AC_SYMBOLS = Buffer.from(
  '01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a' +
    '434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aa' +
    'b2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa',
  'hex',
);

function codes(counts, symbols) {
  const table = [];
  let code = 0;
  let at = 0;
  counts.forEach((count, index) => {
    for (let n = 0; n < count; n += 1) table[symbols[at++]] = [code++, index + 1];
    code <<= 1;
  });
  return table;
}
const DC = codes(DC_COUNTS, DC_SYMBOLS);
const AC = codes(AC_COUNTS, AC_SYMBOLS);

const COS = Array.from({ length: 64 }, (_, n) => {
  const [u, x] = [n >> 3, n & 7];
  return Math.cos(((2 * x + 1) * u * Math.PI) / 16) * (u === 0 ? Math.SQRT1_2 : 1) * 0.5;
});

function transform(block, out) {
  const rows = new Float32Array(64);
  for (let y = 0; y < 8; y += 1) {
    for (let u = 0; u < 8; u += 1) {
      let sum = 0;
      for (let x = 0; x < 8; x += 1) sum += block[y * 8 + x] * COS[u * 8 + x];
      rows[y * 8 + u] = sum;
    }
  }
  for (let u = 0; u < 8; u += 1) {
    for (let v = 0; v < 8; v += 1) {
      let sum = 0;
      for (let y = 0; y < 8; y += 1) sum += rows[y * 8 + u] * COS[v * 8 + y];
      out[v * 8 + u] = sum;
    }
  }
}

const segment = (marker, bytes) => [
  0xff,
  marker,
  (bytes.length + 2) >> 8,
  (bytes.length + 2) & 255,
  ...bytes,
];

/** @param {{width: number, height: number, data: Uint8Array}} image packed RGB */
export function encodeJpeg({ width, height, data }, quality = 75) {
  const scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  const quant = LUMA.map((value) => Math.min(255, Math.max(1, Math.floor((value * scale + 50) / 100))));
  const head = [
    ...[0xff, 0xd8],
    ...segment(0xdb, [0, ...ZIGZAG.map((at) => quant[at])]),
    ...segment(0xc0, [
      8,
      height >> 8,
      height & 255,
      width >> 8,
      width & 255,
      3,
      1,
      0x11,
      0,
      2,
      0x11,
      0,
      3,
      0x11,
      0,
    ]),
    ...segment(0xc4, [0x00, ...DC_COUNTS, ...DC_SYMBOLS]),
    ...segment(0xc4, [0x10, ...AC_COUNTS, ...AC_SYMBOLS]),
    ...segment(0xda, [3, 1, 0, 2, 0, 3, 0, 0, 63, 0]),
  ];
  const out = [];
  let bits = 0;
  let bitCount = 0;
  const put = (value, count) => {
    for (let n = count - 1; n >= 0; n -= 1) {
      bits = (bits << 1) | ((value >> n) & 1);
      if (++bitCount === 8) {
        out.push(bits);
        if (bits === 0xff) out.push(0);
        bits = 0;
        bitCount = 0;
      }
    }
  };
  const sizeOf = (value) => (value === 0 ? 0 : 32 - Math.clz32(Math.abs(value)));
  const putValue = (value, size) => put(value < 0 ? value + (1 << size) - 1 : value, size);
  const last = [0, 0, 0];
  const block = new Float32Array(64);
  const freq = new Float32Array(64);
  const weights = [
    [0.299, 0.587, 0.114, -128],
    [-0.168736, -0.331264, 0.5, 0],
    [0.5, -0.418688, -0.081312, 0],
  ];
  for (let top = 0; top < height; top += 8) {
    for (let left = 0; left < width; left += 8) {
      weights.forEach(([r, g, b, offset], component) => {
        for (let n = 0; n < 64; n += 1) {
          const y = Math.min(height - 1, top + (n >> 3));
          const x = Math.min(width - 1, left + (n & 7));
          const at = (y * width + x) * 3;
          block[n] = r * data[at] + g * data[at + 1] + b * data[at + 2] + offset;
        }
        transform(block, freq);
        const values = ZIGZAG.map((at) => Math.round(freq[at] / quant[at]));
        const difference = values[0] - last[component];
        last[component] = values[0];
        const size = sizeOf(difference);
        put(...DC[size]);
        putValue(difference, size);
        let zeros = 0;
        const end = values.findLastIndex((value, n) => n > 0 && value !== 0);
        for (let n = 1; n <= end; n += 1) {
          if (values[n] === 0) {
            zeros += 1;
            continue;
          }
          for (; zeros > 15; zeros -= 16) put(...AC[0xf0]);
          const bitsNeeded = sizeOf(values[n]);
          put(...AC[(zeros << 4) | bitsNeeded]);
          putValue(values[n], bitsNeeded);
          zeros = 0;
        }
        if (end < 63) put(...AC[0]);
      });
    }
  }
  if (bitCount > 0) put((1 << (8 - bitCount)) - 1, 8 - bitCount);
  return Buffer.from([...head, ...out, 0xff, 0xd9]);
}
