import type { SocketAddress } from "../config/socketaddress.ts";

const MEANINGS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there",
  EADDRNOTAVAIL: "this machine has no such address",
  EAFNOSUPPORT: "this machine has no IPv6",
  EACCES: "permission denied",
  ENAMETOOLONG: "the path is too long for a socket",
  EINVAL: "the path is too long for a socket",
};

/** Why something cannot be listened on, in words. */
export function describeListenError(error: unknown): string {
  const { code, message } = error as Error & { code?: string };
  return MEANINGS[code ?? ""] ?? message;
}

/** Whether ::1 is missing because the machine has no IPv6: nobody there would use it. */
export function isIpv6Missing({ host, isLoopback }: SocketAddress, error: unknown): boolean {
  const { code } = error as { code?: string };
  return isLoopback && host.includes(":") && (code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT");
}
