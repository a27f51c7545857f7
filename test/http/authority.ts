import { join } from "node:path";

import type { CredentialFiles } from "../../src/http/credentials.ts";
import { runChild } from "../support/child.ts";
import type { TempDir } from "../support/tempdir.ts";

/** A certificate and its key, in files. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

/** What is special about a certificate. */
export interface IssueOptions {
  /** From now on; below 0 it has expired. Default 10. */
  readonly days?: number;
  /** A CA itself. */
  readonly isCa?: boolean;
}

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** A CA that issues certificates, made with openssl. */
export class Authority {
  readonly #dir: TempDir;

  private constructor(
    dir: TempDir,
    readonly identity: Identity,
  ) {
    this.#dir = dir;
  }

  /** Makes one; its name is that of its files. */
  static async open(dir: TempDir, name: string): Promise<Authority> {
    return new Authority(dir, await selfSigned(dir, name));
  }

  /** Issues a certificate for servers on this machine and for clients. */
  async issue(name: string, { days = 10, isCa = false }: IssueOptions = {}): Promise<Identity> {
    const made = filesOf(this.#dir, name);
    const [asked, extensions] = [this.#dir.file(`${name}.csr`), this.#dir.file(`${name}.ext`)];
    const uses = "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n";
    await Bun.write(extensions, isCa ? "basicConstraints=critical,CA:TRUE\n" : uses);
    await openssl("req", ...KEY, "-keyout", made.key, "-out", asked, "-subj", `/CN=${name}`);
    const { certificate, key } = this.identity;
    const by = ["-CA", certificate, "-CAkey", key, "-CAcreateserial", "-extfile", extensions, "-days", String(days)];
    await openssl("x509", "-req", "-in", asked, "-out", made.certificate, ...by);
    return made;
  }

  /** A CA whose certificate this one issued. */
  async issueAuthority(name: string): Promise<Authority> {
    return new Authority(this.#dir, await this.issue(name, { isCa: true }));
  }
}

/** A certificate that nobody else has signed. */
export async function selfSigned(dir: TempDir, name: string): Promise<Identity> {
  const made = filesOf(dir, name);
  const files = ["-keyout", made.key, "-out", made.certificate];
  await openssl("req", "-x509", ...KEY, ...files, "-days", "10", "-subj", `/CN=${name}`);
  return made;
}

/** The files that a server is given. */
export function credentialFiles({ certificate, key }: Identity, clientCa?: Authority): CredentialFiles {
  return { certificate, key, clientCa: clientCa?.identity.certificate ?? "" };
}

/** Runs openssl; its stdout. */
export function openssl(...args: readonly string[]): Promise<string> {
  return runChild(["openssl", ...args]);
}

function filesOf(dir: TempDir, name: string): Identity {
  return { certificate: join(dir.path, `${name}.crt`), key: join(dir.path, `${name}.key`) };
}
