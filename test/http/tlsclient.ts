import { spawnChild } from "../support/child.ts";
import { within } from "../support/deadline.ts";
import type { Authority, Identity } from "./authority.ts";
import { request } from "./rig.ts";

/** What a client says in a handshake. */
export interface HandshakeOptions {
  readonly port: number;
  /** Whom it believes. */
  readonly ca: Authority;
  readonly identity?: Identity;
  /** More options of openssl s_client(1). */
  readonly options?: readonly string[];
}

/** What a client heard. */
export interface Heard {
  /** The answer to GET /-/ready; "" for none. */
  readonly answer: string;
  /** What openssl tells of the handshake. */
  readonly words: string;
}

/** Asks for /-/ready with OpenSSL, which is not what the server's TLS is made of. */
export async function askOverTls({ port, ca, identity, options = [] }: HandshakeOptions): Promise<Heard> {
  const trust = ["-CAfile", ca.identity.certificate, "-verify_return_error"];
  const own = identity ? ["-cert", identity.certificate, "-key", identity.key] : [];
  const where = ["-connect", `127.0.0.1:${port}`, "-servername", "localhost"];
  const child = spawnChild(["openssl", "s_client", ...where, "-ign_eof", ...trust, ...own, ...options], {
    stdin: "pipe",
  });
  const input = child.stdin!;
  // A handshake that fails ends it before it has read anything.
  void Promise.resolve(input.write(request("/-/ready", "Connection: close\r\n"))).catch(() => {});
  const all = Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  try {
    const [stdout, stderr] = await within("end of the handshake", all, 10);
    return { answer: /HTTP\/1\.1 [^]*$/.exec(stdout)?.[0] ?? "", words: stdout + stderr };
  } finally {
    child.kill("SIGKILL");
  }
}
