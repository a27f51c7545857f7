import { describe, expect, test } from "bun:test";

import { textAnswer } from "../../src/http/answer.ts";
import { acceptsGzip, BodyEncoder } from "../../src/http/compression.ts";

describe("acceptsGzip", () => {
  test("takes those who name it, or anything", () => {
    const yes = ["gzip", "deflate, gzip", "GZIP;q=0.5", "x-gzip", "*", "br, *;q=0.1", "gzip ; q=1.0"];
    expect(yes.filter((text) => !acceptsGzip(text))).toEqual([]);
  });

  test("takes nobody else, nor who forbids it", () => {
    const no = [undefined, "", "identity", "gzip;q=0", "gzip;q=0.0", "notgzip", "gzipped", "br;q=1"];
    expect(no.filter(acceptsGzip)).toEqual([]);
  });
});

describe("BodyEncoder", () => {
  test("encodes the body of an answer that several get once", async () => {
    const encoder = new BodyEncoder();
    const answer = textAnswer(200, "a".repeat(10_000));
    const [first, second] = await Promise.all([encoder.encode(answer, true), encoder.encode(answer, true)]);
    expect(second.bytes).toBe(first.bytes);
    expect(Buffer.from(Bun.gunzipSync(Buffer.from(first.bytes))).toString()).toBe(`${"a".repeat(10_000)}\n`);
  });

  test("leaves what is short as it is", async () => {
    const { bytes, headers } = await new BodyEncoder().encode(textAnswer(200, "é"), true);
    expect(Buffer.from(bytes).toString()).toBe("é\n");
    expect(headers).toEqual({});
  });
});
