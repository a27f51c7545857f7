import { afterAll, beforeAll, describe, expect } from "bun:test";
import { chmodSync } from "node:fs";

import { CredentialError, type CredentialFiles, readCredentials } from "../../src/http/credentials.ts";
import { needsCommands } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { Authority, credentialFiles, type Identity, openssl } from "./authority.ts";

const able = needsCommands("openssl", "mkfifo");
const DAY_MS = 86_400_000;

describe("readCredentials", () => {
  const dir = new TempDir();
  let ca: Authority;
  let server: Identity;
  beforeAll(async () => {
    if (!able.ok) return;
    ca = await Authority.open(dir, "ca");
    server = await ca.issue("server");
  });
  afterAll(() => dir[Symbol.asyncDispose]());

  async function file(name: string, text: string): Promise<string> {
    await Bun.write(dir.file(name), text);
    return dir.file(name);
  }

  /** What is wrong with the files, without the directory; `shiftMs` is how far the clock is off. */
  function wrongWith(change: Partial<CredentialFiles>, shiftMs = 0): string {
    try {
      readCredentials({ ...credentialFiles(server, ca), ...change }, Date.now() + shiftMs);
    } catch (error) {
      if (error instanceof CredentialError) return error.message.replaceAll(`${dir.path}/`, "");
      throw error;
    }
    return "nothing";
  }

  testWith(able, "reads a certificate with its key and a CA, and says whose it is and until when", async () => {
    const { subject, expiresWallMs, tls } = readCredentials(credentialFiles(server, ca), Date.now());
    expect(subject).toBe("CN=server");
    expect(Math.abs(expiresWallMs - Date.now() - 10 * DAY_MS)).toBeLessThan(DAY_MS);
    expect(tls).toMatchObject({ minVersion: "TLSv1.3", requestCert: true, rejectUnauthorized: true });
    expect(readCredentials(credentialFiles(server), Date.now()).tls.requestCert).toBeUndefined();
  });

  testWith(able, "refuses files that are missing, no files, or nothing of their kind, and names them", async () => {
    await openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", dir.file("other.key"));
    const wrong = ["-in", server.key, "-aes128", "-passout", "pass:secret", "-out", dir.file("encrypted.key")];
    await openssl("ec", ...wrong);
    Bun.spawnSync(["mkfifo", dir.file("fifo")]);
    const broken = (await Bun.file(server.certificate).text()).replace(/[A-Z]/g, "A");
    const cases: readonly (readonly [Partial<CredentialFiles>, string])[] = [
      [{ certificate: dir.file("none") }, "none: does not exist"],
      [{ key: dir.path }, `${dir.path}: is a directory, a file is needed`],
      [{ clientCa: dir.file("fifo") }, "fifo: is not a regular file"],
      [{ certificate: await file("empty", "") }, "empty: holds no certificate in PEM"],
      [{ certificate: server.key }, "server.key: holds no certificate in PEM"],
      [{ key: server.certificate }, "server.crt: holds nothing of its kind in PEM"],
      [{ key: dir.file("other.key") }, "other.key: is not the key of server.crt"],
      [{ key: dir.file("encrypted.key") }, "encrypted.key: is encrypted, which it must not be"],
      [{ clientCa: await file("words", "no certificate") }, "words: holds no certificate in PEM"],
      [
        { certificate: await file("large", "x".repeat(2 ** 20 + 1)) },
        "large: is larger than 1048576 bytes, the most that is read",
      ],
    ];
    for (const [change, expected] of cases) expect(wrongWith(change)).toBe(expected);
    expect(wrongWith({ certificate: await file("broken", broken) })).toStartWith("broken: ");
  });

  testWith(
    able,
    "refuses a certificate that has expired, or is not valid yet as with a clock that is behind",
    async () => {
      expect(wrongWith({}, 11 * DAY_MS)).toMatch(/^server\.crt: expired on \w{3} /);
      expect(wrongWith({}, -DAY_MS)).toMatch(/^server\.crt: is not valid before \w{3} /);
    },
  );

  testWith(able, "takes CAs of which one is valid, and refuses those that have all expired", async () => {
    const old = await ca.issue("old", { days: -1, isCa: true });
    const both = await file(
      "both",
      (await Bun.file(old.certificate).text()) + (await Bun.file(ca.identity.certificate).text()),
    );
    expect(wrongWith({ clientCa: both })).toBe("nothing");
    expect(wrongWith({ clientCa: old.certificate })).toMatch(/^old\.crt: expired on /);
  });

  testWith(
    process.getuid?.() === 0 ? { ok: false, reason: "root may read everything" } : able,
    "says that a file may not be read",
    () => {
      chmodSync(server.key, 0);
      expect(wrongWith({})).toBe("server.key: may not be read");
      chmodSync(server.key, 0o600);
    },
  );
});
