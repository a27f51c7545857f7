import * as fc from "fast-check";

/** Any name that the kernel lets a netdev have (dev_valid_name): 1 to 15 bytes but NUL, white space, "/" and ":". */
const valid = fc
  .uint8Array({ minLength: 1, maxLength: 15 })
  .map((bytes) => String.fromCharCode(...bytes))
  .filter((name) => !/[\0\t-\r /:]/.test(name) && name !== "." && name !== "..");
/** Names that are likely to become the same when they are shown. */
const similar = fc
  .array(fc.constantFrom("\xc3\xa9", "\xe9", "\xc3", "\\", "xe9", "\\xe9", '"', "n"), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join(""));

/** Names of netdevs, one character for each byte. */
export const netdevNames = fc.oneof(valid, similar);
