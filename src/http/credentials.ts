import { constants, createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext, type TlsOptions } from "node:tls";

import { readBounded } from "../util/boundedfile.ts";

/** The files that a server proves with who it is, and asks with who its clients are. */
export interface CredentialFiles {
  readonly certificate: string;
  readonly key: string;
  /** "" when clients need no certificate. */
  readonly clientCa: string;
}

/** What the files hold, checked. */
export interface Credentials {
  readonly tls: TlsOptions;
  /** The subject of the certificate. */
  readonly subject: string;
  /** When the certificate expires, in milliseconds since 1970. */
  readonly expiresWallMs: number;
}

/** Why files cannot be used; the message names the file. */
export class CredentialError extends Error {
  override readonly name = "CredentialError";
}

const MOST_BYTES = 2 ** 20;
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Reads and checks the files: TLS 1.3 only, and each connection proves itself anew. Throws CredentialError. */
export function readCredentials(files: CredentialFiles, nowWallMs: number): Credentials {
  const cert = readFile(files.certificate);
  const key = readFile(files.key);
  const ca = files.clientCa === "" ? undefined : readFile(files.clientCa);
  const own = checkValid(readCertificates(cert, files.certificate)[0]!, files.certificate, nowWallMs);
  checkKey(own, key, files);
  if (ca !== undefined) checkAuthorities(readCertificates(ca, files.clientCa), files.clientCa, nowWallMs);
  const clients = ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true };
  const tls: TlsOptions = {
    cert,
    key,
    ...clients,
    minVersion: "TLSv1.3",
    ALPNProtocols: ["http/1.1"],
    // With a ticket a client would get in for days after its certificate has expired.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
  attempt(files.certificate, () => createSecureContext(tls));
  return { tls, subject: own.subject.replaceAll("\n", ", "), expiresWallMs: Date.parse(own.validTo) };
}

function readFile(path: string): string {
  const bytes = attempt(path, () => readBounded(path, MOST_BYTES));
  if (typeof bytes === "string") throw new CredentialError(`${path}: ${bytes}`);
  return Buffer.from(bytes).toString("latin1"); // PEM is ASCII
}

/** All certificates of a file, at least one. */
function readCertificates(text: string, path: string): X509Certificate[] {
  const blocks = text.match(PEM);
  if (!blocks) throw new CredentialError(`${path}: holds no certificate in PEM`);
  return attempt(path, () => blocks.map((block) => new X509Certificate(block)));
}

function checkKey(certificate: X509Certificate, key: string, files: CredentialFiles): void {
  const isRight = attempt(files.key, () => certificate.checkPrivateKey(createPrivateKey(key)));
  if (!isRight) throw new CredentialError(`${files.key}: is not the key of ${files.certificate}`);
}

function checkValid(certificate: X509Certificate, path: string, nowWallMs: number): X509Certificate {
  const { validFrom, validTo } = certificate;
  if (nowWallMs < Date.parse(validFrom)) throw new CredentialError(`${path}: is not valid before ${validFrom}`);
  if (nowWallMs > Date.parse(validTo)) throw new CredentialError(`${path}: expired on ${validTo}`);
  return certificate;
}

/** One CA that still counts is enough: its successor may be there already, and its predecessor still. */
function checkAuthorities(authorities: readonly X509Certificate[], path: string, nowWallMs: number): void {
  const errors = authorities.map((authority) => {
    try {
      checkValid(authority, path, nowWallMs);
      return undefined;
    } catch (error) {
      return error;
    }
  });
  if (!errors.includes(undefined)) throw errors[0];
}

function attempt<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    throw new CredentialError(`${path}: ${describe(code ?? "", message)}`, { cause: error });
  }
}

function describe(code: string, message: string): string {
  if (code === "ENOENT") return "does not exist";
  if (code === "EACCES" || code === "EPERM") return "may not be read";
  if (code === "ERR_MISSING_PASSPHRASE") return "is encrypted, which it must not be";
  if (code.endsWith("NO_START_LINE")) return "holds nothing of its kind in PEM";
  return message.replace(/^error:[\da-f]+:/i, "");
}
