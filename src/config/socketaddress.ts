import { isIP } from "node:net";

/** Where a server listens on TCP. */
export interface SocketAddress {
  /** An IPv4 or IPv6 address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** Whether only this machine can reach it. */
  readonly isLoopback: boolean;
}

/** Reads `127.0.0.1:9101` or `[::1]:9101`; undefined for anything else, names too: what a name means can change. */
export function parseSocketAddress(text: string): SocketAddress | undefined {
  const [, v6, v4, digits] = /^(?:\[([\da-fA-F:.]+)\]|([\d.]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = v6 ?? v4;
  if (host === undefined || isIP(host) !== (v6 === undefined ? 4 : 6)) return undefined;
  const port = Number(digits);
  return port >= 1 && port <= 65_535 ? { host, port, isLoopback: isLoopback(host) } : undefined;
}

/** The address as it is written in a URL: `[::1]:9101`. */
export function formatSocketAddress({ host, port }: Pick<SocketAddress, "host" | "port">): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Whether an IP address is one of this machine alone: 127.0.0.0/8 or ::1, however it is written. */
export function isLoopback(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith("127.");
  const canonical = new URL(`http://[${host}]`).hostname;
  return canonical === "[::1]" || canonical.startsWith("[::ffff:7f");
}
