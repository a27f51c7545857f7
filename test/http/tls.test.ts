import { afterAll, beforeAll, describe, expect } from "bun:test";
import { copyFileSync } from "node:fs";
import { connect, type TLSSocket } from "node:tls";

import { collectLog } from "../port/loglines.ts";
import { waitUntil, within } from "../support/deadline.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { needsCommands } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { Authority, credentialFiles, type Identity, selfSigned } from "./authority.ts";
import { HttpRig, request, type RigOptions } from "./rig.ts";
import { askOverTls } from "./tlsclient.ts";

const able = needsCommands("openssl");
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const READY = /^HTTP\/1\.1 200 [^]*\r\n\r\nready\n/;

describe("HttpServer with a certificate", () => {
  const log = collectLog("info");
  const dir = new TempDir();
  let ca: Authority;
  let foreign: Authority;
  let server: Identity;
  let client: Identity;
  beforeAll(async () => {
    if (!able.ok) return;
    [ca, foreign] = await Promise.all([Authority.open(dir, "ca"), Authority.open(dir, "foreign")]);
    server = await ca.issue("server");
    client = await ca.issue("client");
  });
  afterAll(() => dir[Symbol.asyncDispose]());

  /** A server on whose clock certificates are valid that are made while it runs. */
  function start(options: RigOptions): Promise<HttpRig> {
    return HttpRig.start({ clock: new FakeClock(Date.now() + MINUTE_MS), ...options });
  }

  testWith(able, "answers a client with a certificate of its CA, by TLS 1.3", async () => {
    await using rig = await start({ files: credentialFiles(server, ca) });
    const { answer, words } = await askOverTls({ port: rig.port, ca, identity: client });
    expect(answer).toMatch(READY);
    expect(words).toContain("New, TLSv1.3");
    expect(words).toContain("Verification: OK");
  });

  const REFUSED: readonly (readonly [string, () => Promise<Identity | undefined>, readonly string[], RegExp])[] = [
    ["no certificate", async () => undefined, [], /PEER_DID_NOT_RETURN_A_CERTIFICATE/],
    ["a certificate that it signed itself", () => selfSigned(dir, "self"), [], /self signed certificate/],
    ["a certificate that has expired", () => ca.issue("expired", { days: -1 }), [], /certificate has expired/],
    ["a certificate of another CA", () => foreign.issue("stranger"), [], /unable to verify the first certificate/],
    ["a right certificate by TLS 1.2", async () => client, ["-tls1_2"], /UNSUPPORTED_PROTOCOL/],
  ];
  for (const [name, identify, options, reason] of REFUSED)
    testWith(able, `refuses a client with ${name}, says why in the log, and serves the next`, async () => {
      await using rig = await start({ files: credentialFiles(server, ca) });
      const identity = await identify();
      const asked = { port: rig.port, ca, options, ...(identity && { identity }) };
      expect((await askOverTls(asked)).answer).toBe("");
      await waitUntil("line of the log", () => log().some((line) => /127\.0\.0\.1 was refused: /.test(line)));
      expect(log().at(-1)).toMatch(reason);
      expect((await askOverTls({ port: rig.port, ca, identity: client })).answer).toMatch(READY);
      expect(rig.front.counters.answers.get(200)).toBe(1);
    });

  testWith(able, "answers nobody who speaks HTTP without TLS", async () => {
    await using rig = await start({ files: credentialFiles(server) });
    using plain = await rig.connect();
    plain.send(request("/-/ready"));
    expect(await plain.ends()).not.toContain("HTTP");
    expect(rig.front.counters.answers.size).toBe(0);
  });

  testWith(able, "asks nobody for a certificate when it has no CA for clients", async () => {
    await using rig = await start({ files: credentialFiles(server) });
    expect((await askOverTls({ port: rig.port, ca })).answer).toMatch(READY);
  });

  testWith(able, "sends the certificates between its own and the CA", async () => {
    const between = await ca.issueAuthority("between");
    const leaf = await between.issue("leaf");
    const chain = dir.file("chain.crt");
    await Bun.write(
      chain,
      (await Bun.file(leaf.certificate).text()) + (await Bun.file(between.identity.certificate).text()),
    );
    await using rig = await start({ files: credentialFiles({ ...leaf, certificate: chain }) });
    expect((await askOverTls({ port: rig.port, ca })).answer).toMatch(READY);
  });

  testWith(able, "has each connection prove itself anew: there is no session to resume", async () => {
    await using rig = await start({ files: credentialFiles(server, ca) });
    const { words } = await askOverTls({ port: rig.port, ca, identity: client });
    expect(words).not.toContain("TLS session ticket:");
  });

  testWith(able, "bounds connections that never begin their handshake, and ends them in time", async () => {
    await using rig = await start({
      files: credentialFiles(server, ca),
      limits: { mostConnections: 4, requestMs: 1000 },
    });
    const idle = await Promise.all(Array.from({ length: 12 }, () => rig.connect()));
    await waitUntil("8 closed", () => idle.filter(({ isClosed }) => isClosed).length === 8);
    expect((await askOverTls({ port: rig.port, ca, identity: client })).answer).toMatch(READY);
    await rig.clock.run(1000);
    await Promise.all(idle.map((one) => one.ends()));
    await waitUntil("no connection", () => rig.front.connections.size === 0);
    expect(rig.front.connections.counters).toMatchObject({ evicted: 9, slowRequests: 3 });
  });

  /** A server whose files the test can change, and a connection to it that stays. */
  async function startRenewable(): Promise<
    { rig: HttpRig; put: (identity: Identity) => void; ask: () => Promise<string> } & AsyncDisposable
  > {
    const used = { certificate: dir.file("used.crt"), key: dir.file("used.key") };
    const put = (identity: Identity): void => {
      copyFileSync(identity.certificate, used.certificate);
      copyFileSync(identity.key, used.key);
    };
    put(server);
    const rig = await start({ files: credentialFiles(used) });
    const socket = await connectTls(rig.port);
    let received = "";
    socket.on("data", (bytes) => (received += String(bytes)));
    const ask = async (): Promise<string> => {
      received = "";
      socket.write(request("/-/ready"));
      await waitUntil("answer on the old connection", () => READY.test(received), { seen: () => received });
      return subjectOf(rig.port);
    };
    const end = (): Promise<void> => {
      socket.destroy();
      return rig[Symbol.asyncDispose]();
    };
    return { rig, put, ask, [Symbol.asyncDispose]: end };
  }

  testWith(able, "reload() shows new connections the new certificate, and lets the old ones go on", async () => {
    await using renewable = await startRenewable();
    expect(await renewable.ask()).toBe("server");
    renewable.put(await ca.issue("renewed", { days: 20 }));
    expect(await renewable.ask()).toBe("server");
    await renewable.rig.server.reload();
    expect(await renewable.ask()).toBe("renewed");
    const { failure, certificateExpiresWallMs } = renewable.rig.server.facts;
    expect(failure).toBe("");
    expect(Math.abs(certificateExpiresWallMs! - Date.now() - 20 * DAY_MS)).toBeLessThan(DAY_MS);
  });

  testWith(
    able,
    "reload() keeps the old certificate when the new one is wrong, says so loudly, and tries again",
    async () => {
      await using renewable = await startRenewable();
      const { rig } = renewable;
      renewable.put({ certificate: server.certificate, key: client.key });
      await rig.server.reload();
      const reason = `${dir.file("used.key")}: is not the key of ${dir.file("used.crt")}`;
      expect(rig.server.facts).toMatchObject({ listening: [`127.0.0.1:${rig.port}`], failure: reason });
      expect(log().at(-1)).toBe(`ERROR :- http: "${reason}"; "the old certificate stays in use"`);
      expect(await renewable.ask()).toBe("server");
      renewable.put(await ca.issue("repaired"));
      await rig.clock.run(1000);
      expect(rig.server.facts.failure).toBe("");
      expect(await renewable.ask()).toBe("repaired");
    },
  );

  testWith(able, "reload() takes another CA for clients, and those of the old one are out", async () => {
    const trusted = dir.file("trusted.crt");
    copyFileSync(ca.identity.certificate, trusted);
    await using rig = await start({ files: { ...credentialFiles(server), clientCa: trusted } });
    expect((await askOverTls({ port: rig.port, ca, identity: client })).answer).toMatch(READY);
    copyFileSync(foreign.identity.certificate, trusted);
    await rig.server.reload();
    expect((await askOverTls({ port: rig.port, ca, identity: client })).answer).toBe("");
    const stranger = await foreign.issue("welcome");
    expect((await askOverTls({ port: rig.port, ca, identity: stranger })).answer).toMatch(READY);
  });

  testWith(able, "says when its certificate has expired in use", async () => {
    await using rig = await start({ files: credentialFiles(server) });
    expect(rig.server.facts.failure).toBe("");
    rig.clock.setWall(Date.now() + 11 * DAY_MS);
    expect(rig.server.facts.failure).toBe(`${server.certificate}: has expired`);
  });

  testWith(
    able,
    "does not listen without TLS when the certificate is missing, says why, and begins when it comes",
    async () => {
      const late = { certificate: dir.file("late.crt"), key: dir.file("late.key") };
      await using rig = await start({ files: credentialFiles(late) });
      expect(rig.server.facts).toMatchObject({ listening: [], failure: `${late.certificate}: does not exist` });
      expect(log()).toEqual([
        `ERROR :- http: "${late.certificate}: does not exist"; "there is no HTTP server until it can"`,
      ]);
      copyFileSync(server.certificate, late.certificate);
      copyFileSync(server.key, late.key);
      await rig.clock.run(1000);
      expect(rig.server.facts.failure).toBe("");
      expect((await askOverTls({ port: rig.port, ca })).answer).toMatch(READY);
    },
  );
});

async function connectTls(port: number): Promise<TLSSocket> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
  await within("handshake", new Promise((resolve) => socket.once("secureConnect", () => resolve(undefined))), 5);
  return socket;
}

/** Whose certificate a new connection is shown. */
async function subjectOf(port: number): Promise<string> {
  const socket = await connectTls(port);
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return String(CN);
}
