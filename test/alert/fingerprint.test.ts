import { expect, test } from "bun:test";

import { fingerprint } from "../../src/alert/fingerprint.ts";

test("fingerprint is that of Alertmanager: the test vectors of prometheus/common", () => {
  expect(fingerprint({})).toBe(14695981039346656037n.toString(16));
  expect(fingerprint({ name: "garland, briggs", fear: "love is not enough" })).toBe(5799056148416392346n.toString(16));
});

test("fingerprint does not depend on the order of labels, and on nothing but them", () => {
  const one = fingerprint({ alertname: "port_flapping", port: "Ethernet0", severity: "warning" });
  expect(fingerprint({ severity: "warning", port: "Ethernet0", alertname: "port_flapping" })).toBe(one);
  expect(fingerprint({ alertname: "port_flapping", port: "Ethernet4", severity: "warning" })).not.toBe(one);
  expect(fingerprint({ a: "bc" })).not.toBe(fingerprint({ ab: "c" }));
});

test("fingerprint is of the bytes of UTF-8, and always 16 digits", () => {
  // FNV-1a of the bytes 61 FF C3 A4 FF, worked out apart from this code
  expect(fingerprint({ a: "ä" })).toBe("0023cb2f2451f6c3");
  for (let i = 0; i < 200; i++) expect(fingerprint({ i: String(i) })).toMatch(/^[0-9a-f]{16}$/);
});
