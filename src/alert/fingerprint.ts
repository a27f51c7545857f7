/** The 64-bit FNV-1a: its start, in two halves, and its prime without the bit 2^40. */
const START_HIGH = 0xcbf29ce4;
const START_LOW = 0x84222325;
const PRIME_LOW = 0x1b3;
const TWO_32 = 2 ** 32;
/** Between names and values: a byte that UTF-8 does not have. */
const SEPARATOR = 0xff;

const encoder = new TextEncoder();

/** What tells one set of labels from all others: 16 hexadecimal digits, the same that Alertmanager shows. */
export function fingerprint(labels: Readonly<Record<string, string>>): string {
  let [high, low] = [START_HIGH, START_LOW];
  const add = (byte: number): void => {
    low = (low ^ byte) >>> 0;
    const product = low * PRIME_LOW;
    // What is shifted by 40 bits comes from the low half only.
    high = (high * PRIME_LOW + Math.floor(product / TWO_32) + low * 256) >>> 0;
    low = product >>> 0;
  };
  // Bytes, as Go compares strings; label names are ASCII.
  for (const name of Object.keys(labels).sort()) {
    for (const text of [name, labels[name]!]) {
      for (const byte of encoder.encode(text)) add(byte);
      add(SEPARATOR);
    }
  }
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}
