import { errnoName } from "../../ffi/errno.ts";

/** Why bytes from the kernel were not understood; each is counted apart. */
export type DecodeReason = "header" | "length" | "attribute" | "name";

/** Bytes that are no valid netlink message; skipped and counted at one place, never a crash. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";

  constructor(
    readonly reason: DecodeReason,
    message: string,
  ) {
    super(message);
  }
}

/** A request that the kernel refused (NLMSG_ERROR) or did not answer as it should. */
export class NetlinkError extends Error {
  override readonly name = "NetlinkError";
  /** The symbol of the error number, or what happened instead. */
  readonly code: string;

  constructor(
    readonly request: string,
    code: string | number,
  ) {
    const symbol = typeof code === "number" ? errnoName(code) : code;
    super(`${request}: ${symbol}`);
    this.code = symbol;
  }
}
